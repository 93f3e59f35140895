// A bar of parts: tickets booked, held and available; or a way that is gone.

import { element, setAttribute } from "./render.js";
import { number } from "./words.js";

const PARTS = /** @type {const} */ (["booked", "held", "available"]);

/** The tickets of an event or of a ticket type. */
export class CapacityBar {
  constructor() {
    this.parts = PARTS.map((part) => element("span", { class: part }));
    this.node = element("div", { class: "bar", role: "progressbar", "aria-valuemin": 0 }, ...this.parts);
  }

  /**
   * @param {{booked: number, held: number, available: number, capacity: number}} counters
   * @param {string} name whose tickets they are
   */
  set(counters, name) {
    PARTS.forEach((part, index) => setGrow(this.parts[index], counters[part]));
    const text = PARTS.map((part) => `${number(counters[part])} ${part}`).join(", ");
    setAttribute(this.node, "aria-label", `Tickets of ${name}`);
    setAttribute(this.node, "aria-valuemax", counters.capacity);
    setAttribute(this.node, "aria-valuenow", counters.booked + counters.held);
    setAttribute(this.node, "aria-valuetext", `${text}, of ${number(counters.capacity)}`);
  }
}

/** How much of a way is gone. */
export class ProgressBar {
  /** @param {string} label */
  constructor(label) {
    this.done = element("span", { class: "done" });
    this.rest = element("span", { class: "rest" });
    this.node = element("div", {
      class: "bar progress", role: "progressbar", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": 100,
    }, this.done, this.rest);
  }

  /**
   * @param {number} share 0 to 1
   * @param {string} valueText the same in words
   */
  set(share, valueText) {
    const percent = Math.round(Math.min(1, Math.max(0, share)) * 100);
    setGrow(this.done, percent);
    setGrow(this.rest, 100 - percent);
    setAttribute(this.node, "aria-valuenow", percent);
    setAttribute(this.node, "aria-valuetext", valueText);
  }
}

/** What each part was given last: reading it back from the style would cost more. @type {WeakMap<HTMLElement, number>} */
const grown = new WeakMap();

/**
 * @param {HTMLElement} part
 * @param {number} grow
 */
function setGrow(part, grow) {
  if (grown.get(part) === grow) return;
  grown.set(part, grow);
  part.style.setProperty("flex-grow", String(grow));
}
