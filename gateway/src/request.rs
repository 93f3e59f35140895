//! Reading requests, strictly: unknown fields, wrong types, duplicate keys and trailing data are refused.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, IF_MATCH};
use axum::http::request::Parts;
use holdfast_engine::core::id::{HoldNumber, LoginSeq, Slug};
use holdfast_engine::core::idempotency::IdempotencyKey;
use holdfast_engine::core::settings::QUANTITY_MAX;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::admission::Arrival;
use crate::error::ApiError;
use crate::gateway::Gateway;
use crate::header_names::IDEMPOTENCY_KEY;
use crate::identity::Organiser;
use crate::nesting;

/// The longest idempotency key, in characters.
const KEY_LENGTH_MAX: usize = 128;

/// A request that changes something: its body, and its idempotency key.
pub struct Mutation<T> {
    /// The body. None at all reads as `{}`.
    pub body: T,
    /// The key, with a hash of the whole request.
    pub key: Option<IdempotencyKey>,
}

impl<T: DeserializeOwned> FromRequest<Arc<Gateway>> for Mutation<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, gateway: &Arc<Gateway>) -> Result<Mutation<T>, ApiError> {
        let (parts, body) = request.into_parts();
        let bytes = receive(body, &parts, gateway, gateway.config().limits.body_bytes_max).await?;
        let key = idempotency_key(&parts, &bytes)?;
        Ok(Mutation { body: parse(&parts, &bytes, gateway)?, key })
    }
}

/// A request with many changes in one body, which may be as large as `limits.batch_body_bytes_max`. Each change has a key of its
/// own; one for all is refused, because it would promise that they are one.
pub struct Batch<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Arc<Gateway>> for Batch<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, gateway: &Arc<Gateway>) -> Result<Batch<T>, ApiError> {
        let (parts, body) = request.into_parts();
        let bytes = receive(body, &parts, gateway, gateway.config().limits.batch_body_bytes_max).await?;
        if parts.headers.contains_key(IDEMPOTENCY_KEY) {
            return Err(ApiError::Malformed("each operation of a batch has an idempotency_key of its own".to_owned()));
        }
        parse(&parts, &bytes, gateway).map(Batch)
    }
}

/// A JSON object, and nothing else. Serde by itself would read a list too, its items as the fields in their order.
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object<T>, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(fields)).map(Object)
    }
}

/// The parameters behind the question mark, as strictly.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Arc<Gateway>> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Gateway>) -> Result<Query<T>, ApiError> {
        let query = axum::extract::Query::<T>::try_from_uri(&parts.uri);
        query.map(|query| Query(query.0)).map_err(|error| ApiError::Malformed(error.body_text()))
    }
}

/// The id in a path. What is not even text is the id of nothing.
pub struct PathId(pub String);

impl FromRequestParts<Arc<Gateway>> for PathId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Arc<Gateway>) -> Result<PathId, ApiError> {
        let path = axum::extract::Path::<String>::from_request_parts(parts, gateway).await;
        path.map(|id| PathId(id.0)).map_err(|_| ApiError::NotFound("not_found"))
    }
}

/// The event of a path. A text that can be no event's id is that of none.
pub fn event_id(text: &str) -> Result<Slug, ApiError> {
    Slug::new(text).ok_or(ApiError::NotFound("event_not_found"))
}

/// Event and number of `<event>.<number>`; `not_found` is the code where it is no such thing.
pub fn numbered_id(text: &str, not_found: &'static str) -> Result<(Slug, HoldNumber), ApiError> {
    let parts = text.split_once('.').and_then(|(event, number)| {
        let is_canonical = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
        Some((Slug::new(event)?, HoldNumber(number.parse().ok().filter(|_| is_canonical)?)))
    });
    parts.ok_or(ApiError::NotFound(not_found))
}

/// The session of a path.
pub fn session_id(text: &str) -> Result<LoginSeq, ApiError> {
    let is_canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    let number = text.parse().ok().filter(|_| is_canonical);
    number.map(LoginSeq).ok_or(ApiError::NotFound("session_not_found"))
}

/// The ticket type of a body. A text that can be no type's id is that of none.
pub fn ticket_type(text: Option<String>) -> Result<Option<Slug>, ApiError> {
    text.map(|text| Slug::new(&text).ok_or(ApiError::NotFound("ticket_type_not_found"))).transpose()
}

/// A slug in a body, of which it says what is wrong.
pub fn slug(field: &str, text: &str) -> Result<Slug, ApiError> {
    Slug::new(text).ok_or_else(|| ApiError::invalid(field, "must be 1 to 64 of a-z, 0-9 and -, and not begin with -"))
}

/// A number of tickets.
pub fn quantity(field: &str, value: Option<i64>) -> Result<Option<u32>, ApiError> {
    let within = |value: i64| u32::try_from(value).ok().filter(|value| (1..=QUANTITY_MAX).contains(value));
    let refuse = || ApiError::invalid(field, format!("must be 1 to {QUANTITY_MAX}"));
    value.map(|value| within(value).ok_or_else(refuse)).transpose()
}

