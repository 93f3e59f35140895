//! What the headers of answers promise, and what those of requests ask for; the pages of lists.

use serde_json::{Value, json};

use crate::http::{Answer, Request, delete, get, patch, post};
use crate::people::{Admin, Buyer, Visitor};
use crate::server::{ADMIN_TOKEN, TestServer};
use crate::table::{Cast, rows};

/// The journal number that an answer gives.
#[track_caller]
fn seq_of(answer: &Answer) -> u64 {
    let header = answer.header("holdfast-seq").unwrap_or_else(|| panic!("no Holdfast-Seq: {answer:?}"));
    header.parse().expect("a number")
}

/// The number of the last change there is.
async fn last_seq(admin: &Admin) -> u64 {
    let newest = admin.changes().await.pop().expect("a change");
    newest["seq"].as_u64().expect("a number")
}

#[tokio::test]
async fn the_seq_of_a_mutation_is_that_of_its_last_change() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.put_on_sale("gala", 4).await;
    let [ann, bob] = [server.login("ann").await, server.login("bob").await];
    let cast = Cast::of(&server).with("ann", &ann.token).with("bob", &bob.token);
    let steps = r#"
        admin  POST   /v1/admin/events {"id":"ball","name":"Ball","capacity":1}                → 201
        admin  POST   /v1/admin/events {"id":"prom","name":"Prom","capacity":2,"status":"on_sale"} → 201
        admin  DELETE /v1/admin/events/ball                                                    → 204
        ann    POST   /v1/events/gala/holds    {"quantity":2}                                  → 201
        ann    POST   /v1/events/gala/holds    {"quantity":1}                                  → 200
        ann    POST   /v1/events/gala/holds    {"quantity":3}                                  → 200
        bob    POST   /v1/events/gala/bookings                                                 → 201
        bob    POST   /v1/events/gala/queue                                                    → 200
        ann    POST   /v1/holds/gala.1/confirm {"quantity":2}                                  → 201
        ann    DELETE /v1/bookings/gala.1                                                      → 200
        bob    POST   /v1/holds/gala.3/confirm                                                 → 201
        ann    POST   /v1/events/gala/holds                                                    → 201
        ann    DELETE /v1/holds/gala.4                                                         → 200
        ann    POST   /v1/events/gala/holds                                                    → 201
        admin  POST   /v1/admin/holds/gala.5/extend {"seconds":60}                             → 200
        admin  DELETE /v1/admin/holds/gala.5 {"reason":"a mistake"}                            → 200
        admin  DELETE /v1/admin/bookings/gala.3                                                → 200
        admin  PATCH  /v1/admin/events/gala {"name":"Gala","ticket_types":[{"id":"general","capacity":9}]} → 200
        admin  PUT    /v1/admin/events/gala/status {"status":"paused"}                         → 200
        admin  PUT    /v1/admin/events/gala/status {"status":"on_sale"}                        → 200
        nobody POST   /v1/sessions {"user":"carl"}                                             → 201
        nobody POST   /v1/sessions {"user":"dora","intents":[{"event":"gala"},{"event":"prom"}]} → 201
        nobody POST   /v1/sessions {"user":"dora"}                                             → 200
        bob    DELETE /v1/sessions/me                                                          → 204
        admin  PUT    /v1/admin/events/gala/status {"status":"cancelled"}                      → 200
    "#;
    let mut before = last_seq(&admin).await;
    for row in rows(steps) {
        let seq = seq_of(&cast.play(&row).await);
        assert!(seq > before, "{}: {seq} after {before}", row.line);
        assert_eq!(seq, last_seq(&admin).await, "{}", row.line);
        before = seq;
    }
}

#[tokio::test]
async fn a_mutation_that_changes_nothing_gives_a_seq_that_is_on_disk() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 4).await;
    let ann = server.login("ann").await;
    ann.hold("gala", json!({})).await.expect(201);
    let durable = server.visitor().durable_seq().await;
    let again = ann.hold("gala", json!({})).await;
    again.expect(200);
    assert!(seq_of(&again) <= durable);
    assert_eq!(server.visitor().durable_seq().await, durable);
}

