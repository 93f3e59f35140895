//! Who asks. The one place that knows credentials; how a login proves who it is, is in [`crate::login`].

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, COOKIE, InvalidHeaderValue};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use holdfast_engine::asker::Asker;
use holdfast_engine::core::Caller;
use holdfast_engine::core::change::By;
use holdfast_engine::core::id::Slug;
use holdfast_engine::session_table::{Authentication, LiveSession};

use crate::client::Client;
use crate::error::ApiError;
use crate::gateway::Gateway;
use crate::log::note_organiser;
use crate::login::Login;
use crate::metrics::names::{ADMIN_FAILURES, ADMIN_LOCKOUTS};
use crate::origin;
use crate::rates;
use crate::secret::{self, TOKEN_BYTES, digest};
use crate::tokens::{Holder, Role};

const SESSION_COOKIE: &str = "holdfast_session";
const ADMIN_COOKIE: &str = "holdfast_admin";

/// A buyer with a live session.
pub struct Buyer(pub Arc<LiveSession>);

impl Buyer {
    /// The buyer whose session has this token. What `is_change` counts against the rate of the session's changes.
    ///
    /// # Errors
    ///
    /// The token opens nothing, or nothing any more; or the session asks too often.
    pub fn of(gateway: &Gateway, token: &str, is_change: bool) -> Result<Buyer, ApiError> {
        match gateway.engine()?.authenticate(&digest(token)) {
            Authentication::Live(session) => {
                if is_change {
                    gateway.rates().mutation(session.number)?;
                }
                Ok(Buyer(session))
            }
            Authentication::Ended => Err(ApiError::SessionExpired),
            Authentication::Unknown => Err(ApiError::Unauthenticated),
        }
    }

    /// The buyer as the engine knows them.
    pub fn asker(&self) -> Asker {
        Arc::clone(&self.0).into()
    }
}

/// The token of a buyer's session, as the engine knows it.
pub struct SessionToken {
    /// The token's SHA-256.
    pub hash: [u8; 32],
}

impl FromRequestParts<Arc<Gateway>> for SessionToken {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Gateway>) -> Result<SessionToken, ApiError> {
        credential(parts, SESSION_COOKIE).map(|token| SessionToken::of(&token))
    }
}

impl SessionToken {
    /// The token as the engine knows it.
    fn of(token: &str) -> SessionToken {
        SessionToken { hash: digest(token) }
    }
}

/// What a WebSocket was opened with to say who asks. Most sockets need it for nothing, so it is looked at when it is
/// needed.
pub struct Opener(Result<String, ApiError>);

impl Opener {
    /// The session that the token `given` opens, or where none was given, the one that the socket was opened with.
    ///
    /// # Errors
    ///
    /// There is no token, or it opens nothing, or nothing any more; or it is that of a cookie, and the browser does not
    /// vouch that one of our own pages opened the socket.
    pub fn session(self, gateway: &Gateway, given: Option<String>) -> Result<(Buyer, SessionToken), ApiError> {
        let token = given.map_or(self.0, Ok)?;
        Ok((Buyer::of(gateway, &token, false)?, SessionToken::of(&token)))
    }
}

impl FromRequestParts<Arc<Gateway>> for Opener {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Gateway>) -> Result<Opener, Infallible> {
        const REFUSAL: &str = "what is yours is told by cookie to this server's own pages alone";
        Ok(Opener(vouched_credential(parts, SESSION_COOKIE, REFUSAL)))
    }
}

/// Somebody with a token for the admin API, whose role allows the request.
#[derive(Clone, Debug)]
pub struct Organiser {
    /// The token's name, by which the audit trail knows them.
    pub name: Slug,
}

impl Organiser {
    /// The organiser as the audit trail knows them.
    pub fn by(&self) -> By {
        By::Admin(self.name.as_str().to_owned())
    }

    /// The organiser as the engine knows them.
    pub fn caller(&self) -> Caller {
        Caller::Admin { name: self.name.as_str().to_owned() }
    }
}

impl FromRequestParts<Arc<Gateway>> for Buyer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Arc<Gateway>) -> Result<Buyer, ApiError> {
        let token = credential(parts, SESSION_COOKIE)?;
        Buyer::of(gateway, &token, !parts.method.is_safe())
    }
}

