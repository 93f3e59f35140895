// The head of the page: who is signed in, and whether figures are live.

import { FEED_WORDS } from "../feed.js";
import { icon } from "../icons.js";
import { element, setAttribute, setShown, setText } from "../render.js";

/** The head. */
export class Head {
  /** @param {(button: HTMLElement) => void} onSignOut */
  constructor(onSignOut) {
    this.openLogin = element("p", { class: "banner", hidden: true }, icon("notice"),
      element("span", {}, element("strong", {}, "Open login:"), " anybody may log in under any name."));
    this.state = element("p", { class: "state", role: "status", "data-kind": "connecting" }, FEED_WORDS.connecting);
    this.user = element("span", { class: "user-name" });
    this.signOut = element("button", { type: "button", class: "button", on: { click: () => onSignOut(this.signOut) } }, "Sign out");
    this.account = element("div", { class: "row account", hidden: true }, icon("user"), this.user, this.signOut);
    this.node = element("header", {},
      element("a", { class: "button skip", href: "#main" }, "To the content"),
      this.openLogin,
      element("div", { class: "page-head" },
        element("div", {}, element("p", { class: "brand" }, element("img", { src: "/icon.svg", alt: "" }), "Holdfast"), element("h1", {}, "Tickets")),
        element("div", { class: "tools" }, this.state, this.account)));
  }

  /** @param {import("../feed.js").FeedState} state */
  setFeedState(state) {
    setAttribute(this.state, "data-kind", state);
    setText(this.state, FEED_WORDS[state]);
  }

  /** @param {string | null} user */
  setUser(user) {
    setShown(this.account, user !== null);
    setText(this.user, user ?? "");
  }
}
