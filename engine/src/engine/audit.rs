//! The audit trail: the journal, read back.

use std::ops::ControlFlow;

use crate::core::change::{By, Change, Record};
use crate::core::id::{EventNumber, Slug};
use crate::journal::JournalError;
use crate::record::decode_record;

use super::Engine;

/// How many records one page looks through. A page for one event among many may be short, or empty, and still have a
/// next one.
const RECORDS_PER_PAGE_MAX: usize = 200_000;

/// A change as it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// The change's number.
    pub seq: u64,
    /// When, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// On whose behalf.
    pub by: By,
    /// In which event; `None` for a change of the sessions.
    pub event: Option<Slug>,
    /// The event's number: an id may have been another event's before.
    pub event_number: EventNumber,
    /// What happened.
    pub change: Change,
}

/// Some changes in order.
#[derive(Clone, Debug, Default)]
pub struct AuditPage {
    /// The changes.
    pub entries: Vec<AuditEntry>,
    /// After which number to go on; `None` at the end.
    pub next_after: Option<u64>,
}

impl Engine {
    /// Up to `limit` durable changes after number `after`, of one event (past or present) or of all and the sessions.
    /// Reads from disk on the caller's thread.
    ///
    /// Where the journal does not reach back to `after` any more, the page begins with the oldest change there is.
    pub fn changes(&self, after: u64, limit: usize, event: Option<&Slug>) -> Result<AuditPage, JournalError> {
        match self.changes_after(after, limit, event) {
            Err(JournalError::Retired { first_seq, .. }) => self.changes_after(first_seq - 1, limit, event),
            page => page,
        }
    }

    fn changes_after(&self, after: u64, limit: usize, event: Option<&Slug>) -> Result<AuditPage, JournalError> {
        let mut page = AuditPage::default();
        let mut looked_through = 0;
        self.services.journal.read(after, &mut |first_seq, change_count, bytes| {
            looked_through += 1;
            let Ok(record) = decode_record(bytes) else {
                // Recovery has decoded every record there is, and the writer wrote the rest.
                unreachable!("record {first_seq} was readable when the engine opened")
            };
            self.collect(first_seq, after, limit, event, record, &mut page);
            let is_full = page.entries.len() >= limit || looked_through >= RECORDS_PER_PAGE_MAX;
            if !is_full {
                return ControlFlow::Continue(());
            }
            let last_seq = first_seq + u64::from(change_count) - 1;
            let reached = if page.entries.len() >= limit { page.entries.last().map(|entry| entry.seq) } else { None };
            page.next_after = Some(reached.unwrap_or(last_seq));
            ControlFlow::Break(())
        })?;
        page.next_after = page.next_after.filter(|reached| *reached < self.durable_seq());
        Ok(page)
    }

    fn collect(
        &self,
        first_seq: u64,
        after: u64,
        limit: usize,
        wanted: Option<&Slug>,
        record: Record,
        page: &mut AuditPage,
    ) {
        let event = self.event_id(record.event);
        if wanted.is_some() && event.as_ref() != wanted {
            return;
        }
        for (seq, change) in (first_seq..).zip(record.changes) {
            if seq > after && page.entries.len() < limit {
                let (at_ms, by, event) = (record.at_ms, record.by.clone(), event.clone());
                page.entries.push(AuditEntry { seq, at_ms, by, event, event_number: record.event, change });
            }
        }
    }

    fn event_id(&self, number: EventNumber) -> Option<Slug> {
        self.services.directory.id_of(number)
    }
}
