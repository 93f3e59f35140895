//! Organisers sign in and out of the pages, and ask who they are.
//!
//! The token is the credential either way. As a cookie that no script can read, it is nothing a page could leak.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::holds::NoBody;
use crate::answer;
use crate::error::{ApiError, Success};
use crate::gateway::Gateway;
use crate::identity::{self, SignIn, SignedIn};
use crate::objects::one_of;
use crate::request::Mutation;
use crate::tokens::{Holder, Role};

pub(super) fn router() -> OpenApiRouter<Arc<Gateway>> {
    OpenApiRouter::default().routes(routes!(sign_in)).routes(routes!(who, sign_out))
}

/// Whose token it is, and what they may do.
#[derive(Serialize, ToSchema)]
#[schema(as = Organiser)]
struct ShownOrganiser {
    /// By which the audit trail knows them.
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,63}$")]
    name: String,
    #[schema(schema_with = roles)]
    role: &'static str,
}

/// The roles that the admin API listens to.
fn roles() -> Object {
    one_of([Role::Viewer, Role::Operator].map(Role::as_str))
}

impl ShownOrganiser {
    fn of(holder: &Holder) -> ShownOrganiser {
        ShownOrganiser { name: holder.name.as_str().to_owned(), role: holder.role.as_str() }
    }
}

/// Signs an organiser in: sets the cookie that the pages show from then on.
///
/// It is the token itself, for `/v1/admin` alone, and no script can read it.
#[utoipa::path(
    post, path = "/v1/admin/login", operation_id = "admin_sign_in", tag = "organisers",
    request_body = NoBody,
    responses((status = 200, description = "Who it is", body = ShownOrganiser)),
    security(("organiser_token" = [])),
)]
async fn sign_in(sign_in: SignIn, request: Mutation<NoBody>) -> Result<Response, ApiError> {
    let NoBody {} = request.body;
    let response = answer::body(Success::Ok, ShownOrganiser::of(&sign_in.holder));
    let cookie = identity::admin_cookie(Some(&sign_in.token))?;
    Ok(answer::personal(answer::with_cookie(response, cookie)))
}

/// Who asks. A cookie that opens nothing any more is taken away with the refusal.
#[utoipa::path(
    get, path = "/v1/admin/me", operation_id = "admin_read_me", tag = "organisers",
    responses((status = 200, description = "Who it is", body = ShownOrganiser)),
    security(("organiser_token" = []), ("organiser_cookie" = [])),
)]
async fn who(headers: HeaderMap, signed_in: Result<SignedIn, ApiError>) -> Result<Response, ApiError> {
    match signed_in {
        Ok(SignedIn(holder)) => Ok(answer::personal(answer::body(Success::Ok, ShownOrganiser::of(&holder)))),
        // Asked again and again with it, the server would take its owner for somebody who guesses.
        Err(ApiError::Unauthenticated) if identity::shows_admin_cookie(&headers) => {
            Ok(answer::with_cookie(ApiError::Unauthenticated.into_response(), identity::admin_cookie(None)?))
        }
        Err(refusal) => Err(refusal),
    }
}

/// Signs out: takes the cookie away. The token is as good as before.
#[utoipa::path(
    delete, path = "/v1/admin/me", operation_id = "admin_sign_out", tag = "organisers",
    responses((status = 204, description = "The cookie is gone")),
    security(("organiser_token" = []), ("organiser_cookie" = [])),
)]
async fn sign_out(headers: HeaderMap, signed_in: Result<SignedIn, ApiError>) -> Result<Response, ApiError> {
    let response = match signed_in {
        Ok(_) => answer::empty(Success::NoContent),
        // Another site's page signs nobody out.
        Err(refusal @ ApiError::Forbidden(_)) => return Err(refusal),
        // The token opens nothing any more, or its network is locked out: no reason to keep it in the browser.
        Err(refusal) if identity::shows_admin_cookie(&headers) => refusal.into_response(),
        Err(refusal) => return Err(refusal),
    };
    Ok(answer::personal(answer::with_cookie(response, identity::admin_cookie(None)?)))
}
