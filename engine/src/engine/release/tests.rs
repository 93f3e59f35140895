use std::pin::pin;
use std::task::{Context, Waker};

use super::{ReleaseWish, STEP_HOLDS_MAX};
use crate::core::command::{Caller, Command, Wish};
use crate::core::id::{HoldNumber, Slug};
use crate::core::settings::{Details, Settings, TicketTypeDefinition};
use crate::core::status::Status;
use crate::engine::{Engine, Identity, NewEvent};

/// An engine whose turns are taken by [`Engine::finish`] alone, with a sale.
fn open() -> Engine {
    Engine::with_event(gala())
}

fn gala() -> NewEvent {
    let (id, name) = (Slug::new("general").unwrap(), "General".to_owned());
    NewEvent {
        id: Slug::new("gala").unwrap(),
        details: Details { name: "Gala".to_owned(), ..Details::default() },
        settings: Settings { auto_hold: 0, ..Settings::default() },
        ticket_types: vec![TicketTypeDefinition { id, name, capacity: 2 * STEP_HOLDS_MAX as u32, price: None }],
        status: Status::OnSale,
        reason: None,
    }
}

/// Logs somebody in and sets a ticket aside for them.
fn hold(engine: &Engine, number: u32) -> Caller {
    let mut token_hash = [0; 32];
    token_hash[..4].copy_from_slice(&number.to_le_bytes());
    let user = Identity::named(format!("user-{number}"));
    let login = engine.finish(engine.login(user, token_hash, Some(Vec::new()))).unwrap();
    let caller = Caller::User { user: login.session.user, session: login.session.number };
    let command = Command::PlaceHold { wish: Wish::default(), wait: false };
    engine.finish(engine.execute(&gala().id, caller.clone(), None, command)).unwrap().answer.unwrap();
    caller
}

#[test]
fn what_ends_by_itself_meanwhile_is_matched_and_not_released() {
    let engine = open();
    let callers: Vec<Caller> = (1..=3).map(|number| hold(&engine, number)).collect();
    let event = gala().id;
    let ask = |index: usize, command| engine.execute(&event, callers[index].clone(), None, command);
    // What two of them want is on its way, and not decided yet.
    let mut release = pin!(ask(0, Command::ReleaseHold { number: HoldNumber(1), reason: None }));
    let mut confirm = pin!(ask(1, Command::ConfirmHold { number: HoldNumber(2), quantity: None }));
    let context = &mut Context::from_waker(Waker::noop());
    assert!(release.as_mut().poll(context).is_pending() && confirm.as_mut().poll(context).is_pending());

    let wish = ReleaseWish { reason: "over".to_owned(), ..ReleaseWish::default() };
    let done = engine.finish(engine.release_holds(&event, "ops", &wish)).unwrap().unwrap();
    assert_eq!((done.matched, done.released), (3, 1));
    assert_eq!(done.seq, engine.durable_seq());
    assert!(engine.finish(confirm).unwrap().answer.is_ok(), "who paid has their ticket");
}

#[test]
fn what_is_placed_between_two_steps_is_left_alone() {
    let engine = open();
    let most = STEP_HOLDS_MAX as u32 + 1;
    (1..=most).for_each(|number| drop(hold(&engine, number)));
    let wish = ReleaseWish { reason: "over".to_owned(), ..ReleaseWish::default() };
    let event = gala().id;
    let mut releasing = pin!(engine.release_holds(&event, "ops", &wish));
    assert!(releasing.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending(), "the first step is asked");
    hold(&engine, most + 1);
    let done = engine.finish(releasing).unwrap().unwrap();
    assert_eq!((done.matched, done.released), (u64::from(most), u64::from(most)));
    assert_eq!(engine.event(&event).unwrap().totals().held, 1);
}
