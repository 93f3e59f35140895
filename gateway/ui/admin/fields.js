// Fields of forms: a label, what is typed, and what is wrong with it.

import { element, setAttribute, setText } from "../render.js";

/**
 * @typedef {object} FieldWish
 * @property {string} name that of the API
 * @property {string} label
 * @property {"text" | "number" | "textarea" | "datetime-local" | "checkbox" | "password"} [type]
 * @property {string | boolean} [value]
 * @property {string} [hint]
 * @property {boolean} [isRequired]
 * @property {Record<string, string | number>} [attributes]
 */

let count = 0;

/** One of them. */
export class Field {
  /** @param {FieldWish} wish */
  constructor({ name, label, type = "text", value = "", hint, isRequired = false, attributes = {} }) {
    const id = `field-${++count}`;
    this.name = name;
    this.isCheckbox = type === "checkbox";
    const shared = { id, name, required: isRequired, "aria-describedby": `${id}-fault${hint ? ` ${id}-hint` : ""}`, ...attributes };
    this.input = type === "textarea"
      ? element("textarea", { class: "field", rows: 3, ...shared })
      : element("input", { class: this.isCheckbox ? "check" : "field", type, ...shared });
    this.value = value;
    this.fault = element("p", { class: "fault", id: `${id}-fault` });
    const title = element("label", { for: id }, label);
    this.node = element("div", { class: this.isCheckbox ? "field-set checked" : "field-set" }, title, this.input,
      hint && element("p", { class: "small quiet", id: `${id}-hint` }, hint), this.fault);
  }

  /** What is in it: a text, or of a box `true` or `false`. @returns {string | boolean} */
  get value() {
    return this.input instanceof HTMLInputElement && this.isCheckbox ? this.input.checked : this.input.value;
  }

  /** @param {string | boolean} value */
  set value(value) {
    if (this.input instanceof HTMLInputElement && this.isCheckbox) this.input.checked = value === true;
    else this.input.value = String(value);
  }

  /** @param {string} text what is wrong; nothing, if it is empty */
  setFault(text) {
    setText(this.fault, text);
    setAttribute(this.input, "aria-invalid", text === "" ? null : "true");
  }
}

/**
 * What a field of local time has, of a time of the API.
 * @param {string | null} time RFC 3339
 */
export function toLocal(time) {
  if (time === null) return "";
  const date = new Date(time);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/**
 * The other way round.
 * @param {string} text
 * @returns {string | null}
 */
export function fromLocal(text) {
  return text === "" ? null : new Date(text).toISOString();
}

/** The name of the reader's time zone, in which all times are entered. */
export const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
