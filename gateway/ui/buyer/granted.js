// When the line gives tickets: a banner, the page's title, and a notification where the user allowed it.

import { icon } from "../icons.js";
import { element, setShown } from "../render.js";
import { count } from "../words.js";

/** @typedef {import("../objects.js").Hold} Hold */

const TITLE = "Tickets · Holdfast";
const TURN_TITLE = "Your tickets are here · Holdfast";

/** Tells of grants. */
export class Granted {
  /**
   * @param {import("./sale.js").Sale} sale
   * @param {import("./notices.js").Notices} notices
   * @param {(hold: Hold) => void} look takes the user to the hold
   */
  constructor(sale, notices, look) {
    this.sale = sale;
    this.notices = notices;
    this.look = look;
    /** The holds whose banner is shown. @type {Set<string>} */
    this.told = new Set();
    this.bell = element("button", { type: "button", class: "button plain", on: { click: () => void this.ask() } }, icon("bell"), "Notify me when it is my turn");
    this.showBell();
  }

  /** @param {Hold} hold */
  tell(hold) {
    const name = this.sale.events.get(hold.event)?.name ?? hold.event;
    const text = `${name}: ${count(hold.quantity, "ticket is", "tickets are")} held for you. Book before the time is up.`;
    this.told.add(hold.id);
    this.notices.show(`granted ${hold.id}`, "good", [element("strong", {}, "It is your turn. "), text], { label: "Show", run: () => this.look(hold) });
    this.draw();
    this.notify(hold, text);
  }

  /** @param {Hold} hold @param {string} text */
  notify(hold, text) {
    if (!("Notification" in window) || Notification.permission !== "granted") return;
    try {
      const notification = new Notification("It is your turn", { body: text, tag: hold.id, icon: "/icon.svg" });
      notification.onclick = () => {
        window.focus();
        this.look(hold);
      };
    } catch {
      // Browsers on Android take notifications from service workers alone: there, the banner has to do.
    }
  }

  /** The banner of a hold that is over says nothing any more. */
  draw() {
    for (const id of this.told) {
      if (this.sale.holds.get(id)?.state === "held") continue;
      this.told.delete(id);
      this.notices.dismiss(`granted ${id}`);
    }
    document.title = this.told.size > 0 ? TURN_TITLE : TITLE;
  }

  async ask() {
    await Notification.requestPermission();
    this.showBell();
  }

  showBell() {
    setShown(this.bell, "Notification" in window && Notification.permission === "default");
  }
}
