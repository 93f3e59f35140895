//! Cleaning up on demand: what the wheels do anyway, now and counted.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::core::command::Command;
use crate::core::outcome::Outcome;
use crate::error::Unavailable;
use crate::handle::EventHandle;
use crate::inbox::Lane;
use crate::session_turn::SessionRequest;

use super::{Asked, Engine};

/// What a cleanup did, or would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleanup {
    /// Holds whose deadline had passed.
    pub expired_holds: u64,
    /// Sessions that had been idle, or alive, for too long.
    pub ended_sessions: u64,
    /// Places in line that went with those sessions. A dry run does not know them: 0.
    pub dropped_queue_entries: u64,
    /// What it did has a journal number above this one …
    pub after_seq: u64,
    /// … and up to this one. A dry run does nothing: both are the same.
    pub last_seq: u64,
}

impl Engine {
    /// Expires due holds and ends the sessions whose time is over now; with `dry_run`, only counts them.
    pub async fn cleanup(&self, dry_run: bool) -> Result<Cleanup, Unavailable> {
        self.check_available_for(Lane::Completion)?;
        let begin_seq = self.services.journal.appended_seq();
        let mut cleanup = Cleanup { after_seq: begin_seq, last_seq: begin_seq, ..Cleanup::default() };
        for handle in self.services.directory.all() {
            cleanup.expired_holds += if dry_run { self.due_holds(&handle) } else { self.expire(&handle).await? };
        }
        if dry_run {
            let lengths = self.services.config.sessions.lengths();
            cleanup.ended_sessions = self.services.sessions.overdue(self.now_ms(), &lengths).len() as u64;
        } else {
            self.end_overdue(&mut cleanup).await?;
            cleanup.last_seq = self.durable_seq();
        }
        Ok(cleanup)
    }

    fn due_holds(&self, handle: &EventHandle) -> u64 {
        let count = |event: &crate::core::Event, now_ms| {
            let clock_ms = event.sale_clock_ms(now_ms);
            event.live_holds().filter(|(_, deadline_ms)| clock_ms >= *deadline_ms).count()
        };
        self.look(handle, count).0 as u64
    }

    /// Gives the event turns until nothing is due. Each turn expires what is due before it serves its commands.
    async fn expire(&self, handle: &Arc<EventHandle>) -> Result<u64, Unavailable> {
        let before = handle.machine().expired_holds();
        loop {
            let answer = self.send(handle, Asked::by_the_engine(Command::Settle), Lane::Internal)?;
            answer.await.map_err(|_| Unavailable::ShuttingDown)?;
            if self.due_holds(handle) == 0 {
                return Ok(handle.machine().expired_holds() - before);
            }
        }
    }

    async fn end_overdue(&self, cleanup: &mut Cleanup) -> Result<(), Unavailable> {
        loop {
            let (reply, answer) = oneshot::channel();
            self.send_to_sessions(SessionRequest::EndOverdue { reply }, Lane::Internal)?;
            let ended = answer.await.map_err(|_| Unavailable::ShuttingDown)?;
            if ended.is_empty() {
                return Ok(());
            }
            cleanup.ended_sessions += ended.len() as u64;
            for released in ended.into_iter().flatten() {
                if let Ok(Outcome::SessionEnded { dropped_queue_entries, .. }) =
                    released.await.map_err(|_| Unavailable::ShuttingDown)?.answer
                {
                    cleanup.dropped_queue_entries += u64::from(dropped_queue_entries);
                }
            }
        }
    }
}
