// A place in line: how many are ahead, and how long it may take.

import { ProgressBar } from "../bar.js";
import { clock } from "../clock.js";
import { confirm } from "../dialog.js";
import { element, setShown, setText } from "../render.js";
import { clockTime, count, estimate, number } from "../words.js";
import { Fault, attempt, button, nameButton } from "./attempt.js";
import { describe } from "./hold_card.js";
import { placeKey } from "./sale.js";

/** @typedef {import("../objects.js").Place} Place */

/** The card of a place in line. */
export class PlaceCard {
  /**
   * @param {Place} place
   * @param {import("./sale.js").Sale} sale
   * @param {import("./doings.js").Doings} doings
   */
  constructor(place, sale, doings) {
    this.place = place;
    this.sale = sale;
    this.doings = doings;
    const id = `place-${placeKey(place)}`;
    this.name = element("h3", { id });
    this.what = element("p", { class: "quiet small" });
    this.ahead = element("p", { class: "ahead" });
    this.wait = element("p", {});
    this.bar = new ProgressBar("Way to the head of the line");
    this.fault = new Fault();
    this.leaveButton = button("Leave the line", "plain", () => void this.leave());
    this.node = element("article", { class: "glass panel place-card stack", "aria-labelledby": id },
      element("div", { class: "row spread" }, this.name, this.what),
      this.ahead, this.bar.node, this.wait,
      element("p", { class: "quiet small" }, "You can close this page, we keep your place. If you are away when your turn comes, the next one goes first, and you are first again when you come back."),
      element("div", { class: "actions" }, this.leaveButton), this.fault.node);
  }

  /** @param {Place} place */
  set(place) {
    this.place = place;
    const event = this.sale.events.get(place.event);
    setText(this.name, event?.name ?? place.event);
    setText(this.what, describe(place, event));
    const ahead = place.ahead === 0 ? "You are next" : `${number(place.ahead)} ahead of you`;
    setText(this.ahead, ahead);
    const first = firstAhead(place);
    this.bar.set(first === 0 ? 1 : 1 - place.ahead / (first + 1), ahead);
    setText(this.wait, waitText(place, event?.status === "paused", clock.nowMs()));
    nameButton(this.leaveButton, `${event?.name ?? place.event}, ${this.what.textContent}`);
  }

  async leave() {
    const body = [`${this.what.textContent}.`, "Your place goes to those behind you. If you join again, you start at the end."];
    if (!(await confirm({ title: `Leave the line for ${this.name.textContent}?`, body, confirm: "Leave the line", cancel: "Stay in line" }))) return;
    // The turn may have come while the question stood there.
    if (!this.sale.places.has(placeKey(this.place))) return;
    void attempt(this.leaveButton, this.fault, (onWait) => this.doings.leave(this.place, onWait));
  }
}

/**
 * @param {Place} place
 * @param {boolean} isPaused
 * @param {number} nowMs
 */
function waitText({ eta_seconds, wait_ends_by }, isPaused, nowMs) {
  if (isPaused) return "The sale is paused. The line moves on when it goes on.";
  const bound = wait_ends_by === null ? "" : `, by ${clockTime(wait_ends_by, nowMs)} at the latest`;
  return `Time to wait: ${estimate(eta_seconds)}${bound}`;
}

/**
 * How many were ahead when this browser first saw the place, so that the bar shows the way that is gone.
 * @param {Place} place
 */
function firstAhead(place) {
  const key = `holdfast-place ${placeKey(place)} ${place.joined_at}`;
  try {
    const first = Math.max(place.ahead, Number(sessionStorage.getItem(key) ?? 0));
    sessionStorage.setItem(key, String(first));
    return first;
  } catch {
    return place.ahead;
  }
}
