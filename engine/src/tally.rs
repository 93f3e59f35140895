//! What happened, counted as it becomes durable: each turn counts its own, and the journal's thread adds that to the sums.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::core::change::{By, Change, DropReason, SessionEnd, SkipReason};
use crate::core::hold::HoldSource;
use crate::metrics::Metric;
use crate::metrics::names;

/// Something that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// A hold began: set aside at a login.
    HeldAtLogin,
    /// A hold began: in line, or joining it.
    HeldInLine,
    /// A hold began: asked for.
    HeldOnRequest,
    /// A hold began: placed by an organiser.
    HeldByAdmin,
    /// A hold became a booking.
    HoldConfirmed,
    /// A hold was given back by its user.
    HoldReleased,
    /// A hold was taken back by an organiser.
    HoldRevoked,
    /// A hold ended with its session or its event.
    HoldWithdrawn,
    /// A hold's deadline passed.
    HoldExpired,
    /// A hold that had expired became a booking.
    HoldRescued,
    /// A booking without a hold.
    BookedDirectly,
    /// A booking was cancelled.
    BookingCancelled,
    /// A user joined a line.
    QueueJoined,
    /// A user in line got what came free.
    QueueGranted,
    /// A user who was first in line took tickets by themselves.
    QueueServed,
    /// A user left a line.
    QueueLeft,
    /// A user was dropped from a line because the sale closed.
    QueueSaleClosed,
    /// A user was dropped from a line because the event was cancelled.
    QueueSaleCancelled,
    /// A user was dropped from a line because their limit was reached.
    QueueLimitReached,
    /// A user was passed over, being away.
    QueueSkipped,
    /// A user who had been passed over was there again.
    QueueReturned,
    /// A session ended by logging out.
    SessionLogout,
    /// A session ended without a request for too long.
    SessionIdle,
    /// A session was ended by an organiser.
    SessionAdmin,
    /// A session ended by its age.
    SessionLifetime,
    /// A session ended with its account.
    SessionAccountRemoved,
}

impl Counted {
    /// All of them, in order, each with its metric and the value of that one's label.
    pub(crate) const ALL: [(Counted, &Metric, Option<&'static str>); 26] = [
        (Counted::HeldAtLogin, &names::HOLDS_STARTED, Some("login")),
        (Counted::HeldInLine, &names::HOLDS_STARTED, Some("queue")),
        (Counted::HeldOnRequest, &names::HOLDS_STARTED, Some("request")),
        (Counted::HeldByAdmin, &names::HOLDS_STARTED, Some("admin")),
        (Counted::HoldConfirmed, &names::HOLDS_ENDED, Some("confirmed")),
        (Counted::HoldReleased, &names::HOLDS_ENDED, Some("released")),
        (Counted::HoldRevoked, &names::HOLDS_ENDED, Some("revoked")),
        (Counted::HoldWithdrawn, &names::HOLDS_ENDED, Some("withdrawn")),
        (Counted::HoldExpired, &names::HOLDS_ENDED, Some("expired")),
        (Counted::HoldRescued, &names::HOLDS_RESCUED, None),
        (Counted::BookedDirectly, &names::BOOKINGS, Some("direct")),
        (Counted::BookingCancelled, &names::BOOKINGS_CANCELLED, None),
        (Counted::QueueJoined, &names::QUEUE_JOINED, None),
        (Counted::QueueGranted, &names::QUEUE_LEFT, Some("granted")),
        (Counted::QueueServed, &names::QUEUE_LEFT, Some("served")),
        (Counted::QueueLeft, &names::QUEUE_LEFT, Some("left")),
        (Counted::QueueSaleClosed, &names::QUEUE_LEFT, Some("sale_closed")),
        (Counted::QueueSaleCancelled, &names::QUEUE_LEFT, Some("sale_cancelled")),
        (Counted::QueueLimitReached, &names::QUEUE_LEFT, Some("limit_reached")),
        (Counted::QueueSkipped, &names::QUEUE_SKIPPED, Some("absent")),
        (Counted::QueueReturned, &names::QUEUE_RETURNED, None),
        (Counted::SessionLogout, &names::SESSIONS_ENDED, Some("logout")),
        (Counted::SessionIdle, &names::SESSIONS_ENDED, Some("idle")),
        (Counted::SessionAdmin, &names::SESSIONS_ENDED, Some("admin")),
        (Counted::SessionLifetime, &names::SESSIONS_ENDED, Some("lifetime")),
        (Counted::SessionAccountRemoved, &names::SESSIONS_ENDED, Some("account_removed")),
    ];

    /// What `change` counts as, if it is counted; `by` says on whose behalf it happened.
    fn of(by: &By, change: &Change) -> Option<Counted> {
        Some(match change {
            Change::HoldPlaced { source, .. } => match source {
                HoldSource::Login => Counted::HeldAtLogin,
                HoldSource::Queue | HoldSource::Joining => Counted::HeldInLine,
                HoldSource::Request => Counted::HeldOnRequest,
                HoldSource::Admin => Counted::HeldByAdmin,
            },
            // One that is rescued had ended before.
            Change::HoldConfirmed { rescued: true, .. } => Counted::HoldRescued,
            Change::HoldConfirmed { .. } => Counted::HoldConfirmed,
            Change::HoldReleased { reason: None, .. } => Counted::HoldReleased,
            Change::HoldReleased { .. } if matches!(by, By::Admin(_)) => Counted::HoldRevoked,
            Change::HoldReleased { .. } => Counted::HoldWithdrawn,
            Change::HoldExpired { .. } => Counted::HoldExpired,
            Change::BookingPlaced { .. } => Counted::BookedDirectly,
            Change::BookingCancelled { .. } => Counted::BookingCancelled,
            Change::QueueJoined { .. } => Counted::QueueJoined,
            Change::WaiterServed { .. } => Counted::QueueServed,
            Change::QueueLeft { .. } => Counted::QueueLeft,
            Change::QueueDropped { reason, .. } => match reason {
                DropReason::SaleClosed => Counted::QueueSaleClosed,
                DropReason::SaleCancelled => Counted::QueueSaleCancelled,
                DropReason::LimitReached => Counted::QueueLimitReached,
            },
            Change::WaiterSkipped { reason: SkipReason::Absent, .. } => Counted::QueueSkipped,
            Change::WaiterReturned { .. } => Counted::QueueReturned,
            Change::SessionEnded { reason, .. } => match reason {
                SessionEnd::Logout => Counted::SessionLogout,
                SessionEnd::Idle => Counted::SessionIdle,
                SessionEnd::Admin => Counted::SessionAdmin,
                SessionEnd::Lifetime => Counted::SessionLifetime,
                SessionEnd::AccountRemoved => Counted::SessionAccountRemoved,
            },
            _ => return None,
        })
    }
}

/// Sums of what happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    counts: [u64; Counted::ALL.len()],
}

