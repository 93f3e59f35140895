//! An event whose inbox is full refuses, and has done nothing.

use std::sync::{Arc, mpsc};

use holdfast_engine::clock::ManualClock;
use holdfast_engine::config::EngineConfig;
use holdfast_engine::core::command::{Command, Wish};
use holdfast_engine::core::id::Slug;
use holdfast_engine::core::settings::{Details, Settings, TicketTypeDefinition};
use holdfast_engine::core::status::Status;
use holdfast_engine::core::{Caller, Outcome};
use holdfast_engine::engine::{Engine, NewEvent, Wheels};
use holdfast_engine::error::Unavailable;
use tokio::task::JoinSet;

/// One place for whoever takes tickets, and one more for those who pay or give back.
fn small_inbox() -> EngineConfig {
    let mut config = EngineConfig::default();
    config.actors.inbox_commands_max = 2;
    config.actors.inbox_reserved_for_completions = 1;
    config.journal.segment_bytes = 1 << 20;
    config.journal.batch_bytes_max = 512 << 10;
    config
}

fn gala() -> NewEvent {
    let general = Slug::new("general").unwrap();
    NewEvent {
        id: Slug::new("gala").unwrap(),
        details: Details { name: "Gala".to_owned(), ..Details::default() },
        settings: Settings { auto_hold: 0, ..Settings::default() },
        ticket_types: vec![TicketTypeDefinition { id: general, name: "General".to_owned(), capacity: 10, price: None }],
        status: Status::OnSale,
    }
}

async fn log_in(engine: &Engine, name: &str, token: u8) -> Caller {
    let login = engine.login(name.to_owned(), [token; 32], None).await.unwrap();
    Caller::User { user: login.session.user, session: login.session.number }
}

/// Keeps the event's actor from taking its next turn until `release` is dropped. Returns once that is so.
fn keep_busy(engine: &Arc<Engine>, release: mpsc::Receiver<()>) -> std::thread::JoinHandle<()> {
    let (engine, id) = (Arc::clone(engine), gala().id);
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_inbox_refuses_and_keeps_a_place_for_those_who_give_back() {
    let data = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(1_000_000));
    let engine = Arc::new(Engine::open(small_inbox(), data.path(), clock, Wheels::ByHand).unwrap());
    engine.create_event("admin", None, gala()).await.unwrap();
    let id = gala().id;
    let first = log_in(&engine, "first", 0).await;
    let hold = || Command::PlaceHold { wish: Wish::default(), wait: false };
    let held = engine.execute(&id, first.clone(), None, hold()).await.unwrap();
    let Ok(Outcome::Held { hold: placed, .. }) = held.answer else { panic!("{held:?}") };
    let mut others = Vec::new();
    for token in 1..=3 {
        others.push(log_in(&engine, &format!("user-{token}"), token).await);
    }

    let (release, released) = mpsc::channel();
    let busy = keep_busy(&engine, released);
    let mut asked = JoinSet::new();
    for caller in others {
        let (engine, id, command) = (Arc::clone(&engine), id.clone(), hold());
        asked.spawn(async move { engine.execute(&id, caller, None, command).await });
    }
    // At most one was taken into the turn that waits, and one has the place behind it.
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
