// What screen readers are told of changes that nobody asked for.

import { element } from "./render.js";

/** Two regions in turn: the same words twice are heard twice. @type {HTMLElement[]} */
const regions = [];
let turn = 0;
/** What was said since the script began its work. Said one after the other, each would take the words from the one before. @type {string[]} */
let pending = [];

/**
 * Says it after what is being read.
 * @param {string} text
 */
export function announce(text) {
  if (pending.length === 0) queueMicrotask(say);
  pending.push(text);
}

function say() {
  if (regions.length === 0) {
    regions.push(...[0, 1].map(() => element("div", { class: "unseen", "aria-live": "polite", "aria-atomic": "true" })));
    document.body.append(...regions);
  }
  regions[turn].textContent = "";
  turn = 1 - turn;
  regions[turn].textContent = pending.join(" ");
  pending = [];
}
