//! A turn of an event actor: many commands, one append to the journal, one wake-up.
//!
//! The stages of a command, in the order of time:
//! 1. `advance`: what time and free tickets demand, before anything else
//! 2. `execute`: decide → changes → evolve, microseconds each
//! 3. append: the turn's records, its replies and the new view go to the journal together; the actor goes on
//! 4. on the journal's thread, after the sync: publish the view, send the replies

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::core::change::{By, Change};
use crate::core::command::{Caller, Context};
use crate::core::event::Decision;
use crate::core::idempotency::KeyScope;
use crate::directory::Directory;
use crate::handle::{Envelope, EventHandle, EventView, Reply};
use crate::journal::RecordBuffer;
use crate::machine::EventMachine;
use crate::record::encode_record;
use crate::services::{AbortOnPanic, Services};

/// Buffers of a turn, kept by the actor to reuse their memory.
#[derive(Default)]
pub struct TurnBuffers {
    batch: Vec<Envelope>,
    records: RecordBuffer,
    upkeep: Vec<Change>,
    changes: Vec<Change>,
}

/// A reply that waits for the journal.
struct PendingReply {
    sender: oneshot::Sender<Reply>,
    decision: Decision,
    /// Changes of the turn up to and including this command's; the journal number follows from it.
    changes_so_far: u32,
}

/// Takes a turn. `true` asks for another one: commands wait, or upkeep is left.
pub fn take_turn(handle: &Arc<EventHandle>, services: &Arc<Services>, buffers: &mut TurnBuffers) -> bool {
    let _guard = AbortOnPanic;
    let most = services.config.actors.slice_commands_max as usize;
    let has_more_commands = handle.inbox().take(most, &mut buffers.batch);
    let now_ms = services.clock.now_ms();
    let mut machine = handle.machine_mut();

    machine.advance(now_ms, &mut buffers.upkeep);
    push_record(handle, now_ms, &By::System, &mut buffers.upkeep, &mut buffers.records);
    let mut replies = Vec::with_capacity(buffers.batch.len());
    let mut keyed = Vec::new();
    for envelope in buffers.batch.drain(..) {
        let by = by(&envelope.caller);
        let scope = envelope.caller.key_scope();
        let command = envelope.command.index();
        let context = Context { now_ms, caller: envelope.caller, key: envelope.key };
        let decision = machine.execute(&context, envelope.command, &mut buffers.upkeep, &mut buffers.changes);
        services.metrics.command(command, &decision.answer);
        let is_remembered = matches!(buffers.changes.last(), Some(Change::AnswerRemembered(_)));
        push_record(handle, now_ms, &By::System, &mut buffers.upkeep, &mut buffers.records);
        push_record(handle, now_ms, &by, &mut buffers.changes, &mut buffers.records);
        let changes_so_far = buffers.records.change_count();
        keyed.extend(scope.filter(|_| is_remembered).map(|scope| (scope, changes_so_far)));
        replies.push(PendingReply { sender: envelope.reply, decision, changes_so_far });
    }
    append(handle, services, &mut machine, &mut buffers.records, replies, &keyed, now_ms);

    services.alarms.set(handle.number, machine.next_wake_ms());
    has_more_commands || machine.has_more_to_do()
}

/// Hands the turn to the journal: records, view and replies leave together, after the sync.
fn append(
    handle: &Arc<EventHandle>,
    services: &Arc<Services>,
    machine: &mut EventMachine,
    records: &mut RecordBuffer,
    replies: Vec<PendingReply>,
    keyed: &[(KeyScope, u32)],
    now_ms: u64,
) {
    let change_count = records.change_count();
    let seq_before = handle.appended_seq();
    if change_count == 0 {
        // Nothing to journal. What the answers rest on may still be on its way to the disk: they wait behind it.
        let deliver = move |_| send_all(replies, 0, seq_before, now_ms);
        services.journal.append_slice(records, Box::new(deliver));
        return;
    }
    let view = EventView::of(machine.event(), 0, handle.view().as_deref());
    let is_deleted = machine.event().is_deleted();
    let (publisher, publishing) = (Arc::clone(handle), Arc::clone(services));
    let deliver = move |first_seq: u64| {
        let seq = first_seq + u64::from(change_count) - 1;
        publish(&publisher, &publishing.directory, EventView { seq, ..view }, is_deleted);
        send_all(replies, first_seq, seq_before, now_ms);
    };
    let first_seq = services.journal.append_slice(records, Box::new(deliver));
    records.clear();
    handle.set_appended_seq(first_seq + u64::from(change_count) - 1);
    for (scope, changes_so_far) in keyed {
        machine.journaled(*scope, first_seq + u64::from(*changes_so_far) - 1);
    }
}

/// Makes a durable view the one that everybody sees.
fn publish(handle: &EventHandle, directory: &Directory, view: EventView, is_deleted: bool) {
    let version = view.description.version;
    let has_new_version = handle.view().is_none_or(|earlier| earlier.description.version != version);
    handle.publish(Arc::new(view));
    if is_deleted {
        directory.remove(handle);
    } else if has_new_version {
        directory.order_changed();
    }
}

fn send_all(replies: Vec<PendingReply>, first_seq: u64, seq_before: u64, now_ms: u64) {
    for PendingReply { sender, decision, changes_so_far } in replies {
        let own_seq = if changes_so_far == 0 { seq_before } else { first_seq + u64::from(changes_so_far) - 1 };
        let reply = Reply {
            answer: decision.answer,
            // A repeat within the very turn of its first answer finds no number yet; its own step's is the same.
            seq: decision.replayed_seq.filter(|seq| *seq > 0).unwrap_or(own_seq),
            is_replay: decision.replayed_seq.is_some(),
            at_ms: now_ms,
        };
        // Whoever asked may have gone; their answer is in the journal all the same.
        let _ = sender.send(reply);
    }
}

fn push_record(handle: &EventHandle, now_ms: u64, by: &By, changes: &mut Vec<Change>, records: &mut RecordBuffer) {
    if changes.is_empty() {
        return;
    }
    let encode = |bytes: &mut Vec<u8>| encode_record(handle.number, now_ms, by, changes, bytes);
    records.push(changes.len() as u32, encode);
    changes.clear();
}

fn by(caller: &Caller) -> By {
    match caller {
        Caller::User { .. } => By::User,
        Caller::Admin { name } => By::Admin(name.clone()),
        Caller::System => By::System,
    }
}
