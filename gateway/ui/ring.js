// A ring that fills: the share of tickets sold, or of time left.

import { drawing, element, setAttribute, setText } from "./render.js";

/** A ring. Its colour is that of `data-kind`, which the style sheet knows. */
export class Ring {
  /**
   * @param {string} label what it measures
   * @param {string} [className]
   */
  constructor(label, className = "") {
    const circle = (/** @type {string} */ part) => drawing("circle", { class: part, cx: 18, cy: 18, r: 15.5, pathLength: 100 });
    this.arc = circle("arc");
    this.text = element("span", { class: "ring-text", "aria-hidden": "true" });
    this.node = element("div", {
      class: `ring ${className}`, role: "progressbar", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": 100,
    }, drawing("svg", { viewBox: "0 0 36 36", "aria-hidden": "true" }, circle("track"), this.arc), this.text);
  }

  /**
   * @param {number} share 0 to 1
   * @param {string} valueText the same in words
   * @param {string} [text] what stands in the middle
   * @param {string} [kind] the name of a colour
   */
  set(share, valueText, text = "", kind = "") {
    const percent = Math.round(Math.min(1, Math.max(0, share)) * 1_000) / 10;
    setAttribute(this.arc, "stroke-dasharray", `${percent} ${200 - percent}`);
    // A round end would show a dot where there is nothing.
    setAttribute(this.arc, "visibility", percent === 0 ? "hidden" : null);
    setAttribute(this.node, "aria-valuenow", Math.round(percent));
    setAttribute(this.node, "aria-valuetext", valueText);
    setAttribute(this.node, "data-kind", kind || null);
    setText(this.text, text);
  }

  /** @param {string} label what it measures */
  setLabel(label) {
    setAttribute(this.node, "aria-label", label);
  }
}
