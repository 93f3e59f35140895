// The buyers' page: puts its parts together, and keeps them up to date.

import { announce } from "../announce.js";
import { Refusal, Unreachable, call, listAll } from "../api.js";
import { clock, onTick } from "../clock.js";
import { confirm } from "../dialog.js";
import { Feed, keepFresh } from "../feed.js";
import { explain } from "../refusals.js";
import { element, onceAFrame, setShown } from "../render.js";
import { socketSource, streamSource } from "../sources.js";
import { themeSwitch } from "../theme.js";
import { count } from "../words.js";
import { ActionBar } from "./action_bar.js";
import { Doings } from "./doings.js";
import { EventList } from "./event_list.js";
import { Granted } from "./granted.js";
import { Head } from "./head.js";
import { Mine } from "./mine.js";
import { MoreTime } from "./more_time.js";
import { Notices } from "./notices.js";
import { outcomeList } from "./outcomes.js";
import { Sale } from "./sale.js";
import { SignIn, isSignedOut, takeTokenFromAddress } from "./sign_in.js";

const VERSION_RETRY_MS = 3_000;

const sale = new Sale({
  onOwn: () => drawOwn(),
  onEvent: (id) => eventList.change(id),
  onGranted: (hold) => granted.tell(hold),
});
const doings = new Doings(sale, {
  onDone: (region, text) => {
    announce(text);
    requestAnimationFrame(() => requestAnimationFrame(() => mine.settleFocus(region)));
  },
  onSignedOut: (error) => signedOut(error),
});
const notices = new Notices();
const granted = new Granted(sale, notices, (hold) => document.getElementById(`hold-${hold.id}`)?.scrollIntoView({ block: "center" }));
const head = new Head((pressed) => void signOut(pressed));
const mine = new Mine(sale, doings, granted.bell);
const moreTime = new MoreTime(sale, doings);
const eventList = new EventList(sale, doings);
const actionBar = new ActionBar(sale, doings);
const drawOwn = onceAFrame(() => {
  drawMine();
  actionBar.draw();
  granted.draw();
  tick();
});
/** @type {ReturnType<typeof setTimeout> | null} */
let growing = null;
/** @type {SignIn} */
let signIn;
/** @type {string | null} */
let user = null;
/** @type {Feed | null} */
let feed = null;

/** Tabs share the cookie: whoever signs in or out in one tells the others. */
const tabs = new BroadcastChannel("holdfast-session");
tabs.onmessage = () => void (user === null ? signIn && enter() : feed?.askNow());

void start();

async function start() {
  const token = takeTokenFromAddress();
  const main = element("main", { id: "main", tabindex: -1 }, notices.node, mine.node, eventList.node);
  document.body.append(head.node, main, footer(), actionBar.node);
  setShown(mine.node, false);
  onTick(tick);
  keepFresh(() => feed);
  const version = await untilAnswered(() => call("GET", "/version"));
  setShown(head.openLogin, version.body.auth_mode === "open");
  signIn = new SignIn(version.body, (answer) => {
    tabs.postMessage("");
    signedIn(answer.session, answer.outcomes);
    // The form is gone, and with it the focus.
    mine.sections.holds.heading.focus({ preventScroll: true });
  });
  mine.node.before(signIn.node);
  signIn.setShown(false);
  await enter();
  enterWith(token);
  // A link that differs by its fragment alone loads no page.
  addEventListener("hashchange", () => enterWith(takeTokenFromAddress()));
}

/** @param {string | null} token */
function enterWith(token) {
  if (token === null) return;
  if (user === null) signIn.signInWith(token);
  else notices.show("token", "wait", [`You are signed in as ${user}. Sign out, and follow the link again, to be somebody else.`]);
}

/** With the session that the browser has, or without one. */
async function enter() {
  try {
    const { body } = await untilAnswered(() => call("GET", "/v1/sessions/me"));
    sale.replaceOwn(body);
    signedIn(body.session, []);
  } catch (error) {
    if (isSignedOut(error)) signedOut(error);
    else notices.show("trouble", "bad", [explain(error)]);
  }
}

/**
 * @param {import("../objects.js").Session} session
 * @param {import("../objects.js").Outcome[]} outcomes
 */
function signedIn(session, outcomes) {
  user = session.user;
  notices.clear();
  for (const { hold, queue } of outcomes) {
    if (hold) sale.tell("hold", hold);
    if (queue) sale.tell("queue", queue);
  }
  const told = outcomeList(outcomes, (event) => doings.nameOf(event));
  if (told.length > 0) notices.show("outcomes", "information", [element("strong", {}, "You are signed in."), ...told]);
  showUser();
  follow(new Feed({ ...feedOptions, open: streamSource("/v1/stream"), poll: pollAll }));
}

