// What organisers do on their page.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { eventually, gone, seen, textOf } from "./eventually.mjs";
import { answer, dialog, goTo, row, signInAsOrganiser, tile } from "./organisers_page.mjs";
import { scene } from "./scene.mjs";

/** @typedef {import("playwright-core").Page} Page */

const REASON = "a test of the whole flow";

/**
 * @param {Page} page
 * @param {string} name
 */
function press(page, name) {
  return page.getByRole("main").getByRole("button", { name, exact: true }).click();
}

scene("signing in by token, and out", async ({ open }) => {
  const { page } = await open("/admin");
  await page.getByLabel("Admin token").fill("not the token");
  await page.getByRole("button", { name: "Sign in" }).click();
  await textOf(page.getByRole("alert"), /does not know this token/);
  await signInAsOrganiser(page);
  await seen(page.getByRole("navigation"));
  await page.reload();
  await seen(page.getByRole("button", { name: "Sign out" }));
  const cookies = await page.context().cookies();
  assert.deepEqual(cookies.map(({ name, httpOnly, sameSite }) => ({ name, httpOnly, sameSite })),
    [{ name: "holdfast_admin", httpOnly: true, sameSite: "Strict" }]);
  assert.deepEqual(await page.evaluate(() => [document.cookie, JSON.stringify({ ...localStorage, ...sessionStorage })]), ["", "{}"]);
  await page.getByRole("button", { name: "Sign out" }).click();
  await seen(page.getByLabel("Admin token"));
  assert.deepEqual(await page.context().cookies(), []);
});

scene("the life of an event: create, open, sell, pause, resume, close", async ({ sale, open }) => {
  const { page } = await open("/admin");
  await signInAsOrganiser(page);
  await goTo(page, "Events");
  await press(page, "Create event");
  await answer(page, "Create event", "Create event", {
    Name: "Spring Gala", Venue: "Old Town Hall", "Held at login (tickets)": "0", Capacity: "10", Price: "25.50",
  });
  await seen(page.getByRole("heading", { name: "Spring Gala" }));
  const draft = await sale.read("spring-gala");
  assert.deepEqual([draft.status, draft.capacity, draft.ticket_types[0].price], ["draft", 10, { amount: 2_550, currency: "EUR" }]);

  await press(page, "Open sale");
  await answer(page, "Open sale: Spring Gala?", "Open sale");
  await seen(page.getByRole("button", { name: "Pause", exact: true }));
  const ann = await sale.login("ann");
  await ann.hold("spring-gala", { quantity: 2 });
  await ann.book("spring-gala", { quantity: 2 });
  await (await sale.login("bob")).hold("spring-gala", { quantity: 3 });
  await textOf(tile(page, "Booked"), /^2$/);
  await textOf(tile(page, "Held"), /^3$/);
  await textOf(tile(page, "Available"), /^5$/);

  await press(page, "Pause");
  await answer(page, "Pause: Spring Gala?", "Pause", { Reason: REASON });
  await seen(page.getByRole("button", { name: "Resume", exact: true }));
  assert.equal((await sale.read("spring-gala")).status, "paused");
  await press(page, "Resume");
  await answer(page, "Resume: Spring Gala?", "Resume");
  await seen(page.getByRole("button", { name: "Pause", exact: true }));

  await press(page, "Close sale");
  await answer(page, "Close sale: Spring Gala?", "Close sale", { Reason: REASON });
  await gone(page.getByRole("button", { name: "Close sale", exact: true }));
  assert.equal((await sale.read("spring-gala")).status, "closed");
});

scene("raising and lowering the capacity", async ({ sale, open }) => {
  await sale.event("spring-gala", { capacity: 5 });
  const ann = await sale.login("ann");
  await ann.hold("spring-gala", { quantity: 4 });
  const watched = await open("/admin#/events/spring-gala");
  watched.expectRefusals(409);
  const { page } = watched;
  await signInAsOrganiser(page);
  await press(page, "Edit");
  const edit = dialog(page, "Edit Spring Gala");
  const capacity = edit.getByRole("group", { name: /Capacity/ }).getByRole("spinbutton");
  await capacity.fill("3");
  await edit.getByRole("button", { name: "Save" }).click();
  await textOf(edit.getByRole("alert"), /4 tickets are held or booked already/);
  await capacity.fill("50");
  await edit.getByRole("button", { name: "Save" }).click();
  await gone(edit);
  await textOf(tile(page, "Available"), /^46$/);
  assert.equal((await sale.read("spring-gala")).capacity, 50);
});

