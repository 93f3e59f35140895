// The forms to create an event and to change one.

import { Refusal } from "../api.js";
import { element, setText } from "../render.js";
import { number } from "../words.js";
import { act, reasonField } from "./act.js";
import { Field, ZONE, fromLocal, toLocal } from "./fields.js";
import { button } from "./panel.js";
import { ask, problem } from "./session.js";

/** @typedef {import("./page.js").Context} Context */

const TIMES = ["starts_at", "opens_at", "closes_at"];
const TEXTS = ["name", "description", "venue"];
const TYPES_MAX = 32;

/** Label, and the hint, of each number. @type {Record<string, [string, string]>} */
const NUMBERS = {
  hold_seconds: ["A hold lasts (seconds)", ""],
  auto_hold: ["Held at login (tickets)", "0 sets nothing aside."],
  max_per_hold: ["Most per hold (tickets)", ""],
  max_per_user: ["Most per user (tickets)", "Held and booked together."],
  max_extensions: ["Extensions of a hold", ""],
  max_hold_lifetime_seconds: ["A hold lasts at most (seconds)", "With all its extensions."],
  queue_max: ["Longest line (people)", "Of each ticket type."],
  presence_seconds: ["Passed over when away for (seconds)", "0 passes nobody over."],
};

/** @param {any} event `null` for one that is to be created */
function fieldsOf(event) {
  const text = (/** @type {string} */ name, /** @type {string} */ label, /** @type {object} */ more = {}) => new Field({ name, label, value: event?.[name] ?? "", ...more });
  const time = (/** @type {string} */ name, /** @type {string} */ label) =>
    new Field({ name, label, type: "datetime-local", value: toLocal(event?.[name] ?? null), hint: `In your time zone, ${ZONE}.` });
  const numbers = Object.entries(NUMBERS).map(([name, [label, hint]]) => new Field({
    name, label, hint: hint || undefined, type: "number", value: String(event?.[name] ?? ""), attributes: { min: 0, step: 1, ...(event === null && { placeholder: "as the server is set up" }) },
  }));
  return [
    text("name", "Name", { isRequired: true, attributes: { maxlength: 200 } }),
    text("venue", "Venue", { attributes: { maxlength: 200 } }),
    text("description", "Description", { type: "textarea", attributes: { maxlength: 4_000 } }),
    time("starts_at", "Starts"), time("opens_at", "Sale opens"), time("closes_at", "Sale closes"),
    ...numbers,
    new Field({ name: "lobby", label: "People may join the line before the sale opens", type: "checkbox", value: event?.lobby ?? false }),
  ];
}

/**
 * What the API is sent of a field's value.
 * @param {string} name
 * @param {string | boolean} value
 */
function toApi(name, value) {
  if (typeof value === "boolean") return value;
  if (TIMES.includes(name)) return fromLocal(value);
  if (TEXTS.includes(name)) return value === "" && name !== "name" ? null : value;
  return Number(value);
}

/** @param {Context} context */
export async function createEvent(context) {
  const id = new Field({
    name: "id", label: "Id", isRequired: true, hint: "It stands in addresses and in the numbers of bookings, and stays: small letters, digits and -.",
    attributes: { maxlength: 64, pattern: "[a-z0-9][a-z0-9\\-]*", spellcheck: "false", autocapitalize: "none", autocomplete: "off" },
  });
  const fields = fieldsOf(null);
  const types = new TypeRows();
  const [name] = fields;
  let isChosen = false;
  id.input.addEventListener("input", () => (isChosen = id.value !== ""));
  name.input.addEventListener("input", () => {
    if (!isChosen) id.value = slugOf(String(name.value));
  });
  const all = [name, id, ...fields.slice(1), reasonField()];
  const isDone = await act({
    title: "Create event", isWide: true, fields: all, more: types.node, label: "Create event",
    run: async (values, idempotencyKey) => {
      const given = Object.entries(values).filter(([, value]) => value !== "" && value !== false);
      const body = { ...Object.fromEntries(given.map(([name, value]) => [name, name in NUMBERS || TIMES.includes(name) ? toApi(name, value) : value])), ticket_types: types.forCreation() };
      await ask("POST", "/v1/admin/events", { body, idempotencyKey });
    },
  });
  if (!isDone) return;
  context.go(`#/events/${id.value}`, `${name.value} is created, as a draft: the public does not see it yet.`);
}

/**
 * @param {Context} context
 * @param {any} shown the event, as it is shown
 */
