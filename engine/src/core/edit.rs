//! One text or setting of an event, as an organiser changes it.

use super::settings::{Details, Settings};

/// One text or setting. Two organisers who change different ones at the same time both get their way.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the field of the same name of Details or Settings")]
pub enum Edit {
    Name(String),
    Description(Option<String>),
    Venue(Option<String>),
    StartsAt(Option<u64>),
    HoldSeconds(u32),
    AutoHold(u32),
    MaxPerHold(u32),
    MaxPerUser(u32),
    MaxExtensions(u32),
    MaxHoldLifetimeSeconds(u32),
    QueueMax(u32),
    Lobby(bool),
    PresenceSeconds(u32),
    OpensAt(Option<u64>),
    ClosesAt(Option<u64>),
}

impl Edit {
    /// Makes the change.
    pub fn apply(self, details: &mut Details, settings: &mut Settings) {
        match self {
            Edit::Name(name) => details.name = name,
            Edit::Description(description) => details.description = description,
            Edit::Venue(venue) => details.venue = venue,
            Edit::StartsAt(at_ms) => details.starts_at_ms = at_ms,
            Edit::HoldSeconds(seconds) => settings.hold_seconds = seconds,
            Edit::AutoHold(quantity) => settings.auto_hold = quantity,
            Edit::MaxPerHold(quantity) => settings.max_per_hold = quantity,
            Edit::MaxPerUser(quantity) => settings.max_per_user = quantity,
            Edit::MaxExtensions(times) => settings.max_extensions = times,
            Edit::MaxHoldLifetimeSeconds(seconds) => settings.max_hold_lifetime_seconds = seconds,
            Edit::QueueMax(entries) => settings.queue_max = entries,
            Edit::Lobby(lobby) => settings.lobby = lobby,
            Edit::PresenceSeconds(seconds) => settings.presence_seconds = seconds,
            Edit::OpensAt(at_ms) => settings.opens_at_ms = at_ms,
            Edit::ClosesAt(at_ms) => settings.closes_at_ms = at_ms,
        }
    }
}
