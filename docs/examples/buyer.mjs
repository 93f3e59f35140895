// A buyer's calls, for browsers and for Node.js 20.18 or newer; nothing to install.
//
//   const buyer = await Buyer.logIn("https://tickets.example", { user: "ann", intents: [] });
//   const hold = await buyer.hold("spring-gala", { quantity: 2 });
//   const booking = await buyer.confirm(hold.id);
//
// Every change carries an Idempotency-Key and is asked for again, with the same key, until there is an answer. So a
// lost answer costs nothing: however often the request arrives, it has one effect.

import { ServerClock } from "./server_clock.mjs";

const TRIES_MAX = 8;
/** The server answers within limits.handler_seconds, 30 by default. */
const ANSWER_MS_MAX = 35_000;
const PAUSE_MS_MIN = 200;
const PAUSE_MS_MAX = 10_000;
/** Nobody knows whether anything was done, or (408) the body did not arrive in time. */
const UNKNOWN = [408, 500, 504];
/** Nothing was done, and Retry-After says when to ask again. */
const LATER = [429, 503];

/** A refusal: `code` is stable, `detail` is for people, and `problem` has what the code has besides. */
export class Refusal extends Error {
  constructor(status, problem) {
    super(problem?.detail ?? `the server answered ${status}`);
    Object.assign(this, { status, code: problem?.code ?? "unknown", problem });
  }
}

export class Buyer {
  /**
   * A logged-in buyer. On a page of the server's own, `url` is "" and `token` null: there the cookie of the login
   * counts. Pages of other sites (`cors.origins`) and programs show the token.
   */
  constructor(url, token) {
    Object.assign(this, { url, token, clock: new ServerClock() });
  }

  /**
   * Logs in. `login` is the body of `POST /v1/sessions`. Without `intents` the server sets a ticket of every event on
   * sale aside; with `[]`, none. A login takes no key: repeated, it answers with the session that is there.
   */
  static async logIn(url, login) {
    const buyer = new Buyer(url, null);
    const { value } = await buyer.ask("POST", "/v1/sessions", login, null);
    return Object.assign(buyer, { token: value.token, login: value });
  }

  /** Sets tickets aside. With `wait: true`, and none free, the answer is a place in line (it has `position`). */
  hold(event, wish = {}, key) {
    return this.change("POST", `/v1/events/${event}/holds`, wish, key);
  }

  /** Joins the line. Where nobody is before, and tickets are free, the answer is a hold (it has `expires_at`). */
  join(event, wish = {}, key) {
    return this.change("POST", `/v1/events/${event}/queue`, wish, key);
  }

  extend(hold, key) {
    return this.change("POST", `/v1/holds/${hold}/extend`, undefined, key);
  }

  confirm(hold, key) {
    return this.change("POST", `/v1/holds/${hold}/confirm`, undefined, key);
  }

  release(hold, key) {
    return this.change("DELETE", `/v1/holds/${hold}`, undefined, key);
  }

  /** All that is this user's: `session`, `holds`, `bookings`, `queue`. */
  async mine() {
    return (await this.ask("GET", "/v1/sessions/me")).value;
  }

  /** Gives back what is held, and leaves all lines. Bookings stay. */
  async logOut() {
    await this.ask("DELETE", "/v1/sessions/me").catch((error) => {
      // Asked again after a lost answer, the server says that the session has ended.
      if (![401, 410].includes(error.status)) throw error;
    });
  }

  /**
   * A change. One that must survive a reload of the page needs a key that does, too: make it with
   * `crypto.randomUUID()` when the user decides, and keep it until the answer is there. (In browsers that function
   * exists under HTTPS and on localhost.)
   */
  async change(method, path, body, key = crypto.randomUUID()) {
    return (await this.ask(method, path, body, key)).value;
  }

  /** Asks until there is an answer that another try would not change; throws a `Refusal`, or what cut the last try. */
  async ask(method, path, body, key = null) {
    for (let tries = 1; ; tries += 1) {
      const answer = await this.#askOnce(method, path, body, key).catch((error) => ({ error }));
      if (answer.status < 300) return answer;
      const isFinal = !answer.error && !UNKNOWN.includes(answer.status) && !LATER.includes(answer.status);
      if (isFinal || tries === TRIES_MAX) throw answer.error ?? new Refusal(answer.status, answer.value);
      await pause(LATER.includes(answer.status) ? afterRetryAfter(answer) : backoffMs(tries));
    }
  }

  async #askOnce(method, path, body, key) {
    const sentAtMs = performance.now();
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(body !== undefined && { "Content-Type": "application/json" }),
        ...(key !== null && { "Idempotency-Key": key }),
        ...(this.token !== null && { Authorization: `Bearer ${this.token}` }),
      },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    const text = await response.text();
    const value = response.headers.get("Content-Type")?.includes("json") ? JSON.parse(text) : null;
    // A repeated answer tells the time of the first one.
    const isRepeat = response.headers.get("Idempotency-Replayed") === "true";
    if (value?.server_time && !isRepeat) this.clock.set(value.server_time, sentAtMs);
    return { status: response.status, value, retryAfterSeconds: Number(response.headers.get("Retry-After")) };
  }
}

/** What the server says, and up to a second more: those who were refused together must not come back together. */
export function afterRetryAfter({ retryAfterSeconds }) {
  return Math.max(retryAfterSeconds || 0, 1) * 1_000 + Math.random() * 1_000;
}

/** Longer with each try in vain, and by chance. */
export function backoffMs(tries) {
  return PAUSE_MS_MIN + Math.random() * Math.min(PAUSE_MS_MIN * 2 ** tries, PAUSE_MS_MAX);
}

export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
