//! Who is logged in, for organisers.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::core::Event;
use crate::core::id::{EventNumber, LoginSeq, UserNumber};
use crate::session_table::LiveSession;

use super::Engine;

/// A live session, and what its user has over all events.
#[derive(Clone, Debug)]
pub struct SessionEntry {
    /// The session.
    pub session: Arc<LiveSession>,
    /// How many live holds.
    pub holds: u64,
    /// How many bookings that stand.
    pub bookings: u64,
}

/// A page of the live sessions, in the order of their logins.
#[derive(Clone, Debug, Default)]
pub struct SessionPage {
    /// The sessions. They can be fewer than there was room for: those that end meanwhile are not among them.
    pub entries: Vec<SessionEntry>,
    /// After which session the next page begins; `None` where there is no next one.
    pub next_after: Option<LoginSeq>,
}

impl Engine {
    /// Up to `limit` live sessions with a number above `after`: all, or that of `user`. Told once it is durable.
    pub async fn sessions(&self, after: LoginSeq, limit: usize, user: Option<UserNumber>) -> SessionPage {
        // One more than the page tells whether there is a next one.
        let mut numbers = self.sessions.live_after(after, limit + 1, user);
        // Nothing is journaled between a turn's changes and the end of the turn, so this waits for all that was seen.
        self.durable(self.services.journal.appended_seq()).await;
        let has_more = numbers.len() > limit;
        numbers.truncate(limit);
        let next_after = numbers.last().copied().filter(|_| has_more);
        let (now_ms, lengths) = (self.now_ms(), self.services.config.sessions.lengths());
        // One whose time is over has ended, even where the wheel is late.
        let live = numbers.into_iter().filter_map(|number| self.services.sessions.find(number));
        let live = live.filter(|session| session.expires_at_ms(&lengths) > now_ms);
        let mut entries: Vec<_> = live.map(|session| SessionEntry { session, holds: 0, bookings: 0 }).collect();
        self.count_belongings(&mut entries).await;
        SessionPage { entries, next_after }
    }

    /// Counts what the users have, an event after the other.
    async fn count_belongings(&self, entries: &mut [SessionEntry]) {
        let mut by_event: BTreeMap<EventNumber, Vec<usize>> = BTreeMap::new();
        for (index, entry) in entries.iter().enumerate() {
            for number in self.services.sessions.touched(entry.session.user) {
                by_event.entry(number).or_default().push(index);
            }
        }
        let mut newest_seq = 0;
        for (number, indexes) in by_event {
            let Some(handle) = self.services.directory.find_number(number) else { continue };
            let count = |event: &Event, now_ms| {
                for index in indexes {
                    let entry = &mut entries[index];
                    let (holds, bookings) = event.counts_of(now_ms, entry.session.user);
                    entry.holds += u64::from(holds);
                    entry.bookings += u64::from(bookings);
                }
            };
            newest_seq = newest_seq.max(self.look(&handle, count).1);
        }
        self.durable(newest_seq).await;
    }
}
