//! The paths of the API, by resource.

mod accounts;
mod admin;
mod admin_cleanup;
mod admin_events;
mod admin_history;
mod admin_lists;
mod admin_login;
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
use utoipa_axum::router::OpenApiRouter;

use crate::error::ApiError;
use crate::gateway::Gateway;

/// All paths, each with its description.
pub(crate) fn described_router() -> OpenApiRouter<Arc<Gateway>> {
    OpenApiRouter::default()
        .merge(sessions::router())
        .merge(accounts::router())
        .merge(events::router())
        .merge(holds::router())
        .merge(bookings::router())
        .merge(queue::router())
        .merge(batch::router())
        .merge(streams::router())
        .merge(admin_cleanup::router())
        .merge(admin_events::router())
        .merge(admin_lists::router())
        .merge(admin::router())
        .merge(admin_sessions::router())
        .merge(admin_overview::router())
        .merge(admin_history::router())
        .merge(admin_login::router())
        .merge(operations::router())
        .merge(pages::router())
}

/// All paths.
pub fn router() -> Router<Arc<Gateway>> {
    Router::from(described_router())
        .fallback(async || ApiError::NotFound("not_found"))
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
}
