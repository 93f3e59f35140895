//! Logging in and out.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use holdfast_engine::core::change::{By, SessionEnd};
use holdfast_engine::core::command::Wish;
use holdfast_engine::core::id::Slug;
use holdfast_engine::core::{Outcome, Rejection};
use holdfast_engine::engine::Intent;
use holdfast_engine::engine::{Engine, EventAnswer, LoginAnswer};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::answer;
use crate::client::Client;
use crate::error::{ApiError, Success};
use crate::gateway::Gateway;
use crate::identity::{self, Buyer, LoginCaller};
use crate::login::passwords::Password;
use crate::login::{Login, Proof};
use crate::objects::{self, Booking, EventId, Hold, QueueEntry, Session, Time, TypeId, Written, one_of};
use crate::openapi::refusals;
use crate::request::{self, Mutation, quantity, slug};
use crate::traces;

/// The most intents of one login.
const INTENTS_MAX: usize = 100;

pub(super) fn router() -> OpenApiRouter<Arc<Gateway>> {
    OpenApiRouter::default().routes(routes!(login)).routes(routes!(mine, logout))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LoginBody {
    /// Who logs in, where the name is the caller's to say.
    #[schema(min_length = 1, max_length = 128)]
    user: Option<String>,
    /// Where `auth.mode` is "accounts".
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<Password>,
    /// A signed token, where `auth.mode` is "jwt".
    token: Option<String>,
    /// What is wished for; without it, what the events on sale set aside for each login.
    #[schema(value_type = Option<Vec<IntentBody>>, max_items = 100)]
    intents: Option<Vec<request::Object<IntentBody>>>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct IntentBody {
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,63}$")]
    event: String,
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,63}$")]
    ticket_type: Option<String>,
    #[schema(minimum = 1, maximum = 1_000_000)]
    quantity: Option<i64>,
    /// How many are enough; without it, all.
    #[schema(minimum = 1, maximum = 1_000_000)]
    min_quantity: Option<i64>,
}

/// A session, and what became of its wishes.
#[derive(Serialize, ToSchema)]
struct LoggedIn {
    #[schema(value_type = Session)]
    session: Written,
    /// What opens the session from now on.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    token: String,
    outcomes: Vec<LoginOutcome>,
    server_time: Time,
}

/// What an event said to a login.
#[derive(Serialize, ToSchema)]
struct LoginOutcome {
    event: EventId,
    ticket_type: Option<TypeId>,
    #[schema(schema_with = outcomes)]
    outcome: &'static str,
    #[schema(value_type = Option<Hold>)]
    hold: Option<Written>,
    #[schema(value_type = Option<QueueEntry>)]
    queue: Option<Written>,
    /// The code of the refusal, where it was one.
    code: Option<&'static str>,
}

/// The outcomes of a login.
const OUTCOMES: [&str; 9] = [
    "held",
    "already_held",
    "queued",
    "limit_reached",
    "sale_paused",
    "sale_closed",
    "queue_full",
    "not_on_sale",
    "overloaded",
];

fn outcomes() -> Object {
    one_of(OUTCOMES)
}

/// All that is a user's.
#[derive(Serialize, ToSchema)]
struct Belongings {
    #[schema(value_type = Session)]
    session: Written,
    /// The live ones.
    #[schema(value_type = Vec<Hold>)]
    holds: Vec<Written>,
    #[schema(value_type = Vec<Booking>)]
    bookings: Vec<Written>,
    #[schema(value_type = Vec<QueueEntry>)]
    queue: Vec<Written>,
    server_time: Time,
}

/// Logs in.
///
/// What proves who it is depends on `auth.mode`, which `GET /version` tells: nothing, a password, or a signed token. In
/// service mode it is a back end that logs its users in, with its own token. Without `intents`, tickets are set aside as the
/// events on sale are set up. One event's refusal fails nothing but itself.
#[utoipa::path(
    post, path = "/v1/sessions", operation_id = "log_in", tag = "login",
    request_body = LoginBody,
    responses(
        (status = 200, description = "A further token for the live session", body = LoggedIn),
        (status = 201, description = "A new session", body = LoggedIn),
    ),
    security((), ("back_end_token" = [])),
    extensions(("x-refusals" = json!(refusals::LOGIN))),
)]
async fn login(
    State(gateway): State<Arc<Gateway>>,
    Extension(client): Extension<Client>,
    _: LoginCaller,
    request: Mutation<LoginBody>,
) -> Result<Response, ApiError> {
    let engine = gateway.engine()?;
    let LoginBody { user, password, token, intents } = request.body;
    let intents = intents.map(read_intents).transpose()?;
    let identity = gateway.login().establish(&gateway, &client, Proof { user, password, token }).await?;
    gateway.rates().login_of(&identity.user_name)?;
    let (token, token_hash) = identity::new_token()?;
    let login = traces::engine(engine.login(identity, token_hash, intents)).await?;
    let success = if login.fresh { Success::Created } else { Success::Ok };
    let value = render_login(engine, &login, &token);
    let response = answer::with_seq(answer::body(success, value), login.seq);
    // A back end keeps the token itself, and is no place for a user's cookie.
    if matches!(gateway.login(), Login::Service) {
        return Ok(answer::personal(response));
    }
    Ok(answer::personal(answer::with_cookie(response, identity::session_cookie(Some(&token)))))
}

