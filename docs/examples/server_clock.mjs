// The server's clock, as well as it can be told from here. The clock of a user's machine may be minutes off; a hold
// ends by the server's.

export class ServerClock {
  /** How far the server's clock is ahead of `performance.now()`, which no user sets. */
  #aheadMs = null;
  #roundTripMs = Infinity;

  /**
   * Takes the `server_time` of an answer to a request that was sent at `sentAtMs` by `performance.now()`. The answer
   * that took the shortest tells the most; it is off by half its round trip at most.
   */
  set(serverTime, sentAtMs) {
    const nowMs = performance.now();
    if (nowMs - sentAtMs > this.#roundTripMs) return;
    this.#roundTripMs = nowMs - sentAtMs;
    this.#aheadMs = Date.parse(serverTime) - (sentAtMs + nowMs) / 2;
  }

  /** What is left of a hold, in milliseconds; never more than `expires_in_ms` said. */
  leftMs(hold) {
    if (hold.expires_in_ms === 0) return 0;
    if (this.#aheadMs === null) return hold.expires_in_ms;
    const leftMs = Date.parse(hold.expires_at) - (performance.now() + this.#aheadMs);
    return Math.min(Math.max(leftMs, 0), hold.expires_in_ms);
  }

  /**
   * Calls `show` with the seconds left, now and each second until none is; returns what stops it. A deadline that
   * moves is told by the stream: then stop this one and begin another. While the event's `status` is "paused", no hold
   * comes nearer to its end: stop, and begin another when the sale goes on.
   */
  countDown(hold, show) {
    let timer = null;
    const tick = () => {
      const leftMs = this.leftMs(hold);
      show(Math.ceil(leftMs / 1_000));
      if (leftMs > 0) timer = setTimeout(tick, leftMs % 1_000 || 1_000);
    };
    tick();
    return () => clearTimeout(timer);
  }
}
