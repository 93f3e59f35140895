//! Holds and bookings as an event keeps them.

use serde::{Deserialize, Serialize};

use super::id::{LoginSeq, TypeIndex, UserNumber};

/// What became of a hold. The last three are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldState {
    /// The tickets are set aside.
    Held,
    /// The tickets are booked.
    Confirmed,
    /// The tickets were given back before the deadline.
    Released,
    /// The deadline passed.
    Expired,
}

impl HoldState {
    /// The state's name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            HoldState::Held => "held",
            HoldState::Confirmed => "confirmed",
            HoldState::Released => "released",
            HoldState::Expired => "expired",
        }
    }
}

/// What a hold came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldSource {
    /// Set aside at a login.
    Login,
    /// Granted to the line.
    Queue,
    /// Asked for.
    Request,
    /// Placed by an organiser.
    Admin,
    /// Had at once by who joined the line: nobody waited, and they had no place in it.
    Joining,
}

impl HoldSource {
    /// The source's name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            HoldSource::Login => "login",
            HoldSource::Queue | HoldSource::Joining => "queue",
            HoldSource::Request => "request",
            HoldSource::Admin => "admin",
        }
    }
}

/// Tickets set aside for a user until a deadline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Whose it is.
    pub user: UserNumber,
    /// The session it was placed under.
    pub session: LoginSeq,
    /// How many tickets; what was held last, for one that ended.
    pub quantity: u32,
    /// When it was placed, in milliseconds since the Unix epoch.
    pub created_at_ms: u64,
    /// The latest any extension may move `deadline_ms` to, on the sale clock.
    pub lifetime_end_ms: u64,
    /// The deadline: on the sale clock while the hold is live, so that a pause moves all deadlines at once; in
    /// milliseconds since the Unix epoch, and fixed, from its end on.
    pub deadline_ms: u64,
    /// The ticket type.
    pub ticket_type: TypeIndex,
    /// What became of it.
    pub state: HoldState,
    /// What it came from.
    pub source: HoldSource,
    /// How often it was extended.
    pub extensions_used: u8,
}

impl Hold {
    /// Whether the tickets are still set aside.
    pub fn is_live(&self) -> bool {
        self.state == HoldState::Held
    }
}

/// A confirmed hold, or a direct booking. It has the number of the hold it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booking {
    /// Whose it is.
    pub user: UserNumber,
    /// The session it was made under.
    pub session: LoginSeq,
    /// How many tickets.
    pub quantity: u32,
    /// The ticket type.
    pub ticket_type: TypeIndex,
    /// When it was made, in milliseconds since the Unix epoch.
    pub booked_at_ms: u64,
    /// When it was cancelled; `None` while it stands.
    pub cancelled_at_ms: Option<u64>,
}

impl Booking {
    /// Whether it stands.
    pub fn is_booked(&self) -> bool {
        self.cancelled_at_ms.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::Hold;

    #[test]
    fn a_hold_takes_at_most_48_bytes() {
        assert!(size_of::<Option<Hold>>() <= 48);
    }
}
