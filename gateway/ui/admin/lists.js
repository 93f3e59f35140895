// The lists: holds, bookings and line of an event, and the sessions of all.

import { clock } from "../clock.js";
import { count, countdown, duration, estimate, number } from "../words.js";
import { act, actOnAll, reasonField } from "./act.js";
import { Field } from "./fields.js";
import { ListView } from "./list_view.js";
import { button, exactTime } from "./panel.js";
import { ask } from "./session.js";

/** @typedef {import("./page.js").Context} Context */
/** @typedef {import("./act.js").Values} Values */

const dash = "–";
const at = (/** @type {string | null} */ time) => (time === null ? dash : exactTime(time));
const millis = (/** @type {string | null} */ time) => (time === null ? 0 : Date.parse(time));
const numberOf = (/** @type {string} */ id) => Number(id.slice(id.lastIndexOf(".") + 1));
const because = (/** @type {Values} */ { reason }) => (reason === "" ? {} : { reason });

/** Columns that several lists have. @type {Record<string, import("./table.js").Column<any>>} */
const COLUMNS = {
  id: { label: "Id", text: ({ id }) => id, sortBy: ({ id }) => numberOf(id) },
  user: { label: "User", text: ({ user }) => user ?? dash, sortBy: ({ user }) => user ?? "" },
  type: { label: "Ticket type", text: ({ ticket_type }) => ticket_type, sortBy: ({ ticket_type }) => ticket_type },
  quantity: { label: "Tickets", text: ({ quantity }) => number(quantity), sortBy: ({ quantity }) => quantity, isNumber: true },
  state: { label: "State", text: ({ state }) => state, sortBy: ({ state }) => state },
};

/**
 * @param {Context} context
 * @param {string} id
 */
export function holdsView(context, id) {
  /** @type {ListView} */
  const list = new ListView(context, id, {
    tab: "holds", title: "Holds", noun: "hold", isOfEvent: true, path: (event) => `/v1/admin/events/${event}/holds`,
    states: [["held", "Held now"], ["confirmed", "Confirmed"], ["released", "Released"], ["expired", "Expired"], ["", "All states"]],
    keyOf: (hold) => hold.id, nameOf: (hold) => hold.id,
    columns: [
      COLUMNS.id, COLUMNS.user, COLUMNS.type, COLUMNS.quantity, COLUMNS.state,
      { label: "Time left", text: (hold) => timeLeft(hold, list.event?.status), sortBy: (hold) => millis(hold.expires_at), isNumber: true, isLive: true },
      { label: "From", text: ({ source }) => (source === "queue" ? "line" : source), sortBy: ({ source }) => source },
      { label: "Since", text: ({ created_at }) => at(created_at), isTime: true, sortBy: ({ created_at }) => millis(created_at) },
    ],
    actions: [
      { label: "Extend", isPossible: isLive, run: (holds) => extend(list, holds) },
      { label: "Release", isPossible: isLive, run: (holds) => release(list, holds) },
    ],
    tool: () => button("Release many", () => releaseMany(list)),
    empty: "Nobody holds tickets of this event now. Holds come here as they are made.",
  });
  return list;
}

/** @param {any} hold */
function isLive({ state }) {
  return state === "held";
}

/**
 * @param {any} hold
 * @param {string} status of its event
 */
function timeLeft(hold, status) {
  if (!isLive(hold)) return dash;
  return status === "paused" ? `${countdown(hold.expires_in_ms)} (stopped)` : countdown(clock.untilMs(hold.expires_at));
}

/**
 * @param {ListView} list
 * @param {any[]} holds
 */
async function release(list, holds) {
  const tickets = holds.reduce((sum, { quantity }) => sum + quantity, 0);
  const isDone = await actOnAll({
    items: holds, noun: "hold", verb: "Release", done: "released", nameOf: ({ id }) => id, tell: list.context.tell,
    body: [`${count(tickets, "ticket")} of ${namesOf(holds)} will be free, or go to who waits in line.`], fields: [reasonField()],
    send: ({ id }, values, idempotencyKey) => ask("DELETE", `/v1/admin/holds/${id}`, { body: because(values), idempotencyKey }),
  });
  if (isDone) list.changed();
}

/**
 * @param {ListView} list
 * @param {any[]} holds
 */
