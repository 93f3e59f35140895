// The steps of an event's life, each with what it will do.

import { element } from "../render.js";
import { count, number } from "../words.js";
import { act, reasonField } from "./act.js";
import { Field } from "./fields.js";
import { ask, problem } from "./session.js";

/** @typedef {import("./page.js").Context} Context */
/** @typedef {{label: string, kind: string, run: (context: Context, event: any) => Promise<void>}} Step */

/** Of how many pages of bookings are counted, 200 each. */
const PAGES_MAX = 10;

/**
 * What can be done with an event as it is.
 * @param {any} event
 * @returns {Step[]}
 */
export function steps({ status, booked, held }) {
  const open = step("Open sale", "on_sale", "primary", () => ["Tickets can be held and booked at once. Whoever waits in the lobby is served first, in order."]);
  const schedule = step("Schedule", "scheduled", "", (event) => [
    event.opens_at === null ? "The public sees the event. The sale opens when you open it: no opening time is set." : "The public sees the event, and the sale opens by itself at its time."]);
  const pause = step("Pause", "paused", "", (event) => [`Nothing more is held or granted, and the time of ${count(event.held, "held ticket")} stands still. What is held can be booked.`]);
  const resume = step("Resume", "on_sale", "primary", () => ["Holds go on with the time they had left, and what is free goes to the line."]);
  const close = step("Close sale", "closed", "", (event) => [`For good: it cannot be opened again. ${count(event.waiting, "person", "people")} in line ${event.waiting === 1 ? "is" : "are"} dropped; what is held can be booked until its time is up.`]);
  const cancel = { label: "Cancel event", kind: "danger-quiet", run: cancelEvent };
  const remove = { label: "Delete", kind: "", run: removeEvent };
  /** @type {Record<string, Step[]>} */
  const possible = {
    draft: [open, schedule, cancel], scheduled: [open, cancel], on_sale: [pause, close, cancel], paused: [resume, close, cancel], closed: [], cancelled: [],
  };
  return booked + held === 0 ? [...possible[status], remove] : possible[status];
}

/**
 * @param {string} label
 * @param {string} status
 * @param {string} kind
 * @param {(event: any) => string[]} body
 * @returns {Step}
 */
function step(label, status, kind, body) {
  const run = async (/** @type {Context} */ context, /** @type {any} */ event) => {
    const isDone = await act({
      title: `${label}: ${event.name}?`, body: body(event), fields: [reasonField()], label, isDangerous: status === "closed",
      run: async ({ reason }, key) => {
        await setStatus(event, status, reason, key);
        context.tell(`${label}: done for ${event.name}.`);
      },
    });
    if (isDone) context.refreshNow();
  };
  return { label, kind, run };
}

/**
 * @param {any} event
 * @param {string} status
 * @param {string | boolean} reason
 * @param {string} idempotencyKey
 */
function setStatus(event, status, reason, idempotencyKey) {
  return ask("PUT", `/v1/admin/events/${event.id}/status`, { body: { status, ...(reason !== "" && { reason }) }, idempotencyKey });
}

/**
 * @param {Context} context
 * @param {any} event
 */
async function cancelEvent(context, event) {
  /** @type {string[]} */
  let effects;
  try {
    effects = await effectsOfCancelling(event);
  } catch (error) {
    return context.tell(problem(error), "bad");
  }
  const typed = new Field({ name: "typed", label: `Type ${event.id} to confirm`, isRequired: true, attributes: { autocomplete: "off", spellcheck: "false", pattern: event.id, title: `The id of the event: ${event.id}` } });
  const list = element("ul", { class: "effects" }, ...effects.map((effect) => element("li", {}, effect)));
  const isDone = await act({
    title: `Cancel ${event.name}?`, body: ["This cannot be undone. It will:", list], fields: [reasonField(), typed], label: "Cancel event", isDangerous: true,
    // The browser lets nobody submit until the id is there.
    run: async ({ reason }, key) => {
      await setStatus(event, "cancelled", reason, key);
      context.tell(`${event.name} is cancelled.`);
    },
  });
  if (isDone) context.refreshNow();
}

/**
 * What a cancellation would do to how many, as of now.
 * @param {any} event
 */
async function effectsOfCancelling(event) {
  const path = `/v1/admin/events/${event.id}`;
  const { body: now } = await ask("GET", path);
  const { body: holds } = await ask("POST", `${path}/holds/release`, { body: { reason: "counting what a cancellation would release", dry_run: true } });
  const bookings = await countBookings(path);
  return [
    `release ${count(holds.matched, "hold")} of ${count(now.held, "ticket")}`,
    `drop ${count(now.waiting, "person", "people")} from the line`,
    `cancel ${bookings} of ${count(now.booked, "ticket")}, with a refund due for each`,
  ];
}

/** @param {string} path */
async function countBookings(path) {
  let [found, cursor, pages] = [0, "", 0];
  do {
    const { body } = await ask("GET", `${path}/bookings?state=booked&limit=200${cursor && `&cursor=${cursor}`}`);
    found += body.items.length;
    cursor = body.next_cursor ?? "";
  } while (cursor !== "" && ++pages < PAGES_MAX);
  return cursor === "" ? count(found, "booking") : `more than ${number(found)} bookings`;
}

/**
 * @param {Context} context
 * @param {any} event
 */
async function removeEvent(context, event) {
  const isDone = await act({
    title: `Delete ${event.name}?`, body: ["It is gone for good. Only an event that never had a hold or booking can be deleted."], fields: [reasonField()], label: "Delete", isDangerous: true,
    run: async ({ reason }, idempotencyKey) => {
      await ask("DELETE", `/v1/admin/events/${event.id}`, { body: reason === "" ? {} : { reason }, idempotencyKey });
    },
  });
  if (!isDone) return;
  context.go("#/events", `${event.name} is deleted.`);
}
