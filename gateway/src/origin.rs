//! Whose pages a request comes from, as the browser tells it. What a page of another site makes a visitor's browser ask must
//! change nothing and open no stream.
//!
//! One rule answers for changes and streams alike. It is that of tower-http's `CsrfLayer`, which is Go's
//! `CrossOriginProtection`: `Sec-Fetch-Site` where the browser sends it, else `Origin` against `Host`. That layer knows
//! neither streams nor the scheme, and makes no difference between our paths, so the rule stands here.

use std::time::Duration;

use axum::http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, ETAG, HOST, IF_MATCH, IF_NONE_MATCH, ORIGIN, RETRY_AFTER, UPGRADE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use tower_http::cors::CorsLayer;

use crate::config::Config;
use crate::error::ApiError;
use crate::header_names::{
    HOLDFAST_SEQ, IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED, LAST_EVENT_ID, SEC_FETCH_SITE, X_REQUEST_ID,
};

/// How long a browser may remember what a preflight said.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_secs(600);

/// Whether the browser vouches that the request comes from our own pages. Behind a proxy that holds only where the proxy
/// passes `Host` on, or the browser sends `Sec-Fetch-Site`.
pub fn is_own(headers: &HeaderMap) -> bool {
    match headers.get(SEC_FETCH_SITE) {
        Some(site) => site == "same-origin",
        None => origin(headers).is_some_and(|(_, host)| Some(host) == text(headers, &HOST)),
    }
}

/// Which other sites' pages may use the API, and how they are told.
pub struct Origins {
    listed: Vec<HeaderValue>,
    /// Whether browsers reach us over TLS, so that a page that came without it is not ours.
    is_secure: bool,
    cors: CorsLayer,
}

impl Origins {
    /// The origins of `cors.origins`.
    pub fn new(config: &Config) -> Origins {
        let listed: Vec<HeaderValue> =
            config.cors.origins.iter().filter_map(|origin| HeaderValue::try_from(origin).ok()).collect();
        Origins { cors: cors(&listed), listed, is_secure: config.clients_speak_tls() }
    }

    /// Whether no other site's pages may use the API. Where some may, every answer depends on who asks.
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// How listed origins are told that they may.
    pub fn cors(&self) -> &CorsLayer {
        &self.cors
    }

    /// Whether the request comes from a listed origin, and for something that origins can be listed for: administration is
    /// for our own pages alone.
    pub fn lists<B>(&self, request: &Request<B>) -> bool {
        let origin = request.headers().get(ORIGIN);
        origin.is_some_and(|origin| self.listed.contains(origin)) && !is_admin_path(request.uri().path())
    }

    /// Refuses what would change something or open a stream, and comes from another site's page that is not listed.
    pub fn check<B>(&self, request: &Request<B>) -> Result<(), ApiError> {
        let (method, headers) = (request.method(), request.headers());
        let is_harmless = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) && !opens_stream(headers);
        if is_harmless || !self.is_foreign(headers) || self.lists(request) {
            return Ok(());
        }
        Err(ApiError::Forbidden("this comes from a page of another site, which cors.origins does not list"))
    }

    /// A request without either header comes from no browser, and from nobody's page.
    fn is_foreign(&self, headers: &HeaderMap) -> bool {
        if let Some(site) = headers.get(SEC_FETCH_SITE) {
            return site != "same-origin" && site != "none";
        }
        let Some((scheme, host)) = origin(headers) else { return headers.contains_key(ORIGIN) };
        Some(host) != text(headers, &HOST) || (self.is_secure && scheme != "https")
    }
}

/// Whether a path is for those who run the sale: administration, and the metrics.
pub fn is_admin_path(path: &str) -> bool {
    path == "/v1/admin" || path.starts_with("/v1/admin/") || path == "/metrics"
}

fn opens_stream(headers: &HeaderMap) -> bool {
    let has = |name: HeaderName, wanted: &str| {
        let values = headers.get_all(name).iter().map(HeaderValue::as_bytes);
        let mut items = values.flat_map(|value| value.split(|byte| matches!(byte, b',' | b';')));
        items.any(|item| item.trim_ascii().eq_ignore_ascii_case(wanted.as_bytes()))
    };
    has(UPGRADE, "websocket") || has(ACCEPT, "text/event-stream")
}