#[tokio::test]
async fn a_reader_who_has_the_event_is_told_so() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 4).await;
    let visitor = server.visitor();
    let first = visitor.get("/v1/events/gala").await;
    let etag = first.header("etag").expect("an ETag").to_owned();
    assert_eq!(etag, format!(r#"W/"{}""#, first.expect(200)["seq"]));

    let known = [etag.clone(), etag.trim_start_matches("W/").to_owned(), format!(r#""other", {etag}"#), "*".to_owned()];
    for tags in known {
        let answer = visitor.send(get("/v1/events/gala").with("if-none-match", &tags)).await;
        assert_eq!((answer.status, answer.text.as_str()), (304, ""), "{tags}");
        assert_eq!(answer.header("etag"), Some(etag.as_str()), "{tags}");
    }
    for tags in ["\"other\"", "", "W/", r#"W/"0""#] {
        visitor.send(get("/v1/events/gala").with("if-none-match", tags)).await.expect(200);
    }

    server.login("ann").await.hold("gala", json!({})).await.expect(201);
    let changed = visitor.send(get("/v1/events/gala").with("if-none-match", &etag)).await;
    assert_eq!(changed.expect(200)["held"], 1);
    assert_ne!(changed.header("etag"), Some(etag.as_str()));
    visitor.send(get("/v1/events/ball").with("if-none-match", "*")).await.expect_refusal(404, "event_not_found");
}

#[tokio::test]
async fn an_organiser_changes_only_what_they_have_seen() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.put_on_sale("gala", 4).await;
    let seen = admin.get("/v1/admin/events/gala").await;
    let etag = seen.header("etag").expect("an ETag").to_owned();
    assert_eq!(seen.expect(200)["etag"], etag.as_str());
    let rename = |name: &str, tag: &str| patch("/v1/admin/events/gala", json!({ "name": name })).with("if-match", tag);

    let sale = server.login("ann").await.hold("gala", json!({})).await;
    sale.expect_status(201);
    assert_eq!(admin.event("gala").await["etag"], etag.as_str(), "a sale is no change of the event");

    let renamed = admin.send(rename("Ball", &etag)).await.expect(200);
    assert_ne!(renamed["etag"], etag.as_str());
    let before = last_seq(&admin).await;
    for tag in [etag.as_str(), "\"999\"", "\"\"", "nonsense"] {
        admin.send(rename("Prom", tag)).await.expect_refusal(412, "version_conflict");
    }
    assert_eq!(last_seq(&admin).await, before);
    assert_eq!(admin.event("gala").await["name"], "Ball");
    admin.send(rename("Prom", "*")).await.expect(200);
    admin.send(rename("Gala", admin.event("gala").await["etag"].as_str().expect("a tag"))).await.expect(200);
}

#[tokio::test]
async fn a_login_sets_a_cookie_that_scripts_and_other_sites_do_not_get() {
    let server = TestServer::start().await;
    let login = server.visitor().send(post("/v1/sessions", json!({ "user": "ann" }))).await;
    let token = login.expect(201)["token"].as_str().expect("a token").to_owned();
    let cookie = format!("holdfast_session={token}; Path=/; HttpOnly; SameSite=Strict");
    assert_eq!(login.header("set-cookie"), Some(cookie.as_str()));

    let again = server.visitor().send(post("/v1/sessions", json!({ "user": "ann" }))).await;
    let other = again.expect(200)["token"].as_str().expect("a token").to_owned();
    assert_ne!(other, token);
    let cookie = format!("holdfast_session={other}; Path=/; HttpOnly; SameSite=Strict");
    assert_eq!(again.header("set-cookie"), Some(cookie.as_str()));

    let logout =
        server.visitor().send(delete("/v1/sessions/me").with("authorization", format!("Bearer {token}"))).await;
    logout.expect_status(204);
    assert_eq!(logout.header("set-cookie"), Some("holdfast_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"));
}

#[tokio::test]
async fn a_cookie_reads_as_a_token_does() {
    let server = TestServer::start().await;
    let (ann, visitor) = (server.login("ann").await, server.visitor());
    let mine = |cookie: String| get("/v1/sessions/me").with("cookie", cookie);
    let token = &ann.token;
    for cookie in [format!("holdfast_session={token}"), format!("theme=dark; holdfast_session={token}; lang=de")] {
        assert_eq!(visitor.send(mine(cookie)).await.expect(200)["session"]["user"], "ann");
    }
    let two = mine("theme=dark".to_owned()).with("cookie", format!("holdfast_session={token}"));
    visitor.send(two).await.expect(200);
    for cookie in ["holdfast_session=", "holdfast_session", "holdfast_session=false", "theme=dark", ""] {
        visitor.send(mine(cookie.to_owned())).await.expect_refusal(401, "unauthenticated");
    }
    visitor.send(mine(format!("holdfast_admin={token}"))).await.expect_refusal(401, "unauthenticated");
    let false_token = mine(format!("holdfast_session={token}")).with("authorization", "Bearer false");
    visitor.send(false_token).await.expect_refusal(401, "unauthenticated");

    let events = |cookie: String| get("/v1/admin/events").with("cookie", cookie);
    visitor.send(events(format!("holdfast_admin={ADMIN_TOKEN}"))).await.expect(200);
    visitor.send(events(format!("holdfast_admin={token}"))).await.expect_refusal(403, "forbidden");
    visitor.send(events("holdfast_admin=false".to_owned())).await.expect_refusal(401, "unauthenticated");
}

#[tokio::test]
async fn a_cookie_changes_something_only_from_our_own_pages() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 100).await;
    let (ann, visitor) = (server.login("ann").await, server.visitor());
    let own = format!("http://{}", server.address());
    let other_port = format!("http://{}", server.address().ip());
    let session = format!("holdfast_session={}", ann.token);
    let admin = format!("holdfast_admin={ADMIN_TOKEN}");
    let strangers: [&[(&str, &str)]; 9] = [
        &[],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "cross-site"), ("origin", &own)],
        &[("origin", "https://evil.example")],
        &[("origin", &other_port)],
        &[("origin", "null")],
        &[("referer", &own)],
    ];
    let changes = || {
        [
            post("/v1/events/gala/holds", json!({})).with("cookie", &session),
            delete("/v1/sessions/me").with("cookie", &session),
            post("/v1/admin/events", json!({ "id": "ball", "name": "Ball", "capacity": 1 })).with("cookie", &admin),
            delete("/v1/admin/events/gala").with("cookie", &admin),
        ]
    };
    let before = visitor.durable_seq().await;
    for headers in strangers {
        for change in changes() {
            visitor.send(with_all(change, headers)).await.expect_refusal(403, "forbidden");
        }
    }
    assert_eq!(visitor.durable_seq().await, before);

    for headers in [("sec-fetch-site", "same-origin"), ("origin", own.as_str())] {
        let booking = post("/v1/events/gala/bookings", json!({})).with("cookie", &session);
        visitor.send(with_all(booking, &[headers])).await.expect(201);
        let rename = patch("/v1/admin/events/gala", json!({ "name": "Gala" })).with("cookie", &admin);
        visitor.send(with_all(rename, &[headers])).await.expect(200);
    }
    // A token is not sent by browsers of themselves; but a page of another site has no business here before it is listed.
    let by_token = post("/v1/events/gala/holds", json!({}));
    ann.send(by_token.clone().with("sec-fetch-site", "cross-site")).await.expect_refusal(403, "forbidden");
    ann.send(by_token).await.expect(201);
}

