// The audit trail: what happened, by whom and why, newest first.

import { element, keepList, setShown } from "../render.js";
import { number } from "../words.js";
import { EventPicker } from "./event_picker.js";
import { Panel, button, exactTime } from "./panel.js";
import { ask, problem } from "./session.js";
import { sentence, who, why } from "./story.js";

const PAGE = 100;
/** How far back of one event's changes is looked at once, in changes of all; farther when little is found. */
const STEP = 1_000;
const STEP_MAX = 200_000;

/** The most that is shown when new changes come in. Whoever is farther behind begins anew. */
const SHOWN_MAX = 2_000;

/**
 * @param {import("./page.js").Context} context
 * @param {string} id of an event; empty for all
 */
export function trailView(context, id) {
  const trail = new Trail(context, id);
  return { title: "Audit trail", node: trail.node, refresh: () => trail.refresh() };
}

class Trail {
  /**
   * @param {import("./page.js").Context} context
   * @param {string} id
   */
  constructor(context, id) {
    this.context = context;
    this.picker = new EventPicker("trail", id, "All events and sessions");
    this.panel = new Panel("Audit trail");
    this.empty = element("p", { class: "empty", hidden: true }, "Nothing has happened yet.");
    this.body = element("tbody");
    const heads = ["No.", "Time", "What", "By", "Why"].map((label) => element("th", { scope: "col" }, label));
    this.table = element("div", { class: "table-frame", tabindex: "0", role: "region", "aria-label": "Audit trail" },
      element("table", { class: "table stacking trail" }, element("thead", {}, element("tr", {}, ...heads)), this.body));
    this.more = button("Load more", () => this.older());
    setShown(this.more, false);
    this.panel.content.append(element("div", { class: "filters" }, this.picker.node), this.table, this.empty, this.more);
    this.node = element("div", { class: "view" }, this.panel.node);
    /** Newest first. @type {any[]} */
    this.changes = [];
    /** All up to here has been looked at. @type {number | null} */
    this.newestSeq = null;
    /** All from here on has been looked at. */
    this.oldestSeq = 0;
  }

  async refresh() {
    await this.picker.ready();
    const { body: overview } = await ask("GET", "/v1/admin/overview");
    const { durable_seq } = overview.journal;
    if (this.newestSeq === null || durable_seq - this.newestSeq > SHOWN_MAX) {
      [this.changes, this.newestSeq, this.oldestSeq] = [[], durable_seq, durable_seq + 1];
      await this.lookBack();
    } else {
      await this.follow(this.newestSeq, durable_seq);
    }
    this.panel.setTime(overview.server_time);
    this.draw();
  }

  /**
   * Adds what is new, and lets go of what is old, which can be loaded again.
   * @param {number} after
   * @param {number} last
   */
  async follow(after, last) {
    const found = await this.between(after, last);
    this.newestSeq = last;
    this.changes = [...found.reverse(), ...this.changes];
    if (found.length === 0 || this.changes.length <= SHOWN_MAX) return;
    this.changes.length = SHOWN_MAX;
    this.oldestSeq = this.changes[SHOWN_MAX - 1].seq;
  }

  async older() {
    this.more.disabled = true;
    try {
      await this.lookBack();
    } catch (error) {
      this.context.tell(problem(error), "bad");
    }
    this.more.disabled = false;
    this.draw();
  }

  /** Adds a page of what was before. Of one event, it may take several steps to find any. */
  async lookBack() {
    let [found, step] = [0, this.picker.id === "" ? PAGE : STEP];
    do {
      const after = Math.max(0, this.oldestSeq - 1 - step);
      const changes = await this.between(after, this.oldestSeq - 1);
      this.changes.push(...changes.reverse());
      found += changes.length;
      this.oldestSeq = after + 1;
      step = Math.min(STEP_MAX, step * 8);
    } while (this.picker.id !== "" && found < PAGE / 2 && this.oldestSeq > 1);
  }

  /**
   * The changes with numbers above `after` and up to `last`, oldest first.
   * @param {number} after
   * @param {number} last
   */
  async between(after, last) {
    const found = [];
    for (let from = after; from < last;) {
      const step = new URLSearchParams({ after: String(from), limit: "200", ...(this.picker.id !== "" && { event: this.picker.id }) });
      const { body } = await ask("GET", `/v1/admin/changes?${step}`);
      found.push(...body.items.filter((/** @type {any} */ { seq }) => seq <= last));
      from = body.next_cursor === null ? last : Number(body.next_cursor);
    }
    return found;
  }

  draw() {
    keepList(this.body, this.changes, ({ seq }) => String(seq), (change) => new Row(change), () => {});
    setShown(this.table, this.changes.length > 0);
    setShown(this.empty, this.changes.length === 0);
    setShown(this.more, this.oldestSeq > 1);
  }
}

/** What has happened stays as it is. */
class Row {
  /** @param {any} change */
  constructor(change) {
    const cell = (/** @type {string} */ label, /** @type {string} */ text, /** @type {string | null} */ name = null) => element("td", { "data-label": label, class: name }, text);
    this.node = element("tr", { class: change.kind === "answer_remembered" ? "bookkeeping" : null }, element("th", { scope: "row", "data-label": "No.", class: "figure" }, number(change.seq)),
      cell("Time", exactTime(change.at), "figure"), cell("What", sentence(change), "what"), cell("By", who(change)), cell("Why", why(change) ?? "–", why(change) === null ? "nothing" : null));
  }
}
