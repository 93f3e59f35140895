// Waiting for what must come true. Nothing here waits for time to pass.

import { setTimeout as pause } from "node:timers/promises";

/** How long anything may take that is to happen at once, on a machine that is busy with other things, in milliseconds. */
export const SOON_MS = 15_000;

const PROBE_EVERY_MS = 25;

/**
 * Asks until the answer is true, and gives it back.
 * @template Answer
 * @param {string} what for the message where it never is
 * @param {() => Promise<Answer> | Answer} probe
 * @param {number} [withinMs]
 * @returns {Promise<NonNullable<Answer>>}
 */
export async function eventually(what, probe, withinMs = SOON_MS) {
  const endMs = performance.now() + withinMs;
  for (;;) {
    const answer = await probe();
    if (answer) return answer;
    if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await pause(PROBE_EVERY_MS);
  }
}

/**
 * Waits until the text of an element matches, and gives the text back.
 * @param {import("playwright-core").Locator} locator of one element
 * @param {RegExp} pattern
 * @param {number} [withinMs]
 * @returns {Promise<string>}
 */
export async function textOf(locator, pattern, withinMs = SOON_MS) {
  let last = "";
  try {
    return await eventually(String(pattern), async () => {
      // What is far out of sight is not laid out, and has no text that anybody could read.
      await locator.scrollIntoViewIfNeeded({ timeout: withinMs });
      last = (await locator.innerText({ timeout: withinMs })).trim();
      return pattern.test(last) ? last : null;
    }, withinMs);
  } catch (error) {
    throw new Error(`${locator} has ${JSON.stringify(last)}, and never ${pattern}`, { cause: error });
  }
}

/**
 * Waits until an element can be seen.
 * @param {import("playwright-core").Locator} locator
 * @param {number} [withinMs]
 */
export async function seen(locator, withinMs = SOON_MS) {
  await locator.waitFor({ state: "visible", timeout: withinMs });
}

/**
 * Waits until no such element can be seen.
 * @param {import("playwright-core").Locator} locator
 */
export async function gone(locator) {
  await locator.waitFor({ state: "hidden", timeout: SOON_MS });
}
