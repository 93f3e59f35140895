//! What a client's hold is read from, and what it is told, as the gateway does both; of an event with one ticket type.

use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use holdfast::answer::{self, Answered};
use holdfast::config::LimitsConfig;
use holdfast::error::Success;
use holdfast::objects::{self, Written};
use holdfast::operation::{HoldBody, Operation};
use holdfast::request::parse_text;
use holdfast_benches::stage::{START_MS, Stage, confirm, hold_one};
use holdfast_engine::core::Outcome;
use holdfast_engine::core::outcome::{BookingView, HoldView};
use holdfast_engine::handle::EventView;

/// The body of a hold, with all that a page usually says.
const HOLD_BODY: &str = r#"{"ticket_type":"general","quantity":2,"min_quantity":1,"wait":true}"#;

/// What there is to tell.
pub struct Answers {
    view: Arc<EventView>,
    hold: HoldView,
    booking: BookingView,
}

impl Answers {
    /// Of a hold that was just placed, and then confirmed.
    pub fn new() -> Answers {
        let mut stage = Stage::with_holds(1_000, 1_000);
        let user = stage.next_user();
        let Ok(Outcome::Held { hold, .. }) = stage.ask(user, hold_one(false)) else { panic!("there are tickets") };
        let Ok(Outcome::Booked { booking, .. }) = stage.ask(user, confirm(hold.number)) else { panic!("it is live") };
        Answers { view: Arc::new(EventView::of(stage.machine.event(), 4_711, None)), hold, booking }
    }

    /// The answer to a hold: 201, with the hold.
    pub fn hold(&self) -> Response<Body> {
        told(objects::hold(&self.view, &self.hold))
    }

    /// The answer to a confirmation: 201, with the booking.
    pub fn booking(&self) -> Response<Body> {
        told(objects::confirmed_booking(&self.view, &self.booking, false))
    }

    /// The answer to a look at the event: 200, with all its figures.
    pub fn event(&self) -> Response<Body> {
        answer::written(Success::Ok, objects::event(&self.view, START_MS))
    }
}

/// Reads the body of a hold, and makes of it what is asked of the engine.
pub fn read_hold() -> Operation {
    let body = parse_text::<HoldBody>(HOLD_BODY.as_bytes(), LimitsConfig::default().body_depth_max);
    Operation::hold("hot", body.unwrap_or_else(|_| panic!("a legal body"))).unwrap_or_else(|_| panic!("a legal hold"))
}

fn told(object: Written) -> Response<Body> {
    Answered { told: Ok((Success::Created, Some(object))), seq: Some(4_711), is_replay: false }.into_response()
}
