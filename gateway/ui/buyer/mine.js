// What is the user's: holds, places in line, bookings.

import { clock } from "../clock.js";
import { element, keepList, setShown, setText } from "../render.js";
import { BookingCard } from "./booking_card.js";
import { HoldCard } from "./hold_card.js";
import { PlaceCard } from "./place_card.js";
import { placeKey } from "./sale.js";

/** How many cards of a section are made at once. */
const NEW_CARDS_AT_ONCE = 8;

/** A section of cards with its heading, and what it says while it has none. */
class Section {
  /**
   * @param {string} id
   * @param {string} title
   * @param {string} emptyText
   * @param {HTMLElement} [tool] what is of use only while there are cards
   */
  constructor(id, title, emptyText, tool) {
    this.heading = element("h2", { id: `${id}-heading`, tabindex: -1 }, title);
    this.count = element("span", { class: "badge count", hidden: true });
    this.empty = element("p", { class: "quiet" }, emptyText);
    this.list = element("div", { class: "cards" });
    this.tools = element("div", {}, tool);
    this.node = element("section", { id, "aria-labelledby": `${id}-heading` },
      element("div", { class: "panel-head" }, element("div", { class: "row" }, this.heading, this.count), this.tools), this.empty, this.list);
  }

  /**
   * @template Item
   * @template {{node: HTMLElement, set: (item: Item) => void}} Card
   * @param {Item[]} items
   * @param {(item: Item) => string} keyOf
   * @param {(item: Item) => Card} make
   * @returns {Card[]} of these there are fewer than items while there are more to make
   */
  show(items, keyOf, make) {
    setShown(this.empty, items.length === 0);
    setShown(this.tools, items.length > 0);
    setShown(this.count, items.length > 1);
    setText(this.count, String(items.length));
    const shownMax = this.list.childElementCount + NEW_CARDS_AT_ONCE;
    return keepList(this.list, items.slice(0, shownMax), keyOf, make, (card, item) => card.set(item));
  }
}

/** The three sections. */
export class Mine {
  /**
   * @param {import("./sale.js").Sale} sale
   * @param {import("./doings.js").Doings} doings
   * @param {HTMLElement} bell the button that asks for notifications
   */
  constructor(sale, doings, bell) {
    this.sale = sale;
    this.doings = doings;
    this.sections = {
      holds: new Section("holds", "My holds", "Nothing is held for you at the moment. Hold tickets of an event below."),
      places: new Section("places", "My places in line", "You are in no line. Where tickets are gone, join the line: what comes free is held for who waits longest.", bell),
      bookings: new Section("bookings", "My bookings", "You have booked nothing yet."),
    };
    /** @type {HoldCard[]} */
    this.holdCards = [];
    this.node = element("div", { class: "mine" }, ...Object.values(this.sections).map(({ node }) => node));
  }

  /** Draws, and says whether there is more to draw. */
  draw() {
    const { sale, doings } = this;
    const { holds, places, bookings } = this.sections;
    const regions = /** @type {import("./doings.js").Region[]} */ (Object.keys(this.sections));
    const focused = regions.find((region) => this.sections[region].node.contains(document.activeElement));
    this.holdCards = holds.show([...sale.holds.values()].sort(byId), ({ id }) => id, (hold) => new HoldCard(hold, sale, doings));
    const placeCards = places.show([...sale.places.values()], placeKey, (place) => new PlaceCard(place, sale, doings));
    const newestFirst = [...sale.bookings.values()].sort((one, other) => other.booked_at.localeCompare(one.booked_at));
    const bookingCards = bookings.show(newestFirst, ({ id }) => id, (booking) => new BookingCard(booking, sale, doings));
    if (focused) this.settleFocus(focused);
    const drawn = this.holdCards.length + placeCards.length + bookingCards.length;
    return drawn < sale.holds.size + sale.places.size + sale.bookings.size;
  }

  tick() {
    const nowMs = clock.nowMs();
    for (const card of this.holdCards) card.tick(nowMs);
  }

  /**
   * What had the focus may be gone with what was done. Then the section is where the reader goes on.
   * @param {import("./doings.js").Region} region
   */
  settleFocus(region) {
    const { activeElement } = document;
    const isLost = activeElement === null || activeElement === document.body || activeElement.closest("[hidden]") !== null;
    if (isLost) this.sections[region].heading.focus({ preventScroll: true });
  }
}

/**
 * As they came, so that no card moves while it is read.
 * @param {import("../objects.js").Hold} one
 * @param {import("../objects.js").Hold} other
 */
function byId(one, other) {
  return one.created_at.localeCompare(other.created_at) || one.id.localeCompare(other.id);
}