async function extend(list, holds) {
  const seconds = new Field({ name: "seconds", label: "Seconds more", type: "number", value: "300", isRequired: true, hint: "300 are five minutes.", attributes: { min: 1, max: 2_592_000, step: 1 } });
  const isDone = await actOnAll({
    items: holds, noun: "hold", verb: "Extend", done: "extended", nameOf: ({ id }) => id, isDangerous: false, tell: list.context.tell,
    body: [`For ${namesOf(holds)}. It does not count against their own extensions.`], fields: [seconds, reasonField()],
    send: ({ id }, values, idempotencyKey) => ask("POST", `/v1/admin/holds/${id}/extend`, { body: { seconds: Number(values.seconds), ...because(values) }, idempotencyKey }),
  });
  if (isDone) list.changed();
}

/**
 * First what fits is asked, then how many that are.
 * @param {ListView} list
 */
async function releaseMany(list) {
  const { event, context } = list;
  if (event === null) return;
  const path = `/v1/admin/events/${event.id}/holds/release`;
  const user = new Field({ name: "user", label: "Only of this user", value: list.user.value.trim(), attributes: { autocapitalize: "none", placeholder: "of all users" } });
  const type = new Field({ name: "ticket_type", label: "Only of this ticket type (its id)", value: list.type.value, attributes: { autocapitalize: "none", placeholder: "of all ticket types" } });
  /** @type {any} */
  let wish = {};
  let matched = 0;
  const isCounted = await act({
    title: `Release many holds of ${event.name}`, body: ["First it is counted; nothing is released yet."], fields: [reasonField(true), user, type], label: "Count them",
    run: async (values) => {
      wish = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));
      matched = (await ask("POST", path, { body: { ...wish, dry_run: true } })).body.matched;
    },
  });
  if (!isCounted) return;
  if (matched === 0) return context.tell("No live hold fits; nothing was released.", "wait");
  const isDone = await act({
    title: `Release ${count(matched, "hold")}?`, body: [`Live holds of ${event.name}${wish.user ? ` of ${wish.user}` : ""}${wish.ticket_type ? ` for ${wish.ticket_type}` : ""}: ${number(matched)}. They are released one by one; who pays meanwhile keeps theirs.`],
    label: `Release ${count(matched, "hold")}`, isDangerous: true,
    run: async () => {
      // Its key has no effect: a second one would take from those to whom the first one gave.
      const { body } = await ask("POST", path, { body: wish, isOnce: true });
      context.tell(`${number(body.released)} of ${count(body.matched, "hold")} released.`);
    },
  });
  if (isDone) list.changed();
}

/**
 * @param {Context} context
 * @param {string} id
 */
export function bookingsView(context, id) {
  /** @type {ListView} */
  const list = new ListView(context, id, {
    tab: "bookings", title: "Bookings", noun: "booking", isOfEvent: true, path: (event) => `/v1/admin/events/${event}/bookings`,
    states: [["booked", "Booked"], ["cancelled", "Cancelled"], ["", "All states"]],
    keyOf: (booking) => booking.id, nameOf: (booking) => booking.id,
    columns: [
      COLUMNS.id, COLUMNS.user, COLUMNS.type, COLUMNS.quantity, COLUMNS.state,
      { label: "Booked", text: ({ booked_at }) => at(booked_at), isTime: true, sortBy: ({ booked_at }) => millis(booked_at) },
      { label: "Cancelled", text: ({ cancelled_at }) => at(cancelled_at), isTime: true, sortBy: ({ cancelled_at }) => millis(cancelled_at) },
      { label: "Refund due", text: ({ refund_due }) => (refund_due ? "yes" : dash), sortBy: ({ refund_due }) => Number(refund_due) },
    ],
    actions: [{ label: "Cancel booking", isPossible: ({ state }) => state === "booked", run: (bookings) => cancel(list, bookings) }],
    empty: "Nothing is booked yet. Bookings come here as they are made.",
  });
  return list;
}

/**
 * @param {ListView} list
 * @param {any[]} bookings
 */
async function cancel(list, bookings) {
  const tickets = bookings.reduce((sum, { quantity }) => sum + quantity, 0);
  const isDone = await actOnAll({
    items: bookings, noun: "booking", verb: "Cancel", done: "cancelled", nameOf: ({ id }) => id, tell: list.context.tell,
    body: [`${count(tickets, "ticket")} of ${namesOf(bookings)} will be free, or go to who waits in line, and a refund will be due. This cannot be undone.`], fields: [reasonField()],
    send: ({ id }, values, idempotencyKey) => ask("DELETE", `/v1/admin/bookings/${id}`, { body: because(values), idempotencyKey }),
  });
  if (isDone) list.changed();
}

