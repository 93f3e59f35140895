//! What somebody missed who comes back: read from the journal, in one pass for all who come back together.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use holdfast_engine::engine::{Absence, Shifts, Touches};
use tokio::sync::oneshot;

use crate::gateway::Gateway;

/// What somebody missed. `None` if it cannot be told.
pub type Answer = Option<Missed>;

/// What somebody missed.
pub struct Missed {
    /// Up to and including this change.
    pub until_seq: u64,
    /// What has become of the user's things by then.
    pub touches: Touches,
    /// What happened to everybody meanwhile.
    pub shifts: Arc<Shifts>,
}

/// Those who have come back and wait to hear what they missed.
#[derive(Default)]
pub struct Returned {
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    absences: Vec<Absence>,
    askers: Vec<oneshot::Sender<Answer>>,
    /// Somebody reads, and looks again when they are done.
    is_read: bool,
}

impl Returned {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins those who wait. `true` for one who has to read for all.
    fn join(&self, absence: Absence, asker: oneshot::Sender<Answer>) -> bool {
        let mut waiting = self.waiting();
        waiting.absences.push(absence);
        waiting.askers.push(asker);
        !std::mem::replace(&mut waiting.is_read, true)
    }

    /// All who wait; `None` once nobody does, and then whoever comes next has to read.
    fn take(&self) -> Option<(Vec<Absence>, Vec<oneshot::Sender<Answer>>)> {
        let mut waiting = self.waiting();
        waiting.is_read = !waiting.askers.is_empty();
        waiting.is_read.then(|| (std::mem::take(&mut waiting.absences), std::mem::take(&mut waiting.askers)))
    }
}

/// What has become of a user's things since they were told last.
pub async fn missed(gateway: &Arc<Gateway>, absence: Absence) -> Answer {
    let (asker, answer) = oneshot::channel();
    if gateway.feed().returned().join(absence, asker) {
        let gateway = Arc::clone(gateway);
        tokio::task::spawn_blocking(move || read(&gateway));
    }
    answer.await.ok().flatten()
}

fn read(gateway: &Gateway) {
    while let Some((absences, askers)) = gateway.feed().returned().take() {
        let missed = gateway.engine().ok().map(|engine| engine.missed(&absences));
        match missed {
            Some(Ok(missed)) => {
                let (until_seq, shifts) = (missed.until_seq, Arc::new(missed.shifts));
                for (asker, touches) in askers.into_iter().zip(missed.touches) {
                    let shifts = Arc::clone(&shifts);
                    // They may have gone again.
                    let _ = asker.send(touches.map(|touches| Missed { until_seq, touches, shifts }));
                }
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "what was missed by those who came back cannot be read; they are told the present state");
            }
            None => {}
        }
    }
}
