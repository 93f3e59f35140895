// Who watches a sale, by the two ways there are. Browsers have both; Node.js has them behind flags, or built in:
//
//   node --experimental-eventsource watch.mjs stream URL EVENT    the figures of one event, by EventSource
//   HOLDFAST_TOKEN=… node --experimental-websocket watch.mjs socket URL EVENT
//                                  the same, and what is the user's with a session's token, by WebSocket

import { afterRetryAfter, backoffMs, pause } from "./buyer.mjs";
import { Belongings } from "./own_stream.mjs";

/** The figures of an event, for anybody. Returns what ends it. */
export function watchEvent(url, event, onStats) {
  let source = null;
  let timer = null;
  let failures = 0;
  const open = () => {
    source = new EventSource(`${url}/v1/events/${event}/stream`);
    source.addEventListener("stats", (message) => {
      failures = 0;
      onStats(JSON.parse(message.data));
    });
    source.addEventListener("error", () => {
      // After a cut it comes back by itself, and with Last-Event-ID. It gives up when an attempt is refused, which may
      // be a busy server's 503; it does not tell, so we go on, and ask less and less often.
      if (source.readyState !== EventSource.CLOSED) return;
      failures += 1;
      timer = setTimeout(open, 1_000 + backoffMs(failures));
    });
  };
  open();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}

/**
 * Several events and what is the user's over one WebSocket, over cuts and restarts of the server. `onStats` gets the
 * figures of an event, `onTold` what a message settled, or null (own_stream.mjs says what that means). Ends with the
 * refusal that made another attempt vain, or with "all subscriptions have ended".
 */
export async function watchAll(url, { subscribe, token }, belongings, { onStats, onTold }) {
  for (let failures = 0; ; failures += 1) {
    const { refused, closed } = await watchOnce(url, { subscribe, token }, belongings.lastId, (message) => {
      failures = 0;
      if (message.event === "stats") onStats(message.data);
      else if (message.event === "server" && message.data.status === "subscription_ended") onTold(null);
      else onTold(belongings.hear(message));
    });
    belongings.cut();
    if (closed.code === 1000) return "all subscriptions have ended";
    // 4000 and the status: 4429 and 4503 pass, the others do not. Without one, the connection was cut.
    if (closed.code >= 4000 && ![4429, 4503].includes(closed.code)) return `${closed.code} ${closed.reason}`;
    if (closed.code === 1008 || closed.code === 1009) return `${closed.code} ${closed.reason}`;
    const retryAfterSeconds = refused?.retry_after_seconds;
    await pause(retryAfterSeconds ? afterRetryAfter({ retryAfterSeconds }) : backoffMs(failures));
  }
}

/** One socket, from its opening to its end. */
function watchOnce(url, { subscribe, token }, lastId, onMessage) {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${url.replace(/^http/, "ws")}/v1/ws`);
    let refused = null;
    socket.addEventListener("open", () => {
      // The token goes into the first message: a browser can set no header here, and it must be in no URL.
      const first = { subscribe, ...(token && { token }), ...(lastId !== null && { last_event_id: lastId }) };
      socket.send(JSON.stringify(first));
    });
    socket.addEventListener("message", ({ data }) => {
      const message = JSON.parse(data);
      if (message.event === "error") refused = message.data;
      else onMessage(message);
    });
    // "close" should come after it, but does not in Node.js where the server hangs up before the socket is open.
    socket.addEventListener("error", () => resolve({ refused, closed: { code: 1006, reason: "" } }));
    socket.addEventListener("close", (closed) => resolve({ refused, closed }));
  });
}

// Only as a program: a page imports the functions.
if (globalThis.process?.argv[1]?.endsWith("watch.mjs")) await main(process.argv.slice(2));

async function main([way, url, event]) {
  const onStats = ({ id, available, held, booked, waiting, seq }) =>
    console.log(`${id}: ${available} available, ${held} held, ${booked} booked, ${waiting} waiting (${seq})`);
  if (way === "stream" && event) {
    watchEvent(url, event, onStats);
    // The timer with which EventSource in Node.js waits after a cut keeps no process alive.
    setInterval(() => {}, 60_000);
  } else if (way === "socket" && event) {
    const token = process.env.HOLDFAST_TOKEN;
    const subscribe = [`event:${event}`, ...(token ? ["me"] : [])];
    const onTold = (settled) => {
      if (settled?.isFresh) console.log(`told up to ${settled.id}: all there is`);
      for (const [name, { state }] of settled?.things ?? []) console.log(`told ${settled.id}: ${name} ${state}`);
    };
    console.log(await watchAll(url, { subscribe, token }, new Belongings(), { onStats, onTold }));
  } else {
    console.error("usage: node watch.mjs stream|socket URL EVENT");
    process.exitCode = 64;
  }
}
