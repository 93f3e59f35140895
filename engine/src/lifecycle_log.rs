//! A line of the log for each step of an event's life, whether an organiser takes it or time does, once it is durable.

use crate::core::change::{By, Change};
use crate::core::id::Slug;
use crate::core::status::Status;

/// A step of an event's life that a turn has taken, and that is not durable yet.
#[derive(Debug)]
pub(crate) struct LifecycleStep {
    what: What,
    /// The organiser who wanted it; `None` where it was due.
    organiser: Option<String>,
    /// Changes of the turn before the last one of the step. From it follows the number that the organiser's answer has.
    offset: u64,
}

#[derive(Debug, PartialEq, Eq)]
enum What {
    Created(Status),
    Moved { from: Status, to: Status },
    Deleted,
}

impl LifecycleStep {
    /// The steps among the changes of one record. `offset` is how many changes of the turn come before its last one.
    pub(crate) fn among<'a>(
        changes: &'a [Change],
        by: &'a By,
        offset: u64,
    ) -> impl Iterator<Item = LifecycleStep> + use<'a> {
        let organiser = if let By::Admin(name) = by { Some(name) } else { None };
        let step = move |what| LifecycleStep { what, organiser: organiser.cloned(), offset };
        changes.iter().filter_map(What::of).map(step)
    }

    /// The step is durable; the turn's first change has the number `first_seq`.
    pub(crate) fn log(&self, event: &Slug, first_seq: u64) {
        let (event, organiser, seq) = (event.as_str(), self.organiser.as_deref(), first_seq + self.offset);
        match self.what {
            What::Created(status) => {
                tracing::info!(event, status = status.as_str(), organiser, seq, "an event was created");
            }
            What::Moved { from, to } => {
                let (from, to) = (from.as_str(), to.as_str());
                tracing::info!(event, from, to, organiser, seq, "an event changed its status");
            }
            What::Deleted => tracing::info!(event, organiser, seq, "an event was removed"),
        }
    }
}

impl What {
    fn of(change: &Change) -> Option<What> {
        match change {
            Change::EventCreated(created) => Some(What::Created(created.status)),
            Change::StatusChanged { from, to, .. } => Some(What::Moved { from: *from, to: *to }),
            Change::EventDeleted => Some(What::Deleted),
            _ => None,
        }
    }
}
