//! Describing events: create, read, change, status, remove.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::IF_MATCH;
use axum::response::Response;
use axum::routing::{get, put};
use holdfast_engine::core::command::EventPatch;
use holdfast_engine::core::id::Slug;
use holdfast_engine::core::settings::{Details, Price, Settings, TicketTypeDefinition};
use holdfast_engine::core::status::Status;
use holdfast_engine::core::{Command, Outcome};
use holdfast_engine::engine::NewEvent;
use holdfast_engine::handle::EventView;
use serde::{Deserialize, Deserializer};

use super::admin::reason;
use super::events::ListQuery;
use super::holds::NoBody;
use crate::answer;
use crate::error::{ApiError, Success};
use crate::gateway::Gateway;
use crate::identity::{ADMIN_NAME, Organiser};
use crate::objects;
use crate::page::Page;
use crate::request::{Mutation, Query, event_id};
use crate::time::parse_rfc3339;

pub(super) fn router() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/v1/admin/events", get(list).post(create))
        .route("/v1/admin/events/{event}", get(one).patch(change).delete(remove))
        .route("/v1/admin/events/{event}/status", put(set_status))
}

/// Texts and settings, in a creation as in a change. Absent leaves as it is (or its default); `null` clears.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateBody {
    id: String,
    name: String,
    #[serde(default, deserialize_with = "present")]
    description: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    venue: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    starts_at: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    opens_at: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    closes_at: Option<Option<String>>,
    hold_seconds: Option<i64>,
    auto_hold: Option<i64>,
    max_per_hold: Option<i64>,
    max_per_user: Option<i64>,
    max_extensions: Option<i64>,
    max_hold_lifetime_seconds: Option<i64>,
    queue_max: Option<i64>,
    lobby: Option<bool>,
    presence_seconds: Option<i64>,
    capacity: Option<i64>,
    ticket_types: Option<Vec<TicketTypeBody>>,
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TicketTypeBody {
    id: String,
    name: String,
    capacity: i64,
    price: Option<PriceBody>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceBody {
    amount: i64,
    currency: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeBody {
    name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    description: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    venue: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    starts_at: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    opens_at: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    closes_at: Option<Option<String>>,
    hold_seconds: Option<i64>,
    auto_hold: Option<i64>,
    max_per_hold: Option<i64>,
    max_per_user: Option<i64>,
    max_extensions: Option<i64>,
    max_hold_lifetime_seconds: Option<i64>,
    queue_max: Option<i64>,
    lobby: Option<bool>,
    presence_seconds: Option<i64>,
    ticket_types: Option<Vec<CapacityBody>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CapacityBody {
    id: String,
    capacity: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusBody {
    status: Status,
    reason: Option<String>,
}

async fn list(
    State(gateway): State<Arc<Gateway>>,
    _: Organiser,
    Query(query): Query<ListQuery>,
) -> Result<Response, ApiError> {
    let engine = gateway.engine()?;
    let page = Page::new(query.limit, query.cursor.as_deref())?;
    let wanted = query.status()?;
    let is_wanted = |status: Status| wanted.is_none_or(|wanted| wanted == status);
    let views = engine.events().into_iter().filter(|view| is_wanted(view.description.status));
    let (views, next_cursor) = page.of(views.map(|view| (u64::from(view.description.number.0), view)));
    let now_ms = engine.now_ms();
    let items = views.iter().map(|view| objects::admin_event(view, now_ms)).collect();
    Ok(answer::personal(answer::body(Success::Ok, answer::list(items, next_cursor))))
}

async fn one(
    State(gateway): State<Arc<Gateway>>,
    Path(event): Path<String>,
    _: Organiser,
) -> Result<Response, ApiError> {
    let engine = gateway.engine()?;
    let view = engine.event(&event_id(&event)?).ok_or(ApiError::NotFound("event_not_found"))?;
    let response = answer::body(Success::Ok, objects::admin_event(&view, engine.now_ms()));
    Ok(answer::personal(answer::with_etag(response, &objects::admin_etag(&view))))
}

async fn create(
    State(gateway): State<Arc<Gateway>>,
    _: Organiser,
    request: Mutation<CreateBody>,
) -> Result<Response, ApiError> {
    let engine = gateway.engine()?;
    let new = request.body.into_event(engine.config().events.settings())?;
    let event = new.id.clone();
    let reply = engine.create_event(ADMIN_NAME, request.key, new).await?;
    answer_event(&gateway, &event, reply, Success::Created)
}

async fn change(
    State(gateway): State<Arc<Gateway>>,
    Path(event): Path<String>,
    organiser: Organiser,
    headers: HeaderMap,
    request: Mutation<ChangeBody>,
) -> Result<Response, ApiError> {
    let (engine, event) = (gateway.engine()?, event_id(&event)?);
    let view = engine.event(&event).ok_or(ApiError::NotFound("event_not_found"))?;
    let patch = request.body.into_patch(&view, if_match(&headers)?)?;
    let command = Command::Change(Box::new(patch));
    let reply = engine.execute(&event, organiser.caller(), request.key, command).await?;
    answer_event(&gateway, &event, reply, Success::Ok)
}

async fn set_status(
    State(gateway): State<Arc<Gateway>>,
    Path(event): Path<String>,
    organiser: Organiser,
    request: Mutation<StatusBody>,
) -> Result<Response, ApiError> {
    let (engine, event) = (gateway.engine()?, event_id(&event)?);
    let command = Command::SetStatus { to: request.body.status, reason: reason(request.body.reason)? };
    let reply = engine.execute(&event, organiser.caller(), request.key, command).await?;
    answer_event(&gateway, &event, reply, Success::Ok)
}

async fn remove(
    State(gateway): State<Arc<Gateway>>,
    Path(event): Path<String>,
    organiser: Organiser,
    request: Mutation<NoBody>,
) -> Result<Response, ApiError> {
    let NoBody {} = request.body;
    let (engine, event) = (gateway.engine()?, event_id(&event)?);
    let reply = engine.execute(&event, organiser.caller(), request.key, Command::Delete).await?;
    let seq = reply.seq;
    match reply.answer {
        Ok(_) => Ok(answer::personal(answer::with_seq(answer::empty(Success::NoContent), seq))),
        Err(rejection) => Err(ApiError::Rejected { rejection, event: Some(event) }),
    }
}

fn answer_event(
    gateway: &Gateway,
    event: &Slug,
    reply: holdfast_engine::handle::Reply,
    success: Success,
) -> Result<Response, ApiError> {
    let engine = gateway.engine()?;
    answer::mutation(engine, event, reply, |view, outcome| match outcome {
        Outcome::Done => Some((success, Some(objects::admin_event(view, engine.now_ms())))),
        _ => None,
    })
}

/// The version of `If-Match`. One that this server never gave is a conflict with every version.
fn if_match(headers: &HeaderMap) -> Result<Option<u32>, ApiError> {
    let Some(header) = headers.get(IF_MATCH) else { return Ok(None) };
    let text = header.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    Ok(Some(text.trim_matches('"').parse().unwrap_or(0)))
}

impl CreateBody {
    fn into_event(self, defaults: Settings) -> Result<NewEvent, ApiError> {
        let id = Slug::new(&self.id)
            .ok_or_else(|| ApiError::invalid("id", "must be 1 to 64 of a-z, 0-9 and -, and not begin with -"))?;
        let ticket_types = ticket_types(self.capacity, self.ticket_types)?;
        let details = Details {
            name: self.name,
            description: self.description.flatten(),
            venue: self.venue.flatten(),
            starts_at_ms: time("starts_at", self.starts_at, None)?,
        };
        let settings = Settings {
            hold_seconds: number("hold_seconds", self.hold_seconds, defaults.hold_seconds)?,
            auto_hold: number("auto_hold", self.auto_hold, defaults.auto_hold)?,
            max_per_hold: number("max_per_hold", self.max_per_hold, defaults.max_per_hold)?,
            max_per_user: number("max_per_user", self.max_per_user, defaults.max_per_user)?,
            max_extensions: number("max_extensions", self.max_extensions, defaults.max_extensions)?,
            max_hold_lifetime_seconds: number(
                "max_hold_lifetime_seconds",
                self.max_hold_lifetime_seconds,
                defaults.max_hold_lifetime_seconds,
            )?,
            queue_max: number("queue_max", self.queue_max, defaults.queue_max)?,
            lobby: self.lobby.unwrap_or(defaults.lobby),
            presence_seconds: number("presence_seconds", self.presence_seconds, defaults.presence_seconds)?,
            opens_at_ms: time("opens_at", self.opens_at, None)?,
            closes_at_ms: time("closes_at", self.closes_at, None)?,
        };
        Ok(NewEvent { id, details, settings, ticket_types, status: self.status.unwrap_or(Status::Draft) })
    }
}

impl ChangeBody {
    fn into_patch(self, view: &EventView, if_version: Option<u32>) -> Result<EventPatch, ApiError> {
        let (details, settings) = (&view.description.details, &view.description.settings);
        let capacity = |body: &CapacityBody| Ok((type_id(&body.id)?, number("capacity", Some(body.capacity), 0)?));
        let capacities: Result<Vec<_>, ApiError> = self.ticket_types.iter().flatten().map(capacity).collect();
        let details = Details {
            name: self.name.unwrap_or_else(|| details.name.clone()),
            description: self.description.unwrap_or_else(|| details.description.clone()),
            venue: self.venue.unwrap_or_else(|| details.venue.clone()),
            starts_at_ms: time("starts_at", self.starts_at, details.starts_at_ms)?,
        };
        let settings = Settings {
            hold_seconds: number("hold_seconds", self.hold_seconds, settings.hold_seconds)?,
            auto_hold: number("auto_hold", self.auto_hold, settings.auto_hold)?,
            max_per_hold: number("max_per_hold", self.max_per_hold, settings.max_per_hold)?,
            max_per_user: number("max_per_user", self.max_per_user, settings.max_per_user)?,
            max_extensions: number("max_extensions", self.max_extensions, settings.max_extensions)?,
            max_hold_lifetime_seconds: number(
                "max_hold_lifetime_seconds",
                self.max_hold_lifetime_seconds,
                settings.max_hold_lifetime_seconds,
            )?,
            queue_max: number("queue_max", self.queue_max, settings.queue_max)?,
            lobby: self.lobby.unwrap_or(settings.lobby),
            presence_seconds: number("presence_seconds", self.presence_seconds, settings.presence_seconds)?,
            opens_at_ms: time("opens_at", self.opens_at, settings.opens_at_ms)?,
            closes_at_ms: time("closes_at", self.closes_at, settings.closes_at_ms)?,
        };
        Ok(EventPatch { details: Some(details), settings: Some(settings), capacities: capacities?, if_version })
    }
}

/// Either `ticket_types`, or `capacity` alone, which makes one type `general`.
fn ticket_types(
    capacity: Option<i64>,
    ticket_types: Option<Vec<TicketTypeBody>>,
) -> Result<Vec<TicketTypeDefinition>, ApiError> {
    match (capacity, ticket_types) {
        (Some(capacity), None) => Ok(vec![TicketTypeDefinition {
            id: Slug::new("general").expect("a legal slug"),
            name: "General".to_owned(),
            capacity: number("capacity", Some(capacity), 0)?,
            price: None,
        }]),
        (None, Some(bodies)) => bodies.into_iter().map(TicketTypeBody::into_definition).collect(),
        (Some(_), Some(_)) => {
            Err(ApiError::invalid("capacity", "must not come with ticket_types, which have their own"))
        }
        (None, None) => Err(ApiError::invalid("ticket_types", "or capacity must be given")),
    }
}

impl TicketTypeBody {
    fn into_definition(self) -> Result<TicketTypeDefinition, ApiError> {
        let price = |price: PriceBody| {
            let amount = u64::try_from(price.amount);
            let amount = amount.map_err(|_| ApiError::invalid("ticket_types.price.amount", "must be 0 or more"))?;
            Ok::<Price, ApiError>(Price { amount, currency: price.currency })
        };
        Ok(TicketTypeDefinition {
            id: type_id(&self.id)?,
            name: self.name,
            capacity: number("ticket_types.capacity", Some(self.capacity), 0)?,
            price: self.price.map(price).transpose()?,
        })
    }
}

fn type_id(text: &str) -> Result<Slug, ApiError> {
    Slug::new(text)
        .ok_or_else(|| ApiError::invalid("ticket_types.id", "must be 1 to 64 of a-z, 0-9 and -, and not begin with -"))
}

/// A number of the body, or what it is otherwise. Bounds of meaning are the engine's to check.
fn number(field: &str, given: Option<i64>, otherwise: u32) -> Result<u32, ApiError> {
    let Some(given) = given else { return Ok(otherwise) };
    u32::try_from(given).map_err(|_| ApiError::invalid(field, format!("must be 0 to {}", u32::MAX)))
}

/// A time of the body, in milliseconds since the Unix epoch, or what it is otherwise.
fn time(field: &str, given: Option<Option<String>>, otherwise: Option<u64>) -> Result<Option<u64>, ApiError> {
    let Some(given) = given else { return Ok(otherwise) };
    let parse = |text: String| {
        parse_rfc3339(&text).ok_or_else(|| ApiError::invalid(field, "must be a time like 2026-11-22T10:00:00.000Z"))
    };
    given.map(parse).transpose()
}

/// Tells a field that is `null` from one that is absent.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
