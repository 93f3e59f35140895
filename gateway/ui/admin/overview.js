// The whole server at a glance.

import { element, setShown, setText } from "../render.js";
import { Ring } from "../ring.js";
import { count, duration, number, percent } from "../words.js";
import { act } from "./act.js";
import { Chart } from "./chart.js";
import { Facts, Panel, Tile, button, exactTime } from "./panel.js";
import { ask, problem } from "./session.js";

/** Over how many of the last samples bookings a minute are told: a minute of them. */
const RATE_SAMPLES = 12;

/** @type {import("./page.js").MakeView} */
export function overviewView(context) {
  const figures = new Figures();
  const lately = new Panel("Last 15 minutes");
  const chart = new Chart();
  lately.content.append(chart.node);
  const upkeep = new Upkeep(context);
  const server = new ServerState();
  const refresh = async () => {
    const { body: overview } = await ask("GET", "/v1/admin/overview");
    const { body: history } = await ask("GET", "/v1/admin/history");
    figures.set(overview, history.samples);
    lately.setTime(history.server_time);
    chart.set(history.samples, history.server_time);
    upkeep.set(overview);
    server.set(overview);
  };
  const node = element("div", { class: "view" }, figures.panel.node, lately.node, element("div", { class: "columns" }, upkeep.panel.node, server.panel.node));
  return { title: "Overview", node, refresh };
}

/** The tiles. */
class Figures {
  constructor() {
    this.panel = new Panel("Now");
    this.ring = new Ring("Share of the tickets that is booked");
    this.tiles = {
      booked: new Tile("Booked"), held: new Tile("Held"), available: new Tile("Available"),
      capacity: new Tile("Capacity", this.ring.node), waiting: new Tile("In line"), sessions: new Tile("Sessions"),
      share: new Tile("Holds that became bookings"), rate: new Tile("Bookings a minute"),
    };
    this.empty = element("p", { class: "notice" }, element("span", { class: "text" }, "There is no event yet. "), element("a", { class: "button", href: "#/events" }, "Go to events"));
    setShown(this.empty, false);
    this.panel.content.append(this.empty, element("div", { class: "tiles" }, ...Object.values(this.tiles).map((tile) => tile.node)));
  }

  /**
   * @param {any} overview
   * @param {any[]} samples
   */
  set(overview, samples) {
    const { capacity, available, held, booked, waiting, sessions, events } = overview;
    const ofAll = (/** @type {number} */ part) => `${percent(part, capacity)} % of all`;
    this.panel.setTime(overview.server_time);
    setShown(this.empty, events.total === 0);
    this.tiles.booked.set(number(booked), ofAll(booked));
    this.tiles.held.set(number(held), ofAll(held));
    this.tiles.available.set(number(available), ofAll(available));
    this.tiles.capacity.set(number(capacity), `${count(events.total, "event")}, ${number(events.on_sale)} on sale`);
    this.ring.set(capacity === 0 ? 0 : booked / capacity, `${percent(booked, capacity)} % booked`, `${percent(booked, capacity)} %`);
    this.tiles.waiting.set(number(waiting), waiting === 1 ? "person waits" : "people wait");
    this.tiles.sessions.set(number(sessions), "logged in");
    this.setShares(samples);
  }

  /** @param {any[]} samples */
  setShares(samples) {
    const [first, last] = [samples[0], samples.at(-1)];
    const ended = last ? last.holds_ended - first.holds_ended : 0;
    const confirmed = last ? last.holds_confirmed - first.holds_confirmed : 0;
    if (ended === 0) this.tiles.share.set("–", "no hold ended in the last 15 minutes");
    else this.tiles.share.set(`${percent(confirmed, ended)} %`, `of ${number(ended)} that ended in 15 minutes`);
    const before = samples[Math.max(0, samples.length - 1 - RATE_SAMPLES)];
    const minutes = last ? (Date.parse(last.at) - Date.parse(before.at)) / 60_000 : 0;
    if (minutes === 0) this.tiles.rate.set("–", "no figures yet");
    else this.tiles.rate.set(number(Math.round(((last.bookings_made - before.bookings_made) / minutes) * 10) / 10), `over the last ${duration(minutes * 60_000)}`);
  }
}

/** Cleaning up and writing a snapshot, and what the last ones did. */
class Upkeep {
  /** @param {import("./page.js").Context} context */
  constructor(context) {
    this.context = context;
    this.panel = new Panel("Upkeep");
    this.cleanup = element("p");
    this.snapshot = element("p");
    this.failure = element("p", { class: "fault" });
    this.panel.content.append(
      part("Cleanup", "Expires what is due and ends idle sessions, as the server does by itself all the time.", this.cleanup,
        context.isOperator && button("Clean up now", () => this.cleanUp())),
      part("Snapshot", "Makes the next start faster.", this.snapshot, this.failure, context.isOperator && button("Snapshot now", () => this.write())));
  }

