// The objects of the HTTP API, for the type checker. No page loads this file.

/** @typedef {{amount: number, currency: string}} Price in the currency's minor unit */

/**
 * @typedef {object} Counters
 * @property {number} capacity
 * @property {number} available
 * @property {number} held
 * @property {number} booked
 * @property {number} waiting
 */

/** @typedef {Counters & {id: string, name: string, price: Price | null}} TicketType */

/**
 * @typedef {object} EventFacts
 * @property {string} id
 * @property {string} name
 * @property {string | null} description
 * @property {string | null} venue
 * @property {string | null} starts_at
 * @property {"draft" | "scheduled" | "on_sale" | "paused" | "closed" | "cancelled"} status
 * @property {boolean} sold_out
 * @property {string | null} opens_at
 * @property {string | null} closes_at
 * @property {number} hold_seconds
 * @property {number} auto_hold
 * @property {number} max_per_hold
 * @property {number} max_per_user
 * @property {number} max_extensions
 * @property {string | null} next_expiry_at
 * @property {TicketType[]} ticket_types
 * @property {number} seq
 * @property {string} server_time
 */

/** @typedef {Counters & EventFacts} Event what tickets are sold for, never a message */

/**
 * @typedef {object} Hold
 * @property {string} id
 * @property {string} event
 * @property {string} ticket_type
 * @property {number} quantity
 * @property {"held" | "confirmed" | "released" | "expired"} state
 * @property {"login" | "queue" | "request" | "admin"} source
 * @property {string} created_at
 * @property {string} expires_at
 * @property {number} expires_in_ms
 * @property {number} extensions_left
 * @property {string} server_time
 */

/**
 * @typedef {object} Booking
 * @property {string} id
 * @property {string} event
 * @property {string} ticket_type
 * @property {number} quantity
 * @property {"booked" | "cancelled"} state
 * @property {string} booked_at
 * @property {string | null} cancelled_at
 * @property {boolean} refund_due
 * @property {string} server_time
 */

/**
 * @typedef {object} Place a place in line
 * @property {string} event
 * @property {string} ticket_type
 * @property {number} quantity
 * @property {number} position
 * @property {number} ahead
 * @property {string | null} joined_at
 * @property {"waiting" | "granted" | "left" | "dropped"} state
 * @property {{low: number, high: number} | null} eta_seconds
 * @property {string | null} wait_ends_by
 * @property {string} server_time
 */

/**
 * @typedef {object} Session
 * @property {string} id
 * @property {string} user
 * @property {string} logged_in_at
 * @property {number} login_seq
 * @property {string} expires_at
 */

/**
 * @typedef {object} Outcome what an event said to a login
 * @property {string} event
 * @property {string | null} ticket_type
 * @property {string} outcome
 * @property {Hold | null} hold
 * @property {Place | null} queue
 * @property {string | null} code
 */

export {};
