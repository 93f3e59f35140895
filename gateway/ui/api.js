// Calls of the HTTP API. Who asks, the cookies say, which no script can read.

import { clock } from "./clock.js";

/** How often a change is tried in all. */
const ATTEMPTS_MAX = 5;
const BACKOFF_MS = 400;
/** Whoever is told to wait longer than this tells the user, who may try again. */
const RETRY_AFTER_SECONDS_MAX = 8;
const ANSWER_MS_MAX = 35_000;

/** The server refused: nothing changed, unless it timed out. */
export class Refusal extends Error {
  /**
   * @param {number} status
   * @param {Record<string, any>} problem the problem details
   * @param {Headers} headers
   */
  constructor(status, problem, headers) {
    super(problem.detail ?? `the server answered with status ${status}`);
    this.status = status;
    /** The stable name of the refusal; `unexpected_answer` where the answer is none of the server's. @type {string} */
    this.code = problem.code ?? "unexpected_answer";
    this.detail = this.message;
    /** What the refusal says besides: `opens_at`, `ahead`, `limit` … */
    this.members = problem;
    const seconds = Number.parseInt(headers.get("retry-after") ?? "", 10);
    /** After how many seconds it may be tried again. @type {number | null} */
    this.retryAfterSeconds = Number.isNaN(seconds) ? null : seconds;
    this.requestId = headers.get("x-request-id");
  }
}

/** No answer came. A change may have been made or not; the same key tells. */
export class Unreachable extends Error {}

/**
 * Whether nobody knows what became of a change: asked again with the same key, it is made once.
 * @param {unknown} error
 */
export function isUnknown(error) {
  return error instanceof Unreachable || (error instanceof Refusal && error.status >= 500);
}

/** @typedef {{status: number, body: any, headers: Headers}} Answer */

/**
 * @typedef {object} CallOptions
 * @property {unknown} [body] what is sent, as JSON
 * @property {string} [idempotencyKey] of the user's intent; without it, this call is an intent of its own
 * @property {string} [bearer] a token that is shown this once, to sign in with it
 * @property {boolean} [isOnce] never tried again: no key would make it one
 * @property {AbortSignal} [signal] ends the trying, and not what is on its way
 * @property {string} [ifMatch]
 * @property {(seconds: number) => void} [onWait] told before a change is tried again
 */

/**
 * A key for one intent of the user, to be used for as long as it is tried.
 * @returns {string}
 */
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Asks. A change is repeated with its key where nobody knows whether it was made, and where the server asks for patience.
 * @param {string} method
 * @param {string} path
 * @param {CallOptions} [options]
 * @returns {Promise<Answer>}
 * @throws {Refusal | Unreachable}
 */
export async function call(method, path, options = {}) {
  if (method === "GET") return once(method, path, options);
  const keyed = { idempotencyKey: newKey(), ...options };
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(method, path, keyed);
    } catch (error) {
      const seconds = attempt < ATTEMPTS_MAX && !options.isOnce ? secondsUntilRetry(error, attempt, Math.random()) : null;
      if (seconds === null) throw error;
      options.onWait?.(seconds);
      await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
      // Who asked is gone, and the cookie may be somebody else's.
      if (options.signal?.aborted) throw error;
    }
  }
}

/**
 * After how many seconds it makes sense to try a change again; `null` where it makes none.
 * @param {unknown} error
 * @param {number} attempt the first is 1
 * @param {number} chance 0 to 1, so that a crowd does not come back at once
 * @returns {number | null}
 */
export function secondsUntilRetry(error, attempt, chance) {
  const backoff = (BACKOFF_MS * 2 ** (attempt - 1) * (0.5 + chance)) / 1_000;
  if (error instanceof Unreachable) return backoff;
  if (!(error instanceof Refusal) || ![502, 503, 504].includes(error.status)) return null;
  // A full disk is not emptied by asking.
  if (error.code === "storage_full") return null;
  const told = error.retryAfterSeconds ?? 0;
  return told > RETRY_AFTER_SECONDS_MAX ? null : Math.max(backoff, told);
}

/**
 * @param {string} method
 * @param {string} path
 * @param {CallOptions} options
 * @returns {Promise<Answer>}
 */
async function once(method, path, { body, idempotencyKey, bearer, ifMatch }) {
  /** @type {Record<string, string>} */
  const headers = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (idempotencyKey && method !== "GET") headers["idempotency-key"] = idempotencyKey;
  if (bearer) headers.authorization = `Bearer ${bearer}`;
  if (ifMatch) headers["if-match"] = ifMatch;
  const sentAtMs = performance.now();
  const signal = AbortSignal.timeout(ANSWER_MS_MAX);
  let answer, text;
  try {
    answer = await fetch(path, { method, headers, signal, cache: "no-store", ...(body !== undefined && { body: JSON.stringify(body) }) });
    text = await answer.text();
  } catch (error) {
    throw new Unreachable("the server does not answer", { cause: error });
  }
  const value = read(text);
  // The answer to a repeat is the first one again, with the time that it was then.
  const isReplay = answer.headers.has("idempotency-replayed");
  if (typeof value?.server_time === "string" && !isReplay) clock.learn(value.server_time, sentAtMs);
  if (!answer.ok) throw new Refusal(answer.status, value ?? {}, answer.headers);
  return { status: answer.status, body: value, headers: answer.headers };
}

/**
 * What stands between us and the server may answer something else than JSON.
 * @param {string} text
 * @returns {any}
 */
function read(text) {
  try {
    return text === "" ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * All items of a list, page by page.
 * @param {string} path with `?` where it has parameters
 * @param {(items: any[]) => void} [onPage] told of each page as it comes
 * @param {typeof call} [ask] asks for a page
 * @returns {Promise<any[]>}
 */
export async function listAll(path, onPage, ask = call) {
  const items = [];
  let cursor = null;
  do {
    const step = new URLSearchParams({ limit: "200", ...(cursor && { cursor }) });
    const { body } = await ask("GET", `${path}${path.includes("?") ? "&" : "?"}${step}`);
    items.push(...body.items);
    onPage?.(body.items);
    cursor = body.next_cursor;
  } while (cursor !== null);
  return items;
}
