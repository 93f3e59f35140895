// The choice of one of the events, which the address keeps.

import { element } from "../render.js";
import { askAll } from "./session.js";

/** The event that was looked at last. */
let last = "";

/** A control with all events. */
export class EventPicker {
  /**
   * @param {string} tab the name of the tab, as the address has it
   * @param {string} id of the event; empty for none, or all
   * @param {string} [all] what the choice of none is called, where it can be chosen
   */
  constructor(tab, id, all) {
    this.all = all;
    this.id = id || (all ? "" : last);
    const choose = () => {
      location.hash = `#/${tab}/${this.node.value}`;
    };
    this.node = element("select", { class: "field", "aria-label": "Event", on: { change: choose } });
    this.isFilled = false;
  }

  /** Learns which events there are, once, and chooses one if none is. @returns {Promise<string>} the id */
  async ready() {
    if (!this.isFilled) {
      const events = await askAll("/v1/admin/events");
      if (!this.all && !events.some(({ id }) => id === this.id)) this.id = (events.find(({ status }) => status === "on_sale") ?? events[0])?.id ?? "";
      const none = this.all ? [element("option", { value: "" }, this.all)] : [];
      this.node.replaceChildren(...none, ...events.map(({ id, name }) => element("option", { value: id, selected: id === this.id }, name === id ? name : `${name} (${id})`)));
      this.isFilled = events.length > 0;
    }
    if (this.id !== "") last = this.id;
    return this.id;
  }
}
