// A scene is a test with a server, a sale and pages of its own, played at each size. What went wrong anywhere fails it.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { closeBrowser, newPage, SIZES } from "./browser.mjs";
import { Sale } from "./sale.mjs";
import { Server, TARGET } from "./server.mjs";

/** Where pictures of the pages are put, to be looked at. */
export const SCREENSHOTS = join(TARGET, "screenshots");

const SCENE_MS_MAX = 120_000;

/**
 * @typedef {object} SceneOptions
 * @property {Record<string, string>} [settings] of the server
 * @property {import("./browser.mjs").Size[]} [sizes]
 */

/**
 * @param {string} name
 * @param {(stage: Stage) => Promise<void>} play
 * @param {SceneOptions} [options]
 */
export function scene(name, play, options = {}) {
  for (const size of options.sizes ?? /** @type {import("./browser.mjs").Size[]} */ (Object.keys(SIZES))) {
    test(`${name} (${size})`, { timeout: SCENE_MS_MAX }, () => perform(name, play, options, size));
  }
}

after(closeBrowser);

/**
 * @param {string} name
 * @param {(stage: Stage) => Promise<void>} play
 * @param {SceneOptions} options
 * @param {import("./browser.mjs").Size} size
 */
async function perform(name, play, options, size) {
  const stage = new Stage(await Server.start(options.settings), size);
  try {
    await play(stage);
    for (const watched of stage.pages) watched.assertNoFaults();
  } catch (error) {
    for (const watched of stage.pages) console.error(watched.faults.join("\n"));
    await stage.picture(`failed ${name}`);
    throw error;
  } finally {
    await stage.close();
  }
}

/** What a scene plays on. */
export class Stage {
  /**
   * @param {Server} server
   * @param {import("./browser.mjs").Size} size
   */
  constructor(server, size) {
    this.server = server;
    this.size = size;
    this.sale = new Sale(server.url);
    /** @type {import("./browser.mjs").WatchedPage[]} */
    this.pages = [];
    /** What is ended after the pages. @type {{stop(): Promise<unknown>}[]} */
    this.props = [];
    /** For scenes that take it from the stage. */
    this.open = this.open.bind(this);
  }

  /**
   * Opens a page in a profile of its own, which is signed in if `buyer` is given.
   * @param {string} path
   * @param {Partial<import("./browser.mjs").PageOptions> & {buyer?: import("./sale.mjs").Buyer, url?: string}} [options]
   * @returns {Promise<import("./browser.mjs").WatchedPage>}
   */
  async open(path, { buyer, url = this.server.url, ...options } = {}) {
    const watched = await newPage(url, { size: this.size, sessionToken: buyer?.sessionToken, ...options });
    this.pages.push(watched);
    // Who is not signed in is told so by a refusal.
    if (!buyer) watched.expectRefusals(401);
    await watched.page.goto(url + path);
    return watched;
  }

  /**
   * Takes pictures of all pages, named after what they show.
   * @param {string} name
   * @param {import("./browser.mjs").Theme} [theme]
   */
  async picture(name, theme) {
    await mkdir(SCREENSHOTS, { recursive: true });
    for (const [number, { page }] of this.pages.entries()) {
      const words = [name, this.size, theme, number === 0 ? undefined : number + 1].filter(Boolean).join("-");
      const path = join(SCREENSHOTS, `${words.replace(/[^\w-]+/g, "-")}.png`);
      await page.screenshot({ path, fullPage: true }).catch(() => {});
    }
  }

  async close() {
    for (const { page } of this.pages) await page.context().close();
    for (const prop of this.props) await prop.stop();
    await this.server.stop();
  }
}