/** @param {unknown} [reason] */
function signedOut(reason) {
  const wasSignedIn = user !== null;
  user = null;
  forgetUser();
  notices.clear();
  if (wasSignedIn && reason instanceof Refusal) notices.show("signed-out", "wait", [explain(reason)]);
  showUser();
  // Streams of single events are limited in number; one socket tells of all events, and a poll would be later by seconds.
  follow(new Feed({ ...feedOptions, open: socketSource(["events"]), poll: pollEvents }));
}

/** What is known of the user, and what is under way for them. */
function forgetUser() {
  sale.forgetOwn();
  doings.leaveOff();
}

function showUser() {
  head.setUser(user);
  signIn.setShown(user === null);
  setShown(mine.node, user !== null);
  eventList.setSignedIn(user !== null);
  drawOwn();
}

/** What signing out gives back, in words; nothing, if nothing. */
function wouldLose() {
  const [holds, places] = [sale.liveHolds().length, sale.places.size];
  return [holds > 0 && count(holds, "hold"), places > 0 && count(places, "place in line", "places in line")].filter(Boolean).join(" and ");
}

/** @param {HTMLElement} pressed */
async function signOut(pressed) {
  // A turn may come while the question stands there: then it is another one.
  for (let agreed = ""; agreed !== wouldLose();) {
    agreed = wouldLose();
    const body = [`You give back ${agreed}. Bookings stay. To keep your place, close the page instead.`];
    if (!(await confirm({ title: "Sign out?", body, confirm: "Sign out", cancel: "Stay" }))) return;
    if (wouldLose() === "") break;
  }
  pressed.setAttribute("aria-busy", "true");
  // It would tell of the session's end, and the page would take that for one that the user did not want.
  feed?.stop();
  try {
    await call("DELETE", "/v1/sessions/me");
    tabs.postMessage("");
    signedOut();
    signIn.heading.focus();
  } catch (error) {
    if (isSignedOut(error)) return signedOut();
    notices.show("trouble", "bad", [explain(error)]);
    feed?.start();
  } finally {
    pressed.removeAttribute("aria-busy");
  }
}

const feedOptions = {
  /** @param {string} kind @param {any} data */
  onMessage: (kind, data) => {
    if (typeof data?.server_time === "string") clock.learnAtLeast(data.server_time);
    sale.tell(kind, data);
    if (kind === "server" && data.status === "session_expired") void feed?.askNow();
  },
  onState: head.setFeedState.bind(head),
};

/** @param {Feed} next */
function follow(next) {
  feed?.stop();
  feed = next;
  feed.start();
  // The list comes at once; the feed begins with the same events, and goes on from there.
  const first = async () => (feed === next ? next.poll() : undefined);
  void untilAnswered(first).catch((error) => isSignedOut(error) || notices.show("trouble", "bad", [explain(error)]));
}

async function pollAll() {
  const [asked, askedAt] = [user, serverTime()];
  try {
    const { body } = await call("GET", "/v1/sessions/me");
    // Who asked has signed out meanwhile.
    if (user !== asked) return;
    // Somebody else has signed in in another tab, and what is done here is done for them.
    const isAnother = body.session.user !== user;
    if (isAnother) forgetUser();
    sale.replaceOwn(body, askedAt);
    if (isAnother) return signedIn(body.session, []);
  } catch (error) {
    if (isSignedOut(error) && user === asked) signedOut(error);
    throw error;
  }
  await pollEvents();
}

async function pollEvents() {
  const askedAt = serverTime();
  sale.replaceEvents(await listAll("/v1/events", (events) => events.forEach((event) => sale.tellEvent(event))), askedAt);
  eventList.setLoaded();
}

/** Now, as answers and messages have it. */
function serverTime() {
  return new Date(clock.nowMs()).toISOString();
}

/** Many cards are made a few at a time, so that the page answers in between. */
function drawMine() {
  if (!mine.draw()) return;
  growing ??= setTimeout(() => {
    growing = null;
    drawMine();
  });
}

function tick() {
  mine.tick();
  moreTime.tick();
  actionBar.tick(clock.nowMs());
  eventList.tick();
}

/**
 * A page that cannot even begin keeps trying: the server may be starting, or be very busy.
 * @template T
 * @param {() => Promise<T>} ask
 * @returns {Promise<T>}
 */
async function untilAnswered(ask) {
  for (;;) {
    try {
      const answer = await ask();
      notices.dismiss("trouble");
      return answer;
    } catch (error) {
      const isTemporary = error instanceof Unreachable || (error instanceof Refusal && error.status >= 429);
      if (!isTemporary) throw error;
      notices.show("trouble", "wait", [explain(error)]);
      const seconds = error instanceof Refusal ? error.retryAfterSeconds : null;
      await new Promise((resolve) => setTimeout(resolve, seconds === null ? VERSION_RETRY_MS : seconds * 1_000));
    }
  }
}

function footer() {
  const link = (/** @type {string} */ href, /** @type {string} */ text) => element("a", { href }, text);
  return element("footer", { class: "quiet" }, link("/docs", "The HTTP API"), link("/docs/errors", "What refusals mean"), link("/admin", "For organisers"), themeSwitch());
}
