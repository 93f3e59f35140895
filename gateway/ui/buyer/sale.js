// What this page knows of the sale: all events, and what of them is the user's. It is told by answers, messages and polls in
// any order, and keeps what is newest.

/** @typedef {import("../objects.js").Event} Event */
/** @typedef {import("../objects.js").Hold} Hold */
/** @typedef {import("../objects.js").Place} Place */
/** @typedef {import("../objects.js").Booking} Booking */
/** @typedef {import("../objects.js").Session} Session */

/** @typedef {{holds: Hold[], places: Place[], bookings: Booking[]}} Own what of an event is the user's */
/** @typedef {{sinceMs: number, endedAtMs: number | null}} Pause in the server's time */
/** @typedef {{holds: Hold[], bookings: Booking[], queue: Place[]}} Belongings */

/** Later than any time. */
const LATEST = "9999";
const NOTHING = Object.freeze({ holds: [], places: [], bookings: [] });

/** The sale as this page knows it. */
export class Sale {
  /**
   * @param {object} [told]
   * @param {() => void} [told.onOwn] something of the user's has changed
   * @param {(event: string) => void} [told.onEvent] the figures of an event, or what of it is the user's
   * @param {(hold: Hold) => void} [told.onGranted] the line gave tickets
   */
  constructor({ onOwn = () => {}, onEvent = () => {}, onGranted = () => {} } = {}) {
    this.onOwn = onOwn;
    this.onEvent = onEvent;
    this.onGranted = onGranted;
    /** @type {Map<string, Event>} */
    this.events = new Map();
    /** Live holds, and expired ones that the user has not seen to yet. @type {Map<string, Hold>} */
    this.holds = new Map();
    /** @type {Map<string, Place>} */
    this.places = new Map();
    /** @type {Map<string, Booking>} */
    this.bookings = new Map();
    /** @type {Map<string, Pause>} */
    this.pauses = new Map();
    /** The newest server time that each thing was told with, also of what is gone. @type {Map<string, string>} */
    this.toldAt = new Map();
    /** What the source told since it began afresh; `null` while it does not. @type {Set<string> | null} */
    this.retold = null;
    /** @type {Map<string, Own> | null} */
    this.ownByEvent = null;
  }

  /**
   * A message of the feed, or a part of an answer.
   * @param {string} kind
   * @param {any} data
   */
  tell(kind, data) {
    if (kind === "stats") this.tellEvent(data);
    else if (kind === "server") this.tellServer(data.status);
    else if (["hold", "queue", "booking"].includes(kind)) this.tellOwn(/** @type {"hold"} */ (kind), data);
  }

  /** @param {Event} event */
  tellEvent(event) {
    const known = this.events.get(event.id);
    // Times decide, not numbers: a store that was restored from a backup counts on from an earlier number.
    if (known && (known.seq === event.seq || known.server_time > event.server_time)) return;
    this.events.set(event.id, event);
    this.notePause(event);
    this.onEvent(event.id);
    if (known?.status !== event.status && this.own(event.id) !== NOTHING) this.onOwn();
  }

  /** @param {Event} event */
  notePause({ id, status, server_time }) {
    const pause = this.pauses.get(id);
    const isOn = pause !== undefined && pause.endedAtMs === null;
    if (status === "paused" && !isOn) this.pauses.set(id, { sinceMs: Date.parse(server_time), endedAtMs: null });
    if (status !== "paused" && pause && isOn) pause.endedAtMs = Date.parse(server_time);
  }

  /**
   * All public events there are: what is not among them has been removed, unless it was told after they were asked for.
   * @param {Event[]} events
   * @param {string} [askedAt] in the server's time
   */
  replaceEvents(events, askedAt = LATEST) {
    events.forEach((event) => this.tellEvent(event));
    const ids = new Set(events.map(({ id }) => id));
    for (const { id, server_time } of this.events.values()) if (!ids.has(id) && server_time <= askedAt) this.forgetEvent(id);
  }

  /** @param {string} id */
  forgetEvent(id) {
    if (this.events.delete(id)) this.onEvent(id);
  }

  /** @param {string} status */
  tellServer(status) {
    if (status === "fresh") this.retold = new Set();
    if (status === "current" && this.retold) {
      this.keepOnly(this.retold);
      this.retold = null;
    }
    if (status === "resumed") this.retold = null;
  }

  /**
   * All that was the user's at some moment after `askedAt`: what was told later than that may be newer than the answer.
   * @param {Belongings} belongings
   * @param {string} [askedAt] in the server's time
   */
  replaceOwn({ holds, bookings, queue }, askedAt = LATEST) {
    holds.forEach((hold) => this.tellOwn("hold", hold));
    bookings.forEach((booking) => this.tellOwn("booking", booking));
    queue.forEach((place) => this.tellOwn("queue", place));
    this.keepOnly(new Set([...holds, ...bookings].map(idOf).concat(queue.map(placeKey))), askedAt);
  }

