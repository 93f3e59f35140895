// A list of the API as a table: filters, pages by cursor, a choice of several, a file of it all.

import { announce } from "../announce.js";
import { element, setShown, setText } from "../render.js";
import { count, number } from "../words.js";
import { csvOf, download } from "./csv.js";
import { EventPicker } from "./event_picker.js";
import { Panel, button } from "./panel.js";
import { ask, askAll, problem } from "./session.js";
import { Table } from "./table.js";

/** How many rows a page has. */
const PAGE = 200;
/** How long after the last key a filter counts, in milliseconds. */
const TYPING_MS = 400;

/**
 * @typedef {object} ListWish
 * @property {string} tab
 * @property {string} title
 * @property {string} noun of one row
 * @property {boolean} isOfEvent whether it is the list of an event, or of all
 * @property {(event: string) => string} path
 * @property {[string, string][]} [states] that it can be filtered by
 * @property {import("./table.js").Column<any>[]} columns
 * @property {(row: any) => string} keyOf
 * @property {(row: any) => string} nameOf
 * @property {import("./table.js").RowAction<any>[]} actions
 * @property {(list: ListView) => HTMLElement} [tool] something else that can be done
 * @property {string} empty
 */

/** The view. */
export class ListView {
  /**
   * @param {import("./page.js").Context} context
   * @param {string} id of the event
   * @param {ListWish} wish
   */
  constructor(context, id, wish) {
    this.context = context;
    this.wish = wish;
    this.title = wish.title;
    this.picker = wish.isOfEvent ? new EventPicker(wish.tab, id) : null;
    /** @type {any} */
    this.event = null;
    this.pages = 1;
    this.table = new Table({ caption: wish.title, columns: wish.columns, keyOf: wish.keyOf, nameOf: wish.nameOf, actions: context.isOperator ? wish.actions : [] });
    this.table.onChoice = () => this.showChoice();
    this.user = element("input", { class: "field", type: "search", "aria-label": "User", placeholder: "User (the whole name)", autocapitalize: "none", spellcheck: "false", on: { input: () => this.typed() } });
    this.state = element("select", { class: "field", "aria-label": "State", on: { change: () => this.ask() } }, ...(wish.states ?? []).map(([value, label]) => element("option", { value }, label)));
    this.type = element("select", { class: "field", "aria-label": "Ticket type", on: { change: () => this.ask() } }, element("option", { value: "" }, "All ticket types"));
    const save = button("Download CSV", () => this.save(), { icon: "download" });
    this.panel = new Panel(wish.title, context.isOperator && wish.tool !== undefined && wish.tool(this), save);
    this.shown = element("p", { class: "small quiet" });
    /** Whether the user waits for what a filter finds. */
    this.isAsked = false;
    this.empty = element("p", { class: "empty", hidden: true });
    this.more = button("Load more", () => {
      this.pages++;
      this.context.refreshNow();
    });
    setShown(this.more, false);
    this.choiceText = element("p", { class: "figure" });
    this.choiceButtons = wish.actions.map((action) => button("", () => this.actOnChoice(action)));
    this.choice = element("div", { class: "glass choice-bar", hidden: true }, this.choiceText, ...this.choiceButtons, button("Choose none", () => this.table.unchoose(), { kind: "plain" }));
    this.panel.content.append(
      element("div", { class: "filters" }, this.picker?.node, wish.states && this.state, wish.isOfEvent && this.type, this.user),
      this.shown, this.table.node, this.empty, this.more, this.choice);
    this.node = element("div", { class: "view" }, this.panel.node);
  }

  tick() {
    this.table.tick();
  }

