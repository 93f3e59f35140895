//! A turn of an event actor: many commands, one append to the journal, one wake-up.
//!
//! The stages of a command, in the order of time:
//! 1. `advance`: what time and free tickets demand, before anything else
//! 2. `execute`: decide → changes → evolve, microseconds each
//! 3. append: the turn's records, its replies and the new view go to the journal together; the actor goes on
//! 4. on the journal's thread, after the sync: publish the view, send the replies

use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::RwLockWriteGuard;
use tokio::sync::oneshot;

use crate::clock::Stopwatch;
use crate::core::change::{By, Change};
use crate::core::command::{Caller, Command, Context};
use crate::core::event::Decision;
use crate::core::idempotency::{IdempotencyKey, KeyScope};
use crate::core::planted::{Bug, is_planted};
use crate::core::rejection::Rejection;
use crate::handle::{Envelope, EventHandle, EventView, Reply};
use crate::journal::RecordBuffer;
use crate::lifecycle_log::LifecycleStep;
use crate::machine::EventMachine;
use crate::pressure::Waits;
use crate::record::encode_record;
use crate::services::{AbortOnPanic, Services};
use crate::session_table::LiveSession;
use crate::tally::Tally;
use crate::watchers::Notice;

/// Memory that is used again from turn to turn. There is nothing in it between two of them.
#[derive(Debug, Default)]
pub struct TurnBuffers {
    batch: Vec<Envelope>,
    records: RecordBuffer,
    upkeep: Vec<Change>,
    changes: Vec<Change>,
}

/// Takes a turn. `true` asks for another one at once: commands wait. Where only upkeep is left, the actor is nudged when
/// this turn is durable.
pub fn take_turn(handle: &Arc<EventHandle>, services: &Arc<Services>, buffers: &mut TurnBuffers) -> bool {
    // First the machine, then what is asked of it: of two threads that take turns, neither decides what the other has taken
    // from the inbox before.
    take_turn_with(handle.machine_mut(), handle, services, buffers)
}

/// Takes a turn if nobody has one just now, and the engine is not about to stop: it waits for the turns of its actors alone,
/// and for those that are under way. `None` where it was not taken.
pub fn try_turn(handle: &Arc<EventHandle>, services: &Arc<Services>, buffers: &mut TurnBuffers) -> Option<bool> {
    let machine = handle.try_machine_mut()?;
    let is_stopping = services.is_stopping.load(Ordering::Acquire);
    (!is_stopping).then(|| take_turn_with(machine, handle, services, buffers))
}

fn take_turn_with<'a>(
    machine: RwLockWriteGuard<'a, EventMachine>,
    handle: &'a Arc<EventHandle>,
    services: &'a Arc<Services>,
    buffers: &mut TurnBuffers,
) -> bool {
    let _guard = AbortOnPanic(services);
    let TurnBuffers { batch, records, upkeep, changes } = buffers;
    let most = services.config.actors.slice_commands_max as usize;
    let has_more_commands = handle.inbox().take(most, batch);
    services.metrics.turn_begins(batch.first().and_then(|oldest| oldest.sent));
    let now_ms = services.clock.now_ms();
    let mut turn = Turn {
        handle,
        services,
        now_ms,
        machine,
        records,
        upkeep,
        changes,
        replies: Vec::with_capacity(batch.len()),
        keyed: Vec::new(),
        notices: Vec::new(),
        lifecycle: Vec::new(),
        tally: Tally::default(),
    };
    turn.advance(!batch.is_empty());
    batch.drain(..).for_each(|envelope| turn.execute(envelope));
    let machine = turn.append();
    services.alarms.set(handle.number, machine.next_wake_ms(now_ms, &services.sessions));
    let has_upkeep_left = machine.has_more_to_do(now_ms, &services.sessions);
    // Who looks at the event between two turns has their look before the next one.
    RwLockWriteGuard::unlock_fair(machine);
    if has_upkeep_left && !has_more_commands {
        go_on_once_durable(handle, services, records);
    }
    has_more_commands
}

/// Upkeep goes at the pace of the disk: a million holds that end together must neither fill the journal ahead of everybody
/// else's answers nor keep a processor from those who serve.
fn go_on_once_durable(handle: &Arc<EventHandle>, services: &Services, no_records: &RecordBuffer) {
    let handle = Arc::clone(handle);
    services.journal.append_slice(no_records, Box::new(move |_| handle.nudge()));
}

struct Turn<'a> {
    handle: &'a Arc<EventHandle>,
    services: &'a Arc<Services>,
    /// The same for the whole turn.
    now_ms: u64,
    machine: RwLockWriteGuard<'a, EventMachine>,
    records: &'a mut RecordBuffer,
    /// What the passing of time demands for one command's caller, and what the command itself does; empty between commands.
    upkeep: &'a mut Vec<Change>,
    changes: &'a mut Vec<Change>,
    replies: Vec<PendingReply>,
    keyed: Vec<Keyed>,
    /// Whom the turn concerns, if anybody listens.
    notices: Vec<Notice>,
    /// What the log is to say of the event's life.
    lifecycle: Vec<LifecycleStep>,
    /// What the turn adds to the sums.
    tally: Tally,
}

