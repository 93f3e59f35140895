//! Sample events and simulated buyers, so that there is something to see.

use std::sync::Arc;
use std::time::Duration;

use holdfast_engine::core::command::{Command, Wish};
use holdfast_engine::core::id::Slug;
use holdfast_engine::core::outcome::Outcome;
use holdfast_engine::core::settings::{Details, Price, Settings, TicketTypeDefinition};
use holdfast_engine::core::status::Status;
use holdfast_engine::core::{Caller, change};
use holdfast_engine::engine::{Engine, EventAnswer, Identity, Intent, NewEvent};

use crate::gateway::Gateway;
use crate::identity;

/// The name by which the audit trail knows who made the sample events.
const DEMO_ADMIN: &str = "demo";
/// How many buyers are busy at once.
const BUYERS: u64 = 60;
const DAY_MS: u64 = 86_400_000;

/// Makes the sample events, and buys until it is aborted.
pub async fn run(gateway: Arc<Gateway>) {
    let Ok(engine) = gateway.engine() else { return };
    let now_ms = engine.now_ms();
    for new in sample_events(now_ms) {
        if let Err(error) = engine.create_event(DEMO_ADMIN, None, new).await {
            tracing::error!(%error, "a sample event could not be made");
        }
    }
    for buyer in 0..BUYERS {
        tokio::spawn(buy_forever(Arc::clone(&gateway), buyer));
    }
}

fn sample_events(now_ms: u64) -> Vec<NewEvent> {
    let quick = Settings { hold_seconds: 20, max_hold_lifetime_seconds: 60, ..Settings::default() };
    let event = |id: &str, name: &str, venue: &str, days: u64, ticket_types: &[(&str, &str, u32, u64)]| NewEvent {
        id: slug(id),
        details: Details {
            name: name.to_owned(),
            description: None,
            venue: Some(venue.to_owned()),
            starts_at_ms: Some(now_ms + days * DAY_MS),
        },
        settings: Settings { auto_hold: 0, ..quick.clone() },
        ticket_types: ticket_types.iter().map(ticket_type).collect(),
        status: Status::OnSale,
        reason: None,
    };
    let opening = Settings { opens_at_ms: Some(now_ms + 120_000), lobby: true, ..quick.clone() };
    vec![
        event(
            "spring-gala",
            "Spring Gala",
            "Town Hall",
            30,
            &[("general", "General", 120, 4_500), ("vip", "VIP", 20, 12_000)],
        ),
        event("cup-final", "Cup Final", "River Stadium", 12, &[("general", "General", 400, 6_000)]),
        event("chamber-night", "A Night of Chamber Music", "Old Library", 45, &[("general", "General", 40, 3_000)]),
        NewEvent {
            settings: Settings { auto_hold: 0, ..opening },
            status: Status::Scheduled,
            ..event("late-show", "The Late Show", "Cellar", 3, &[("general", "General", 60, 2_000)])
        },
    ]
}

fn ticket_type((id, name, capacity, amount): &(&str, &str, u32, u64)) -> TicketTypeDefinition {
    TicketTypeDefinition {
        id: slug(id),
        name: (*name).to_owned(),
        capacity: *capacity,
        price: Some(Price { amount: *amount, currency: "EUR".to_owned() }),
    }
}

fn slug(text: &str) -> Slug {
    Slug::new(text).expect("a sample's id is a slug")
}

/// One buyer after the other: each logs in, takes or waits for tickets, and books, releases, lets time run out, or
/// cancels later.
async fn buy_forever(gateway: Arc<Gateway>, buyer: u64) {
    for round in 0_u64.. {
        let Ok(engine) = gateway.engine() else { return };
        if visit(engine, &format!("buyer-{buyer}-{round}")).await.is_none() {
            pause(2_000).await;
        }
    }
}

async fn visit(engine: &Engine, name: &str) -> Option<()> {
    pause(4_000).await;
    let events = engine.events();
    let event = events.get(random(events.len() as u64) as usize)?.description.id.clone();
    let (_, token_hash) = identity::new_token().ok()?;
    let quantity = 1 + random(3) as u32;
    let wish = Wish { quantity: Some(quantity), min_quantity: Some(1), ..Wish::default() };
    let login = engine
        .login(Identity::named(name), token_hash, Some(vec![Intent { event: event.clone(), wish }]))
        .await
        .ok()?;
    let session = login.session.number;
    let caller = Caller::User { user: login.session.user, session };
    let (_, EventAnswer::Decided(Ok(outcome))) = login.events.first()? else { return None };
    pause(8_000).await;
    if let Outcome::Held { hold, .. } = outcome {
        let number = hold.number;
        let command = match random(10) {
            0..6 => Command::ConfirmHold { number, quantity: None },
            6..8 => Command::ReleaseHold { number, reason: None },
            _ => return Some(()),
        };
        let reply = engine.execute(&event, caller.clone(), None, command).await.ok()?;
        if matches!(reply.answer, Ok(Outcome::Booked { .. })) {
            pause(60_000).await;
            engine.execute(&event, caller, None, Command::CancelBooking { number, reason: None }).await.ok()?;
        }
    }
    engine.end_session(session, change::SessionEnd::Logout, change::By::User, None).await.ok()?;
    Some(())
}

/// Waits up to `most_ms` milliseconds.
#[expect(clippy::disallowed_methods, reason = "people take real time to make up their minds")]
async fn pause(most_ms: u64) {
    tokio::time::sleep(Duration::from_millis(random(most_ms))).await;
}

/// A number below `bound`, good enough for a show.
fn random(bound: u64) -> u64 {
    getrandom::u64().unwrap_or_default() % bound.max(1)
}
