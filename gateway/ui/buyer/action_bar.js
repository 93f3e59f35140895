// On phones, the hold whose time is up first stays in sight, with the button that books it.

import { element, setShown, setText } from "../render.js";
import { Fault, Settling, attempt, button, nameButton } from "./attempt.js";
import { Countdown, describe } from "./hold_card.js";
import { phaseOf, timeLeft } from "./time_left.js";

/** The bar. */
export class ActionBar {
  /**
   * @param {import("./sale.js").Sale} sale
   * @param {import("./doings.js").Doings} doings
   */
  constructor(sale, doings) {
    this.sale = sale;
    /** @type {import("../objects.js").Hold | undefined} */
    this.hold = undefined;
    this.settling = new Settling();
    this.countdown = new Countdown("small-countdown");
    this.name = element("strong", { class: "clipped" });
    this.fault = new Fault();
    this.bookButton = button("Book", "primary", () => {
      const { hold } = this;
      if (hold && this.settling.isOver) void attempt(this.bookButton, this.fault, (onWait) => doings.confirm(hold, onWait));
    });
    this.node = element("aside", { class: "action-bar glass", "aria-label": "Most urgent hold", hidden: true },
      this.countdown.node, element("div", { class: "text" }, this.name, this.fault.node), this.bookButton);
  }

  draw() {
    const hold = this.sale.liveHolds()[0];
    if (hold?.id !== this.hold?.id) {
      this.fault.clear();
      this.settling.restart();
    }
    this.hold = hold;
    setShown(this.node, hold !== undefined);
    const event = hold && this.sale.events.get(hold.event);
    const name = event?.name ?? hold?.event ?? "";
    const full = hold ? `${name}, ${describe(hold, event)}` : "";
    // There is room for one line: what the hold is for is said where the event alone does not tell.
    const isOneOfSeveral = this.sale.liveHolds().filter((other) => other.event === hold?.event).length > 1;
    setText(this.name, isOneOfSeveral ? full : name);
    nameButton(this.bookButton, full);
  }

  /** @param {number} nowMs the server's time */
  tick(nowMs) {
    if (!this.hold) return;
    const { ms, isStopped } = timeLeft(this.hold, this.sale.pauses.get(this.hold.event), nowMs);
    const wholeMs = (this.sale.events.get(this.hold.event)?.hold_seconds ?? 0) * 1_000;
    this.countdown.set(ms, wholeMs, phaseOf(ms, isStopped));
  }
}
