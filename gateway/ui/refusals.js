// What each refusal means to people, and what they can do next.

import { Refusal, Unreachable } from "./api.js";
import { clock } from "./clock.js";
import { clockTime, count, dateAndTime, duration, number } from "./words.js";

/** @typedef {{members: Record<string, any>, retryAfterSeconds: number | null, requestId: string | null}} Told */

/** The sentence of each code of `docs/api.md`. A test holds the list against the server's. @type {Record<string, (told: Told) => string>} */
const SENTENCES = {
  malformed_request: ({ members }) => `The server did not understand this${faults(members)}. Reload the page and try again.`,
  validation_failed: ({ members }) => `Something here cannot be${faults(members)}. Correct it and try again.`,
  unauthenticated: () => "That does not open anything here. Check what you entered, and sign in again.",
  forbidden: ({ members }) => `This is not allowed${members.detail ? `: ${members.detail}` : ""}.`,
  event_not_found: () => "This event is no longer there. Choose another one.",
  ticket_type_not_found: () => "These tickets are no longer sold. Choose another kind.",
  hold_not_found: () => "These tickets are no longer held for you. Hold tickets again, or join the line.",
  booking_not_found: () => "This booking is no longer there.",
  session_not_found: () => "This session has ended already.",
  queue_entry_not_found: () => "You are no longer in this line. You can join it again.",
  account_not_found: () => "There is no such account.",
  not_found: () => "This is not to be had here.",
  method_not_allowed: () => "The server does not do this. Reload the page.",
  not_acceptable: () => "The server cannot answer this page. Reload it.",
  sold_out: ({ members }) => `Sold out just now.${comeBack(members)} Join the line to get what comes free.`,
  insufficient_capacity: ({ members }) =>
    `Only ${count(members.available ?? 0, "ticket")} left, and you asked for ${number(members.requested ?? 0)}. Ask for fewer, or join the line.`,
  queue_ahead: ({ members }) => `${count(members.ahead ?? 1, "person is", "people are")} in line before you. Join the line to get your turn.`,
  limit_reached: ({ members }) =>
    `You can have ${count(members.limit ?? 0, "ticket")} here, and have ${number(members.used ?? 0)}. Release or cancel some to get others.`,
  not_on_sale: ({ members }) =>
    members.opens_at ? `The sale opens on ${dateAndTime(members.opens_at)}. Come back then.` : "The sale has not opened yet. Come back later.",
  sale_paused: () => "The sale is paused, and your time with it. You can join the line; it goes on when the sale does.",
  sale_closed: () => "The sale is closed. What you have booked stays yours.",
  sale_cancelled: () => "The event is cancelled. What you have booked is refunded.",
  already_confirmed: () => "This is booked already: look at your bookings.",
  already_released: () => "These tickets were given back already. Hold tickets again, or join the line.",
  already_cancelled: () => "This booking is cancelled already.",
  invalid_transition: ({ members }) =>
    members.from ? `This event cannot go from ${words(members.from)} to ${words(members.to)}.` : "This event cannot take that step now.",
  capacity_below_committed: ({ members }) =>
    `${count(members.min_capacity ?? 0, "ticket is", "tickets are")} held or booked already. The capacity cannot be less.`,
  event_exists: () => "There is an event with this id already. Choose another id.",
  event_in_use: () => "There have been holds or bookings, so it cannot be removed. Cancel it instead.",
  account_exists: () => "This name is taken. Choose another one, or sign in.",
  queue_full: () => "The line is full. Try again in a while.",
  hold_expired: () => "Time's up: these tickets went to somebody else. Join the line again.",
  session_expired: () => "You were signed out after a long time. Sign in again; your bookings are still there.",
  version_conflict: () => "Somebody else has changed this meanwhile. Look at it again before you change it.",
  request_timeout: () => "The connection is too slow: nothing was done. Try again.",
  body_too_large: () => "This is too much at once. Make it shorter.",
  unsupported_media_type: () => "The server did not understand this page. Reload it.",
  extension_exhausted: () => "There is no more time to be had for these tickets. Book them before the time is up.",
  idempotency_key_reused: () => "This was asked before in another way. Reload the page and try again.",
  rate_limited: (told) => `Too many attempts, or too many holds that were not paid for: nothing was done. ${again(told)}`,
  internal: ({ requestId }) => `Something went wrong at the server. Try again; if it stays so, tell the organiser${requestId ? ` this number: ${requestId}` : ""}.`,
  overloaded: (told) => `Very many people are here right now: nothing was done, nothing of yours is lost. ${again(told)}`,
  recovering: (told) => `The server is just starting: nothing of yours is lost. ${again(told)}`,
  shutting_down: (told) => `The server is being restarted: nothing of yours is lost. ${again(told)}`,
  storage_full: () => "No new tickets can be held at the moment. Booking what you hold goes on.",
  disk_slow: () => "The server is slow at the moment: what you ask for is answered late.",
  timeout: () => "The server took too long, and may have done it. Try again: it is done once at most.",
};

/** The codes that have a sentence. */
export const CODES = Object.keys(SENTENCES);

/**
 * What went wrong and what to do next, in a sentence or two.
 * @param {unknown} error
 * @returns {string}
 */
export function explain(error) {
  if (error instanceof Unreachable) return "The server does not answer. Check your connection; your place and time are safe.";
  if (!(error instanceof Refusal)) return "Something went wrong on this page. Reload it; nothing of yours is lost.";
  return (SENTENCES[error.code] ?? unexpected)(error);
}

/**
 * The sentence of a code alone, as the outcomes of a login have it.
 * @param {string} code
 * @returns {string}
 */
export function explainCode(code) {
  return (SENTENCES[code] ?? unexpected)({ members: {}, retryAfterSeconds: null, requestId: null });
}

function unexpected() {
  return "Something between you and the server gave an answer that makes no sense. Try again in a while.";
}

/** @param {Told} told */
function again({ retryAfterSeconds }) {
  return retryAfterSeconds === null ? "Try again in a moment." : `Try again in ${duration(retryAfterSeconds * 1_000)}.`;
}

/** @param {Record<string, any>} members */
function comeBack({ held, next_expiry_at }) {
  if (!held || !next_expiry_at) return "";
  return ` ${count(held, "ticket is", "tickets are")} held by others, and may come free from ${clockTime(next_expiry_at, clock.nowMs())} on.`;
}

/** @param {Record<string, any>} members */
function faults({ errors }) {
  const texts = (errors ?? []).map((/** @type {any} */ { field, message }) => (field ? `${words(field)} ${message}` : message));
  return texts.length === 0 ? "" : `: ${texts.join("; ")}`;
}

/** @param {string} name */
function words(name) {
  return String(name).replaceAll("_", " ");
}