impl FromRequestParts<Arc<Gateway>> for Organiser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Arc<Gateway>) -> Result<Organiser, ApiError> {
        let token = |parts: &Parts| credential(parts, ADMIN_COOKIE);
        let Holder { name, role } = listened_to(holder(parts, gateway, token, ORGANISERS_ALONE)?)?;
        if role == Role::Viewer && !parts.method.is_safe() {
            return Err(ApiError::Forbidden("a viewer's token reads, and changes nothing"));
        }
        let organiser = Organiser { name };
        note_organiser(&organiser.name);
        // The key of a request is read after this, and counts for this organiser alone.
        parts.extensions.insert(organiser.clone());
        Ok(organiser)
    }
}

/// Somebody who shows a token that the admin API listens to, to have it as a cookie from then on.
pub struct SignIn {
    /// Who it is.
    pub holder: Holder,
    /// The token.
    pub token: String,
}

impl FromRequestParts<Arc<Gateway>> for SignIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Arc<Gateway>) -> Result<SignIn, ApiError> {
        let holder = listened_to(holder(parts, gateway, shown_token, ORGANISERS_ALONE)?)?;
        note_organiser(&holder.name);
        Ok(SignIn { holder, token: shown_token(parts)? })
    }
}

/// Somebody whose token or cookie the admin API listens to. Viewers sign out as operators do.
pub struct SignedIn(pub Holder);

impl FromRequestParts<Arc<Gateway>> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Arc<Gateway>) -> Result<SignedIn, ApiError> {
        let token = |parts: &Parts| credential(parts, ADMIN_COOKIE);
        let holder = holder(parts, gateway, token, ORGANISERS_ALONE).and_then(listened_to)?;
        note_organiser(&holder.name);
        Ok(SignedIn(holder))
    }
}

/// What a buyer is told by the admin API.
const ORGANISERS_ALONE: &str = "this needs the token of an organiser";

/// The same holder, unless the admin API does not listen to their role.
fn listened_to(holder: Holder) -> Result<Holder, ApiError> {
    match holder.role {
        Role::Operator | Role::Viewer => Ok(holder),
        Role::Service => Err(ApiError::Forbidden("a service's token logs users in, and administers nothing")),
    }
}

/// Whoever may ask for a login: anybody, who then proves who they are; or where `auth.mode` is "service", a back end that
/// has proved who it is, and is believed who its users are.
pub struct LoginCaller;

impl FromRequestParts<Arc<Gateway>> for LoginCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Arc<Gateway>) -> Result<LoginCaller, ApiError> {
        const REFUSAL: &str = "only the token of a service logs users in";
        if !matches!(gateway.login(), Login::Service) {
            return Ok(LoginCaller);
        }
        match holder(parts, gateway, shown_token, REFUSAL)?.role {
            Role::Service => Ok(LoginCaller),
            Role::Viewer | Role::Operator => Err(ApiError::Forbidden(REFUSAL)),
        }
    }
}

/// A sale's own back end, which may ask for many buyers in one call: it shows the token of a service or of an operator, and
/// in each operation the token of the buyer's session.
pub struct BackEnd;

impl FromRequestParts<Arc<Gateway>> for BackEnd {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Arc<Gateway>) -> Result<BackEnd, ApiError> {
        const REFUSAL: &str = "a batch needs the token of a service or an operator";
        match holder(parts, gateway, shown_token, REFUSAL)?.role {
            Role::Service | Role::Operator => Ok(BackEnd),
            Role::Viewer => Err(ApiError::Forbidden(REFUSAL)),
        }
    }
}

/// The token of the header, where cookies count for nothing: a back end is no browser, and who signs in has no cookie yet.
fn shown_token(parts: &Parts) -> Result<String, ApiError> {
    bearer(&parts.headers).unwrap_or(Err(ApiError::Unauthenticated))
}

/// Who holds the token that the request shows. `refusal` is what a buyer is told.
fn holder(
    parts: &Parts,
    gateway: &Gateway,
    token: impl FnOnce(&Parts) -> Result<String, ApiError>,
    refusal: &'static str,
) -> Result<Holder, ApiError> {
    let now_ms = gateway.engine()?.now_ms();
    // Loopback and the operator's own proxies are never locked out: everybody behind them would be.
    let client = parts.extensions.get::<Client>().filter(|client| client.is_bounded).copied();
    let locked_seconds = client.and_then(|client| gateway.lockout().locked_seconds(client.network(), now_ms));
    if let Some(seconds) = locked_seconds {
        return Err(rates::refused("admin", seconds));
    }
    let token = token(parts)?;
    match gateway.tokens()?.find(&token) {
        Some(holder) => Ok(holder),
        None => Err(refuse_stranger(gateway, &token, client, now_ms, refusal)?),
    }
}

