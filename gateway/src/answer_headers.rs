//! What every answer tells browsers and caches, whatever it is about.

use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, REFERRER_POLICY, SET_COOKIE,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::header_names::CROSS_ORIGIN_RESOURCE_POLICY;

/// Headers of every answer that has not set them otherwise.
const ALWAYS: [(HeaderName, HeaderValue); 5] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("same-origin")),
];

/// A year: browsers that were here once over TLS come back only so.
const STRICT_TRANSPORT: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Whether the request of these headers says who asks, so that its answer is for nobody else.
pub fn is_personal(request: &HeaderMap) -> bool {
    request.contains_key(AUTHORIZATION) || request.contains_key(COOKIE)
}

/// Completes the headers of an answer; `is_secure` says whether clients speak TLS, with us or with a proxy.
pub fn complete(answer: &mut HeaderMap, is_personal: bool, is_secure: bool) {
    for (name, value) in ALWAYS {
        answer.entry(name).or_insert(value);
    }
    if is_personal {
        answer.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    if is_secure {
        answer.insert(STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT);
        secure_cookies(answer);
    }
}

/// Forbids browsers to send our cookies without TLS.
fn secure_cookies(answer: &mut HeaderMap) {
    let cookies: Vec<HeaderValue> = answer.get_all(SET_COOKIE).iter().cloned().collect();
    answer.remove(SET_COOKIE);
    for cookie in cookies {
        let secured = [cookie.as_bytes(), b"; Secure"].concat();
        answer.append(SET_COOKIE, HeaderValue::try_from(secured).expect("two legal values make one"));
    }
}
