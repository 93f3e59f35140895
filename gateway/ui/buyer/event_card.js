// The card of an event.

import { CapacityBar } from "../bar.js";
import { icon, setIcon } from "../icons.js";
import { element, keepList, setAttribute, setShown, setText } from "../render.js";
import { Ring } from "../ring.js";
import { dateAndTime, money, number, percent } from "../words.js";
import { badgeOf } from "./offers.js";
import { OrderForm } from "./order_form.js";

/** @typedef {import("../objects.js").Event} Event */
/** @typedef {import("../objects.js").TicketType} TicketType */
/** @typedef {import("./sale.js").Own} Own */

const FIGURES = /** @type {const} */ ([["booked", "Booked"], ["held", "Held"], ["available", "Available"], ["waiting", "In line"]]);

/** More kinds than these are shown when asked for. */
const TYPES_MAX = 4;

/** A card. It has a form only for who is signed in. */
export class EventCard {
  /**
   * @param {Event} event
   * @param {import("./doings.js").Doings} doings
   */
  constructor(event, doings) {
    this.doings = doings;
    /** @type {OrderForm | null} */
    this.form = null;
    const id = `event-${event.id}`;
    this.name = element("h3", { id });
    this.badgeIcon = icon("available");
    this.badgeText = element("span");
    this.badge = element("p", { class: "badge" }, this.badgeIcon, this.badgeText);
    this.venue = element("span");
    this.starts = element("time");
    this.description = element("p", { class: "description small" });
    this.ring = new Ring("Share booked");
    this.bar = new CapacityBar();
    this.figures = FIGURES.map(() => element("dd", { class: "figure" }));
    this.types = element("ul", { class: "types" });
    this.showsAll = false;
    this.allButton = element("button", { type: "button", class: "button plain", "aria-expanded": "false", on: { click: () => this.toggleAll() } });
    this.node = element("article", { class: "glass panel event-card", "aria-labelledby": id },
      element("div", { class: "card-head" }, this.name, this.badge),
      element("p", { class: "where quiet" }, this.venue, this.starts),
      this.description,
      element("div", { class: "sold" }, this.ring.node, element("dl", { class: "figures" }, ...FIGURES.map(([counter, label], index) => figure(counter, label, this.figures[index])))),
      this.bar.node, this.types, this.allButton);
  }

  /**
   * @param {Event} event
   * @param {Own} own
   * @param {boolean} isSignedIn
   * @param {number} nowMs the server's time
   */
  set(event, own, isSignedIn, nowMs) {
    this.event = event;
    this.own = own;
    setText(this.name, event.name);
    setText(this.venue, event.venue ?? "");
    setText(this.starts, event.starts_at ? dateAndTime(event.starts_at) : "");
    setAttribute(this.starts, "datetime", event.starts_at);
    setText(this.description, event.description ?? "");
    setShown(this.description, Boolean(event.description));
    this.setBadge(nowMs);
    const share = percent(event.booked, event.capacity);
    this.ring.set(share / 100, `${share} percent booked`, `${share}%`);
    this.bar.set(event, event.name);
    FIGURES.forEach(([counter], index) => setText(this.figures[index], number(event[counter])));
    this.setTypes(event);
    this.setForm(isSignedIn);
  }

  /** A row each, where there are several. @param {Event} event */
  setTypes({ name, ticket_types }) {
    const several = ticket_types.length > 1 ? ticket_types : [];
    const shown = this.showsAll ? several : several.slice(0, TYPES_MAX);
    keepList(this.types, shown, ({ id }) => id, () => new TypeRow(), (row, type) => row.set(type, name));
    setShown(this.allButton, several.length > TYPES_MAX);
    setText(this.allButton, this.showsAll ? "Show fewer kinds" : `Show all ${number(several.length)} kinds`);
    setAttribute(this.allButton, "aria-expanded", String(this.showsAll));
  }

  toggleAll() {
    this.showsAll = !this.showsAll;
    if (this.event) this.setTypes(this.event);
  }

  /** What changes by time alone. @param {number} nowMs */
  setBadge(nowMs) {
    if (!this.event || !this.own) return;
    const { kind, text } = badgeOf(this.event, this.own, nowMs);
    setAttribute(this.badge, "data-kind", kind);
    setIcon(this.badgeIcon, kind);
    setText(this.badgeText, text);
  }

  /** @param {boolean} isSignedIn */
  setForm(isSignedIn) {
    if (!isSignedIn) {
      this.form?.node.remove();
      this.form = null;
    } else if (this.event && this.own) {
      if (!this.form) {
        this.form = new OrderForm(this.doings);
        this.node.append(this.form.node);
      }
      this.form.set(this.event, this.own);
    }
  }
}

/**
 * @param {string} counter
 * @param {string} label
 * @param {HTMLElement} value
 */
function figure(counter, label, value) {
  const key = counter === "waiting" ? null : element("span", { class: `key ${counter}` });
  return element("div", {}, element("dt", {}, key, label), value);
}

/** A ticket type, where there are several. */
class TypeRow {
  constructor() {
    this.name = element("span", { class: "type-name" });
    this.price = element("span", { class: "quiet" });
    this.left = element("span", { class: "left quiet figure" });
    this.bar = new CapacityBar();
    this.node = element("li", { class: "type" }, this.name, this.price, this.left, this.bar.node);
  }

  /** @param {TicketType} type @param {string} event its name */
  set(type, event) {
    setText(this.name, type.name);
    setText(this.price, type.price ? money(type.price) : "");
    const line = type.waiting > 0 ? `, ${number(type.waiting)} in line` : "";
    setText(this.left, `${number(type.available)} of ${number(type.capacity)} left${line}`);
    this.bar.set(type, `${type.name}, ${event}`);
  }
}
