//! What follows from the passing of time and from free tickets, without anybody asking.

use super::{Event, share_of};
use crate::core::change::{Change, DropReason, Share, ShiftReason, SkipReason};
use crate::core::hold::{Hold, HoldSource};
use crate::core::id::{HoldNumber, LoginSeq, TypeIndex, UserNumber};
use crate::core::planted::{Bug, is_planted};
use crate::core::presence::Presence;
use crate::core::queue::QueueEntry;
use crate::core::status::Status;

/// The most changes one step of upkeep emits. A million holds that end in one tick are thousands of steps, with other
/// commands between them; and a record of the journal stays far below its bound.
pub const STEP_CHANGES_MAX: usize = 1_024;

/// The most numbers one step of winding up a cancelled event looks at.
const STEP_NUMBERS_MAX: u32 = 65_536;

impl Event {
    /// Moves the lifecycle where its time has come, expires the holds of `due` (in the order of `due`, which is that of
    /// deadline and number), winds up a closed or cancelled event, and grants free tickets to the line.
    ///
    /// `due` only proposes: a hold that has ended or whose deadline is later is left alone. Emits about
    /// [`STEP_CHANGES_MAX`] changes besides those for `due`; [`Event::has_more_to_do`] tells whether to come again.
    ///
    /// Who waits and is not there, as `presence` tells, is passed over.
    pub fn advance(
        &mut self,
        now_ms: u64,
        due: impl Iterator<Item = HoldNumber>,
        presence: &dyn Presence,
        changes: &mut Vec<Change>,
    ) {
        if self.deleted {
            return;
        }
        self.move_by_time(now_ms, changes);
        self.expire(now_ms, due, changes);
        self.wind_up(now_ms, changes);
        self.grant(now_ms, presence, changes);
    }

    /// Ends those of the holds `due` whose deadline has passed, and nothing else: what comes free stays free until the next
    /// [`Event::advance`]. For recovery, where nobody is served in between.
    pub fn expire(&mut self, now_ms: u64, due: impl Iterator<Item = HoldNumber>, changes: &mut Vec<Change>) {
        for number in due {
            self.expire_if_due(now_ms, number, changes);
        }
    }

    /// Whether [`Event::advance`] would emit something even if no time passed.
    pub fn has_more_to_do(&self, now_ms: u64, presence: &dyn Presence) -> bool {
        if self.deleted {
            return false;
        }
        match self.status {
            Status::OnSale => self.type_indexes().any(|index| self.next_grant(now_ms, presence, index).is_some()),
            Status::Closed => self.types.iter().any(|ticket_type| !ticket_type.queue.is_empty()),
            Status::Cancelled => {
                self.swept_below < self.next_number || self.types.iter().any(|kind| !kind.queue.is_empty())
            }
            Status::Draft | Status::Scheduled | Status::Paused => false,
        }
    }

    /// Ends those live holds of `user` whose deadline has passed, whether or not a wheel has fired, and gives what comes
    /// free to the line. A late wheel can make tickets come back late, never make an expired hold confirmable.
    pub fn expire_due_of(&mut self, now_ms: u64, user: UserNumber, presence: &dyn Presence, changes: &mut Vec<Change>) {
        let clock_ms = self.sale_clock_ms(now_ms);
        // In the first minutes of a sale, nobody's are: then there is no need to find the user.
        if self.types.iter().all(|ticket_type| ticket_type.expiries.all_end_after(clock_ms)) {
            return;
        }
        let due = self.live_holds_of(user).filter(|(_, hold)| clock_ms >= hold.deadline_ms);
        let mut due: Vec<(u64, HoldNumber)> = due.map(|(number, hold)| (hold.deadline_ms, number)).collect();
        if due.is_empty() {
            return;
        }
        due.sort_unstable();
        for (_, number) in &due {
            self.expire_if_due(now_ms, *number, changes);
        }
        self.grant(now_ms, presence, changes);
    }

    /// A sign of life of `user`: wherever they were passed over, they are served again in their turn, which comes at once
    /// where tickets are free.
    pub fn welcome_back(&mut self, now_ms: u64, user: UserNumber, presence: &dyn Presence, changes: &mut Vec<Change>) {
        let before = changes.len();
        for index in self.type_indexes() {
            let queue = &self.ticket_type(index).queue;
            if queue.is_passed_over(user)
                && let Some(entry) = queue.entry(user)
            {
                let share = entry_share(index, entry);
                self.emit(now_ms, Change::WaiterReturned { share }, changes);
            }
        }
        if changes.len() > before {
            self.grant(now_ms, presence, changes);
        }
    }

