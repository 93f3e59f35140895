//! Asking over HTTP.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::net::SocketAddr;

use hyper::Method;
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use serde_json::json;

use crate::bench::request::{Answer, Asked, Credential, Meaning, Offer, Request, User};
use crate::connection::{Connection, bearer};
use crate::error::LoadError;
use crate::scan::{number_of, results_of, text_of, whole_number_of};

/// A keep-alive connection.
pub struct HttpDoor {
    connection: Connection,
    /// The credential of the sale's own back end, by which batches are asked.
    admin: HeaderValue,
}

impl HttpDoor {
    /// Connects.
    ///
    /// # Errors
    ///
    /// The server cannot be reached.
    pub async fn open(address: SocketAddr, admin: HeaderValue) -> Result<HttpDoor, LoadError> {
        Ok(HttpDoor { connection: Connection::open(address).await?, admin })
    }

    pub(super) async fn log_in(
        &mut self,
        name: &str,
        wish: Option<&Offer>,
    ) -> Result<(Option<User>, Answer), LoadError> {
        let intent = |offer: &Offer| match &offer.ticket_type {
            Some(ticket_type) => json!({ "event": offer.event.as_str(), "ticket_type": ticket_type.as_str() }),
            None => json!({ "event": offer.event.as_str() }),
        };
        let intents: Vec<_> = wish.into_iter().map(intent).collect();
        let body = Bytes::from(json!({ "user": name, "intents": intents }).to_string());
        let answer = self.connection.send(Method::POST, "/v1/sessions", None, None, body).await?;
        let text = text_in(&answer.body)?;
        if !matches!(answer.status, 200 | 201) {
            return Ok((None, Answer { status: counted(answer.status, text), meaning: Meaning::Refused }));
        }
        let token = text_of(text, "\"token\":\"").ok_or_else(|| LoadError::new("a login has no token"))?;
        let user = User(Credential::Header(bearer(token)?));
        let outcome = text_of(text, "\"outcome\":\"");
        let meaning = match (outcome, number_in_hold(text)) {
            (Some("held"), Some(number)) => Meaning::Held { number, is_fresh: true },
            (Some("queued"), _) => Meaning::Waiting { ahead: ahead_in(text) },
            (None, _) => Meaning::Done,
            _ => Meaning::Refused,
        };
        let status = outcome.map_or(Cow::Borrowed("no wish"), |outcome| Cow::Owned(outcome.to_owned()));
        Ok((Some(user), Answer { status, meaning }))
    }

    pub(super) async fn ask(&mut self, (user, request): Asked<'_>, key: Option<u64>) -> Result<Answer, LoadError> {
        let (method, path, body) = call(&request);
        let answer = self.connection.send(method, &path, Some(header_of(user)?), key, body).await?;
        Ok(meant(&request, answer.status, text_in(&answer.body)?))
    }

