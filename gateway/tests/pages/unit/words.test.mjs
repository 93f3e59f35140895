// Numbers and durations as people read them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { count, countdown, duration, estimate, money, percent } from "../../../ui/words.js";

test("a countdown shows the second that has begun", () => {
  const rows = [[600_000, "10:00"], [599_001, "10:00"], [599_000, "09:59"], [1, "00:01"], [0, "00:00"], [-5, "00:00"], [3_600_000, "1:00:00"], [7_265_000, "2:01:05"]];
  for (const [ms, text] of rows) assert.equal(countdown(Number(ms)), text);
});

test("a duration has one or two units", () => {
  const rows = [[0, "0 seconds"], [1_000, "1 second"], [45_000, "45 seconds"], [60_000, "1 minute"], [61_000, "2 minutes"], [3_600_000, "1 h"], [7_500_000, "2 h 5 min"], [172_800_000, "2 days"], [400_000_000, "4 days"]];
  for (const [ms, text] of rows) assert.equal(duration(Number(ms)), text);
});

test("an estimate is a range in words", () => {
  /** @type {[{low: number, high: number} | null, string][]} */
  const rows = [
    [null, "not known yet"], [{ low: 0, high: 0 }, "less than a minute"], [{ low: 10, high: 59 }, "less than a minute"], [{ low: 10, high: 90 }, "up to 2 minutes"],
    [{ low: 180, high: 360 }, "about 3 to 6 minutes"], [{ low: 300, high: 300 }, "about 5 minutes"], [{ low: 3_600, high: 10_000 }, "about 1 to 3 hours"],
    [{ low: 100_000, high: 300_000 }, "about 1 to 4 days"],
  ];
  for (const [eta, text] of rows) assert.equal(estimate(eta), text);
});

test("one is not many", () => {
  assert.deepEqual([count(1, "ticket"), count(2, "ticket"), count(0, "ticket"), count(1, "person is", "people are")], ["1 ticket", "2 tickets", "0 tickets", "1 person is"]);
});

test("a price is in its currency's minor unit, of which there are not always a hundred", () => {
  const digits = (/** @type {string} */ text) => text.replaceAll(/[^0-9.,]/g, "");
  assert.match(digits(money({ amount: 4_550, currency: "EUR" })), /^45[.,]50$/);
  assert.match(digits(money({ amount: 4_550, currency: "JPY" })), /^4[.,]?550$/);
  assert.match(digits(money({ amount: 4_550, currency: "KWD" })), /^4[.,]550$/);
});

test("0 and 100 percent mean none and all", () => {
  assert.deepEqual([percent(0, 9), percent(1, 100_000), percent(99_999, 100_000), percent(5, 5), percent(1, 3), percent(0, 0)], [0, 1, 99, 100, 33, 0]);
});
