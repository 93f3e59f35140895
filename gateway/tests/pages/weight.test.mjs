// What the pages weigh, as sent and as written.

import assert from "node:assert/strict";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { scene } from "./scene.mjs";
import { ROOT } from "./server.mjs";

const BYTES_MAX = 100_000;

/** Runs in the page: of each of its files, the bytes that were sent, head and all, and those they became. */
function bytesSent() {
  const entries = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  return /** @type {PerformanceResourceTiming[]} */ (entries)
    .map(({ name, transferSize, decodedBodySize }) => ({ name: new URL(name).pathname, transferSize, decodedBodySize }))
    .filter(({ name }) => /^\/(admin)?$|\.\w+$/.test(name));
}

/** @param {number[]} values */
const sum = (values) => values.reduce((total, value) => total + value, 0);

/** @returns {Promise<number>} bytes of all files, as they are written */
async function bytesOfSource() {
  const folder = join(ROOT, "gateway", "ui");
  const files = await Promise.all((await readdir(folder, { recursive: true })).map((name) => stat(join(folder, name))));
  return sum(files.filter((file) => file.isFile()).map(({ size }) => size));
}

scene("both pages weigh less than 100 kB as sent", async (stage) => {
  const files = new Map();
  for (const path of ["/", "/admin"]) {
    const { page } = await stage.open(path);
    await page.waitForLoadState("load");
    const sent = await page.evaluate(bytesSent);
    console.log(`${path} is sent as ${sum(sent.map(({ transferSize }) => transferSize))} bytes in ${sent.length} files`);
    // What both load comes to the second page in another profile of the browser, and is sent again; here it counts once.
    for (const file of sent) files.set(file.name, file);
    assert.ok(sent.length > 10, "the browser did not count");
  }
  const all = [...files.values()];
  const [bytes, whole] = [sum(all.map(({ transferSize }) => transferSize)), sum(all.map(({ decodedBodySize }) => decodedBodySize))];
  console.log(`both together: ${bytes} bytes as sent, ${whole} when unpacked, ${await bytesOfSource()} as written, with their comments`);
  assert.ok(bytes < BYTES_MAX, `${bytes} bytes`);
}, { sizes: ["desktop"] });

scene("a page that has not changed is not sent again", async (stage) => {
  for (const path of ["/", "/admin"]) {
    const { page } = await stage.open(path);
    await page.waitForLoadState("load");
    await page.reload();
    const sent = await page.evaluate(bytesSent);
    assert.ok(sent.length > 10, "the browser did not count");
    // The browser counts the answer that nothing has changed as so many bytes.
    assert.deepEqual(sent.filter(({ transferSize }) => transferSize > 300), [], path);
  }
}, { sizes: ["desktop"] });
