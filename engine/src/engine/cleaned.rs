//! What a cleanup did, or would do, one by one.

use std::collections::HashSet;
use std::sync::Arc;

use crate::core::Event;
use crate::core::change::{Change, SessionEnd, Share};
use crate::core::id::{HoldNumber, LoginSeq, Slug, UserNumber};
use crate::core::outcome::HoldView;
use crate::handle::EventHandle;
use crate::journal::JournalError;

use super::{AuditEntry, Cleanup, Engine};

/// The most of each kind that are listed.
pub const CLEANED_LISTED_MAX: usize = 1_000;

/// How many changes are read from the journal at once.
const CHANGES_PER_PAGE: usize = 10_000;

/// Of each kind the first [`CLEANED_LISTED_MAX`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Holds whose deadline had passed.
    pub holds: Vec<CleanedHold>,
    /// Sessions that had been idle, or alive, for too long.
    pub sessions: Vec<CleanedSession>,
    /// Places in line that went with those sessions. A dry run does not know them.
    pub queue_entries: Vec<CleanedPlace>,
}

/// A hold that expired, or would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleanedHold {
    /// The event.
    pub event: Slug,
    /// The hold's number.
    pub number: HoldNumber,
    /// Whose, how many.
    pub share: Share,
}

/// A session that ended, or would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanedSession {
    /// The session.
    pub session: LoginSeq,
    /// Whose.
    pub user: UserNumber,
}

/// A place in line that went with its session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleanedPlace {
    /// The event.
    pub event: Slug,
    /// Whose, for how many.
    pub share: Share,
}

impl Engine {
    /// What `cleanup` did, as the journal has it: so each item is one that happened, also where the wheels did it in
    /// the same moment. Reads from disk on the caller's thread.
    ///
    /// # Errors
    ///
    /// [`JournalError`] where the journal cannot be read.
    pub fn cleaned(&self, cleanup: &Cleanup) -> Result<Cleaned, JournalError> {
        let (mut collector, mut after_seq) = (Collector::default(), Some(cleanup.after_seq));
        while let Some(after) = after_seq.filter(|after| *after < cleanup.last_seq) {
            let page = self.changes(after, CHANGES_PER_PAGE, None)?;
            page.entries.iter().filter(|entry| entry.seq <= cleanup.last_seq).for_each(|entry| collector.take(entry));
            after_seq = page.next_after;
        }
        Ok(collector.cleaned)
    }

    /// What a cleanup would do now. Told once it is durable.
    pub async fn to_be_cleaned(&self) -> Cleaned {
        let (mut cleaned, mut newest_seq) = (Cleaned::default(), 0);
        for handle in self.services.directory.all() {
            // An event that is not durable yet has no holds.
            let Some(view) = handle.view() else { continue };
            let room = CLEANED_LISTED_MAX - cleaned.holds.len();
            let (due, seq) = self.list_due_holds(&handle, room);
            newest_seq = newest_seq.max(seq);
            let event = &view.description.id;
            cleaned.holds.extend(due.iter().map(|hold| CleanedHold {
                event: event.clone(),
                number: hold.number,
                share: share_of(hold),
            }));
        }
        let overdue = self.services.sessions.overdue(self.now_ms(), &self.services.config.sessions.lengths());
        let sessions = overdue.iter().take(CLEANED_LISTED_MAX);
        cleaned.sessions = sessions.map(|live| CleanedSession { session: live.number, user: live.user }).collect();
        self.durable(newest_seq).await;
        cleaned
    }

    /// Up to `room` holds whose deadline has passed, by number.
    fn list_due_holds(&self, handle: &Arc<EventHandle>, room: usize) -> (Vec<HoldView>, u64) {
        self.look(handle, |event: &Event, now_ms| {
            let clock_ms = event.sale_clock_ms(now_ms);
            let due = event.live_holds().filter(|(_, deadline_ms)| clock_ms >= *deadline_ms);
            due.filter_map(|(number, _)| event.hold(now_ms, number, None)).take(room).collect()
        })
    }
}

fn share_of(hold: &HoldView) -> Share {
    Share { ticket_type: hold.ticket_type, user: hold.user, session: hold.session, quantity: hold.quantity }
}

/// Sorts changes into what a cleanup does. The end of a session comes before what it takes along.
#[derive(Default)]
struct Collector {
    cleaned: Cleaned,
    ended: HashSet<LoginSeq>,
}

impl Collector {
    fn take(&mut self, entry: &AuditEntry) {
        let AuditEntry { event, change, .. } = entry;
        match (change, event) {
            (Change::HoldExpired { number, share }, Some(event)) => {
                let hold = CleanedHold { event: event.clone(), number: *number, share: *share };
                push_within_bound(&mut self.cleaned.holds, hold);
            }
            (Change::SessionEnded { session, user, reason: SessionEnd::Idle | SessionEnd::Lifetime }, _) => {
                self.ended.insert(*session);
                push_within_bound(&mut self.cleaned.sessions, CleanedSession { session: *session, user: *user });
            }
            (Change::QueueLeft { share }, Some(event)) if self.ended.contains(&share.session) => {
                push_within_bound(
                    &mut self.cleaned.queue_entries,
                    CleanedPlace { event: event.clone(), share: *share },
                );
            }
            _ => {}
        }
    }
}

fn push_within_bound<T>(list: &mut Vec<T>, item: T) {
    if list.len() < CLEANED_LISTED_MAX {
        list.push(item);
    }
}