  /** @param {any} overview */
  set({ cleanup, snapshot, server_time }) {
    this.panel.setTime(server_time);
    setText(this.cleanup, cleanup === null ? "None was asked for since the start."
      : `The last one, at ${exactTime(cleanup.at)} by ${cleanup.by.replace("admin:", "")}: ${cleaned(cleanup)}.`);
    setText(this.snapshot, snapshot.seq === null ? "There is none yet."
      : `The newest one has all up to change ${number(snapshot.seq)}${snapshot.at === null ? ", of an earlier run" : `: ${exactTime(snapshot.at)}, ${bytes(snapshot.bytes)}, in ${number(snapshot.duration_ms)} ms`}.`);
    setText(this.failure, snapshot.failure === null ? "" : `The newest attempt failed at ${exactTime(snapshot.failure.at)}: ${snapshot.failure.reason}.`);
  }

  async cleanUp() {
    /** @type {any} */
    let due;
    try {
      due = (await ask("POST", "/v1/admin/cleanup", { body: { dry_run: true } })).body;
    } catch (error) {
      return this.context.tell(problem(error), "bad");
    }
    const isDone = await act({
      title: "Clean up now?", body: [`Due now: ${count(due.expired_holds, "hold")} to expire and ${count(due.ended_sessions, "session")} to end, with their places in line.`],
      label: "Clean up now",
      run: async () => {
        const { body } = await ask("POST", "/v1/admin/cleanup", { body: {} });
        this.context.tell(`Cleaned up: ${cleaned(body)}.`);
      },
    });
    if (isDone) this.context.refreshNow();
  }

  async write() {
    try {
      const { body } = await ask("POST", "/v1/admin/snapshot", { body: {} });
      this.context.tell(`Snapshot written: all up to change ${number(body.seq)}, ${bytes(body.bytes)}, in ${number(body.duration_ms)} ms.`);
      this.context.refreshNow();
    } catch (error) {
      this.context.tell(problem(error), "bad");
    }
  }
}

/** Journal, the last start, and what runs. */
class ServerState {
  constructor() {
    this.panel = new Panel("Server");
    this.run = new Facts("Version", "Up for", "Login");
    this.journal = new Facts("Newest durable change", "Segments", "Waiting to be written", "Reserve on disk", "Disk");
    this.recovery = new Facts("The stop before", "Read", "Took", "Set aside");
    const group = (/** @type {string} */ title, /** @type {Facts} */ facts) => element("div", {}, element("h3", {}, title), facts.node);
    this.panel.content.append(this.run.node, group("Journal", this.journal), group("Last start", this.recovery));
  }

  /** @param {any} overview */
  set({ journal, recovery, version, uptime_seconds, auth_mode, server_time }) {
    this.panel.setTime(server_time);
    this.run.set(version, duration(uptime_seconds * 1_000), auth_mode);
    this.journal.set(number(journal.durable_seq), number(journal.segments), bytes(journal.backlog_bytes), bytes(journal.reserve_bytes),
      journal.disk_full ? "full: nothing new can be held" : "has room");
    this.recovery.set(recovery.clean ? "in good order" : "not in good order", `${count(recovery.changes, "change")}, ${bytes(recovery.bytes)}`,
      `${number(recovery.duration_ms)} ms`, recovery.quarantined_bytes === 0 ? "nothing" : `${bytes(recovery.quarantined_bytes)} in ${recovery.quarantined_file}`);
  }
}

/**
 * @param {string} title
 * @param {string} about
 * @param {...(Node | false)} rest
 */
function part(title, about, ...rest) {
  return element("div", { class: "stack-tight" }, element("h3", {}, title), element("p", { class: "small quiet" }, about), ...rest);
}

/** @param {any} counts */
function cleaned({ expired_holds, ended_sessions, dropped_queue_entries }) {
  return `${count(expired_holds, "hold")} expired, ${count(ended_sessions, "session")} ended, ${count(dropped_queue_entries, "place")} in line dropped`;
}

/** @param {number} value */
function bytes(value) {
  const [unit, size] = value < 1_000 ? ["B", 1] : value < 1e6 ? ["kB", 1e3] : value < 1e9 ? ["MB", 1e6] : ["GB", 1e9];
  return `${number(Math.round((value / Number(size)) * 10) / 10)} ${unit}`;
}
