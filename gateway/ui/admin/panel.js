// Panels: a heading, as of when, what is shown, and what can be done.

import { clock } from "../clock.js";
import { icon } from "../icons.js";
import { element, setText } from "../render.js";

const clockTime = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dayAndTime = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
let count = 0;

/** A section with its heading. */
export class Panel {
  /**
   * @param {string} title
   * @param {...(Node | false | null)} tools what stands beside the heading
   */
  constructor(title, ...tools) {
    const id = `panel-${++count}`;
    this.heading = element("h2", { id }, title);
    this.asOf = element("span", { class: "small quiet as-of" });
    this.content = element("div", { class: "stack" });
    this.node = element("section", { class: "glass panel", "aria-labelledby": id },
      element("div", { class: "panel-head" }, element("div", { class: "panel-title" }, this.heading, this.asOf),
        element("div", { class: "row" }, ...tools)), this.content);
  }

  /** @param {string} serverTime as of when it is */
  setTime(serverTime) {
    setText(this.asOf, `as of ${clockTime.format(new Date(serverTime))}`);
  }
}

/** Terms and what they are, of which the values change. */
export class Facts {
  /** @param {string[]} terms */
  constructor(...terms) {
    this.values = terms.map(() => element("dd", {}, "–"));
    this.node = element("dl", { class: "facts" }, ...terms.map((term, index) => element("div", {}, element("dt", {}, term), this.values[index])));
  }

  /** @param {string[]} values */
  set(...values) {
    values.forEach((value, index) => setText(this.values[index], value));
  }
}

/** A figure with its name. */
export class Tile {
  /**
   * @param {string} label
   * @param {Node} [beside]
   */
  constructor(label, beside) {
    this.value = element("p", { class: "value" }, "–");
    this.note = element("p", { class: "small quiet" });
    this.node = element("div", { class: "glass tile" }, element("div", {}, element("p", { class: "label" }, label), this.value, this.note), beside);
  }

  /**
   * @param {string} value
   * @param {string} [note]
   */
  set(value, note = "") {
    setText(this.value, value);
    setText(this.note, note);
  }
}

/**
 * A button that says of what, where it stands many times.
 * @param {string} label
 * @param {() => void} press
 * @param {{kind?: string, of?: string, icon?: import("../icons.js").IconName}} [look]
 */
export function button(label, press, { kind = "", of, icon: name } = {}) {
  const named = of === undefined ? {} : { "aria-label": `${label}, ${of}` };
  return element("button", { type: "button", class: `button ${kind}`, ...named, on: { click: press } }, name && icon(name), label);
}

/**
 * The time of the day, with seconds; of another day, with that instead.
 * @param {string} time RFC 3339
 */
export function exactTime(time) {
  const [then, now] = [new Date(time), new Date(clock.nowMs())];
  return (then.toDateString() === now.toDateString() ? clockTime : dayAndTime).format(then);
}
