// Numbers, times and durations as people read them, in the reader's language and time zone.

const plain = new Intl.NumberFormat();
const date = new Intl.DateTimeFormat(undefined, {
  weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
});
const timeOfDay = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const dayAndTime = new Intl.DateTimeFormat(undefined, { weekday: "short", hour: "2-digit", minute: "2-digit" });

/** @param {number} value */
export function number(value) {
  return plain.format(value);
}

/**
 * `1 ticket`, `2 tickets`.
 * @param {number} quantity
 * @param {string} one
 * @param {string} [many]
 */
export function count(quantity, one, many = `${one}s`) {
  return `${number(quantity)} ${quantity === 1 ? one : many}`;
}

/**
 * A price. The amount is in the currency's minor unit, of which there are as many as the currency has decimal places.
 * @param {{amount: number, currency: string}} price
 */
export function money({ amount, currency }) {
  const format = new Intl.NumberFormat(undefined, { style: "currency", currency });
  return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}

/**
 * Day and time in the reader's zone.
 * @param {string} time RFC 3339
 */
export function dateAndTime(time) {
  return date.format(new Date(time));
}

/**
 * The time of day; with the weekday where it is more than 12 hours away.
 * @param {string} time RFC 3339
 * @param {number} nowMs
 */
export function clockTime(time, nowMs) {
  const isNear = Math.abs(Date.parse(time) - nowMs) < 12 * 3_600_000;
  return (isNear ? timeOfDay : dayAndTime).format(new Date(time));
}

/**
 * `mm:ss`, or `h:mm:ss` from an hour on. The second that has begun counts, so that 00:00 is the end and nothing before it.
 * @param {number} ms
 */
export function countdown(ms) {
  const seconds = Math.ceil(Math.max(0, ms) / 1_000);
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${two(minutes)}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

/**
 * How long that is, in one or two units: `45 seconds`, `5 minutes`, `2 h 5 min`, `3 days`.
 * @param {number} ms
 */
export function duration(ms) {
  const seconds = Math.ceil(Math.max(0, ms) / 1_000);
  if (seconds < 60) return count(seconds, "second");
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return count(minutes, "minute");
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h${minutes % 60 === 0 ? "" : ` ${minutes % 60} min`}`;
  return count(Math.floor(minutes / 1_440), "day");
}

/**
 * `about 3 to 6 minutes`, from a range of seconds.
 * @param {{low: number, high: number} | null} eta
 */
export function estimate(eta) {
  if (eta === null) return "not known yet";
  if (eta.high < 60) return "less than a minute";
  const [unit, seconds] = eta.high < 90 * 60 ? ["minute", 60] : eta.high < 36 * 3_600 ? ["hour", 3_600] : ["day", 86_400];
  const low = Math.floor(eta.low / seconds);
  const high = Math.max(1, Math.ceil(eta.high / seconds));
  if (low === high) return `about ${count(high, unit)}`;
  return low === 0 ? `up to ${count(high, unit)}` : `about ${number(low)} to ${count(high, unit)}`;
}

/**
 * The share in whole percent; 0 and 100 mean none and all.
 * @param {number} part
 * @param {number} whole
 */
export function percent(part, whole) {
  if (whole === 0 || part === 0) return 0;
  return part >= whole ? 100 : Math.min(99, Math.max(1, Math.round((part / whole) * 100)));
}
