// The form to sign in with.

import { element, setAttribute, setText } from "../render.js";
import { problem, signIn } from "./session.js";

/**
 * @param {(organiser: import("./session.js").Organiser) => void} onSignedIn
 * @param {string} [told] why one has to sign in
 * @returns {HTMLElement}
 */
export function signInForm(onSignedIn, told = "") {
  const fault = element("p", { class: "fault", id: "sign-in-fault", role: "alert" }, told);
  const token = element("input", {
    class: "field", id: "token", type: "password", autocomplete: "current-password", required: true, spellcheck: "false",
    "aria-describedby": "sign-in-hint sign-in-fault", autofocus: true,
  });
  const button = element("button", { class: "button primary", type: "submit" }, "Sign in");
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    if (button.ariaBusy === "true") return;
    setAttribute(button, "aria-busy", "true");
    setText(fault, "");
    try {
      onSignedIn(await signIn(token.value.trim()));
    } catch (error) {
      setText(fault, problem(error));
      token.select();
      token.focus();
    }
    setAttribute(button, "aria-busy", null);
  };
  return element("form", { class: "glass panel stack sign-in", "aria-labelledby": "sign-in-title", on: { submit } },
    element("h2", { id: "sign-in-title" }, "Organisers sign in"),
    element("p", { class: "quiet", id: "sign-in-hint" }, "With the token of an operator, or of a viewer to look only. ",
      element("code", {}, "holdfast token add"), " makes one. It is kept in a cookie that no script can read, until you sign out or close the browser."),
    element("div", { class: "field-set" }, element("label", { for: "token" }, "Admin token"), token),
    fault,
    element("div", { class: "actions" }, button));
}
