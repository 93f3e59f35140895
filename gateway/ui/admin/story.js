// Changes of the audit trail in words.

import { count, dateAndTime } from "../words.js";

/** @typedef {Record<string, any>} Change */

const tickets = (/** @type {Change} */ { quantity, ticket_type }) => `${count(quantity ?? 0, "ticket")}${ticket_type ? ` (${ticket_type})` : ""}`;
const user = (/** @type {Change} */ change) => change.user ?? (change.session ? `session ${change.session}` : "somebody");

/** @type {Record<string, (change: Change) => string>} */
const SENTENCES = {
  event_created: ({ event }) => `${event} was created`,
  event_changed: ({ event }) => `${event} was changed`,
  event_deleted: ({ event }) => `${event} was deleted`,
  status_changed: ({ event, reason }) => `${event} went from ${words(stepOf(reason))}`,
  capacity_changed: ({ event, ticket_type, quantity }) => `${event}: ${count(quantity ?? 0, "ticket")} of ${ticket_type} from now on`,
  session_opened: (change) => `${user(change)} logged in, as number ${change.login_seq}`,
  session_ended: (change) => `The session of ${user(change)} ended`,
  token_issued: (change) => `${user(change)} logged in again`,
  queue_joined: (change) => `${user(change)} joined the line of ${change.event} for ${tickets(change)}`,
  queue_left: (change) => `${user(change)} left the line of ${change.event}`,
  queue_dropped: (change) => `${user(change)} was dropped from the line of ${change.event}`,
  waiter_skipped: (change) => `${user(change)} was passed over in the line of ${change.event}, and keeps the place`,
  waiter_served: (change) => `${user(change)} took tickets of ${change.event} by themselves, and gave up the place in line`,
  waiter_returned: (change) => `${user(change)} came back to the line of ${change.event}`,
  hold_placed: (change) => `${tickets(change)} set aside for ${user(change)}: ${change.hold}`,
  hold_amended: (change) => `${change.hold} of ${user(change)} is for ${tickets(change)} now`,
  hold_extended: (change) => `${change.hold} of ${user(change)} got more time`,
  hold_confirmed: (change) => `${user(change)} booked ${tickets(change)} held as ${change.booking ?? change.hold}`,
  hold_released: (change) => `${tickets(change)} of ${user(change)} came free: ${change.hold} was released`,
  hold_expired: (change) => `${tickets(change)} of ${user(change)} came free: the time of ${change.hold} was up`,
  booking_placed: (change) => `${user(change)} booked ${tickets(change)} directly: ${change.booking}`,
  booking_cancelled: (change) => `${change.booking} of ${user(change)} was cancelled: ${tickets(change)}, refund due`,
  clocks_shifted: ({ event }) => `The deadlines of ${event} moved later`,
  answer_remembered: ({ event }) => `${event} keeps an answer, should it be asked again`,
  account_added: (change) => `${user(change)} got an account`,
  account_removed: (change) => `The account of ${user(change)} was removed`,
  password_changed: (change) => `${user(change)} got another password`,
  user_described: (change) => `What is known of ${user(change)} changed`,
  admin_acted: acted,
};

/** The kinds of changes that have a sentence. */
export const KINDS = Object.keys(SENTENCES);

/**
 * What happened.
 * @param {Change} change
 */
export function sentence(change) {
  return (SENTENCES[change.kind] ?? (({ kind }) => words(kind)))(change);
}

/**
 * On whose account.
 * @param {Change} change
 */
export function who(change) {
  if (change.by === "user") return user(change);
  return change.by === "system" ? "the system" : `${change.by.replace("admin:", "")} (organiser)`;
}

/**
 * The reason that somebody gave, or what the change itself says of it.
 * @param {Change} change
 * @returns {string | null}
 */
export function why({ kind, reason }) {
  if (kind !== "status_changed" || reason === null) return reason;
  return reason.slice(stepOf(reason).length + 2) || null;
}

/** A change of status has its step before the reason: `on_sale to paused: the fire alarm`. @param {string | null} reason */
function stepOf(reason) {
  return /^\w+ to \w+/.exec(reason ?? "")?.[0] ?? "one status to another";
}

/** @param {Change} change */
function acted({ act, event, hold, booking, user: of, session }) {
  if (act === null) return "An organiser acted";
  /** @type {Record<string, string | null>} */
  const names = { event, hold, booking, session: of ?? session, account: of };
  const difference = (/** @type {any} */ { field, before, after }) => `${words(field)} ${before === null ? "" : `${value(field, before)} → `}${value(field, after)}`;
  const differences = act.differences.map(difference);
  return `Organiser: ${words(act.action)}, ${act.about} ${names[act.about] ?? ""}${differences.length === 0 ? "" : `. ${differences.join(", ")}`}`;
}

/**
 * @param {string} field
 * @param {string | null} text
 */
function value(field, text) {
  if (text === null) return "nothing";
  return field.endsWith("_at") ? dateAndTime(text) : text;
}

/** @param {string} name */
function words(name) {
  return name.replaceAll("_", " ");
}
