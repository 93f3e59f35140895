//! Who asks something of an event, to those who send it on.

use std::sync::Arc;

use crate::core::Caller;
use crate::session_table::LiveSession;

/// A caller, and the live session of a user where it is at hand: then nobody has to look it up.
#[derive(Clone, Debug)]
pub struct Asker {
    /// Who asks.
    pub caller: Caller,
    /// The session that `caller` names.
    pub session: Option<Arc<LiveSession>>,
}

impl From<Caller> for Asker {
    fn from(caller: Caller) -> Asker {
        Asker { caller, session: None }
    }
}

impl From<Arc<LiveSession>> for Asker {
    fn from(session: Arc<LiveSession>) -> Asker {
        Asker { caller: Caller::User { user: session.user, session: session.number }, session: Some(session) }
    }
}
