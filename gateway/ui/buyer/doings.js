// What the user does: a call each, whose answer is taken over at once, before the feed tells of it.

import { Refusal, call, isUnknown, newKey } from "../api.js";
import { count } from "../words.js";
import { placeKey } from "./sale.js";

/** @typedef {import("../objects.js").Hold} Hold */
/** @typedef {import("../objects.js").Place} Place */
/** @typedef {import("../objects.js").Booking} Booking */
/** @typedef {(seconds: number) => void} OnWait */
/** @typedef {"holds" | "places" | "bookings"} Region */
/** @typedef {{event: string, ticket_type: string, quantity: number}} Order */

/** The user's doings. */
export class Doings {
  /**
   * @param {import("./sale.js").Sale} sale
   * @param {object} told
   * @param {(region: Region, text: string) => void} told.onDone where the user finds what came of it
   * @param {(error: Refusal) => void} told.onSignedOut the session is over
   */
  constructor(sale, { onDone, onSignedOut }) {
    this.sale = sale;
    this.onDone = onDone;
    this.onSignedOut = onSignedOut;
    /** The keys of what is under way, or failed so that nobody knows whether it was done: asked again, it is done once. @type {Map<string, {key: string, hasFailed: boolean}>} */
    this.unsettled = new Map();
    this.session = new AbortController();
  }

  /** Whoever asked for what is under way is signed in no more. */
  leaveOff() {
    this.session.abort();
    this.session = new AbortController();
    this.unsettled.clear();
  }

  /** @param {Order} order @param {OnWait} [onWait] */
  async hold({ event, ticket_type, quantity }, onWait) {
    const { body } = await this.change("POST", `/v1/events/${event}/holds`, { ticket_type, quantity }, onWait);
    this.tellHold(body);
  }

  /** Joins the line; what is free already is held at once. @param {Order} order @param {OnWait} [onWait] */
  async join({ event, ticket_type, quantity }, onWait) {
    const { status, body } = await this.change("POST", `/v1/events/${event}/queue`, { ticket_type, quantity }, onWait);
    if (status === 201) return this.tellHold(body);
    this.sale.tell("queue", body);
    this.onDone("places", `You are in line for ${this.nameOf(event)}, with ${body.ahead} ahead of you.`);
  }

  /** What expired is asked for again. @param {Hold} hold @param {OnWait} [onWait] */
  async joinAgain(hold, onWait) {
    await this.join(hold, onWait);
    // A hold that got its time back, as after a restart, is what the line answers.
    if (this.sale.holds.get(hold.id)?.state !== "held") this.sale.dismiss(hold.id);
  }

  /** Books without holding first. @param {Order} order @param {OnWait} [onWait] */
  async book({ event, ticket_type, quantity }, onWait) {
    const { body } = await this.change("POST", `/v1/events/${event}/bookings`, { ticket_type, quantity }, onWait);
    this.tellBooking(body);
  }

  /** @param {Hold} hold @param {OnWait} [onWait] */
  async confirm(hold, onWait) {
    try {
      const { body } = await this.change("POST", `/v1/holds/${hold.id}/confirm`, undefined, onWait);
      this.tellBooking(body);
    } catch (error) {
      if (error instanceof Refusal && error.code === "hold_expired") this.sale.expire(hold.id);
      throw error;
    }
  }

  /** @param {Hold} hold @param {OnWait} [onWait] */
  async release(hold, onWait) {
    const { body } = await this.change("DELETE", `/v1/holds/${hold.id}`, undefined, onWait);
    this.sale.tell("hold", body);
    this.onDone("holds", `${tickets(hold)} of ${this.nameOf(hold.event)} released.`);
  }

  /** @param {Hold} hold @param {OnWait} [onWait] */
  async extend(hold, onWait) {
    const { body } = await this.change("POST", `/v1/holds/${hold.id}/extend`, undefined, onWait);
    this.sale.tell("hold", body);
    this.onDone("holds", `You have more time for ${this.nameOf(hold.event)}.`);
  }

  /** @param {Place} place @param {OnWait} [onWait] */
  async leave(place, onWait) {
    const path = `/v1/events/${place.event}/queue/me?ticket_type=${place.ticket_type}`;
    try {
      await this.change("DELETE", path, undefined, onWait);
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== "queue_entry_not_found") throw error;
      // It was the user's turn just now, and the feed tells so; or it was left in another tab.
      this.sale.places.delete(placeKey(place));
      return this.sale.changed(place.event);
    }
    this.sale.places.delete(placeKey(place));
    this.sale.changed(place.event);
    this.onDone("places", `You left the line for ${this.nameOf(place.event)}.`);
  }

  /** @param {Booking} booking @param {OnWait} [onWait] */
  async cancel(booking, onWait) {
    const { body } = await this.change("DELETE", `/v1/bookings/${booking.id}`, undefined, onWait);
    this.sale.tell("booking", body);
    const refund = body.refund_due ? " A refund is due." : "";
    this.onDone("bookings", `The booking for ${this.nameOf(booking.event)} is cancelled.${refund}`);
  }

  /** @param {Hold} hold */
  tellHold(hold) {
    this.sale.tell("hold", hold);
    this.onDone("holds", `${tickets(hold)} of ${this.nameOf(hold.event)} held for you.`);
  }

  /** @param {Booking} booking */
  tellBooking(booking) {
    this.sale.tell("booking", booking);
    this.onDone("bookings", `${tickets(booking)} of ${this.nameOf(booking.event)} booked.`);
  }

  /** @param {string} event */
  nameOf(event) {
    return this.sale.events.get(event)?.name ?? event;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} body
   * @param {OnWait} [onWait]
   * @returns {Promise<import("../api.js").Answer>}
   */
  async change(method, path, body, onWait) {
    const intent = `${method} ${path} ${JSON.stringify(body)}`;
    const tried = this.unsettled.get(intent) ?? { key: newKey(), hasFailed: false };
    const isRepeat = tried.hasFailed;
    this.unsettled.set(intent, tried);
    try {
      const answer = await call(method, path, { body, idempotencyKey: tried.key, onWait, signal: this.session.signal });
      this.unsettled.delete(intent);
      // What the user has seen come of the first attempt is not what they ask for now.
      const isSeen = isRepeat && answer.headers.has("idempotency-replayed") && this.sale.wasTold(answer.body);
      return isSeen ? this.change(method, path, body, onWait) : answer;
    } catch (error) {
      tried.hasFailed = true;
      if (!isUnknown(error)) this.unsettled.delete(intent);
      if (error instanceof Refusal) this.learn(error, path);
      throw error;
    }
  }

  /** A refusal may say that what is shown is old. @param {Refusal} refusal @param {string} path */
  learn(refusal, path) {
    if (["unauthenticated", "session_expired"].includes(refusal.code)) this.onSignedOut(refusal);
    if (refusal.code === "event_not_found") this.sale.forgetEvent(path.split("/")[3]);
  }
}

/** @param {{quantity: number}} thing */
function tickets({ quantity }) {
  return count(quantity, "ticket");
}
