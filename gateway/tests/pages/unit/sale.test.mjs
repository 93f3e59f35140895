// What the buyers' page knows, told in any order.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Sale } from "../../../ui/buyer/sale.js";

const TEN = Date.parse("2026-11-22T10:00:00.000Z");
const at = (/** @type {number} */ seconds) => new Date(TEN + seconds * 1_000).toISOString();

/** @param {Record<string, unknown>} [members] @returns {any} */
function event(members) {
  return { id: "gala", name: "Gala", status: "on_sale", seq: 1, server_time: at(0), ...members };
}

/** @param {Record<string, unknown>} [members] @returns {any} */
function hold(members) {
  return { id: "gala.1", event: "gala", ticket_type: "general", quantity: 1, state: "held", source: "request", created_at: at(0), expires_at: at(600), server_time: at(0), ...members };
}

/** @param {Record<string, unknown>} [members] @returns {any} */
function place(members) {
  return { event: "gala", ticket_type: "general", quantity: 1, ahead: 3, state: "waiting", server_time: at(0), ...members };
}

test("what is older than what is known changes nothing", () => {
  const sale = new Sale();
  sale.tellEvent(event({ seq: 5, server_time: at(5), available: 7 }));
  sale.tellEvent(event({ seq: 4, server_time: at(4), available: 8 }));
  assert.equal(/** @type {any} */ (sale.events.get("gala")).available, 7);
  sale.tell("hold", hold({ server_time: at(5), expires_at: at(900) }));
  sale.tell("hold", hold({ server_time: at(4) }));
  assert.equal(sale.holds.get("gala.1")?.expires_at, at(900));
  sale.tell("hold", hold({ state: "released", server_time: at(6) }));
  sale.tell("hold", hold({ server_time: at(5) }));
  assert.equal(sale.holds.size, 0, "what is gone does not come back by an old message");
});

test("an answer that was asked for before something came takes it not away", () => {
  const sale = new Sale();
  sale.tell("hold", hold({ server_time: at(5) }));
  sale.tell("queue", place({ server_time: at(1) }));
  sale.tellEvent(event({ server_time: at(5) }));
  sale.replaceOwn({ holds: [], bookings: [], queue: [] }, at(4));
  sale.replaceEvents([], at(4));
  assert.deepEqual([sale.holds.size, sale.places.size, sale.events.size], [1, 0, 1]);
  sale.replaceOwn({ holds: [], bookings: [], queue: [] }, at(6));
  assert.equal(sale.holds.size, 0);
});

test("a booking ends the hold that it comes from", () => {
  const sale = new Sale();
  sale.tell("hold", hold());
  sale.tell("booking", { id: "gala.1", event: "gala", ticket_type: "general", quantity: 1, state: "booked", booked_at: at(1), server_time: at(1) });
  assert.deepEqual([sale.holds.size, sale.bookings.size, sale.own("gala").bookings.length], [0, 1, 1]);
});

test("what the line gives is told once, and ends the place", () => {
  const granted = /** @type {string[]} */ ([]);
  const sale = new Sale({ onGranted: ({ id }) => void granted.push(id) });
  sale.tell("queue", place());
  assert.equal(sale.own("gala").places.length, 1);
  sale.tell("hold", hold({ source: "queue", server_time: at(1) }));
  sale.tell("queue", place({ state: "granted", server_time: at(1) }));
  sale.tell("hold", hold({ source: "queue", server_time: at(2) }));
  assert.deepEqual([granted, sale.places.size, sale.own("gala").holds.length], [["gala.1"], 0, 1]);
});

test("an expired hold stays until the user has seen it; what expired before is nobody's concern", () => {
  const sale = new Sale();
  sale.tell("hold", hold());
  sale.tell("hold", hold({ state: "expired", server_time: at(600) }));
  sale.tell("hold", hold({ id: "gala.2", state: "expired", server_time: at(600) }));
  assert.deepEqual([...sale.holds.keys()], ["gala.1"]);
  assert.equal(sale.own("gala").holds.length, 0);
  sale.replaceOwn({ holds: [], bookings: [], queue: [] });
  assert.equal(sale.holds.size, 1);
  sale.dismiss("gala.1");
  assert.equal(sale.holds.size, 0);
});

test("a source that begins afresh tells all there is: the rest is gone", () => {
  const sale = new Sale();
  sale.tell("hold", hold());
  sale.tell("hold", hold({ id: "gala.2", server_time: at(0) }));
  sale.tell("queue", place());
  sale.tell("server", { status: "fresh" });
  sale.tell("hold", hold({ id: "gala.2", server_time: at(3) }));
  assert.equal(sale.holds.size, 2, "nothing goes before all is told");
  sale.tell("server", { status: "current" });
  assert.deepEqual([[...sale.holds.keys()], sale.places.size], [["gala.2"], 0]);
});

test("a source that goes on where it was cut takes nothing away", () => {
  const sale = new Sale();
  sale.tell("hold", hold());
  sale.tell("server", { status: "resumed" });
  sale.tell("server", { status: "current" });
  assert.equal(sale.holds.size, 1);
});

test("events that are listed no more are gone, with their cards", () => {
  const told = /** @type {string[]} */ ([]);
  const sale = new Sale({ onEvent: (id) => void told.push(id) });
  sale.replaceEvents([event(), event({ id: "ball" })]);
  sale.replaceEvents([event()]);
  assert.deepEqual([[...sale.events.keys()], told], [["gala"], ["gala", "ball", "ball"]]);
});

test("the last pause of an event is remembered with its end", () => {
  const sale = new Sale();
  sale.tellEvent(event());
  sale.tellEvent(event({ status: "paused", seq: 2, server_time: at(10) }));
  sale.tellEvent(event({ status: "paused", seq: 3, server_time: at(20) }));
  assert.deepEqual(sale.pauses.get("gala"), { sinceMs: TEN + 10_000, endedAtMs: null });
  sale.tellEvent(event({ seq: 4, server_time: at(30) }));
  assert.deepEqual(sale.pauses.get("gala"), { sinceMs: TEN + 10_000, endedAtMs: TEN + 30_000 });
});