  async refresh() {
    const id = this.picker ? await this.picker.ready() : "";
    if (this.picker && id === "") return this.show([], null, "There is no event yet. Create one under Events.");
    if (this.picker) this.learnEvent((await ask("GET", `/v1/admin/events/${id}`)).body);
    const wished = this.path(id);
    let [items, cursor, serverTime] = [/** @type {any[]} */ ([]), /** @type {string | null} */ (null), ""];
    for (let page = 0; page < this.pages && (page === 0 || cursor !== null); page++) {
      const step = new URLSearchParams({ limit: String(PAGE), ...(cursor !== null && { cursor }) });
      const { body } = await ask("GET", `${wished}${wished.includes("?") ? "&" : "?"}${step}`);
      items = items.concat(body.items);
      cursor = body.next_cursor;
    }
    if (wished !== this.path(id)) return;
    serverTime = items[0]?.server_time ?? this.event?.server_time ?? "";
    if (serverTime === "") ({ server_time: serverTime } = (await ask("GET", "/v1/admin/overview")).body);
    this.panel.setTime(serverTime);
    this.show(items, cursor, this.user.value || this.type.value || this.state.selectedIndex > 0 ? `No ${this.wish.noun} fits the filter.` : this.wish.empty);
  }

  /**
   * @param {any[]} items
   * @param {string | null} cursor
   * @param {string} empty
   */
  show(items, cursor, empty) {
    this.table.set(items);
    setShown(this.table.node, items.length > 0);
    setShown(this.empty, items.length === 0 && cursor === null);
    setText(this.empty, empty);
    setShown(this.more, cursor !== null);
    if (this.isAsked) announce(items.length === 0 ? empty : `${count(items.length, this.wish.noun)}${cursor === null ? "" : ", and more"}`);
    this.isAsked = false;
    setText(this.shown, items.length === 0 ? "" : cursor === null ? count(items.length, this.wish.noun) : `The first ${number(items.length)}; there are more`);
  }

  /** @param {any} event */
  learnEvent(event) {
    const isNew = this.event?.id !== event.id;
    this.event = event;
    if (isNew) this.type.replaceChildren(this.type.options[0], ...event.ticket_types.map((/** @type {any} */ { id, name }) => element("option", { value: id }, name)));
    setShown(this.type, event.ticket_types.length > 1);
  }

  /** @param {string} id of the event */
  path(id) {
    const filters = { state: this.state.value, user: this.user.value.trim(), ticket_type: this.type.value };
    const given = Object.entries(filters).filter(([, value]) => value !== "");
    return given.length === 0 ? this.wish.path(id) : `${this.wish.path(id)}?${new URLSearchParams(given)}`;
  }

  typed() {
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.ask(), TYPING_MS);
  }

  /** Asks for another list. */
  ask() {
    this.pages = 1;
    this.isAsked = true;
    this.table.unchoose();
    this.context.refreshNow();
  }

  showChoice() {
    const chosen = this.table.choice();
    setShown(this.choice, chosen.length > 0);
    setText(this.choiceText, `${count(chosen.length, this.wish.noun)} chosen`);
    this.wish.actions.forEach(({ label, isPossible }, index) => {
      const possible = chosen.filter(isPossible).length;
      setShown(this.choiceButtons[index], possible > 0);
      setText(this.choiceButtons[index], `${label} ${count(possible, this.wish.noun)}`);
    });
  }

  /** @param {import("./table.js").RowAction<any>} action */
  actOnChoice(action) {
    action.run(this.table.choice().filter(action.isPossible));
  }

  /** All pages of what is filtered, not only what is shown. */
  async save() {
    try {
      const items = await askAll(this.path(this.picker?.id ?? ""));
      if (items.length === 0) return this.context.tell("There is nothing to download.", "wait");
      const day = (items[0].server_time ?? new Date().toISOString()).slice(0, 10);
      download([this.wish.tab, this.picker?.id, day].filter(Boolean).join("-").concat(".csv"), csvOf(items));
      this.context.tell(`${count(items.length, this.wish.noun)} downloaded.`);
    } catch (error) {
      this.context.tell(problem(error), "bad");
    }
  }

  /** After a change. */
  changed() {
    this.table.unchoose();
    this.context.refreshNow();
  }
}
