//! Describing events: create, read, change, status, remove.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::IF_MATCH;
use axum::response::Response;
use holdfast_engine::core::command::EventPatch;
use holdfast_engine::core::edit::Edit;
use holdfast_engine::core::id::Slug;
use holdfast_engine::core::settings::{Details, Price, Settings, TICKET_TYPES_MAX, TicketTypeDefinition};
use holdfast_engine::core::status::Status;
use holdfast_engine::core::{Command, Outcome};
use holdfast_engine::engine::NewEvent;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, Object, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::admin::{ReasonBody, reason};
use super::events::ListQuery;
use crate::answer::{self, List};
use crate::error::{ApiError, Success};
use crate::gateway::Gateway;
use crate::identity::Organiser;
use crate::log::ActedOn;
use crate::objects::{self, AdminEvent};
use crate::openapi::parameters::{IdempotencyKeyHeader, IfMatchHeader};
use crate::openapi::refusals;
use crate::page::Page;
use crate::request::{self, Mutation, PathId, Query, event_id, slug};
use crate::time::parse_rfc3339;
use crate::traces;

pub(super) fn router() -> OpenApiRouter<Arc<Gateway>> {
    OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(one, change, remove))
        .routes(routes!(set_status))
}

/// An event, in a creation as in a change. Absent leaves a field as it is (or at its default); `null` clears it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EventBody {
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,63}$")]
    id: Option<String>,
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 4_000)]
    description: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 200)]
    venue: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = DateTime)]
    opens_at: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = DateTime)]
    closes_at: Option<Option<String>>,
    #[schema(minimum = 1, maximum = 2592000)]
    hold_seconds: Option<i64>,
    #[schema(minimum = 0, maximum = 1000000)]
    auto_hold: Option<i64>,
    #[schema(minimum = 1, maximum = 1000000)]
    max_per_hold: Option<i64>,
    #[schema(minimum = 1, maximum = 1000000)]
    max_per_user: Option<i64>,
    #[schema(minimum = 0, maximum = 100)]
    max_extensions: Option<i64>,
    #[schema(minimum = 1, maximum = 2592000)]
    max_hold_lifetime_seconds: Option<i64>,
    #[schema(minimum = 0, maximum = 100000000)]
    queue_max: Option<i64>,
    lobby: Option<bool>,
    #[schema(minimum = 0, maximum = 2592000)]
    presence_seconds: Option<i64>,
    /// Instead of `ticket_types`.
    #[schema(minimum = 0, maximum = 100000000)]
    capacity: Option<i64>,
    #[schema(value_type = Option<Vec<TicketTypeBody>>, max_items = 32)]
    ticket_types: Option<Vec<request::Object<TicketTypeBody>>>,
    #[schema(schema_with = objects::event_status)]
    status: Option<StatusName>,
    /// Why, for the audit trail.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// An [`EventBody`] as a creation may have it.
struct NewEventBody;

/// An [`EventBody`] as a change may have it.
struct EventChangeBody;

impl PartialSchema for NewEventBody {
    fn schema() -> RefOr<Schema> {
        let mut body = members_of::<EventBody>();
        body.required = ["id", "name"].map(str::to_owned).into();
        body.description =
            Some("A new event: `ticket_types`, or `capacity` alone, which makes one type `general`.".to_owned());
        let mut ticket_type = members_of::<TicketTypeBody>();
        ticket_type.required = ["id", "name", "capacity"].map(str::to_owned).into();
        with_ticket_types(body, ticket_type)
    }
}

impl PartialSchema for EventChangeBody {
    fn schema() -> RefOr<Schema> {
        let mut body = members_of::<EventBody>();
        body.properties.retain(|member, _| !["id", "capacity", "status"].contains(&member.as_str()));
        body.description = Some("What is to be otherwise: absent leaves a member as it is, null clears it.".to_owned());
        let mut ticket_type = members_of::<TicketTypeBody>();
        ticket_type.properties.retain(|member, _| ["id", "capacity"].contains(&member.as_str()));
        with_ticket_types(body, ticket_type)
    }
}

impl ToSchema for NewEventBody {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((PriceBody::name().into_owned(), PriceBody::schema()));
    }
}

impl ToSchema for EventChangeBody {}