/// All that is mine.
#[utoipa::path(
    get, path = "/v1/sessions/me", operation_id = "read_belongings", tag = "login",
    responses((status = 200, description = "The session, and all that its user has", body = Belongings)),
    security(("session_token" = []), ("session_cookie" = [])),
)]
async fn mine(State(gateway): State<Arc<Gateway>>, buyer: Buyer) -> Result<Response, ApiError> {
    let engine = gateway.engine()?;
    let belongings = engine.belongings(buyer.0.user).await;
    let live = belongings.holds.iter().filter(|(_, hold)| hold.expires_in_ms > 0);
    let value = Belongings {
        session: objects::session(&buyer.0, &engine.config().sessions),
        holds: live.map(|(event, hold)| objects::hold(event, hold)).collect(),
        bookings: belongings.bookings.iter().map(|(event, booking)| objects::booking(event, booking)).collect(),
        queue: belongings.places.iter().map(|(event, place)| objects::queue(event, place)).collect(),
        server_time: Time::of(engine.now_ms()),
    };
    Ok(answer::personal(answer::body(Success::Ok, value)))
}

/// Logs out: holds are released and places left; bookings stay.
#[utoipa::path(
    delete, path = "/v1/sessions/me", operation_id = "log_out", tag = "login",
    responses((status = 204, description = "The session has ended")),
    security(("session_token" = []), ("session_cookie" = [])),
)]
async fn logout(State(gateway): State<Arc<Gateway>>, buyer: Buyer) -> Result<Response, ApiError> {
    let ended =
        traces::engine(gateway.engine()?.end_session(buyer.0.number, SessionEnd::Logout, By::User, None)).await?;
    let response = answer::with_cookie(answer::empty(Success::NoContent), identity::session_cookie(None));
    // Where somebody else ended it in between, it is over all the same.
    Ok(answer::personal(match ended {
        Some(seq) => answer::with_seq(response, seq),
        None => response,
    }))
}

/// Events that do not exist, or refuse, fail nothing but themselves; what is no wish at all fails the login.
fn read_intents(intents: Vec<request::Object<IntentBody>>) -> Result<Vec<Intent>, ApiError> {
    if intents.len() > INTENTS_MAX {
        return Err(ApiError::invalid("intents", format!("must have at most {INTENTS_MAX} items")));
    }
    let read = |request::Object(intent): request::Object<IntentBody>| {
        let event = slug("intents.event", &intent.event)?;
        let wish = Wish {
            ticket_type: intent.ticket_type.map(|id| slug("intents.ticket_type", &id)).transpose()?,
            quantity: quantity("intents.quantity", intent.quantity)?,
            min_quantity: quantity("intents.min_quantity", intent.min_quantity)?,
        };
        Ok(Intent { event, wish })
    };
    intents.into_iter().map(read).collect()
}

fn render_login(engine: &Engine, login: &LoginAnswer, token: &str) -> LoggedIn {
    LoggedIn {
        session: objects::session(&login.session, &engine.config().sessions),
        token: token.to_owned(),
        outcomes: login.events.iter().map(|(event, said)| render_outcome(engine, event, said)).collect(),
        server_time: Time::of(login.at_ms),
    }
}

fn render_outcome(engine: &Engine, event: &Slug, said: &EventAnswer) -> LoginOutcome {
    let view = engine.event(event);
    let (mut ticket_type, mut hold, mut queue, mut code) = (None, None, None, None);
    let outcome = match (said, &view) {
        (EventAnswer::Decided(Ok(Outcome::Held { hold: held, fresh })), Some(view)) => {
            ticket_type = Some(TypeId::of(view, held.ticket_type));
            hold = Some(objects::hold(view, held));
            if *fresh { "held" } else { "already_held" }
        }
        (EventAnswer::Decided(Ok(Outcome::Queued { place, .. })), Some(view)) => {
            ticket_type = Some(TypeId::of(view, place.ticket_type));
            queue = Some(objects::queue(view, place));
            "queued"
        }
        (EventAnswer::Decided(Err(rejection)), _) => {
            code = Some(rejection.code());
            refused_outcome(rejection)
        }
        (EventAnswer::Decided(Ok(_)) | EventAnswer::Overloaded, _) => {
            code = Some("overloaded");
            "overloaded"
        }
    };
    LoginOutcome { event: EventId::new(event.as_str()), ticket_type, outcome, hold, queue, code }
}

/// The outcome's name. What the contract has no outcome for counts as not on sale; `code` says it exactly.
fn refused_outcome(rejection: &Rejection) -> &'static str {
    match rejection {
        Rejection::LimitReached { .. } | Rejection::Damped { .. } => "limit_reached",
        Rejection::SalePaused => "sale_paused",
        Rejection::SaleClosed | Rejection::SaleCancelled => "sale_closed",
        Rejection::QueueFull => "queue_full",
        _ => "not_on_sale",
    }
}
