//! Asking the engine of this process.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use holdfast_engine::core::command::Wish;
use holdfast_engine::core::hold::HoldState;
use holdfast_engine::core::id::{HoldNumber, Slug, TypeIndex};
use holdfast_engine::core::idempotency::IdempotencyKey;
use holdfast_engine::core::outcome::{Answer as Decision, Outcome};
use holdfast_engine::core::{Caller, Command, Event};
use holdfast_engine::engine::{Engine, EventAnswer, Identity, Intent};
use holdfast_engine::error::Unavailable;
use holdfast_engine::handle::Reply;

use crate::bench::request::{Answer, Asked, Credential, Meaning, Offer, Request, User};
use crate::error::LoadError;

/// The engine, and who has logged in there.
#[derive(Clone)]
pub struct EngineDoor {
    engine: Arc<Engine>,
    /// How many logins there were, by all doors: a token is the number of its login.
    logins: Arc<AtomicU64>,
}

impl EngineDoor {
    /// The first door of an engine; all others are clones of it.
    pub fn new(engine: Arc<Engine>) -> EngineDoor {
        EngineDoor { engine, logins: Arc::default() }
    }

    pub(super) async fn log_in(
        &mut self,
        name: &str,
        wish: Option<&Offer>,
    ) -> Result<(Option<User>, Answer), LoadError> {
        let mut token_hash = [0; 32];
        token_hash[..8].copy_from_slice(&self.logins.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        let intents = wish.map(|offer| Intent { event: offer.event.clone(), wish: wish_for(offer) });
        let login = self.engine.login(Identity::named(name), token_hash, Some(intents.into_iter().collect()));
        let login = match login.await {
            Ok(login) => login,
            Err(refusal) => {
                return Ok((None, Answer { status: Cow::Owned(refusal.to_string()), meaning: Meaning::Refused }));
            }
        };
        let user = Credential::Caller(Caller::User { user: login.session.user, session: login.session.number });
        let answer = match login.events.into_iter().next() {
            None => Answer { status: Cow::Borrowed("no wish"), meaning: Meaning::Done },
            Some((_, EventAnswer::Overloaded)) => refused("overloaded"),
            Some((_, EventAnswer::Decided(decision))) => match meant(decision) {
                answer @ Answer { meaning: Meaning::Held { .. }, .. } => Answer { status: "held".into(), ..answer },
                answer @ Answer { meaning: Meaning::Waiting { .. }, .. } => {
                    Answer { status: "queued".into(), ..answer }
                }
                answer => answer,
            },
        };
        Ok((Some(User(user)), answer))
    }

    pub(super) async fn ask(&mut self, (user, request): Asked<'_>, key: Option<u64>) -> Result<Answer, LoadError> {
        let caller = caller_of(user)?;
        let Some(command) = command(&request) else { return self.look(&caller, &request).await };
        let event = &request.offer().event;
        Ok(replied(self.engine.execute(event, caller, key.map(key_of), command).await))
    }

    pub(super) async fn ask_all(
        &mut self,
        asked: &[Asked<'_>],
        first_key: Option<u64>,
    ) -> Result<Vec<Answer>, LoadError> {
        let mut submitted = Vec::with_capacity(asked.len());
        for (index, (user, request)) in (0..).zip(asked) {
            let command = command(request).ok_or_else(|| LoadError::new("only changes are asked in batches"))?;
            let key = first_key.map(|first| key_of(first + index));
            submitted.push(self.engine.submit(&request.offer().event, caller_of(user)?, key, command));
        }
        let mut answers = Vec::with_capacity(asked.len());
        for answer in submitted {
            answers.push(match answer {
                Ok(answer) => replied(answer.await),
                Err(unavailable) => replied(Err(unavailable)),
            });
        }
        Ok(answers)
    }

    async fn look(&self, caller: &Caller, request: &Request<'_>) -> Result<Answer, LoadError> {
        let Caller::User { user, .. } = *caller else { return Err(LoadError::new("only users look")) };
        let Offer { event, ticket_type, .. } = request.offer();
        let shown = match request {
            Request::OwnHolds(_) => {
                let is_live =
                    |hold: &_| matches!(hold, holdfast_engine::core::outcome::HoldView { state: HoldState::Held, .. });
                let look = |event: &Event, now_ms| event.holds_of(now_ms, user).into_iter().find(is_live);
                match self.engine.read(event, look).await {
                    Some(Some(hold)) => Some(Meaning::Held { number: hold.number.0, is_fresh: false }),
                    Some(None) => Some(Meaning::Done),
                    None => None,
                }
            }
            Request::Place(_) => {
                let index = self.type_index(event, ticket_type.as_ref())?;
                let look = |event: &Event, now_ms| event.place_of(now_ms, user, index);
                self.engine.read(event, look).await.flatten().map(|_| Meaning::Done)
            }
            _ => self.engine.event(event).map(|_| Meaning::Done),
        };
        Ok(shown.map_or(refused("not_found"), |meaning| Answer { status: Cow::Borrowed("done"), meaning }))
    }

    fn type_index(&self, event: &Slug, ticket_type: Option<&Slug>) -> Result<TypeIndex, LoadError> {
        let Some(wanted) = ticket_type else { return Ok(TypeIndex(0)) };
        let view = self.engine.event(event);
        let index = view.and_then(|view| view.description.ticket_types.iter().position(|kind| kind.id == *wanted));
        index.map(|index| TypeIndex(index as u8)).ok_or_else(|| LoadError::new(format!("{event} has no {wanted}")))
    }
}

fn caller_of(user: &User) -> Result<Caller, LoadError> {
    match &user.0 {
        Credential::Caller(caller) => Ok(caller.clone()),
        Credential::Header(_) => Err(LoadError::new("a user of a server cannot ask the engine")),
    }
}

fn wish_for(offer: &Offer) -> Wish {
    Wish { ticket_type: offer.ticket_type.clone(), ..Wish::default() }
}

/// The command of a request; `None` for a look.
fn command(request: &Request<'_>) -> Option<Command> {
    match request {
        Request::Hold { offer, wait } => Some(Command::PlaceHold { wish: wish_for(offer), wait: *wait }),
        Request::Confirm { hold, .. } => Some(Command::ConfirmHold { number: HoldNumber(*hold), quantity: None }),
        Request::Release { hold, .. } => Some(Command::ReleaseHold { number: HoldNumber(*hold), reason: None }),
        Request::Event(_) | Request::OwnHolds(_) | Request::Place(_) => None,
    }
}

/// A key that no other request of the user has, of a request that is asked only once.
fn key_of(number: u64) -> IdempotencyKey {
    IdempotencyKey { key_hash: u128::from(number), request_hash: u128::from(number) }
}

fn replied(reply: Result<Reply, Unavailable>) -> Answer {
    match reply {
        Ok(reply) => meant(reply.answer),
        Err(Unavailable::Overloaded) => refused("overloaded"),
        Err(Unavailable::StorageFull) => refused("storage_full"),
        Err(unavailable) => Answer { status: Cow::Owned(unavailable.to_string()), meaning: Meaning::Refused },
    }
}

fn meant(decision: Decision) -> Answer {
    let meaning = match decision {
        Ok(Outcome::Held { hold, fresh }) => Meaning::Held { number: hold.number.0, is_fresh: fresh },
        Ok(Outcome::Queued { place, fresh: true }) => Meaning::Waiting { ahead: place.ahead },
        Ok(_) => Meaning::Done,
        Err(rejection) => return refused(rejection.code()),
    };
    Answer { status: Cow::Borrowed("done"), meaning }
}

fn refused(code: &'static str) -> Answer {
    Answer { status: Cow::Borrowed(code), meaning: Meaning::Refused }
}
