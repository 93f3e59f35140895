// Refusals in words.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Refusal, Unreachable, secondsUntilRetry } from "../../../ui/api.js";
import { CODES, explain, explainCode } from "../../../ui/refusals.js";

/**
 * @param {number} status
 * @param {Record<string, unknown>} problem
 * @param {Record<string, string>} [headers]
 */
function refusal(status, problem, headers = {}) {
  return new Refusal(status, problem, new Headers(headers));
}

test("each code has a whole sentence, also without members", () => {
  for (const code of CODES) {
    for (const text of [explainCode(code), explain(refusal(409, { code }))]) {
      assert.match(text, /^[A-Z0-9].*[.]$/, code);
      assert.doesNotMatch(text, /undefined|null|NaN|Invalid|_/, code);
    }
  }
});

test("the members of a refusal are told", () => {
  const rows = /** @type {const} */ ([
    [{ code: "queue_ahead", ahead: 7 }, /^7 people are in line before you/],
    [{ code: "limit_reached", limit: 4, used: 3 }, /4 tickets here, and have 3/],
    [{ code: "insufficient_capacity", available: 1, requested: 4 }, /^Only 1 ticket left, and you asked for 4/],
    [{ code: "capacity_below_committed", min_capacity: 12 }, /^12 tickets are held or booked/],
    [{ code: "invalid_transition", from: "closed", to: "on_sale" }, /from closed to on sale/],
    [{ code: "validation_failed", errors: [{ field: "user", message: "must have at least 1 character" }] }, /user must have at least 1 character/],
    [{ code: "sold_out", available: 0, held: 3, next_expiry_at: "2026-11-22T10:00:00.000Z" }, /3 tickets are held by others/],
  ]);
  for (const [problem, expected] of rows) assert.match(explain(refusal(409, problem)), expected);
});

test("who has to wait is told how long", () => {
  for (const code of ["rate_limited", "overloaded", "recovering", "shutting_down"]) {
    assert.match(explain(refusal(503, { code }, { "retry-after": "90" })), /Try again in 2 minutes\.$/, code);
    assert.match(explain(refusal(503, { code })), /Try again in a moment\.$/, code);
  }
});

test("the number of a fault can be told to the organiser", () => {
  assert.match(explain(refusal(500, { code: "internal" }, { "x-request-id": "4711" })), /4711/);
});

test("what is no refusal of the server has words, too", () => {
  assert.match(explain(new Unreachable("cut")), /does not answer/);
  assert.match(explain(refusal(502, {})), /Something between you and the server/);
  assert.match(explain(new TypeError("a bug")), /Reload/);
});

test("a change is tried again where nobody knows what became of it, or nothing was done", () => {
  const seconds = (/** @type {unknown} */ error, attempt = 1) => secondsUntilRetry(error, attempt, 0.5);
  assert.equal(seconds(new Unreachable("cut")), 0.4);
  assert.equal(seconds(new Unreachable("cut"), 3), 1.6, "longer each time");
  assert.equal(seconds(refusal(504, { code: "timeout" })), 0.4);
  assert.equal(seconds(refusal(503, { code: "overloaded" }, { "retry-after": "3" })), 3);
  assert.equal(seconds(refusal(503, { code: "overloaded" }, { "retry-after": "60" })), null, "the user decides");
  assert.equal(seconds(refusal(503, { code: "storage_full" }, { "retry-after": "1" })), null);
  for (const status of [400, 401, 409, 410, 429, 500]) assert.equal(seconds(refusal(status, {})), null, String(status));
  assert.equal(seconds(new TypeError("a bug")), null);
});
