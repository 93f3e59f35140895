//! Stops at the wrong moment, one by one: what a second crash, a full disk or a rotten snapshot must not cost.

use std::collections::BTreeSet;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::clock::ManualClock;
use crate::core::change::{By, SessionEnd};
use crate::core::command::{Caller, Command, Wish};
use crate::engine::open::Work;
use crate::engine::{Engine, Identity};
use crate::storage::DataDirectory;
use crate::storage::simulated::{Damage, Fault, FaultKind, Operation, SimulatedDisk};

use super::client::{EVENTS, slug};
use super::world::{config, create_events, open};

const START_MS: u64 = 1_800_000_000_000;

fn clock(at_ms: u64) -> Arc<ManualClock> {
    Arc::new(ManualClock::at(at_ms))
}

fn log_in(engine: &Engine, name: &str, token: u8) -> Caller {
    let login = engine.finish(engine.login(Identity::named(name), [token; 32], Some(Vec::new()))).unwrap();
    Caller::User { user: login.session.user, session: login.session.number }
}

/// Asks for all three tickets of the gala, or whatever the other event has; waits in line where there are none.
fn hold_all(engine: &Engine, event: usize, caller: &Caller) {
    let wish = Wish { quantity: Some(EVENTS[event].1[0].1), ..Wish::default() };
    let command = Command::PlaceHold { wish, wait: true };
    engine.finish(engine.execute(&slug(EVENTS[event].0), caller.clone(), None, command)).unwrap().answer.unwrap();
}

fn expiries(engine: &Engine) -> Vec<u64> {
    engine.events().iter().filter_map(|view| view.next_expiry_at_ms).collect()
}

/// A sale with a live hold in each event, killed.
fn killed_sale() -> SimulatedDisk {
    let disk = SimulatedDisk::new(1);
    let engine = open(&disk, &clock(START_MS)).unwrap();
    create_events(&engine);
    let ann = log_in(&engine, "ann", 1);
    (0..EVENTS.len()).for_each(|event| hold_all(&engine, event, &ann));
    assert_eq!(expiries(&engine), [START_MS + 120_000; 2]);
    drop(engine);
    disk.after_kill()
}

#[test]
fn a_second_crash_costs_no_hold_its_downtime() {
    let killed = killed_sale();
    let open_in_small_frames = |disk: &SimulatedDisk, at_ms| {
        let mut config = config();
        config.journal.batch_bytes_max = 100;
        let directory = DataDirectory::open_on(Arc::new(disk.clone()), Path::new("/data"))?;
        Engine::open_in(config, directory, clock(at_ms), Work::ByHand)
    };
    let mut credits_seen = BTreeSet::new();
    for at in 0.. {
        let disk = killed.after_kill();
        disk.set_fault(Some(Fault { at, only: None, kind: FaultKind::PowerCut }));
        let opened = open_in_small_frames(&disk, START_MS + 50_000).is_ok();
        if opened && !disk.has_failed() {
            break;
        }
        let found = disk.cut_power(Damage::AllLost);
        let engine = open(&found, &clock(START_MS + 80_000)).unwrap();
        assert_eq!(expiries(&engine), [START_MS + 200_000; 2], "second crash at operation {at}");
        credits_seen.insert(engine.durable_seq());
    }
    assert!(credits_seen.len() > 1, "the second crash never came between two credits");
}

#[test]
fn what_the_line_gets_after_a_restart_has_its_full_time_and_no_more() {
    let disk = SimulatedDisk::new(1);
    let clock_before = clock(START_MS);
    let engine = open(&disk, &clock_before).unwrap();
    create_events(&engine);
    let (ann, ben) = (log_in(&engine, "ann", 1), log_in(&engine, "ben", 2));
    hold_all(&engine, 1, &ann);
    hold_all(&engine, 1, &ben);
    // Ann's time runs out, the heart beats, and the process is killed before anybody looks.
    clock_before.advance(120_000);
    engine.beat().unwrap();
    drop(engine);
    let engine = open(&disk.after_kill(), &clock(START_MS + 420_000)).unwrap();
    engine.finish(engine.execute(&slug("match"), Caller::System, None, Command::Settle)).unwrap();
    assert_eq!(expiries(&engine), [START_MS + 420_000 + 120_000]);
}