  /**
   * @param {"hold" | "queue" | "booking"} kind
   * @param {any} thing
   */
  tellOwn(kind, thing) {
    const key = kind === "queue" ? placeKey(thing) : thing.id;
    const newestKey = `${kind} ${key}`;
    this.retold?.add(key);
    if ((this.toldAt.get(newestKey) ?? "") > thing.server_time) return;
    this.toldAt.set(newestKey, thing.server_time);
    const isGranted = kind === "hold" && this.setHold(thing);
    if (kind === "queue") setOrDelete(this.places, key, thing, thing.state === "waiting");
    if (kind === "booking") {
      this.bookings.set(key, thing);
      this.holds.delete(key);
      // An older word of the hold that it comes from does not bring it back.
      if ((this.toldAt.get(`hold ${key}`) ?? "") < thing.server_time) this.toldAt.set(`hold ${key}`, thing.server_time);
    }
    this.changed(thing.event);
    if (isGranted) this.onGranted(thing);
  }

  /** @param {Hold} hold @returns {boolean} whether the line gave it just now */
  setHold(hold) {
    const known = this.holds.get(hold.id);
    const isLive = hold.state === "held";
    // What expired before this page knew of it is nobody's concern any more.
    setOrDelete(this.holds, hold.id, hold, isLive || (hold.state === "expired" && known !== undefined));
    const place = this.places.get(placeKey(hold));
    if (!isLive || known || hold.source !== "queue" || !place) return false;
    this.places.delete(placeKey(hold));
    return true;
  }

  /**
   * Whether this page was told of it already, as it was then or later. Of what there is no answer to see, it was not.
   * @param {any} thing a hold, a place or a booking
   */
  wasTold(thing) {
    if (!thing) return true;
    const keys = "joined_at" in thing ? [`queue ${placeKey(thing)}`] : [`hold ${thing.id}`, `booking ${thing.id}`];
    return keys.some((key) => (this.toldAt.get(key) ?? "") >= thing.server_time);
  }

  /** Whatever else there was ended while nobody told. @param {Set<string>} keys @param {string} [askedAt] */
  keepOnly(keys, askedAt = LATEST) {
    const events = new Set();
    for (const things of [this.holds, this.places, this.bookings]) {
      for (const [key, thing] of things) {
        // What expired stays until the user has seen it.
        if (keys.has(key) || thing.state === "expired" || thing.server_time > askedAt) continue;
        things.delete(key);
        events.add(thing.event);
      }
    }
    if (events.size > 0) this.changed(...events);
  }

  /** The time of a hold is up, by the server's clock, and nobody has said so yet. @param {string} id */
  expire(id) {
    const hold = this.holds.get(id);
    if (hold?.state !== "held") return;
    this.holds.set(id, { ...hold, state: "expired" });
    this.changed(hold.event);
  }

  /** The user has seen that it is over. @param {string} id */
  dismiss(id) {
    const hold = this.holds.get(id);
    if (hold && this.holds.delete(id)) this.changed(hold.event);
  }

  /** Nobody is signed in any more. */
  forgetOwn() {
    [this.holds, this.places, this.bookings, this.toldAt].forEach((things) => things.clear());
    this.retold = null;
    this.changed(...this.events.keys());
  }

  /** @param {string} event @returns {Own} */
  own(event) {
    this.ownByEvent ??= this.index();
    return this.ownByEvent.get(event) ?? NOTHING;
  }

  /** Those whose time runs, the most urgent first. */
  liveHolds() {
    const live = [...this.holds.values()].filter(({ state }) => state === "held");
    return live.sort((one, other) => one.expires_at.localeCompare(other.expires_at));
  }

  /** @returns {Map<string, Own>} */
  index() {
    const byEvent = new Map();
    const own = (/** @type {string} */ event) => {
      if (!byEvent.has(event)) byEvent.set(event, { holds: [], places: [], bookings: [] });
      return byEvent.get(event);
    };
    for (const hold of this.holds.values()) if (hold.state === "held") own(hold.event).holds.push(hold);
    for (const place of this.places.values()) own(place.event).places.push(place);
    for (const booking of this.bookings.values()) if (booking.state === "booked") own(booking.event).bookings.push(booking);
    return byEvent;
  }

  /** @param {...string} events */
  changed(...events) {
    this.ownByEvent = null;
    this.onOwn();
    events.forEach((event) => this.onEvent(event));
  }
}

/**
 * A user has one place in each line.
 * @param {{event: string, ticket_type: string}} place
 */
export function placeKey({ event, ticket_type }) {
  return `${event}/${ticket_type}`;
}

/** @param {{id: string}} thing */
function idOf({ id }) {
  return id;
}

/**
 * @template T
 * @param {Map<string, T>} map
 * @param {string} key
 * @param {T} value
 * @param {boolean} isThere
 */
function setOrDelete(map, key, value, isThere) {
  if (isThere) map.set(key, value);
  else map.delete(key);
}
