// Dialogs in which something is done: what it will do, what it needs, how it went.

import { Refusal, isUnknown, newKey } from "../api.js";
import { element, setAttribute, setText } from "../render.js";
import { count, number } from "../words.js";
import { Field } from "./fields.js";
import { problem } from "./session.js";

/** @typedef {Record<string, string | boolean>} Values */

/**
 * @typedef {object} Act
 * @property {string} title
 * @property {(string | Node)[]} [body] paragraphs, or nodes
 * @property {Field[]} [fields]
 * @property {Node} [more] what stands behind the fields
 * @property {string} label of the button that does it
 * @property {boolean} [isDangerous]
 * @property {boolean} [isWide]
 * @property {(values: Values, key: string, left: AbortSignal) => Promise<void>} run does it, and goes no further once the dialog was left; what it throws is shown, and it can be tried again
 * @property {(error: Refusal) => Node | null} [offer] what is offered besides, when it was refused
 */

let dialogs = 0;

/**
 * Opens the dialog.
 * @param {Act} act
 * @returns {Promise<boolean>} whether it was done
 */
export function act({ title, body = [], fields = [], more, label, isDangerous = false, isWide = false, run, offer }) {
  const id = `act-${++dialogs}`;
  const fault = element("div", { class: "fault", role: "alert" });
  const button = element("button", { class: `button ${isDangerous ? "danger" : "primary"}`, type: "submit" }, label);
  const dismiss = element("button", { class: "button", type: "button", on: { click: () => node.close("") } }, "Back");
  const attempt = { text: "", key: "", isOpen: false };
  const left = new AbortController();
  let working = Promise.resolve();
  let isDone = false;
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    if (button.getAttribute("aria-busy") === "true") return;
    setAttribute(button, "aria-busy", "true");
    fields.forEach((field) => field.setFault(""));
    setText(fault, "");
    const values = Object.fromEntries(fields.map((field) => [field.name, field.value]));
    const text = JSON.stringify([...new FormData(form)].map(String));
    // The same again, of which nobody knows whether it was done, is the same intent.
    if (!attempt.isOpen || attempt.text !== text) Object.assign(attempt, { text, key: newKey() });
    try {
      const running = run(values, attempt.key, left.signal);
      working = running.catch(() => {});
      await running;
      isDone = true;
      node.close();
    } catch (error) {
      attempt.isOpen = isUnknown(error);
      const rest = showFaults(fields, error);
      fault.append(...(rest === "" ? [] : [element("p", {}, rest)]), (error instanceof Refusal && offer?.(error)) || "");
      (fields.find((field) => field.fault.textContent !== "")?.input ?? button).focus();
    }
    setAttribute(button, "aria-busy", null);
  };
  const form = element("form", { class: "stack", on: { submit } },
    ...body.map((part) => (typeof part === "string" ? element("p", {}, part) : part)),
    ...(isWide ? [element("div", { class: "form-grid" }, ...fields.map((field) => field.node))] : fields.map((field) => field.node)),
    more, fault, element("div", { class: "actions" }, dismiss, button));
  const node = element("dialog", { class: `dialog ${isWide ? "wide" : ""}`, "aria-labelledby": id }, element("h2", { id }, title), form);
  return new Promise((resolve) => {
    node.addEventListener("close", async () => {
      left.abort();
      node.remove();
      // What is under way has its effect all the same, and is told.
      await working;
      resolve(isDone);
    });
    document.body.append(node);
    node.showModal();
    (fields[0]?.input ?? dismiss).focus();
  });
}

/**
 * Shows what is wrong at the fields that it is about.
 * @param {Field[]} fields
 * @param {unknown} error
 * @returns {string} what belongs to no field
 */
function showFaults(fields, error) {
  if (!(error instanceof Refusal) || error.code !== "validation_failed") return problem(error);
  const rest = [];
  for (const { field: name, message } of error.members.errors ?? []) {
    const field = fields.find((field) => field.name === name);
    if (field) field.setFault(`It ${readable(message)}.`);
    else rest.push(`${readable(String(name ?? "this")).replaceAll(".", ": ")} ${readable(message)}.`);
  }
  return rest.length === 0 && !fields.some((field) => field.fault.textContent !== "") ? problem(error) : rest.join(" ");
}

/** The API's names of fields as words. @param {string} text */
function readable(text) {
  return text.replaceAll("_", " ");
}

/** A field for the reason that the audit trail keeps. @param {boolean} [isRequired] */
export function reasonField(isRequired = false) {
  const hint = isRequired ? "It goes into the audit trail." : "It goes into the audit trail. You can leave it empty.";
  return new Field({ name: "reason", label: "Reason", hint, isRequired, attributes: { maxlength: 500 } });
}

/**
 * Does the same to several things, one after the other, and tells of each that was refused.
 * @template Item
 * @param {object} wish
 * @param {Item[]} wish.items
 * @param {string} wish.noun of one
 * @param {string} wish.verb as it begins the label: `Release`
 * @param {string} wish.done as in `3 released`
 * @param {(item: Item) => string} wish.nameOf
 * @param {(string | Node)[]} [wish.body]
 * @param {Field[]} wish.fields
 * @param {boolean} [wish.isDangerous]
 * @param {(item: Item, values: Values, key: string) => Promise<unknown>} wish.send
 * @param {(text: string, kind?: string) => void} wish.tell
 * @returns {Promise<boolean>} whether anything was done
 */
export async function actOnAll({ items, noun, verb, done, nameOf, body = [], fields, isDangerous = true, send, tell }) {
  const what = items.length === 1 ? `${noun} ${nameOf(items[0])}` : count(items.length, noun);
  const progress = element("p", { class: "quiet", role: "status" });
  const refused = /** @type {string[]} */ ([]);
  /** What is done already when it is tried again. @type {Set<Item>} */
  const finished = new Set();
  const run = async (/** @type {Values} */ values, /** @type {string} */ key, /** @type {AbortSignal} */ left) => {
    refused.length = 0;
    for (const [index, item] of items.entries()) {
      if (left.aborted) return;
      if (finished.has(item)) continue;
      setText(progress, items.length > 1 ? `${number(index + 1)} of ${number(items.length)} …` : "");
      try {
        await send(item, values, `${key}-${index}`);
        finished.add(item);
      } catch (error) {
        if (items.length === 1 || !(error instanceof Refusal) || [400, 401, 403, 422].includes(error.status) || error.status >= 500) throw error;
        refused.push(`${nameOf(item)}: ${problem(error)}`);
      }
    }
  };
  const isDone = await act({ title: `${verb} ${what}?`, body, fields, more: progress, label: items.length === 1 ? verb : `${verb} ${count(items.length, noun)}`, isDangerous, run });
  if (!isDone && finished.size === 0) return false;
  const rest = refused.length === 0 ? "" : ` ${count(refused.length, "was", "were")} refused: ${refused.slice(0, 5).join(" ")}`;
  tell(`${count(finished.size, noun)} ${done}.${rest}`, refused.length === 0 ? "good" : "wait");
  return true;
}
