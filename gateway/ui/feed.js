// Keeps what the page shows up to date: by a source of messages, and where none can be had, by asking every 30 seconds.

import { onWake } from "./clock.js";
import { Unreachable } from "./api.js";

/** @typedef {"connecting" | "live" | "reconnecting" | "polling" | "stopped"} FeedState */

/**
 * @typedef {object} FeedOptions
 * @property {import("./sources.js").OpenSource} open
 * @property {(kind: string, data: any, id: string | null) => void} onMessage
 * @property {(state: FeedState) => void} onState
 * @property {() => Promise<unknown>} poll asks for all that is shown; what it throws is an `Unreachable`, or means that polling works
 * @property {Surroundings} [surroundings]
 */

/**
 * What a feed needs of the browser.
 * @typedef {object} Surroundings
 * @property {(run: () => void, ms: number) => number} setTimer
 * @property {(timer: number) => void} clearTimer
 * @property {() => number} chance 0 to 1
 */

export const POLL_MS = 30_000;
/** A source that says nothing for this long after it was asked for is one that something on the way holds back. */
export const SILENCE_MS = 10_000;
/** How long a refusal may take to follow an opened source. */
const REFUSAL_MS = 1_000;
/** How long after a source could not be had it is tried again, at first and at most. */
export const RETRY_MS = 2_000;
export const RETRY_MS_MAX = 120_000;
/** While the server does not answer at all. */
export const RETRY_MS_MAX_UNREACHABLE = 10_000;
/** Sources are blocked when they cannot be had so often in a row. */
const FAILURES_MAX = 2;
/** A page that was hidden for less than this has missed nothing that its source does not bring. */
const HIDDEN_MS = 5_000;

/** @type {Surroundings} */
const BROWSER = {
  setTimer: (run, ms) => Number(setTimeout(run, ms)),
  clearTimer: (timer) => clearTimeout(timer),
  chance: () => Math.random(),
};

/** A feed. It does nothing before `start`. */
export class Feed {
  /** @param {FeedOptions} options */
  constructor({ open, onMessage, onState, poll, surroundings = BROWSER }) {
    this.open = open;
    this.onMessage = onMessage;
    this.onState = onState;
    this.poll = poll;
    this.surroundings = surroundings;
    /** @type {FeedState} */
    this.state = "stopped";
    /** @type {import("./sources.js").Source | null} */
    this.source = null;
    this.failures = 0;
    this.silenceTimer = 0;
    this.retryTimer = 0;
    this.pollTimer = 0;
  }

  start() {
    this.become("connecting");
    this.connect();
  }

  stop() {
    this.become("stopped");
    this.disconnect();
    this.stopPolling();
  }

  /** Asks at once, and takes a new source unless one is at work: what is shown may be old. */
  async refresh() {
    if (this.state === "stopped") return;
    this.connect();
    await this.askNow();
  }

  /** Forgets the source there is, and opens one. */
  connect() {
    this.disconnect();
    const listener = {
      onReady: () => this.ready(),
      onMessage: (/** @type {string} */ kind, /** @type {any} */ data, /** @type {string | null} */ id) => this.heard(kind, data, id),
      onError: (/** @type {boolean} */ isClosed) => this.lost(isClosed),
    };
    this.silenceTimer = this.surroundings.setTimer(() => this.lost(true), SILENCE_MS);
    this.source = this.open(listener);
  }

  disconnect() {
    this.source?.close();
    this.source = null;
    this.surroundings.clearTimer(this.silenceTimer);
    this.surroundings.clearTimer(this.retryTimer);
  }

  /**
   * @param {string} kind
   * @param {any} data
   * @param {string | null} id
   */
  heard(kind, data, id) {
    // What the server says before it refuses or stops is no sign that the source works.
    const isLast = kind === "error" || (kind === "server" && ["shutting_down", "session_expired"].includes(data.status));
    if (!isLast) this.works();
    this.onMessage(kind, data, id);
  }

  /** Nothing holds the source back, though there may be nothing to tell. If it is to be refused, it is so at once. */
  ready() {
    this.surroundings.clearTimer(this.silenceTimer);
    this.silenceTimer = this.surroundings.setTimer(() => this.works(), REFUSAL_MS);
  }

  works() {
    this.surroundings.clearTimer(this.silenceTimer);
    this.failures = 0;
    this.stopPolling();
    this.become("live");
  }

  /** @param {boolean} isClosed */
  lost(isClosed) {
    if (this.state === "stopped") return;
    this.failures += 1;
    if (this.state === "live") this.become("reconnecting");
    const isBlocked = this.failures >= FAILURES_MAX;
    if (!isClosed && !isBlocked) {
      this.surroundings.clearTimer(this.silenceTimer);
      this.silenceTimer = this.surroundings.setTimer(() => this.lost(true), SILENCE_MS);
      return;
    }
    this.disconnect();
    this.retryTimer = this.surroundings.setTimer(() => this.connect(), this.retryMs());
    if (isBlocked && this.pollTimer === 0) void this.askNow();
  }

  /** Until the next attempt: longer each time, and never for all readers at once. */
  retryMs() {
    const most = this.state === "polling" ? RETRY_MS_MAX : RETRY_MS_MAX_UNREACHABLE;
    return Math.min(RETRY_MS * 2 ** (this.failures - 1), most) * (0.75 + this.surroundings.chance() / 2);
  }

  /** Polls now, and every 30 seconds after that for as long as no source tells. */
  async askNow() {
    this.stopPolling();
    this.pollTimer = this.surroundings.setTimer(() => void this.askNow(), POLL_MS);
    const timer = this.pollTimer;
    let isAnswered = true;
    try {
      await this.poll();
    } catch (error) {
      isAnswered = !(error instanceof Unreachable);
    }
    if (this.state === "live" || this.state === "stopped") return this.stopPolling();
    if (this.pollTimer !== timer) return;
    if (!isAnswered) this.become("reconnecting");
    else if (this.failures >= FAILURES_MAX) this.become("polling");
  }

  stopPolling() {
    this.surroundings.clearTimer(this.pollTimer);
    this.pollTimer = 0;
  }

  /** @param {FeedState} state */
  become(state) {
    if (this.state === state) return;
    this.state = state;
    this.onState(state);
  }
}

/**
 * Has a feed ask at once when the page is shown again, the computer wakes up, or the network is back.
 * @param {() => Feed | null} current
 */
export function keepFresh(current) {
  const refresh = () => void current()?.refresh();
  let hiddenAtMs = 0;
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) hiddenAtMs = performance.now();
    else if (performance.now() - hiddenAtMs > HIDDEN_MS) refresh();
  });
  addEventListener("online", refresh);
  // A page that comes back from the browser's memory has lost its source.
  addEventListener("pageshow", ({ persisted }) => persisted && refresh());
  onWake(refresh);
}

/** What each state of a feed is called. @type {Record<FeedState, string>} */
export const FEED_WORDS = {
  connecting: "Connecting …",
  live: "Live",
  reconnecting: "Reconnecting, your place and time are safe",
  polling: "Asking every 30 seconds",
  stopped: "Not connected",
};
