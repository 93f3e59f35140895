// Tables whose rows stay while their figures change: with a sorting, and boxes to choose several.

import { element, keepList, setAttribute, setShown, setText } from "../render.js";

/**
 * @template Row
 * @typedef {object} Column
 * @property {string} label
 * @property {(row: Row) => string} text
 * @property {(row: Row) => string | number} [sortBy] without it, the column cannot be sorted by
 * @property {boolean} [isNumber]
 * @property {boolean} [isTime] which stands in one line
 * @property {boolean} [isLive] whether time alone changes it
 */

/**
 * @template Row
 * @typedef {object} RowAction
 * @property {string} label
 * @property {(row: Row) => boolean} isPossible
 * @property {(rows: Row[]) => void} run
 */

/** @template Row */
export class Table {
  /**
   * @param {object} wish
   * @param {string} wish.caption
   * @param {Column<Row>[]} wish.columns the first one names the row
   * @param {(row: Row) => string} wish.keyOf
   * @param {RowAction<Row>[]} wish.actions
   * @param {(row: Row) => string} wish.nameOf for buttons and boxes
   */
  constructor({ caption, columns, keyOf, actions, nameOf }) {
    this.columns = columns;
    this.keyOf = keyOf;
    this.actions = actions;
    this.nameOf = nameOf;
    this.rows = /** @type {Row[]} */ ([]);
    this.chosen = /** @type {Set<string>} */ (new Set());
    this.sorting = { index: -1, isDown: false };
    this.heads = columns.map((column, index) => this.head(column, index));
    this.all = element("input", { type: "checkbox", class: "check", "aria-label": "Choose all that are shown", on: { change: () => this.chooseAll() } });
    this.body = element("tbody");
    const ends = actions.length === 0 ? [null, null] : [element("th", { scope: "col", class: "choice" }, element("label", { class: "target" }, this.all)), element("th", { scope: "col" }, element("span", { class: "unseen" }, "Actions"))];
    this.node = element("div", { class: "table-frame", tabindex: "0", role: "region", "aria-label": caption },
      element("table", { class: "table stacking" }, element("thead", {}, element("tr", {}, ends[0], ...this.heads, ends[1])), this.body));
    this.views = /** @type {RowView<Row>[]} */ ([]);
    /** @type {() => void} */
    this.onChoice = () => {};
  }

  /** @param {Row[]} rows */
  set(rows) {
    this.rows = rows;
    const keys = new Set(rows.map(this.keyOf));
    for (const key of this.chosen) if (!keys.has(key)) this.chosen.delete(key);
    this.draw();
  }

  /** The rows that are chosen and have something that can be done with them. */
  choice() {
    return this.rows.filter((row) => this.chosen.has(this.keyOf(row)));
  }

  unchoose() {
    this.chosen.clear();
    this.draw();
  }

  /** Writes what time alone has changed. */
  tick() {
    for (const view of this.views) view.tick();
  }

  draw() {
    this.views = [];
    keepList(this.body, this.sorted(), this.keyOf, () => new RowView(this), (view, row) => {
      view.set(row);
      this.views.push(view);
    });
    const most = this.rows.filter((row) => this.isChoosable(row)).length;
    this.all.checked = most > 0 && this.chosen.size === most;
    this.all.indeterminate = this.chosen.size > 0 && this.chosen.size < most;
    this.all.disabled = most === 0;
    this.onChoice();
  }

  /** @param {Row} row */
  isChoosable(row) {
    return this.actions.some((action) => action.isPossible(row));
  }

  /**
   * @param {Row} row
   * @param {boolean} isChosen
   */
  choose(row, isChosen) {
    if (isChosen) this.chosen.add(this.keyOf(row));
    else this.chosen.delete(this.keyOf(row));
    this.draw();
  }

  chooseAll() {
    this.chosen.clear();
    if (this.all.checked) this.rows.filter((row) => this.isChoosable(row)).forEach((row) => this.chosen.add(this.keyOf(row)));
    this.draw();
  }

  sorted() {
    const by = this.columns[this.sorting.index]?.sortBy;
    if (!by) return this.rows;
    const sign = this.sorting.isDown ? -1 : 1;
    const compare = (/** @type {Row} */ one, /** @type {Row} */ other) => {
      const [a, b] = [by(one), by(other)];
      return sign * (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
    };
    return [...this.rows].sort(compare);
  }

  /**
   * @param {Column<Row>} column
   * @param {number} index
   */
  head({ label, sortBy, isNumber }, index) {
    const sort = () => {
      this.sorting = { index, isDown: this.sorting.index === index && !this.sorting.isDown };
      this.heads.forEach((head, at) => setAttribute(head, "aria-sort", at !== index ? null : this.sorting.isDown ? "descending" : "ascending"));
      this.draw();
    };
    const content = sortBy ? element("button", { type: "button", class: "sort", on: { click: sort } }, label) : label;
    return element("th", { scope: "col", class: isNumber ? "number" : null }, content);
  }
}

/** @template Row */
class RowView {
  /** @param {Table<Row>} table */
  constructor(table) {
    this.table = table;
    const { columns, actions } = table;
    this.cells = columns.map(({ label, isNumber, isTime }, index) =>
      element(index === 0 ? "th" : "td", { ...(index === 0 && { scope: "row" }), "data-label": label, class: isNumber ? "number" : isTime ? "time" : null }));
    this.box = element("input", { type: "checkbox", class: "check", on: { change: () => this.row !== null && table.choose(this.row, this.box.checked) } });
    this.buttons = actions.map(({ label, run }) =>
      element("button", { type: "button", class: "button small-button", on: { click: () => this.row !== null && run([this.row]) } }, label));
    const ends = actions.length === 0 ? [null, null] : [element("td", { class: "choice" }, element("label", { class: "target" }, this.box)), element("td", { class: "row-actions" }, ...this.buttons)];
    this.node = element("tr", {}, ends[0], ...this.cells, ends[1]);
    /** @type {Row | null} */
    this.row = null;
  }

  /** @param {Row} row */
  set(row) {
    const { table } = this;
    this.row = row;
    table.columns.forEach(({ text }, index) => setText(this.cells[index], text(row)));
    if (table.actions.length === 0) return;
    const name = table.nameOf(row);
    setAttribute(this.box, "aria-label", `Choose ${name}`);
    this.box.checked = table.chosen.has(table.keyOf(row));
    this.box.disabled = !table.isChoosable(row);
    table.actions.forEach(({ label, isPossible }, index) => {
      setAttribute(this.buttons[index], "aria-label", `${label}, ${name}`);
      setShown(this.buttons[index], isPossible(row));
    });
  }

  tick() {
    const { row } = this;
    if (row === null) return;
    this.table.columns.forEach(({ isLive, text }, index) => isLive && setText(this.cells[index], text(row)));
  }
}
