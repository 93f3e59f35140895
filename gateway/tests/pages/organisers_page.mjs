// The organisers' page, by the names that screen readers read.

import { gone, seen } from "./eventually.mjs";
import { ADMIN_TOKEN } from "./server.mjs";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").Locator} Locator */

/**
 * @param {Page} page
 * @param {string} [token]
 */
export async function signInAsOrganiser(page, token = ADMIN_TOKEN) {
  await page.getByLabel("Admin token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await seen(page.getByRole("button", { name: "Sign out" }));
}

/**
 * Goes to one of the views: "Overview", "Events", "Holds", "Bookings", "Line", "Sessions" or "Audit trail".
 * @param {Page} page
 * @param {string} name
 */
export async function goTo(page, name) {
  await page.getByRole("navigation").getByRole("link", { name, exact: true }).click();
}

/**
 * The row of a table that has this text.
 * @param {Page | Locator} within
 * @param {string | RegExp} text
 * @returns {Locator}
 */
export function row(within, text) {
  return within.getByRole("row").filter({ hasText: text });
}

/**
 * The dialog that is open. Names of events may be part of its title.
 * @param {Page} page
 * @param {string | RegExp} title
 * @returns {Locator}
 */
export function dialog(page, title) {
  return page.getByRole("dialog", { name: title });
}

/**
 * Answers the dialog that is open with one of its buttons, and waits until it is gone.
 * @param {Page} page
 * @param {string | RegExp} title
 * @param {string} answer
 * @param {Record<string, string>} [fields] what to fill in before, by label
 */
export async function answer(page, title, answer, fields = {}) {
  const open = dialog(page, title);
  await seen(open);
  for (const [label, value] of Object.entries(fields)) await open.getByLabel(label, { exact: true }).fill(value);
  await open.getByRole("button", { name: answer, exact: true }).click();
  await gone(open);
}

/**
 * The value of a tile, such as that of "Booked".
 * @param {Page} page
 * @param {string} label
 * @returns {Locator}
 */
export function tile(page, label) {
  return page.locator(".tile").filter({ has: page.getByText(label, { exact: true }) }).locator(".value");
}
