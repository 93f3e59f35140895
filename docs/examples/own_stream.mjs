// What becomes of a user's holds, bookings and places in line: `GET /v1/stream`, with nothing missed and nothing told
// twice.
//
// It reads the stream with fetch and not with `EventSource`, which can send no token, cannot begin where an earlier
// page stopped, and gives up for good at the first refusal. (With the cookie of a page of the server's own,
// `new EventSource("/v1/stream")` works, and comes back by itself after a cut.)

import { Refusal, afterRetryAfter, backoffMs, pause } from "./buyer.mjs";

/** A comment comes every 15 s. After this long without, the connection is dead, whatever the system says. */
const SILENCE_MS_MAX = 40_000;

/**
 * What is known of the user's things. Each message is the newest state of one of them, and may be shown at once. What
 * one change brought belongs together, though, and the last message of it has the change's number as its id: only then
 * is it settled. What was told after the last id, and the connection cut, is told again to who comes back with that id.
 */
export class Belongings {
  /** By kind and id: `hold gala.7` → the newest object. To be shown. */
  things = new Map();
  /** What to come back with, also after a reload of the page. */
  lastId;
  #unsettled = new Map();
  /** After "fresh" and up to the first id: all there is. What was known before counts no more. */
  #fresh = null;

  constructor(lastId = null) {
    this.lastId = lastId;
  }

  /** The connection was cut. */
  cut() {
    this.#unsettled = new Map();
    this.#fresh = null;
  }

  /**
   * Takes a message. Returns null, or what its id settles, `{id, isFresh, things}`, each once: what must not happen
   * twice, such as telling the user aloud, belongs here.
   */
  hear({ event, id, data }) {
    if (event === "server" && data.status === "fresh") {
      this.cut();
      this.#fresh = new Map();
    }
    if (["hold", "booking", "queue"].includes(event)) {
      const name = nameOf(event, data);
      this.#unsettled.set(name, data);
      (this.#fresh ?? this.things).set(name, data);
    }
    if (id === null) return null;
    if (this.#fresh) this.things = this.#fresh;
    const settled = { id, isFresh: this.#fresh !== null, things: this.#unsettled };
    this.lastId = id;
    this.cut();
    return settled;
  }
}

/** A user has at most one place for each ticket type, so places have no id of their own. */
function nameOf(kind, object) {
  return `${kind} ${object.id ?? `${object.event} ${object.ticket_type}`}`;
}

/**
 * Follows the buyer's stream, over cuts and restarts of the server, until the session ends or `signal` says so.
 * `onTold` is called after each message, with what it settled or null; `onStats` gets the figures of an event.
 */
export async function follow(buyer, belongings, { onTold, onStats = () => {}, signal }) {
  for (let failures = 0; !signal?.aborted; ) {
    let comeBackMs = null;
    try {
      for await (const message of open(buyer, belongings.lastId, signal)) {
        failures = 0;
        if (message.retry) comeBackMs = message.retry;
        else if (message.event === "stats") onStats(message.data);
        else if (message.data.status === "session_expired") return;
        else onTold(belongings.hear(message));
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (error instanceof Refusal && ![429, 500, 503, 504].includes(error.status)) throw error;
      if (error instanceof Refusal) comeBackMs = afterRetryAfter(error);
    }
    belongings.cut();
    failures += 1;
    await pause(comeBackMs ?? backoffMs(failures));
  }
}

async function* open(buyer, lastId, signal) {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS_MAX);
  try {
    const response = await fetch(`${buyer.url}/v1/stream`, {
      headers: {
        Accept: "text/event-stream",
        ...(buyer.token !== null && { Authorization: `Bearer ${buyer.token}` }),
        ...(lastId !== null && { "Last-Event-ID": String(lastId) }),
      },
      cache: "no-store",
      signal: AbortSignal.any([silence.signal, ...(signal ? [signal] : [])]),
    });
    if (!response.ok) throw await refusal(response);
    let unread = "";
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS_MAX);
      const blocks = (unread + decoder.decode(piece.value, { stream: true })).split("\n\n");
      unread = blocks.pop();
      yield* blocks.map(read).filter(Boolean);
    }
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

async function refusal(response) {
  const error = new Refusal(response.status, await response.json().catch(() => null));
  return Object.assign(error, { retryAfterSeconds: Number(response.headers.get("Retry-After")) });
}

/** A block of the stream, one field a line: `{event, id, data}`, `{retry}`, or null for a comment. */
function read(block) {
  const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s)));
  if (fields.retry) return { retry: Number(fields.retry) };
  if (!fields.data) return null;
  return { event: fields.event, id: fields.id ? Number(fields.id) : null, data: JSON.parse(fields.data) };
}