fn with_all(request: Request, headers: &[(&str, &str)]) -> Request {
    headers.iter().fold(request, |request, (name, value)| request.with(name, value))
}

#[tokio::test]
async fn every_answer_has_the_callers_request_id_or_a_new_one() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 1).await;
    let visitor = server.visitor();
    let longest = "i".repeat(128);
    for path in ["/v1/events", "/v1/events/ball", "/v1/holds", "/nowhere", "/livez", "/metrics", "/", "/style.css"] {
        for id in ["1", "a-request/42!~", longest.as_str()] {
            let answer = visitor.send(get(path).with("x-request-id", id)).await;
            assert_eq!(answer.header("x-request-id"), Some(id), "{path}");
        }
    }
    let refused = get("/v1/events").with("accept", "text/html").with("x-request-id", "mine");
    assert_eq!(visitor.send(refused).await.header("x-request-id"), Some("mine"));
    let known = get("/v1/events/gala").with("if-none-match", "*").with("x-request-id", "mine");
    assert_eq!(visitor.send(known).await.header("x-request-id"), Some("mine"));

    let [first, second] = [new_request_id(&visitor, None).await, new_request_id(&visitor, None).await];
    assert_ne!(first, second);
    let too_long = "i".repeat(129);
    for id in [&b""[..], b"two words", b"tab\there", "é".as_bytes(), b"\xFF", too_long.as_bytes()] {
        new_request_id(&visitor, Some(id)).await;
    }
}

