// All events, drafts too.

import { CapacityBar } from "../bar.js";
import { element, keepList, setAttribute, setShown, setText } from "../render.js";
import { count, dateAndTime, number } from "../words.js";
import { createEvent } from "./event_form.js";
import { Panel, button } from "./panel.js";
import { ask, askAll } from "./session.js";
import { STATUS_NAMES, StatusBadge } from "./status.js";

/** How many cards are shown before one has to ask for more. */
const CARDS = 60;

/** @param {import("./page.js").Context} context */
export function eventsView(context) {
  const panel = new Panel("Events", context.isOperator && button("Create event", () => createEvent(context), { kind: "primary", icon: "plus" }));
  const search = element("input", { class: "field", type: "search", "aria-label": "Search events", placeholder: "Name, id or venue", on: { input: draw } });
  const status = element("select", { class: "field", "aria-label": "Status", on: { change: draw } },
    element("option", { value: "" }, "All statuses"), ...STATUS_NAMES.map(([value, label]) => element("option", { value }, label)));
  const shown = element("p", { class: "small quiet", role: "status" });
  const empty = element("p", { class: "empty" });
  const cards = element("div", { class: "cards" });
  const more = button("Show more", () => {
    most += CARDS;
    draw();
  });
  panel.content.append(element("div", { class: "filters" }, search, status), shown, empty, cards, more);
  let events = /** @type {any[]} */ ([]);
  let most = CARDS;

  function draw() {
    const words = search.value.toLowerCase().split(/\s+/).filter((word) => word !== "");
    const text = (/** @type {any} */ { id, name, venue }) => `${id} ${name} ${venue ?? ""}`.toLowerCase();
    const fits = (/** @type {any} */ event) => (status.value === "" || event.status === status.value) && words.every((word) => text(event).includes(word));
    const found = events.filter(fits);
    setText(shown, found.length === events.length ? count(events.length, "event") : `${number(found.length)} of ${count(events.length, "event")}`);
    setText(empty, events.length > 0 ? "No event fits. Search for something else."
      : context.isOperator ? "There is no event yet. Create the first one: it is a draft until you open its sale." : "There is no event yet.");
    setShown(empty, found.length === 0);
    setShown(more, found.length > most);
    keepList(cards, found.slice(0, most), (event) => event.id, () => new Card(), (card, event) => card.set(event));
  }

  const refresh = async () => {
    events = await askAll("/v1/admin/events");
    // Lists tell no time of their own: that of the newest event is as good.
    panel.setTime(events[0]?.server_time ?? (await ask("GET", "/v1/admin/overview")).body.server_time);
    draw();
  };
  return { title: "Events", node: element("div", { class: "view" }, panel.node), refresh };
}

let cards = 0;

/** An event among others. */
class Card {
  constructor() {
    const id = `event-card-${++cards}`;
    this.badge = new StatusBadge();
    this.link = element("a", {});
    this.when = element("p", { class: "small quiet" });
    this.bar = new CapacityBar();
    this.figures = element("p", { class: "small figure" });
    this.node = element("article", { class: "card", "aria-labelledby": id },
      element("div", { class: "card-head" }, element("h3", { id }, this.link), this.badge.node), this.when, this.bar.node, this.figures);
  }

  /** @param {any} event */
  set(event) {
    setText(this.link, event.name);
    setAttribute(this.link, "href", `#/events/${event.id}`);
    this.badge.set(event);
    setText(this.when, [event.venue, event.starts_at && dateAndTime(event.starts_at)].filter(Boolean).join(" · ") || event.id);
    this.bar.set(event, event.name);
    setText(this.figures, `${number(event.booked)} booked · ${number(event.held)} held · ${number(event.available)} available · ${number(event.waiting)} in line`);
  }
}
