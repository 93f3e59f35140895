// On an event's card: how many tickets of which kind, and what to do about them.

import { element, setShown, setText } from "../render.js";
import { money } from "../words.js";
import { Fault, Settling, attempt, button, nameButton } from "./attempt.js";
import { offersOf } from "./offers.js";

/** @typedef {import("../objects.js").Event} Event */
/** @typedef {import("../objects.js").TicketType} TicketType */

/** A longer list to choose a number from is no help. */
const CHOICES_MAX = 50;

/** The form of a card. */
export class OrderForm {
  /** @param {import("./doings.js").Doings} doings */
  constructor(doings) {
    this.doings = doings;
    /** @type {Event | null} */
    this.event = null;
    /** What was held when it was drawn last. */
    this.held = "";
    this.settling = new Settling();
    this.types = element("select", { class: "field", on: { change: () => this.offer() } });
    this.quantities = element("select", { class: "field quantity" });
    this.note = element("p", { class: "quiet small" });
    this.fault = new Fault();
    this.holdButton = button("Hold tickets", "primary", () => this.run(this.holdButton, doings.hold));
    this.bookButton = button("Book", "", () => this.run(this.bookButton, doings.book));
    this.joinButton = button("Join the line", "primary", () => this.run(this.joinButton, doings.join));
    this.choice = element("div", { class: "choice" }, this.types, this.quantities);
    this.node = element("div", { class: "order stack" }, this.note,
      element("div", { class: "row" }, this.choice, element("div", { class: "actions" }, this.holdButton, this.joinButton, this.bookButton)),
      this.fault.node);
  }

  /**
   * @param {Event} event
   * @param {import("./sale.js").Own} own
   */
  set(event, own) {
    const isNew = this.event === null;
    if (isNew || !sameChoices(/** @type {Event} */ (this.event), event)) this.setChoices(event);
    const held = own.holds.map(({ id, quantity }) => `${id} ${quantity}`).join();
    // What Book does depends on it.
    if (!isNew && held !== this.held) this.settling.restart();
    this.held = held;
    this.event = event;
    this.own = own;
    this.offer();
  }

  /** @param {Event} event */
  setChoices(event) {
    const [type, quantity] = [this.types.value, this.quantities.value];
    const label = (/** @type {TicketType} */ { name, price }) => (price ? `${name}, ${money(price)}` : name);
    this.types.replaceChildren(...event.ticket_types.map((each) => element("option", { value: each.id }, label(each))));
    const most = Math.min(CHOICES_MAX, event.max_per_hold);
    this.quantities.replaceChildren(...Array.from({ length: most }, (_, index) => element("option", {}, String(index + 1))));
    if (event.ticket_types.some(({ id }) => id === type)) this.types.value = type;
    if (Number(quantity) >= 1 && Number(quantity) <= most) this.quantities.value = quantity;
    setShown(this.types, event.ticket_types.length > 1);
    this.types.setAttribute("aria-label", `Ticket type, ${event.name}`);
    this.quantities.setAttribute("aria-label", `Number of tickets, ${event.name}`);
    for (const each of [this.holdButton, this.bookButton, this.joinButton]) nameButton(each, event.name);
  }

  /** Shows what there is for the chosen kind. */
  offer() {
    if (!this.event || !this.own) return;
    const type = this.event.ticket_types.find(({ id }) => id === this.types.value) ?? this.event.ticket_types[0];
    const { holds, books, joins, note } = offersOf(this.event, type, this.own);
    setText(this.note, note);
    setShown(this.note, note !== "");
    setShown(this.holdButton, holds);
    setShown(this.joinButton, joins);
    setShown(this.bookButton, books);
    this.bookButton.classList.toggle("primary", books && !holds);
    setShown(this.quantities, holds || joins);
    setShown(this.choice, holds || joins || this.event.ticket_types.length > 1);
    setShown(this.node, note !== "" || holds || books || joins);
  }

  /**
   * @param {HTMLElement} pressed
   * @param {(order: import("./doings.js").Order, onWait: (seconds: number) => void) => Promise<void>} doing
   */
  run(pressed, doing) {
    const { event, own } = this;
    if (!event || !own || !this.settling.isOver) return;
    const ticket_type = this.types.value;
    const held = own.holds.find((hold) => hold.ticket_type === ticket_type);
    const order = { event: event.id, ticket_type, quantity: held?.quantity ?? Number(this.quantities.value) };
    void attempt(pressed, this.fault, (onWait) => doing.call(this.doings, order, onWait));
  }
}

/** @param {Event} one @param {Event} other */
function sameChoices(one, other) {
  const kinds = (/** @type {Event} */ { ticket_types }) => JSON.stringify(ticket_types.map(({ id, name, price }) => [id, name, price]));
  return one.max_per_hold === other.max_per_hold && one.name === other.name && kinds(one) === kinds(other);
}