    /// When somebody who is first in line, and waits for more tickets than are free, will count as absent, in milliseconds
    /// since the Unix epoch: those behind may be content with fewer.
    pub fn next_absence_ms(&self, now_ms: u64, presence: &dyn Presence) -> Option<u64> {
        let patience_ms = self.settings.presence_ms();
        if self.status != Status::OnSale || patience_ms == 0 {
            return None;
        }
        let blocked = self.types.iter().filter(|ticket_type| ticket_type.capacity.available() > 0);
        let first = blocked.filter_map(|ticket_type| ticket_type.queue.next_eligible());
        let seen = first.filter_map(|entry| presence.last_seen_ms(entry.session));
        // Whoever has a stream open is looked at again after as long: they may have closed it by then.
        seen.map(|seen_ms| seen_ms.min(now_ms) + patience_ms).min()
    }

    /// Gives free tickets to the first in each line who is there, as long as they suffice, up to [`STEP_CHANGES_MAX`] changes.
    pub(super) fn grant(&mut self, now_ms: u64, presence: &dyn Presence, changes: &mut Vec<Change>) {
        if self.status != Status::OnSale {
            return;
        }
        let most = changes.len() + STEP_CHANGES_MAX;
        for index in self.type_indexes() {
            while changes.len() < most {
                let Some(step) = self.next_grant(now_ms, presence, index) else { break };
                self.take_grant_step(now_ms, index, step, changes);
            }
        }
    }

    /// Moves to `to`, with all that this means for clocks.
    pub(super) fn emit_status(&mut self, now_ms: u64, to: Status, reason: Option<String>, changes: &mut Vec<Change>) {
        let (from, paused_at_ms) = (self.status, self.paused_at_ms);
        self.emit(now_ms, Change::StatusChanged { from, to, reason }, changes);
        if let Some(paused_at_ms) = paused_at_ms {
            let by_ms = now_ms.saturating_sub(paused_at_ms);
            self.emit(now_ms, Change::ClocksShifted { by_ms, reason: ShiftReason::Pause }, changes);
        }
    }

    /// Sets `quantity` tickets aside for a full length counted from now.
    pub(super) fn emit_hold(
        &mut self,
        now_ms: u64,
        share: Share,
        source: HoldSource,
        changes: &mut Vec<Change>,
    ) -> HoldNumber {
        let number = HoldNumber(self.next_number);
        let clock_ms = self.sale_clock_ms(now_ms);
        let deadline_ms = clock_ms + u64::from(self.settings.hold_seconds) * 1_000;
        let lifetime_end_ms = clock_ms + u64::from(self.settings.max_hold_lifetime_seconds) * 1_000;
        self.emit(now_ms, Change::HoldPlaced { number, share, deadline_ms, lifetime_end_ms, source }, changes);
        number
    }

    /// Gives a live hold's tickets back. One whose deadline has passed has expired, whoever notices first.
    pub(super) fn give_back(
        &mut self,
        now_ms: u64,
        number: HoldNumber,
        reason: Option<String>,
        changes: &mut Vec<Change>,
    ) {
        let share = share_of(self.holds.get(number.0).expect("what is given back exists"));
        let change = if self.is_due(now_ms, number) {
            Change::HoldExpired { number, share }
        } else {
            Change::HoldReleased { number, share, reason }
        };
        self.emit(now_ms, change, changes);
    }

    fn is_due(&self, now_ms: u64, number: HoldNumber) -> bool {
        self.live_deadline_ms(number).is_some_and(|deadline_ms| self.sale_clock_ms(now_ms) >= deadline_ms)
    }

    fn expire_if_due(&mut self, now_ms: u64, number: HoldNumber, changes: &mut Vec<Change>) {
        if self.is_due(now_ms, number) {
            let share = share_of(self.holds.get(number.0).expect("what is due exists"));
            self.emit(now_ms, Change::HoldExpired { number, share }, changes);
        }
    }

    fn move_by_time(&mut self, now_ms: u64, changes: &mut Vec<Change>) {
        // At most two arrows: an opening and a closing that have both passed while the server was down.
        while self.next_transition_ms().is_some_and(|at_ms| now_ms >= at_ms) {
            let to = if self.status == Status::Scheduled { Status::OnSale } else { Status::Closed };
            self.emit_status(now_ms, to, None, changes);
        }
    }

