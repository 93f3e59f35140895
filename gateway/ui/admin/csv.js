// Lists as files for spreadsheets.

/** What a spreadsheet would take for a formula. */
const FORMULA = /^[=+\-@\t\r\n]/;

/**
 * RFC 4180, in UTF-8. What would be a formula is a text, by an apostrophe before it.
 * @param {string[]} header
 * @param {(string | number | boolean | null)[][]} rows
 */
export function csv(header, rows) {
  return [header, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

/** @param {string | number | boolean | null} value */
function cell(value) {
  const text = value === null ? "" : String(value);
  const harmless = typeof value === "string" && FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/**
 * Objects as a table: a column for each member. What is an object itself stands there as JSON.
 * @param {Record<string, any>[]} items
 */
export function csvOf(items) {
  const header = Object.keys(items[0] ?? {});
  const value = (/** @type {any} */ member) => (member !== null && typeof member === "object" ? JSON.stringify(member) : member);
  return csv(header, items.map((item) => header.map((name) => value(item[name]))));
}

/**
 * Gives the browser a file to keep.
 * @param {string} name
 * @param {string} text
 */
export function download(name, text) {
  const url = URL.createObjectURL(new Blob(["\uFEFF", text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
