// The buyers' page, by the names that screen readers read.

import { seen } from "./eventually.mjs";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").Locator} Locator */

/**
 * Signs in where anybody may.
 * @param {Page} page
 * @param {string} user
 */
export async function signIn(page, user) {
  await page.getByRole("textbox", { name: "Name" }).fill(user);
  await page.getByRole("button", { name: "Sign in" }).click();
  await seen(page.getByRole("button", { name: "Sign out" }));
}

/**
 * A section of the page: "My holds", "My places in line", "My bookings" or "Events".
 * @param {Page} page
 * @param {string} name
 * @returns {Locator}
 */
export function region(page, name) {
  return page.getByRole("region", { name, exact: true });
}

/**
 * The card of an event in the list of all.
 * @param {Page} page
 * @param {string} name
 * @returns {Locator}
 */
export function card(page, name) {
  return region(page, "Events").getByRole("article", { name, exact: true });
}

/**
 * What is held of an event.
 * @param {Page} page
 * @param {string} name
 * @returns {Locator}
 */
export function hold(page, name) {
  return region(page, "My holds").getByRole("article", { name });
}

/**
 * The countdown in something.
 * @param {Page | Locator} within
 * @returns {Locator}
 */
export function timer(within) {
  return within.getByRole("timer");
}

/**
 * The seconds that a countdown shows.
 * @param {Locator} countdown
 * @returns {Promise<number>}
 */
export async function secondsLeft(countdown) {
  const text = await countdown.innerText();
  const [, minutes, seconds] = /(\d+):(\d\d)/.exec(text) ?? [];
  if (seconds === undefined) throw new Error(`no countdown: ${JSON.stringify(text)}`);
  return Number(minutes) * 60 + Number(seconds);
}

/**
 * The button that begins with these words, in something.
 * @param {Page | Locator} within
 * @param {string} words
 * @returns {Locator}
 */
export function button(within, words) {
  return within.getByRole("button", { name: new RegExp(`^${words}(,|$)`) });
}