fn members_of<T: PartialSchema>() -> Object {
    let RefOr::T(Schema::Object(object)) = T::schema() else { panic!("a body is an object") };
    object
}

fn with_ticket_types(mut body: Object, ticket_type: Object) -> RefOr<Schema> {
    let list_or_null = SchemaType::from_iter([Type::Array, Type::Null]);
    let list =
        ArrayBuilder::new().schema_type(list_or_null).items(ticket_type).max_items(Some(TICKET_TYPES_MAX)).build();
    body.properties.insert("ticket_types".to_owned(), RefOr::T(Schema::Array(list)));
    RefOr::T(Schema::Object(body))
}

/// A ticket type. A change has id and capacity only.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TicketTypeBody {
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,63}$")]
    id: String,
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    #[schema(minimum = 0, maximum = 100000000)]
    capacity: i64,
    #[schema(value_type = Option<PriceBody>)]
    price: Option<request::Object<PriceBody>>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PriceBody {
    /// In the minor unit of the currency.
    #[schema(minimum = 0)]
    amount: i64,
    /// ISO 4217.
    #[schema(pattern = "^[A-Z]{3}$")]
    currency: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StatusBody {
    #[schema(schema_with = objects::event_status)]
    status: StatusName,
    /// Why, for the audit trail.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// All events, drafts too.
#[utoipa::path(
    get, path = "/v1/admin/events", operation_id = "admin_list_events", tag = "organisers",
    params(ListQuery),
    responses((status = 200, description = "A page of events", body = List<AdminEvent>)),
    security(("organiser_token" = []), ("organiser_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::LIST))),
)]
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

/// An event with all its settings.
#[utoipa::path(
    get, path = "/v1/admin/events/{event}", operation_id = "admin_read_event", tag = "organisers",
    responses((status = 200, description = "The event", body = AdminEvent)),
    security(("organiser_token" = []), ("organiser_cookie" = [])),
)]
async fn one(State(gateway): State<Arc<Gateway>>, PathId(event): PathId, _: Organiser) -> Result<Response, ApiError> {
    let engine = gateway.engine()?;
    let view = engine.event(&event_id(&event)?).ok_or(ApiError::NotFound("event_not_found"))?;
    let response = answer::body(Success::Ok, objects::admin_event(&view, engine.now_ms()));
    Ok(answer::personal(answer::with_etag(response, &objects::admin_etag(&view))))
}

/// Creates an event. It has `ticket_types`, or `capacity` alone, which makes one type `general`.
#[utoipa::path(
    post, path = "/v1/admin/events", operation_id = "admin_create_event", tag = "organisers",
    params(IdempotencyKeyHeader),
    request_body = NewEventBody,
    responses((status = 201, description = "The event", body = AdminEvent)),
    security(("organiser_token" = []), ("organiser_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::CREATING))),
)]
async fn create(
    State(gateway): State<Arc<Gateway>>,
    organiser: Organiser,
    request: Mutation<EventBody>,
) -> Result<Response, ApiError> {
    let engine = gateway.engine()?;
    let new = request.body.into_event(engine.config().events.settings())?;
    let event = new.id.clone();
    let reply = traces::engine(engine.create_event(organiser.name.as_str(), request.key, new)).await?;
    let response = answer_event(&gateway, &event, reply, Success::Created)?;
    Ok(answer::with_act(response, ActedOn::Thing(event.as_str().to_owned())))
}

/// Changes texts, settings and capacities. Of a ticket type, only the capacity can be changed.
#[utoipa::path(
    patch, path = "/v1/admin/events/{event}", operation_id = "admin_change_event", tag = "organisers",
    params(IfMatchHeader, IdempotencyKeyHeader),
    request_body = EventChangeBody,
    responses((status = 200, description = "The event", body = AdminEvent)),
    security(("organiser_token" = []), ("organiser_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::CHANGING))),
)]
async fn change(
    State(gateway): State<Arc<Gateway>>,
    PathId(event): PathId,
    organiser: Organiser,
    headers: HeaderMap,
    request: Mutation<EventBody>,
) -> Result<Response, ApiError> {
    let (engine, event) = (gateway.engine()?, event_id(&event)?);
    let patch = request.body.into_patch(if_match(&headers)?)?;
    let command = Command::Change(Box::new(patch));
    let reply = traces::engine(engine.execute(&event, organiser.caller(), request.key, command)).await?;
    answer_event(&gateway, &event, reply, Success::Ok)
}

