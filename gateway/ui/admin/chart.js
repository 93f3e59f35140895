// A chart of lines over time. Each line has a colour, a dash and a mark of its own, and all figures are in a table besides.

import { drawing, element, keepList, onceAFrame, setAttribute, setText } from "../render.js";
import { number } from "../words.js";

/** @typedef {{at: string} & Record<string, any>} Sample */
/** @typedef {{key: string, label: string, dash: string, mark: string}} Line */

/** The marks are paths around 0, 0. @type {Line[]} */
const LINES = [
  { key: "booked", label: "Booked", dash: "", mark: "M-4-4h8v8h-8z" },
  { key: "held", label: "Held", dash: "8 4", mark: "M0-5.5 5 4h-10z" },
  { key: "available", label: "Available", dash: "2 4", mark: "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z" },
  { key: "waiting", label: "In line", dash: "10 3 2 3", mark: "M0-5.5 5.5 0 0 5.5-5.5 0z" },
];
const WINDOW_MS = 900_000;
const HEIGHT = 260;
const MARGIN = { top: 12, right: 16, bottom: 28, left: 52 };
/** The table has a row for each minute. */
const ROW_MS = 60_000;

const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });

/** The chart, with its legend and its table. */
export class Chart {
  constructor() {
    this.samples = /** @type {Sample[]} */ ([]);
    this.endMs = 0;
    this.picture = element("div", { class: "chart-picture" });
    /** The lines that are left out, so that the others have the height for themselves. @type {Set<string>} */
    this.left = new Set();
    this.figures = LINES.map(() => element("span", { class: "figure" }, "–"));
    this.rows = element("tbody");
    this.table = element("details", { class: "chart-table" }, element("summary", {}, "The figures as a table"),
      element("div", { class: "table-frame" }, element("table", { class: "table" },
        element("caption", { class: "unseen" }, "Tickets and lines of all events, minute by minute, newest first"),
        element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "Time"),
          ...LINES.map(({ label }) => element("th", { scope: "col", class: "number" }, label)))), this.rows)));
    this.node = element("figure", { class: "chart" },
      element("ul", { class: "legend" }, ...LINES.map((line, index) => this.legend(line, this.figures[index]))), this.picture, this.table);
    const draw = onceAFrame(() => this.draw());
    new ResizeObserver(draw).observe(this.picture);
  }

  /**
   * @param {Sample[]} samples oldest first
   * @param {string} serverTime where the chart ends
   */
  set(samples, serverTime) {
    this.samples = samples;
    this.endMs = Date.parse(serverTime);
    const newest = samples.at(-1);
    LINES.forEach(({ key }, index) => setText(this.figures[index], newest ? number(newest[key]) : "–"));
    this.fillTable();
    this.draw();
  }

  draw() {
    const width = this.picture.clientWidth;
    if (width === 0 || this.endMs === 0) return;
    const lines = LINES.filter(({ key }) => !this.left.has(key));
    const most = niceMost(Math.max(1, ...this.samples.flatMap((sample) => lines.map(({ key }) => sample[key]))));
    const x = (/** @type {number} */ atMs) =>
      MARGIN.left + (1 - (this.endMs - atMs) / WINDOW_MS) * (width - MARGIN.left - MARGIN.right);
    const y = (/** @type {number} */ value) => HEIGHT - MARGIN.bottom - (value / most) * (HEIGHT - MARGIN.top - MARGIN.bottom);
    const picture = drawing("svg", { width, height: HEIGHT, role: "img", "aria-label": this.inWords() },
      ...this.levels(most, width, y), ...this.times(width, x), ...lines.flatMap((line) => this.line(line, x, y)));
    this.picture.replaceChildren(picture);
  }

  /**
   * @param {number} most
   * @param {number} width
   * @param {(value: number) => number} y
   */
  levels(most, width, y) {
    const steps = [0, most / 4, most / 2, (most * 3) / 4, most].filter(Number.isInteger);
    return steps.flatMap((value) => [
      drawing("line", { class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: y(value), y2: y(value) }),
      drawing("text", { x: MARGIN.left - 8, y: y(value) + 4, "text-anchor": "end" }, short.format(value)),
    ]);
  }

  /**
   * @param {number} width
   * @param {(atMs: number) => number} x
   */
  times(width, x) {
    const stepMs = width < 480 ? 300_000 : 180_000;
    const nodes = [];
    for (let atMs = Math.ceil((this.endMs - WINDOW_MS) / stepMs) * stepMs; atMs <= this.endMs; atMs += stepMs) {
      const isNearEnd = x(atMs) > width - MARGIN.right - 12;
      nodes.push(
        drawing("line", { class: "grid", x1: x(atMs), x2: x(atMs), y1: HEIGHT - MARGIN.bottom, y2: HEIGHT - MARGIN.bottom + 5 }),
        drawing("text", { x: x(atMs), y: HEIGHT - 8, "text-anchor": isNearEnd ? "end" : "middle" }, time.format(atMs)));
    }
    return nodes;
  }

  /**
   * @param {Line} line
   * @param {(atMs: number) => number} x
   * @param {(value: number) => number} y
   */
  line({ key, dash, mark }, x, y) {
    const points = this.samples.map((sample) => ({ x: x(Date.parse(sample.at)), y: y(sample[key]) })).filter((point) => point.x >= MARGIN.left);
    const last = points.at(-1);
    if (!last) return [];
    const path = points.map((point, index) => `${index === 0 ? "M" : "L"}${point.x.toFixed(1)} ${point.y.toFixed(1)}`).join("");
    return [
      drawing("path", { class: `line-${key}`, d: path, "stroke-dasharray": dash || null }),
      drawing("path", { class: `mark-${key}`, d: mark, transform: `translate(${last.x.toFixed(1)} ${last.y.toFixed(1)})` }),
    ];
  }

  /**
   * A line's name, look and newest figure. Pressed once more, the line is left out.
   * @param {Line} line
   * @param {HTMLElement} figure
   */
  legend({ key, label, dash, mark }, figure) {
    const sample = drawing("svg", { class: "sample", width: 36, height: 14, "aria-hidden": "true" },
      drawing("path", { class: `line-${key}`, d: "M2 7H34", "stroke-dasharray": dash || null }),
      drawing("path", { class: `mark-${key}`, d: mark, transform: "translate(18 7)" }));
    const toggle = () => {
      if (!this.left.delete(key)) this.left.add(key);
      setAttribute(button, "aria-pressed", String(!this.left.has(key)));
      this.draw();
    };
    const button = element("button", { type: "button", class: "legend-line", "aria-pressed": "true", title: "Show or leave out", on: { click: toggle } }, sample, element("span", {}, label), " ", figure);
    return element("li", {}, button);
  }

  inWords() {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    if (!first || !last) return "Chart of the last 15 minutes: no figures yet";
    const moves = LINES.map(({ key, label }) => `${label.toLowerCase()} from ${number(first[key])} to ${number(last[key])}`);
    return `Chart of the last 15 minutes: ${moves.join(", ")}`;
  }

  fillTable() {
    /** @type {Map<number, Sample>} */
    const byMinute = new Map();
    for (const sample of this.samples) byMinute.set(Math.floor(Date.parse(sample.at) / ROW_MS), sample);
    const make = () => {
      const cells = ["time", ...LINES].map((_, index) => element(index === 0 ? "th" : "td", index === 0 ? { scope: "row" } : { class: "number" }));
      return { node: element("tr", {}, ...cells), cells };
    };
    keepList(this.rows, [...byMinute.values()].reverse(), (sample) => String(Math.floor(Date.parse(sample.at) / ROW_MS)), make, ({ cells }, sample) => {
      setText(cells[0], time.format(new Date(sample.at)));
      LINES.forEach(({ key }, index) => setText(cells[index + 1], number(sample[key])));
    });
  }
}

/**
 * The end of the axis: 1, 2 or 4 times a power of ten, so that quarters of it are whole where it matters.
 * @param {number} most
 */
export function niceMost(most) {
  const power = 10 ** Math.floor(Math.log10(most));
  return Math.max(4, power * (/** @type {number} */ ([1, 2, 4, 8, 10].find((step) => step * power >= most))));
}
