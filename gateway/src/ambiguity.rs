//! Requests that two servers in a row could understand in two ways. They are refused, and their connection is closed.
//!
//! hyper has refused before what is ambiguous about the length of a body, and closes the connection after one that has both
//! `Content-Length` and `Transfer-Encoding`. What is left is for whom the request is.

use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderValue, Method, Request, Version};

use crate::error::ApiError;
use crate::header_names::SEC_FETCH_SITE;

/// Refuses a request that does not say for which host it is, or says twice for which host, from whose page, or from whom it
/// comes.
pub fn check<B>(request: &Request<B>) -> Result<(), ApiError> {
    if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
        return Err(ApiError::MethodNotAllowed);
    }
    let headers = request.headers();
    for name in [AUTHORIZATION, ORIGIN, SEC_FETCH_SITE] {
        if headers.get_all(&name).iter().nth(1).is_some() {
            return Err(ApiError::Malformed(format!("there must not be more than one {name}")));
        }
    }
    let mut hosts = headers.get_all(HOST).iter();
    let (host, is_alone) = (hosts.next(), hosts.next().is_none());
    let is_old = request.version() < Version::HTTP_11;
    let is_clear = match host {
        None => is_old && request.uri().authority().is_none(),
        Some(host) => is_alone && names(host, request.uri().authority()),
    };
    if is_clear { Ok(()) } else { Err(ApiError::Malformed("there must be one Host, and it must be a host".to_owned())) }
}

/// Whether `host` is a host with perhaps a port, and the one of the request's target where the target has one.
fn names(host: &HeaderValue, target: Option<&Authority>) -> bool {
    let Ok(host) = Authority::try_from(host.as_bytes()) else { return false };
    !host.as_str().contains('@') && target.is_none_or(|target| *target == host)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Headers = [(&'static str, &'static str)];

    #[test]
    fn a_request_is_for_one_host() {
        let rows: [(&str, &str, &Headers, bool); 15] = [
            ("GET", "/", &[("host", "a.example")], true),
            ("GET", "/", &[("host", "a.example:8080")], true),
            ("GET", "/", &[("host", "[::1]:8080")], true),
            ("GET", "/", &[], false),
            ("GET", "/", &[("host", "")], false),
            ("GET", "/", &[("host", "a.example"), ("host", "a.example")], false),
            ("GET", "/", &[("host", "a.example, b.example")], false),
            ("GET", "/", &[("host", "a@b.example")], false),
            ("GET", "/", &[("host", "a.example/b")], false),
            ("GET", "http://a.example/", &[("host", "A.example")], true),
            ("GET", "http://a.example/", &[("host", "b.example")], false),
            ("TRACE", "/", &[("host", "a.example")], false),
            ("GET", "/", &[("host", "a.example"), ("authorization", "a"), ("authorization", "b")], false),
            ("POST", "/", &[("host", "a.example"), ("origin", "null"), ("origin", "null")], false),
            ("POST", "/", &[("host", "a.example"), ("sec-fetch-site", "none"), ("sec-fetch-site", "none")], false),
        ];
        for (method, target, headers, is_clear) in rows {
            let mut request = Request::builder().method(method).uri(target);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            assert_eq!(check(&request.body(()).expect("a request")).is_ok(), is_clear, "{method} {target} {headers:?}");
        }
    }

    #[test]
    fn http_1_0_had_no_hosts_yet() {
        let request = Request::builder().version(Version::HTTP_10).uri("/").body(()).expect("a request");
        assert!(check(&request).is_ok());
    }
}
