// What the user should see at once, on top of the page, until they have seen it.

import { icon } from "../icons.js";
import { element } from "../render.js";

/** @typedef {"good" | "bad" | "wait" | "information"} NoticeKind */

/** @type {Record<NoticeKind, import("../icons.js").IconName>} */
const ICONS = { good: "available", bad: "notice", wait: "line", information: "information" };

/** The notices. */
export class Notices {
  constructor() {
    this.node = element("div", { class: "notices stack" });
    /** @type {Map<string, HTMLElement>} */
    this.shown = new Map();
  }

  /**
   * Shows a notice, in place of the one with the same key.
   * @param {string} key
   * @param {NoticeKind} kind
   * @param {(string | Node)[]} content
   * @param {{label: string, run: () => void}} [action]
   */
  show(key, kind, content, action) {
    this.dismiss(key);
    const dismiss = element("button", { type: "button", class: "button plain", "aria-label": "Dismiss this notice", on: { click: () => this.seen(key) } }, "Dismiss");
    const node = element("div", { class: "notice", role: "alert", "data-kind": kind }, icon(ICONS[kind]),
      element("div", { class: "text" }, ...content),
      action && element("button", { type: "button", class: "button primary", on: { click: action.run } }, action.label), dismiss);
    this.shown.set(key, node);
    this.node.prepend(node);
  }

  /** @param {string} key */
  dismiss(key) {
    this.shown.get(key)?.remove();
    this.shown.delete(key);
  }

  /** The user has read it, and goes on with the content. @param {string} key */
  seen(key) {
    this.dismiss(key);
    document.getElementById("main")?.focus({ preventScroll: true });
  }

  clear() {
    for (const key of this.shown.keys()) this.dismiss(key);
  }
}