/// What is said to a credential that is none of the tokens: it is a buyer's, or a guess. Guesses of clients who can be locked
/// out are counted.
fn refuse_stranger(
    gateway: &Gateway,
    token: &str,
    client: Option<Client>,
    now_ms: u64,
    refusal: &'static str,
) -> Result<ApiError, ApiError> {
    match gateway.engine()?.authenticate(&digest(token)) {
        Authentication::Live(_) => return Ok(ApiError::Forbidden(refusal)),
        Authentication::Ended => return Ok(ApiError::Unauthenticated),
        Authentication::Unknown => {}
    }
    // A page that is still open shows a token that was taken away since: that is no guess, and must not lock out all who
    // work behind the same address.
    if gateway.tokens()?.was_in_force(token) {
        return Ok(ApiError::Unauthenticated);
    }
    ADMIN_FAILURES.count(&[]).increment(1);
    if let Some(client) = client
        && gateway.lockout().failed(client.network(), now_ms)
    {
        ADMIN_LOCKOUTS.count(&[]).increment(1);
        let seconds = gateway.config().admin.lockout_seconds;
        tracing::warn!(address = %client.address, seconds, "too many wrong admin tokens: the network is locked out");
    }
    Ok(ApiError::Unauthenticated)
}

/// A new session token: 32 random bytes as 64 hexadecimal digits, and the hash by which it is known.
pub fn new_token() -> Result<(String, [u8; 32]), ApiError> {
    let token = secret::make(TOKEN_BYTES).map_err(|error| {
        tracing::error!(%error, "the system gives no random bytes");
        ApiError::Internal
    })?;
    let hash = digest(&token);
    Ok((token, hash))
}

/// The cookie that carries a session token; without one, the cookie that takes it away.
pub fn session_cookie(token: Option<&str>) -> HeaderValue {
    set_cookie(SESSION_COOKIE, "/", token).expect("a token has hexadecimal digits only")
}

/// The cookie that carries an organiser's token, to the admin API alone; without one, the cookie that takes it away.
///
/// # Errors
///
/// The token fits no header; but then it came in none.
pub fn admin_cookie(token: Option<&str>) -> Result<HeaderValue, ApiError> {
    set_cookie(ADMIN_COOKIE, "/v1/admin", token).map_err(|_| ApiError::Internal)
}

/// Whether the request comes with the cookie of an organiser.
pub fn shows_admin_cookie(headers: &HeaderMap) -> bool {
    cookie(headers, ADMIN_COOKIE).is_some()
}

/// No script can read it, and no other site's page has the browser send it.
fn set_cookie(name: &str, path: &str, token: Option<&str>) -> Result<HeaderValue, InvalidHeaderValue> {
    let age = if token.is_some() { "" } else { "; Max-Age=0" };
    let value = token.unwrap_or_default();
    HeaderValue::try_from(format!("{name}={value}; Path={path}; HttpOnly; SameSite=Strict{age}"))
}

/// The token of the `Authorization` header, or else of the cookie. A cookie is sent by the browser whoever asked it to,
/// so what changes something must come from our own pages.
fn credential(parts: &Parts, cookie_name: &str) -> Result<String, ApiError> {
    if parts.method.is_safe() {
        let by_cookie = || cookie(&parts.headers, cookie_name).ok_or(ApiError::Unauthenticated);
        return bearer(&parts.headers).unwrap_or_else(by_cookie);
    }
    vouched_credential(parts, cookie_name, "a change by cookie must come from this server's own pages")
}

/// The same, where a cookie counts only if the browser vouches for our own pages; `refusal` is what others are told.
fn vouched_credential(parts: &Parts, cookie_name: &str, refusal: &'static str) -> Result<String, ApiError> {
    if let Some(token) = bearer(&parts.headers) {
        return token;
    }
    let token = cookie(&parts.headers, cookie_name).ok_or(ApiError::Unauthenticated)?;
    if origin::is_own(&parts.headers) { Ok(token) } else { Err(ApiError::Forbidden(refusal)) }
}

/// The token of the `Authorization` header, if there is one.
fn bearer(headers: &HeaderMap) -> Option<Result<String, ApiError>> {
    let token = headers.get(AUTHORIZATION)?.to_str().ok().and_then(|text| text.split_once(' '));
    let bearer = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    Some(bearer.map(|(_, token)| token.trim().to_owned()).ok_or(ApiError::Unauthenticated))
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
    let pairs = cookies.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).next()
}
