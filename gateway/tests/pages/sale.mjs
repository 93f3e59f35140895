// What happens besides the page under test: organisers and buyers who use the API.

import { ADMIN_TOKEN } from "./server.mjs";

/** @typedef {Record<string, any>} Body */

/** The API of a server, as one user of it, or as nobody. */
export class Caller {
  /**
   * @param {string} url
   * @param {string} [token] a session's, or an organiser's
   */
  constructor(url, token) {
    this.url = url;
    this.token = token;
  }

  /**
   * Asks, and fails on any refusal.
   * @param {string} method
   * @param {string} path
   * @param {Body} [body]
   * @param {Record<string, string>} [headers]
   * @returns {Promise<any>}
   */
  async call(method, path, body, headers = {}) {
    if (this.token) headers.authorization = `Bearer ${this.token}`;
    if (body) headers["content-type"] = "application/json";
    const answer = await fetch(this.url + path, { method, headers, body: body ? JSON.stringify(body) : undefined });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  }
}

/** A buyer who is logged in. */
export class Buyer extends Caller {
  /**
   * @param {string} url
   * @param {string} user
   * @param {string} token
   * @param {Body[]} outcomes
   */
  constructor(url, user, token, outcomes) {
    super(url, token);
    this.user = user;
    /** The token again, which an API's caller may lack and a buyer has. */
    this.sessionToken = token;
    this.outcomes = outcomes;
  }

  /** @param {string} event @param {Body} [wish] */
  hold(event, wish = {}) {
    return this.call("POST", `/v1/events/${event}/holds`, wish);
  }

  /** @param {string} event @param {Body} [wish] */
  join(event, wish = {}) {
    return this.call("POST", `/v1/events/${event}/queue`, wish);
  }

  /** @param {string} event @param {Body} [wish] */
  book(event, wish = {}) {
    return this.call("POST", `/v1/events/${event}/bookings`, wish);
  }

  /** @param {string} hold */
  release(hold) {
    return this.call("DELETE", `/v1/holds/${hold}`);
  }

  /** All that is the buyer's. @returns {Promise<{holds: Body[], bookings: Body[], queue: Body[]}>} */
  own() {
    return this.call("GET", "/v1/sessions/me");
  }
}

/** The organiser of the sale, who knows the operator's token. */
export class Sale extends Caller {
  /** @param {string} url */
  constructor(url) {
    super(url, ADMIN_TOKEN);
  }

  /**
   * An event that is on sale and sets nothing aside at logins, unless `settings` say otherwise.
   * @param {string} id
   * @param {Body} [settings]
   * @returns {Promise<Body>}
   */
  event(id, settings = {}) {
    const name = id.split("-").map((word) => word[0].toUpperCase() + word.slice(1)).join(" ");
    const kinds = settings.ticket_types ? {} : { capacity: 10 };
    return this.call("POST", "/v1/admin/events", { id, name, status: "on_sale", auto_hold: 0, ...kinds, ...settings });
  }

  /**
   * @param {string} user
   * @param {Body[]} [intents] none of them by default: what the events' settings say
   * @returns {Promise<Buyer>}
   */
  async login(user, intents) {
    const { token, outcomes } = await new Caller(this.url).call("POST", "/v1/sessions", { user, ...(intents && { intents }) });
    return new Buyer(this.url, user, token, outcomes);
  }

  /** @param {string} event @param {string} status @param {string} [reason] */
  move(event, status, reason) {
    return this.call("PUT", `/v1/admin/events/${event}/status`, { status, ...(reason && { reason }) });
  }

  /** @param {string} event @returns {Promise<Body>} */
  read(event) {
    return this.call("GET", `/v1/admin/events/${event}`);
  }
}
