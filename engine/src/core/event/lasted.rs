//! How long holds and waits lasted that a decision ended: for whoever measures the sale. No part of the state, and
//! nothing follows from it.

use super::Event;
use crate::core::change::{Change, Share};
use crate::core::hold::{HoldSource, HoldState};
use crate::core::id::HoldNumber;

/// How a wait in line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitEnd {
    /// What came free was granted.
    Granted,
    /// Who was first in line took tickets by themselves.
    Served,
    /// The user left.
    Left,
    /// The event dropped them.
    Dropped,
}

/// Something that a change ended, and how long it had lasted, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasted {
    /// A hold, which has this state now.
    Hold(HoldState, u64),
    /// A wait in line.
    Wait(WaitEnd, u64),
}

impl Event {
    /// Takes what has been noted since the last call: what decisions ended, in their order.
    pub fn take_lasted(&mut self) -> Vec<Lasted> {
        std::mem::take(&mut self.lasted)
    }

    /// Notes how long what `change` is about to end has lasted by `at_ms`.
    pub(super) fn note_lasted(&mut self, at_ms: u64, change: &Change) {
        let lasted = match change {
            Change::HoldConfirmed { number, rescued: false, .. } => self.held(at_ms, *number, HoldState::Confirmed),
            Change::HoldReleased { number, .. } => self.held(at_ms, *number, HoldState::Released),
            Change::HoldExpired { number, .. } => self.held(at_ms, *number, HoldState::Expired),
            Change::HoldPlaced { share, source: HoldSource::Queue, .. } => self.waited(at_ms, share, WaitEnd::Granted),
            Change::HoldPlaced { share, .. } | Change::BookingPlaced { share, .. } => {
                self.waited(at_ms, share, WaitEnd::Served)
            }
            Change::QueueLeft { share } => self.waited(at_ms, share, WaitEnd::Left),
            Change::QueueDropped { share, .. } => self.waited(at_ms, share, WaitEnd::Dropped),
            _ => None,
        };
        self.lasted.extend(lasted);
    }

    fn held(&self, at_ms: u64, number: HoldNumber, end: HoldState) -> Option<Lasted> {
        let hold = self.holds.get(number.0)?;
        Some(Lasted::Hold(end, at_ms.saturating_sub(hold.created_at_ms)))
    }

    fn waited(&self, at_ms: u64, share: &Share, end: WaitEnd) -> Option<Lasted> {
        let entry = self.ticket_type(share.ticket_type).queue.entry(share.user)?;
        Some(Lasted::Wait(end, at_ms.saturating_sub(entry.joined_at_ms)))
    }
}