/// Moves an event on in its life.
#[utoipa::path(
    put, path = "/v1/admin/events/{event}/status", operation_id = "admin_set_status", tag = "organisers",
    params(IdempotencyKeyHeader),
    request_body = StatusBody,
    responses((status = 200, description = "The event", body = AdminEvent)),
    security(("organiser_token" = []), ("organiser_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::STATUS))),
)]
async fn set_status(
    State(gateway): State<Arc<Gateway>>,
    PathId(event): PathId,
    organiser: Organiser,
    request: Mutation<StatusBody>,
) -> Result<Response, ApiError> {
    let (engine, event) = (gateway.engine()?, event_id(&event)?);
    let command = Command::SetStatus { to: request.body.status.0, reason: reason(request.body.reason)? };
    let reply = traces::engine(engine.execute(&event, organiser.caller(), request.key, command)).await?;
    answer_event(&gateway, &event, reply, Success::Ok)
}

/// Removes a draft, or an event that never had a hold or booking. Where somebody waits in line, it is cancelled first.
#[utoipa::path(
    delete, path = "/v1/admin/events/{event}", operation_id = "admin_remove_event", tag = "organisers",
    params(IdempotencyKeyHeader),
    request_body = ReasonBody,
    responses((status = 204, description = "It is gone")),
    security(("organiser_token" = []), ("organiser_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::REMOVING))),
)]
async fn remove(
    State(gateway): State<Arc<Gateway>>,
    PathId(event): PathId,
    organiser: Organiser,
    request: Mutation<ReasonBody>,
) -> Result<Response, ApiError> {
    let (engine, event) = (gateway.engine()?, event_id(&event)?);
    let command = Command::Delete { reason: reason(request.body.reason)? };
    let reply = traces::engine(engine.execute(&event, organiser.caller(), request.key, command)).await?;
    let seq = reply.seq;
    match reply.answer {
        Ok(_) => Ok(answer::personal(answer::with_seq(answer::empty(Success::NoContent), seq))),
        Err(rejection) => Err(ApiError::rejected(rejection, Some(event), reply.at_ms)),
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

impl EventBody {
    fn into_event(mut self, defaults: Settings) -> Result<NewEvent, ApiError> {
        let missing = |field: &str| ApiError::Malformed(format!("missing field `{field}`"));
        let id = self.id.as_deref().ok_or_else(|| missing("id"))?;
        let id = slug("id", id)?;
        self.name.as_ref().ok_or_else(|| missing("name"))?;
        let (mut details, mut settings) = (Details::default(), defaults);
        let reason = reason(self.reason.take())?;
        let status = self.status.as_ref().map_or(Status::Draft, |status| status.0);
        self.take_edits()?.into_iter().for_each(|edit| edit.apply(&mut details, &mut settings));
        let ticket_types = ticket_types(self.capacity, self.ticket_types)?;
        Ok(NewEvent { id, details, settings, ticket_types, status, reason })
    }

    fn into_patch(mut self, if_version: Option<u32>) -> Result<EventPatch, ApiError> {
        let fixed =
            [("id", self.id.is_some()), ("capacity", self.capacity.is_some()), ("status", self.status.is_some())];
        if let Some((field, _)) = fixed.iter().find(|(_, is_given)| *is_given) {
            return Err(ApiError::Malformed(format!("unknown field `{field}`: a change has no such field")));
        }
        let edits = self.take_edits()?;
        let reason = reason(self.reason.take())?;
        let capacities = self
            .ticket_types
            .into_iter()
            .flatten()
            .map(|request::Object(body)| body.into_capacity())
            .collect::<Result<_, _>>()?;
        Ok(EventPatch { edits, capacities, if_version, reason })
    }

    /// Texts and settings, taken out of the body.
    fn take_edits(&mut self) -> Result<Vec<Edit>, ApiError> {
        let numbers = [
            ("hold_seconds", self.hold_seconds, Edit::HoldSeconds as fn(u32) -> Edit),
            ("auto_hold", self.auto_hold, Edit::AutoHold),
            ("max_per_hold", self.max_per_hold, Edit::MaxPerHold),
            ("max_per_user", self.max_per_user, Edit::MaxPerUser),
            ("max_extensions", self.max_extensions, Edit::MaxExtensions),
            ("max_hold_lifetime_seconds", self.max_hold_lifetime_seconds, Edit::MaxHoldLifetimeSeconds),
            ("queue_max", self.queue_max, Edit::QueueMax),
            ("presence_seconds", self.presence_seconds, Edit::PresenceSeconds),
        ];
        let times = [
            ("starts_at", self.starts_at.take(), Edit::StartsAt as fn(Option<u64>) -> Edit),
            ("opens_at", self.opens_at.take(), Edit::OpensAt),
            ("closes_at", self.closes_at.take(), Edit::ClosesAt),
        ];
        let mut edits = Vec::new();
        edits.extend(self.name.take().map(Edit::Name));
        edits.extend(self.description.take().map(Edit::Description));
        edits.extend(self.venue.take().map(Edit::Venue));
        edits.extend(self.lobby.map(Edit::Lobby));
        for (field, given, edit) in numbers {
            edits.extend(given.map(|given| number(field, given)).transpose()?.map(edit));
        }
        for (field, given, edit) in times {
            edits.extend(given.map(|given| time(field, given)).transpose()?.map(edit));
        }
        Ok(edits)
    }
}

/// Either `ticket_types`, or `capacity` alone, which makes one type `general`.
fn ticket_types(
    capacity: Option<i64>,
    ticket_types: Option<Vec<request::Object<TicketTypeBody>>>,
) -> Result<Vec<TicketTypeDefinition>, ApiError> {
    match (capacity, ticket_types) {
        (Some(capacity), None) => Ok(vec![TicketTypeDefinition {
            id: Slug::new("general").expect("a legal slug"),
            name: "General".to_owned(),
            capacity: number("capacity", capacity)?,
            price: None,
        }]),
        (None, Some(bodies)) => bodies.into_iter().map(|body| body.0.into_definition()).collect(),
        (Some(_), Some(_)) => {
            Err(ApiError::invalid("capacity", "must not come with ticket_types, which have their own"))
        }
        (None, None) => Err(ApiError::invalid("ticket_types", "or capacity must be given")),
    }
}

impl TicketTypeBody {
    fn into_definition(self) -> Result<TicketTypeDefinition, ApiError> {
        let price = |request::Object(price): request::Object<PriceBody>| {
            let amount = u64::try_from(price.amount);
            let amount = amount.map_err(|_| ApiError::invalid("ticket_types.price.amount", "must be 0 or more"))?;
            Ok::<Price, ApiError>(Price { amount, currency: price.currency })
        };
        Ok(TicketTypeDefinition {
            id: slug("ticket_types.id", &self.id)?,
            name: self.name.ok_or_else(|| ApiError::Malformed("missing field `name`".to_owned()))?,
            capacity: number("ticket_types.capacity", self.capacity)?,
            price: self.price.map(price).transpose()?,
        })
    }

    fn into_capacity(self) -> Result<(Slug, u32), ApiError> {
        if self.name.is_some() || self.price.is_some() {
            let text = "unknown field: a change of a ticket type has id and capacity only";
            return Err(ApiError::Malformed(text.to_owned()));
        }
        Ok((slug("ticket_types.id", &self.id)?, number("ticket_types.capacity", self.capacity)?))
    }
}

/// A number of the body. Bounds of meaning are the engine's to check.
fn number(field: &str, given: i64) -> Result<u32, ApiError> {
    u32::try_from(given).map_err(|_| ApiError::invalid(field, format!("must be 0 to {}", u32::MAX)))
}

/// A time of the body, in milliseconds since the Unix epoch.
fn time(field: &str, given: Option<String>) -> Result<Option<u64>, ApiError> {
    let parse = |text: String| {
        parse_rfc3339(&text).ok_or_else(|| ApiError::invalid(field, "must be a time like 2026-11-22T10:00:00.000Z"))
    };
    given.map(parse).transpose()
}

/// A status by its name. Serde by itself would read an object too.
struct StatusName(Status);

impl<'de> Deserialize<'de> for StatusName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<StatusName, D::Error> {
        let name = String::deserialize(deserializer)?;
        Status::from_name(&name)
            .map(StatusName)
            .ok_or_else(|| D::Error::custom(format!("`{name}` is no status of an event")))
    }
}

/// Tells a field that is `null` from one that is absent.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
