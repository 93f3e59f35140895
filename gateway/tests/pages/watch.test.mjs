// The watch over the pages: what it must not miss.

import assert from "node:assert/strict";
import { scene } from "./scene.mjs";
import { eventually } from "./eventually.mjs";

/**
 * Has something go wrong in the page, and checks that it is noticed.
 * @param {import("./scene.mjs").Stage} stage
 * @param {() => void} mishap runs in the page
 * @param {RegExp} pattern
 */
async function isNoticed(stage, mishap, pattern) {
  const watched = await stage.open("/docs/errors");
  watched.assertNoFaults();
  await watched.page.evaluate(mishap);
  await eventually(`a fault like ${pattern}`, () => watched.faults.some((fault) => pattern.test(fault)));
  assert.throws(() => watched.assertNoFaults(), pattern);
  watched.faults.length = 0;
  stage.pages.pop();
  await watched.page.context().close();
}

scene("the watch notices what goes wrong in a page", async (stage) => {
  await isNoticed(stage, () => console.error("a complaint"), /console: a complaint/);
  await isNoticed(stage, () => void setTimeout(() => { throw new Error("a slip"); }), /thrown: a slip/);
  await isNoticed(stage, () => void fetch("/v1/events/none"), /status of 404/);
  await isNoticed(stage, () => void fetch("https://elsewhere.example/").catch(() => {}), /connect-src forbids https:..elsewhere/);
  await isNoticed(stage, () => void (location.href = "http://127.0.0.1:9/"), /request to another origin: http:..127.0.0.1:9/);
  await isNoticed(stage, () => {
    const script = document.createElement("script");
    script.textContent = "document.title = 'written by a script in the page'";
    document.body.append(script);
  }, /script-src-elem forbids inline/);
}, { sizes: ["desktop"] });