    pub(super) async fn ask_all(
        &mut self,
        asked: &[Asked<'_>],
        first_key: Option<u64>,
    ) -> Result<Vec<Answer>, LoadError> {
        let body = batch(asked, first_key)?;
        let answer = self.connection.send(Method::POST, "/v1/batch", Some(&self.admin), None, body).await?;
        let text = text_in(&answer.body)?;
        if answer.status != 200 {
            return Err(LoadError::new(format!("a batch was answered {}: {text}", answer.status)));
        }
        let results = results_of(text).zip(asked).map(|((status, body), (_, request))| meant(request, status, body));
        let answers: Vec<Answer> = results.collect();
        if answers.len() == asked.len() {
            return Ok(answers);
        }
        Err(LoadError::new(format!("a batch of {} operations has {} results", asked.len(), answers.len())))
    }
}

fn header_of(user: &User) -> Result<&HeaderValue, LoadError> {
    match &user.0 {
        Credential::Header(header) => Ok(header),
        Credential::Caller(_) => Err(LoadError::new("a user of the engine cannot ask over HTTP")),
    }
}

fn call(request: &Request<'_>) -> (Method, String, Bytes) {
    let event = request.offer().event.as_str();
    match request {
        Request::Hold { offer, wait } => {
            let body = match (&offer.ticket_type, wait) {
                (None, false) => Bytes::from_static(b"{\"quantity\":1}"),
                (None, true) => Bytes::from_static(b"{\"quantity\":1,\"wait\":true}"),
                (Some(kind), wait) => format!("{{\"ticket_type\":\"{kind}\",\"quantity\":1,\"wait\":{wait}}}").into(),
            };
            (Method::POST, format!("/v1/events/{event}/holds"), body)
        }
        Request::Confirm { hold, .. } => (Method::POST, format!("/v1/holds/{event}.{hold}/confirm"), Bytes::new()),
        Request::Release { hold, .. } => (Method::DELETE, format!("/v1/holds/{event}.{hold}"), Bytes::new()),
        Request::Event(_) => (Method::GET, format!("/v1/events/{event}"), Bytes::new()),
        Request::OwnHolds(_) => (Method::GET, "/v1/holds?state=held".to_owned(), Bytes::new()),
        Request::Place(offer) => {
            let of_type = offer.ticket_type.as_ref().map(|kind| format!("?ticket_type={kind}")).unwrap_or_default();
            (Method::GET, format!("/v1/events/{event}/queue/me{of_type}"), Bytes::new())
        }
    }
}

fn batch(asked: &[Asked<'_>], first_key: Option<u64>) -> Result<Bytes, LoadError> {
    let mut body = String::from("{\"operations\":[");
    for (index, (user, request)) in (0..).zip(asked) {
        let event = request.offer().event.as_str();
        let token = header_of(user)?.to_str().ok().and_then(|header| header.strip_prefix("Bearer "));
        let token = token.ok_or_else(|| LoadError::new("a user has no token"))?;
        let comma = if index == 0 { "" } else { "," };
        let operation = match request {
            Request::Hold { offer, wait } => {
                let kind = offer.ticket_type.as_ref().map(|kind| format!(",\"ticket_type\":\"{kind}\""));
                format!("\"hold\",\"event\":\"{event}\",\"wait\":{wait}{}", kind.unwrap_or_default())
            }
            Request::Confirm { hold, .. } => format!("\"confirm\",\"hold\":\"{event}.{hold}\""),
            Request::Release { hold, .. } => format!("\"release\",\"hold\":\"{event}.{hold}\""),
            _ => return Err(LoadError::new("only changes are asked in batches")),
        };
        let key = first_key.map(|first| format!(",\"idempotency_key\":\"{}\"", first + index)).unwrap_or_default();
        write!(body, "{comma}{{\"op\":{operation},\"token\":\"{token}\"{key}}}").expect("a text takes everything");
    }
    body.push_str("]}");
    Ok(body.into())
}

fn meant(request: &Request<'_>, status: u16, text: &str) -> Answer {
    let meaning = match (request, status) {
        (Request::Hold { .. }, 200 | 201) => held(text, status == 201),
        (Request::Hold { .. }, 202) => Meaning::Waiting { ahead: ahead_in(text) },
        (Request::OwnHolds(_), 200) if number_of(text).is_some() => held(text, false),
        (_, 200..300) => Meaning::Done,
        _ => Meaning::Refused,
    };
    Answer { status: counted(status, text), meaning }
}

/// How an answer is counted: by its status, and a refusal by its code.
fn counted(status: u16, text: &str) -> Cow<'static, str> {
    match status {
        200 => Cow::Borrowed("200"),
        201 => Cow::Borrowed("201"),
        202 => Cow::Borrowed("202"),
        _ => Cow::Owned(format!("{status} {}", text_of(text, "\"code\":\"").unwrap_or_default()).trim().to_owned()),
    }
}

fn held(text: &str, is_fresh: bool) -> Meaning {
    number_of(text).map_or(Meaning::Refused, |number| Meaning::Held { number, is_fresh })
}

/// The number of the hold that a login came to, which stands behind the id of the session.
fn number_in_hold(text: &str) -> Option<u32> {
    number_of(text.split_once("\"hold\":{")?.1)
}

fn ahead_in(text: &str) -> u64 {
    whole_number_of(text, "\"ahead\":").unwrap_or_default()
}

fn text_in(body: &[u8]) -> Result<&str, LoadError> {
    std::str::from_utf8(body).map_err(|_| LoadError::new("an answer is no text"))
}

#[cfg(test)]
mod tests {
    use holdfast_engine::core::id::Slug;

    use super::*;

    fn offer() -> Offer {
        Offer { account: 0, event: Slug::new("gala").expect("a slug"), ticket_type: Slug::new("vip") }
    }

    #[test]
    fn an_answer_means_what_the_contract_says() {
        let offer = offer();
        let hold = Request::Hold { offer: &offer, wait: true };
        let rows = [
            (hold, 201, r#"{"id":"gala.17"}"#, "201", Meaning::Held { number: 17, is_fresh: true }),
            (hold, 200, r#"{"id":"gala.17"}"#, "200", Meaning::Held { number: 17, is_fresh: false }),
            (hold, 202, r#"{"position":3,"ahead":2}"#, "202", Meaning::Waiting { ahead: 2 }),
            (hold, 409, r#"{"code":"sold_out"}"#, "409 sold_out", Meaning::Refused),
            (hold, 502, "", "502", Meaning::Refused),
            (Request::OwnHolds(&offer), 200, r#"{"items":[]}"#, "200", Meaning::Done),
            (Request::Confirm { offer: &offer, hold: 17 }, 201, r#"{"id":"gala.17"}"#, "201", Meaning::Done),
        ];
        for (request, status, text, counted, meaning) in rows {
            let expected = Answer { status: counted.into(), meaning };
            assert_eq!(meant(&request, status, text), expected, "{request:?} {status}");
        }
    }

    #[test]
    fn a_batch_is_json_with_a_token_and_a_key_for_each() {
        let (offer, user) = (offer(), User(Credential::Header(HeaderValue::from_static("Bearer t"))));
        let asked = [
            (&user, Request::Hold { offer: &offer, wait: false }),
            (&user, Request::Confirm { offer: &offer, hold: 3 }),
        ];
        let body = batch(&asked, Some(7)).expect("changes");
        let said: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        let expected = json!({ "operations": [
            { "op": "hold", "event": "gala", "wait": false, "ticket_type": "vip", "token": "t", "idempotency_key": "7" },
            { "op": "confirm", "hold": "gala.3", "token": "t", "idempotency_key": "8" },
        ] });
        assert_eq!(said, expected);
        assert!(batch(&[(&user, Request::Event(&offer))], None).is_err(), "a look is no operation of a batch");
    }
}
