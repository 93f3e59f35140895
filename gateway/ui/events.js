// The list of events, asked for anew every two seconds. It uses the public API only; data becomes text, never markup.

const POLL_MS = 2_000;
const RETRY_MS_MAX = 16_000;
const ANSWER_MS_MAX = 8_000;
const EVENTS_MAX = 200;

const at = (id) => document.getElementById(id);
const number = new Intl.NumberFormat();
const date = new Intl.DateTimeFormat(undefined, {
  weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
});
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

/** The card of each event shown, by the event's id. Cards are kept and updated, so that focus and selection stay. */
const cards = new Map();
let failures = 0;
let updatedAt = null;
let timer = null;

at("create-command").textContent = `curl -X POST ${location.origin}/v1/admin/events \\
  -H "Authorization: Bearer $HOLDFAST_ADMIN_TOKEN" -H "Content-Type: application/json" \\
  -d '{"id":"spring-gala","name":"Spring gala","capacity":100,"status":"on_sale"}'`;

document.addEventListener("visibilitychange", () => {
  // Nobody looks at a hidden page: it asks again when it is shown.
  clearTimeout(timer);
  if (!document.hidden) poll();
});
poll();
warnOfOpenLogin();

/** Shown only where it is so. A server that does not answer yet is asked again: the warning must not get lost. */
async function warnOfOpenLogin() {
  try {
    const { auth_mode } = await ask("/version");
    at("open-login").hidden = auth_mode !== "open";
  } catch {
    setTimeout(warnOfOpenLogin, POLL_MS);
  }
}

async function poll() {
  clearTimeout(timer);
  let trouble = "";
  try {
    const list = await ask(`/v1/events?limit=${EVENTS_MAX}`);
    failures = 0;
    updatedAt = new Date();
    show(list);
  } catch (error) {
    failures += 1;
    trouble = `${error.explanation ?? "The server does not answer."} Reconnecting …${cards.size ? " The numbers below are old." : ""}`;
  }
  at("loading").hidden = true;
  setText(at("trouble"), trouble);
  setText(at("as-of"), updatedAt ? `, as of ${clock.format(updatedAt)}` : "");
  document.body.classList.toggle("stale", failures > 0);
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(poll, Math.min(POLL_MS * 2 ** failures, RETRY_MS_MAX));
}

async function ask(path) {
  const answer = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS_MAX) });
  if (answer.ok) return answer.json();
  const { code } = await answer.json().catch(() => ({}));
  const explanations = {
    recovering: "The server has just started and is reading its journal.",
    shutting_down: "The server is stopping.",
    overloaded: "The server has more to do than it can at the moment.",
  };
  throw Object.assign(new Error(code), { explanation: explanations[code] ?? `The server answered with status ${answer.status}.` });
}

function show({ items, next_cursor }) {
  at("empty").hidden = items.length > 0;
  at("more").hidden = next_cursor === null;
  const ids = new Set(items.map((event) => event.id));
  for (const [id, card] of cards) {
    if (ids.has(id)) continue;
    card.remove();
    cards.delete(id);
  }
  items.sort(byStart).forEach((event, index) => {
    if (!cards.has(event.id)) cards.set(event.id, copyOf("card"));
    const card = cards.get(event.id);
    fillCard(card, event);
    const there = at("events").children[index];
    if (there !== card) at("events").insertBefore(card, there ?? null);
  });
}

/** Soonest first; events without a date come last. */
function byStart(one, other) {
  const startOf = (event) => (event.starts_at ? Date.parse(event.starts_at) : Number.MAX_SAFE_INTEGER);
  return startOf(one) - startOf(other) || one.name.localeCompare(other.name);
}

function fillCard(card, event) {
  setText(card.querySelector(".name"), event.name);
  setText(card.querySelector(".venue"), event.venue ?? "");
  const starts = card.querySelector(".starts");
  setText(starts, event.starts_at ? date.format(new Date(event.starts_at)) : "");
  if (event.starts_at) starts.dateTime = event.starts_at;

  const [kind, label] = statusOf(event);
  card.querySelector(".badge").className = `badge ${kind}`;
  card.querySelector("use").setAttribute("href", `#icon-${kind}`);
  setText(card.querySelector(".status"), label);

  fillBar(card.querySelector(".bar"), event);
  for (const counter of ["booked", "held", "available", "waiting"]) {
    setText(card.querySelector(`.${counter}-number`), number.format(event[counter]));
  }
  fillTypes(card.querySelector(".types"), event.ticket_types);
}

/** Kind (icon and colour) and label of the badge. */
function statusOf(event) {
  switch (event.status) {
    case "scheduled": return ["scheduled", event.opens_at ? `Opens in ${timeUntil(event)}` : "Not open yet"];
    case "on_sale": return event.sold_out ? ["sold-out", "Sold out"] : ["available", "Available"];
    case "paused": return ["paused", "Paused"];
    case "cancelled": return ["cancelled", "Cancelled"];
    default: return ["closed", "Closed"];
  }
}

/** How long until the sale opens, by the server's clock: the reader's may be wrong. */
function timeUntil({ opens_at, server_time }) {
  const minutes = Math.max(1, Math.ceil((Date.parse(opens_at) - Date.parse(server_time)) / 60_000));
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1440)} days`;
}

function fillBar(bar, counters) {
  const parts = ["booked", "held", "available"];
  for (const part of parts) bar.querySelector(`.${part}`).style.flexGrow = counters[part];
  const label = parts.map((part) => `${number.format(counters[part])} ${part}`).join(", ");
  bar.setAttribute("aria-label", `${counters.name}: ${label}, of ${number.format(counters.capacity)}`);
}

/** A row a ticket type; an event with a single one shows all of it above. */
function fillTypes(rows, types) {
  const shown = types.length > 1 ? types : [];
  while (rows.children.length > shown.length) rows.lastElementChild.remove();
  while (rows.children.length < shown.length) rows.append(copyOf("type"));
  shown.forEach((type, index) => {
    const row = rows.children[index];
    setText(row.querySelector(".name"), type.name);
    setText(row.querySelector(".price"), type.price ? priceOf(type.price) : "");
    const line = type.waiting > 0 ? `, ${number.format(type.waiting)} in line` : "";
    setText(row.querySelector(".left"), `${number.format(type.available)} of ${number.format(type.capacity)} left${line}`);
    fillBar(row.querySelector(".bar"), type);
  });
}

/** The amount is in the currency's minor unit, of which there are as many as the currency has decimal places. */
function priceOf({ amount, currency }) {
  const format = new Intl.NumberFormat(undefined, { style: "currency", currency });
  return format.format(amount / 10 ** format.resolvedOptions().maximumFractionDigits);
}

function copyOf(template) {
  return at(template).content.firstElementChild.cloneNode(true);
}

/** Writes only what is new, so that screen readers do not hear the same again. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
