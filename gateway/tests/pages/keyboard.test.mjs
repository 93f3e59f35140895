// The buyers' page by the keyboard alone.

import assert from "node:assert/strict";
import { settle } from "./accessibility.mjs";
import { button, card, hold, region } from "./buyers_page.mjs";
import { eventually, seen, textOf } from "./eventually.mjs";
import { scene } from "./scene.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** More stops than the page has would mean that the focus is caught somewhere. */
const STOPS_MAX = 80;

/**
 * What has the focus, and whether that can be seen.
 * @param {Page} page
 * @returns {Promise<{name: string, isVisible: boolean}>}
 */
function focused(page) {
  return page.evaluate(() => {
    const node = /** @type {HTMLElement} */ (document.activeElement);
    const { outlineStyle, outlineWidth } = getComputedStyle(node);
    const { top, bottom, left, right, width, height } = node.getBoundingClientRect();
    const isInside = bottom > 0 && top < innerHeight && right > 0 && left < innerWidth && width > 0 && height > 0;
    const name = node === document.body ? "BODY" : node.getAttribute("aria-label") ?? node.innerText;
    return { name: name || node.outerHTML, isVisible: isInside && outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 };
  });
}

/**
 * Goes on with the Tab key until this has the focus. Each stop must be visible.
 * @param {Page} page
 * @param {import("playwright-core").Locator} target
 */
async function tabTo(page, target) {
  await seen(target);
  const stops = [];
  for (let stop = 0; stop < STOPS_MAX; stop++) {
    await page.keyboard.press("Tab");
    await settle(page);
    const { name, isVisible } = await focused(page);
    stops.push(name);
    if (name !== "BODY") assert.ok(isVisible, `the focus on "${name}" cannot be seen`);
    if (await target.evaluate((node) => node === document.activeElement)) return;
  }
  assert.fail(`the Tab key does not come to ${target}, but to ${stops.join(", ")}`);
}

scene("signing in, holding, extending and booking with the keyboard alone", async ({ sale, open }) => {
  await sale.event("spring-gala", { hold_seconds: 300 });
  const { page } = await open("/");
  await seen(card(page, "Spring Gala"));
  await tabTo(page, page.getByRole("textbox", { name: "Name" }));
  await page.keyboard.type("ann");
  await page.keyboard.press("Enter");
  await seen(button(page, "Sign out"));

  await tabTo(page, button(card(page, "Spring Gala"), "Hold tickets"));
  await page.keyboard.press("Enter");
  await seen(hold(page, "Spring Gala"));

  await tabTo(page, button(hold(page, "Spring Gala"), "More time"));
  await page.keyboard.press("Space");
  const ann = await sale.login("ann");
  await eventually("the hold is extended", async () => (await ann.own()).holds[0]?.extensions_left === 1);

  await tabTo(page, button(hold(page, "Spring Gala"), "Book"));
  await page.keyboard.press("Enter");
  await textOf(region(page, "My bookings"), /Spring Gala/);
  // What had the focus is gone, and the keyboard goes on from near it, not from nowhere.
  await eventually("the focus is somewhere", async () => (await focused(page)).name !== "BODY");
});

scene("a dialog keeps the focus, Escape leaves it, and the focus comes back", async ({ sale, open }) => {
  await sale.event("spring-gala");
  const ann = await sale.login("ann");
  await ann.book("spring-gala");
  const { page } = await open("/", { buyer: ann });
  const cancel = button(region(page, "My bookings"), "Cancel booking");
  await cancel.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await seen(dialog);
  for (let stop = 0; stop < 5; stop++) {
    await page.keyboard.press("Tab");
    const isInside = await dialog.evaluate((node) => node.contains(document.activeElement) || document.activeElement === document.body);
    assert.ok(isInside, "the focus left the dialog");
  }
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  assert.ok(await cancel.evaluate((node) => node === document.activeElement), "the focus comes back");
  assert.equal((await sale.read("spring-gala")).booked, 1);
});
