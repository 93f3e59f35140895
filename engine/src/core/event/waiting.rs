//! What is known of a wait in line: an estimate from how the line has moved, and the time by which it must be over.
//!
//! # Why a wait must be over
//!
//! While somebody waits who can be served, nobody but those ahead of them gets a hold of that type. So at every moment
//! of the wait, as long as the tickets that are not booked would do for whoever is next, a hold is live: one of those
//! that were live at the beginning, or one granted to somebody ahead since. The former are over by the latest end of
//! any live hold; each of the latter, one a head, lives for [`Event::longest_hold_ms`] at most. That is also why the
//! bound never moves later.

use super::Event;
use crate::core::flow::Flow;
use crate::core::hold::Hold;
use crate::core::id::TypeIndex;
use crate::core::outcome::Wait;
use crate::core::planted::{Bug, is_planted};
use crate::core::queue::Place;
use crate::core::settings::{DURATION_SECONDS_MAX, Settings};
use crate::core::status::Status;

/// A wait that must be over after longer than this, 30 days in milliseconds, has no bound worth telling.
const BOUND_MS_MAX: u64 = DURATION_SECONDS_MAX as u64 * 1_000;

impl Event {
    /// Forgets how fast the lines moved.
    pub fn measure_anew(&mut self, now_ms: u64) {
        for index in self.type_indexes() {
            self.ticket_type_mut(index).flow = Flow::new(self.settings.hold_seconds);
            self.watch_line(now_ms, index);
        }
    }

    /// What is known of the wait at `place`. Nothing while nobody is served, while the user is passed over, and where all
    /// tickets but too few are booked: then only a cancellation can end it.
    pub(super) fn wait_of(&self, now_ms: u64, index: TypeIndex, place: &Place) -> Wait {
        let ticket_type = self.ticket_type(index);
        let enough = place.entry.min_quantity.unwrap_or(place.entry.quantity).min(place.entry.quantity);
        let not_booked = ticket_type.capacity.total() - ticket_type.capacity.booked();
        let Some(eligible_ahead) = place.eligible_ahead else { return Wait::default() };
        if self.status != Status::OnSale || not_booked < enough.get() {
            return Wait::default();
        }
        let ends_by_ms = self.wait_ends_by_ms(now_ms, index, place.ahead as u64);
        let (clock_ms, waiting) = (self.sale_clock_ms(now_ms), ticket_type.queue.eligible_len());
        let estimate = ticket_type.flow.estimate(clock_ms, eligible_ahead as u64, waiting as u64);
        let until_ms = ends_by_ms.map_or(u64::MAX, |ends_by_ms| ends_by_ms.saturating_sub(now_ms));
        Wait { estimate: estimate.map(|range| range.at_most(until_ms.div_ceil(1_000))), ends_by_ms }
    }

    /// When the wait with `ahead` others before is over at the latest, passed over or not: they may return. `None`
    /// without a live hold, where the sale closes earlier, or in a far future.
    fn wait_ends_by_ms(&self, now_ms: u64, index: TypeIndex, ahead: u64) -> Option<u64> {
        let ticket_type = self.ticket_type(index);
        let last_deadline_ms = ticket_type.expiries.last_ms()?;
        // The latest end of any hold may be that of one that is over; and no live one ends later than this.
        let extended_ms = last_deadline_ms + extensions_ms(&self.settings, 0);
        let last_end_ms = ticket_type.latest_end_ms.min(extended_ms).max(last_deadline_ms);
        let after_ms = ahead.saturating_mul(self.longest_hold_ms());
        let ends_by_ms = self.engine_time_of(last_end_ms.saturating_add(after_ms))?.checked_next_multiple_of(1_000)?;
        let is_told = ends_by_ms <= now_ms.saturating_add(BOUND_MS_MAX);
        Some(ends_by_ms).filter(|_| is_told && self.settings.closes_at_ms.is_none_or(|closes| ends_by_ms <= closes))
    }

    /// How long a hold that is granted now can live at most, extended as often as may be, in milliseconds.
    fn longest_hold_ms(&self) -> u64 {
        let extended_ms = u64::from(self.settings.hold_seconds) * 1_000 + extensions_ms(&self.settings, 0);
        extended_ms.min(u64::from(self.settings.max_hold_lifetime_seconds) * 1_000)
    }

    /// When a live hold ends at the latest, on the sale clock, if no organiser gives it more time.
    pub(super) fn latest_end_ms(&self, hold: &Hold) -> u64 {
        let extended_ms = hold.deadline_ms.saturating_add(extensions_ms(&self.settings, hold.extensions_used));
        extended_ms.min(hold.lifetime_end_ms).max(hold.deadline_ms)
    }

    /// A live hold is there, or has another deadline.
    pub(super) fn note_latest_end(&mut self, hold: &Hold) {
        let latest_end_ms = self.latest_end_ms(hold);
        let ticket_type = self.ticket_type_mut(hold.ticket_type);
        ticket_type.latest_end_ms = ticket_type.latest_end_ms.max(latest_end_ms);
    }

    /// Where holds may be extended for longer than with the settings `before`, those that are there may too.
    pub(super) fn allow_longer_holds(&mut self, before: &Settings) {
        let extensions_ms = extensions_ms(&self.settings, 0);
        if extensions_ms <= self::extensions_ms(before, 0) {
            return;
        }
        for ticket_type in &mut self.types {
            let extended_ms = ticket_type.expiries.last_ms().map_or(0, |last_ms| last_ms + extensions_ms);
            ticket_type.latest_end_ms = ticket_type.latest_end_ms.max(extended_ms);
        }
    }

    /// Measures something at the line of a ticket type, and then whether somebody still waits there.
    pub(super) fn measure(&mut self, at_ms: u64, index: TypeIndex, measure: impl FnOnce(&mut Flow, u64)) {
        let clock_ms = self.sale_clock_ms(at_ms);
        measure(&mut self.ticket_type_mut(index).flow, clock_ms);
        self.watch_line(at_ms, index);
    }

    /// Tells the measure whether somebody waits who can be served. In a pause the sale clock stands still anyway.
    pub(super) fn watch_line(&mut self, at_ms: u64, index: TypeIndex) {
        let clock_ms = self.sale_clock_ms(at_ms);
        let is_served = matches!(self.status, Status::OnSale | Status::Paused);
        let ticket_type = self.ticket_type_mut(index);
        ticket_type.flow.set_waited_in(clock_ms, is_served && ticket_type.queue.eligible_len() > 0);
    }
}

/// By how much a hold that was extended `used` times can still be extended, in milliseconds.
fn extensions_ms(settings: &Settings, used: u8) -> u64 {
    let left = settings.max_extensions.saturating_sub(u32::from(used));
    if is_planted(Bug::BoundWithoutExtensions) { 0 } else { u64::from(left) * u64::from(settings.hold_seconds) * 1_000 }
}
