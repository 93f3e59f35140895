// The organisers' page: who is signed in, which view is shown, and that it stays up to date.

import { Refusal } from "../api.js";
import { onTick, onWake } from "../clock.js";
import { element, setAttribute, setShown, setText } from "../render.js";
import { themeSwitch } from "../theme.js";
import { eventView } from "./event.js";
import { eventsView } from "./events.js";
import { ZONE } from "./fields.js";
import { bookingsView, holdsView, lineView, sessionsView } from "./lists.js";
import { overviewView } from "./overview.js";
import { onLost, problem, signOut, whoIsSignedIn } from "./session.js";
import { signInForm } from "./sign_in.js";
import { trailView } from "./trail.js";

/**
 * @typedef {object} View
 * @property {string} title
 * @property {HTMLElement} node
 * @property {() => Promise<void>} refresh asks the server, and shows what it says
 * @property {() => void} [tick] moves what the time alone moves
 */

/**
 * @typedef {object} Context
 * @property {boolean} isOperator whether changes are allowed
 * @property {() => void} refreshNow asks again at once, after a change
 * @property {(text: string, kind?: string) => void} tell shows and says how something went
 * @property {(address: string, text: string) => void} go shows another view, and says there how something went
 */

/** @typedef {(context: Context, id: string) => View} MakeView */

/** How long what is shown is left as it is, in milliseconds. */
const REFRESH_MS = 5_000;

/** @type {[string, string, MakeView][]} */
const TABS = [
  ["overview", "Overview", overviewView],
  ["events", "Events", (context, id) => (id === "" ? eventsView(context) : eventView(context, id))],
  ["holds", "Holds", holdsView],
  ["bookings", "Bookings", bookingsView],
  ["line", "Line", lineView],
  ["sessions", "Sessions", sessionsView],
  ["trail", "Audit trail", trailView],
];

const links = TABS.map(([name, label]) => element("a", { class: "tab", href: `#/${name}` }, label));
const nav = element("nav", { class: "tabs", "aria-label": "Sections", hidden: true }, ...links);
const who = element("span", { class: "small quiet who" });
const out = element("button", { class: "button plain", type: "button", hidden: true, on: { click: leave } }, "Sign out");
const state = element("p", { class: "state", role: "status" });
const notices = element("div", { class: "notices", "aria-live": "polite" });
const main = element("main", { id: "main", tabindex: "-1" });

/** @type {import("./session.js").Organiser | null} */
let organiser = null;
/** @type {View | null} */
let view = null;
let timer = 0;
/** The view that waits for an answer. @type {View | null} */
let asking = null;
let isAskedAgain = false;
/** What the next view begins with. */
let toTell = "";

document.body.append(
  element("a", { class: "skip button", href: "#main", on: { click: skip } }, "Skip to the content"),
  element("header", { class: "page-head" },
    element("div", { class: "stack-tight" },
      element("p", { class: "brand" }, element("img", { src: "/icon.svg", alt: "" }), "Holdfast"),
      element("h1", {}, "Organisers")),
    element("div", { class: "tools" }, state, who, themeSwitch(), out)),
  nav, notices, main,
  element("footer", {}, element("span", { class: "quiet" }, "All times are in your time zone, ", ZONE, ".")));

onLost(() => showSignIn("Sign in again: the server does not know your token any more."));
onTick(() => view?.tick?.());
onWake(refresh);
addEventListener("hashchange", () => organiser && route(true));
document.addEventListener("visibilitychange", refresh);
begin();

async function begin() {
  try {
    organiser = await whoIsSignedIn();
  } catch (error) {
    return showSignIn(problem(error));
  }
  if (organiser === null) showSignIn();
  else welcome(organiser);
}

/** @param {import("./session.js").Organiser} signedIn */
function welcome(signedIn) {
  organiser = signedIn;
  setText(who, `${signedIn.name}, ${signedIn.role === "viewer" ? "viewer: looks, and changes nothing" : "operator"}`);
  [nav, out].forEach((node) => setShown(node, true));
  route(true);
}

/** @param {string} [told] */
function showSignIn(told) {
  organiser = null;
  [view, asking] = [null, null];
  clearTimeout(timer);
  document.querySelectorAll("dialog").forEach((dialog) => dialog.close(""));
  [nav, out].forEach((node) => setShown(node, false));
  [who, state].forEach((node) => setText(node, ""));
  setAttribute(state, "data-kind", null);
  document.title = "Organisers · Holdfast";
  main.replaceChildren(signInForm(welcome, told));
  main.querySelector("input")?.focus();
}

async function leave() {
  try {
    await signOut();
    showSignIn();
  } catch (error) {
    tell(problem(error), "bad");
  }
}

/** @param {Event} event */
function skip(event) {
  event.preventDefault();
  main.focus();
}

/** Shows the view that the address names. @param {boolean} takesFocus */
function route(takesFocus) {
  // A question belongs to the view that asked it.
  document.querySelectorAll("dialog").forEach((dialog) => dialog.close(""));
  const [, name, id] = /^#\/([a-z]*)\/?(.*)$/.exec(location.hash) ?? [];
  const index = Math.max(0, TABS.findIndex(([tab]) => tab === name));
  links.forEach((link, at) => setAttribute(link, "aria-current", at === index ? "page" : null));
  links[index].scrollIntoView({ block: "nearest", inline: "nearest" });
  const context = { isOperator: organiser?.role === "operator", refreshNow: refresh, tell, go };
  view = TABS[index][2](context, id ?? "");
  document.title = `${view.title} · Organisers · Holdfast`;
  notices.replaceChildren();
  if (toTell !== "") tell(toTell);
  toTell = "";
  main.replaceChildren(view.node);
  if (takesFocus) main.focus({ preventScroll: true });
  refresh();
}

/**
 * @param {string} address
 * @param {string} text
 */
function go(address, text) {
  toTell = text;
  location.hash = address;
}

/** Asks now, and again after a while, for as long as the view is looked at. One at a time. */
async function refresh() {
  clearTimeout(timer);
  const shown = view;
  if (shown === null || document.visibilityState === "hidden") return;
  isAskedAgain = asking === shown;
  if (isAskedAgain) return;
  asking = shown;
  const hadFocus = main.contains(document.activeElement);
  const told = await refreshed(shown);
  // Another view asks for itself.
  if (view !== shown) return;
  asking = null;
  // What had the focus may be gone with its row.
  const { activeElement } = document;
  if (hadFocus && (activeElement === document.body || activeElement?.closest("[hidden]"))) main.focus({ preventScroll: true });
  showState(told === "" ? "live" : "reconnecting", told || "Live");
  if (isAskedAgain) return refresh();
  timer = setTimeout(refresh, REFRESH_MS);
}

/**
 * @param {View} shown
 * @returns {Promise<string>} what went wrong
 */
async function refreshed(shown) {
  try {
    await shown.refresh();
    return "";
  } catch (error) {
    if (view === shown && error instanceof Refusal && error.status === 404) tell(problem(error), "bad");
    return problem(error);
  }
}

/**
 * @param {string} kind
 * @param {string} text
 */
function showState(kind, text) {
  setAttribute(state, "data-kind", kind);
  setText(state, text);
}

/**
 * @param {string} text
 * @param {string} [kind]
 */
function tell(text, kind = "good") {
  const close = element("button", { class: "button plain", type: "button", on: { click: () => notice.remove() } }, "Dismiss");
  const notice = element("div", { class: "notice", "data-kind": kind }, element("p", { class: "text" }, text), close);
  notices.replaceChildren(notice);
}

