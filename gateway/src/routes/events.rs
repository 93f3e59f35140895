//! What the public sees of events.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use holdfast_engine::core::status::Status;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::answer::{self, List};
use crate::error::{ApiError, Success};
use crate::gateway::Gateway;
use crate::objects::{self, Event};
use crate::openapi::parameters::IfNoneMatchHeader;
use crate::openapi::refusals;
use crate::page::Page;
use crate::request::{PathId, Query, event_id};

pub(super) fn router() -> OpenApiRouter<Arc<Gateway>> {
    OpenApiRouter::default().routes(routes!(list)).routes(routes!(one))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Only those in this status.
    #[param(schema_with = objects::event_status)]
    pub(super) status: Option<String>,
    /// The most items of the page; without it, 50.
    #[param(minimum = 1, maximum = 200)]
    pub(super) limit: Option<u64>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{1,19}$")]
    pub(super) cursor: Option<String>,
}

impl ListQuery {
    pub(super) fn status(&self) -> Result<Option<Status>, ApiError> {
        let Some(text) = &self.status else { return Ok(None) };
        Status::from_name(text).map(Some).ok_or_else(|| ApiError::invalid("status", "is no status of an event"))
    }
}

/// The public list of events.
#[utoipa::path(
    get, path = "/v1/events", operation_id = "list_events", tag = "events",
    params(ListQuery),
    responses((status = 200, description = "A page of events", body = List<Event>)),
    extensions(("x-refusals" = json!(refusals::LIST))),
)]
async fn list(State(gateway): State<Arc<Gateway>>, Query(query): Query<ListQuery>) -> Result<Response, ApiError> {
    let engine = gateway.engine()?;
    let page = Page::new(query.limit, query.cursor.as_deref())?;
    let wanted = query.status()?;
    let is_shown = |status: Status| status != Status::Draft && wanted.is_none_or(|wanted| wanted == status);
    let views = engine.events().into_iter().filter(|view| is_shown(view.description.status));
    let (views, next_cursor) = page.of(views.map(|view| (u64::from(view.description.number.0), view)));
    let now_ms = engine.now_ms();
    let items = views.iter().map(|view| objects::event(view, now_ms)).collect();
    Ok(answer::body(Success::Ok, answer::list(items, next_cursor)))
}

/// An event.
#[utoipa::path(
    get, path = "/v1/events/{event}", operation_id = "read_event", tag = "events",
    params(IfNoneMatchHeader),
    responses(
        (status = 200, description = "The event", body = Event),
        (status = 304, description = "The client has it already"),
    ),
)]
async fn one(
    State(gateway): State<Arc<Gateway>>,
    PathId(event): PathId,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let engine = gateway.engine()?;
    let view = engine.event(&event_id(&event)?).filter(|view| view.description.status != Status::Draft);
    let view = view.ok_or(ApiError::NotFound("event_not_found"))?;
    // Weak: the figures are the same, `server_time` is not.
    let etag = format!("W/\"{}\"", view.seq);
    if answer::client_has(&headers, &etag) {
        return Ok(answer::with_etag(answer::empty(Success::NotModified), &etag));
    }
    Ok(answer::with_etag(answer::body(Success::Ok, objects::event(&view, engine.now_ms())), &etag))
}
