//! Accounts: signing up, changing one's password, and what organisers do with accounts. There are none in other modes of
//! `auth.mode` than "accounts": then these paths are not found.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::response::Response;
use holdfast_engine::core::change::By;
use holdfast_engine::core::id::UserNumber;
use holdfast_engine::core::rejection::Rejection;
use holdfast_engine::core::session::PasswordOwner;
use holdfast_engine::engine::AccountAnswer;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::admin::{ReasonBody, reason};
use crate::answer::{self, List};
use crate::client::Client;
use crate::error::{ApiError, Success};
use crate::gateway::Gateway;
use crate::identity::{Buyer, Organiser, SessionToken};
use crate::login::passwords::Password;
use crate::login::{check_password, user_name};
use crate::openapi::refusals;
use crate::page::Page;
use crate::request::{Mutation, PathId, Query};
use crate::traces;

pub(super) fn router() -> OpenApiRouter<Arc<Gateway>> {
    OpenApiRouter::default()
        .routes(routes!(sign_up))
        .routes(routes!(change))
        .routes(routes!(list, add))
        .routes(routes!(remove))
        .routes(routes!(reset))
}

/// Says that there are accounts here, before the body is looked at.
struct AccountsMode;

impl FromRequestParts<Arc<Gateway>> for AccountsMode {
    type Rejection = ApiError;

