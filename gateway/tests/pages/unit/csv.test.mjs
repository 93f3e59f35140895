// Lists as files for spreadsheets.

import assert from "node:assert/strict";
import { test } from "node:test";
import { csv, csvOf } from "../../../ui/admin/csv.js";

test("cells are quoted where they have to be, and lines end as RFC 4180 wants it", () => {
  assert.equal(csv(["id", "user"], [["gala.1", 'Ann "the Boss", Jr.'], ["gala.2", "two\nlines"], ["gala.3", null]]),
    'id,user\r\ngala.1,"Ann ""the Boss"", Jr."\r\ngala.2,"two\nlines"\r\ngala.3,\r\n');
});

test("what a spreadsheet would take for a formula is a text", () => {
  for (const [text, cell] of [
    ["=1+1", "'=1+1"], ["+49 30", "'+49 30"], ["-1", "'-1"], ["@SUM(A1)", "'@SUM(A1)"], ["\tx", "'\tx"], ["\rx", '"\'\rx"'],
    ['=HYPERLINK("a","b")', '"\'=HYPERLINK(""a"",""b"")"'], ["a=b", "a=b"], ["", ""],
  ]) assert.equal(csv([], [[text]]).slice(2), `${cell}\r\n`, text);
  assert.equal(csv([], [[-1, true]]).slice(2), "-1,true\r\n", "a number is no text");
});

test("a list has a column for each member", () => {
  const items = [{ id: "gala.1", quantity: 2, eta_seconds: { low: 1, high: 2 } }, { id: "gala.2", quantity: 1, eta_seconds: null }];
  assert.equal(csvOf(items), 'id,quantity,eta_seconds\r\ngala.1,2,"{""low"":1,""high"":2}"\r\ngala.2,1,\r\n');
});