#[test]
fn a_place_under_an_ended_session_is_not_kept_by_a_new_login() {
    let disk = SimulatedDisk::new(1);
    let engine = open(&disk, &clock(START_MS)).unwrap();
    create_events(&engine);
    let (ann, ben) = (log_in(&engine, "ann", 1), log_in(&engine, "ben", 2));
    hold_all(&engine, 1, &ann);
    hold_all(&engine, 1, &ben);
    let Caller::User { user, session } = ben else { unreachable!("a user") };
    // The end is durable, the event has not had its turn, and Ben is back already.
    let mut ending = Box::pin(engine.end_session(session, SessionEnd::Logout, By::User, None));
    assert!(ending.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    engine.take_turn(crate::state::SESSIONS);
    let mut login = Box::pin(engine.login(Identity::named("ben"), [9; 32], Some(Vec::new())));
    assert!(login.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    engine.take_turn(crate::state::SESSIONS);
    engine.write_journal().unwrap();
    assert!(matches!(login.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(Ok(_))));
    drop((ending, login));
    drop(engine);
    let engine = open(&disk.after_kill(), &clock(START_MS + 1_000)).unwrap();
    assert!(engine.finish(engine.belongings(user)).places.is_empty(), "the place of a session that has ended");
}

#[test]
fn a_snapshot_that_cannot_be_read_is_passed_over() {
    let killed = {
        let disk = SimulatedDisk::new(1);
        let engine = open(&disk, &clock(START_MS)).unwrap();
        create_events(&engine);
        engine.finish(engine.snapshot()).unwrap();
        let ann = log_in(&engine, "ann", 1);
        hold_all(&engine, 0, &ann);
        engine.finish(engine.snapshot()).unwrap();
        drop(engine);
        disk.after_kill()
    };
    let mut passed_over = 0;
    for at in 0.. {
        let disk = killed.after_kill();
        disk.set_fault(Some(Fault { at, only: Some(Operation::Read), kind: FaultKind::ErrorOnce }));
        let opened = open(&disk, &clock(START_MS + 1_000));
        if !disk.has_failed() {
            break;
        }
        match opened {
            Ok(engine) => {
                passed_over += 1;
                assert_eq!(expiries(&engine), [START_MS + 121_000]);
            }
            Err(error) => assert_eq!(error.exit_code(), crate::storage::EXIT_IO, "{error}"),
        }
    }
    assert!(passed_over > 3, "{passed_over}");
}

#[test]
fn what_was_retired_is_never_missed() {
    let open_retiring = |disk: &SimulatedDisk, at_ms| {
        let mut config = config();
        (config.journal.retain_days, config.journal.retain_bytes) = (0, 0);
        let directory = DataDirectory::open_on(Arc::new(disk.clone()), Path::new("/data"))?;
        Engine::open_in(config, directory, clock(at_ms), Work::ByHand)
    };
    let (mut retired, mut at) = (0, 0);
    loop {
        let disk = SimulatedDisk::new(at);
        let engine = open_retiring(&disk, START_MS).unwrap();
        create_events(&engine);
        for round in 0..3 {
            // Enough for a new segment, and a snapshot behind it.
            (0..60).for_each(|token| drop(log_in(&engine, &format!("user-{round}"), token)));
            if round == 2 {
                disk.set_fault(Some(Fault { at, only: None, kind: FaultKind::PowerCut }));
            }
            let written = engine.finish(engine.snapshot());
            assert!(written.is_ok() || disk.has_failed());
        }
        let newest_login = engine.durable_seq();
        let is_cut = disk.has_failed();
        retired +=
            u64::from(!disk.paths().contains(&Path::new("/data/journal-00000000000000000001.segment").to_owned()));
        drop(engine);
        for damage in [Damage::AllLost, Damage::EntriesKept, Damage::Anything, Damage::AllKept] {
            let found = disk.cut_power(damage);
            // The newest snapshot may rot besides: there are two more to fall back to.
            let newest =
                found.paths().into_iter().rfind(|path| path.extension().is_some_and(|kind| kind == "snapshot"));
            if let Some(newest) = newest.filter(|_| at % 2 == 1) {
                found.put(&newest, b"rot");
            }
            let engine = open_retiring(&found, START_MS + 1_000)
                .unwrap_or_else(|error| panic!("operation {at}, {damage:?}: {error}"));
            assert!(engine.durable_seq() >= newest_login, "operation {at}, {damage:?}");
        }
        if !is_cut {
            break;
        }
        at += 1;
    }
    assert!(retired > 0 && at > 20, "{retired} of {at}");
}

#[test]
fn a_snapshot_without_room_gives_its_space_back() {
    let disk = SimulatedDisk::new(1);
    let engine = open(&disk, &clock(START_MS)).unwrap();
    create_events(&engine);
    let used_bytes = disk.used_bytes();
    disk.set_capacity_bytes(used_bytes + 100);
    assert!(engine.finish(engine.snapshot()).is_err());
    assert_eq!(disk.used_bytes(), used_bytes);
    disk.set_capacity_bytes(u64::MAX);
    engine.finish(engine.snapshot()).unwrap();
}
