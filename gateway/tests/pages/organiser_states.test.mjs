// The organisers' page in each of its views, in both themes: whether everybody can use it, and a picture of it.

import assert from "node:assert/strict";
import { examine, scrollsNoSideways } from "./accessibility.mjs";
import { seen, textOf } from "./eventually.mjs";
import { dialog, goTo, signInAsOrganiser, tile } from "./organisers_page.mjs";
import { wholeProgramme } from "./programme.mjs";
import { scene } from "./scene.mjs";

const VIEWS = ["Overview", "Events", "Holds", "Bookings", "Line", "Sessions", "Audit trail"];

scene("signing in", async (stage) => {
  const watched = await stage.open("/admin");
  await seen(watched.page.getByLabel("Admin token"));
  await examine(stage, watched, "admin sign-in");
});

scene("a server without events", async (stage) => {
  const watched = await stage.open("/admin");
  await signInAsOrganiser(watched.page);
  for (const view of ["Overview", "Events", "Holds"]) {
    await goTo(watched.page, view);
    await seen(watched.page.getByText(/There is no event yet/));
    await examine(stage, watched, `admin empty ${view}`);
  }
});

for (const view of VIEWS) {
  scene(`the view ${view} of a whole programme`, async (stage) => {
    await wholeProgramme(stage.sale);
    const watched = await stage.open("/admin");
    await signInAsOrganiser(watched.page);
    await goTo(watched.page, view);
    if (view === "Line") await watched.page.getByRole("combobox", { name: "Event" }).selectOption({ label: "Tiny Room (tiny-room)" });
    await seen(watched.page.getByText(/^as of /).first());
    await textOf(watched.page.getByRole("main"), view === "Overview" ? /Snapshot/ : /ann|Spring Gala/);
    await examine(stage, watched, `admin ${view}`);
  });
}

scene("the view of one event", async (stage) => {
  await wholeProgramme(stage.sale);
  const watched = await stage.open("/admin#/events/stadium");
  await signInAsOrganiser(watched.page);
  await textOf(tile(watched.page, "Held"), /^4$/);
  await examine(stage, watched, "admin event");
});

scene("the dialogs to create, edit and cancel an event", async (stage) => {
  await wholeProgramme(stage.sale);
  const watched = await stage.open("/admin#/events/spring-gala");
  const { page } = watched;
  await signInAsOrganiser(page);
  for (const [button, title] of [["Edit", "Edit Spring Gala"], ["Cancel event", "Cancel Spring Gala?"]]) {
    await page.getByRole("main").getByRole("button", { name: button, exact: true }).click();
    await seen(dialog(page, title));
    await examine(stage, watched, `admin ${button}`);
    await page.keyboard.press("Escape");
  }
  await goTo(page, "Events");
  await page.getByRole("button", { name: "Create event" }).click();
  await seen(dialog(page, "Create event"));
  await examine(stage, watched, "admin create event");
});

scene("no view is wider than 320 pixels where the window is", async (stage) => {
  await wholeProgramme(stage.sale);
  const { page } = await stage.open("/admin");
  await page.setViewportSize({ width: 320, height: 640 });
  await signInAsOrganiser(page);
  for (const view of VIEWS) {
    await goTo(page, view);
    await seen(page.getByText(/^as of /).first());
    await scrollsNoSideways(page, view);
  }
  await goTo(page, "Events");
  await page.getByRole("link", { name: "Festival of Many Kinds" }).click();
  await seen(page.getByRole("heading", { name: "Ticket types" }));
  await scrollsNoSideways(page, "event");
}, { sizes: ["phone"] });

scene("nothing moves on the organisers' page where the user prefers less motion", async (stage) => {
  await wholeProgramme(stage.sale);
  const { page } = await stage.open("/admin", { lessMotion: true });
  await signInAsOrganiser(page);
  for (const view of VIEWS) {
    await goTo(page, view);
    await seen(page.getByText(/^as of /).first());
    assert.equal(await page.evaluate(() => document.getAnimations().filter(({ playState }) => playState === "running").length), 0, view);
  }
}, { sizes: ["desktop"] });
