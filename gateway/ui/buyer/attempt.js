// A button that does something: busy while it does, and beside it what went wrong.

import { Refusal } from "../api.js";
import { explain } from "../refusals.js";
import { element, setAttribute, setText } from "../render.js";
import { duration } from "../words.js";

/** For so long after something else came under the finger, a press was meant for what was there before, in milliseconds. */
const SETTLING_MS = 400;

/** Whether a press means what the button does now. */
export class Settling {
  constructor() {
    this.changedAtMs = -Infinity;
  }

  /** From now on the button does something else. */
  restart() {
    this.changedAtMs = performance.now();
  }

  get isOver() {
    return performance.now() - this.changedAtMs > SETTLING_MS;
  }
}

/** Where it says what went wrong. */
export class Fault {
  constructor() {
    this.node = element("p", { class: "fault", role: "alert" });
    this.timer = 0;
  }

  /** @param {unknown} error */
  show(error) {
    this.say(explain(error));
    const seconds = error instanceof Refusal ? error.retryAfterSeconds : null;
    if (seconds !== null) this.timer = setTimeout(() => this.say("You can try again now."), seconds * 1_000);
  }

  /** It is tried again by itself. @param {number} seconds */
  wait(seconds) {
    this.say(`The server is very busy. Trying again in ${duration(seconds * 1_000)} …`);
  }

  clear() {
    this.say("");
  }

  /** @param {string} text */
  say(text) {
    clearTimeout(this.timer);
    setText(this.node, text);
  }
}

/**
 * Does it once, however often the button is pressed meanwhile.
 * @param {HTMLElement} button
 * @param {Fault} fault
 * @param {(onWait: (seconds: number) => void) => Promise<unknown>} run
 */
export async function attempt(button, fault, run) {
  if (button.getAttribute("aria-busy") === "true") return;
  setAttribute(button, "aria-busy", "true");
  setAttribute(button, "aria-disabled", "true");
  fault.clear();
  try {
    await run((seconds) => fault.wait(seconds));
    fault.clear();
  } catch (error) {
    fault.show(error);
  } finally {
    setAttribute(button, "aria-busy", null);
    setAttribute(button, "aria-disabled", null);
  }
}

/**
 * A button whose name says of what, for those who do not see where it stands.
 * @param {string} label
 * @param {string} kind
 * @param {() => void} click
 */
export function button(label, kind, click) {
  return element("button", { type: "button", class: `button ${kind}`, on: { click } }, label);
}

/**
 * @param {HTMLElement} node
 * @param {string} what
 */
export function nameButton(node, what) {
  setAttribute(node, "aria-label", `${node.textContent}, ${what}`);
}
