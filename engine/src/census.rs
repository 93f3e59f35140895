//! All events at a glance: sums over their newest durable views, for operators, metrics and the history.

use crate::core::status::Status;
use crate::directory::Directory;
use crate::handle::{EventView, Totals};

/// Sums over all events. Each event's share is of one moment; those of two events may be of two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Census {
    /// How many events are in each status, in the order of [`Status::ALL`].
    pub events: [u64; Status::ALL.len()],
    /// Their figures.
    pub totals: Totals,
    /// Tickets held or booked beyond the capacity of their type.
    pub oversold: u64,
    /// Users in line who are passed over.
    pub passed_over: u64,
    /// Lines in which tickets are free and somebody waits who is there.
    pub blocked_lines: u64,
    /// Live holds, each of which has a timer.
    pub live_holds: u64,
}

impl Census {
    /// Of all events that anybody can see.
    pub fn of(directory: &Directory) -> Census {
        let mut census = Census::default();
        directory.all().iter().filter_map(|handle| handle.view()).for_each(|view| census.count(&view));
        census
    }

    fn count(&mut self, view: &EventView) {
        let place = Status::ALL.iter().position(|status| *status == view.description.status);
        self.events[place.expect("every status is in the list")] += 1;
        self.totals.add(&view.totals());
        for figures in &view.figures {
            let committed = u64::from(figures.held) + u64::from(figures.booked);
            self.oversold += committed.saturating_sub(u64::from(figures.capacity));
        }
        self.passed_over += u64::from(view.standing.passed_over);
        self.blocked_lines += u64::from(view.standing.blocked_lines);
        self.live_holds += u64::from(view.standing.live_holds);
    }
}
