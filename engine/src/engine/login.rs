//! Logging in.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::core::id::Slug;
use crate::core::outcome::{Answer, Outcome};
use crate::core::rejection::Rejection;
use crate::error::Unavailable;
use crate::inbox::Lane;
use crate::session_table::LiveSession;
use crate::session_turn::{Asked, Identity, Intent, LoginRefusal, SessionRequest};

use super::Engine;

/// A login, durable with all that came of it.
#[derive(Debug)]
pub struct LoginAnswer {
    /// The session.
    pub session: Arc<LiveSession>,
    /// Opened by this login; otherwise the user was logged in already.
    pub fresh: bool,
    /// The journal number of the newest change that the answer rests on.
    pub seq: u64,
    /// When, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// What each event said, in the order in which they were asked.
    pub events: Vec<(Slug, EventAnswer)>,
}

/// What one event said to a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventAnswer {
    /// It decided.
    Decided(Result<Outcome, Rejection>),
    /// Its inbox was full; nothing was done there.
    Overloaded,
}

impl Engine {
    /// Logs a user in under the token whose SHA-256 is `token_hash`. The caller has established who it is.
    ///
    /// `intents` names what the user wants from which events; `None` means what every login gets.
    pub async fn login(
        &self,
        identity: Identity,
        token_hash: [u8; 32],
        intents: Option<Vec<Intent>>,
    ) -> Result<LoginAnswer, LoginRefusal> {
        let Identity { user_name, details, checked_hash } = identity;
        let details = details.filter(|details| details.check().is_ok());
        let identity = Identity { user_name, details, checked_hash };
        let waits = self.wait(Lane::Ordinary)?;
        let names_events = intents.is_some();
        let (reply, answer) = oneshot::channel();
        let sent = self.services.metrics.stopwatch();
        let request = SessionRequest::Login { identity, token_hash, intents, reply, waits, sent };
        self.send_to_sessions(request, Lane::Ordinary)?;
        let opened = answer.await.map_err(|_| Unavailable::ShuttingDown)??;
        let (mut seq, mut events) = (opened.seq, Vec::with_capacity(opened.asked.len()));
        for Asked { event, answer } in opened.asked {
            let answer = match answer {
                Err(rejection) => EventAnswer::Decided(Err(rejection)),
                Ok(receiver) => match receiver.await {
                    Ok(reply) if !names_events && is_nothing_to_tell(&reply.answer) => continue,
                    Ok(reply) => {
                        seq = seq.max(reply.seq);
                        EventAnswer::Decided(reply.answer)
                    }
                    Err(_) => EventAnswer::Overloaded,
                },
            };
            events.push((event, answer));
        }
        Ok(LoginAnswer { session: opened.session, fresh: opened.login.fresh, seq, at_ms: opened.at_ms, events })
    }
}

/// What a login that named no events needs not be told: an event that has nothing (more) for it, or whose sale has not
/// begun or is over.
fn is_nothing_to_tell(answer: &Answer) -> bool {
    use Rejection::{EventNotFound, NotOnSale, SaleCancelled, SaleClosed};
    matches!(answer, Ok(Outcome::NothingNew) | Err(EventNotFound | NotOnSale { .. } | SaleClosed | SaleCancelled))
}