/**
 * @param {Context} context
 * @param {string} id
 */
export function lineView(context, id) {
  return new ListView(context, id, {
    tab: "line", title: "Line", noun: "place", isOfEvent: true, path: (event) => `/v1/admin/events/${event}/queue`,
    keyOf: (place) => `${place.ticket_type} ${place.user} ${place.session}`, nameOf: (place) => place.user ?? place.session,
    columns: [
      { label: "Place", text: ({ position }) => number(position), sortBy: ({ position }) => position, isNumber: true },
      COLUMNS.user, COLUMNS.type, COLUMNS.quantity,
      { label: "Joined", text: ({ joined_at }) => at(joined_at), isTime: true, sortBy: ({ joined_at }) => millis(joined_at) },
      { label: "Likely wait", text: ({ eta_seconds }) => estimate(eta_seconds), sortBy: ({ eta_seconds }) => eta_seconds?.high ?? Infinity },
      { label: "At the latest", text: ({ wait_ends_by }) => (wait_ends_by === null ? "not known" : at(wait_ends_by)), isTime: true, sortBy: ({ wait_ends_by }) => millis(wait_ends_by) || Infinity },
    ],
    actions: [], empty: "Nobody waits in line. People join when nothing is free.",
  });
}

/**
 * @param {Context} context
 * @param {string} id
 */
export function sessionsView(context, id) {
  /** @type {ListView} */
  const list = new ListView(context, id, {
    tab: "sessions", title: "Sessions", noun: "session", isOfEvent: false, path: () => "/v1/admin/sessions",
    keyOf: (session) => session.id, nameOf: (session) => session.user,
    columns: [
      { label: "User", text: ({ user }) => user, sortBy: ({ user }) => user },
      { label: "Login", text: ({ login_seq }) => number(login_seq), sortBy: ({ login_seq }) => login_seq, isNumber: true },
      { label: "Class", text: (session) => session.class, sortBy: (session) => session.class },
      { label: "Logged in", text: ({ logged_in_at }) => at(logged_in_at), isTime: true, sortBy: ({ logged_in_at }) => millis(logged_in_at) },
      { label: "Last seen", text: ({ last_seen_at }) => ago(last_seen_at), sortBy: ({ last_seen_at }) => millis(last_seen_at), isLive: true },
      { label: "Ends", text: ({ expires_at }) => `in ${duration(clock.untilMs(expires_at))}`, sortBy: ({ expires_at }) => millis(expires_at), isLive: true },
      { label: "Holds", text: ({ holds }) => number(holds), sortBy: ({ holds }) => holds, isNumber: true },
      { label: "Bookings", text: ({ bookings }) => number(bookings), sortBy: ({ bookings }) => bookings, isNumber: true },
    ],
    actions: [{ label: "End session", isPossible: () => true, run: (sessions) => end(list, sessions) }],
    empty: "Nobody is logged in.",
  });
  return list;
}

/** @param {string} time */
function ago(time) {
  const ms = clock.nowMs() - Date.parse(time);
  return ms < 5_000 ? "now" : `${duration(ms)} ago`;
}

/**
 * @param {ListView} list
 * @param {any[]} sessions
 */
async function end(list, sessions) {
  const holds = sessions.reduce((sum, { holds }) => sum + holds, 0);
  const isDone = await actOnAll({
    items: sessions, noun: "session", verb: "End", done: "ended", nameOf: ({ user }) => `of ${user}`, tell: list.context.tell,
    body: [`${count(holds, "live hold")} will be released, and places in line given up. Bookings stay.`], fields: [reasonField()],
    send: ({ id }, values, idempotencyKey) => ask("DELETE", `/v1/admin/sessions/${id}`, { body: because(values), idempotencyKey }),
  });
  if (isDone) list.changed();
}

/** Whose they are, as far as there is room. @param {any[]} items */
function namesOf(items) {
  const names = [...new Set(items.map(({ user }) => user ?? "somebody"))];
  return names.length <= 3 ? names.join(", ") : `${names.slice(0, 2).join(", ")} and ${count(names.length - 2, "other")}`;
}
