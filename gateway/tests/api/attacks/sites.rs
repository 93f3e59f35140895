//! Other sites' pages in a buyer's browser: forms, scripts, frames, streams.

use super::{Attack, try_all};
use crate::http::send_raw;
use crate::stage::Stage;

const SITES: &[Attack] = &[
    (
        "a form of another site",
        "POST /v1/events/gala/holds\ncookie: holdfast_session={carl}\nsec-fetch-site: cross-site\norigin: https://evil.example\ncontent-type: application/x-www-form-urlencoded\n\nquantity=1",
        "403 forbidden",
    ),
    (
        "a form dressed as text",
        "POST /v1/events/gala/holds\ncookie: holdfast_session={carl}\nsec-fetch-site: cross-site\norigin: https://evil.example\ncontent-type: text/plain\n\n{\"quantity\":1}",
        "403 forbidden",
    ),
    (
        "a page of a sister site",
        "POST /v1/events/gala/holds\ncookie: holdfast_session={carl}\nsec-fetch-site: same-site\norigin: https://shop.example\n\n{}",
        "403 forbidden",
    ),
    (
        "an old browser at another site",
        "POST /v1/events/gala/holds\ncookie: holdfast_session={carl}\norigin: https://evil.example\n\n{}",
        "403 forbidden",
    ),
    (
        "a page without an origin",
        "POST /v1/events/gala/holds\ncookie: holdfast_session={carl}\norigin: null\n\n{}",
        "403 forbidden",
    ),
    (
        "a cookie that nobody vouches for",
        "POST /v1/events/gala/holds\ncookie: holdfast_session={carl}\n\n{}",
        "403 forbidden",
    ),
    (
        "an origin that begins like ours",
        "POST /v1/events/gala/holds\ncookie: holdfast_session={carl}\norigin: http://{host}.evil.example\n\n{}",
        "403 forbidden",
    ),
    (
        "an origin that ends like ours",
        "POST /v1/events/gala/holds\ncookie: holdfast_session={carl}\norigin: http://evil.example@{host}\n\n{}",
        "403 forbidden",
    ),
    (
        "our host at another port",
        "POST /v1/events/gala/holds\ncookie: holdfast_session={carl}\norigin: http://127.0.0.1:1\n\n{}",
        "403 forbidden",
    ),
    (
        "a logout by another site",
        "DELETE /v1/sessions/me\ncookie: holdfast_session={carl}\nsec-fetch-site: cross-site",
        "403 forbidden",
    ),
    (
        "a login by another site",
        "POST /v1/sessions\nsec-fetch-site: cross-site\norigin: https://evil.example\n\n{\"user\":\"eve\"}",
        "403 forbidden",
    ),
    (
        "an organiser's browser at another site",
        "PUT /v1/admin/events/gala/status\ncookie: holdfast_admin={admin}\nsec-fetch-site: cross-site\norigin: https://evil.example\n\n{\"status\":\"cancelled\"}",
        "403 forbidden",
    ),
    (
        "a WebSocket of another site",
        "GET /v1/ws\ncookie: holdfast_session={carl}\norigin: https://evil.example\nupgrade: websocket\nconnection: upgrade, close\nsec-websocket-version: 13\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
        "403 forbidden",
    ),
    (
        "a stream of another site",
        "GET /v1/stream\ncookie: holdfast_session={carl}\norigin: https://evil.example\nsec-fetch-site: cross-site\naccept: text/event-stream",
        "403 forbidden",
    ),
    (
        "a stream of a page without an origin",
        "GET /v1/stream\ncookie: holdfast_session={carl}\norigin: null\naccept: text/event-stream",
        "403 forbidden",
    ),
];

#[tokio::test]
async fn other_sites_pages_change_nothing() {
    try_all(&Stage::set().await, SITES).await;
}

const PREFLIGHT: &str = "OPTIONS /v1/events/gala/holds\norigin: https://evil.example\n\
                         access-control-request-method: POST\naccess-control-request-headers: content-type";

#[tokio::test]
async fn a_preflight_of_another_site_is_granted_nothing() {
    let stage = Stage::set().await;
    for (request, origins) in [(PREFLIGHT, vec![]), (PREFLIGHT, vec!["https://tickets.example".to_owned()])] {
        let stage =
            if origins.is_empty() { &stage } else { &Stage::set_with(|config| config.cors.origins = origins).await };
        let answer = send_raw(stage.server.address(), &super::bytes_of(stage, request)).await;
        assert!(!answer.to_ascii_lowercase().contains("access-control-allow-origin"), "{answer}");
    }
}

#[tokio::test]
async fn no_answer_may_be_framed_or_guessed_at() {
    let stage = Stage::set().await;
    for path in ["/", "/v1/events", "/v1/nowhere", "/version", "/metrics"] {
        let answer = stage.visitor.get(path).await;
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
    }
}
