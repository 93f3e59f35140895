// How much time a hold has left, and what is said about it when.

/** @typedef {import("../objects.js").Hold} Hold */
/** @typedef {import("./sale.js").Pause} Pause */

/** @typedef {"calm" | "soon" | "urgent" | "stopped" | "over"} Phase */

const SOON_MS = 5 * 60_000;
const URGENT_MS = 60_000;
/** When more time is offered: long enough before the end to answer (WCAG 2.2.1). */
export const OFFER_MS = 45_000;
/** When screen readers are told, longest first. */
const TOLD_AT_MS = [SOON_MS, URGENT_MS, OFFER_MS];
/** How long after the sale goes on the new deadline of a hold may take to come. */
const RESUMING_MS = 3_000;

/**
 * The time that a hold has left. While the sale is paused it stands still, and after that until the deadline has moved.
 * @param {Hold} hold
 * @param {Pause | undefined} pause the last one of its event
 * @param {number} nowMs the server's time
 * @returns {{ms: number, isStopped: boolean}}
 */
export function timeLeft(hold, pause, nowMs) {
  const toldAtMs = Date.parse(hold.server_time);
  const expiresAtMs = Date.parse(hold.expires_at);
  if (pause && isStill(pause, toldAtMs, nowMs)) {
    const ms = toldAtMs >= pause.sinceMs ? hold.expires_in_ms : expiresAtMs - pause.sinceMs;
    return { ms: Math.max(0, ms), isStopped: true };
  }
  return { ms: Math.max(0, expiresAtMs - nowMs), isStopped: false };
}

/**
 * @param {Pause} pause
 * @param {number} toldAtMs
 * @param {number} nowMs
 */
function isStill({ endedAtMs }, toldAtMs, nowMs) {
  if (endedAtMs === null) return true;
  return toldAtMs < endedAtMs && nowMs - endedAtMs < RESUMING_MS;
}

/**
 * @param {number} ms
 * @param {boolean} isStopped
 * @returns {Phase}
 */
export function phaseOf(ms, isStopped) {
  if (isStopped) return "stopped";
  if (ms <= 0) return "over";
  if (ms < URGENT_MS) return "urgent";
  return ms < SOON_MS ? "soon" : "calm";
}

/** Says of each hold once what is to be said. */
export class Reminders {
  constructor() {
    /** How much time each hold had at the last look; more time begins anew. @type {Map<string, number>} */
    this.seen = new Map();
    /** The holds that more time was offered for, as they were then. @type {Set<string>} */
    this.offered = new Set();
    /** Those of which the user wanted to hear no more. @type {Set<string>} */
    this.dismissed = new Set();
  }

  /** The offer was gone before it was answered, as by a pause. @param {Hold} hold */
  offerAgain(hold) {
    this.offered.delete(`${hold.id}/${hold.extensions_left}`);
  }

  /**
   * What is due now that the hold has so much time left.
   * @param {Hold} hold
   * @param {number} ms
   * @returns {{tells: boolean, offers: boolean}} whether screen readers are told, and whether more time is offered
   */
  look(hold, ms) {
    const key = `${hold.id}/${hold.extensions_left}`;
    const before = this.seen.get(key) ?? Date.parse(hold.expires_at) - Date.parse(hold.created_at);
    this.seen.set(key, ms);
    const tells = ms > 0 && TOLD_AT_MS.some((toldAtMs) => before > toldAtMs && ms <= toldAtMs);
    const isDue = ms > 0 && ms <= OFFER_MS && wholeMs(hold) > OFFER_MS && hold.extensions_left > 0;
    // An organiser gave more time, or a restart gave it back: towards its end it is offered anew.
    if (ms > OFFER_MS) this.offered.delete(key);
    const offers = isDue && !this.offered.has(key) && !this.dismissed.has(hold.id);
    if (offers) this.offered.add(key);
    return { tells, offers };
  }
}

/**
 * A hold that never had more time than that would be offered more at once.
 * @param {Hold} hold
 */
function wholeMs({ created_at, expires_at }) {
  return Date.parse(expires_at) - Date.parse(created_at);
}
