//! Creating events.

use std::sync::{Arc, PoisonError};

use tokio::sync::oneshot;

use crate::core::Event;
use crate::core::change::{AnswerRemembered, By, Change, EventCreated};
use crate::core::command::{Caller, Command};
use crate::core::id::{EventNumber, Slug};
use crate::core::idempotency::{IdempotencyKey, KeyScope};
use crate::core::outcome::Outcome;
use crate::core::rejection::Rejection;
use crate::core::settings::{Details, Settings, TicketTypeDefinition, check_ticket_types};
use crate::core::status::Status;
use crate::error::Unavailable;
use crate::event_turn;
use crate::handle::{EventHandle, EventView, Reply};
use crate::lifecycle_log::LifecycleStep;
use crate::machine::EventMachine;
use crate::record::encode_record;

use super::{Engine, Workers};

/// An event as an organiser describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// The id, which must be free.
    pub id: Slug,
    /// The texts.
    pub details: Details,
    /// The settings.
    pub settings: Settings,
    /// The ticket types, 1 to 32.
    pub ticket_types: Vec<TicketTypeDefinition>,
    /// `draft`, `scheduled` or `on_sale`.
    pub status: Status,
    /// Why, for the audit trail.
    pub reason: Option<String>,
}

impl NewEvent {
    fn check(&self) -> Result<(), Rejection> {
        self.details.check()?;
        self.settings.check()?;
        check_ticket_types(&self.ticket_types)?;
        if matches!(self.status, Status::Draft | Status::Scheduled | Status::OnSale) {
            return Ok(());
        }
        Err(Rejection::invalid("status", "must be draft, scheduled or on_sale"))
    }
}

impl Engine {
    /// Creates an event on behalf of the organiser `admin_name`, and waits until it is durable. A repeat with the same
    /// key gets the first answer.
    pub async fn create_event(
        &self,
        admin_name: &str,
        key: Option<IdempotencyKey>,
        new: NewEvent,
    ) -> Result<Reply, Unavailable> {
        self.check_available()?;
        if let Err(rejection) = new.check() {
            return Ok(Reply {
                answer: Err(rejection),
                seq: self.durable_seq(),
                is_replay: false,
                at_ms: self.now_ms(),
            });
        }
        if let Some(taken) = self.services.directory.find(&new.id) {
            let caller = Caller::Admin { name: admin_name.to_owned() };
            return self.execute_on(&taken, caller, key, Command::CreateAgain).await;
        }
        let created = self.create(admin_name, key, new);
        match created {
            Ok(answer) => answer.await.map_err(|_| Unavailable::ShuttingDown),
            Err(CreateRefusal::Taken(taken)) => {
                let caller = Caller::Admin { name: admin_name.to_owned() };
                self.execute_on(&taken, caller, key, Command::CreateAgain).await
            }
            Err(CreateRefusal::TooMany) => Err(Unavailable::Overloaded),
        }
    }

    /// Journals the creation, then enters the event and starts its actor. Nobody sees it before it is durable.
    fn create(
        &self,
        admin_name: &str,
        key: Option<IdempotencyKey>,
        new: NewEvent,
    ) -> Result<oneshot::Receiver<Reply>, CreateRefusal> {
        let mut newest = self.newest_event.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = self.services.directory.find(&new.id) {
            return Err(CreateRefusal::Taken(taken));
        }
        if newest.0 >= self.services.config.events.events_max {
            return Err(CreateRefusal::TooMany);
        }
        let number = EventNumber(newest.0 + 1);
        let now_ms = self.now_ms();
        let NewEvent { id, details, settings, ticket_types, status, reason } = new;
        let created = EventCreated { id, details, settings, ticket_types, status };
        let mut event = Event::new(number, &created);
        let act = event.creation_act(admin_name, reason);
        let mut changes = vec![Change::EventCreated(Box::new(created)), Change::AdminActed(Box::new(act))];
        if let Some(key) = key {
            let remembered = remembered_creation(key);
            event.evolve(now_ms, &remembered);
            changes.push(remembered);
        }

        let actors = &self.services.config.actors;
        let (capacity, reserved) = (actors.inbox_commands_max, actors.inbox_reserved_for_completions);
        let machine = EventMachine::new(event, now_ms);
        let handle = Arc::new(EventHandle::new(machine, 0, capacity, reserved));
        let answer = self.journal_creation(&handle, &changes, admin_name, now_ms);
        let entered = self.services.directory.insert(Arc::clone(&handle));
        assert!(entered.is_ok(), "an event is created under the lock that makes its id unique");
        *newest = number;
        self.connect_actor(&handle);
        Ok(answer)
    }

    fn journal_creation(
        &self,
        handle: &Arc<EventHandle>,
        changes: &[Change],
        admin_name: &str,
        now_ms: u64,
    ) -> oneshot::Receiver<Reply> {
        let mut record = Vec::new();
        let by = By::Admin(admin_name.to_owned());
        encode_record(handle.number, now_ms, &by, changes, &mut record);
        let last_offset = changes.len() as u64 - 1;
        let lifecycle: Vec<_> = LifecycleStep::among(changes, &by, last_offset).collect();
        let (sender, receiver) = oneshot::channel();
        let (view, _) = handle.read(|event| EventView::of(event, 0, None));
        let (publisher, services) = (Arc::clone(handle), Arc::clone(&self.services));
        let deliver = move |first_seq: u64| {
            let seq = first_seq + last_offset;
            event_turn::publish(&publisher, &services, EventView { seq, ..view }, false);
            drop(sender.send(Reply { answer: Ok(Outcome::Done), seq, is_replay: false, at_ms: now_ms }));
            lifecycle.iter().for_each(|step| step.log(&publisher.id, first_seq));
        };
        let first_seq = self.services.journal.append(&record, changes.len() as u32, Box::new(deliver));
        handle.set_appended_seq(first_seq + last_offset);
        handle.machine_mut().journaled(KeyScope::Admin, first_seq + last_offset);
        receiver
    }

    /// Connects the event with its actor, and wakes it when something is due. Until then there is no turn to take.
    pub(super) fn connect_actor(&self, handle: &Arc<EventHandle>) {
        let (now_ms, presence) = (self.now_ms(), &self.services.sessions);
        let machine = handle.machine();
        let next_wake_ms = machine.next_wake_ms(now_ms, presence);
        let is_due = machine.has_more_to_do(now_ms, presence) || next_wake_ms.is_some_and(|wake_ms| wake_ms <= now_ms);
        drop(machine);
        // Before there is an actor: a turn that it took meanwhile would know better.
        self.services.alarms.set(handle.number, next_wake_ms);
        match &self.workers {
            Workers::Threads { actors, .. } => {
                if let Some(actors) = actors.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
                    actors.connect_event(handle, &self.services);
                }
            }
            #[cfg(test)]
            Workers::ByHand(steps) => steps.connect_event(handle),
        }
        if is_due {
            handle.nudge();
        }
    }
}

enum CreateRefusal {
    /// Somebody was faster.
    Taken(Arc<EventHandle>),
    /// As many events as the server may have.
    TooMany,
}

fn remembered_creation(key: IdempotencyKey) -> Change {
    Change::AnswerRemembered(Box::new(AnswerRemembered {
        scope: KeyScope::Admin,
        key_hash: key.key_hash,
        request_hash: key.request_hash,
        answer: Ok(Outcome::Done),
    }))
}
