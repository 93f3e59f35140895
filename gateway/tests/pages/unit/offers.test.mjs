// Badges, and what can be done about a ticket type.

import assert from "node:assert/strict";
import { test } from "node:test";
import { badgeOf, byStart, isSought, offersOf } from "../../../ui/buyer/offers.js";

const TEN = Date.parse("2026-11-22T10:00:00.000Z");
const NOTHING = /** @type {import("../../../ui/buyer/sale.js").Own} */ ({ holds: [], places: [], bookings: [] });
const thing = /** @type {any} */ ({ ticket_type: "general" });
const [HOLD, PLACE, BOOKING] = [{ ...NOTHING, holds: [thing] }, { ...NOTHING, places: [thing] }, { ...NOTHING, bookings: [thing] }];

/** @param {Record<string, unknown>} [members] @returns {any} */
function event(members) {
  return { id: "gala", name: "Gala", venue: null, starts_at: null, status: "on_sale", sold_out: false, opens_at: null, ...members };
}

test("the badge says what is the user's, and else how the sale stands", () => {
  const rows = /** @type {[any, any, string][]} */ ([
    [{}, NOTHING, "Available"], [{ sold_out: true }, NOTHING, "Sold out"], [{ status: "paused" }, NOTHING, "Paused"], [{ status: "closed" }, NOTHING, "Closed"],
    [{ status: "cancelled" }, HOLD, "Cancelled"], [{ status: "scheduled" }, NOTHING, "Not open yet"],
    [{ status: "scheduled", opens_at: "2026-11-22T12:05:00.000Z" }, NOTHING, "Opens in 2 h 5 min"],
    [{ status: "scheduled", opens_at: "2026-11-22T10:00:45.000Z" }, NOTHING, "Opens in 45 seconds"],
    [{ status: "scheduled", opens_at: "2026-11-22T09:59:59.000Z" }, NOTHING, "Opens now"],
    [{}, HOLD, "Held for you"], [{ sold_out: true }, PLACE, "In line"], [{ status: "closed" }, BOOKING, "Booked"],
    [{}, { ...BOOKING, ...PLACE, bookings: [thing] }, "In line"], [{ status: "paused" }, { ...HOLD, bookings: [thing] }, "Held for you"],
  ]);
  for (const [members, own, text] of rows) assert.equal(badgeOf(event(members), own, TEN).text, text, JSON.stringify(members));
});

test("nobody is offered what the rules would refuse", () => {
  const told = (/** @type {any} */ members, /** @type {any} */ type, own = NOTHING) => {
    const { holds, books, joins } = offersOf(event(members), /** @type {any} */ ({ id: "general", available: 5, waiting: 0, ...type }), own);
    return [holds && "hold", books && "book", joins && "join"].filter(Boolean).join(" ");
  };
  assert.equal(told({}, {}), "hold book");
  assert.equal(told({}, { available: 0 }), "join");
  assert.equal(told({}, { waiting: 1 }), "join");
  assert.equal(told({}, {}, HOLD), "book");
  assert.equal(told({}, {}, PLACE), "");
  assert.equal(told({}, {}, BOOKING), "hold book");
  assert.equal(told({ status: "paused" }, {}), "join");
  assert.equal(told({ status: "paused" }, {}, HOLD), "book");
  assert.equal(told({ status: "scheduled" }, {}), "join");
  assert.equal(told({ status: "closed" }, {}), "");
  assert.equal(told({ status: "closed" }, {}, HOLD), "book");
  assert.equal(told({ status: "cancelled" }, {}, HOLD), "");
  assert.equal(told({}, { id: "vip" }, HOLD), "hold book", "another type of the event");
});

test("the soonest comes first, and what is over last", () => {
  const events = [
    event({ id: "none" }), event({ id: "late", starts_at: "2027-01-01T10:00:00.000Z" }), event({ id: "over", status: "cancelled", starts_at: "2026-01-01T10:00:00.000Z" }),
    event({ id: "soon", starts_at: "2026-12-01T10:00:00.000Z" }),
  ];
  assert.deepEqual(events.sort(byStart).map(({ id }) => id), ["soon", "late", "none", "over"]);
});

test("all words that are sought are in the name or the place", () => {
  const gala = event({ name: "Spring Gala", venue: "Town Hall" });
  for (const [sought, expected] of /** @type {const} */ ([["", true], ["gala", true], ["SPRING hall", true], ["gala river", false]])) assert.equal(isSought(gala, sought), expected);
});
