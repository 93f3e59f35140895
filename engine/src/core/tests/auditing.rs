//! What organisers do is in the audit trail, in the very record of what it changes: who, what, and what is otherwise since.

use super::{Row, Shell, check};
use crate::core::change::{AdminAct, Change, Difference, Subject};
use crate::core::command::{Caller, Command, Context, EventPatch};
use crate::core::damping::Damping;
use crate::core::edit::Edit;
use crate::core::id::{HoldNumber, UserNumber};
use crate::core::presence::AllPresent;
use crate::core::status::Status;

/// Lets an organiser do something, with a reason. Returns the audit entry.
fn act(shell: &mut Shell, command: Command) -> Option<AdminAct> {
    let (caller, mut changes) = (Caller::Admin { name: "ops".to_owned() }, Vec::new());
    let context = Context { now_ms: shell.now_ms, caller, key: None, damping: Damping::OFF, presence: &AllPresent };
    let version = shell.event.version();
    assert!(shell.event.decide(&context, command, &mut changes).answer.is_ok());
    let acts = changes.iter().filter(|change| matches!(change, Change::AdminActed(_))).count();
    let Some(Change::AdminActed(act)) = changes.last() else {
        assert_eq!(acts, 0, "the entry comes last");
        return None;
    };
    assert_eq!(acts, 1);
    let before = shell.event.version();
    changes.iter().filter(|change| matches!(change, Change::AdminActed(_))).for_each(|act| shell.event.evolve(0, act));
    assert_eq!(shell.event.version(), before, "an entry alters nothing");
    assert!(before - version < changes.len() as u32, "the entry is no new version");
    Some((**act).clone())
}

fn told(act: &AdminAct) -> Vec<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let tell = |difference: &Difference| {
        format!("{}: {} to {}", difference.field, text(&difference.before), text(&difference.after))
    };
    act.differences.iter().map(tell).collect()
}

fn why() -> Option<String> {
    Some("a reason".to_owned())
}

#[test]
fn an_entry_comes_after_the_changes_and_before_the_answer() {
    check(
        "event general=1
        ann hold 1
        bob join
        admin key=k1 release #1 -> released #1 1
        changes                 -> hold_released #1 ann, hold_placed #2 bob, admin_acted, answer_remembered
        admin key=k1 release #1 -> again: released #1 1
        changes                 -> none
        admin release #1        -> released #1 1
        changes                 -> none
        admin key=k2 pause      -> done
        changes                 -> status_changed, admin_acted, answer_remembered
        admin key=k3 pause      -> done
        changes                 -> answer_remembered
        admin capacity 0        -> refused capacity_below_committed
        changes                 -> none
        bob release #2
        changes                 -> hold_released #2 bob",
    );
}

#[test]
fn a_change_tells_each_setting_text_and_capacity_that_differs() {
    let mut shell = Shell::new("general=1 vip=2");
    let general = shell.event.ticket_types()[0].id.clone();
    let edits = vec![Edit::HoldSeconds(300), Edit::Venue(Some("Town Hall".to_owned())), Edit::AutoHold(1)];
    let patch = EventPatch { edits, capacities: vec![(general, 5)], reason: why(), ..EventPatch::default() };
    let done = act(&mut shell, Command::Change(Box::new(patch.clone()))).unwrap();
    assert_eq!((done.admin.as_str(), done.action.as_str(), done.about), ("ops", "change", Subject::Event));
    assert_eq!(done.reason, why());
    let differences = ["venue: - to Town Hall", "hold_seconds: 600 to 300", "ticket_types.general.capacity: 1 to 5"];
    assert_eq!(told(&done), differences);
    assert_eq!(act(&mut shell, Command::Change(Box::new(patch))), None, "the second time changes nothing");
}

#[test]
fn a_status_tells_from_where_to_where() {
    let mut shell = Shell::new("general=1");
    let done = act(&mut shell, Command::SetStatus { to: Status::Paused, reason: why() }).unwrap();
    assert_eq!((done.action.as_str(), done.reason.clone()), ("set_status", why()));
    assert_eq!(told(&done), ["status: on_sale to paused"]);
}

