// The audit trail in words.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { KINDS, sentence, who, why } from "../../../ui/admin/story.js";
import { ROOT } from "../server.mjs";

const CHANGE = { seq: 7, at: "2026-11-22T10:00:00.000Z", event: "gala", kind: "hold_placed", ticket_type: "vip", quantity: 2, user: "ann", session: "3",
  login_seq: 3, hold: "gala.4", booking: null, source: "request", by: "user", reason: null, act: null };

test("every kind of change that the engine has is told in words", async () => {
  const source = await readFile(join(ROOT, "engine", "src", "core", "change.rs"), "utf8");
  const kinds = [...source.matchAll(/Change::\w+[^=\n]* => "([a-z_]+)"/g)].map(([, kind]) => kind);
  assert.ok(kinds.length > 20, "the kinds were not found");
  assert.deepEqual([...KINDS].sort(), kinds.sort());
});

test("who did what to how many, and why", () => {
  assert.equal(sentence(CHANGE), "2 tickets (vip) set aside for ann: gala.4");
  assert.deepEqual([who(CHANGE), who({ ...CHANGE, by: "system" }), who({ ...CHANGE, by: "admin:night-shift" })], ["ann", "the system", "night-shift (organiser)"]);
  const step = { ...CHANGE, kind: "status_changed", reason: "on_sale to paused: the fire alarm: again" };
  assert.deepEqual([sentence(step), why(step)], ["gala went from on sale to paused", "the fire alarm: again"]);
  assert.equal(why({ ...step, reason: "on_sale to paused" }), null);
});

test("what an organiser did has each value before and after", () => {
  const act = { action: "change", about: "event", differences: [{ field: "max_per_user", before: "4", after: "6" }, { field: "venue", before: null, after: "Opera" }] };
  assert.equal(sentence({ ...CHANGE, kind: "admin_acted", act }), "Organiser: change, event gala. max per user 4 → 6, venue Opera");
});
