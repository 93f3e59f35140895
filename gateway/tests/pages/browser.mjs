// One Chromium for a file of tests, and its pages, which are watched: whatever goes wrong in one fails its test.

import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import { SOON_MS } from "./eventually.mjs";

/** The sizes at which pages are tested, in CSS pixels. */
export const SIZES = {
  phone: { width: 375, height: 812 },
  desktop: { width: 1280, height: 800 },
};

/** @typedef {keyof typeof SIZES} Size */
/** @typedef {"light" | "dark"} Theme */

const PROGRAM = process.env.CHROMIUM ?? "/usr/bin/chromium";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** @type {Promise<import("playwright-core").Browser> | null} */
let running = null;

/** @returns {Promise<import("playwright-core").Browser>} */
export function browser() {
  if (!existsSync(PROGRAM)) throw new Error(`there is no ${PROGRAM}: install Chromium, or say in CHROMIUM where it is`);
  running ??= chromium.launch({ executablePath: PROGRAM, args: FLAGS });
  return running;
}

/** Ends it. */
export async function closeBrowser() {
  await (await running)?.close();
  running = null;
}

/**
 * @typedef {object} PageOptions
 * @property {Size} size
 * @property {Theme} [theme]
 * @property {boolean} [lessMotion] whether the user prefers reduced motion
 * @property {number} [clockWrongByMs] by how much the browser's own clock is wrong
 * @property {string} [sessionToken] of a buyer who is signed in already
 */

/**
 * A page of a browser's profile of its own.
 * @param {string} url the server's
 * @param {PageOptions} options
 * @returns {Promise<WatchedPage>}
 */
export async function newPage(url, options) {
  const context = await (await browser()).newContext({
    viewport: SIZES[options.size],
    colorScheme: options.theme ?? "light",
    reducedMotion: options.lessMotion ? "reduce" : "no-preference",
    hasTouch: options.size === "phone",
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    acceptDownloads: true,
  });
  if (options.sessionToken) {
    await context.addCookies([{ name: "holdfast_session", value: options.sessionToken, url, httpOnly: true, sameSite: "Lax" }]);
  }
  context.setDefaultTimeout(SOON_MS);
  await context.addInitScript(reportViolations);
  if (options.clockWrongByMs) await context.addInitScript(setClockWrong, options.clockWrongByMs);
  return new WatchedPage(await context.newPage(), url);
}

/** Runs in the page: what the content security policy forbids is an error that somebody sees. */
function reportViolations() {
  document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
    console.error(`content security policy: ${violatedDirective} forbids ${blockedURI}`));
}

/**
 * Runs in the page: its clock is wrong, and its timers are not.
 * @param {number} byMs
 */
function setClockWrong(byMs) {
  const Right = Date;
  globalThis.Date = /** @type {any} */ (class extends Right {
    /** @param {...any} parts */
    constructor(...parts) {
      if (parts.length === 0) super(Right.now() + byMs);
      else super(.../** @type {[any]} */ (parts));
    }

    static now() {
      return Right.now() + byMs;
    }
  });
}

/** A page with all that went wrong in it. */
export class WatchedPage {
  /**
   * @param {import("playwright-core").Page} page
   * @param {string} url
   */
  constructor(page, url) {
    this.page = page;
    this.url = url;
    /** @type {string[]} */
    this.faults = [];
    /** The requests it made, as method and path, oldest first. @type {string[]} */
    this.requests = [];
    /** What may stand in the console, since the test brings it about. @type {RegExp[]} */
    this.expected = [];
    page.on("console", (message) => message.type() === "error" && this.#heard(message));
    page.on("pageerror", (error) => this.faults.push(`thrown: ${error.message}\n${error.stack}`));
    page.on("request", (request) => this.#asked(new URL(request.url()), request.method()));
  }

  /** @param {import("playwright-core").ConsoleMessage} message */
  #heard(message) {
    const text = `${message.text()} (${message.location().url})`;
    if (!this.expected.some((pattern) => pattern.test(text))) this.faults.push(`console: ${text}`);
  }

  /** @param {URL} url @param {string} method */
  #asked(url, method) {
    if (url.protocol === "data:" || url.protocol === "blob:") return;
    this.requests.push(`${method} ${url.pathname}${url.search}`);
    if (url.origin !== this.url) this.faults.push(`request to another origin: ${url}`);
  }

  /**
   * The browser writes every answer that is an error into its console. These statuses the test brings about.
   * @param {...number} statuses
   */
  expectRefusals(...statuses) {
    for (const status of statuses) this.expected.push(new RegExp(`the server responded with a status of ${status} `));
  }

  /** The network is cut in this test, and the browser writes that into its console, too. */
  expectCuts() {
    this.expected.push(/Failed to load resource: net::ERR_/, /net::ERR_/);
  }

  /** Fails where anything went wrong. */
  assertNoFaults() {
    if (this.faults.length > 0) throw new Error(`the page at ${this.page.url()}:\n${this.faults.join("\n")}`);
  }
}
