// The states of a feed, with a source and timers that are moved by hand.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Refusal, Unreachable } from "../../../ui/api.js";
import { Feed, POLL_MS, SILENCE_MS } from "../../../ui/feed.js";

/** A feed, and all that it did. */
function stage() {
  /** @type {{run: () => void, atMs: number, id: number}[]} */
  let timers = [];
  let [nowMs, ids] = [0, 0];
  const told = { states: /** @type {string[]} */ ([]), messages: /** @type {any[]} */ ([]), polls: 0, opened: 0, closed: 0 };
  /** @type {{answer: () => Promise<void>, listener: import("../../../ui/sources.js").Listener}} */
  const server = { answer: async () => {}, listener: /** @type {any} */ (null) };
  const feed = new Feed({
    open: (listener) => {
      told.opened += 1;
      server.listener = listener;
      return { close: () => void (told.closed += 1) };
    },
    onMessage: (...message) => void told.messages.push(message),
    onState: (state) => void told.states.push(state),
    poll: () => {
      told.polls += 1;
      return server.answer();
    },
    surroundings: {
      setTimer: (run, ms) => {
        timers.push({ run, atMs: nowMs + ms, id: ++ids });
        return ids;
      },
      clearTimer: (timer) => void (timers = timers.filter(({ id }) => id !== timer)),
      chance: () => 0.5,
    },
  });
  /** Time passes, and what is due by then is done. @param {number} ms */
  const advance = async (ms) => {
    const untilMs = nowMs + ms;
    for (;;) {
      timers.sort((one, other) => one.atMs - other.atMs);
      if (timers.length === 0 || timers[0].atMs > untilMs) break;
      const [due] = timers.splice(0, 1);
      nowMs = due.atMs;
      due.run();
      await settled();
    }
    nowMs = untilMs;
  };
  return { feed, told, server, advance };
}

/** Lets promises that are done go on. */
function settled() {
  return new Promise((resolve) => setImmediate(resolve));
}

test("the first message makes it live, and messages are passed on", async () => {
  const { feed, told, server, advance } = stage();
  feed.start();
  assert.deepEqual(told.states, ["connecting"]);
  server.listener.onMessage("stats", { id: "gala" }, "7");
  assert.deepEqual(told.states, ["connecting", "live"]);
  assert.deepEqual(told.messages, [["stats", { id: "gala" }, "7"]]);
  await advance(600_000);
  assert.deepEqual([told.polls, told.opened], [0, 1], "who is told does not ask");
});

test("a source that is ready is live, though there may be nothing to tell", async () => {
  const { feed, told, server, advance } = stage();
  feed.start();
  server.listener.onReady();
  assert.deepEqual(told.states, ["connecting"], "it may be refused yet");
  await advance(600_000);
  assert.deepEqual(told.states, ["connecting", "live"]);
  assert.deepEqual([told.polls, told.opened], [0, 1]);
});

test("a source that is refused as soon as it is ready is none", async () => {
  const { feed, told, server, advance } = stage();
  feed.start();
  for (let attempt = 0; attempt < 2; attempt++) {
    server.listener.onReady();
    server.listener.onError(true);
    await advance(3_000);
  }
  assert.equal(told.states.at(-1), "polling");
});

test("after one cut the browser comes back by itself", async () => {
  const { feed, told, server, advance } = stage();
  feed.start();
  server.listener.onMessage("stats", {}, null);
  server.listener.onError(false);
  await advance(2_000);
  server.listener.onMessage("stats", {}, null);
  assert.deepEqual(told.states, ["connecting", "live", "reconnecting", "live"]);
  assert.deepEqual([told.opened, told.polls], [1, 0]);
});

test("where sources are blocked it polls every 30 seconds, and tries the source again now and then", async () => {
  const { feed, told, server, advance } = stage();
  feed.start();
  server.listener.onError(true);
  assert.deepEqual(told.states, ["connecting"]);
  await advance(2_000);
  assert.equal(told.opened, 2);
  server.listener.onError(true);
  await settled();
  assert.deepEqual(told.states, ["connecting", "polling"]);
  assert.equal(told.polls, 1);
  const refuse = () => server.listener.onError(true);
  for (let step = 0; step < 20; step++) {
    const opened = told.opened;
    await advance(POLL_MS);
    if (told.opened > opened) refuse();
    assert.equal(told.polls, step + 2);
  }
  assert.ok(told.opened >= 5 && told.opened < 15, `tried ${told.opened} times in ten minutes`);
  const opened = told.opened;
  while (told.opened === opened) await advance(1_000);
  server.listener.onMessage("stats", {}, null);
  const polls = told.polls;
  await advance(600_000);
  assert.equal(told.polls, polls, "who is told again does not ask any more");
  assert.equal(told.states.at(-1), "live");
});

test("a source that is held back on the way is as good as none", async () => {
  const { feed, told, server, advance } = stage();
  feed.start();
  await advance(SILENCE_MS + 2_000);
  assert.equal(told.opened, 2);
  await advance(SILENCE_MS);
  assert.equal(told.states.at(-1), "polling");
});

test("while the server does not answer at all it is reconnecting, and comes back soon", async () => {
  const { feed, told, server, advance } = stage();
  feed.start();
  server.listener.onMessage("stats", {}, null);
  server.answer = async () => {
    throw new Unreachable("cut");
  };
  for (let attempt = 0; attempt < 10; attempt++) {
    server.listener.onError(true);
    await settled();
    const opened = told.opened;
    await advance(15_000);
    assert.ok(told.opened > opened, "it is tried every few seconds");
  }
  assert.deepEqual(told.states, ["connecting", "live", "reconnecting"]);
  server.listener.onMessage("stats", {}, null);
  assert.equal(told.states.at(-1), "live");
});

test("a refusal is an answer: polling works", async () => {
  const { feed, told, server, advance } = stage();
  server.answer = async () => {
    throw new Refusal(503, { code: "overloaded" }, new Headers());
  };
  feed.start();
  server.listener.onError(true);
  await advance(2_000);
  server.listener.onError(true);
  await settled();
  assert.equal(told.states.at(-1), "polling");
});

test("what a server says last is no sign that it is there", async () => {
  const { feed, told, server } = stage();
  feed.start();
  for (const status of ["shutting_down", "session_expired"]) server.listener.onMessage("server", { status }, null);
  server.listener.onMessage("error", { code: "overloaded" }, null);
  assert.deepEqual(told.states, ["connecting"]);
  assert.equal(told.messages.length, 3);
});

test("who looks again is told at once, by a new source", async () => {
  const { feed, told, server } = stage();
  feed.start();
  server.listener.onMessage("stats", {}, null);
  await feed.refresh();
  assert.deepEqual([told.opened, told.closed, told.polls], [2, 1, 1]);
  assert.equal(told.states.at(-1), "live");
});

test("a feed that is stopped does nothing more", async () => {
  const { feed, told, server, advance } = stage();
  feed.start();
  server.listener.onError(true);
  feed.stop();
  server.listener.onError(true);
  await feed.refresh();
  await advance(600_000);
  assert.deepEqual([told.opened, told.polls, told.states.at(-1)], [1, 0, "stopped"]);
});
