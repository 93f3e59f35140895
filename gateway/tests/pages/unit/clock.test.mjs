// The server's time, whatever the browser's clock does.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ServerClock } from "../../../ui/clock.js";

const TEN = Date.parse("2026-11-22T10:00:00.000Z");
const at = (/** @type {number} */ ms) => new Date(TEN + ms).toISOString();

/** A clock with a monotonic clock that is set by hand. */
function clockByHand() {
  const hand = { ms: 5_000 };
  return { hand, clock: new ServerClock(() => hand.ms) };
}

test("half of the round trip has passed since the server looked at its clock", () => {
  const { hand, clock } = clockByHand();
  hand.ms = 5_200;
  clock.learn(at(0), 5_000);
  assert.equal(clock.nowMs(), TEN + 100);
  hand.ms = 65_200;
  assert.equal(clock.nowMs(), TEN + 60_100);
  assert.equal(clock.untilMs(at(61_000)), 900);
  assert.equal(clock.untilMs(at(0)), 0);
});

test("a quick answer is believed, and a slow one that agrees with it changes nothing", () => {
  const { hand, clock } = clockByHand();
  hand.ms = 5_020;
  clock.learn(at(0), 5_000);
  hand.ms = 7_000;
  // The way there took all of the time.
  clock.learn(at(1_970), 5_100);
  assert.equal(clock.nowMs(), TEN + 1_990);
  hand.ms = 7_004;
  clock.learn(at(1_993), 7_000);
  assert.equal(clock.nowMs(), TEN + 1_995, "a quicker one is taken over");
});

test("after a sleep, in which the monotonic clock stood still, the next answer counts", () => {
  const { hand, clock } = clockByHand();
  hand.ms = 5_010;
  clock.learn(at(0), 5_000);
  hand.ms = 6_000;
  clock.learn(at(600_000), 5_600);
  assert.equal(clock.nowMs(), TEN + 600_200);
});

test("a message is at least as late as it says, and never sets the clock back", () => {
  const { hand, clock } = clockByHand();
  assert.equal(clock.nowMs(), 0);
  clock.learnAtLeast(at(0));
  assert.equal(clock.nowMs(), TEN);
  hand.ms += 1_000;
  clock.learnAtLeast(at(300));
  assert.equal(clock.nowMs(), TEN + 1_000);
  clock.learnAtLeast(at(1_500));
  assert.equal(clock.nowMs(), TEN + 1_500);
});

test("what is no time is not believed", () => {
  const { clock } = clockByHand();
  clock.learn("soon", 5_000);
  clock.learnAtLeast("later");
  assert.equal(clock.nowMs(), 0);
});