#[test]
fn what_is_done_to_a_hold_or_booking_tells_whose_it_is() {
    let mut shell = Shell::new("general=3");
    shell.run(&Row::parse("ann hold 1"));
    let (number, user) = (HoldNumber(1), UserNumber(1));
    let done = act(&mut shell, Command::GiveTime { number, seconds: 60, reason: why() }).unwrap();
    assert_eq!(
        (done.action.as_str(), done.about, done.reason.clone()),
        ("give_time", Subject::Hold { number, user }, why())
    );
    let expires_at = |seconds: u64| (super::shell::START_MS + seconds * 1_000).to_string();
    assert_eq!(told(&done), [format!("expires_at: {} to {}", expires_at(600), expires_at(660))]);
    let done = act(&mut shell, Command::ReleaseHold { number, reason: None }).unwrap();
    assert_eq!((done.action.as_str(), done.about), ("release_hold", Subject::Hold { number, user }));
    assert_eq!(told(&done), ["state: held to released"]);

    shell.run(&Row::parse("ann book 1"));
    let number = HoldNumber(2);
    let done = act(&mut shell, Command::CancelBooking { number, reason: why() }).unwrap();
    assert_eq!((done.action.as_str(), done.about), ("cancel_booking", Subject::Booking { number, user }));
    assert_eq!(told(&done), ["state: booked to cancelled"]);
}

#[test]
fn a_release_among_many_is_told_like_any_other_and_refused_where_the_hold_has_ended() {
    let mut shell = Shell::new("general=3");
    for row in ["ann hold 1", "bob hold 1", "bob confirm #2", "cay hold 1"] {
        shell.run(&Row::parse(row));
    }
    let revoke = |number| Command::RevokeHold { number: HoldNumber(number), reason: why() };
    let done = act(&mut shell, revoke(1)).unwrap();
    let about = Subject::Hold { number: HoldNumber(1), user: UserNumber(1) };
    assert_eq!((done.action.as_str(), done.about, done.reason.clone()), ("release_hold", about, why()));
    assert_eq!(told(&done), ["state: held to released"]);

    let deadline_ms = super::shell::START_MS + 600_000;
    let mut refusal = |number, now_ms| {
        let (caller, mut changes) = (Caller::Admin { name: "ops".to_owned() }, Vec::new());
        let context = Context { now_ms, caller, key: None, damping: Damping::OFF, presence: &AllPresent };
        let answer = shell.event.decide(&context, revoke(number), &mut changes).answer;
        assert!(changes.is_empty());
        answer.unwrap_err().code()
    };
    let now_ms = super::shell::START_MS;
    assert_eq!(refusal(1, now_ms), "already_released");
    assert_eq!(refusal(2, now_ms), "already_confirmed");
    assert_eq!(refusal(3, deadline_ms), "hold_expired", "however late the wheel is");
    assert_eq!(refusal(4, now_ms), "hold_not_found");
}

#[test]
fn a_removal_tells_what_was_removed() {
    let mut shell = Shell::new("general=1 status=draft");
    let done = act(&mut shell, Command::Delete { reason: why() }).unwrap();
    assert_eq!((done.action.as_str(), done.reason.clone()), ("delete", why()));
    assert_eq!(told(&done), ["name: Gala to -", "status: draft to -"]);
}

#[test]
fn a_creation_tells_all_that_was_set() {
    let shell = Shell::new("general=7 status=draft");
    let created = shell.event.creation_act("ops", why());
    let told = told(&created);
    assert_eq!(created.action, "create");
    assert_eq!(told[..2], ["name: - to Gala", "status: - to draft"]);
    assert_eq!(told.last().unwrap(), "ticket_types.general.capacity: - to 7");
    assert!(!told.iter().any(|text| text.starts_with("venue")), "what was not set is not told: {told:?}");
}