/// Scheme and host of `Origin`, where it has them: `null` has not.
fn origin(headers: &HeaderMap) -> Option<(&str, &str)> {
    text(headers, &ORIGIN)?.split_once("://")
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Without credentials: cookies are ours alone, other sites' pages send the token.
fn cors(listed: &[HeaderValue]) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(listed.to_vec())
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            AUTHORIZATION,
            CONTENT_TYPE,
            IDEMPOTENCY_KEY,
            IF_MATCH,
            IF_NONE_MATCH,
            X_REQUEST_ID,
            LAST_EVENT_ID,
        ])
        .expose_headers([HOLDFAST_SEQ, IDEMPOTENCY_REPLAYED, ETAG, RETRY_AFTER, X_REQUEST_ID])
        .max_age(PREFLIGHT_MAX_AGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Headers = [(&'static str, &'static str)];

    fn request(method: &str, path: &str, headers: &Headers) -> Request<()> {
        let mut request = Request::builder().method(method).uri(path).header("host", "tickets.example");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).expect("a request")
    }

    #[test]
    fn only_our_own_and_listed_pages_change_something_or_open_a_stream() {
        const SITE: &str = "sec-fetch-site";
        let rows: [(&Headers, bool, bool); 17] = [
            // Headers; allowed over plain HTTP; allowed under TLS.
            (&[], true, true),
            (&[(SITE, "same-origin")], true, true),
            (&[(SITE, "none")], true, true),
            (&[(SITE, "same-site")], false, false),
            (&[(SITE, "cross-site")], false, false),
            (&[(SITE, "")], false, false),
            (&[(SITE, "Same-Origin")], false, false),
            (&[("origin", "https://tickets.example")], true, true),
            (&[("origin", "http://tickets.example")], true, false),
            (&[("origin", "https://tickets.example:8443")], false, false),
            (&[("origin", "https://evil.example")], false, false),
            (&[("origin", "https://tickets.example.evil.example")], false, false),
            (&[("origin", "null")], false, false),
            (&[("origin", "")], false, false),
            (&[("origin", "https://front.example")], true, true),
            (&[("origin", "https://front.example"), (SITE, "cross-site")], true, true),
            (&[("origin", "http://front.example"), (SITE, "cross-site")], false, false),
        ];
        let mut config = Config::default();
        config.cors.origins = vec!["https://front.example".to_owned()];
        let plain = Origins::new(&config);
        config.server.behind_proxy = true;
        let secure = Origins::new(&config);
        for (headers, over_plain, under_tls) in rows {
            for method in ["POST", "PUT", "PATCH", "DELETE", "BREW"] {
                let request = request(method, "/v1/holds/gala.1", headers);
                assert_eq!(plain.check(&request).is_ok(), over_plain, "{method} {headers:?}");
                assert_eq!(secure.check(&request).is_ok(), under_tls, "{method} {headers:?}");
            }
            for stream in [("upgrade", "WebSocket"), ("accept", "text/html, text/event-stream;q=0.5")] {
                let request = request("GET", "/v1/ws", &[headers, &[stream]].concat());
                assert_eq!(plain.check(&request).is_ok(), over_plain, "{stream:?} {headers:?}");
                assert_eq!(secure.check(&request).is_ok(), under_tls, "{stream:?} {headers:?}");
            }
            for method in ["GET", "HEAD", "OPTIONS"] {
                assert!(secure.check(&request(method, "/v1/events", headers)).is_ok(), "{method} {headers:?}");
            }
        }
    }

    #[test]
    fn no_origin_is_listed_for_administration() {
        let mut config = Config::default();
        config.cors.origins = vec!["https://front.example".to_owned()];
        let origins = Origins::new(&config);
        let from = [("origin", "https://front.example")];
        for (path, is_listed) in
            [("/v1/events", true), ("/v1/administrators", true), ("/v1/admin", false), ("/v1/admin/events", false)]
        {
            assert_eq!(origins.lists(&request("POST", path, &from)), is_listed, "{path}");
            assert_eq!(origins.check(&request("POST", path, &from)).is_ok(), is_listed, "{path}");
        }
    }

    #[test]
    fn a_change_by_cookie_is_vouched_for() {
        let rows: [(&Headers, bool); 7] = [
            (&[], false),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "none")], false),
            (&[("sec-fetch-site", "same-site"), ("origin", "https://tickets.example")], false),
            (&[("origin", "https://tickets.example")], true),
            (&[("origin", "https://front.example")], false),
            (&[("origin", "null")], false),
        ];
        for (headers, is_own_page) in rows {
            assert_eq!(is_own(request("POST", "/", headers).headers()), is_own_page, "{headers:?}");
        }
    }
}
