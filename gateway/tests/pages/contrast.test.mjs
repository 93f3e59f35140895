// The measure of contrast: it must tell what can be read from what cannot.

import assert from "node:assert/strict";
import { findingsOfAxe } from "./accessibility.mjs";
import { hardToRead } from "./contrast.mjs";
import { scene } from "./scene.mjs";

const PAGE = `<!doctype html><html lang="en"><title>Contrast</title><main><h1>Contrast</h1>
  <p style="color: #767676; background: #ffffff">grey on white</p>
  <p style="color: #8a8a8a; background: #ffffff">pale on white</p>
  <p style="color: #8a8a8a; background: #ffffff; font-size: 24px">large and pale</p>
  <p style="color: #ffffff; background: linear-gradient(90deg, #000000, #ffffff)">white that runs into white, from end to end of it</p>
  <p style="color: rgb(0 0 0 / 40%); background: #ffffff">half transparent</p>
  <button disabled>inactive</button>
  <label>Field <input placeholder="hint" style="background: #e4e4e4"></label>
  <label>Field <input placeholder="nothing to read here" value="black" style="background: #ffffff; color: #000000"></label>
</main>`;

scene("contrast is measured in what is drawn", async (stage) => {
  const { page } = await stage.open("/docs/errors");
  await page.context().route("**/contrast", (route) => route.fulfill({ body: PAGE, contentType: "text/html" }));
  await page.goto(`${stage.server.url}/contrast`);
  const found = (await hardToRead(page)).map((finding) => /"(\w+)/.exec(finding)?.[1]);
  assert.deepEqual(found, ["pale", "white", "half", "hint"]);
}, { sizes: ["desktop"] });

scene("axe finds what is missing", async (stage) => {
  const { page } = await stage.open("/docs/errors");
  assert.deepEqual(await findingsOfAxe(page), []);
  await page.evaluate(() => document.body.append(document.createElement("button")));
  assert.match((await findingsOfAxe(page)).join(), /button-name/);
}, { sizes: ["desktop"] });
