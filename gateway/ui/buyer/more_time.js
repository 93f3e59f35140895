// Before the time of a hold is up, more of it is offered, and screen readers hear how much there is.

import { announce } from "../announce.js";
import { clock } from "../clock.js";
import { ask } from "../dialog.js";
import { explain } from "../refusals.js";
import { element, setText } from "../render.js";
import { countdown, duration } from "../words.js";
import { OFFER_MS, Reminders, timeLeft } from "./time_left.js";

/** @typedef {import("../objects.js").Hold} Hold */

/** Watches all live holds. */
export class MoreTime {
  /**
   * @param {import("./sale.js").Sale} sale
   * @param {import("./doings.js").Doings} doings
   */
  constructor(sale, doings) {
    this.sale = sale;
    this.doings = doings;
    this.reminders = new Reminders();
    /** @type {{hold: string, extensions: number, timer: HTMLElement, closing: AbortController} | null} */
    this.open = null;
  }

  tick() {
    const nowMs = clock.nowMs();
    if (this.open) this.keepOpen(nowMs);
    for (const hold of this.sale.holds.values()) if (hold.state === "held") this.look(hold, nowMs);
  }

  /** @param {Hold} hold @param {number} nowMs */
  look(hold, nowMs) {
    const { ms, isStopped } = timeLeft(hold, this.sale.pauses.get(hold.event), nowMs);
    // One dialog at a time: the next one waits for its turn, if there is time left by then. Nor does it come between a user and
    // another question, under whose button it would be gone by itself.
    const isInTheWay = this.open ? this.open.hold !== hold.id : ms < OFFER_MS && document.querySelector("dialog[open]") !== null;
    if (isStopped || isInTheWay) return;
    const { tells, offers } = this.reminders.look(hold, ms);
    if (tells) announce(`${this.doings.nameOf(hold.event)}: ${duration(ms)} left to book.`);
    if (offers && this.open === null) void this.offer(hold, ms);
  }

  /** The time goes on in the dialog; it closes when there is nothing left to decide. @param {number} nowMs */
  keepOpen(nowMs) {
    if (!this.open) return;
    const hold = this.sale.holds.get(this.open.hold);
    const { ms, isStopped } = hold ? timeLeft(hold, this.sale.pauses.get(hold.event), nowMs) : { ms: 0, isStopped: false };
    const isOver = ms === 0 || isStopped || hold?.state !== "held" || hold.extensions_left !== this.open.extensions;
    if (isOver) this.open.closing.abort();
    else setText(this.open.timer, countdown(ms));
  }

  /** @param {Hold} hold @param {number} ms */
  async offer(hold, ms) {
    const timer = element("span", { class: "timer big", role: "timer" }, countdown(ms));
    const closing = new AbortController();
    this.open = { hold: hold.id, extensions: hold.extensions_left, timer, closing };
    const name = this.doings.nameOf(hold.event);
    const answer = await ask({
      title: "Do you need more time?",
      body: [element("p", {}, `Your tickets of ${name} are held for another `, timer, ". After that others can have them.")],
      actions: [{ label: "Not now", value: "no" }, { label: "More time", value: "more", kind: "primary", hasFocus: true }],
      signal: closing.signal,
    });
    this.open = null;
    if (answer === "" && closing.signal.aborted) return this.reminders.offerAgain(hold);
    if (answer !== "more") return void this.reminders.dismissed.add(hold.id);
    try {
      await this.doings.extend(hold);
    } catch (error) {
      await ask({ title: "You did not get more time", body: [explain(error)], actions: [{ label: "Close", value: "", hasFocus: true }] });
    }
  }
}
