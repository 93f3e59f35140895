// What buyers do on their page, with their own hands and eyes.

import assert from "node:assert/strict";
import { button, card, hold, region, secondsLeft, signIn, timer } from "./buyers_page.mjs";
import { eventually, gone, seen, textOf } from "./eventually.mjs";
import { scene } from "./scene.mjs";

const HOUR_MS = 3_600_000;

scene("a buyer signs in and finds a ticket set aside", async ({ sale, open }) => {
  await sale.event("spring-gala", { auto_hold: 1, venue: "Old Town Hall", capacity: 5 });
  const { page } = await open("/");
  await textOf(card(page, "Spring Gala"), /Available/);
  await signIn(page, "ann");
  await textOf(hold(page, "Spring Gala"), /1 ticket/);
  await textOf(card(page, "Spring Gala"), /Held for you/);
  await textOf(timer(hold(page, "Spring Gala")), /^(10:00|09:5\d)$/);
  await button(page, "Sign out").click();
  // Signing out gives back what is held, so the page asks first.
  await textOf(page.getByRole("dialog"), /You give back 1 hold/);
  await button(page.getByRole("dialog"), "Sign out").click();
  await seen(button(page, "Sign in"));
  assert.equal((await sale.read("spring-gala")).held, 0);
});

for (const [words, clockWrongByMs] of /** @type {const} */ ([["an hour fast", HOUR_MS], ["an hour slow", -HOUR_MS]])) {
  scene(`the countdown agrees with the server though the browser's clock is ${words}`, async ({ sale, open }) => {
    await sale.event("spring-gala");
    const ann = await sale.login("ann");
    const { id } = await ann.hold("spring-gala");
    const { page } = await open("/", { buyer: ann, clockWrongByMs });
    const countdown = timer(hold(page, "Spring Gala"));
    const wrongByMs = (await page.evaluate(() => Date.now())) - Date.now();
    assert.ok(Math.abs(wrongByMs - clockWrongByMs) < 60_000, "the browser's clock is as wrong as it should be");

    const agrees = async () => {
      const before = await ann.call("GET", `/v1/holds/${id}`);
      const shown = await secondsLeft(countdown);
      const after = await ann.call("GET", `/v1/holds/${id}`);
      // A second that has begun is shown as a whole one: 10:00 is anything above 599 seconds.
      assert.ok(shown - 1 <= before.expires_in_ms / 1_000 + 1, `${shown} s are shown, and ${before.expires_in_ms} ms were left`);
      assert.ok(shown >= after.expires_in_ms / 1_000 - 1, `${shown} s are shown, and ${after.expires_in_ms} ms are left`);
      return shown;
    };
    const first = await agrees();
    await eventually("the countdown ticks", async () => (await secondsLeft(countdown)) <= first - 3);
    await agrees();
  });
}

scene("time runs out, and one click joins the line again", async ({ sale, open }) => {
  await sale.event("spring-gala", { capacity: 1, hold_seconds: 3 });
  const ann = await sale.login("ann");
  const bob = await sale.login("bob");
  await ann.hold("spring-gala");
  // Whoever waits gets the ticket when the time is up, so that there is a line to join again.
  await bob.join("spring-gala");
  const { page } = await open("/", { buyer: ann });
  await seen(timer(hold(page, "Spring Gala")));
  await seen(page.getByText(/Time.s up/).first());
  await button(page, "Join the line again").first().click();
  await textOf(card(page, "Spring Gala"), /In line|Held for you/);
  await eventually("ann is in line, or has the ticket", async () => {
    const { queue, holds } = await ann.own();
    return queue.length === 1 || holds.some(({ state }) => state === "held");
  });
});

scene("what one buyer releases, the next in line sees within a second", async ({ sale, open }) => {
  await sale.event("spring-gala", { capacity: 1 });
  const ann = await sale.login("ann");
  const bob = await sale.login("bob");
  await ann.hold("spring-gala");
  await bob.join("spring-gala");
  const [{ page: anns }, bobs] = [await open("/", { buyer: ann }), await open("/", { buyer: bob })];
  await textOf(card(bobs.page, "Spring Gala"), /In line/);
  await seen(bobs.page.getByRole("status").filter({ hasText: "Live" }));
  await bobs.page.evaluate(() => void (/** @type {any} */ (globalThis).isSamePage = true));
  const asked = bobs.requests.length;

  await button(hold(anns, "Spring Gala"), "Release").click();
  const releasing = button(anns.getByRole("dialog"), "Release");
  await seen(releasing);
  await releasing.click();
  const startMs = performance.now();
  await textOf(card(bobs.page, "Spring Gala"), /Held for you/);
  const tookMs = performance.now() - startMs;
  await seen(bobs.page.getByRole("alert").filter({ hasText: /It is your turn/ }));
  assert.match(await bobs.page.title(), /^Your tickets are here/);

  console.log(`from one buyer's click to the other's page: ${tookMs.toFixed(0)} ms`);
  assert.ok(tookMs < 1_000, `${tookMs} ms`);
  assert.ok(await bobs.page.evaluate(() => /** @type {any} */ (globalThis).isSamePage), "the page was loaded again");
  const calls = bobs.requests.slice(asked).filter((request) => request.includes(" /v1/"));
  assert.deepEqual(calls, [], "the page asked for it");
});

