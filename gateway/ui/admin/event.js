// One event: its figures, what can be done with it, and how it is set up.

import { CapacityBar } from "../bar.js";
import { element, keepList, setShown, setText } from "../render.js";
import { count, dateAndTime, duration, money, number } from "../words.js";
import { editEvent } from "./event_form.js";
import { steps } from "./lifecycle.js";
import { Facts, Panel, Tile, button } from "./panel.js";
import { ask } from "./session.js";
import { StatusBadge } from "./status.js";

/**
 * @param {import("./page.js").Context} context
 * @param {string} id
 */
export function eventView(context, id) {
  const shown = new EventPanel(context, id);
  const refresh = async () => shown.set((await ask("GET", `/v1/admin/events/${encodeURIComponent(id)}`)).body);
  const back = element("p", {}, element("a", { href: "#/events", class: "back" }, "← All events"));
  return { title: id, node: element("div", { class: "view" }, back, shown.panel.node, shown.types.node, shown.settings.node), refresh };
}

class EventPanel {
  /**
   * @param {import("./page.js").Context} context
   * @param {string} id
   */
  constructor(context, id) {
    this.context = context;
    this.actions = element("div", { class: "actions" });
    this.panel = new Panel(id);
    this.badge = new StatusBadge();
    this.about = element("p", { class: "quiet" });
    this.description = element("p");
    this.tiles = ["Booked", "Held", "Available", "In line"].map((label) => new Tile(label));
    this.panel.heading.after(this.badge.node);
    const lists = [["holds", "Holds"], ["bookings", "Bookings"], ["line", "Line"], ["trail", "Audit trail"]];
    this.panel.content.append(this.about, this.description,
      element("div", { class: "tiles" }, ...this.tiles.map((tile) => tile.node)), this.actions,
      element("ul", { class: "row", "aria-label": "More of this event" }, ...lists.map(([name, label]) => element("li", {}, element("a", { href: `#/${name}/${id}`, class: "button plain" }, `${label} of this event`)))));
    this.types = new Panel("Ticket types");
    this.list = element("ul", { class: "types" });
    this.types.content.append(this.list);
    this.settings = new Panel("Settings");
    this.facts = new Facts("Starts", "Sale opens", "Sale closes", "A hold lasts", "Held at login", "Most per hold", "Most per user", "Extensions",
      "A hold lasts at most", "Longest line", "Lobby", "Passed over when away for");
    this.settings.content.append(element("div", { class: "wide-facts" }, this.facts.node));
    this.status = "";
  }

  /** @param {any} event */
  set(event) {
    for (const panel of [this.panel, this.types, this.settings]) panel.setTime(event.server_time);
    setText(this.panel.heading, event.name);
    this.badge.set(event);
    setText(this.about, [event.id, event.venue, event.starts_at && dateAndTime(event.starts_at)].filter(Boolean).join(" · "));
    setText(this.description, event.description ?? "");
    setShown(this.description, event.description !== null);
    [event.booked, event.held, event.available, event.waiting].forEach((value, index) => this.tiles[index].set(number(value)));
    keepList(this.list, /** @type {any[]} */ (event.ticket_types), (type) => type.id, () => new TypeLine(), (line, type) => line.set(type));
    const time = (/** @type {string | null} */ value) => (value === null ? "not set" : dateAndTime(value));
    const seconds = (/** @type {number} */ value) => (value % 60 === 0 ? duration(value * 1_000) : count(value, "second"));
    this.facts.set(time(event.starts_at), time(event.opens_at), time(event.closes_at), seconds(event.hold_seconds), number(event.auto_hold),
      number(event.max_per_hold), number(event.max_per_user), number(event.max_extensions), seconds(event.max_hold_lifetime_seconds),
      number(event.queue_max), event.lobby ? "open before the sale" : "no", event.presence_seconds === 0 ? "never" : seconds(event.presence_seconds));
    this.setActions(event);
  }

  /** Buttons keep their focus while they are the same. @param {any} event */
  setActions(event) {
    const possible = this.context.isOperator ? steps(event) : [];
    const status = JSON.stringify(possible.map(({ label }) => label));
    this.event = event;
    if (status === this.status) return;
    this.status = status;
    const edit = this.context.isOperator && button("Edit", () => editEvent(this.context, this.event));
    const made = possible.map(({ label, kind, run }) => button(label, () => run(this.context, this.event), { kind }));
    this.actions.replaceChildren(...(edit ? [edit] : []), ...made);
  }
}

class TypeLine {
  constructor() {
    this.name = element("h3");
    this.figures = element("p", { class: "small figure" });
    this.bar = new CapacityBar();
    this.node = element("li", {}, element("div", { class: "row spread" }, this.name, this.figures), this.bar.node);
  }

  /** @param {any} type */
  set(type) {
    setText(this.name, type.price === null ? type.name : `${type.name}, ${money(type.price)}`);
    this.bar.set(type, type.name);
    setText(this.figures, `${number(type.booked)} booked · ${number(type.held)} held · ${number(type.available)} available · of ${number(type.capacity)} · ${number(type.waiting)} in line`);
  }
}