export async function editEvent(context, shown) {
  let base = shown;
  const fields = fieldsOf(base);
  const types = new CapacityRows(base.ticket_types);
  const reason = reasonField();
  const load = async () => {
    base = (await ask("GET", `/v1/admin/events/${shown.id}`)).body;
    for (const field of fields) field.value = TIMES.includes(field.name) ? toLocal(base[field.name]) : base[field.name] ?? "";
    types.set(base.ticket_types);
  };
  const run = async (/** @type {import("./act.js").Values} */ values, /** @type {string} */ idempotencyKey) => {
    const before = Object.fromEntries(fieldsOf(base).map((field) => [field.name, field.value]));
    const changed = fields.filter(({ name, isCheckbox }) => values[name] !== before[name] && (isCheckbox || values[name] !== "" || !(name in NUMBERS)));
    const capacities = types.changed();
    const body = {
      ...Object.fromEntries(changed.map(({ name }) => [name, toApi(name, values[name])])),
      ...(capacities.length > 0 && { ticket_types: capacities }), ...(values.reason !== "" && { reason: values.reason }),
    };
    await ask("PATCH", `/v1/admin/events/${shown.id}`, { body, idempotencyKey, ifMatch: base.etag });
    context.tell(`${values.name} is saved.`);
  };
  const offer = (/** @type {Refusal} */ refusal) => {
    if (refusal.code !== "version_conflict") return null;
    const loadTheirs = button("Load their version", async () => {
      await load().then(() => notice.remove(), (error) => context.tell(problem(error), "bad"));
    });
    const notice = element("div", { class: "actions" }, loadTheirs);
    return notice;
  };
  const isDone = await act({ title: `Edit ${shown.name}`, isWide: true, fields: [...fields, reason], more: types.node, label: "Save", run, offer });
  if (isDone) context.refreshNow();
}

/**
 * A first idea of an id.
 * @param {string} name
 */
function slugOf(name) {
  return name.normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+/, "").slice(0, 64).replace(/-+$/, "");
}

/** The ticket types of a new event: as many rows as there are types. */
class TypeRows {
  constructor() {
    this.rows = /** @type {{fields: Field[], node: HTMLElement}[]} */ ([]);
    this.list = element("div", { class: "stack" });
    const add = button("Add a ticket type", () => this.add("", ""), { icon: "plus" });
    this.node = element("fieldset", { class: "stack" }, element("legend", {}, "Ticket types"), this.list, element("div", { class: "actions" }, add));
    this.add("general", "General");
  }

  /**
   * @param {string} id
   * @param {string} name
   */
  add(id, name) {
    if (this.rows.length === TYPES_MAX) return;
    const fields = [
      new Field({ name: "id", label: "Type id", value: id, isRequired: true, attributes: { maxlength: 64, pattern: "[a-z0-9][a-z0-9\\-]*", autocapitalize: "none" } }),
      new Field({ name: "name", label: "Type name", value: name, isRequired: true, attributes: { maxlength: 200 } }),
      new Field({ name: "capacity", label: "Capacity", type: "number", isRequired: true, attributes: { min: 0, step: 1 } }),
      new Field({ name: "price", label: "Price", type: "number", attributes: { min: 0, step: "any", placeholder: "none" } }),
      new Field({ name: "currency", label: "Currency", value: "EUR", attributes: { maxlength: 3, pattern: "[A-Z]{3}" } }),
    ];
    const remove = button("Remove", () => {
      if (this.rows.length === 1) return;
      row.node.remove();
      this.rows.splice(this.rows.indexOf(row), 1);
    }, { kind: "plain", of: "ticket type" });
    const row = { fields, node: element("div", { class: "type-row" }, ...fields.map((field) => field.node), remove) };
    this.rows.push(row);
    this.list.append(row.node);
  }

  forCreation() {
    return this.rows.map(({ fields }) => {
      const [id, name, capacity, price, currency] = fields.map((field) => String(field.value));
      return { id, name, capacity: Number(capacity), ...(price !== "" && { price: { amount: minorUnits(price, currency), currency } }) };
    });
  }
}

/**
 * An amount in the minor unit of a currency, of which there are as many as it has decimal places.
 * @param {string} price
 * @param {string} currency
 */
function minorUnits(price, currency) {
  const { maximumFractionDigits } = new Intl.NumberFormat(undefined, { style: "currency", currency }).resolvedOptions();
  return Math.round(Number(price) * 10 ** (maximumFractionDigits ?? 2));
}

/** The capacities of an event's ticket types: nothing else of them can be changed. */
class CapacityRows {
  /** @param {any[]} types */
  constructor(types) {
    this.fields = types.map(({ id, name }) => new Field({ name: id, label: name, type: "number", isRequired: true, attributes: { min: 0, step: 1 } }));
    this.hints = types.map(() => element("p", { class: "small quiet" }));
    this.fields.forEach((field, index) => field.node.append(this.hints[index]));
    this.node = element("fieldset", { class: "stack" }, element("legend", {}, "Capacity of each ticket type"), element("div", { class: "form-grid" }, ...this.fields.map((field) => field.node)));
    this.types = types;
    this.set(types);
  }

  /** @param {any[]} types */
  set(types) {
    this.types = types;
    types.forEach(({ capacity, booked, held }, index) => {
      this.fields[index].value = String(capacity);
      setText(this.hints[index], booked + held === 0 ? "" : `At least ${number(booked + held)}: so many are held or booked.`);
    });
  }

  changed() {
    const given = this.types.map(({ id, capacity }, index) => ({ id, capacity: Number(this.fields[index].value), before: capacity }));
    return given.filter(({ capacity, before }) => capacity !== before).map(({ id, capacity }) => ({ id, capacity }));
  }
}
