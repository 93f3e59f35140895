// Dialogs: questions that wait for an answer. What is behind them is out of reach meanwhile, and gets the focus back.

import { element } from "./render.js";

/**
 * @typedef {object} Action
 * @property {string} label
 * @property {string} [kind] the look of the button: `primary`, `danger`, or nothing
 * @property {boolean} [hasFocus] whether it has the focus at first
 * @property {string} value what the dialog is answered with
 */

let count = 0;

/**
 * Asks, and is answered with the `value` of an action, or with "" when it is dismissed or `signal` closes it.
 * @param {object} question
 * @param {string} question.title
 * @param {(string | Node)[]} question.body paragraphs, or nodes
 * @param {Action[]} question.actions
 * @param {AbortSignal} [question.signal]
 * @returns {Promise<string>}
 */
export function ask({ title, body, actions, signal }) {
  const id = `dialog-${++count}`;
  const button = (/** @type {Action} */ { label, kind, hasFocus, value }) =>
    element("button", { type: "button", class: `button ${kind ?? ""}`, autofocus: hasFocus ?? false, on: { click: () => node.close(value) } }, label);
  const node = element("dialog", { class: "dialog", "aria-labelledby": id, "aria-describedby": `${id}-body` },
    element("h2", { id }, title),
    element("div", { class: "stack", id: `${id}-body` }, ...body.map((part) => (typeof part === "string" ? element("p", {}, part) : part))),
    element("div", { class: "actions" }, ...actions.map(button)));
  return new Promise((resolve) => {
    const close = () => node.close("");
    signal?.addEventListener("abort", close);
    node.addEventListener("close", () => {
      signal?.removeEventListener("abort", close);
      node.remove();
      resolve(node.returnValue);
    });
    document.body.append(node);
    node.showModal();
    if (signal?.aborted) close();
  });
}

/**
 * Asks whether to go on with something that cannot be undone. The focus is on the way back.
 * @param {object} question
 * @param {string} question.title
 * @param {(string | Node)[]} question.body
 * @param {string} question.confirm the label of going on, which names what is done
 * @param {string} [question.cancel]
 * @param {boolean} [question.isDangerous]
 * @returns {Promise<boolean>}
 */
export async function confirm({ title, body, confirm: label, cancel = "Keep it", isDangerous = true }) {
  const actions = [
    { label: cancel, value: "", hasFocus: true },
    { label, value: "yes", kind: isDangerous ? "danger" : "primary" },
  ];
  return (await ask({ title, body, actions })) === "yes";
}
