//! What a buyer asks of one event, as a call of its own or as a part of a batch: how it becomes a command, and how its
//! outcome is told.

use std::sync::Arc;

use holdfast_engine::asker::Asker;
use holdfast_engine::core::command::Wish;
use holdfast_engine::core::id::{HoldNumber, Slug};
use holdfast_engine::core::idempotency::IdempotencyKey;
use holdfast_engine::core::{Command, Outcome, Rejection};
use holdfast_engine::engine::Engine;
use holdfast_engine::handle::{EventView, Reply};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::answer::Answered;
use crate::error::{ApiError, Success};
use crate::objects::{self, Written};
use crate::request::{event_id, numbered_id, quantity, ticket_type};
use crate::traces;

/// The code of a hold that is not there, or not the caller's.
pub const HOLD_NOT_FOUND: &str = "hold_not_found";

/// What a hold is asked with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldBody {
    /// The ticket type's id; without it, the event's first type.
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,63}$")]
    pub ticket_type: Option<String>,
    /// How many tickets; without it, one.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub quantity: Option<i64>,
    /// How many are enough; without it, all of `quantity`.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub min_quantity: Option<i64>,
    /// Whether to join the line where none are to be had.
    pub wait: Option<bool>,
}

/// What a confirmation is asked with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmBody {
    /// How many of the hold's tickets; without it, all.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub quantity: Option<i64>,
}

/// What a booking is asked with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BookBody {
    /// The ticket type's id; without it, that of the user's hold, or the event's first type.
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,63}$")]
    pub ticket_type: Option<String>,
    /// How many tickets; without it, those of the user's hold, or one.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub quantity: Option<i64>,
}

/// A command on its way to an event, and how its outcome will be told.
pub struct Operation {
    event: Slug,
    command: Command,
    /// It names a hold: one of an event that does not exist is a hold that does not exist.
    names_hold: bool,
    tell: Tell,
}

type Tell = fn(&Arc<EventView>, &Outcome) -> Option<(Success, Option<Written>)>;

impl Operation {
    /// Sets tickets of `event` aside.
    ///
    /// # Errors
    ///
    /// The ids name nothing, or a number cannot be; here and below.
    pub fn hold(event: &str, body: HoldBody) -> Result<Operation, ApiError> {
        let event = event_id(event)?;
        let wish = Wish {
            ticket_type: ticket_type(body.ticket_type)?,
            quantity: quantity("quantity", body.quantity)?,
            min_quantity: quantity("min_quantity", body.min_quantity)?,
        };
        let command = Command::PlaceHold { wish, wait: body.wait.unwrap_or(false) };
        Ok(Operation { event, command, names_hold: false, tell: tell_held })
    }

    /// Makes a booking of a hold.
    pub fn confirm(hold: &str, body: &ConfirmBody) -> Result<Operation, ApiError> {
        let (event, number) = numbered_id(hold, HOLD_NOT_FOUND)?;
        let command = Command::ConfirmHold { number, quantity: quantity("quantity", body.quantity)? };
        Ok(Operation { event, command, names_hold: true, tell: tell_confirmed })
    }

    /// Gives the tickets of a hold back.
    pub fn release(hold: &str) -> Result<Operation, ApiError> {
        Operation::on_hold(hold, |number| Command::ReleaseHold { number, reason: None })
    }

    /// Moves the deadline of a hold.
    pub fn extend(hold: &str) -> Result<Operation, ApiError> {
        Operation::on_hold(hold, |number| Command::ExtendHold { number })
    }

    /// Books tickets of `event`: those of the user's hold, or else free ones.
    pub fn book(event: &str, body: BookBody) -> Result<Operation, ApiError> {
        let event = event_id(event)?;
        let quantity = quantity("quantity", body.quantity)?;
        let wish = Wish { ticket_type: ticket_type(body.ticket_type)?, quantity, min_quantity: None };
        Ok(Operation { event, command: Command::Book { wish }, names_hold: false, tell: tell_booked })
    }

    fn on_hold(hold: &str, command: impl FnOnce(HoldNumber) -> Command) -> Result<Operation, ApiError> {
        let (event, number) = numbered_id(hold, HOLD_NOT_FOUND)?;
        Ok(Operation { event, command: command(number), names_hold: true, tell: tell_hold })
    }

    /// Sends it to its event, and waits for the answer.
    ///
    /// # Errors
    ///
    /// Nothing was done, see [`Engine::submit`]; or the answer cannot be told, see [`Answered::of`].
    pub async fn execute(
        self,
        engine: &Engine,
        asker: Asker,
        key: Option<IdempotencyKey>,
    ) -> Result<Answered, ApiError> {
        traces::engine(self.submit(engine, asker, key)?).await
    }

    /// Sends it to its event now, to wait for the answer later.
    ///
    /// # Errors
    ///
    /// Those of [`execute`](Operation::execute), the one kind now, the other one later.
    pub fn submit<'engine>(
        self,
        engine: &'engine Engine,
        asker: Asker,
        key: Option<IdempotencyKey>,
    ) -> Result<impl Future<Output = Result<Answered, ApiError>> + use<'engine>, ApiError> {
        let Operation { event, command, names_hold, tell } = self;
        let reply = engine.submit(&event, asker, key, command)?;
        Ok(async move {
            let reply = reply.await?;
            let reply = if names_hold { hold_of_no_event(reply) } else { reply };
            Answered::of(engine, &event, reply, tell)
        })
    }
}

/// A hold of an event that does not exist is a hold that does not exist.
pub fn hold_of_no_event(reply: Reply) -> Reply {
    use Rejection::{EventNotFound, HoldNotFound};
    let answer = reply.answer.map_err(|rejection| if rejection == EventNotFound { HoldNotFound } else { rejection });
    Reply { answer, ..reply }
}

fn tell_held(view: &Arc<EventView>, outcome: &Outcome) -> Option<(Success, Option<Written>)> {
    match outcome {
        Outcome::Held { hold, fresh: true } => Some((Success::Created, Some(objects::hold(view, hold)))),
        Outcome::Held { hold, fresh: false } => Some((Success::Ok, Some(objects::hold(view, hold)))),
        Outcome::Queued { place, .. } => Some((Success::Accepted, Some(objects::queue(view, place)))),
        _ => None,
    }
}

fn tell_hold(view: &Arc<EventView>, outcome: &Outcome) -> Option<(Success, Option<Written>)> {
    let Outcome::Hold(hold) = outcome else { return None };
    Some((Success::Ok, Some(objects::hold(view, hold))))
}

fn tell_confirmed(view: &Arc<EventView>, outcome: &Outcome) -> Option<(Success, Option<Written>)> {
    let Outcome::Booked { booking, rescued, .. } = outcome else { return None };
    Some((Success::Created, Some(objects::confirmed_booking(view, booking, *rescued))))
}

fn tell_booked(view: &Arc<EventView>, outcome: &Outcome) -> Option<(Success, Option<Written>)> {
    let Outcome::Booked { booking, from_hold, .. } = outcome else { return None };
    Some((Success::Created, Some(objects::requested_booking(view, booking, *from_hold))))
}