    async fn from_request_parts(_: &mut Parts, gateway: &Arc<Gateway>) -> Result<AccountsMode, ApiError> {
        gateway.login().accounts().map(|_| AccountsMode)
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignUpBody {
    #[schema(min_length = 1, max_length = 128)]
    user: String,
    #[schema(value_type = String, format = Password, max_length = 128)]
    password: Password,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangeBody {
    /// The present one.
    #[schema(value_type = String, format = Password, max_length = 128)]
    password: Password,
    #[schema(value_type = String, format = Password, max_length = 128)]
    new_password: Password,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AddBody {
    #[schema(min_length = 1, max_length = 128)]
    user: String,
    #[schema(value_type = String, format = Password, max_length = 128)]
    password: Password,
    /// Why, for the audit trail.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ResetBody {
    #[schema(value_type = String, format = Password, max_length = 128)]
    password: Password,
    /// Why, for the audit trail.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// The most items of the page; without it, 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{1,19}$")]
    cursor: Option<String>,
}

/// Somebody who has an account.
#[derive(Serialize, ToSchema)]
struct Account {
    user: String,
}

/// Makes an account, where `auth.mode` is "accounts".
#[utoipa::path(
    post, path = "/v1/accounts", operation_id = "sign_up", tag = "login",
    request_body = SignUpBody,
    responses((status = 201, description = "The account is there", body = Account)),
    extensions(("x-refusals" = json!(refusals::SIGN_UP))),
)]
async fn sign_up(
    State(gateway): State<Arc<Gateway>>,
    Extension(client): Extension<Client>,
    _: AccountsMode,
    request: Mutation<SignUpBody>,
) -> Result<Response, ApiError> {
    if !gateway.config().accounts.sign_up {
        return Err(ApiError::Forbidden("accounts are made by the organisers"));
    }
    gateway.rates().sign_up(&client)?;
    let SignUpBody { user, password } = request.body;
    make(&gateway, &user, password, By::User, None).await
}

/// Makes an account.
#[utoipa::path(
    post, path = "/v1/admin/accounts", operation_id = "admin_add_account", tag = "organisers",
    request_body = AddBody,
    responses((status = 201, description = "The account is there", body = Account)),
    security(("organiser_token" = []), ("organiser_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::SIGN_UP))),
)]
async fn add(
    State(gateway): State<Arc<Gateway>>,
    organiser: Organiser,
    _: AccountsMode,
    request: Mutation<AddBody>,
) -> Result<Response, ApiError> {
    let AddBody { user, password, reason: why } = request.body;
    make(&gateway, &user, password, organiser.by(), reason(why)?).await
}

async fn make(
    gateway: &Gateway,
    user: &str,
    password: Password,
    by: By,
    reason: Option<String>,
) -> Result<Response, ApiError> {
    let (engine, pool) = (gateway.engine()?, gateway.login().accounts()?);
    let user = user_name::read(user)?;
    let password = password.acceptable("password", &user, gateway.config().accounts.password_length_min)?;
    // A name that has been somebody's may have bookings: only organisers know who may have them. For them, it is taken
    // where there is an account. Either is told without the cost of a hash.
    let is_taken = match &by {
        By::User => engine.user_number(&user).is_some(),
        _ => engine.password_hash(&user).is_some(),
    };
    if is_taken {
        return Err(rejected(Rejection::AccountExists));
    }
    let hash = pool.hash(password).await?;
    let seq = seq(traces::engine(engine.add_account(&user, hash, by, reason)).await?)?;
    let response = answer::with_seq(answer::body(Success::Created, Account { user }), seq);
    Ok(answer::personal(response))
}

/// Sets another password. All other tokens of the session stop.
#[utoipa::path(
    put, path = "/v1/accounts/me/password", operation_id = "change_password", tag = "login",
    request_body = ChangeBody,
    responses((status = 204, description = "It is changed")),
    security(("session_token" = []), ("session_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::PASSWORD))),
)]
async fn change(
    State(gateway): State<Arc<Gateway>>,
    Extension(client): Extension<Client>,
    _: AccountsMode,
    buyer: Buyer,
    SessionToken { hash: kept_token }: SessionToken,
    request: Mutation<ChangeBody>,
) -> Result<Response, ApiError> {
    let (engine, pool) = (gateway.engine()?, gateway.login().accounts()?);
    let user = engine.user_name(buyer.0.user).ok_or(ApiError::Unauthenticated)?;
    let ChangeBody { password, new_password } = request.body;
    let length_min = gateway.config().accounts.password_length_min;
    let new_password = new_password.acceptable("new_password", &user, length_min)?;
    let checked_hash = check_password(&gateway, pool, &client, &user, password).await?;
    let hash = pool.hash(new_password).await?;
    let owner = PasswordOwner { checked_hash, kept_token };
    done(traces::engine(engine.change_password(&user, hash, Some(owner), By::User, None)).await?)
}

/// Who has an account.
#[utoipa::path(
    get, path = "/v1/admin/accounts", operation_id = "admin_list_accounts", tag = "organisers",
    params(ListQuery),
    responses((status = 200, description = "A page of accounts", body = List<Account>)),
    security(("organiser_token" = []), ("organiser_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::ACCOUNTS))),
)]
async fn list(
    State(gateway): State<Arc<Gateway>>,
    _: Organiser,
    _: AccountsMode,
    Query(query): Query<ListQuery>,
) -> Result<Response, ApiError> {
    let page = Page::new(query.limit, query.cursor.as_deref())?;
    let after = UserNumber(u32::try_from(page.after).unwrap_or(u32::MAX));
    // One more than the page tells whether there is a next one.
    let found = gateway.engine()?.accounts(after, page.limit + 1).into_iter();
    let (users, next_cursor) = page.of(found.map(|(number, user)| (u64::from(number.0), user)));
    let items = users.into_iter().map(|user| Account { user }).collect();
    Ok(answer::personal(answer::body(Success::Ok, answer::list(items, next_cursor))))
}

/// Sets another password. All tokens of the user stop.
#[utoipa::path(
    put, path = "/v1/admin/accounts/{user}/password", operation_id = "admin_reset_password", tag = "organisers",
    request_body = ResetBody,
    responses((status = 204, description = "It is changed")),
    security(("organiser_token" = []), ("organiser_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::PASSWORD))),
)]
async fn reset(
    State(gateway): State<Arc<Gateway>>,
    PathId(user): PathId,
    organiser: Organiser,
    _: AccountsMode,
    request: Mutation<ResetBody>,
) -> Result<Response, ApiError> {
    let (engine, pool) = (gateway.engine()?, gateway.login().accounts()?);
    let ResetBody { password, reason: why } = request.body;
    let why = reason(why)?;
    let password = password.acceptable("password", &user, gateway.config().accounts.password_length_min)?;
    if engine.password_hash(&user).is_none() {
        return Err(rejected(Rejection::AccountNotFound));
    }
    let hash = pool.hash(password).await?;
    done(traces::engine(engine.change_password(&user, hash, None, organiser.by(), why)).await?)
}

/// Removes an account, and ends the session. The bookings stay.
#[utoipa::path(
    delete, path = "/v1/admin/accounts/{user}", operation_id = "admin_remove_account", tag = "organisers",
    request_body = ReasonBody,
    responses((status = 204, description = "It is gone")),
    security(("organiser_token" = []), ("organiser_cookie" = [])),
    extensions(("x-refusals" = json!(refusals::REASON))),
)]
async fn remove(
    State(gateway): State<Arc<Gateway>>,
    PathId(user): PathId,
    organiser: Organiser,
    _: AccountsMode,
    request: Mutation<ReasonBody>,
) -> Result<Response, ApiError> {
    let why = reason(request.body.reason)?;
    done(traces::engine(gateway.engine()?.remove_account(&user, organiser.by(), why)).await?)
}

fn done(answer: AccountAnswer) -> Result<Response, ApiError> {
    Ok(answer::personal(answer::with_seq(answer::empty(Success::NoContent), seq(answer)?)))
}

fn seq(answer: AccountAnswer) -> Result<u64, ApiError> {
    answer.map_err(rejected)
}

fn rejected(rejection: Rejection) -> ApiError {
    ApiError::Rejected { rejection, event: None }
}
