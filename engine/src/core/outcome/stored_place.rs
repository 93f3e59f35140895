//! A place in line as a remembered answer keeps it.
//!
//! Builds that told nothing about the wait wrote the same bytes without it. So what is known of a wait is a further
//! state: a place without it is read and written as ever.

use serde::{Deserialize, Serialize};

use super::{QueueState, QueueView, Wait};
use crate::core::id::{LoginSeq, TypeIndex, UserNumber};

/// See [`QueueView`].
#[derive(Serialize, Deserialize)]
pub(super) struct StoredPlace {
    ticket_type: TypeIndex,
    quantity: u32,
    ahead: u64,
    joined_at_ms: u64,
    state: StoredState,
    at_ms: u64,
    user: UserNumber,
    session: LoginSeq,
}

#[derive(Serialize, Deserialize)]
enum StoredState {
    Waiting,
    Granted,
    Left,
    Dropped,
    /// Waiting, and something is known of the wait.
    WaitingFor(Wait),
}

impl From<QueueView> for StoredPlace {
    fn from(view: QueueView) -> StoredPlace {
        let state = match view.state {
            QueueState::Waiting if view.wait == Wait::default() => StoredState::Waiting,
            QueueState::Waiting => StoredState::WaitingFor(view.wait),
            QueueState::Granted => StoredState::Granted,
            QueueState::Left => StoredState::Left,
            QueueState::Dropped => StoredState::Dropped,
        };
        let QueueView { ticket_type, quantity, ahead, joined_at_ms, at_ms, user, session, .. } = view;
        StoredPlace { ticket_type, quantity, ahead, joined_at_ms, state, at_ms, user, session }
    }
}

impl From<StoredPlace> for QueueView {
    fn from(stored: StoredPlace) -> QueueView {
        let (state, wait) = match stored.state {
            StoredState::Waiting => (QueueState::Waiting, Wait::default()),
            StoredState::WaitingFor(wait) => (QueueState::Waiting, wait),
            StoredState::Granted => (QueueState::Granted, Wait::default()),
            StoredState::Left => (QueueState::Left, Wait::default()),
            StoredState::Dropped => (QueueState::Dropped, Wait::default()),
        };
        let StoredPlace { ticket_type, quantity, ahead, joined_at_ms, at_ms, user, session, .. } = stored;
        QueueView { ticket_type, quantity, ahead, joined_at_ms, state, wait, at_ms, user, session }
    }
}
