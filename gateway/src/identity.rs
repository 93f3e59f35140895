//! Who asks. The one place that knows credentials; how a login proves who it is, is in [`crate::login`].

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use holdfast_engine::core::Caller;
use holdfast_engine::core::change::By;
use holdfast_engine::session_table::{Authentication, LiveSession};
use sha2::{Digest, Sha256};

use crate::error::ApiError;
use crate::gateway::Gateway;

/// The name by which the audit trail knows the one admin token.
pub const ADMIN_NAME: &str = "admin";

const SESSION_COOKIE: &str = "holdfast_session";
const ADMIN_COOKIE: &str = "holdfast_admin";

/// A buyer with a live session.
pub struct Buyer(pub Arc<LiveSession>);

impl Buyer {
    /// The buyer as the engine knows them.
    pub fn caller(&self) -> Caller {
        Caller::User { user: self.0.user, session: self.0.number }
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
        credential(parts, SESSION_COOKIE).map(|token| SessionToken { hash: token_hash(&token) })
    }
}

/// An organiser.
pub struct Organiser;

impl Organiser {
    /// The organiser as the audit trail knows them.
    pub fn by(&self) -> By {
        By::Admin(ADMIN_NAME.to_owned())
    }

    /// The organiser as the engine knows them.
    pub fn caller(&self) -> Caller {
        Caller::Admin { name: ADMIN_NAME.to_owned() }
    }
}

impl FromRequestParts<Arc<Gateway>> for Buyer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Arc<Gateway>) -> Result<Buyer, ApiError> {
        let engine = gateway.engine()?;
        let token = credential(parts, SESSION_COOKIE)?;
        match engine.authenticate(&token_hash(&token)) {
            Authentication::Live(session) => Ok(Buyer(session)),
            Authentication::Ended => Err(ApiError::SessionExpired),
            Authentication::Unknown => Err(ApiError::Unauthenticated),
        }
    }
}

impl FromRequestParts<Arc<Gateway>> for Organiser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Arc<Gateway>) -> Result<Organiser, ApiError> {
        let token = credential(parts, ADMIN_COOKIE)?;
        if gateway.is_admin_token(&token)? {
            return Ok(Organiser);
        }
        match gateway.engine()?.authenticate(&token_hash(&token)) {
            Authentication::Live(_) => Err(ApiError::Forbidden("this needs the admin token")),
            Authentication::Ended | Authentication::Unknown => Err(ApiError::Unauthenticated),
        }
    }
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
