// A hold: how much time is left, and what to do with it.

import { clock } from "../clock.js";
import { confirm } from "../dialog.js";
import { element, setAttribute, setShown, setText } from "../render.js";
import { Ring } from "../ring.js";
import { clockTime, count, countdown, duration, money } from "../words.js";
import { Fault, attempt, button, nameButton } from "./attempt.js";
import { phaseOf, timeLeft } from "./time_left.js";

/** @typedef {import("../objects.js").Hold} Hold */

/** Longer than this before the end, the ring moves once a percent, and not each second. */
const CLOSELY_MS = 60_000;

/** A countdown with its ring. */
export class Countdown {
  /** @param {string} [className] */
  constructor(className = "") {
    this.ring = new Ring("Time left");
    this.timer = element("span", { class: "timer", role: "timer" });
    this.node = element("div", { class: `countdown ${className}` }, this.ring.node, this.timer);
    this.shown = "";
  }

  /**
   * @param {number} ms
   * @param {number} wholeMs
   * @param {import("./time_left.js").Phase} phase
   */
  set(ms, wholeMs, phase) {
    const text = countdown(ms);
    const percent = Math.ceil((ms / Math.max(wholeMs, ms, 1)) * 100);
    const state = `${phase} ${ms < CLOSELY_MS ? text : percent}`;
    setText(this.timer, text);
    if (state === this.shown) return;
    this.shown = state;
    const words = phase === "over" ? "no time left" : `${duration(ms)} left`;
    this.ring.set(percent / 100, phase === "stopped" ? `stopped with ${words}` : words, "", phase);
    setAttribute(this.node, "data-phase", phase);
  }
}

/** The card of a hold, also when its time is up. */
export class HoldCard {
  /**
   * @param {Hold} hold
   * @param {import("./sale.js").Sale} sale
   * @param {import("./doings.js").Doings} doings
   */
  constructor(hold, sale, doings) {
    this.hold = hold;
    this.sale = sale;
    this.doings = doings;
    /** What texts and buttons were last set for. */
    this.state = "";
    /** @type {Hold | undefined} */
    this.shownHold = undefined;
    /** @type {string | undefined} */
    this.shownName = undefined;
    this.countdown = new Countdown();
    this.name = element("h3", { id: `hold-${hold.id}` });
    this.what = element("p", {});
    this.until = element("p", { class: "quiet small" });
    this.fault = new Fault();
    this.bookButton = button("Book", "primary", () => this.run(this.bookButton, doings.confirm));
    this.moreButton = button("More time", "", () => this.run(this.moreButton, doings.extend));
    this.releaseButton = button("Release", "plain", () => void this.release());
    this.againButton = button("Join the line again", "primary", () => this.run(this.againButton, doings.joinAgain));
    this.dismissButton = button("Dismiss", "plain", () => sale.dismiss(this.hold.id));
    this.buttons = [this.bookButton, this.moreButton, this.releaseButton, this.againButton, this.dismissButton];
    this.node = element("article", { class: "glass panel hold-card", "aria-labelledby": `hold-${hold.id}` },
      this.countdown.node,
      element("div", { class: "facts" }, this.name, this.what, this.until),
      element("div", { class: "actions" }, ...this.buttons), this.fault.node);
  }

  /** @param {Hold} hold */
  set(hold) {
    const event = this.sale.events.get(hold.event);
    if (hold === this.shownHold && event?.name === this.shownName) return;
    this.shownHold = hold;
    this.shownName = event?.name;
    this.hold = hold;
    const name = event?.name ?? hold.event;
    setText(this.name, name);
    setText(this.what, describe(hold, event));
    for (const each of this.buttons) nameButton(each, `${name}, ${this.what.textContent}`);
    this.tick(clock.nowMs());
  }

  /** @param {number} nowMs the server's time */
  tick(nowMs) {
    const { hold, sale } = this;
    const { ms, isStopped } = timeLeft(hold, sale.pauses.get(hold.event), nowMs);
    const isOver = hold.state !== "held" || (!isStopped && ms === 0);
    const phase = isOver ? "over" : phaseOf(ms, isStopped);
    const wholeMs = (sale.events.get(hold.event)?.hold_seconds ?? 0) * 1_000;
    this.countdown.set(isOver ? 0 : ms, wholeMs, phase);
    if (isOver && hold.state === "held") sale.expire(hold.id);
    const state = `${phase} ${hold.extensions_left} ${hold.expires_at}`;
    if (state !== this.state) this.setState(phase, nowMs);
    this.state = state;
  }

  /**
   * @param {import("./time_left.js").Phase} phase
   * @param {number} nowMs
   */
  setState(phase, nowMs) {
    const isOver = phase === "over";
    setText(this.until, untilText(this.hold, phase, nowMs));
    setAttribute(this.node, "data-phase", phase);
    setShown(this.bookButton, !isOver);
    setShown(this.moreButton, !isOver && phase !== "stopped" && this.hold.extensions_left > 0);
    setShown(this.releaseButton, !isOver);
    setShown(this.againButton, isOver);
    setShown(this.dismissButton, isOver);
  }

  async release() {
    const { id, quantity } = this.hold;
    const what = `${this.what.textContent} of ${this.name.textContent}`;
    const body = ["Others can have them then, and you may have to wait in line to get tickets again."];
    if (!(await confirm({ title: `Release ${what}?`, body, confirm: "Release", cancel: "Keep" }))) return;
    // The answer is to the question, and what was asked about may be another number by now, or booked, or over.
    const now = this.sale.holds.get(id);
    if (now?.state === "held" && now.quantity === quantity) this.run(this.releaseButton, this.doings.release);
  }

  /**
   * @param {HTMLElement} pressed
   * @param {(hold: Hold, onWait: (seconds: number) => void) => Promise<void>} doing
   */
  run(pressed, doing) {
    void attempt(pressed, this.fault, (onWait) => doing.call(this.doings, this.hold, onWait));
  }
}

/**
 * `2 × VIP, €120.00 each`. The name of the only kind there is says nothing.
 * @param {{ticket_type: string, quantity: number}} thing
 * @param {import("../objects.js").Event | undefined} event
 */
export function describe({ ticket_type, quantity }, event) {
  const type = event?.ticket_types.find(({ id }) => id === ticket_type);
  const isOnly = event?.ticket_types.length === 1;
  const what = isOnly ? count(quantity, "ticket") : `${quantity} × ${type?.name ?? ticket_type}`;
  return type?.price ? `${what}, ${money(type.price)}${quantity > 1 ? " each" : ""}` : what;
}

/**
 * @param {Hold} hold
 * @param {import("./time_left.js").Phase} phase
 * @param {number} nowMs
 */
function untilText(hold, phase, nowMs) {
  if (phase === "over") return "Time's up. Join the line again to get what comes free.";
  if (phase === "stopped") return "The sale is paused, and your time stands still.";
  return `Held for you until ${clockTime(hold.expires_at, nowMs)}`;
}
