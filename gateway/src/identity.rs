//! Who asks. The one place that knows credentials, and how a login proves who it is.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use holdfast_engine::core::Caller;
use holdfast_engine::core::id::Slug;
use holdfast_engine::session_table::{Authentication, LiveSession};
use metrics::counter;
use sha2::{Digest, Sha256};

use crate::client::Client;
use crate::config::AuthMode;
use crate::error::ApiError;
use crate::gateway::Gateway;
use crate::rates;
use crate::tokens::{Holder, Role};

const SESSION_COOKIE: &str = "holdfast_session";
const ADMIN_COOKIE: &str = "holdfast_admin";

/// The longest user name, in characters.
const USER_NAME_LENGTH_MAX: usize = 128;

/// A buyer with a live session.
pub struct Buyer(pub Arc<LiveSession>);

impl Buyer {
    /// The buyer as the engine knows them.
    pub fn caller(&self) -> Caller {
        Caller::User { user: self.0.user, session: self.0.number }
    }
}

/// Somebody with a token for the admin API, whose role allows the request.
#[derive(Clone, Debug)]
pub struct Organiser {
    /// The token's name, by which the audit trail knows them.
    pub name: Slug,
    /// What they may do.
    pub role: Role,
}

impl Organiser {
    /// The organiser as the engine knows them.
    pub fn caller(&self) -> Caller {
        Caller::Admin { name: self.name.as_str().to_owned() }
    }
}

impl FromRequestParts<Arc<Gateway>> for Buyer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Arc<Gateway>) -> Result<Buyer, ApiError> {
        let engine = gateway.engine()?;
        let token = credential(parts, SESSION_COOKIE)?;
        match engine.authenticate(&token_hash(&token)) {
            Authentication::Live(session) => {
                if !parts.method.is_safe() {
                    gateway.rates().mutation(session.number)?;
                }
                Ok(Buyer(session))
            }
            Authentication::Ended => Err(ApiError::SessionExpired),
            Authentication::Unknown => Err(ApiError::Unauthenticated),
        }
    }
}

impl FromRequestParts<Arc<Gateway>> for Organiser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Arc<Gateway>) -> Result<Organiser, ApiError> {
        let now_ms = gateway.engine()?.now_ms();
        // Loopback and the operator's own proxies are never locked out: everybody behind them would be.
        let client = parts.extensions.get::<Client>().filter(|client| client.is_bounded).copied();
        let locked_seconds = client.and_then(|client| gateway.lockout().locked_seconds(client.network(), now_ms));
        if let Some(seconds) = locked_seconds {
            return Err(rates::refused("admin", seconds));
        }
        let token = credential(parts, ADMIN_COOKIE)?;
        let Some(Holder { name, role }) = gateway.tokens()?.find(&token) else {
            return Err(refuse_stranger(gateway, &token, client, now_ms)?);
        };
        match role {
            Role::Operator => {}
            Role::Viewer if parts.method.is_safe() => {}
            Role::Viewer => return Err(ApiError::Forbidden("a viewer's token reads, and changes nothing")),
            Role::Service => {
                return Err(ApiError::Forbidden("a service's token logs users in, and administers nothing"));
            }
        }
        let organiser = Organiser { name, role };
        // The key of a request is read after this, and counts for this organiser alone.
        parts.extensions.insert(organiser.clone());
        Ok(organiser)
    }
}

/// What the admin API says to a credential that is none of the tokens: it is a buyer's, or a guess. Guesses of clients who
/// can be locked out are counted.
fn refuse_stranger(gateway: &Gateway, token: &str, client: Option<Client>, now_ms: u64) -> Result<ApiError, ApiError> {
    match gateway.engine()?.authenticate(&token_hash(token)) {
        Authentication::Live(_) => return Ok(ApiError::Forbidden("this needs the token of an organiser")),
        Authentication::Ended => return Ok(ApiError::Unauthenticated),
        Authentication::Unknown => {}
    }
    counter!("holdfast_admin_failures_total").increment(1);
    if let Some(client) = client
        && gateway.lockout().failed(client.network(), now_ms)
    {
        let seconds = gateway.config().admin.lockout_seconds;
        tracing::warn!(address = %client.address, seconds, "too many wrong admin tokens: the network is locked out");
    }
    Ok(ApiError::Unauthenticated)
}

/// Establishes who logs in: in open mode, whoever they say.
pub fn user_name(mode: AuthMode, user: &str) -> Result<String, ApiError> {
    if mode != AuthMode::Open {
        return Err(ApiError::Unauthenticated);
    }
    let length = user.chars().count();
    if length == 0 || length > USER_NAME_LENGTH_MAX {
        return Err(ApiError::invalid("user", format!("must have 1 to {USER_NAME_LENGTH_MAX} characters")));
    }
    if user.chars().any(char::is_control) || user.trim() != user {
        return Err(ApiError::invalid("user", "must not have control characters or outer white space"));
    }
    Ok(user.to_owned())
}

/// A new session token: 32 random bytes as 64 hexadecimal digits, and the hash by which it is known.
pub fn new_token() -> Result<(String, [u8; 32]), ApiError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(%error, "the system gives no random bytes");
        ApiError::Internal
    })?;
    let token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let hash = token_hash(&token);
    Ok((token, hash))
}

/// The cookie that carries a session token; without one, the cookie that takes it away.
pub fn session_cookie(token: Option<&str>) -> HeaderValue {
    let cookie = match token {
        Some(token) => format!("{SESSION_COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict"),
        None => format!("{SESSION_COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"),
    };
    HeaderValue::try_from(cookie).expect("a token has hexadecimal digits only")
}

fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// The token of the `Authorization` header, or else of the cookie. A cookie is sent by the browser whoever asked it to,
/// so what changes something must come from our own pages.
fn credential(parts: &Parts, cookie_name: &str) -> Result<String, ApiError> {
    if let Some(header) = parts.headers.get(AUTHORIZATION) {
        let token = header.to_str().ok().and_then(|text| text.split_once(' '));
        let bearer = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        return bearer.map(|(_, token)| token.trim().to_owned()).ok_or(ApiError::Unauthenticated);
    }
    let token = cookie(&parts.headers, cookie_name).ok_or(ApiError::Unauthenticated)?;
    if !parts.method.is_safe() && !is_same_origin(&parts.headers) {
        return Err(ApiError::Forbidden("a change by cookie must come from this server's own pages"));
    }
    Ok(token)
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
    let pairs = cookies.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).next()
}

/// Whether the browser vouches that the request comes from our own pages.
fn is_same_origin(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let origin_host = text(ORIGIN).and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    origin_host.is_some() && origin_host == text(HOST)
}