scene("a buyer books what is held, and cancels the booking", async ({ sale, open }) => {
  await sale.event("spring-gala", { capacity: 2 });
  const ann = await sale.login("ann");
  await ann.hold("spring-gala", { quantity: 2 });
  const { page } = await open("/", { buyer: ann });
  await button(hold(page, "Spring Gala"), "Book").click();
  await textOf(region(page, "My bookings"), /Spring Gala/);
  await textOf(card(page, "Spring Gala"), /Booked/);
  await gone(hold(page, "Spring Gala"));
  assert.equal((await sale.read("spring-gala")).booked, 2);

  await button(region(page, "My bookings"), "Cancel booking").click();
  await button(page.getByRole("dialog"), "Cancel booking").click();
  await eventually("the tickets are free", async () => (await sale.read("spring-gala")).available === 2);
  await textOf(card(page, "Spring Gala"), /Available/);
});

scene("while the sale is paused the clocks stand still", async ({ sale, open }) => {
  await sale.event("spring-gala");
  await sale.event("summer-fair");
  const ann = await sale.login("ann");
  await ann.hold("spring-gala");
  await ann.hold("summer-fair");
  const { page } = await open("/", { buyer: ann });
  const [stopped, running] = [timer(hold(page, "Spring Gala")), timer(hold(page, "Summer Fair"))];
  await sale.move("spring-gala", "paused", "the hall is being checked");
  await textOf(hold(page, "Spring Gala"), /paused/i);
  const [stoppedAt, runningAt] = [await secondsLeft(stopped), await secondsLeft(running)];
  await eventually("the other clock runs", async () => (await secondsLeft(running)) <= runningAt - 2);
  assert.equal(await secondsLeft(stopped), stoppedAt);

  await sale.move("spring-gala", "on_sale");
  await eventually("the clock runs again", async () => (await secondsLeft(stopped)) <= stoppedAt - 2);
  await textOf(card(page, "Spring Gala"), /Held for you/);
});

/** Runs in the page: keeps what screen readers are told, as they hear it: what is there when a script has done its work. */
function listen() {
  const heard = /** @type {string[]} */ ([]);
  Object.assign(globalThis, { heard });
  new MutationObserver((records) => {
    for (const { target } of records) {
      const region = (target instanceof Element ? target : target.parentElement)?.closest("[aria-live]");
      if (region?.textContent) heard.push(region.textContent);
    }
  }).observe(document, { subtree: true, childList: true, characterData: true });
}

scene("five minutes and one minute before the end are seen by a colour, and heard", async ({ sale, open }) => {
  const ann = await sale.login("ann");
  for (const [id, hold_seconds] of /** @type {const} */ ([["calm-hour", 600], ["soon-over", 301], ["last-call", 61]])) {
    await sale.event(id, { hold_seconds });
    await ann.hold(id);
  }
  const { page, url } = await open("/docs/errors", { buyer: ann });
  await page.addInitScript(listen);
  await page.goto(`${url}/`);
  const heard = () => page.evaluate(() => /** @type {{heard: string[]}} */ (/** @type {unknown} */ (globalThis)).heard.join("\n"));
  // Before the list of events is there, an event is called by its id.
  for (const words of [/soon.over: 5 minutes left/i, /last.call: (1 minute|5\d seconds) left/i]) {
    await eventually(`${words} is heard`, async () => words.test(await heard())).catch(async (error) => assert.fail(`${error.message}: ${await heard()}`));
  }
  const colours = await Promise.all(["Calm Hour", "Soon Over", "Last Call"].map((name) =>
    timer(hold(page, name)).evaluate((node) => getComputedStyle(node).color)));
  assert.equal(new Set(colours).size, 3, colours.join(", "));
});

scene("the last 45 seconds: a dialog offers more time, with the focus on it", async ({ sale, open }) => {
  await sale.event("spring-gala", { hold_seconds: 47 });
  const ann = await sale.login("ann");
  const { id } = await ann.hold("spring-gala");
  const { page } = await open("/", { buyer: ann });
  const moreTime = page.getByRole("dialog").getByRole("button", { name: /^More time/ });
  await seen(moreTime);
  assert.ok(await moreTime.evaluate((node) => node === document.activeElement), "the focus is on it");
  assert.ok((await secondsLeft(timer(hold(page, "Spring Gala")))) <= 46);
  await page.keyboard.press("Enter");
  await gone(page.getByRole("dialog"));
  await eventually("the hold has more time", async () => (await ann.call("GET", `/v1/holds/${id}`)).extensions_left === 1);
  await eventually("the countdown has more time", async () => (await secondsLeft(timer(hold(page, "Spring Gala")))) >= 45);
});
