// Signing in, as the server's login mode wants it.

import { Refusal, call } from "../api.js";
import { element, setAttribute, setShown, setText } from "../render.js";
import { Fault, attempt } from "./attempt.js";

/** @typedef {{auth_mode: "open" | "accounts" | "jwt" | "service", sign_up: boolean}} Version */

const INTRODUCTIONS = {
  open: "A name is enough here. Who is signed in gets tickets set aside, and a place in line where they are gone.",
  accounts: "Sign in to have tickets set aside, and a place in line where they are gone.",
  jwt: "Sign in with the token that the seller gave you.",
  service: "Sign-in is by the seller's own page. Here you can watch the events.",
};

/** The panel that is there while nobody is signed in. */
export class SignIn {
  /**
   * @param {Version} version
   * @param {(answer: any) => void} onSignedIn takes the answer of the login
   */
  constructor({ auth_mode, sign_up }, onSignedIn) {
    this.mode = auth_mode;
    this.onSignedIn = onSignedIn;
    this.isNew = false;
    this.fault = new Fault();
    this.user = field("Name", { name: "user", autocomplete: "username", maxlength: 128, required: true });
    this.password = field("Password", { name: "password", type: "password", autocomplete: "current-password", maxlength: 128, required: true });
    this.token = field("Token", { name: "token", autocomplete: "off", spellcheck: "false", required: true });
    this.submit = element("button", { type: "submit", class: "button primary" }, "Sign in");
    this.toggle = element("button", { type: "button", class: "button plain", on: { click: () => this.setNew(!this.isNew) } }, "Create an account");
    this.heading = element("h2", { id: "sign-in-heading", tabindex: -1 }, "Sign in");
    const fields = { open: [this.user], accounts: [this.user, this.password], jwt: [this.token], service: [] }[auth_mode];
    const form = element("form", { class: "sign-in-form", on: { submit: (/** @type {Event} */ event) => this.send(event) } },
      ...fields.map(({ node }) => node), element("div", { class: "actions" }, this.submit, sign_up && this.toggle));
    this.node = element("section", { class: "glass panel stack sign-in", "aria-labelledby": "sign-in-heading" },
      this.heading, element("p", { class: "quiet" }, INTRODUCTIONS[auth_mode]), fields.length > 0 && form, this.fault.node);
  }

  /** Signing up instead, or not. @param {boolean} isNew */
  setNew(isNew) {
    this.isNew = isNew;
    setText(this.submit, isNew ? "Sign up" : "Sign in");
    setText(this.toggle, isNew ? "I have an account" : "Create an account");
    setAttribute(this.password.input, "autocomplete", isNew ? "new-password" : "current-password");
    this.fault.clear();
    this.user.input.focus();
  }

  /** @param {Event} event */
  send(event) {
    event.preventDefault();
    const [user, password, token] = [this.user, this.password, this.token].map(({ input }) => input.value);
    const proof = { open: { user: user.trim() }, accounts: { user: user.trim(), password }, jwt: { token: token.trim() }, service: {} }[this.mode];
    void attempt(this.submit, this.fault, async (onWait) => {
      if (this.isNew) {
        await call("POST", "/v1/accounts", { body: proof, onWait });
        // There is the account now, whatever becomes of the login.
        this.setNew(false);
      }
      await this.logIn(proof, onWait);
    });
  }

  /** With a token that came with the address. @param {string} token */
  signInWith(token) {
    void attempt(this.submit, this.fault, (onWait) => this.logIn({ token }, onWait));
  }

  /** @param {object} body @param {(seconds: number) => void} onWait */
  async logIn(body, onWait) {
    const { body: answer } = await call("POST", "/v1/sessions", { body, onWait });
    this.password.input.value = "";
    this.token.input.value = "";
    this.onSignedIn(answer);
  }

  /** @param {boolean} isShown */
  setShown(isShown) {
    setShown(this.node, isShown);
  }
}

/**
 * Why nobody is signed in: in a word for who was, and nothing for who was not.
 * @param {unknown} error
 */
export function isSignedOut(error) {
  return error instanceof Refusal && ["unauthenticated", "session_expired"].includes(error.code);
}

/**
 * The token in the fragment of the address, which is taken out of it at once.
 * @returns {string | null}
 */
export function takeTokenFromAddress() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token !== null) history.replaceState(null, "", location.pathname + location.search);
  return token;
}

/**
 * @param {string} label
 * @param {import("../render.js").Properties} properties
 */
function field(label, properties) {
  const id = `sign-in-${properties.name}`;
  const input = element("input", { id, class: "field", type: "text", ...properties });
  return { input, node: element("div", { class: "field-set" }, element("label", { for: id }, label), input) };
}
