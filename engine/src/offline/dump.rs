//! `dump`: the changes of a journal in order, with the names that stand behind their numbers.

use std::ops::ControlFlow;
use std::path::Path;

use crate::core::Event;
use crate::core::change::Record;
use crate::core::id::Slug;
use crate::engine::AuditEntry;
use crate::journal::JournalFiles;
use crate::record::decode_record;
use crate::state::State;
use crate::storage::DataDirectory;

use super::OfflineError;
use super::snapshots::base;

/// Which changes are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DumpFilter {
    /// Those of this event, past or present; `None` for all, and those of the sessions.
    pub event: Option<Slug>,
    /// The first one, or those from there on; 0 and 1 are the same.
    pub from_seq: u64,
    /// The last one; `None` for the end of the journal.
    pub to_seq: Option<u64>,
}

/// A change, with what the state right after its step knows of it.
#[derive(Debug)]
pub struct DumpedChange<'a> {
    /// The change.
    pub entry: &'a AuditEntry,
    /// The event it belongs to, unless that was removed.
    pub event: Option<&'a Event>,
    /// The name of the user it is about.
    pub user_name: Option<&'a str>,
}

/// What `dump` calls with each change. It ends when this breaks.
pub type VisitChange<'a> = dyn FnMut(&DumpedChange<'_>) -> ControlFlow<()> + 'a;

/// Reads the changes of the directory at `path`, which nobody may be using, and changes nothing in it.
///
/// # Errors
///
/// [`OfflineError`] where the journal is refused. All that is valid before that place was visited then.
pub fn dump(path: &Path, filter: &DumpFilter, visit: &mut VisitChange<'_>) -> Result<(), OfflineError> {
    dump_from(&DataDirectory::open_unchanged(path)?, filter, visit)
}

/// The same in a directory that is open.
pub(super) fn dump_from(
    directory: &DataDirectory,
    filter: &DumpFilter,
    visit: &mut VisitChange<'_>,
) -> Result<(), OfflineError> {
    let journal = JournalFiles::list(directory)?;
    let base = base(directory, &journal)?;
    let beginning = journal.beginning();
    let mut reading = Reading { state: base.state, base_seq: base.point.seq, filter, visit, is_enough: false };
    let mut apply = |first_seq: u64, change_count: u32, bytes: &[u8]| {
        let last_seq = first_seq + u64::from(change_count) - 1;
        reading.record(first_seq, last_seq, bytes)
    };
    let walked = journal.walk(directory, beginning, &mut apply, &mut |_| ());
    match walked.end {
        Err(error) if !reading.is_enough => Err(error.into()),
        _ => Ok(()),
    }
}

/// A dump under way.
struct Reading<'a, 'b> {
    state: State,
    /// Changes up to here are in the state from the beginning.
    base_seq: u64,
    filter: &'a DumpFilter,
    visit: &'a mut VisitChange<'b>,
    /// Nothing more is wanted.
    is_enough: bool,
}

impl Reading<'_, '_> {
    fn record(&mut self, first_seq: u64, last_seq: u64, bytes: &[u8]) -> Result<(), String> {
        let record = decode_record(bytes).map_err(|error| error.to_string())?;
        if first_seq > self.base_seq {
            self.state.apply_bytes(first_seq, bytes)?;
        }
        let is_last = self.filter.to_seq.is_some_and(|to_seq| last_seq >= to_seq);
        if self.tell(first_seq, record).is_break() || is_last { self.enough() } else { Ok(()) }
    }

    /// An error is how a replay is told to end.
    fn enough(&mut self) -> Result<(), String> {
        self.is_enough = true;
        Err("nothing more is wanted".to_owned())
    }

    fn tell(&mut self, first_seq: u64, record: Record) -> ControlFlow<()> {
        let DumpFilter { event: wanted, from_seq, to_seq } = self.filter;
        let id = (record.event.0 as usize).checked_sub(1).and_then(|index| self.state.event_ids.get(index)).cloned();
        if wanted.is_some() && *wanted != id {
            return ControlFlow::Continue(());
        }
        let event = self.state.events.get(&record.event);
        for (seq, change) in (first_seq..).zip(record.changes) {
            if seq < *from_seq || to_seq.is_some_and(|to_seq| seq > to_seq) {
                continue;
            }
            let user_name = change.user().and_then(|user| self.state.sessions.name(user));
            let (at_ms, by, event_number) = (record.at_ms, record.by.clone(), record.event);
            let entry = AuditEntry { seq, at_ms, by, event: id.clone(), event_number, change };
            (self.visit)(&DumpedChange { entry: &entry, event, user_name })?;
        }
        ControlFlow::Continue(())
    }
}