impl Tally {
    /// How often `counted` happened.
    pub fn of(&self, counted: Counted) -> u64 {
        self.counts[counted as usize]
    }

    /// Holds that ended, in whatever way: as a booking, given back, or expired. A rescued one ended before.
    pub fn holds_ended(&self) -> u64 {
        use Counted::{HoldConfirmed, HoldExpired, HoldReleased, HoldRevoked, HoldWithdrawn};
        [HoldConfirmed, HoldReleased, HoldRevoked, HoldWithdrawn, HoldExpired].map(|end| self.of(end)).iter().sum()
    }

    /// Holds that became bookings.
    pub fn holds_confirmed(&self) -> u64 {
        self.of(Counted::HoldConfirmed) + self.of(Counted::HoldRescued)
    }

    /// Bookings made, from a hold or directly. One that was cancelled since counts too.
    pub fn bookings_made(&self) -> u64 {
        self.holds_confirmed() + self.of(Counted::BookedDirectly)
    }

    /// Adds what these changes say, which happened on behalf of `by`.
    pub(crate) fn count(&mut self, by: &By, changes: &[Change]) {
        for change in changes {
            if let Some(counted) = Counted::of(by, change) {
                self.counts[counted as usize] += 1;
            }
            // The line has granted what came from it, and to whom waited in it: who joins and has tickets at once did not.
            if matches!(change, Change::HoldPlaced { source: HoldSource::Queue, .. }) {
                self.counts[Counted::QueueGranted as usize] += 1;
            }
        }
    }
}

/// The sums since the engine was opened. The journal's thread adds, anybody reads.
#[derive(Debug, Default)]
pub(crate) struct RunningTally {
    counts: [AtomicU64; Counted::ALL.len()],
}

impl RunningTally {
    /// Adds what has become durable.
    pub(crate) fn add(&self, more: &Tally) {
        for (sum, count) in self.counts.iter().zip(more.counts).filter(|(_, count)| *count > 0) {
            sum.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// The sums so far.
    pub(crate) fn so_far(&self) -> Tally {
        Tally { counts: std::array::from_fn(|index| self.counts[index].load(Ordering::Relaxed)) }
    }
}

#[cfg(test)]
mod tests;
