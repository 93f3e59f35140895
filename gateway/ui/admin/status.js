// How the statuses of events are called and look.

import { icon, setIcon } from "../icons.js";
import { element, setAttribute, setText } from "../render.js";

/** @type {Record<string, {label: string, icon: import("../icons.js").IconName, kind: string}>} */
const STATUSES = {
  draft: { label: "Draft", icon: "draft", kind: "draft" },
  scheduled: { label: "Scheduled", icon: "scheduled", kind: "scheduled" },
  on_sale: { label: "On sale", icon: "available", kind: "good" },
  sold_out: { label: "Sold out", icon: "sold-out", kind: "sold-out" },
  paused: { label: "Paused", icon: "paused", kind: "paused" },
  closed: { label: "Closed", icon: "closed", kind: "closed" },
  cancelled: { label: "Cancelled", icon: "cancelled", kind: "cancelled" },
};

/** The statuses that events can be asked for, with their names. */
export const STATUS_NAMES = Object.entries(STATUSES).filter(([status]) => status !== "sold_out").map(([status, { label }]) => [status, label]);

/** The badge of an event's status. */
export class StatusBadge {
  constructor() {
    this.icon = icon("draft");
    this.text = element("span");
    this.node = element("span", { class: "badge" }, this.icon, this.text);
  }

  /** @param {{status: string, sold_out: boolean}} event */
  set({ status, sold_out }) {
    const look = STATUSES[status === "on_sale" && sold_out ? "sold_out" : status];
    setIcon(this.icon, look.icon);
    setText(this.text, look.label);
    setAttribute(this.node, "data-kind", look.kind);
  }
}
