//! An event, for the public and for organisers.

use holdfast_engine::core::settings::Price;
use holdfast_engine::handle::EventView;
use serde::Serialize;
use utoipa::ToSchema;

use super::value::{self, EventId, Time, TypeId};
use super::{Written, written};

/// An event, for the public. All its figures come from one consistent state.
#[derive(Serialize, ToSchema)]
pub struct Event {
    id: EventId,
    name: String,
    description: Option<String>,
    venue: Option<String>,
    starts_at: Option<Time>,
    #[schema(schema_with = value::event_status)]
    status: &'static str,
    /// Whether no ticket is available.
    sold_out: bool,
    /// When the sale begins by itself.
    opens_at: Option<Time>,
    /// When the sale ends by itself.
    closes_at: Option<Time>,
    /// How long a hold lasts.
    hold_seconds: u32,
    /// How many tickets a login sets aside; 0 is none.
    auto_hold: u32,
    max_per_hold: u32,
    /// How many tickets a user may have held and booked.
    max_per_user: u32,
    max_extensions: u32,
    capacity: u64,
    available: u64,
    held: u64,
    booked: u64,
    /// How many wait in the lines of all ticket types.
    waiting: u64,
    /// When the next hold ends, unless it is booked or extended before.
    next_expiry_at: Option<Time>,
    ticket_types: Vec<TicketType>,
    /// The number of the newest change of the event.
    seq: u64,
    server_time: Time,
}

/// A pool of interchangeable tickets of an event.
#[derive(Serialize, ToSchema)]
pub struct TicketType {
    id: TypeId,
    name: String,
    price: Option<ShownPrice>,
    capacity: u32,
    available: u32,
    held: u32,
    booked: u32,
    waiting: u32,
}

/// A price: shown, never computed with.
#[derive(Serialize, ToSchema)]
#[schema(as = Price)]
pub struct ShownPrice {
    /// In the minor unit of the currency.
    amount: u64,
    /// ISO 4217.
    currency: String,
}

/// An event, for organisers: with all its settings.
#[derive(Serialize, ToSchema)]
pub struct AdminEvent {
    #[serde(flatten)]
    event: Event,
    /// Whether the line may be joined before the sale.
    lobby: bool,
    /// How many may wait for a ticket type.
    queue_max: u32,
    /// After how long without a sign of life a waiting user is passed over; 0 is never.
    presence_seconds: u32,
    /// The longest time between a hold's creation and its deadline, however often it is extended.
    max_hold_lifetime_seconds: u32,
    /// What `If-Match` is compared with.
    etag: String,
}

impl Event {
    fn of(view: &EventView, now_ms: u64) -> Event {
        let description = &view.description;
        let (details, settings, totals) = (&description.details, &description.settings, view.totals());
        Event {
            id: EventId::of(view),
            name: details.name.clone(),
            description: details.description.clone(),
            venue: details.venue.clone(),
            starts_at: details.starts_at_ms.map(Time::of),
            status: description.status.as_str(),
            sold_out: totals.available == 0,
            opens_at: settings.opens_at_ms.map(Time::of),
            closes_at: settings.closes_at_ms.map(Time::of),
            hold_seconds: settings.hold_seconds,
            auto_hold: settings.auto_hold,
            max_per_hold: settings.max_per_hold,
            max_per_user: settings.max_per_user,
            max_extensions: settings.max_extensions,
            capacity: totals.capacity,
            available: totals.available,
            held: totals.held,
            booked: totals.booked,
            waiting: totals.waiting,
            next_expiry_at: view.next_expiry_at_ms.map(Time::of),
            ticket_types: ticket_types(view),
            seq: view.seq,
            server_time: Time::of(now_ms),
        }
    }
}

fn ticket_types(view: &EventView) -> Vec<TicketType> {
    let types = view.description.ticket_types.iter().zip(&view.figures);
    let shown = types.map(|(ticket_type, figures)| TicketType {
        id: TypeId::new(ticket_type.id.as_str()),
        name: ticket_type.name.clone(),
        price: ticket_type.price.as_ref().map(price),
        capacity: figures.capacity,
        available: figures.available,
        held: figures.held,
        booked: figures.booked,
        waiting: figures.waiting,
    });
    shown.collect()
}

fn price(price: &Price) -> ShownPrice {
    ShownPrice { amount: price.amount, currency: price.currency.clone() }
}

/// An event, for the public.
pub fn event(view: &EventView, now_ms: u64) -> Written {
    written(&Event::of(view, now_ms))
}

/// An event, for organisers: with all its settings.
pub fn admin_event(view: &EventView, now_ms: u64) -> Written {
    let settings = &view.description.settings;
    written(&AdminEvent {
        event: Event::of(view, now_ms),
        lobby: settings.lobby,
        queue_max: settings.queue_max,
        presence_seconds: settings.presence_seconds,
        max_hold_lifetime_seconds: settings.max_hold_lifetime_seconds,
        etag: admin_etag(view),
    })
}

/// What `If-Match` is compared with.
pub fn admin_etag(view: &EventView) -> String {
    format!("\"{}\"", view.description.version)
}