scene("two organisers who change the same: the second is told, and loses nothing", async ({ sale, open }) => {
  await sale.event("spring-gala", { venue: "Barn" });
  const watched = await open("/admin#/events/spring-gala");
  watched.expectRefusals(412);
  const { page } = watched;
  await signInAsOrganiser(page);
  await press(page, "Edit");
  const edit = dialog(page, "Edit Spring Gala");
  await edit.getByLabel("Venue").fill("Castle");
  await sale.call("PATCH", "/v1/admin/events/spring-gala", { venue: "Pavilion" });
  await edit.getByRole("button", { name: "Save" }).click();
  await textOf(edit.getByRole("alert"), /Somebody else has changed this/);
  assert.equal((await sale.read("spring-gala")).venue, "Pavilion");
  await edit.getByRole("button", { name: "Load their version" }).click();
  await eventually("their version is there", async () => (await edit.getByLabel("Venue").inputValue()) === "Pavilion");
  await edit.getByLabel("Venue").fill("Castle");
  await edit.getByRole("button", { name: "Save" }).click();
  await gone(edit);
  assert.equal((await sale.read("spring-gala")).venue, "Castle");
});

scene("holds: extend one, release one, release many after a count", async ({ sale, open }) => {
  await sale.event("spring-gala", { capacity: 50 });
  const buyers = await Promise.all(["ann", "bob", "cleo", "dan"].map((user) => sale.login(user)));
  const [anns] = await Promise.all(buyers.map((buyer) => buyer.hold("spring-gala", { quantity: 2 })));
  const { page } = await open("/admin#/holds/spring-gala");
  await signInAsOrganiser(page);
  await seen(row(page, "ann"));

  await row(page, "ann").getByRole("button", { name: "Extend" }).click();
  await answer(page, /^Extend hold/, "Extend", { "Seconds more": "900", Reason: REASON });
  await textOf(row(page, "ann"), /\b(24:5\d|25:00)\b/);
  assert.ok((await buyers[0].call("GET", `/v1/holds/${anns.id}`)).expires_in_ms > 1_400_000);

  await row(page, "bob").getByRole("button", { name: "Release" }).click();
  await answer(page, /^Release hold/, "Release", { Reason: REASON });
  await gone(row(page, "bob"));

  await press(page, "Release many");
  await answer(page, /^Release many holds/, "Count them", { Reason: REASON });
  await textOf(dialog(page, "Release 3 holds?"), /They are released one by one/);
  assert.equal((await sale.read("spring-gala")).held, 6, "a count releases nothing");
  await answer(page, "Release 3 holds?", "Release 3 holds");
  await seen(page.getByText("3 of 3 holds released."));
  assert.equal((await sale.read("spring-gala")).held, 0);
});

scene("several chosen holds are released at once, with a count first", async ({ sale, open }) => {
  await sale.event("spring-gala", { capacity: 50 });
  for (const user of ["ann", "bob", "cleo"]) await (await sale.login(user)).hold("spring-gala");
  const { page } = await open("/admin#/holds/spring-gala");
  await signInAsOrganiser(page);
  for (const user of ["ann", "cleo"]) await row(page, user).getByRole("checkbox").check();
  await press(page, "Release 2 holds");
  await answer(page, "Release 2 holds?", "Release 2 holds", { Reason: REASON });
  await gone(row(page, "ann"));
  await seen(row(page, "bob"));
  assert.equal((await sale.read("spring-gala")).held, 1);
});

scene("a session is ended, and its holds are given back", async ({ sale, open }) => {
  await sale.event("spring-gala");
  const ann = await sale.login("ann");
  await ann.hold("spring-gala");
  const { page } = await open("/admin");
  await signInAsOrganiser(page);
  await goTo(page, "Sessions");
  await row(page, "ann").getByRole("button", { name: "End session" }).click();
  await textOf(dialog(page, /ann/), /1 live hold will be released/);
  await answer(page, /ann/, "End", { Reason: REASON });
  await gone(row(page, "ann"));
  assert.equal((await sale.read("spring-gala")).held, 0);
  await assert.rejects(ann.own(), /session_expired|unauthenticated/);
});

scene("upkeep: clean up now, snapshot now, and what they did", async ({ sale, open }) => {
  await sale.event("spring-gala");
  const { page } = await open("/admin");
  await signInAsOrganiser(page);
  await press(page, "Clean up now");
  await answer(page, "Clean up now?", "Clean up now");
  await seen(page.getByText(/Cleaned up: 0 holds expired, 0 sessions ended/));
  await press(page, "Snapshot now");
  await seen(page.getByText(/Snapshot written: all up to change \d+/));
  await seen(page.getByText(/The newest one has all up to change \d+/));
  assert.ok((await sale.call("GET", "/v1/admin/overview")).snapshot.seq > 0);
});

