// A programme with an event in every state, long names, large numbers and many ticket types: what a page must look well with.

/** @typedef {import("./sale.mjs").Sale} Sale */
/** @typedef {import("./sale.mjs").Buyer} Buyer */

const DAY_MS = 86_400_000;

/** @param {number} days @returns {string} */
const inDays = (days) => new Date(Math.floor(Date.now() / DAY_MS + days) * DAY_MS + 19.5 * 3_600_000).toISOString();

const LONG_NAME = "The Extraordinarily Long Evening of Chamber Music and Conversation with the Philharmonic Society of Greater "
  + "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch";

/**
 * Creates the events, and logs in a buyer who has something in many of them.
 * @param {Sale} sale
 * @returns {Promise<Buyer>}
 */
export async function wholeProgramme(sale) {
  await openEvents(sale);
  await events(sale);
  const ann = await sale.login("ann");
  const others = await Promise.all(["bob", "cleo", "dan"].map((user) => sale.login(user)));
  await others[0].hold("tiny-room");
  await others[1].join("tiny-room");
  await ann.join("tiny-room");
  await ann.hold("spring-gala", { quantity: 2 });
  await ann.hold("many-kinds", { ticket_type: "kind-2", quantity: 3 });
  await ann.hold("stadium", { ticket_type: "pitch", quantity: 4 });
  await ann.hold("tea-dance");
  await ann.hold("harvest-concert");
  await ann.book("spring-gala", { quantity: 1, ticket_type: "balcony" });
  await ann.book("long-evening", { quantity: 2 });
  await others[2].book("last-seat");
  await sale.move("tea-dance", "paused", "the floor is being waxed");
  await sale.move("matinee", "closed");
  await ann.book("cancelled-show");
  await sale.move("cancelled-show", "cancelled", "the singer is ill");
  return ann;
}

/** @param {Sale} sale */
async function openEvents(sale) {
  const price = (/** @type {number} */ amount) => ({ amount, currency: "EUR" });
  await sale.event("spring-gala", {
    venue: "Old Town Hall", starts_at: inDays(12), description: "Dinner, dance, and the orchestra of the city.", capacity: undefined,
    ticket_types: [
      { id: "general", name: "General", capacity: 40, price: price(2_500) },
      { id: "balcony", name: "Balcony", capacity: 12, price: price(4_900) },
    ],
  });
  await sale.event("many-kinds", {
    name: "Festival of Many Kinds", venue: "Harbour", starts_at: inDays(30), capacity: undefined,
    ticket_types: Array.from({ length: 12 }, (_, index) => ({
      id: `kind-${index + 1}`, name: `Kind ${index + 1}${index === 4 ? ", with breakfast, parking and a seat in the shade" : ""}`,
      capacity: (index + 1) * 7, price: price(900 * (index + 1)),
    })),
  });
  await sale.event("stadium", {
    name: "Stadium Night", venue: "National Stadium", starts_at: inDays(45), hold_seconds: 301, capacity: undefined,
    ticket_types: [{ id: "pitch", name: "Pitch", capacity: 8_345_678, price: price(12_500) }, { id: "stand", name: "Stand", capacity: 1_234_567, price: price(9_900) }],
  });
  await sale.event("harvest-concert", { venue: "Barn", starts_at: inDays(50), hold_seconds: 61, max_extensions: 0, capacity: 30 });
  await sale.event("tea-dance", { venue: "Pavilion", starts_at: inDays(3), capacity: 20 });
  await sale.event("tiny-room", { venue: "Cellar", starts_at: inDays(5), capacity: 1 });
}

/** @param {Sale} sale */
async function events(sale) {
  await sale.event("long-evening", {
    name: LONG_NAME, venue: "Great Hall of the Society, Second Floor, Entrance by the River, behind the Old Customs House, three steps down", starts_at: inDays(60), capacity: 100,
  });
  await sale.event("last-seat", { venue: "Studio", starts_at: inDays(8), capacity: 1 });
  await sale.event("matinee", { starts_at: inDays(9), capacity: 80 });
  await sale.event("cancelled-show", { venue: "Opera", starts_at: inDays(10), capacity: 80 });
  await sale.event("winter-ball", { venue: "Palace", starts_at: inDays(90), capacity: 500, status: "scheduled", opens_at: inDays(2) });
  await sale.event("new-year", { venue: "Palace", starts_at: inDays(95), capacity: 500, status: "scheduled", opens_at: inDays(3), lobby: true });
}
