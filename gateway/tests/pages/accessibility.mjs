// What everybody must be able to use: the rules of axe, contrast as it is drawn, and pages that do not scroll sideways.

import assert from "node:assert/strict";
import axe from "axe-core";
import { hardToRead } from "./contrast.mjs";

/** The tags of the rules that are held. */
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** The only rule that looks at colours: in another theme, the others find the same. */
const RULES_OF_COLOUR = ["color-contrast"];

/** @type {import("./browser.mjs").Theme[]} */
const THEMES = ["light", "dark"];

/**
 * Examines a state of the page in both themes, and takes a picture in each.
 * @param {import("./scene.mjs").Stage} stage
 * @param {import("./browser.mjs").WatchedPage} watched
 * @param {string} state a name for it
 */
export async function examine(stage, watched, state) {
  const { page } = watched;
  /** @type {string[]} */
  const findings = [];
  await scrollsNoSideways(page, state);
  const size = /** @type {{width: number, height: number}} */ (page.viewportSize());
  await showAll(page);
  for (const theme of THEMES) {
    await page.emulateMedia({ colorScheme: theme });
    await settle(page);
    await stage.picture(state, theme);
    for (const finding of [...(await findingsOfAxe(page, theme === THEMES[0])), ...(await hardToRead(page))]) findings.push(`${theme}: ${finding}`);
  }
  await page.setViewportSize(size);
  assert.deepEqual(findings, [], state);
}

/** So high a window would be larger than pictures can be. */
const HEIGHT_MAX = 16_000;

/**
 * Makes the window as high as the page, so that all of it is laid out and drawn.
 * @param {import("playwright-core").Page} page
 */
async function showAll(page) {
  const { width, height } = /** @type {{width: number, height: number}} */ (page.viewportSize());
  const heightOfPage = () => page.evaluate(() => document.documentElement.scrollHeight);
  // What was not laid out before may have another height than was thought.
  for (let last = 0, now = await heightOfPage(); now !== last; last = now, now = await heightOfPage()) {
    await page.setViewportSize({ width, height: Math.min(HEIGHT_MAX, Math.max(height, now)) });
    await settle(page);
  }
  await page.evaluate(() => scrollTo(0, 0));
}

/**
 * Waits until what moves once has stopped moving.
 * @param {import("playwright-core").Page} page
 */
export async function settle(page) {
  await page.evaluate(async () => {
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const isFinite = (/** @type {Animation} */ { effect }) => effect?.getComputedTiming().endTime !== Infinity;
    await Promise.allSettled(document.getAnimations().filter(isFinite).map(({ finished }) => finished));
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  });
}

/**
 * The serious and critical findings.
 * @param {import("playwright-core").Page} page
 * @param {boolean} [isWhole] whether by all rules, and not only by those of colours
 * @returns {Promise<string[]>}
 */
export async function findingsOfAxe(page, isWhole = true) {
  await page.evaluate(axe.source);
  /** @type {import("axe-core").RunOptions} */
  const options = { runOnly: isWhole ? { type: "tag", values: TAGS } : { type: "rule", values: RULES_OF_COLOUR }, resultTypes: ["violations"] };
  const { violations } = await page.evaluate(
    (options) => /** @type {typeof axe} */ (/** @type {any} */ (globalThis).axe).run(options), options);
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
}

/**
 * @param {import("playwright-core").Page} page
 * @param {string} state
 */
export async function scrollsNoSideways(page, state) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(content <= window, `${state}: ${content} pixels wide, in a window of ${window}`);
}
