//! One fixed script of the engine, in which every operation of the disk fails in turn, with every kind of damage; and a
//! second power cut at every operation of the recovery that follows.
//!
//! The engine never makes the same mistake twice in the same place here: the script is the same each time, so operation
//! `k` is always the same operation.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::clock::ManualClock;
use crate::core::command::{Caller, Command, Wish};
use crate::engine::{AuditEntry, Engine, Identity};
use crate::storage::simulated::{Damage, Fault, FaultKind, SimulatedDisk};

use super::client::{EVENTS, slug};
use super::trail::Trail;
use super::world::{create_events, open};

const START_MS: u64 = 1_800_000_000_000;
/// Rounds of the script. Each is a login, some commands, and at times a seal, a snapshot or a rotated segment.
const ROUNDS: u64 = 26;

/// What the script saw before it ended.
struct Run {
    disk: SimulatedDisk,
    /// The durable changes it was shown.
    shown: Vec<AuditEntry>,
    has_ended: bool,
}

/// Runs the script on a new disk, with this fault to come. It ends where the process would.
fn run(fault: Option<Fault>) -> Run {
    let disk = SimulatedDisk::new(42);
    let clock = Arc::new(ManualClock::at(START_MS));
    let mut run = Run { disk: disk.clone(), shown: Vec::new(), has_ended: false };
    let engine = open(&disk, &clock).expect("a new store");
    create_events(&engine);
    // Nothing has been promised to anybody before; the first start has a test of its own.
    disk.set_fault(fault);
    for round in 0..ROUNDS {
        if play(&engine, round).is_none() {
            return run;
        }
        clock.advance(20_000);
        engine.turn_wheels();
        engine.rung().into_iter().for_each(|number| engine.take_turn(number));
        if let Ok(page) = engine.changes(run.shown.len() as u64, usize::MAX, None) {
            run.shown.extend(page.entries);
        }
        if round % 6 == 5 {
            // One that fails is only reported.
            let _ = poll(engine.snapshot());
        }
        if round % 4 == 3 && engine.seal_journal().is_err() {
            return run;
        }
    }
    run.has_ended = true;
    run
}

/// A login, a hold, a booking and a release. Nothing once the process has ended.
fn play(engine: &Engine, round: u64) -> Option<()> {
    let (event, types) = EVENTS[(round % 2) as usize];
    let mut token = [0; 32];
    token[..8].copy_from_slice(&round.to_le_bytes());
    let login =
        finish(engine, engine.login(Identity::named(format!("user-{}", round % 5)), token, Some(Vec::new())))?.ok()?;
    let caller = Caller::User { user: login.session.user, session: login.session.number };
    let ticket_type = Some(slug(types[(round / 2) as usize % types.len()].0));
    let wish = Wish { ticket_type, quantity: Some(1), min_quantity: None };
    let ask = |command| finish(engine, engine.execute(&slug(event), caller.clone(), None, command));
    ask(Command::PlaceHold { wish: wish.clone(), wait: true })?.ok()?;
    if round.is_multiple_of(3) {
        ask(Command::Book { wish: wish.clone() })?.ok()?;
    }
    if round % 5 == 4 {
        ask(Command::LeaveQueue { ticket_type: None })?.ok()?;
    }
    Some(())
}

fn poll<T>(future: impl Future<Output = T>) -> Poll<T> {
    std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Gives the engine its turns until the future is done; nothing where the journal fails, which ends the process.
fn finish<T>(engine: &Engine, future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    for _ in 0..100 {
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return Some(done);
        }
        engine.rung().into_iter().for_each(|number| engine.take_turn(number));
        engine.write_journal().ok()?;
    }
    panic!("the script hangs");
}

/// Starts on what is left. Everything that was shown must be there, and the rest must be a legal sale.
fn check_start(disk: &SimulatedDisk, shown: &[AuditEntry], context: &dyn Fn() -> String) {
    let engine = match open(disk, &Arc::new(ManualClock::at(START_MS + 1_000_000))) {
        Ok(engine) => engine,
        Err(error) => panic!("{}: the start is refused: {error}", context()),
    };
    let entries = engine.changes(0, usize::MAX, None).unwrap().entries;
    assert!(entries.starts_with(shown), "{}: what was shown is not there", context());
    let mut trail = Trail::default();
    trail.extend(entries);
    for handle in engine.handles() {
        handle.machine().event().check_invariants().unwrap();
    }
}