/// A reply that waits for the journal.
struct PendingReply {
    sender: oneshot::Sender<Reply>,
    /// See [`Command::index`].
    command: usize,
    decision: Decision,
    /// Changes of the turn up to and including this command's; the journal number follows from it.
    changes_so_far: u32,
    /// Held until the answer is sent.
    _waits: Option<Waits>,
    /// Runs since the command was sent, where that is measured.
    sent: Option<Stopwatch>,
}

/// An answer of this turn that is remembered.
struct Keyed {
    scope: KeyScope,
    key: IdempotencyKey,
    /// Changes of the turn up to and including this answer's step.
    changes_so_far: u32,
}

impl<'a> Turn<'a> {
    fn advance(&mut self, has_commands: bool) {
        let mut changes = std::mem::take(self.changes);
        self.machine.advance(self.now_ms, has_commands, &self.services.sessions, &mut changes);
        self.note_absences(&changes);
        self.push_record(&By::System, &changes);
        changes.clear();
        *self.changes = changes;
    }

    fn execute(&mut self, envelope: Envelope) {
        let Envelope { caller, session, key, command, reply, waits, sent } = envelope;
        let (by, index, keyed) = (by(&caller), command.index(), caller.key_scope().zip(key));
        let (mut upkeep, mut changes) = (std::mem::take(self.upkeep), std::mem::take(self.changes));
        let decision = if comes_too_late(&caller, session.as_deref(), &command) {
            Decision { answer: Err(Rejection::SessionEnded), replayed_seq: None }
        } else {
            let damping = self.services.config.damping.damping();
            let presence = &self.services.sessions;
            let context = Context { now_ms: self.now_ms, caller, key, damping, presence };
            self.machine.execute(&context, command, &mut upkeep, &mut changes)
        };
        self.note_absences(&upkeep);
        self.note_absences(&changes);
        self.push_record(&By::System, &upkeep);
        self.push_record(&by, &changes);
        let is_remembered = matches!(changes.last(), Some(Change::AnswerRemembered(_)));
        let changes_so_far = self.remember(keyed, is_remembered, &decision);
        upkeep.clear();
        changes.clear();
        (*self.upkeep, *self.changes) = (upkeep, changes);
        self.replies.push(PendingReply {
            sender: reply,
            command: index,
            decision,
            changes_so_far,
            _waits: waits,
            sent,
        });
    }

    /// Has the next sign of life of those who were passed over told here. One that came since they were looked at counts:
    /// either it finds the mark, or this finds it.
    fn note_absences(&self, changes: &[Change]) {
        let (event, sessions) = (self.machine.event(), &self.services.sessions);
        for change in changes {
            let Change::WaiterSkipped { share, .. } = change else { continue };
            let Some(session) = sessions.find(share.session) else { continue };
            session.pass_over();
            if !event.is_absent(self.now_ms, sessions, share.session) && session.take_passed_over() {
                self.handle.welcome_back(share.user, share.session);
            }
        }
    }

    /// Notes an answer that is remembered. Returns how many changes the reply rests on: a repeat within the very turn of
    /// its first answer, which has no number yet, rests on those of the first.
    fn remember(&mut self, keyed: Option<(KeyScope, IdempotencyKey)>, is_remembered: bool, decision: &Decision) -> u32 {
        let changes_so_far = self.records.change_count();
        let Some((scope, key)) = keyed else { return changes_so_far };
        if is_remembered {
            self.keyed.push(Keyed { scope, key, changes_so_far });
        }
        let first = self.keyed.iter().find(|first| (first.scope, first.key) == (scope, key));
        let first = first.filter(|_| decision.replayed_seq == Some(0));
        first.map_or(changes_so_far, |first| first.changes_so_far)
    }

    fn push_record(&mut self, by: &By, changes: &[Change]) {
        if changes.is_empty() {
            return;
        }
        let (event, now_ms) = (self.handle.number, self.now_ms);
        self.tally.count(by, changes);
        let offset = u64::from(self.records.change_count()) + changes.len() as u64 - 1;
        self.lifecycle.extend(LifecycleStep::among(changes, by, offset));
        if !self.services.watchers.is_empty() {
            let numbered = (self.records.change_count()..).zip(changes);
            let noticed = numbered.filter_map(|(offset, change)| Notice::of(event, now_ms, offset, change));
            self.notices.extend(noticed);
        }
        self.records.push(changes.len() as u32, |bytes| encode_record(event, now_ms, by, changes, bytes));
    }

