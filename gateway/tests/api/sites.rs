//! Pages of other sites, what browsers are told about ours, and what caches are.

use serde_json::json;

use crate::http::{Answer, Request, get, post};
use crate::people::Visitor;
use crate::server::{ADMIN_TOKEN, TestServer};

const FRONT: &str = "https://front.example";
const EVIL: &str = "https://evil.example";

async fn server() -> TestServer {
    TestServer::start_with(|config| config.cors.origins = vec![FRONT.to_owned(), "http://localhost:3000".to_owned()])
        .await
}

fn preflight(path: &str, origin: &str) -> Request {
    Request::new("OPTIONS", path)
        .with("origin", origin)
        .with("access-control-request-method", "POST")
        .with("access-control-request-headers", "authorization,content-type,idempotency-key")
}

#[track_caller]
fn expect_no_permission(answer: &Answer) {
    let permissions: Vec<_> =
        answer.headers.keys().filter(|name| name.as_str().starts_with("access-control-")).collect();
    assert!(permissions.is_empty(), "{permissions:?}");
}

/// The items of a header that is a list, sorted.
fn items(answer: &Answer, name: &str) -> Vec<String> {
    let values = answer.headers.get_all(name).iter().map(|value| value.to_str().expect("text"));
    let items = values.flat_map(|value| value.split(',')).map(|item| item.trim().to_ascii_lowercase());
    let mut items: Vec<String> = items.collect();
    items.sort();
    items
}

#[tokio::test]
async fn a_listed_site_may_use_the_api_and_read_its_answers() {
    let server = server().await;
    let visitor = server.visitor();
    for origin in [FRONT, "http://localhost:3000"] {
        let allowed = visitor.send(preflight("/v1/events/gala/holds", origin)).await;
        allowed.expect_status(200);
        assert_eq!(allowed.header("access-control-allow-origin"), Some(origin));
        assert_eq!(allowed.header("access-control-allow-credentials"), None);
        assert_eq!(allowed.header("access-control-max-age"), Some("600"));
        assert_eq!(items(&allowed, "access-control-allow-methods"), ["delete", "get", "patch", "post", "put"]);
        let headers = [
            "authorization",
            "content-type",
            "idempotency-key",
            "if-match",
            "if-none-match",
            "last-event-id",
            "x-request-id",
        ];
        assert_eq!(items(&allowed, "access-control-allow-headers"), headers);
        assert!(items(&allowed, "vary").contains(&"origin".to_owned()));
    }
    let login =
        post("/v1/sessions", json!({ "user": "ann" })).with("origin", FRONT).with("sec-fetch-site", "cross-site");
    let login = visitor.send(login).await;
    login.expect_status(201);
    assert_eq!(login.header("access-control-allow-origin"), Some(FRONT));
    let exposed = ["etag", "holdfast-seq", "idempotency-replayed", "retry-after", "x-request-id"];
    assert_eq!(items(&login, "access-control-expose-headers"), exposed);
    // Refusals can be read too.
    let missing = visitor.send(get("/v1/events/ball").with("origin", FRONT)).await;
    missing.expect_refusal(404, "event_not_found");
    assert_eq!(missing.header("access-control-allow-origin"), Some(FRONT));
}

#[tokio::test]
async fn other_sites_are_told_nothing_and_change_nothing() {
    let server = server().await;
    let visitor = server.visitor();
    for origin in
        [EVIL, "null", "https://front.example:8443", "http://front.example", "https://front.example.evil.example"]
    {
        let refused = visitor.send(preflight("/v1/events/gala/holds", origin)).await;
        refused.expect_refusal(405, "method_not_allowed");
        expect_no_permission(&refused);
        assert_eq!(items(&refused, "vary"), ["origin"]);
        let login = post("/v1/sessions", json!({ "user": "ann" })).with("origin", origin);
        let login = visitor.send(login).await;
        login.expect_refusal(403, "forbidden");
        expect_no_permission(&login);
        let read = visitor.send(get("/v1/events").with("origin", origin).with("sec-fetch-site", "cross-site")).await;
        read.expect_status(200);
        expect_no_permission(&read);
    }
}

#[tokio::test]
async fn no_other_site_administers() {
    let server = server().await;
    let visitor = server.visitor();
    for origin in [FRONT, EVIL] {
        let refused = visitor.send(preflight("/v1/admin/events", origin)).await;
        refused.expect_refusal(405, "method_not_allowed");
        expect_no_permission(&refused);
        let event = json!({ "id": "gala", "name": "Gala", "capacity": 1 });
        let create = post("/v1/admin/events", event).with("authorization", format!("Bearer {ADMIN_TOKEN}"));
        let refused = visitor.send(create.with("origin", origin)).await;
        refused.expect_refusal(403, "forbidden");
        expect_no_permission(&refused);
        let list = get("/v1/admin/events").with("authorization", format!("Bearer {ADMIN_TOKEN}"));
        let read = visitor.send(list.with("origin", origin)).await;
        read.expect_status(200);
        expect_no_permission(&read);
    }
}

#[tokio::test]
async fn without_listed_sites_there_is_no_permission_at_all() {
    let server = TestServer::start().await;
    let visitor = server.visitor();
    let refused = visitor.send(preflight("/v1/sessions", FRONT)).await;
    refused.expect_refusal(405, "method_not_allowed");
    expect_no_permission(&refused);
    let read = visitor.send(get("/v1/events").with("origin", FRONT)).await;
    expect_no_permission(&read);
    assert_eq!(read.header("vary"), None);
}

