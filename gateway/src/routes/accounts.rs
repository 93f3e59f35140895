//! Accounts: signing up, changing one's password, and what organisers do with accounts. There are none in other modes of
//! `auth.mode` than "accounts": then these paths are not found.

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::{delete, get, post, put};
use axum::{Extension, Router};
use holdfast_engine::core::change::By;
use holdfast_engine::core::id::UserNumber;
use holdfast_engine::core::rejection::Rejection;
use holdfast_engine::core::session::PasswordOwner;
use holdfast_engine::engine::AccountAnswer;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::admin::{ReasonBody, reason};
use crate::answer;
use crate::client::Client;
use crate::error::{ApiError, Success};
use crate::gateway::Gateway;
use crate::identity::{Buyer, Organiser, SessionToken};
use crate::login::passwords::Password;
use crate::login::{check_password, user_name};
use crate::page::Page;
use crate::request::{Mutation, PathId, Query};

pub(super) fn router() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/v1/accounts", post(sign_up))
        .route("/v1/accounts/me/password", put(change))
        .route("/v1/admin/accounts", get(list).post(add))
        .route("/v1/admin/accounts/{user}", delete(remove))
        .route("/v1/admin/accounts/{user}/password", put(reset))
}

/// Says that there are accounts here, before the body is looked at.
struct AccountsMode;

impl FromRequestParts<Arc<Gateway>> for AccountsMode {
    type Rejection = ApiError;

    async fn from_request_parts(_: &mut Parts, gateway: &Arc<Gateway>) -> Result<AccountsMode, ApiError> {
        gateway.login().accounts().map(|_| AccountsMode)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignUpBody {
    user: String,
    password: Password,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeBody {
    password: Password,
    new_password: Password,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddBody {
    user: String,
    password: Password,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResetBody {
    password: Password,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    limit: Option<u64>,
    cursor: Option<String>,
}

/// Somebody who has an account.
#[derive(Serialize, ToSchema)]
struct Account {
    user: String,
}

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
    let seq = seq(engine.add_account(&user, hash, by, reason).await?)?;
    let response = answer::with_seq(answer::body(Success::Created, Account { user }), seq);
    Ok(answer::personal(response))
}

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
    done(engine.change_password(&user, hash, Some(owner), By::User, None).await?)
}

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
    done(engine.change_password(&user, hash, None, organiser.by(), why).await?)
}

async fn remove(
    State(gateway): State<Arc<Gateway>>,
    PathId(user): PathId,
    organiser: Organiser,
    _: AccountsMode,
    request: Mutation<ReasonBody>,
) -> Result<Response, ApiError> {
    let why = reason(request.body.reason)?;
    done(gateway.engine()?.remove_account(&user, organiser.by(), why).await?)
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