    /// Hands the turn to the journal: records, view and replies leave together, after the sync.
    fn append(mut self) -> RwLockWriteGuard<'a, EventMachine> {
        let change_count = self.records.change_count();
        // Nothing of the turn has left yet: what cannot be true is never journaled, nor answered.
        if let Err(broken) = self.machine.check_counters() {
            self.services.end_on_violation(&broken);
        }
        self.services.metrics.turn_checked();
        let lasted = self.machine.take_lasted();
        let replies = Replies {
            pending: std::mem::take(&mut self.replies),
            seq_before: self.handle.appended_seq(),
            at_ms: self.now_ms,
            services: Arc::clone(self.services),
        };
        if change_count == 0 && is_planted(Bug::RepeatDoesNotWait) {
            replies.send(0);
            return self.machine;
        }
        if change_count == 0 {
            // Nothing to journal. What the answers rest on may still be on its way to the disk: they wait behind it.
            self.services.journal.append_slice(self.records, Box::new(move |_| replies.send(0)));
            return self.machine;
        }
        let last_offset = u64::from(change_count) - 1;
        let view = EventView::of(self.machine.event(), 0, self.handle.view().as_deref());
        let is_deleted = self.machine.event().is_deleted();
        let (handle, notices, tally) = (Arc::clone(self.handle), std::mem::take(&mut self.notices), self.tally);
        let lifecycle = std::mem::take(&mut self.lifecycle);
        let deliver = move |first_seq: u64| {
            publish(&handle, &replies.services, EventView { seq: first_seq + last_offset, ..view }, is_deleted);
            replies.services.tally.add(&tally);
            replies.services.metrics.lasted(&lasted);
            replies.services.watchers.tell(first_seq, notices);
            replies.send(first_seq);
            lifecycle.iter().for_each(|step| step.log(&handle.id, first_seq));
        };
        let first_seq = self.services.journal.append_slice(self.records, Box::new(deliver));
        self.records.clear();
        self.handle.set_appended_seq(first_seq + last_offset);
        if is_planted(Bug::ViewBeforeDurable) {
            let view = EventView::of(self.machine.event(), first_seq + last_offset, None);
            publish(self.handle, self.services, view, is_deleted);
        }
        for Keyed { scope, changes_so_far, .. } in &self.keyed {
            self.machine.journaled(*scope, first_seq + u64::from(*changes_so_far) - 1);
        }
        self.machine
    }
}

/// The replies of a turn, on their way behind its records.
struct Replies {
    pending: Vec<PendingReply>,
    /// The event's newest change before the turn: what replies rest on that come before the turn's first change.
    seq_before: u64,
    at_ms: u64,
    services: Arc<Services>,
}

impl Replies {
    /// Everything up to and including the turn is durable; its first change has this number.
    fn send(self, first_seq: u64) {
        let metrics = &self.services.metrics;
        let now = metrics.stopwatch().filter(|_| !self.pending.is_empty());
        for PendingReply { sender, command, decision, changes_so_far, _waits, sent } in self.pending {
            metrics.command(command, &decision.answer, sent.zip(now).map(|(sent, now)| sent.until(now)));
            let own_seq = match changes_so_far {
                0 => self.seq_before,
                changes_so_far => first_seq + u64::from(changes_so_far) - 1,
            };
            let reply = Reply {
                answer: decision.answer,
                seq: decision.replayed_seq.filter(|seq| *seq > 0).unwrap_or(own_seq),
                is_replay: decision.replayed_seq.is_some(),
                at_ms: self.at_ms,
            };
            // Whoever asked may have gone; their answer is in the journal all the same.
            let _ = sender.send(reply);
        }
    }
}

/// Makes a durable view the one that everybody sees.
pub(crate) fn publish(handle: &EventHandle, services: &Services, view: EventView, is_deleted: bool) {
    let (version, seq) = (view.description.version, view.seq);
    let has_new_version = handle.view().is_none_or(|earlier| earlier.description.version != version);
    handle.publish(Arc::new(view));
    if is_deleted {
        services.directory.remove(handle);
    } else if has_new_version {
        services.directory.order_changed();
    }
    // Last, so that whoever is told of a removal finds the event gone.
    handle.tell_watchers(seq);
    services.watchers.tell_view(seq);
}

/// Whether the caller's session has ended since they asked: what is taken now would belong to nobody.
fn comes_too_late(caller: &Caller, session: Option<&LiveSession>, command: &Command) -> bool {
    let is_users = matches!(caller, Caller::User { .. });
    is_users && command.takes_tickets() && !session.is_some_and(LiveSession::is_open)
}

fn by(caller: &Caller) -> By {
    match caller {
        Caller::User { .. } => By::User,
        Caller::Admin { name } => By::Admin(name.clone()),
        Caller::System => By::System,
    }
}
