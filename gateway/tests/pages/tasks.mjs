// How long the tasks of a page take its main thread. By the clock on the wall, as the browser tells of long tasks, other work
// on the machine counts too; by the time that the thread had a processor, only the page's own does.

import { browser } from "./browser.mjs";

/** @typedef {{name: string, ph: string, pid: number, tid: number, dur?: number, tdur?: number, args?: any}} TraceEvent */

/**
 * @typedef {object} Tasks
 * @property {number[]} longMs the long tasks, as `PerformanceObserver` tells of them: by the clock on the wall
 * @property {number} longestMs the longest one, in time of a processor
 * @property {number} totalMs all of them, in time of a processor
 * @property {number} wallMs how long it was watched
 */

/**
 * Watches the tasks of a page while something is done.
 * @param {import("playwright-core").Page} page
 * @param {() => Promise<void>} doing
 * @returns {Promise<Tasks>}
 */
export async function tasksWhile(page, doing) {
  const chromium = await browser();
  await page.evaluate(observeLongTasks);
  await chromium.startTracing(page, { categories: ["-*", "toplevel", "disabled-by-default-devtools.timeline"] });
  const startMs = performance.now();
  await doing();
  const wallMs = performance.now() - startMs;
  const longMs = await page.evaluate(takeLongTasks);
  const { traceEvents } = JSON.parse((await chromium.stopTracing()).toString());
  const spent = tasksOfMainThread(traceEvents);
  return { longMs, longestMs: Math.max(0, ...spent), totalMs: spent.reduce((sum, ms) => sum + ms, 0), wallMs };
}

/** Runs in the page: keeps the durations of long tasks. */
function observeLongTasks() {
  const observed = /** @type {{longTasks: number[], observer: PerformanceObserver}} */ (/** @type {unknown} */ (globalThis));
  observed.longTasks = [];
  observed.observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) observed.longTasks.push(duration);
  });
  observed.observer.observe({ type: "longtask" });
}

/** Runs in the page: those so far, after two frames, in which the last of them are noticed. @returns {Promise<number[]>} */
async function takeLongTasks() {
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  const observed = /** @type {{longTasks: number[], observer: PerformanceObserver}} */ (/** @type {unknown} */ (globalThis));
  observed.observer.disconnect();
  return observed.longTasks;
}

/**
 * The times of a processor that the tasks of the page's main thread took, in milliseconds. It is the thread of a renderer that
 * had most to do: there is one page.
 * @param {TraceEvent[]} events
 * @returns {number[]}
 */
function tasksOfMainThread(events) {
  const mains = events.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain");
  const ofThread = (/** @type {TraceEvent} */ { pid, tid }) => events
    .filter((event) => event.name === "RunTask" && event.ph === "X" && event.pid === pid && event.tid === tid)
    .map(({ tdur }) => (tdur ?? 0) / 1_000);
  const sum = (/** @type {number[]} */ tasks) => tasks.reduce((total, ms) => total + ms, 0);
  return mains.map(ofThread).reduce((most, tasks) => (sum(tasks) > sum(most) ? tasks : most), []);
}
