// The icons: each a line drawn in a square of 16, so that none has to be fetched.

import { drawing, setAttribute } from "./render.js";

/** The paths, by name. */
const PATHS = {
  available: "m3.5 8.5 3 3 6-7",
  held: "M4.5 2.5h7M4.5 13.5h7M5.5 2.5v2L8 8l2.5-3.5v-2M5.5 13.5v-2L8 8l2.5 3.5v2",
  line: "M2.25 5.5a1.75 1.75 0 1 0 3.5 0a1.75 1.75 0 1 0 -3.5 0M9 5a2 2 0 1 0 4 0a2 2 0 1 0 -4 0M1.5 12.5c0-2 1-3.5 2.5-3.5s2 .7 2.4 1.5M7 13c0-2.5 1.5-4 4-4s4 1.5 4 4",
  booked: "M2 4.5h12v2a1.5 1.5 0 0 0 0 3v2H2v-2a1.5 1.5 0 0 0 0-3zM9.5 4.5v7",
  "sold-out": "M2.5 8a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0 -11 0M4.5 8h7",
  scheduled: "M2.5 8a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0 -11 0M8 5v3l2 1.5",
  paused: "M5.5 4v8M10.5 4v8",
  closed: "M3.5 7h9v6h-9zM5.5 7V5a2.5 2.5 0 0 1 5 0v2",
  cancelled: "m4.5 4.5 7 7m0-7-7 7",
  draft: "m3 13 .7-3L10.5 3.2l2.3 2.3L6 12.3zM9 4.7 11.3 7",
  notice: "M8 2.5 14 13H2zM8 6.5V9m0 2v.2",
  information: "M2.5 8a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0 -11 0M8 7.5V11M8 5v.2",
  bell: "M4 11V7a4 4 0 0 1 8 0v4l1 1.5H3zM6.8 14h2.4",
  search: "M3 7a4 4 0 1 0 8 0a4 4 0 1 0 -8 0M10 10l3.5 3.5",
  "more-time": "M2.5 8a5 5 0 1 0 10 0a5 5 0 1 0 -10 0M7.5 5.2V8l1.8 1.2M13 2v4M11 4h4",
  plus: "M8 3.5v9M3.5 8h9",
  download: "M8 2.5v7m-3-3 3 3 3-3M3 12.5h10",
  place: "M8 14s4.5-4 4.5-7.5a4.5 4.5 0 0 0-9 0C3.5 10 8 14 8 14zM6.5 6.5a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0 -3 0",
  user: "M5.5 5.5a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0 -5 0M3 13.5c0-2.8 2-4.5 5-4.5s5 1.7 5 4.5",
};

/** @typedef {keyof typeof PATHS} IconName */

/**
 * The icon of this name. It decorates: the text beside it says the same.
 * @param {IconName} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  return drawing("svg", { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true" }, drawing("path", { d: PATHS[name] }));
}

/**
 * Another icon in the same place.
 * @param {SVGSVGElement} shown
 * @param {IconName} name
 */
export function setIcon(shown, name) {
  setAttribute(/** @type {Element} */ (shown.firstElementChild), "d", PATHS[name]);
}
