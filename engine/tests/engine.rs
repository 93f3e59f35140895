//! The engine by itself, asked by many tasks at once.

use std::path::Path;
use std::sync::{Arc, mpsc};

use holdfast_engine::clock::ManualClock;
use holdfast_engine::config::EngineConfig;
use holdfast_engine::core::command::{Command, Wish};
use holdfast_engine::core::id::Slug;
use holdfast_engine::core::settings::{Details, Settings, TicketTypeDefinition};
use holdfast_engine::core::status::Status;
use holdfast_engine::core::{Caller, Outcome, Rejection};
use holdfast_engine::engine::{Engine, Identity, NewEvent, Wheels};
use holdfast_engine::error::Unavailable;
use tokio::task::JoinSet;

fn open(data: &Path, adjust: impl FnOnce(&mut EngineConfig)) -> Arc<Engine> {
    let mut config = EngineConfig::default();
    config.journal.segment_bytes = 1 << 20;
    config.journal.batch_bytes_max = 512 << 10;
    adjust(&mut config);
    Arc::new(Engine::open(config, data, Arc::new(ManualClock::at(1_000_000)), Wheels::ByHand).unwrap())
}

fn gala(capacity: u32) -> NewEvent {
    let general = Slug::new("general").unwrap();
    NewEvent {
        id: Slug::new("gala").unwrap(),
        details: Details { name: "Gala".to_owned(), ..Details::default() },
        settings: Settings { auto_hold: 0, ..Settings::default() },
        ticket_types: vec![TicketTypeDefinition { id: general, name: "General".to_owned(), capacity, price: None }],
        status: Status::OnSale,
        reason: None,
    }
}

async fn log_in(engine: &Engine, number: u16) -> Caller {
    let mut token_hash = [0; 32];
    token_hash[..2].copy_from_slice(&number.to_le_bytes());
    let login = engine.login(Identity::named(format!("user-{number}")), token_hash, None).await.unwrap();
    Caller::User { user: login.session.user, session: login.session.number }
}

/// Keeps the event's actor from taking its next turn until `release` is dropped. Returns once that is so.
fn keep_busy(engine: &Arc<Engine>, release: mpsc::Receiver<()>) -> std::thread::JoinHandle<()> {
    let (engine, id) = (Arc::clone(engine), gala(0).id);
    let (looking, looks) = mpsc::channel();
    let look = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(engine.read(&id, |_, _| {
            looking.send(()).unwrap();
            let _ = release.recv();
        }));
    };
    let thread = std::thread::spawn(look);
    looks.recv().unwrap();
    thread
}

fn hold() -> Command {
    Command::PlaceHold { wish: Wish::default(), wait: false }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_at_once_exactly_one_gets_the_last_ticket() {
    let data = tempfile::tempdir().unwrap();
    let engine = open(data.path(), |_| ());
    let id = gala(1).id;
    engine.create_event("admin", None, gala(1)).await.unwrap();
    let mut callers = Vec::new();
    for number in 0..1_000 {
        callers.push(log_in(&engine, number).await);
    }
    let mut asked = JoinSet::new();
    for caller in callers {
        let (engine, id) = (Arc::clone(&engine), id.clone());
        asked.spawn(async move { engine.execute(&id, caller, None, hold()).await.unwrap().answer });
    }
    let answers = asked.join_all().await;
    let (held, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(held.len(), 1);
    assert!(refused.iter().all(|answer| matches!(answer, Err(Rejection::SoldOut { .. }))), "{refused:?}");
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_inbox_refuses_and_keeps_a_place_for_those_who_give_back() {
    let data = tempfile::tempdir().unwrap();
    // One place for whoever takes tickets, and one more for those who pay or give back.
    let engine = open(data.path(), |config| {
        config.actors.inbox_commands_max = 2;
        config.actors.inbox_reserved_for_completions = 1;
    });
    let id = gala(10).id;
    engine.create_event("admin", None, gala(10)).await.unwrap();
    let first = log_in(&engine, 0).await;
    let held = engine.execute(&id, first.clone(), None, hold()).await.unwrap();
    let Ok(Outcome::Held { hold: placed, .. }) = held.answer else { panic!("{held:?}") };
    let mut others = Vec::new();
    for number in 1..=3 {
        others.push(log_in(&engine, number).await);
    }

    let (release, released) = mpsc::channel();
    let busy = keep_busy(&engine, released);
    let mut asked = JoinSet::new();
    for caller in others {
        let (engine, id, command) = (Arc::clone(&engine), id.clone(), hold());
        asked.spawn(async move { engine.execute(&id, caller, None, command).await });
    }
    // The turn waits, with all that was asked; one of these has the place.
    assert_eq!(asked.join_next().await.unwrap().unwrap(), Err(Unavailable::Overloaded));
    let give_back = {
        let (engine, id) = (Arc::clone(&engine), id.clone());
        let command = Command::ReleaseHold { number: placed.number, reason: None };
        tokio::spawn(async move { engine.execute(&id, first, None, command).await })
    };
    drop(release);
    busy.join().unwrap();

    assert!(matches!(give_back.await.unwrap().unwrap().answer, Ok(Outcome::Hold(_))), "the place was kept for it");
    let rest = asked.join_all().await;
    let got = rest.iter().filter(|answer| answer.is_ok()).count();
    let view = engine.event(&id).unwrap();
    assert_eq!(view.totals().held, got as u64, "who was refused has nothing: {rest:?}");
    engine.shutdown().await;
}

#[tokio::test]
async fn an_engine_that_is_gone_has_let_go_of_its_directory_whether_or_not_its_events_were_asked_anything() {
    let data = tempfile::tempdir().unwrap();
    for asks in [false, true] {
        let engine = open(data.path(), |_| ());
        if engine.read(&gala(1).id, |_, _| ()).await.is_none() {
            engine.create_event("admin", None, gala(1)).await.unwrap().answer.unwrap();
        }
        if asks {
            let caller = log_in(&engine, 1).await;
            engine.execute(&gala(1).id, caller, None, hold()).await.unwrap().answer.unwrap();
        }
        engine.shutdown().await;
    }
    let engine = open(data.path(), |_| ());
    assert_eq!(engine.read(&gala(1).id, |event, _| event.live_hold_count()).await.unwrap(), 1);
    engine.shutdown().await;
}
