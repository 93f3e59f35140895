// Signing in, in each way that a server may ask for.

import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { button, region, signIn } from "./buyers_page.mjs";
import { seen, textOf } from "./eventually.mjs";
import { scene } from "./scene.mjs";

const PASSWORD = "correct horse battery";
const ISSUER = "https://shop.example";
const AUDIENCE = "tickets.example";

const SECRET = randomBytes(32).toString("hex");
const directory = await mkdtemp(join(tmpdir(), "holdfast-pages-key."));
const keyFile = join(directory, "key");
await writeFile(keyFile, SECRET);
after(() => rm(directory, { recursive: true, force: true }));

/**
 * A token that the server's key has signed.
 * @param {string} user
 * @returns {string}
 */
function signedToken(user) {
  const part = (/** @type {object} */ value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { iss: ISSUER, aud: AUDIENCE, sub: user, exp: Math.floor(Date.now() / 1_000) + 300 };
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${signed}.${createHmac("sha256", SECRET).update(signed).digest("base64url")}`;
}

scene("open: a name is enough, and the page says so", async ({ open }) => {
  const { page } = await open("/");
  await seen(page.getByText(/anybody (may|can) (log|sign) in under any name/i).first());
  await signIn(page, "ann");
  await page.reload();
  await seen(button(page, "Sign out"));
  await seen(page.getByText("ann", { exact: true }).first());
  const cookies = await page.context().cookies();
  assert.deepEqual(cookies.map(({ name, httpOnly }) => ({ name, httpOnly })), [{ name: "holdfast_session", httpOnly: true }]);
  assert.equal(await page.evaluate(() => document.cookie), "");
});

scene("a session that is ended elsewhere is told, and signing in again finds what is left", async ({ sale, open }) => {
  await sale.event("spring-gala");
  const ann = await sale.login("ann");
  await ann.book("spring-gala");
  const watched = await open("/", { buyer: ann });
  watched.expectRefusals(401, 410);
  const { page } = watched;
  await seen(page.getByRole("status").filter({ hasText: /Live/ }));
  const { items } = await sale.call("GET", "/v1/admin/sessions?user=ann");
  await sale.call("DELETE", `/v1/admin/sessions/${items[0].id}`);
  await textOf(page.getByRole("alert").first(), /You were signed out/);
  await signIn(page, "ann");
  await textOf(region(page, "My bookings"), /Spring Gala/);
});

scene("accounts: sign up, sign out, sign in; a wrong password is told as such", async ({ open }) => {
  const { page } = await open("/");
  await button(page, "Create an account").click();
  await page.getByRole("textbox", { name: "Name" }).fill("ann");
  await page.getByLabel("Password").fill(PASSWORD);
  await button(page, "Sign up").click();
  await seen(button(page, "Sign out"));
  await button(page, "Sign out").click();

  await page.getByRole("textbox", { name: "Name" }).fill("ann");
  await page.getByLabel("Password").fill(`${PASSWORD}s`);
  await button(page, "Sign in").click();
  await textOf(page.getByRole("alert").last(), /does not open anything/);
  await page.getByLabel("Password").fill(PASSWORD);
  await button(page, "Sign in").click();
  await seen(button(page, "Sign out"));
}, { settings: { "auth.mode": '"accounts"' } });

scene("accounts without sign-up: there is no way to create one", async ({ open }) => {
  const { page } = await open("/");
  await seen(button(page, "Sign in"));
  assert.equal(await page.getByRole("button", { name: /Create an account|Sign up/ }).count(), 0);
}, { settings: { "auth.mode": '"accounts"', "accounts.sign_up": "false" } });

scene("jwt: a signed token opens, and another one does not", async ({ open }) => {
  const { page } = await open("/");
  const token = page.getByRole("textbox", { name: "Token" });
  await token.fill("no.such.token");
  await button(page, "Sign in").click();
  await textOf(page.getByRole("alert").last(), /does not open anything/);
  await token.fill(signedToken("ann"));
  await button(page, "Sign in").click();
  await seen(button(page, "Sign out"));
}, {
  settings: {
    "auth.mode": '"jwt"', "jwt.key_file": JSON.stringify(keyFile), "jwt.algorithm": '"HS256"', "jwt.issuer": JSON.stringify(ISSUER),
    "jwt.audience": JSON.stringify(AUDIENCE),
  },
});

scene("service: the page says where to sign in instead", async ({ sale, open }) => {
  await sale.event("spring-gala");
  const { page } = await open("/");
  await seen(page.getByRole("article", { name: "Spring Gala" }));
  await seen(page.getByText(/Sign-in is by the seller's own page/));
  assert.equal(await page.getByRole("button", { name: "Sign in" }).count(), 0);
}, { settings: { "auth.mode": '"service"' } });
