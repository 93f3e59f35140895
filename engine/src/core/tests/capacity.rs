//! Capacity and settings.

use super::{Row, Shell, check};
use crate::core::change::Change;
use crate::core::command::{Caller, Command, Context, EventPatch};
use crate::core::damping::Damping;
use crate::core::presence::AllPresent;
use crate::core::rejection::Rejection;

#[test]
fn raising_grants_to_the_line_at_once() {
    check(
        "event general=0
        ann join 2
        bob join 1
        admin capacity 2 -> done
        changes          -> capacity_changed, hold_placed #1 ann
        admin capacity 3
        changes          -> capacity_changed, hold_placed #2 bob
        show             -> available 0 held 3 booked 0 waiting 0",
    );
}

#[test]
fn lowering_stops_at_what_is_held_and_booked() {
    check(
        "event general=9
        ann hold 2
        bob book 3
        admin capacity 4 -> refused capacity_below_committed min 5
        admin capacity 5 -> done
        show             -> available 0 held 2 booked 3 waiting 0 capacity 5
        cay hold 1       -> refused sold_out held 2 next 600s",
    );
}

#[test]
fn a_capacity_of_0_is_legal() {
    check(
        "event general=3
        admin capacity 0 -> done
        ann hold 1       -> refused sold_out held 0
        ann join         -> waits at 1 for 1
        show             -> available 0 held 0 booked 0 waiting 1 capacity 0",
    );
}

#[test]
fn each_type_has_its_own_counters() {
    check(
        "event general=1 vip=1
        admin capacity vip 3   -> done
        admin capacity floor 3 -> refused ticket_type_not_found
        ann hold 3 vip         -> held #1 3 vip
        show                   -> available 1 held 0 booked 0 waiting 0 capacity 1
        show vip               -> available 0 held 3 booked 0 waiting 0 capacity 3",
    );
}

#[test]
fn raising_in_a_pause_grants_at_the_resume() {
    check(
        "event general=0
        ann join
        pause
        admin capacity 1
        changes          -> capacity_changed
        resume
        changes          -> status_changed, clocks_shifted, hold_placed #1 ann",
    );
}

#[test]
fn a_capacity_beyond_the_bound_is_refused() {
    check(
        "event general=1
        admin capacity 100000001 -> refused validation_failed capacity
        admin capacity 100000000 -> done",
    );
}

#[test]
fn lowered_limits_take_nothing_away_but_give_nothing_more() {
    check(
        "event general=9
        ann hold 4
        admin set max_per_hold 2
        admin set auto_hold 1
        admin set max_per_user 2
        ann hold       -> has #1 4
        ann hold 3     -> has #1 3
        ann hold 4     -> refused limit_reached limit 2 used 3
        ann confirm #1 -> booked #1 3 from hold
        ann book 1     -> refused limit_reached limit 2 used 3",
    );
}

#[test]
fn settings_that_contradict_themselves_are_refused_by_name() {
    check(
        "event general=9
        admin set hold_seconds 0                -> refused validation_failed hold_seconds
        admin set max_per_user 0                -> refused validation_failed max_per_user
        admin set max_per_user 3                -> refused validation_failed max_per_hold
        admin set auto_hold 5                   -> refused validation_failed auto_hold
        admin set max_hold_lifetime_seconds 599 -> refused validation_failed max_hold_lifetime_seconds
        admin set opens_at 100s                 -> done
        admin set closes_at 100s                -> refused validation_failed closes_at",
    );
}

#[test]
fn a_change_with_an_old_version_is_a_conflict_and_changes_nothing() {
    let mut shell = Shell::new("general=1");
    let seen = shell.event.version();
    shell.run(&Row::parse("admin capacity 2"));
    assert!(shell.event.version() > seen);
    let change = |if_version| {
        let capacities = vec![(shell.event.ticket_types()[0].id.clone(), 3)];
        Command::Change(Box::new(EventPatch { capacities, if_version: Some(if_version), ..EventPatch::default() }))
    };
    let (conflict, current) = (change(seen), change(shell.event.version()));
    let context = Context {
        now_ms: shell.now_ms,
        caller: Caller::Admin { name: "ops".to_owned() },
        key: None,
        damping: Damping::OFF,
        presence: &AllPresent,
    };
    let mut changes = Vec::new();
    assert_eq!(shell.event.decide(&context, conflict, &mut changes).answer, Err(Rejection::VersionConflict));
    assert!(changes.is_empty());
    assert!(shell.event.decide(&context, current, &mut changes).answer.is_ok());
    assert!(matches!(changes.as_slice(), [Change::CapacityChanged { from: 2, to: 3, .. }, Change::AdminActed(_)]));
}
