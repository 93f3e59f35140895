//! Who wants to be told, instead of asking again and again.

use std::sync::Arc;

use tokio::sync::watch;

use super::Engine;
use crate::core::id::{Slug, UserNumber};
use crate::services::Services;
use crate::session_table::LiveSession;
use crate::watchers::UserWatch;

/// A stream that a session has open.
pub struct Attendance {
    services: Arc<Services>,
    session: Arc<LiveSession>,
}

impl Drop for Attendance {
    fn drop(&mut self) {
        self.session.stream_closed(self.services.clock.now_ms());
    }
}

impl Engine {
    /// Told of each durable view of an event that comes from now on, as its journal number; of several in a row perhaps only
    /// the last, and of the event's removal. `None` if there is no such event. What is there already is to be looked at
    /// after this call.
    pub fn watch_event(&self, id: &Slug) -> Option<watch::Receiver<u64>> {
        Some(self.services.directory.find(id)?.watch())
    }

    /// Told likewise of the durable views and the removals of all events.
    pub fn watch_events(&self) -> watch::Receiver<u64> {
        self.services.watchers.watch_views()
    }

    /// Told whenever something of a user's has changed durably: a hold, a booking, a place in line, or which tokens open a
    /// session of theirs.
    pub fn watch_user(&self, user: UserNumber) -> UserWatch {
        Arc::clone(&self.services.watchers).watch(user)
    }

    /// Keeps the session's user present in every line until what is returned is dropped: they have a stream open.
    pub fn attend(&self, session: &Arc<LiveSession>) -> Attendance {
        session.stream_opened();
        Attendance { services: Arc::clone(&self.services), session: Arc::clone(session) }
    }

    /// Whether a token, by its SHA-256, opens a live session. No sign of life.
    pub fn is_opened_by(&self, token_hash: &[u8; 32]) -> bool {
        self.services.sessions.is_opened_by(token_hash)
    }
}