#[tokio::test]
async fn streams_open_for_our_own_and_listed_pages_only() {
    let server = server().await;
    let visitor = server.visitor();
    let own = format!("http://{}", server.address());
    let streams = [("upgrade", "websocket"), ("accept", "text/event-stream")];
    for (name, value) in streams {
        for path in ["/v1/ws", "/v1/stream", "/v1/nothing", "/"] {
            for (site, origin) in [
                ("origin", EVIL),
                ("origin", "null"),
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-site", "same-site"),
            ] {
                let answer = visitor.send(get(path).with(name, value).with(site, origin)).await;
                answer.expect_refusal(403, "forbidden");
            }
            for origin in [FRONT, &own] {
                let answer = visitor.send(get(path).with(name, value).with("origin", origin)).await;
                assert_ne!(answer.status, 403, "{path} {origin}");
            }
        }
    }
}

#[tokio::test]
async fn a_change_by_cookie_comes_from_our_own_pages() {
    let server = server().await;
    let ann = server.login("ann").await;
    server.admin().put_on_sale("gala", 9).await;
    let own = format!("http://{}", server.address());
    let rows: [(&[(&str, &str)], u16); 8] = [
        (&[], 403),
        (&[("sec-fetch-site", "none")], 403),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("origin", EVIL)], 403),
        (&[("origin", "null")], 403),
        // A listed site sends the token; it has no cookie of ours to send.
        (&[("origin", FRONT), ("sec-fetch-site", "cross-site")], 403),
        (&[("origin", &own)], 201),
        (&[("sec-fetch-site", "same-origin")], 200),
    ];
    for (headers, status) in rows {
        let mut hold =
            post("/v1/events/gala/holds", json!({})).with("cookie", format!("holdfast_session={}", ann.token));
        for (name, value) in headers {
            hold = hold.with(name, value);
        }
        assert_eq!(server.visitor().send(hold).await.status, status, "{headers:?}");
    }
}

const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

#[tokio::test]
async fn every_answer_tells_browsers_to_be_careful() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 1).await;
    let visitor = server.visitor();
    let etag = visitor.get("/v1/events/gala").await.header("etag").expect("an ETag").to_owned();
    let requests = [
        (get("/v1/events"), 200),
        (get("/v1/events/gala").with("if-none-match", &etag), 304),
        (get("/v1/nothing"), 404),
        (get("/v1/sessions/me"), 401),
        (get("/v1/events").with("accept", "text/html"), 406),
        (Request::new("POST", "/livez"), 405),
        (get("/livez"), 200),
        (get("/metrics"), 200),
        (get("/"), 200),
        (get("/style.css"), 200),
    ];
    for (request, status) in requests {
        let answer = visitor.send(request.clone()).await;
        answer.expect_status(status);
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{request:?}");
        }
        let policy = answer.header("content-security-policy").expect("a policy");
        let is_page = answer.header("permissions-policy").is_some();
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
        assert!(is_page || policy == API_POLICY, "{request:?} {policy}");
        assert_eq!(answer.header("strict-transport-security"), None, "{request:?}");
        if status >= 400 {
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{request:?}");
        }
    }
}

#[tokio::test]
async fn no_cache_keeps_the_answer_to_one_who_said_who_asks() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 1).await;
    let ann = server.login("ann").await;
    assert_eq!(server.visitor().get("/v1/events/gala").await.header("cache-control"), None);
    let cookie = get("/v1/events/gala").with("cookie", "theme=dark");
    for answer in [ann.get("/v1/events/gala").await, ann.get("/v1/events").await, server.visitor().send(cookie).await] {
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    let page = server.visitor().send(get("/").with("cookie", "theme=dark")).await;
    assert_eq!(page.header("cache-control"), Some("no-cache"));
}

#[tokio::test]
async fn behind_a_proxy_that_speaks_tls_browsers_are_held_to_it() {
    let server = TestServer::start_with(|config| config.server.behind_proxy = true).await;
    let visitor = server.visitor();
    let login = visitor.send(post("/v1/sessions", json!({ "user": "ann" }))).await;
    login.expect_status(201);
    check_secure(&login);
    // A page that came without TLS is not ours, even from our own host.
    let insecure = format!("http://{}", server.address());
    let login = post("/v1/sessions", json!({ "user": "bob" }));
    visitor.send(login.clone().with("origin", insecure)).await.expect_refusal(403, "forbidden");
    visitor.send(login.with("origin", format!("https://{}", server.address()))).await.expect_status(201);
}

/// The cookie and the answer are for TLS only.
#[track_caller]
pub fn check_secure(login: &Answer) {
    assert_eq!(login.header("strict-transport-security"), Some("max-age=31536000"));
    let cookie = login.header("set-cookie").expect("a cookie");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure"), "{cookie}");
}

#[tokio::test]
async fn without_tls_the_cookie_is_for_plain_http_too() {
    let server = TestServer::start().await;
    let login = server.visitor().send(post("/v1/sessions", json!({ "user": "ann" }))).await;
    assert!(login.header("set-cookie").expect("a cookie").ends_with("; Path=/; HttpOnly; SameSite=Strict"));
}

#[tokio::test]
async fn a_request_id_is_taken_only_if_it_fits_a_line_of_the_log() {
    let server = TestServer::start().await;
    let visitor: Visitor = server.visitor();
    let id_of = async |id: &str| {
        let answer = visitor.send(get("/livez").with("x-request-id", id)).await;
        answer.header("x-request-id").expect("an id").to_owned()
    };
    assert_eq!(id_of("order-4711:{\"a\"}").await, "order-4711:{\"a\"}");
    for id in ["", "two words", "tab\there", "gr\u{fc}n", &"x".repeat(129)] {
        let given = id_of(id).await;
        assert!(given.len() == 16 && given.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id:?}: {given}");
    }
}