/// The id that the server gave a request which came with this unusable one, or with none.
async fn new_request_id(visitor: &Visitor, unusable: Option<&[u8]>) -> String {
    let request = get("/v1/events");
    let request = unusable.into_iter().fold(request, |request, id| request.with("x-request-id", id));
    let answer = visitor.send(request).await;
    answer.expect(200);
    let id = answer.header("x-request-id").expect("a request id").to_owned();
    assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    id
}

#[tokio::test]
async fn no_cache_keeps_what_is_personal() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 2).await;
    let ann = server.login("ann").await;
    let bob = server.login("bob").await;
    let cast = Cast::of(&server).with("ann", &ann.token).with("bob", &bob.token);
    let personal = r#"
        ann    POST   /v1/events/gala/holds {"quantity":2}                  → 201
        bob    POST   /v1/events/gala/queue                                 → 200
        ann    GET    /v1/sessions/me                                       → 200
        ann    GET    /v1/holds                                             → 200
        ann    GET    /v1/holds/gala.1                                      → 200
        bob    GET    /v1/events/gala/queue/me                              → 200
        ann    POST   /v1/holds/gala.1/extend                               → 200
        ann    POST   /v1/holds/gala.1/confirm                              → 201
        ann    GET    /v1/bookings                                          → 200
        ann    GET    /v1/bookings/gala.1                                   → 200
        ann    DELETE /v1/bookings/gala.1                                   → 200
        bob    DELETE /v1/holds/gala.2                                      → 200
        bob    POST   /v1/events/gala/bookings                              → 201
        nobody POST   /v1/sessions {"user":"ann"}                           → 200
        admin  GET    /v1/admin/events                                      → 200
        admin  GET    /v1/admin/events/gala                                 → 200
        admin  GET    /v1/admin/events/gala/holds                           → 200
        admin  GET    /v1/admin/changes                                     → 200
        admin  PATCH  /v1/admin/events/gala {"venue":"Opera"}               → 200
        admin  POST   /v1/admin/cleanup                                     → 200
        admin  POST   /v1/admin/snapshot                                    → 200
        ann    DELETE /v1/sessions/me                                       → 204
    "#;
    for row in rows(personal) {
        assert_eq!(cast.play(&row).await.header("cache-control"), Some("no-store"), "{}", row.line);
    }
}

