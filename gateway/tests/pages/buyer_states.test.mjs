// The buyers' page in each of its states, in both themes: whether everybody can use it, and a picture of it.

import { examine, scrollsNoSideways, settle } from "./accessibility.mjs";
import assert from "node:assert/strict";
import { button, card, hold, region, signIn, timer } from "./buyers_page.mjs";
import { gone, seen, textOf } from "./eventually.mjs";
import { wholeProgramme } from "./programme.mjs";
import { scene } from "./scene.mjs";

scene("signed out, with a whole programme", async (stage) => {
  await wholeProgramme(stage.sale);
  const watched = await stage.open("/");
  await textOf(card(watched.page, "Winter Ball"), /Opens in/);
  for (const [name, badge] of [["Spring Gala", "Available"], ["Last Seat", "Sold out"], ["Tea Dance", "Paused"], ["Matinee", "Closed"], ["Cancelled Show", "Cancelled"]]) {
    await textOf(card(watched.page, name), new RegExp(badge));
  }
  await examine(stage, watched, "signed out");
});

scene("signed out, with nothing on sale", async (stage) => {
  const watched = await stage.open("/");
  await seen(region(watched.page, "Events"));
  await seen(button(watched.page, "Sign in"));
  await examine(stage, watched, "no events");
});

scene("signed in, with nothing of one's own", async (stage) => {
  await stage.sale.event("spring-gala");
  const watched = await stage.open("/");
  await signIn(watched.page, "ann");
  await seen(card(watched.page, "Spring Gala"));
  await examine(stage, watched, "signed in");
});

scene("holds of all urgencies, places in line and bookings", async (stage) => {
  const ann = await wholeProgramme(stage.sale);
  const watched = await stage.open("/", { buyer: ann });
  const { page } = watched;
  await textOf(card(page, "Tiny Room"), /In line/);
  await seen(region(page, "My places in line").getByText(/Tiny Room/).first());
  await textOf(region(page, "My bookings"), /Spring Gala/);
  await textOf(hold(page, "Tea Dance"), /paused/i);
  await textOf(timer(hold(page, "Stadium Night")), /^04:5/);
  await textOf(timer(hold(page, "Harvest Concert")), /^00:5/);
  await examine(stage, watched, "dashboard");
});

scene("the dialog of the last 45 seconds", async (stage) => {
  await stage.sale.event("spring-gala", { hold_seconds: 47 });
  const ann = await stage.sale.login("ann");
  await ann.hold("spring-gala");
  const watched = await stage.open("/", { buyer: ann });
  await seen(watched.page.getByRole("dialog"));
  await examine(stage, watched, "dialog");
});

scene("time is up", async (stage) => {
  await stage.sale.event("spring-gala", { capacity: 1, hold_seconds: 2 });
  const ann = await stage.sale.login("ann");
  await ann.hold("spring-gala");
  const watched = await stage.open("/", { buyer: ann });
  await seen(button(watched.page, "Join the line again").first());
  await examine(stage, watched, "time is up");
});

scene("nothing is wider than 320 pixels where the window is", async (stage) => {
  const ann = await wholeProgramme(stage.sale);
  const { page } = await stage.open("/", { buyer: ann });
  await page.setViewportSize({ width: 320, height: 640 });
  await textOf(card(page, "Tiny Room"), /In line/);
  await scrollsNoSideways(page, "dashboard");
  await button(region(page, "My bookings"), "Cancel booking").first().click();
  await seen(page.getByRole("dialog"));
  await scrollsNoSideways(page, "dialog");
  const { width, x } = /** @type {{width: number, x: number}} */ (await page.getByRole("dialog").boundingBox());
  assert.ok(x >= 0 && x + width <= 320, `the dialog is from ${x} to ${x + width}`);
}, { sizes: ["phone"] });

scene("targets are 44 pixels high", async (stage) => {
  const ann = await wholeProgramme(stage.sale);
  const { page } = await stage.open("/", { buyer: ann });
  await textOf(card(page, "Tiny Room"), /In line/);
  const low = await page.getByRole("button").evaluateAll((nodes) => nodes
    .filter((node) => node.checkVisibility() && node.getBoundingClientRect().height < 44)
    .map((node) => `${node.getAttribute("aria-label") ?? node.textContent}: ${node.getBoundingClientRect().height}`));
  assert.deepEqual(low, []);
}, { sizes: ["phone"] });

scene("nothing moves where the user prefers less motion", async (stage) => {
  const ann = await wholeProgramme(stage.sale);
  const { page } = await stage.open("/", { buyer: ann, lessMotion: true });
  await textOf(card(page, "Tiny Room"), /In line/);
  const running = () => page.evaluate(() => document.getAnimations().filter(({ playState }) => playState === "running").length);
  assert.equal(await running(), 0);
  await button(hold(page, "Spring Gala"), "Book").click();
  await gone(hold(page, "Spring Gala"));
  assert.equal(await running(), 0);
}, { sizes: ["desktop"] });

scene("the chosen theme is kept", async (stage) => {
  const watched = await stage.open("/");
  const { page } = watched;
  const scheme = () => page.evaluate(() => getComputedStyle(document.documentElement).colorScheme);
  await seen(button(page, "Sign in"));
  await page.getByRole("combobox", { name: "Theme" }).selectOption({ label: "Dark" });
  assert.equal(await scheme(), "dark");
  await page.reload();
  assert.equal(await scheme(), "dark");
  await settle(page);
});
