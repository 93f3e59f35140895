// All events. Only the cards of events that changed are drawn, and new ones a few at a time, so that the page stays quick with
// hundreds of them.

import { clock } from "../clock.js";
import { icon } from "../icons.js";
import { element, keepList, onceAFrame, setShown, setText } from "../render.js";
import { count, number } from "../words.js";
import { EventCard } from "./event_card.js";
import { byStart, isSought } from "./offers.js";

/** How many cards are made at once. The next ones do not wait for a frame: where frames are slow, that would take long. */
const NEW_CARDS_AT_ONCE = 8;
/** For how long a frame draws what changed, in milliseconds. The rest is drawn in the next. */
const DRAWING_MS = 10;
/** From how many events on they can be searched. */
const SEARCH_FROM = 9;

/** The section of events. */
export class EventList {
  /**
   * @param {import("./sale.js").Sale} sale
   * @param {import("./doings.js").Doings} doings
   */
  constructor(sale, doings) {
    this.sale = sale;
    this.doings = doings;
    this.isSignedIn = false;
    this.isLoaded = false;
    /** @type {Map<string, EventCard>} */
    this.cards = new Map();
    /** The events whose cards are to be drawn. @type {Set<string>} */
    this.changed = new Set();
    this.isNewOrder = true;
    /** The events that are sought, in their order. @type {import("../objects.js").Event[]} */
    this.found = [];
    this.shownMax = NEW_CARDS_AT_ONCE;
    /** Whether the list stands in the order of `found`. */
    this.isListed = false;
    /** @type {ReturnType<typeof setTimeout> | null} */
    this.growing = null;
    this.draw = onceAFrame(() => this.drawSome());
    this.search = element("input", { class: "field", type: "search", placeholder: "Name or place", "aria-label": "Search events", on: { input: () => this.reorder() } });
    this.searchBox = element("div", { class: "search row", hidden: true }, icon("search"), this.search);
    this.summary = element("p", { class: "quiet small" }, "Asking the server …");
    this.empty = element("div", { class: "glass empty stack", hidden: true });
    this.list = element("div", { class: "cards" });
    this.node = element("section", { id: "events", "aria-labelledby": "events-heading" },
      element("div", { class: "panel-head" }, element("div", {}, element("h2", { id: "events-heading", tabindex: -1 }, "Events"), this.summary), this.searchBox),
      this.empty, this.list);
  }

  /** @param {boolean} isSignedIn */
  setSignedIn(isSignedIn) {
    this.isSignedIn = isSignedIn;
    for (const id of this.sale.events.keys()) this.changed.add(id);
    this.draw();
  }

  /** The list is whole: before, that there is none means nothing. */
  setLoaded() {
    this.isLoaded = true;
    this.reorder();
  }

  /** An event is new, gone or otherwise. @param {string} id */
  change(id) {
    const shown = this.cards.get(id)?.event;
    const event = this.sale.events.get(id);
    if (!shown || !event || shown.name !== event.name || shown.starts_at !== event.starts_at || shown.status !== event.status) this.isNewOrder = true;
    this.changed.add(id);
    this.draw();
  }

  reorder() {
    this.isNewOrder = true;
    this.draw();
  }

  /** What time alone changes. */
  tick() {
    for (const card of this.cards.values()) if (card.event?.status === "scheduled") card.setBadge(clock.nowMs());
  }

  drawSome() {
    if (this.isNewOrder) this.putInOrder();
    this.drawMore();
    const untilMs = performance.now() + DRAWING_MS;
    for (const id of this.changed) {
      this.changed.delete(id);
      const card = this.cards.get(id);
      if (card) this.fill(card, id);
      if (performance.now() > untilMs) break;
    }
    if (this.changed.size > 0) this.draw();
  }

  putInOrder() {
    this.isNewOrder = false;
    const sought = this.search.value.trim();
    const all = [...this.sale.events.values()];
    this.found = all.filter((event) => isSought(event, sought)).sort(byStart);
    this.isListed = false;
    for (const id of this.cards.keys()) if (!this.sale.events.has(id)) this.cards.delete(id);
    this.drawSummary(all.length, this.found.length, sought);
  }

  drawMore() {
    const missing = this.found.length - this.list.childElementCount;
    if (this.isListed && missing === 0) return;
    this.isListed = true;
    if (missing > 0) this.shownMax = Math.max(this.shownMax, this.list.childElementCount + NEW_CARDS_AT_ONCE);
    keepList(this.list, this.found.slice(0, this.shownMax), ({ id }) => id, ({ id }) => this.card(id), () => {});
    if (this.list.childElementCount < this.found.length) this.growing ??= setTimeout(() => this.grow());
  }

  grow() {
    this.growing = null;
    // An event may have gone since they were put in order.
    if (this.isNewOrder) this.putInOrder();
    this.drawMore();
  }

  /**
   * @param {number} all
   * @param {number} found
   * @param {string} sought
   */
  drawSummary(all, found, sought) {
    setShown(this.searchBox, all >= SEARCH_FROM || sought !== "");
    const told = sought === "" ? count(all, "event") : `${number(found)} of ${count(all, "event")}`;
    setText(this.summary, all > 0 ? told : this.isLoaded ? "" : "Asking the server …");
    const isEmpty = this.isLoaded && found === 0;
    setShown(this.empty, isEmpty);
    if (isEmpty) setText(this.empty, sought === "" ? "There are no events yet. Organisers create them on their page, and they show up here by themselves." : "No event has that name or place.");
  }

  /** A card that is made once is kept for as long as its event is there, also while a search hides it. @param {string} id */
  card(id) {
    const known = this.cards.get(id);
    if (known) return known;
    const event = /** @type {import("../objects.js").Event} */ (this.sale.events.get(id));
    const card = new EventCard(event, this.doings);
    this.cards.set(id, card);
    this.fill(card, id);
    return card;
  }

  /** @param {EventCard} card @param {string} id */
  fill(card, id) {
    const event = this.sale.events.get(id);
    if (event) card.set(event, this.sale.own(id), this.isSignedIn, clock.nowMs());
  }
}
