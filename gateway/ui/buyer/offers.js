// What an event is to this user now, and what they can do about it.

import { duration } from "../words.js";

/** @typedef {import("../objects.js").Event} Event */
/** @typedef {import("../objects.js").TicketType} TicketType */
/** @typedef {import("./sale.js").Own} Own */

/** @typedef {{kind: import("../icons.js").IconName, text: string}} Badge */

/**
 * The badge of an event: what is the user's counts before how the sale stands.
 * @param {Event} event
 * @param {Own} own
 * @param {number} nowMs the server's time
 * @returns {Badge}
 */
export function badgeOf(event, own, nowMs) {
  if (event.status === "cancelled") return { kind: "cancelled", text: "Cancelled" };
  if (own.holds.length > 0) return { kind: "held", text: "Held for you" };
  if (own.places.length > 0) return { kind: "line", text: "In line" };
  if (own.bookings.length > 0) return { kind: "booked", text: "Booked" };
  switch (event.status) {
    case "on_sale":
      return event.sold_out ? { kind: "sold-out", text: "Sold out" } : { kind: "available", text: "Available" };
    case "scheduled":
      return { kind: "scheduled", text: opening(event, nowMs) };
    case "paused":
      return { kind: "paused", text: "Paused" };
    default:
      return { kind: "closed", text: "Closed" };
  }
}

/**
 * @param {Event} event
 * @param {number} nowMs
 */
function opening({ opens_at }, nowMs) {
  if (opens_at === null) return "Not open yet";
  const ms = Date.parse(opens_at) - nowMs;
  return ms > 0 ? `Opens in ${duration(ms)}` : "Opens now";
}

/** @typedef {{holds: boolean, books: boolean, joins: boolean, note: string}} Offers */

const NONE = { holds: false, books: false, joins: false, note: "" };

/**
 * What can be done about a ticket type.
 * @param {Event} event
 * @param {TicketType} type
 * @param {Own} own
 * @returns {Offers}
 */
export function offersOf(event, type, own) {
  const isHeld = own.holds.some(({ ticket_type }) => ticket_type === type.id);
  const waits = own.places.some(({ ticket_type }) => ticket_type === type.id);
  if (event.status === "cancelled") return NONE;
  if (isHeld) return { ...NONE, books: true, note: "These are held for you: book them before the time is up." };
  if (event.status === "closed") return { ...NONE, note: "The sale is closed." };
  if (waits) return { ...NONE, note: "You are in line. What comes free is held for you when it is your turn." };
  if (event.status === "paused") return { ...NONE, joins: true, note: "The sale is paused. You can join the line meanwhile." };
  if (event.status === "scheduled") return { ...NONE, joins: true, note: "Some sales let you join the line before they open." };
  if (type.waiting > 0) return { ...NONE, joins: true, note: "Others are in line: what comes free is theirs first." };
  if (type.available === 0) return { ...NONE, joins: true, note: "Sold out. Who is in line gets what comes free." };
  return { holds: true, books: true, joins: false, note: "" };
}

/**
 * What is still to be had first, the soonest before; events without a date come last.
 * @param {Event} one
 * @param {Event} other
 */
export function byStart(one, other) {
  const isOver = (/** @type {Event} */ { status }) => Number(status === "closed" || status === "cancelled");
  const startOf = (/** @type {Event} */ { starts_at }) => (starts_at ? Date.parse(starts_at) : Number.MAX_SAFE_INTEGER);
  return isOver(one) - isOver(other) || startOf(one) - startOf(other) || one.name.localeCompare(other.name) || one.id.localeCompare(other.id);
}

/**
 * Whether a reader who looks for these words means this event.
 * @param {Event} event
 * @param {string} sought
 */
export function isSought(event, sought) {
  const text = `${event.name} ${event.venue ?? ""}`.toLocaleLowerCase();
  return sought.toLocaleLowerCase().split(/\s+/).every((word) => text.includes(word));
}
