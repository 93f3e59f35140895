// What a login brought, in words.

import { explainCode } from "../refusals.js";
import { element } from "../render.js";
import { count } from "../words.js";

/** @typedef {import("../objects.js").Outcome} Outcome */

/** More than these are counted, and not listed. */
const LISTED_MAX = 5;

/**
 * @param {Outcome} outcome
 * @param {string} name the event's
 * @returns {string}
 */
export function outcomeText({ outcome, hold, queue, code }, name) {
  if (outcome === "held" && hold) return `${name}: ${count(hold.quantity, "ticket is", "tickets are")} held for you.`;
  if (outcome === "already_held" && hold) return `${name}: ${count(hold.quantity, "ticket is", "tickets are")} still held for you.`;
  if (outcome === "queued" && queue) return `${name}: you are in line, with ${queue.ahead} ahead of you.`;
  return `${name}: ${explainCode(code ?? outcome)}`;
}

/**
 * @param {Outcome[]} outcomes
 * @param {(event: string) => string} nameOf
 * @returns {Node[]} none where the login brought nothing
 */
export function outcomeList(outcomes, nameOf) {
  if (outcomes.length === 0) return [];
  const items = outcomes.slice(0, LISTED_MAX).map((outcome) => element("li", {}, outcomeText(outcome, nameOf(outcome.event))));
  const rest = outcomes.length - items.length;
  return [element("ul", {}, ...items, rest > 0 && element("li", {}, `And ${count(rest, "event")} more: see below.`))];
}