#[tokio::test]
async fn operators_are_answered_without_a_token() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 1).await;
    let visitor = server.visitor();
    assert_eq!(visitor.get("/livez").await.expect(200), json!({ "status": "live" }));
    let ready = visitor.get("/readyz").await.expect(200);
    assert_eq!(ready, json!({ "status": "ready", "durable_seq": last_seq(&server.admin()).await }));
    let version = json!({ "name": "holdfast", "version": env!("CARGO_PKG_VERSION"), "api": "v1", "auth_mode": "open", "sign_up": false });
    assert_eq!(visitor.get("/version").await.expect(200), version);
    let metrics = visitor.get("/metrics").await;
    metrics.expect_status(200);
    assert_eq!(metrics.header("content-type"), Some("text/plain; version=0.0.4"));
}

#[tokio::test]
async fn a_stopping_server_says_that_it_is_not_ready() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 1).await;
    let ann = server.login("ann").await;
    server.shut_engine_down().await;
    let refusals = [server.visitor().get("/readyz").await, ann.hold("gala", json!({})).await];
    for refusal in refusals {
        refusal.expect_refusal(503, "shutting_down");
        let seconds: u64 = refusal.header("retry-after").expect("a time to wait").parse().expect("seconds");
        assert!((1..=3).contains(&seconds), "{seconds}");
    }
    server.visitor().get("/livez").await.expect(200);
}

/// All pages of a list as one who follows `next_cursor` sees them. `path` has at least one parameter.
async fn pages(cast: &Cast, visitor: &Visitor, who: &str, path: &str) -> Vec<Vec<Value>> {
    let mut pages = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = visitor.send(cast.sign(who, get(format!("{path}{cursor}")))).await.expect(200);
        pages.push(page["items"].as_array().expect("a list").clone());
        match &page["next_cursor"] {
            Value::Null => return pages,
            next => cursor = format!("&cursor={}", next.as_str().expect("a text")),
        }
    }
}