scene("the audit trail tells who did what and why", async ({ sale, open }) => {
  await sale.event("spring-gala");
  await (await sale.login("ann")).hold("spring-gala");
  await sale.move("spring-gala", "paused", REASON);
  const { page } = await open("/admin");
  await signInAsOrganiser(page);
  await goTo(page, "Audit trail");
  const paused = row(page, REASON).first();
  await textOf(paused, /admin/);
  await textOf(paused, /pause/i);
  await seen(row(page, /ann/).first());
  // What happens meanwhile comes on top.
  await sale.move("spring-gala", "on_sale", "the hall is fine");
  await seen(row(page, "the hall is fine").first());
});

scene("a list is downloaded as a file with all its rows", async ({ sale, open }) => {
  await sale.event("spring-gala", { capacity: 500 });
  const users = Array.from({ length: 230 }, (_, index) => `user-${index}`);
  for (const user of [...users, "=1+1", 'a "quoted", name']) await (await sale.login(user)).book("spring-gala");
  const { page } = await open("/admin#/bookings/spring-gala");
  await signInAsOrganiser(page);
  await seen(row(page, "user-1").first());
  const downloading = page.waitForEvent("download");
  await press(page, "Download CSV");
  const download = await downloading;
  assert.match(download.suggestedFilename(), /^bookings-spring-gala-\d{4}-\d\d-\d\d\.csv$/);
  const text = await readFile(await download.path(), "utf8");
  const lines = text.replace(/^\uFEFF/, "").trimEnd().split("\r\n");
  assert.equal(lines.length, 1 + 232);
  assert.match(lines[0], /\bid,/);
  for (const part of ["user-229", "'=1+1", '"a ""quoted"", name"']) assert.ok(text.includes(part), part);
}, { settings: { "limits.enabled": "false" } });

scene("cancelling an event says first what it will do to how many", async ({ sale, open }) => {
  await sale.event("spring-gala", { capacity: 5 });
  const [ann, bob, cleo] = await Promise.all(["ann", "bob", "cleo"].map((user) => sale.login(user)));
  await ann.book("spring-gala", { quantity: 3 });
  await bob.hold("spring-gala", { quantity: 2 });
  await cleo.join("spring-gala");
  const { page } = await open("/admin#/events/spring-gala");
  await signInAsOrganiser(page);
  await press(page, "Cancel event");
  const cancel = dialog(page, "Cancel Spring Gala?");
  for (const effect of [/release 1 hold of 2 tickets/, /drop 1 person from the line/, /cancel 1 booking of 3 tickets, with a refund due/]) {
    await textOf(cancel, effect);
  }
  // Without the id, the browser asks for it, and nothing happens.
  await cancel.getByRole("button", { name: "Cancel event" }).click();
  assert.equal((await sale.read("spring-gala")).status, "on_sale");
  await answer(page, "Cancel Spring Gala?", "Cancel event", { Reason: REASON, "Type spring-gala to confirm": "spring-gala" });
  await seen(page.getByText("Spring Gala is cancelled."));
  const { status, held, booked } = await sale.read("spring-gala");
  assert.deepEqual([status, held, booked], ["cancelled", 0, 0]);
});

scene("a viewer sees all, and can change nothing", async ({ server, sale, open }) => {
  await sale.event("spring-gala");
  await (await sale.login("ann")).hold("spring-gala");
  const token = await server.token("watcher", "viewer");
  const { page } = await open("/admin#/events/spring-gala");
  await eventually("the server knows the token", async () => {
    const { status } = await fetch(`${server.url}/v1/admin/events`, { headers: { authorization: `Bearer ${token}` } });
    return status === 200;
  });
  await signInAsOrganiser(page, token);
  await textOf(tile(page, "Held"), /^1$/);
  const changes = /^(Create event|Edit|Open sale|Pause|Close sale|Cancel event|Release|Extend|End session|Clean up now|Snapshot now|Delete)/;
  for (const view of ["Overview", "Events", "Holds", "Bookings", "Line", "Sessions", "Audit trail"]) {
    await goTo(page, view);
    // The title tells that the new view has come, and not the one before.
    await eventually("the view", async () => (await page.title()).startsWith(view));
    await seen(page.getByText(/^as of /).first());
    assert.equal(await page.getByRole("button", { name: changes }).count(), 0, view);
  }
}, { settings: { "server.reread_seconds": "1", "admin.lockout_failures_max": "1000" } });

scene("where administration has an address of its own, its page is there and works", async (stage) => {
  const adminUrl = /** @type {string} */ (stage.server.adminUrl);
  stage.sale.url = adminUrl;
  await stage.sale.event("spring-gala");
  const { page } = await stage.open("/admin", { url: adminUrl });
  await signInAsOrganiser(page);
  await goTo(page, "Events");
  await seen(page.getByRole("article", { name: "Spring Gala" }));
  assert.equal((await fetch(`${stage.server.url}/admin`)).status, 404);
}, { sizes: ["desktop"], settings: { "admin.listen": '"127.0.0.1:0"' } });
