//! Asking the server: one request after the other, no redirects, no proxies, everything within its time and size.

use std::time::Duration;

use serde_json::Value;
use ureq::http::Response;
use ureq::{Agent, Body, Error, RequestBuilder, Timeout};
use zeroize::Zeroizing;

use super::failure::{OperatorError, Refusal};
use super::server::Server;
use super::words::clean;
use crate::outgoing;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest answer that is taken, in bytes: a page of 200 events with all their ticket types, and to spare.
const ANSWER_BYTES_MAX: u64 = 16 << 20;
/// The most items of a page.
const PAGE_ITEMS_MAX: u64 = 200;

/// The parameters of a request that lists.
pub type Query<'query> = [(&'static str, Option<&'query str>)];

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Something new, or something once.
    Post,
    /// A state that is to be.
    Put,
    /// A part that changes.
    Patch,
    /// An end.
    Delete,
}

/// A server that can be asked.
pub struct Client {
    agent: Agent,
    url: String,
    token: Option<Zeroizing<String>>,
}

/// An answer that is no refusal.
#[derive(Debug)]
pub struct Answer {
    /// Its `ETag`, if it has one.
    pub etag: Option<String>,
    /// Its body; null where it has none.
    pub body: Value,
}

impl Client {
    /// A client of this server. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`OperatorError::Setting`] where no certificate could be believed.
    pub fn new(server: &Server) -> Result<Client, OperatorError> {
        if server.url.starts_with("https:") && server.authorities.is_empty() {
            let reason = "the system has no certificates of authorities: give one with --ca";
            return Err(OperatorError::Setting(reason.to_owned()));
        }
        let agent = outgoing::agent(&server.authorities, CONNECT_TIMEOUT, server.timeout);
        Ok(Client { agent, url: server.url.clone(), token: server.token.clone() })
    }

    /// Whether there is a token to show.
    pub fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// Looks at something that everybody may see; the token stays here.
    pub fn look(&self, path: &str) -> Result<Answer, OperatorError> {
        self.read(self.agent.get(format!("{}{path}", self.url)).call())
    }

    /// Looks at something that organisers see.
    pub fn get(&self, path: &str, query: &Query<'_>) -> Result<Answer, OperatorError> {
        let present = query.iter().filter_map(|(name, value)| Some((*name, (*value)?)));
        let request = self.agent.get(format!("{}{path}", self.url)).query_pairs(present);
        self.read(self.sign(request)?.call())
    }

    /// Changes something. `if_match` is the version that it must have.
    pub fn send(&self, verb: Verb, path: &str, body: &Value, if_match: Option<&str>) -> Result<Answer, OperatorError> {
        let url = format!("{}{path}", self.url);
        let request = match verb {
            Verb::Post => self.agent.post(url),
            Verb::Put => self.agent.put(url),
            Verb::Patch => self.agent.patch(url),
            Verb::Delete => self.agent.delete(url).force_send_body(),
        };
        let request = if let Some(version) = if_match { request.header("if-match", version) } else { request };
        self.read(self.sign(request)?.content_type("application/json").send(body.to_string()))
    }

    /// Gives all items of a list, or the first `limit`, to `each`, page by page.
    pub fn each_item(
        &self,
        path: &str,
        query: &Query<'_>,
        limit: Option<u64>,
        each: &mut dyn FnMut(&Value) -> Result<(), OperatorError>,
    ) -> Result<(), OperatorError> {
        let (mut left, mut cursor) = (limit.unwrap_or(u64::MAX), None::<String>);
        while left > 0 {
            let page_items = left.min(PAGE_ITEMS_MAX).to_string();
            let page_query = [query, &[("limit", Some(&page_items)), ("cursor", cursor.as_deref())]].concat();
            let page = self.get(path, &page_query)?.body;
            let items = page.get("items").and_then(Value::as_array).ok_or_else(|| self.unintelligible("no list"))?;
            items.iter().try_for_each(&mut *each)?;
            left = left.saturating_sub(items.len() as u64);
            let next = page.get("next_cursor").and_then(Value::as_str).map(str::to_owned);
            if next.is_some() && next == cursor {
                return Err(self.unintelligible("the list goes round in a circle"));
            }
            let Some(next) = next else { return Ok(()) };
            cursor = Some(next);
        }
        Ok(())
    }

    fn sign<Kind>(&self, request: RequestBuilder<Kind>) -> Result<RequestBuilder<Kind>, OperatorError> {
        let token = self.token.as_ref().ok_or(OperatorError::NoToken)?;
        Ok(request.header("authorization", format!("Bearer {}", **token)))
    }

    fn read(&self, answer: Result<Response<Body>, Error>) -> Result<Answer, OperatorError> {
        let mut answer = answer.map_err(|error| self.failed(&error))?;
        let status = answer.status();
        let text = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string();
        let text = text.map_err(|error| self.failed(&error))?;
        let body = if text.is_empty() { Ok(Value::Null) } else { serde_json::from_str(&text) };
        let body = body.map_err(|_| self.unintelligible(&format!("HTTP {}, and no JSON", status.as_u16())))?;
        if !status.is_success() {
            let refusal = Refusal::of(status.as_u16(), &body);
            let no_refusal = || self.unintelligible(&format!("HTTP {}, and no problem details", status.as_u16()));
            return Err(refusal.ok_or_else(no_refusal)?.into());
        }
        let etag = answer.headers().get("etag").and_then(|etag| etag.to_str().ok()).map(str::to_owned);
        Ok(Answer { etag, body })
    }

    fn failed(&self, error: &Error) -> OperatorError {
        let (url, reason) = (self.url.clone(), clean(&error.to_string()));
        match error {
            Error::HostNotFound
            | Error::ConnectionFailed
            | Error::Tls(_)
            | Error::Rustls(_)
            | Error::Timeout(Timeout::Resolve | Timeout::Connect) => OperatorError::Unreachable { url, reason },
            Error::Io(io) if is_before_the_request(io) => OperatorError::Unreachable { url, reason },
            Error::Protocol(_) | Error::Http(_) | Error::BodyExceedsLimit(_) | Error::LargeResponseHeader(..) => {
                OperatorError::Unintelligible { url, reason }
            }
            _ => OperatorError::NoAnswer { url, reason },
        }
    }

    fn unintelligible(&self, reason: &str) -> OperatorError {
        OperatorError::Unintelligible { url: self.url.clone(), reason: reason.to_owned() }
    }
}

/// Whether the connection failed before anything could be asked: it was not made, or its certificate was not believed.
fn is_before_the_request(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionRefused, HostUnreachable, InvalidData, NetworkUnreachable};
    matches!(error.kind(), ConnectionRefused | HostUnreachable | NetworkUnreachable)
        || error.kind() == InvalidData && error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>())
}