/// Damage that a start must cope with by itself. A sector torn in its middle may be refused instead: nothing proves that
/// it is not rot.
fn check_after_power_cut(run: &Run, damage: Damage, context: &dyn Fn() -> String) {
    let found = run.disk.cut_power(damage);
    if damage == Damage::TornSector {
        match open(&found.after_kill(), &Arc::new(ManualClock::at(START_MS + 1_000_000))) {
            Err(error) => return assert_eq!(error.exit_code(), crate::storage::EXIT_DATA, "{}: {error}", context()),
            Ok(engine) => drop(engine),
        }
    }
    check_start(&found.after_kill(), &run.shown, context);
}

fn fault(at: u64, kind: FaultKind) -> Option<Fault> {
    Some(Fault { at, only: None, kind })
}

/// How many operations the script has without a fault.
fn operations() -> u64 {
    let run = run(fault(u64::MAX, FaultKind::PowerCut));
    assert!(run.has_ended);
    run.disk.operations()
}

#[test]
fn the_power_is_cut_at_every_operation_with_every_damage() {
    let mut cuts = 0;
    for at in 0.. {
        let run = run(fault(at, FaultKind::PowerCut));
        for damage in Damage::ALL {
            check_after_power_cut(&run, damage, &|| format!("operation {at}, {damage:?}"));
            cuts += 1;
        }
        if run.has_ended {
            break;
        }
    }
    println!("{cuts} power cuts in a script of {} operations", operations());
    assert!(cuts > 300 * 16, "{cuts}");
}

#[test]
fn a_first_start_can_be_cut_off_anywhere() {
    for at in 0.. {
        for damage in Damage::ALL {
            let disk = SimulatedDisk::new(at);
            disk.set_fault(fault(at, FaultKind::PowerCut));
            let opened = open(&disk, &Arc::new(ManualClock::at(START_MS)));
            if opened.is_ok() && !disk.has_failed() {
                assert!(at > 10, "{at}");
                return;
            }
            drop(opened);
            check_start(&disk.cut_power(damage), &[], &|| format!("operation {at} of the first start, {damage:?}"));
        }
    }
}

#[test]
fn an_error_at_every_operation_costs_nothing_that_was_shown() {
    for kind in [FaultKind::ErrorOnce, FaultKind::ErrorForEver, FaultKind::FullOnce] {
        for at in 0.. {
            let run = run(fault(at, kind));
            if !run.disk.has_failed() {
                break;
            }
            // The next process may find what the kernel has cached, or only what the disk has.
            check_start(&run.disk.after_kill(), &run.shown, &|| format!("{kind:?} at operation {at}, killed"));
            for damage in [Damage::AllLost, Damage::AllKept, Damage::Anything] {
                check_after_power_cut(&run, damage, &|| format!("{kind:?} at operation {at}, {damage:?}"));
            }
        }
    }
}

#[test]
fn a_second_power_cut_comes_at_every_operation_of_the_recovery() {
    let operations = operations();
    let mut cuts = 0;
    // A prime stride over the script: every kind of place, and not all of them.
    for at in (0..operations).step_by(13) {
        let run = run(fault(at, FaultKind::PowerCut));
        let first = Damage::ALL[at as usize / 13 % 13];
        let found = run.disk.cut_power(first);
        for second_at in 0.. {
            let disk = found.after_kill();
            disk.set_fault(fault(second_at, FaultKind::PowerCut));
            let opened = open(&disk, &Arc::new(ManualClock::at(START_MS + 900_000)));
            if opened.is_ok() && !disk.has_failed() {
                break;
            }
            drop(opened);
            for second in [Damage::AllLost, Damage::AllKept, Damage::Anything] {
                let left = disk.cut_power(second);
                check_start(&left, &run.shown, &|| {
                    format!("operation {at}, {first:?}, then operation {second_at} of the recovery, {second:?}")
                });
                cuts += 1;
            }
        }
    }
    println!("{cuts} second power cuts");
    assert!(cuts > 2_000, "{cuts}");
}
