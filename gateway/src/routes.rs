//! The paths of the API, by resource.

mod accounts;
mod admin;
mod admin_events;
mod admin_lists;
mod admin_overview;
mod admin_sessions;
mod batch;
mod bookings;
mod events;
mod holds;
mod operations;
mod pages;
mod queue;
mod sessions;
mod streams;

use std::sync::Arc;

use axum::Router;

use crate::error::ApiError;
use crate::gateway::Gateway;

/// All paths.
pub fn router() -> Router<Arc<Gateway>> {
    Router::new()
        .merge(sessions::router())
        .merge(accounts::router())
        .merge(events::router())
        .merge(holds::router())
        .merge(bookings::router())
        .merge(queue::router())
        .merge(batch::router())
        .merge(streams::router())
        .merge(admin::router())
        .merge(admin_events::router())
        .merge(admin_lists::router())
        .merge(admin_overview::router())
        .merge(admin_sessions::router())
        .merge(operations::router())
        .merge(pages::router())
        .fallback(async || ApiError::NotFound("not_found"))
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
}
