// A wave of buyers, for k6 (https://k6.io): each logs in, holds one ticket, and confirms the hold.
//
//   k6 run -e URL=http://127.0.0.1:8080 -e EVENT=spring-gala -e RATE=200 -e DURATION=30s load.js
//
// The loop is open: buyers come at RATE a second, however slow the answers are, as they do in a real sale. A closed
// loop (each virtual user waits for an answer before the next request) offers less the slower the server is, and so
// hides it.
//
// In the summary, `booked` and `sold_out` are what became of the buyers, `refused` how many answers were 429 or 503.
// Latency holds for what was answered, refusals too. `dropped_iterations` above 0 means that k6 itself could not keep
// up with RATE: give it more VUS, or a machine of its own.

import { check } from "k6";
import exec from "k6/execution";
import http from "k6/http";
import { Counter } from "k6/metrics";

const url = __ENV.URL || "http://127.0.0.1:8080";
const event = __ENV.EVENT || "spring-gala";
const virtualUsers = Number(__ENV.VUS || 500);
// Users of an earlier run have had their tickets: another run needs another name.
const run = __ENV.RUN || String(Date.now());

const booked = new Counter("booked");
const soldOut = new Counter("sold_out");
const refused = new Counter("refused");

export const options = {
  scenarios: {
    buyers: {
      executor: "constant-arrival-rate",
      rate: Number(__ENV.RATE || 100),
      timeUnit: "1s",
      duration: __ENV.DURATION || "10s",
      preAllocatedVUs: virtualUsers,
      maxVUs: virtualUsers,
    },
  },
  thresholds: {
    // Statuses that are part of a sale do not count as failed, see below.
    http_req_failed: ["rate<0.001"],
    checks: ["rate>0.999"],
    http_req_duration: [`p(99)<${__ENV.P99_MS || 500}`],
    refused: ["count<1"],
    dropped_iterations: ["count<1"],
  },
};

http.setResponseCallback(http.expectedStatuses({ min: 200, max: 299 }, 409, 429, 503));

/** Runs once, before the buyers come: a name misspelt is no load test. */
export function setup() {
  const answer = http.get(`${url}/v1/events/${event}`);
  if (answer.status === 200) return;
  throw new Error(`${url} has no event ${event} for buyers: ${answer.status} ${answer.body}`);
}

/** One buyer, from login to booking. */
export default function () {
  const user = `buyer-${run}-${exec.scenario.iterationInTest}`;
  // No intents: else the login itself would set tickets aside.
  const login = post("/v1/sessions", { user, intents: [] }, {}, "login");
  if (!check(login, { "logged in": (answer) => answer.status === 201 })) return;
  const Authorization = `Bearer ${login.json("token")}`;

  // The keys are this session's own, so every buyer may use the same ones.
  const wish = { quantity: 1 };
  const hold = post(`/v1/events/${event}/holds`, wish, { Authorization, "Idempotency-Key": "hold" }, "hold");
  if (hold.status === 409 && hold.json("code") === "sold_out") {
    soldOut.add(1);
    return;
  }
  if (!check(hold, { held: (answer) => answer.status === 201 })) return;

  const path = `/v1/holds/${hold.json("id")}/confirm`;
  const booking = post(path, {}, { Authorization, "Idempotency-Key": "confirm" }, "confirm");
  if (check(booking, { booked: (answer) => answer.status === 201 })) booked.add(1);
}

/** `name` stands for the path in the summary: one of a million paths tells nothing. */
function post(path, body, headers, name) {
  const answer = http.post(url + path, JSON.stringify(body), {
    headers: { "Content-Type": "application/json", ...headers },
    tags: { name },
  });
  if (answer.status === 429 || answer.status === 503) refused.add(1);
  return answer;
}
