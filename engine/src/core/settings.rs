//! What an organiser sets on an event.

use serde::{Deserialize, Serialize};

use super::id::Slug;
use super::rejection::Rejection;

/// The most ticket types an event may have.
pub const TICKET_TYPES_MAX: usize = 32;
/// The largest capacity of a ticket type. Sums over 32 types stay far inside 64 bits.
pub const CAPACITY_MAX: u32 = 100_000_000;
/// The largest quantity anybody can ask for in one request.
pub const QUANTITY_MAX: u32 = 1_000_000;
/// The longest duration a setting may have: 30 days, in seconds.
pub const DURATION_SECONDS_MAX: u32 = 30 * 86_400;

/// The settings of an event. Durations count on the event's sale clock, which stands still while the sale is paused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// How long a hold lasts, in seconds, 1 to 30 days.
    pub hold_seconds: u32,
    /// How many tickets a login sets aside; 0 switches that off.
    pub auto_hold: u32,
    /// The most tickets in one hold or direct booking.
    pub max_per_hold: u32,
    /// The most tickets a user may have, held and booked together, over all ticket types.
    pub max_per_user: u32,
    /// How often a hold may be extended.
    pub max_extensions: u32,
    /// The longest a hold may live with all its extensions, in seconds since its creation.
    pub max_hold_lifetime_seconds: u32,
    /// The most entries in the queue of one ticket type.
    pub queue_max: u32,
    /// Whether users may join the queue while the event is scheduled.
    pub lobby: bool,
    /// How long a waiting user may be silent before a grant passes them over, in seconds; 0 means for ever.
    pub presence_seconds: u32,
    /// When a scheduled event goes on sale by itself, in milliseconds since the Unix epoch.
    pub opens_at_ms: Option<u64>,
    /// When an event on sale closes by itself, in milliseconds since the Unix epoch.
    pub closes_at_ms: Option<u64>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            hold_seconds: 600,
            auto_hold: 1,
            max_per_hold: 4,
            max_per_user: 4,
            max_extensions: 2,
            max_hold_lifetime_seconds: 1_800,
            queue_max: 1_000_000,
            lobby: false,
            presence_seconds: 300,
            opens_at_ms: None,
            closes_at_ms: None,
        }
    }
}

impl Settings {
    /// [`presence_seconds`](Settings::presence_seconds) in milliseconds; 0 means that nobody is passed over.
    pub fn presence_ms(&self) -> u64 {
        u64::from(self.presence_seconds) * 1_000
    }

    /// Refuses settings that contradict themselves or leave their bounds, naming the field.
    pub fn check(&self) -> Result<(), Rejection> {
        let within = |field: &str, value: u32, min: u32, max: u32| {
            if (min..=max).contains(&value) {
                return Ok(());
            }
            Err(Rejection::invalid(field, format!("must be {min} to {max}, but is {value}")))
        };
        within("hold_seconds", self.hold_seconds, 1, DURATION_SECONDS_MAX)?;
        within("max_per_user", self.max_per_user, 1, QUANTITY_MAX)?;
        within("max_per_hold", self.max_per_hold, 1, self.max_per_user)?;
        within("auto_hold", self.auto_hold, 0, self.max_per_hold)?;
        within("max_extensions", self.max_extensions, 0, 100)?;
        within("max_hold_lifetime_seconds", self.max_hold_lifetime_seconds, self.hold_seconds, DURATION_SECONDS_MAX)?;
        within("queue_max", self.queue_max, 0, 100_000_000)?;
        within("presence_seconds", self.presence_seconds, 0, DURATION_SECONDS_MAX)?;
        match (self.opens_at_ms, self.closes_at_ms) {
            (Some(opens), Some(closes)) if closes <= opens => {
                Err(Rejection::invalid("closes_at", "must be later than opens_at"))
            }
            _ => Ok(()),
        }
    }
}

/// The texts of an event, shown and never computed with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// The event's name, 1 to 200 characters.
    pub name: String,
    /// What it is, up to 4,000 characters.
    pub description: Option<String>,
    /// Where it is, up to 200 characters.
    pub venue: Option<String>,
    /// When it begins, in milliseconds since the Unix epoch. Logins serve the events that begin soonest first.
    pub starts_at_ms: Option<u64>,
}

impl Details {
    /// Refuses texts that leave their bounds, naming the field.
    pub fn check(&self) -> Result<(), Rejection> {
        check_text("name", Some(&self.name), 1, 200)?;
        // A description may have several lines.
        let description = self.description.as_ref().map(|text| text.replace('\n', " "));
        check_text("description", description.as_deref(), 0, 4_000)?;
        check_text("venue", self.venue.as_deref(), 0, 200)
    }
}

/// A price, shown and never computed with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// In the currency's minor unit (cents).
    pub amount: u64,
    /// The currency's code, three capital letters.
    pub currency: String,
}

/// A ticket type as the organiser describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketTypeDefinition {
    /// The type's id within its event.
    pub id: Slug,
    /// The type's name, 1 to 200 characters.
    pub name: String,
    /// How many tickets there are, 0 to [`CAPACITY_MAX`].
    pub capacity: u32,
    /// What a ticket costs.
    pub price: Option<Price>,
}

impl TicketTypeDefinition {
    /// Refuses a definition that leaves its bounds, naming the field.
    pub fn check(&self) -> Result<(), Rejection> {
        check_text("ticket_types.name", Some(&self.name), 1, 200)?;
        check_capacity(self.capacity)?;
        let currency_is_legal =
            |price: &Price| price.currency.len() == 3 && price.currency.bytes().all(|byte| byte.is_ascii_uppercase());
        if self.price.as_ref().is_some_and(|price| !currency_is_legal(price)) {
            return Err(Rejection::invalid("ticket_types.price.currency", "must be three capital letters"));
        }
        Ok(())
    }
}

/// Refuses a list of ticket types that is empty, too long, or names one id twice.
pub fn check_ticket_types(definitions: &[TicketTypeDefinition]) -> Result<(), Rejection> {
    if definitions.is_empty() || definitions.len() > TICKET_TYPES_MAX {
        return Err(Rejection::invalid("ticket_types", format!("must have 1 to {TICKET_TYPES_MAX} items")));
    }
    for (index, definition) in definitions.iter().enumerate() {
        definition.check()?;
        if definitions[..index].iter().any(|earlier| earlier.id == definition.id) {
            return Err(Rejection::invalid("ticket_types.id", format!("names {} twice", definition.id)));
        }
    }
    Ok(())
}

/// Refuses a capacity beyond [`CAPACITY_MAX`].
pub fn check_capacity(capacity: u32) -> Result<(), Rejection> {
    if capacity > CAPACITY_MAX {
        return Err(Rejection::invalid("capacity", format!("must be 0 to {CAPACITY_MAX}, but is {capacity}")));
    }
    Ok(())
}

fn check_text(field: &str, text: Option<&str>, min: usize, max: usize) -> Result<(), Rejection> {
    let Some(text) = text else { return Ok(()) };
    let length = text.chars().count();
    if length < min || length > max {
        return Err(Rejection::invalid(field, format!("must have {min} to {max} characters, but has {length}")));
    }
    if text.chars().any(char::is_control) {
        return Err(Rejection::invalid(field, "must not have control characters"));
    }
    Ok(())
}