/// The body, of at most `most` bytes. Its client's slowness takes no place among the requests under way.
async fn receive(body: Body, parts: &Parts, gateway: &Gateway, most: u32) -> Result<Bytes, ApiError> {
    let arrival = parts.extensions.get::<Arrival>();
    let awaits_body = arrival.map(|arrival| gateway.admission().await_body(arrival));
    let bytes = read_body(body, parts, gateway, most).await?;
    drop(awaits_body);
    if let (Some(arrival), Ok(engine)) = (arrival, gateway.engine()) {
        arrival.is_complete(engine.now_ms());
    }
    Ok(bytes)
}

async fn read_body(body: Body, parts: &Parts, gateway: &Gateway, most: u32) -> Result<Bytes, ApiError> {
    let limits = &gateway.config().limits;
    let announced = parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|announced| announced > u64::from(most)) {
        return Err(ApiError::BodyTooLarge(most));
    }
    let patience = Duration::from_secs(u64::from(limits.body_read_seconds));
    let read = tokio::time::timeout(patience, to_bytes(body, most as usize)).await;
    read.map_err(|_| ApiError::BodyTimedOut)?.map_err(|error| {
        let is_too_large =
            std::error::Error::source(&error).is_some_and(|source| source.to_string().contains("length limit"));
        if is_too_large { ApiError::BodyTooLarge(most) } else { ApiError::Malformed("the body broke off".to_owned()) }
    })
}

fn parse<T: DeserializeOwned>(parts: &Parts, bytes: &[u8], gateway: &Gateway) -> Result<T, ApiError> {
    let is_json = |value: &str| {
        let kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
    };
    if bytes.is_empty() {
        return read_object(b"{}");
    }
    let is_encoded = parts.headers.get_all(CONTENT_ENCODING).iter().any(|coding| coding != "identity");
    if is_encoded || !parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(is_json) {
        return Err(ApiError::UnsupportedMediaType);
    }
    parse_text(bytes, gateway.config().limits.body_depth_max)
}

/// The JSON object that a client sent.
///
/// # Errors
///
/// Malformed where it is no object of this form, or is nested deeper than `depth_max`.
pub fn parse_text<T: DeserializeOwned>(text: &[u8], depth_max: u32) -> Result<T, ApiError> {
    if nesting::depth(text) > depth_max as usize {
        return Err(ApiError::Malformed(format!("a body is nested at most {depth_max} deep")));
    }
    read_object(text)
}

fn read_object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let object = serde_json::from_slice::<Object<T>>(bytes);
    object.map(|object| object.0).map_err(|error| ApiError::Malformed(error.to_string()))
}

fn idempotency_key(parts: &Parts, bytes: &[u8]) -> Result<Option<IdempotencyKey>, ApiError> {
    let mut keys = parts.headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = keys.next() else { return Ok(None) };
    if keys.next().is_some() || !is_key(key.as_bytes()) {
        let form = format!("Idempotency-Key must be one of 1 to {KEY_LENGTH_MAX} visible ASCII characters");
        return Err(ApiError::Malformed(form));
    }
    let condition = parts.headers.get(IF_MATCH).map_or(&b""[..], |value| value.as_bytes());
    let target = parts.uri.to_string();
    let request = [parts.method.as_str().as_bytes(), target.as_bytes(), condition, bytes];
    Ok(Some(hashed(parts.extensions.get(), key.as_bytes(), &request)))
}

/// The key of one operation of a batch. `operation` is all that it says; who sends it, and beside which others, makes no
/// difference.
pub fn operation_key(key: &str, operation: &[u8]) -> Result<IdempotencyKey, ApiError> {
    if !is_key(key.as_bytes()) {
        let form = format!("idempotency_key must be 1 to {KEY_LENGTH_MAX} visible ASCII characters");
        return Err(ApiError::Malformed(form));
    }
    Ok(hashed(None, key.as_bytes(), &[b"operation", operation]))
}

fn is_key(key: &[u8]) -> bool {
    (1..=KEY_LENGTH_MAX).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic)
}

fn hashed(organiser: Option<&Organiser>, key: &[u8], request: &[&[u8]]) -> IdempotencyKey {
    let mut whole = blake3::Hasher::new();
    for part in request {
        whole.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
    let mut scoped = blake3::Hasher::new();
    // To the engine, all organisers are one. Two who happen to choose the same key must not get each other's answers.
    if let Some(Organiser { name }) = organiser {
        scoped.update(name.as_str().as_bytes()).update(b" ");
    }
    IdempotencyKey {
        key_hash: first_128_bits(scoped.update(key).finalize()),
        request_hash: first_128_bits(whole.finalize()),
    }
}

fn first_128_bits(hash: blake3::Hash) -> u128 {
    u128::from_le_bytes(*hash.as_bytes().first_chunk().expect("a hash has 256 bits"))
}
