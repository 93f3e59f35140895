//! The lifecycle of an event.

use serde::{Deserialize, Serialize};

/// Where an event is in its life: `draft → scheduled → on_sale ⇄ paused → closed`, and `cancelled` from every state
/// but `closed`. "Sold out" is derived from the counters, never a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Being prepared; the public does not see it.
    Draft,
    /// Announced; the queue may be joined where the event has a lobby.
    Scheduled,
    /// Tickets are held and booked.
    OnSale,
    /// Nothing is granted, hold clocks stand still, live holds can be confirmed or released.
    Paused,
    /// The sale is over; live holds can be confirmed until their deadline.
    Closed,
    /// The event does not happen; holds are released, bookings cancelled.
    Cancelled,
}

impl Status {
    /// Every status, in the order of the lifecycle.
    pub const ALL: [Status; 6] =
        [Status::Draft, Status::Scheduled, Status::OnSale, Status::Paused, Status::Closed, Status::Cancelled];

    /// Whether the lifecycle has an arrow from here to `next`.
    pub fn may_become(self, next: Status) -> bool {
        use Status::{Cancelled, Closed, Draft, OnSale, Paused, Scheduled};
        match (self, next) {
            (Draft, Scheduled | OnSale) | (Scheduled, OnSale) => true,
            (OnSale, Paused | Closed) | (Paused, OnSale | Closed) => true,
            (Draft | Scheduled | OnSale | Paused, Cancelled) => true,
            (Draft | Scheduled | OnSale | Paused | Closed | Cancelled, _) => false,
        }
    }

    /// The status of a name.
    pub fn from_name(name: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// The status's name in the API, the journal's readable form and the pages.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Draft => "draft",
            Status::Scheduled => "scheduled",
            Status::OnSale => "on_sale",
            Status::Paused => "paused",
            Status::Closed => "closed",
            Status::Cancelled => "cancelled",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Status::{self, Cancelled, Closed, Draft, OnSale, Paused, Scheduled};

    #[test]
    fn the_lifecycle_has_exactly_these_arrows() {
        let arrows = [
            (Draft, Scheduled),
            (Draft, OnSale),
            (Draft, Cancelled),
            (Scheduled, OnSale),
            (Scheduled, Cancelled),
            (OnSale, Paused),
            (OnSale, Closed),
            (OnSale, Cancelled),
            (Paused, OnSale),
            (Paused, Closed),
            (Paused, Cancelled),
        ];
        for from in Status::ALL {
            for to in Status::ALL {
                assert_eq!(from.may_become(to), arrows.contains(&(from, to)), "{from:?} to {to:?}");
            }
        }
    }
}
