// The time that a hold has left, and when it is told.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Reminders, phaseOf, timeLeft } from "../../../ui/buyer/time_left.js";

const TEN = Date.parse("2026-11-22T10:00:00.000Z");
const at = (/** @type {number} */ seconds) => new Date(TEN + seconds * 1_000).toISOString();
const ms = (/** @type {number} */ seconds) => TEN + seconds * 1_000;

/** @param {Record<string, unknown>} [members] @returns {any} */
function hold(members) {
  return { id: "gala.1", created_at: at(0), expires_at: at(600), expires_in_ms: 600_000, extensions_left: 2, server_time: at(0), ...members };
}

test("time runs by the server's clock, and ends at the deadline", () => {
  assert.deepEqual(timeLeft(hold(), undefined, ms(10)), { ms: 590_000, isStopped: false });
  assert.deepEqual(timeLeft(hold(), undefined, ms(601)), { ms: 0, isStopped: false });
});

test("time stands still from the pause on, told before it or in it", () => {
  const pause = { sinceMs: ms(100), endedAtMs: null };
  assert.deepEqual(timeLeft(hold(), pause, ms(700)), { ms: 500_000, isStopped: true });
  const told = hold({ server_time: at(300), expires_at: at(800), expires_in_ms: 500_000 });
  assert.deepEqual(timeLeft(told, pause, ms(900)), { ms: 500_000, isStopped: true });
});

test("when the sale goes on, time does not jump before the new deadline has come", () => {
  const pause = { sinceMs: ms(100), endedAtMs: ms(1_000) };
  assert.deepEqual(timeLeft(hold(), pause, ms(1_001)), { ms: 500_000, isStopped: true });
  const moved = hold({ server_time: at(1_000), expires_at: at(1_500) });
  assert.deepEqual(timeLeft(moved, pause, ms(1_001)), { ms: 499_000, isStopped: false });
  assert.deepEqual(timeLeft(hold(), pause, ms(1_004)), { ms: 0, isStopped: false }, "it does not wait for ever");
});

test("the last five minutes and the last one have their phases", () => {
  const rows = /** @type {const} */ ([[300_000, "calm"], [299_999, "soon"], [60_000, "soon"], [59_999, "urgent"], [1, "urgent"], [0, "over"]]);
  for (const [left, phase] of rows) assert.equal(phaseOf(left, false), phase);
  assert.equal(phaseOf(1, true), "stopped");
});

/** What is told and offered while a hold's time passes, looked at each second. @param {any} held @param {Reminders} reminders @param {number} from @param {number} to */
function reminded(held, reminders, from, to) {
  const told = [];
  for (let left = from; left >= to; left--) {
    const { tells, offers } = reminders.look(held, left * 1_000);
    if (tells) told.push(`tell ${left}`);
    if (offers) told.push(`offer ${left}`);
  }
  return told;
}

test("screen readers hear five minutes, one, and 45 seconds, and then more time is offered: once each", () => {
  const reminders = new Reminders();
  assert.deepEqual(reminded(hold(), reminders, 600, 0), ["tell 300", "tell 60", "tell 45", "offer 45"]);
  assert.deepEqual(reminded(hold(), reminders, 45, 0), []);
});

test("who took more time is offered it again, as long as there is more", () => {
  const reminders = new Reminders();
  reminded(hold(), reminders, 600, 40);
  const extended = { expires_at: at(1_160) };
  assert.deepEqual(reminded(hold({ ...extended, extensions_left: 1 }), reminders, 600, 40), ["tell 300", "tell 60", "tell 45", "offer 45"]);
  assert.deepEqual(reminded(hold({ ...extended, extensions_left: 0 }), reminders, 600, 40), ["tell 300", "tell 60", "tell 45"]);
});

test("who wanted no more is not asked again for that hold", () => {
  const reminders = new Reminders();
  reminded(hold(), reminders, 600, 45);
  reminders.dismissed.add("gala.1");
  assert.deepEqual(reminded(hold({ extensions_left: 1 }), reminders, 60, 0), ["tell 60", "tell 45"]);
});

test("a page that is opened late tells what is left, and still offers more", () => {
  assert.deepEqual(reminded(hold(), new Reminders(), 30, 0), ["tell 30", "offer 30"]);
});

test("a hold that never had more than 45 seconds is not offered more at once", () => {
  assert.deepEqual(reminded(hold({ expires_at: at(30) }), new Reminders(), 30, 0), []);
});
