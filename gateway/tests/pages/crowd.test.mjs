// Many events and many holds on one page, while figures stream in: the page must stay quick to the touch.

import assert from "node:assert/strict";
import { card, region } from "./buyers_page.mjs";
import { eventually, seen } from "./eventually.mjs";
import { scene } from "./scene.mjs";
import { tasksWhile } from "./tasks.mjs";

const EVENTS = 500;
const HOLDS = 200;
/** So many bookings in each of so many windows of time. */
const BOOKINGS = 300;
const WINDOWS = 3;
/** A task that keeps the page from answering for longer than this is felt. */
const TASK_MS_MAX = 50;
const AT_ONCE = 16;
/** How long all of this may take to be shown. */
const SETTLED_MS = 60_000;

/**
 * Does all of it, so many at once.
 * @param {number} count
 * @param {(index: number) => Promise<unknown>} work
 */
async function forEach(count, work) {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** @typedef {import("playwright-core").ElementHandle<Node> | null} Handle */

/**
 * Searching a page of this size by role and name is more work for it than anything it does itself: what is looked at while it
 * is measured is found before.
 * @param {Handle} handle
 * @param {string} selector
 */
async function count(handle, selector) {
  return handle?.evaluate((node, selector) => /** @type {Element} */ (node).querySelectorAll(selector).length, selector);
}

/** @param {Handle} handle @returns {Promise<string>} */
async function textIn(handle) {
  return (await handle?.evaluate((node) => node.textContent)) ?? "";
}

scene(`${EVENTS} events and ${HOLDS} holds: no task takes ${TASK_MS_MAX} ms while figures stream in`, async ({ sale, open }) => {
  const id = (/** @type {number} */ index) => `event-${String(index + 1).padStart(3, "0")}`;
  await forEach(EVENTS, (index) => sale.event(id(index), { capacity: 1_000, max_per_hold: 10, max_per_user: 1_000 }));
  const ann = await sale.login("ann");
  const bob = await sale.login("bob");
  await forEach(HOLDS, (index) => ann.hold(id(index)));

  const { page } = await open("/", { buyer: ann });
  await seen(page.getByRole("status").filter({ hasText: "Live" }));
  const [mine, all] = await Promise.all(["My holds", "Events"].map((name) => region(page, name).elementHandle()));
  await eventually("all is shown", async () => (await count(mine, "article")) === HOLDS && (await count(all, "article")) === EVENTS, SETTLED_MS);
  const last = await card(page, `Event ${EVENTS}`).elementHandle();

  const longest = [];
  for (let window = 1; window <= WINDOWS; window++) {
    const { longMs, longestMs, totalMs, wallMs } = await tasksWhile(page, async () => {
      await forEach(BOOKINGS, (index) => bob.book(id((index * 7) % EVENTS)));
      // The last figure that was to come has come.
      const { event } = await bob.book(id(EVENTS - 1));
      const { booked } = await sale.read(event);
      await eventually("the last figure", async () => (await textIn(last)).includes(`Booked${booked}Held`), SETTLED_MS);
    });
    longest.push(longestMs);
    console.log(`window ${window}: ${BOOKINGS} bookings in ${wallMs.toFixed(0)} ms; the page took ${totalMs.toFixed(0)} ms of a processor, `
      + `its longest task ${longestMs.toFixed(1)} ms; by the clock on the wall, ${longMs.length} tasks were long (${longMs.join(", ")} ms)`);
  }
  assert.ok(longest.every((ms) => ms > 0), "the tasks were not measured");
  assert.ok(Math.max(...longest) < TASK_MS_MAX, `the longest task of each window: ${longest.join(", ")} ms`);
}, { settings: { "limits.enabled": "false" } });
