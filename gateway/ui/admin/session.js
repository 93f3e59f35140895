// Who is signed in. The cookie is the browser's to keep: no script sees it.

import { call, listAll, Refusal, Unreachable } from "../api.js";
import { clock } from "../clock.js";
import { explain } from "../refusals.js";
import { clockTime, duration } from "../words.js";

/** @typedef {{name: string, role: "operator" | "viewer"}} Organiser */

/** @type {() => void} */
let tellLost = () => {};

/**
 * Calls back when the server knows the cookie no more.
 * @param {() => void} tell
 */
export function onLost(tell) {
  tellLost = tell;
}

/**
 * Asks the admin API.
 * @param {string} method
 * @param {string} path
 * @param {import("../api.js").CallOptions} [options]
 */
export async function ask(method, path, options) {
  try {
    return await call(method, path, options);
  } catch (error) {
    if (error instanceof Refusal && error.code === "unauthenticated") tellLost();
    throw error;
  }
}

/**
 * All items of a list of the admin API.
 * @param {string} path
 */
export function askAll(path) {
  return listAll(path, undefined, ask);
}

/**
 * Who is signed in, if anybody is.
 * @returns {Promise<Organiser | null>}
 */
export async function whoIsSignedIn() {
  try {
    return (await call("GET", "/v1/admin/me")).body;
  } catch (error) {
    if (error instanceof Refusal && ["unauthenticated", "forbidden"].includes(error.code)) return null;
    throw error;
  }
}

/**
 * @param {string} token
 * @returns {Promise<Organiser>}
 */
export async function signIn(token) {
  return (await call("POST", "/v1/admin/login", { bearer: token })).body;
}

/** Signs out. Whose cookie is known no more is out already. */
export async function signOut() {
  try {
    await call("DELETE", "/v1/admin/me");
  } catch (error) {
    if (!(error instanceof Refusal && error.code === "unauthenticated")) throw error;
  }
}

/** What the server says of these is about buyers, or is nothing one could act on. */
const EXPLAINED = ["version_conflict", "unexpected_answer", "invalid_transition", "capacity_below_committed", "event_in_use", "session_not_found"];

/**
 * What went wrong, as an organiser needs it: what the server says, and where that helps nobody, what it means.
 * @param {unknown} error
 * @returns {string}
 */
export function problem(error) {
  if (error instanceof Unreachable) return "The server does not answer. Check the connection, and try again.";
  if (!(error instanceof Refusal)) return "Something went wrong on this page. Reload it.";
  if (error.code === "unauthenticated") return "The server does not know this token. Check it, and sign in again.";
  if (error.code === "rate_limited") return lockedOut(error.retryAfterSeconds ?? 60);
  if (error.status >= 500 || EXPLAINED.includes(error.code)) return explain(error);
  if (error.code === "validation_failed") {
    const faults = error.members.errors ?? [];
    return `${sentence(faults.map((/** @type {any} */ fault) => `${(fault.field ?? "").replaceAll("_", " ")} ${fault.message}`).join("; "))}`;
  }
  return sentence(error.detail);
}

/** @param {number} seconds */
function lockedOut(seconds) {
  const until = new Date((clock.nowMs() || Date.now()) + seconds * 1_000).toISOString();
  return `Too many wrong tokens came from your network: it is locked out until ${clockTime(until, Date.parse(until))}, for ${duration(seconds * 1_000)}.`;
}

/** @param {string} text */
function sentence(text) {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
