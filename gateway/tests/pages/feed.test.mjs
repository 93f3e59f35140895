// The live feed on a network that fails.

import assert from "node:assert/strict";
import { card, hold, secondsLeft, timer } from "./buyers_page.mjs";
import { eventually, seen, textOf } from "./eventually.mjs";
import { Relay } from "./relay.mjs";
import { scene } from "./scene.mjs";

scene("after a cut the page says that nothing is lost, and goes on", async (stage) => {
  const { sale } = stage;
  const relay = await Relay.before(stage.server.url);
  stage.props.push(relay);
  await sale.event("spring-gala", { capacity: 7 });
  const ann = await sale.login("ann");
  const bob = await sale.login("bob");
  const { id } = await ann.hold("spring-gala");
  const watched = await stage.open("/", { buyer: ann, url: relay.url });
  watched.expectCuts();
  const { page } = watched;
  const state = (/** @type {RegExp} */ words) => page.getByRole("status").filter({ hasText: words });
  await seen(state(/Live/));
  await page.evaluate(() => void (/** @type {any} */ (globalThis).isSamePage = true));

  relay.cut();
  await seen(state(/Reconnecting, your place and time are safe/));
  await bob.book("spring-gala");
  const shown = await secondsLeft(timer(hold(page, "Spring Gala")));
  await eventually("the countdown goes on", async () => (await secondsLeft(timer(hold(page, "Spring Gala")))) < shown);

  relay.restore();
  await seen(state(/Live/));
  await textOf(card(page, "Spring Gala"), /\b1 booked|booked\s*1\b/i);
  const left = (await ann.call("GET", `/v1/holds/${id}`)).expires_in_ms / 1_000;
  assert.ok(Math.abs((await secondsLeft(timer(hold(page, "Spring Gala")))) - left) <= 1.5);
  assert.ok(await page.evaluate(() => /** @type {any} */ (globalThis).isSamePage), "the page was loaded again");
});

scene("where streams are blocked the page asks again and again", async ({ sale, open }) => {
  await sale.event("spring-gala", { capacity: 7 });
  const ann = await sale.login("ann");
  const bob = await sale.login("bob");
  const watched = await open("/docs/errors", { buyer: ann });
  watched.expectCuts();
  const { page } = watched;
  // Thirty seconds are a second here, or the test would wait for most of a minute.
  await page.addInitScript(() => {
    const inRealTime = globalThis.setTimeout;
    globalThis.setTimeout = /** @type {any} */ ((/** @type {() => void} */ run, /** @type {number} */ ms) => inRealTime(run, ms === 30_000 ? 1_000 : ms));
  });
  let isBlocked = true;
  await page.route("**/v1/stream", (route) => (isBlocked ? route.abort() : route.continue()));
  await page.goto(`${watched.url}/`);
  await seen(page.getByRole("status").filter({ hasText: /every 30 seconds/i }));
  await textOf(card(page, "Spring Gala"), /Available/);
  await bob.book("spring-gala", { quantity: 2 });
  await textOf(card(page, "Spring Gala"), /\b2 booked|booked\s*2\b/i);
  assert.equal(await page.getByRole("status").filter({ hasText: /Live/ }).count(), 0);

  // The stream is tried again when the network is said to be back.
  isBlocked = false;
  await page.evaluate(() => void dispatchEvent(new Event("online")));
  await seen(page.getByRole("status").filter({ hasText: /Live/ }));
});

scene("the page is live also where there is nothing to tell", async ({ sale, open }) => {
  const { page } = await open("/");
  await seen(page.getByRole("status").filter({ hasText: /Live/ }));
  await sale.event("spring-gala");
  await textOf(card(page, "Spring Gala"), /Available/);
});

scene("a page that was hidden asks at once when it is shown again", async ({ sale, open }) => {
  await sale.event("spring-gala", { capacity: 7 });
  const ann = await sale.login("ann");
  const watched = await open("/", { buyer: ann });
  await seen(watched.page.getByRole("status").filter({ hasText: /Live/ }));
  // The list comes last of what the page asks at its beginning.
  await eventually("the page has begun", () => watched.requests.some((request) => request.startsWith("GET /v1/events?")));
  const asked = watched.requests.length;
  await watched.page.evaluate(() => {
    // Hidden, and six seconds later shown again.
    let isHidden = true;
    const clock = performance.now.bind(performance);
    Object.defineProperty(document, "hidden", { configurable: true, get: () => isHidden });
    document.dispatchEvent(new Event("visibilitychange"));
    performance.now = () => clock() + 6_000;
    isHidden = false;
    document.dispatchEvent(new Event("visibilitychange"));
    performance.now = clock;
  });
  await eventually("it has asked", () => watched.requests.slice(asked).some((request) => request.startsWith("GET /v1/")));
});
