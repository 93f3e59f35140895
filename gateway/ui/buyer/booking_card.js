// A booking.

import { confirm } from "../dialog.js";
import { icon, setIcon } from "../icons.js";
import { element, setAttribute, setShown, setText } from "../render.js";
import { dateAndTime } from "../words.js";
import { Fault, attempt, button, nameButton } from "./attempt.js";
import { describe } from "./hold_card.js";

/** @typedef {import("../objects.js").Booking} Booking */

/** The card of a booking, also of one that is cancelled. */
export class BookingCard {
  /**
   * @param {Booking} booking
   * @param {import("./sale.js").Sale} sale
   * @param {import("./doings.js").Doings} doings
   */
  constructor(booking, sale, doings) {
    this.booking = booking;
    this.sale = sale;
    this.doings = doings;
    const id = `booking-${booking.id}`;
    this.name = element("h3", { id });
    this.badgeIcon = icon("booked");
    this.badgeText = element("span");
    this.badge = element("p", { class: "badge" }, this.badgeIcon, this.badgeText);
    this.what = element("p", {});
    this.when = element("p", { class: "quiet small" });
    this.fault = new Fault();
    this.cancelButton = button("Cancel booking", "plain", () => void this.cancel());
    this.node = element("article", { class: "glass panel booking-card", "aria-labelledby": id },
      element("div", { class: "card-head" }, this.name, this.badge),
      this.what, this.when, element("div", { class: "actions" }, this.cancelButton), this.fault.node);
  }

  /** @param {Booking} booking */
  set(booking) {
    this.booking = booking;
    const event = this.sale.events.get(booking.event);
    const isCancelled = booking.state === "cancelled";
    const kind = isCancelled ? "cancelled" : "booked";
    setText(this.name, event?.name ?? booking.event);
    setIcon(this.badgeIcon, kind);
    setAttribute(this.badge, "data-kind", kind);
    setText(this.badgeText, !isCancelled ? "Booked" : booking.refund_due ? "Cancelled, refund due" : "Cancelled");
    setText(this.what, describe(booking, event));
    setText(this.when, isCancelled ? `Cancelled ${dateAndTime(booking.cancelled_at ?? booking.booked_at)}` : `Number ${booking.id}, booked ${dateAndTime(booking.booked_at)}`);
    setShown(this.cancelButton, !isCancelled);
    nameButton(this.cancelButton, `${event?.name ?? booking.event}, number ${booking.id}`);
  }

  async cancel() {
    const body = [`${this.what.textContent}. The tickets go to others at once, and cannot be had back. The organiser refunds you.`];
    if (!(await confirm({ title: `Cancel the booking for ${this.name.textContent}?`, body, confirm: "Cancel booking", cancel: "Keep it" }))) return;
    void attempt(this.cancelButton, this.fault, (onWait) => this.doings.cancel(this.booking, onWait));
  }
}
