// What people type is text on both pages, whatever it looks like.

import assert from "node:assert/strict";
import { region } from "./buyers_page.mjs";
import { seen } from "./eventually.mjs";
import { goTo, signInAsOrganiser } from "./organisers_page.mjs";
import { scene } from "./scene.mjs";

const MARKUP = "<img src=x onerror=alert(1)>";

/**
 * Nothing of it became a picture, and nothing ran.
 * @param {import("playwright-core").Page} page
 */
async function isText(page) {
  await seen(page.getByText(MARKUP).filter({ visible: true }).first());
  assert.equal(await page.locator("img[src=x]").count(), 0);
}

/** @param {import("./sale.mjs").Sale} sale */
async function eventOfMarkup(sale) {
  await sale.event("markup", {
    name: MARKUP, venue: MARKUP, description: MARKUP, capacity: undefined,
    ticket_types: [{ id: "one", name: MARKUP, capacity: 5 }, { id: "two", name: `${MARKUP} two`, capacity: 5 }],
  });
  const buyer = await sale.login(MARKUP);
  await buyer.hold("markup", { ticket_type: "one" });
  await buyer.book("markup", { ticket_type: "two" });
  return buyer;
}

scene("a name that looks like markup is text on the buyers' page", async ({ sale, open }) => {
  const buyer = await eventOfMarkup(sale);
  const watched = await open("/", { buyer });
  watched.page.on("dialog", () => watched.faults.push("a script of the data ran"));
  await isText(region(watched.page, "Events").page());
  await seen(region(watched.page, "My holds").getByText(MARKUP).first());
  await seen(region(watched.page, "My bookings").getByText(MARKUP).first());
  await isText(watched.page);
});

scene("a name that looks like markup is text on the organisers' page", async ({ sale, open }) => {
  await eventOfMarkup(sale);
  await sale.move("markup", "paused", MARKUP);
  const watched = await open("/admin");
  watched.page.on("dialog", () => watched.faults.push("a script of the data ran"));
  await signInAsOrganiser(watched.page);
  for (const panel of ["Events", "Holds", "Bookings", "Sessions", "Audit trail"]) {
    await goTo(watched.page, panel);
    await isText(watched.page);
  }
});