/// Checks that the pages have `limit` items each, but for the last, and together these, each once.
#[track_caller]
fn check_pages(pages: &[Vec<Value>], limit: usize, member: &str, expected: &[String]) {
    let (last, full) = pages.split_last().expect("a page");
    assert!(full.iter().all(|page| page.len() == limit), "a page is not full");
    assert!(last.len() <= limit && (!last.is_empty() || full.is_empty()), "the last page has {}", last.len());
    let seen: Vec<&str> = pages.iter().flatten().filter_map(|item| item[member].as_str()).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn the_pages_of_a_list_of_events_have_each_event_once() {
    let server = TestServer::start().await;
    let (admin, visitor, cast) = (server.admin(), server.visitor(), Cast::of(&server));
    let ids: Vec<String> = (1..=12).map(|number| format!("event-{number}")).collect();
    for id in &ids {
        admin.put_on_sale(id, 1).await;
    }
    for limit in [1, 4, 5, 11, 12, 13, 200] {
        let public = pages(&cast, &visitor, "nobody", &format!("/v1/events?limit={limit}")).await;
        check_pages(&public, limit, "id", &ids);
        let all = pages(&cast, &visitor, "admin", &format!("/v1/admin/events?limit={limit}")).await;
        check_pages(&all, limit, "id", &ids);
    }
    admin.set_status("event-2", "paused").await.expect(200);
    let paused = pages(&cast, &visitor, "nobody", "/v1/events?limit=1&status=paused").await;
    check_pages(&paused, 1, "id", &["event-2".to_owned()]);
    let others: Vec<String> = ids.iter().filter(|id| *id != "event-2").cloned().collect();
    let on_sale = pages(&cast, &visitor, "nobody", "/v1/events?limit=3&status=on_sale").await;
    check_pages(&on_sale, 3, "id", &others);
    let none = pages(&cast, &visitor, "nobody", "/v1/events?limit=3&status=closed").await;
    check_pages(&none, 3, "id", &[]);
}

#[tokio::test]
async fn a_page_goes_on_where_the_last_one_ended_whatever_comes_and_goes() {
    let server = TestServer::start().await;
    let (admin, visitor) = (server.admin(), server.visitor());
    for id in ["one", "two", "three", "four"] {
        admin.put_on_sale(id, 1).await;
    }
    let first = visitor.get("/v1/events?limit=2").await.expect(200);
    admin.send(delete("/v1/admin/events/two")).await.expect_status(204);
    admin.put_on_sale("five", 1).await;
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    let rest = visitor.get(&format!("/v1/events?limit=10&cursor={cursor}")).await.expect(200);
    check_pages(
        &[rest["items"].as_array().expect("a list").clone()],
        10,
        "id",
        &["three".to_owned(), "four".to_owned(), "five".to_owned()],
    );
}

#[tokio::test]
async fn the_pages_of_lists_of_holds_and_bookings_have_each_once() {
    let server = TestServer::start().await;
    let (admin, visitor) = (server.admin(), server.visitor());
    admin.put_on_sale("gala", 50).await;
    admin.put_on_sale("ball", 50).await;
    let (ann, bob) = (server.login("ann").await, server.login("bob").await);
    let cast = Cast::of(&server).with("ann", &ann.token).with("bob", &bob.token);
    let [mut of_ann, mut in_gala] = [Vec::new(), Vec::new()];
    for event in ["gala", "ball"] {
        for _ in 0..5 {
            of_ann.push(hold_and_release(&ann, event).await);
            let of_bob = hold_and_release(&bob, event).await;
            if event == "gala" {
                in_gala.extend([of_ann[of_ann.len() - 1].clone(), of_bob]);
            }
        }
    }
    for limit in [1, 3, 5, 10, 11] {
        let mine = pages(&cast, &visitor, "ann", &format!("/v1/holds?limit={limit}")).await;
        check_pages(&mine, limit, "id", &of_ann);
        let released = pages(&cast, &visitor, "ann", &format!("/v1/holds?limit={limit}&state=released")).await;
        check_pages(&released, limit, "id", &of_ann);
        let held = pages(&cast, &visitor, "ann", &format!("/v1/holds?limit={limit}&state=held")).await;
        check_pages(&held, limit, "id", &[]);
        let all = pages(&cast, &visitor, "admin", &format!("/v1/admin/events/gala/holds?limit={limit}")).await;
        check_pages(&all, limit, "id", &in_gala);
        let path = format!("/v1/admin/events/gala/holds?limit={limit}&user=ann&state=released");
        check_pages(&pages(&cast, &visitor, "admin", &path).await, limit, "id", &of_ann[..5]);
    }
}

async fn hold_and_release(buyer: &Buyer, event: &str) -> String {
    let hold = buyer.hold(event, json!({})).await.expect(201)["id"].as_str().expect("an id").to_owned();
    buyer.release(&hold).await.expect(200);
    hold
}

#[tokio::test]
async fn the_pages_of_bookings_and_of_the_audit_trail_have_each_item_once() {
    let server = TestServer::start().await;
    let (admin, visitor) = (server.admin(), server.visitor());
    admin.put_on_sale("gala", 50).await;
    let ann = server.login("ann").await;
    let cast = Cast::of(&server).with("ann", &ann.token);
    let mut bookings = Vec::new();
    for _ in 0..7 {
        let booking = ann.book("gala", json!({})).await.expect(201)["id"].as_str().expect("an id").to_owned();
        ann.delete(&format!("/v1/bookings/{booking}")).await.expect(200);
        bookings.push(booking);
    }
    for limit in [1, 2, 7, 8] {
        let mine = pages(&cast, &visitor, "ann", &format!("/v1/bookings?limit={limit}&state=cancelled")).await;
        check_pages(&mine, limit, "id", &bookings);
    }
    let trail = admin.changes().await;
    let after = trail[4]["seq"].as_u64().expect("a number");
    for limit in [1, 3, 200] {
        let all = pages(&cast, &visitor, "admin", &format!("/v1/admin/changes?limit={limit}")).await;
        assert_eq!(all.concat(), trail);
        let rest = pages(&cast, &visitor, "admin", &format!("/v1/admin/changes?limit={limit}&after={after}")).await;
        assert_eq!(rest.concat(), trail[5..]);
    }
}
