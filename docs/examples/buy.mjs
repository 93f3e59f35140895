// A buyer at the terminal: node buy.mjs URL USER
//
// It prints what the server tells of the user's own things, and obeys the lines typed in:
//   hold EVENT [QUANTITY]   set tickets aside, or stand in line where none are free
//   join EVENT [QUANTITY]   stand in line
//   extend HOLD, confirm HOLD, release HOLD
//   mine                    what is there
//   quit                    log out: bookings stay, the rest is given back

import { createInterface } from "node:readline";
import { Buyer } from "./buyer.mjs";
import { Belongings, follow } from "./own_stream.mjs";

const [url, user] = process.argv.slice(2);
if (!user) {
  console.error("usage: node buy.mjs URL USER");
  process.exit(64);
}

const buyer = await Buyer.logIn(url, { user, intents: [] });
const belongings = new Belongings();
const leaving = new AbortController();
/** What stops the countdown of each hold. */
const countdowns = new Map();
const following = follow(buyer, belongings, { onTold: tell, signal: leaving.signal });
following.catch((error) => fail(error));

const commands = {
  hold: async (event, quantity) => show(await buyer.hold(event, { quantity: Number(quantity ?? 1), wait: true })),
  join: async (event, quantity) => show(await buyer.join(event, { quantity: Number(quantity ?? 1) })),
  extend: async (hold) => show(await buyer.extend(hold)),
  confirm: async (hold) => show(await buyer.confirm(hold)),
  release: async (hold) => show(await buyer.release(hold)),
  mine: async () => console.log(JSON.stringify(await buyer.mine())),
};

for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...words] = line.trim().split(/\s+/);
  if (name === "quit") break;
  try {
    if (!commands[name]) throw new Error("no such command");
    await commands[name](...words);
  } catch (error) {
    console.log(`not done: ${error.code ? `${error.code}: ` : ""}${error.message}`);
  }
}
// Else the program would wait for more to be typed in.
process.stdin.destroy();
await buyer.logOut();
leaving.abort();
await following;
for (const stop of countdowns.values()) stop();

function tell(settled) {
  if (settled === null) return;
  if (settled.isFresh) console.log(`told up to ${settled.id}: all there is`);
  for (const thing of settled.things.values()) {
    console.log(`told ${settled.id}: ${describe(thing)}`);
    if (thing.expires_at) countDown(thing);
  }
}

/** Says every ten seconds of a hold's last minute how many are left. */
function countDown(hold) {
  countdowns.get(hold.id)?.();
  countdowns.delete(hold.id);
  if (hold.state !== "held") return;
  const show = (seconds) => seconds <= 60 && seconds % 10 === 0 && console.log(`hold ${hold.id} ends in ${seconds} s`);
  countdowns.set(hold.id, buyer.clock.countDown(hold, show));
}

function show(thing) {
  console.log(`answer: ${describe(thing)}`);
}

function describe(thing) {
  const what = `${thing.quantity} × ${thing.ticket_type}, ${thing.state}`;
  if (thing.joined_at !== undefined) {
    return `place ${thing.event}: ${what}` + (thing.state === "waiting" ? `, ${thing.ahead} ahead` : "");
  }
  if (thing.expires_at === undefined) return `booking ${thing.id}: ${what}`;
  const left = thing.state === "held" ? `, ${Math.ceil(buyer.clock.leftMs(thing) / 1_000)} s left` : "";
  return `hold ${thing.id}: ${what}${left}`;
}

function fail(error) {
  console.error(`${error.code ?? "error"}: ${error.message}`);
  process.exit(1);
}