    /// A closed event drops its lines; a cancelled one also releases its holds and cancels its bookings.
    fn wind_up(&mut self, now_ms: u64, changes: &mut Vec<Change>) {
        let reason = match self.status {
            Status::Closed => DropReason::SaleClosed,
            Status::Cancelled => DropReason::SaleCancelled,
            _ => return,
        };
        let most = changes.len() + STEP_CHANGES_MAX;
        for index in self.type_indexes() {
            while changes.len() < most {
                let Some(entry) = self.ticket_type(index).queue.head() else { break };
                let share = entry_share(index, entry);
                self.emit(now_ms, Change::QueueDropped { share, reason }, changes);
            }
        }
        if self.status == Status::Cancelled {
            self.sweep_cancelled(now_ms, most, changes);
        }
    }

    fn sweep_cancelled(&mut self, now_ms: u64, most: usize, changes: &mut Vec<Change>) {
        let reason = || Some("the event was cancelled".to_owned());
        let swept_most = self.swept_below.saturating_add(STEP_NUMBERS_MAX);
        while self.swept_below < self.next_number.min(swept_most) && changes.len() < most {
            let number = HoldNumber(self.swept_below);
            if self.holds.get(number.0).is_some_and(Hold::is_live) {
                self.give_back(now_ms, number, reason(), changes);
            }
            if let Some(booking) = self.bookings.get(number.0).filter(|booking| booking.is_booked()) {
                let share = super::booking::share_of_booking(booking);
                self.emit(now_ms, Change::BookingCancelled { number, share, reason: reason() }, changes);
            }
            self.swept_below += 1;
        }
    }

    /// What the next in this type's line gets now, if anything.
    fn next_grant(&self, now_ms: u64, presence: &dyn Presence, index: TypeIndex) -> Option<GrantStep> {
        let ticket_type = self.ticket_type(index);
        let head = ticket_type.queue.next_eligible()?;
        let last = is_planted(Bug::LastInLineServed).then(|| ticket_type.queue.iter().last()).flatten();
        let head = last.unwrap_or(head);
        let available = ticket_type.capacity.available();
        if available == 0 {
            return None;
        }
        if self.is_absent(now_ms, presence, head.session) {
            return Some(GrantStep::Skip(entry_share(index, head)));
        }
        let wanted = head.quantity.get();
        let enough = head.min_quantity.map_or(wanted, |least| least.get().min(wanted));
        if available < enough {
            return None;
        }
        let quantity = wanted.min(available);
        let share = Share { quantity, ..entry_share(index, head) };
        let fits = self.committed_of(head.user) + quantity <= self.settings.max_per_user;
        Some(if fits { GrantStep::Hold(share) } else { GrantStep::Drop(Share { quantity: wanted, ..share }) })
    }

    /// Whether a session has given no sign of life for `presence_seconds`.
    pub fn is_absent(&self, now_ms: u64, presence: &dyn Presence, session: LoginSeq) -> bool {
        let patience_ms = self.settings.presence_ms();
        let is_gone =
            |seen_ms: Option<u64>| seen_ms.is_none_or(|seen_ms| now_ms >= seen_ms.saturating_add(patience_ms));
        patience_ms > 0 && is_gone(presence.last_seen_ms(session)) && !is_planted(Bug::AbsentServed)
    }

    fn take_grant_step(&mut self, now_ms: u64, index: TypeIndex, step: GrantStep, changes: &mut Vec<Change>) {
        match step {
            GrantStep::Hold(share) => {
                debug_assert!(
                    self.live_hold_of(share.user, Some(index)).is_none(),
                    "who waits has no hold of that type"
                );
                self.emit_hold(now_ms, share, HoldSource::Queue, changes);
            }
            GrantStep::Skip(share) => {
                self.emit(now_ms, Change::WaiterSkipped { share, reason: SkipReason::Absent }, changes);
            }
            GrantStep::Drop(share) => {
                self.emit(now_ms, Change::QueueDropped { share, reason: DropReason::LimitReached }, changes);
            }
        }
    }
}

enum GrantStep {
    /// Tickets are set aside for the head.
    Hold(Share),
    /// The first is not there: the next one's turn has come.
    Skip(Share),
    /// The head has reached its limit elsewhere in the event, and must not block those behind.
    Drop(Share),
}

pub(super) fn entry_share(index: TypeIndex, entry: &QueueEntry) -> Share {
    let session: LoginSeq = entry.session;
    Share { ticket_type: index, user: entry.user, session, quantity: entry.quantity.get() }
}
