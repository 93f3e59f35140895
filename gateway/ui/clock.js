// The server's time. The browser's own clock may be an hour wrong, or be set while the page is open: it is never asked.

/** How much less a sample says with each second that it gets older, in milliseconds. */
const AGING_MS_PER_SECOND = 0.5;
/** How often countdowns look whether their second has changed, in milliseconds. */
const TICK_MS = 250;
/** A tick that comes this much late, in milliseconds, comes after a sleep of the computer or of the page. */
const SLEPT_MS = 5_000;
/** Browsers let the timers of a hidden page run once a minute, which is no sleep. */
const SLEPT_HIDDEN_MS = 120_000;

/** The time of a server, from what it says in its answers, carried on by a clock that nobody sets. */
export class ServerClock {
  /** @param {() => number} [monotonicMs] milliseconds since whenever, at the pace of time */
  constructor(monotonicMs = () => performance.now()) {
    this.monotonicMs = monotonicMs;
    /** What is to be added to the monotonic clock; `null` before the server has said anything. @type {number | null} */
    this.offsetMs = null;
    this.errorMs = Infinity;
    this.learntAtMs = 0;
  }

  /**
   * Takes over what an answer says, if that is surer than what is known, or proves it wrong.
   * @param {string} serverTime RFC 3339
   * @param {number} sentAtMs when the request left, by the monotonic clock
   */
  learn(serverTime, sentAtMs) {
    const nowMs = this.monotonicMs();
    const errorMs = Math.max(1, (nowMs - sentAtMs) / 2);
    const offsetMs = Date.parse(serverTime) - (sentAtMs + nowMs) / 2;
    if (Number.isNaN(offsetMs)) return;
    const knownErrorMs = this.errorMs + ((nowMs - this.learntAtMs) / 1_000) * AGING_MS_PER_SECOND;
    const isContradiction = this.offsetMs !== null && Math.abs(offsetMs - this.offsetMs) > errorMs + knownErrorMs;
    if (errorMs > knownErrorMs && !isContradiction) return;
    this.offsetMs = offsetMs;
    this.errorMs = errorMs;
    this.learntAtMs = nowMs;
  }

  /**
   * A message that was under way for nobody knows how long: it is at least as late as it says.
   * @param {string} serverTime RFC 3339
   */
  learnAtLeast(serverTime) {
    const toldMs = Date.parse(serverTime);
    if (Number.isNaN(toldMs) || this.nowMs() >= toldMs) return;
    this.offsetMs = toldMs - this.monotonicMs();
    this.learntAtMs = this.monotonicMs();
    if (this.errorMs === Infinity) this.errorMs = 1_000;
  }

  /** Milliseconds since the Unix epoch; before the server has said anything, long ago. */
  nowMs() {
    return this.offsetMs === null ? 0 : this.monotonicMs() + this.offsetMs;
  }

  /**
   * Milliseconds from now until then; none when it is past.
   * @param {string} time RFC 3339
   */
  untilMs(time) {
    return Math.max(0, Date.parse(time) - this.nowMs());
  }
}

/** The clock of this page. */
export const clock = new ServerClock();

/** @type {Set<() => void>} */
const tickers = new Set();
/** @type {Set<() => void>} */
const wakers = new Set();
/** @type {ReturnType<typeof setInterval> | null} */
let timer = null;
let tickedAtMs = 0;

/**
 * Calls back four times a second: the one ticker of all countdowns.
 * @param {() => void} tick
 */
export function onTick(tick) {
  tickers.add(tick);
  start();
}

/**
 * Calls back when ticks come again after a sleep: what is shown may be old.
 * @param {() => void} wake
 */
export function onWake(wake) {
  wakers.add(wake);
  start();
}

function start() {
  if (timer !== null) return;
  tickedAtMs = Date.now();
  timer = setInterval(tickAll, TICK_MS);
}

function tickAll() {
  // Some monotonic clocks stand still while a computer sleeps. That time has passed is all that the wall clock is asked.
  const sleptMs = Date.now() - tickedAtMs - TICK_MS;
  tickedAtMs = Date.now();
  if (sleptMs > (document.hidden ? SLEPT_HIDDEN_MS : SLEPT_MS)) for (const wake of wakers) wake();
  for (const tick of tickers) tick();
}
