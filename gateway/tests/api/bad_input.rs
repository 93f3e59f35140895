//! Bad input: each mistake has its status and code, and changes nothing.

use serde_json::{Value, json};

use crate::http::{Request, get, post};
use crate::stage::Stage;

#[tokio::test]
async fn a_body_must_be_one_object_of_known_fields_with_the_right_types() {
    let stage = Stage::set().await;
    stage
        .refuse_all(
            r#"
            carl POST /v1/events/gala/holds {                                      → 400 malformed_request
            carl POST /v1/events/gala/holds {"quantity":                           → 400 malformed_request
            carl POST /v1/events/gala/holds {"quantity":1                          → 400 malformed_request
            carl POST /v1/events/gala/holds {quantity:1}                           → 400 malformed_request
            carl POST /v1/events/gala/holds {'quantity':1}                         → 400 malformed_request
            carl POST /v1/events/gala/holds {"quantity":1,}                        → 400 malformed_request
            carl POST /v1/events/gala/holds {"quantity":01}                        → 400 malformed_request
            carl POST /v1/events/gala/holds {"quantity":NaN}                       → 400 malformed_request
            carl POST /v1/events/gala/holds quantity=1                             → 400 malformed_request

            carl POST /v1/events/gala/holds {"quantity":1}{"quantity":1}           → 400 malformed_request
            carl POST /v1/events/gala/holds {"quantity":1} and more                → 400 malformed_request
            carl POST /v1/events/gala/holds {"quantity":1,"quantity":1}            → 400 malformed_request
            carl POST /v1/events/gala/holds {"quantity":1,"quantity":2}            → 400 malformed_request
            carl POST /v1/events/gala/holds {"quantity":1,"seat":"A1"}             → 400 malformed_request
            carl POST /v1/events/gala/holds {"Quantity":1}                         → 400 malformed_request
            carl POST /v1/events/gala/holds {"":1}                                 → 400 malformed_request

            carl POST /v1/events/gala/holds null                                   → 400 malformed_request
            carl POST /v1/events/gala/holds 1                                      → 400 malformed_request
            carl POST /v1/events/gala/holds "gala"                                 → 400 malformed_request
            carl POST /v1/events/gala/holds []                                     → 400 malformed_request
            carl POST /v1/events/gala/holds ["general",1,null,false]               → 400 malformed_request
            carl POST /v1/events/gala/holds [{"quantity":1}]                       → 400 malformed_request
            carl POST /v1/events/gala/holds {"ticket_type":1}                      → 400 malformed_request
            carl POST /v1/events/gala/holds {"ticket_type":["general"]}            → 400 malformed_request
            carl POST /v1/events/gala/holds {"wait":"true"}                        → 400 malformed_request
            carl POST /v1/events/gala/holds {"wait":1}                             → 400 malformed_request

            carl   POST   /v1/events/gala/bookings {"min_quantity":1}              → 400 malformed_request
            carl   POST   /v1/events/gala/bookings [null,1]                        → 400 malformed_request
            carl   POST   /v1/events/gala/queue    {"wait":true}                   → 400 malformed_request
            ann    POST   /v1/holds/gala.1/extend  {"seconds":60}                  → 400 malformed_request
            ann    POST   /v1/holds/gala.1/extend  []                              → 400 malformed_request
            ann    POST   /v1/holds/gala.1/confirm {"amount":1}                    → 400 malformed_request
            ann    POST   /v1/holds/gala.1/confirm [1]                             → 400 malformed_request
            ann    DELETE /v1/holds/gala.1         {"reason":"a whim"}             → 400 malformed_request
            ann    DELETE /v1/holds/gala.1         []                              → 400 malformed_request
            bob    DELETE /v1/bookings/gala.2      {"quantity":1}                  → 400 malformed_request
            carl   DELETE /v1/events/tiny/queue/me {"ticket_type":"general"}       → 400 malformed_request

            nobody POST   /v1/sessions                                             → 400 malformed_request
            nobody POST   /v1/sessions {}                                          → 400 malformed_request
            nobody POST   /v1/sessions ["erik"]                                    → 400 malformed_request
            nobody POST   /v1/sessions {"user":null}                               → 400 malformed_request
            nobody POST   /v1/sessions {"user":7}                                  → 400 malformed_request
            nobody POST   /v1/sessions {"user":"erik","name":"Erik"}               → 400 malformed_request
            nobody POST   /v1/sessions {"user":"erik","user":"frida"}              → 400 malformed_request
            nobody POST   /v1/sessions {"user":"erik","intents":{}}                → 400 malformed_request
            nobody POST   /v1/sessions {"user":"erik","intents":["gala"]}          → 400 malformed_request
            nobody POST   /v1/sessions {"user":"erik","intents":[["gala"]]}        → 400 malformed_request
            nobody POST   /v1/sessions {"user":"erik","intents":[{}]}              → 400 malformed_request
            nobody POST   /v1/sessions {"user":"erik","intents":[{"event":"gala","wait":true}]} → 400 malformed_request

            admin  PUT    /v1/admin/events/gala/status                             → 400 malformed_request
            admin  PUT    /v1/admin/events/gala/status {"status":"open"}           → 400 malformed_request
            admin  PUT    /v1/admin/events/gala/status {"status":"sold_out"}       → 400 malformed_request
            admin  PUT    /v1/admin/events/gala/status ["paused",null]             → 400 malformed_request
            admin  PATCH  /v1/admin/events/gala {"capacity":20}                    → 400 malformed_request
            admin  PATCH  /v1/admin/events/gala {"id":"ball"}                      → 400 malformed_request
            admin  PATCH  /v1/admin/events/gala {"status":"paused"}                → 400 malformed_request
            admin  PATCH  /v1/admin/events/gala {"hold_seconds":"600"}             → 400 malformed_request
            admin  DELETE /v1/admin/events/secret {"cause":"a whim"}               → 400 malformed_request
            admin  DELETE /v1/admin/holds/gala.1 {"user":"ann"}                    → 400 malformed_request
            admin  POST   /v1/admin/holds/gala.1/extend                            → 400 malformed_request
            admin  POST   /v1/admin/holds/gala.1/extend {"seconds":1.5}            → 400 malformed_request
            admin  POST   /v1/admin/holds/gala.1/extend {"minutes":1}              → 400 malformed_request
            admin  POST   /v1/admin/cleanup {"dry_run":"yes"}                      → 400 malformed_request
            admin  POST   /v1/admin/snapshot {"now":true}                          → 400 malformed_request
            "#,
        )
        .await;
}

#[tokio::test]
async fn a_quantity_is_a_whole_number_from_one_to_a_million() {
    let stage = Stage::set().await;
    stage
        .refuse_all(
            r#"
            carl POST /v1/events/gala/holds    {"quantity":0}                      → 422 validation_failed
            carl POST /v1/events/gala/holds    {"quantity":-1}                     → 422 validation_failed
            carl POST /v1/events/gala/holds    {"quantity":1000001}                → 422 validation_failed
            carl POST /v1/events/gala/holds    {"quantity":4294967297}             → 422 validation_failed
            carl POST /v1/events/gala/holds    {"quantity":99999999999}            → 422 validation_failed
            carl POST /v1/events/gala/holds    {"quantity":99999999999999999999}   → 400 malformed_request
            carl POST /v1/events/gala/holds    {"quantity":1.5}                    → 400 malformed_request
            carl POST /v1/events/gala/holds    {"quantity":1.0}                    → 400 malformed_request
            carl POST /v1/events/gala/holds    {"quantity":1e3}                    → 400 malformed_request
            carl POST /v1/events/gala/holds    {"quantity":"2"}                    → 400 malformed_request
            carl POST /v1/events/gala/holds    {"quantity":true}                   → 400 malformed_request
            carl POST /v1/events/gala/holds    {"quantity":[2]}                    → 400 malformed_request
            carl POST /v1/events/gala/holds    {"min_quantity":0}                  → 422 validation_failed
            carl POST /v1/events/gala/holds    {"quantity":1,"min_quantity":-1}    → 422 validation_failed
            carl POST /v1/events/gala/holds    {"quantity":1,"min_quantity":2}     → 422 validation_failed
            carl POST /v1/events/gala/holds    {"quantity":5}                      → 409 limit_reached
            carl POST /v1/events/gala/holds    {"quantity":1000000}                → 409 limit_reached

            ann  POST /v1/events/gala/holds    {"quantity":0}                      → 422 validation_failed
            ann  POST /v1/events/gala/holds    {"quantity":1.5}                    → 400 malformed_request
            ann  POST /v1/events/gala/holds    {"quantity":99999999999}            → 422 validation_failed

            carl POST /v1/events/gala/bookings {"quantity":0}                      → 422 validation_failed
            carl POST /v1/events/gala/bookings {"quantity":-1}                     → 422 validation_failed
            carl POST /v1/events/gala/bookings {"quantity":1.5}                    → 400 malformed_request
            carl POST /v1/events/gala/bookings {"quantity":99999999999}            → 422 validation_failed
            carl POST /v1/events/gala/bookings {"quantity":"2"}                    → 400 malformed_request
            carl POST /v1/events/gala/bookings {"quantity":5}                      → 409 limit_reached

            ann  POST /v1/holds/gala.1/confirm {"quantity":0}                      → 422 validation_failed
            ann  POST /v1/holds/gala.1/confirm {"quantity":-1}                     → 422 validation_failed
            ann  POST /v1/holds/gala.1/confirm {"quantity":1.5}                    → 400 malformed_request
            ann  POST /v1/holds/gala.1/confirm {"quantity":99999999999}            → 422 validation_failed
            ann  POST /v1/holds/gala.1/confirm {"quantity":"2"}                    → 400 malformed_request
            ann  POST /v1/holds/gala.1/confirm {"quantity":3}                      → 422 validation_failed

            ann  POST /v1/events/tiny/queue    {"quantity":0}                      → 422 validation_failed
            ann  POST /v1/events/tiny/queue    {"quantity":-1}                     → 422 validation_failed
            ann  POST /v1/events/tiny/queue    {"quantity":1.5}                    → 400 malformed_request
            ann  POST /v1/events/tiny/queue    {"quantity":99999999999}            → 422 validation_failed
            ann  POST /v1/events/tiny/queue    {"quantity":"2"}                    → 400 malformed_request

            nobody POST /v1/sessions {"user":"erik","intents":[{"event":"gala","quantity":0}]}           → 422 validation_failed
            nobody POST /v1/sessions {"user":"erik","intents":[{"event":"gala","quantity":-1}]}          → 422 validation_failed
            nobody POST /v1/sessions {"user":"erik","intents":[{"event":"gala","quantity":1.5}]}         → 400 malformed_request
            nobody POST /v1/sessions {"user":"erik","intents":[{"event":"gala","quantity":99999999999}]} → 422 validation_failed
            nobody POST /v1/sessions {"user":"erik","intents":[{"event":"gala","quantity":"2"}]}         → 400 malformed_request
            nobody POST /v1/sessions {"user":"erik","intents":[{"event":"gala","min_quantity":0}]}       → 422 validation_failed

            admin POST /v1/admin/holds/gala.1/extend {"seconds":0}                 → 422 validation_failed
            admin POST /v1/admin/holds/gala.1/extend {"seconds":-1}                → 422 validation_failed
            admin POST /v1/admin/holds/gala.1/extend {"seconds":99999999999}       → 422 validation_failed
            "#,
        )
        .await;
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let stage = Stage::set().await;
    stage
        .refuse_all(
            r#"
            nobody GET    /v1/events/ball                                → 404 event_not_found
            nobody GET    /v1/events/secret                              → 404 event_not_found
            nobody GET    /v1/events/GALA                                → 404 event_not_found
            nobody GET    /v1/events/-gala                               → 404 event_not_found
            nobody GET    /v1/events/gala%20                             → 404 event_not_found
            nobody GET    /v1/events/..%2F..%2Fetc%2Fpasswd              → 404 event_not_found
            nobody GET    /v1/events/%FF                                 → 404 not_found
            carl   POST   /v1/events/ball/holds                          → 404 event_not_found
            carl   POST   /v1/events/secret/holds                        → 404 event_not_found
            carl   POST   /v1/events/Gala!/holds                         → 404 event_not_found
            carl   POST   /v1/events/ball/bookings                       → 404 event_not_found
            carl   POST   /v1/events/secret/bookings                     → 404 event_not_found
            carl   POST   /v1/events/ball/queue                          → 404 event_not_found
            carl   POST   /v1/events/secret/queue                        → 404 event_not_found
            carl   GET    /v1/events/ball/queue/me                       → 404 event_not_found
            carl   GET    /v1/events/secret/queue/me                     → 404 event_not_found
            carl   DELETE /v1/events/ball/queue/me                       → 404 event_not_found
            carl   DELETE /v1/events/secret/queue/me                     → 404 event_not_found

            carl   POST   /v1/events/gala/holds    {"ticket_type":"vip"} → 404 ticket_type_not_found
            carl   POST   /v1/events/gala/holds    {"ticket_type":""}    → 404 ticket_type_not_found
            carl   POST   /v1/events/gala/holds    {"ticket_type":"VIP"} → 404 ticket_type_not_found
            carl   POST   /v1/events/gala/bookings {"ticket_type":"vip"} → 404 ticket_type_not_found
            carl   POST   /v1/events/gala/queue    {"ticket_type":"vip"} → 404 ticket_type_not_found
            carl   GET    /v1/events/tiny/queue/me?ticket_type=vip       → 404 ticket_type_not_found
            carl   DELETE /v1/events/tiny/queue/me?ticket_type=vip       → 404 ticket_type_not_found

            ann    GET    /v1/holds/gala.99                              → 404 hold_not_found
            ann    GET    /v1/holds/gala.0                               → 404 hold_not_found
            ann    GET    /v1/holds/gala.01                              → 404 hold_not_found
            ann    GET    /v1/holds/gala.+1                              → 404 hold_not_found
            ann    GET    /v1/holds/gala.-1                              → 404 hold_not_found
            ann    GET    /v1/holds/gala.                                → 404 hold_not_found
            ann    GET    /v1/holds/gala                                 → 404 hold_not_found
            ann    GET    /v1/holds/1                                    → 404 hold_not_found
            ann    GET    /v1/holds/gala.1.1                             → 404 hold_not_found
            ann    GET    /v1/holds/gala.4294967296                      → 404 hold_not_found
            ann    GET    /v1/holds/gala.4294967297                      → 404 hold_not_found
            ann    GET    /v1/holds/ball.1                               → 404 hold_not_found
            ann    GET    /v1/holds/secret.1                             → 404 hold_not_found
            ann    POST   /v1/holds/gala.99/extend                       → 404 hold_not_found
            ann    POST   /v1/holds/ball.1/extend                        → 404 hold_not_found
            ann    POST   /v1/holds/gala.99/confirm                      → 404 hold_not_found
            ann    POST   /v1/holds/ball.1/confirm                       → 404 hold_not_found
            ann    POST   /v1/holds/gala.2/confirm                       → 404 hold_not_found
            ann    DELETE /v1/holds/gala.99                              → 404 hold_not_found
            ann    DELETE /v1/holds/ball.1                               → 404 hold_not_found
            ann    DELETE /v1/holds/one                                  → 404 hold_not_found

            bob    GET    /v1/bookings/gala.99                           → 404 booking_not_found
            bob    GET    /v1/bookings/gala.3                            → 404 booking_not_found
            bob    GET    /v1/bookings/ball.2                            → 404 booking_not_found
            bob    GET    /v1/bookings/two                               → 404 booking_not_found
            bob    DELETE /v1/bookings/gala.99                           → 404 booking_not_found
            bob    DELETE /v1/bookings/gala.3                            → 404 booking_not_found
            bob    DELETE /v1/bookings/ball.2                            → 404 booking_not_found
            bob    DELETE /v1/bookings/two                               → 404 booking_not_found

            bob    GET    /v1/events/tiny/queue/me                       → 404 queue_entry_not_found
            bob    DELETE /v1/events/tiny/queue/me                       → 404 queue_entry_not_found

            admin  GET    /v1/admin/events/ball                          → 404 event_not_found
            admin  GET    /v1/admin/events/Ball                          → 404 event_not_found
            admin  PATCH  /v1/admin/events/ball {"name":"Ball"}          → 404 event_not_found
            admin  PATCH  /v1/admin/events/gala {"ticket_types":[{"id":"vip","capacity":1}]} → 404 ticket_type_not_found
            admin  PUT    /v1/admin/events/ball/status {"status":"on_sale"} → 404 event_not_found
            admin  DELETE /v1/admin/events/ball                          → 404 event_not_found
            admin  GET    /v1/admin/events/ball/holds                    → 404 event_not_found
            admin  DELETE /v1/admin/holds/gala.99                        → 404 hold_not_found
            admin  DELETE /v1/admin/holds/ball.1                         → 404 hold_not_found
            admin  POST   /v1/admin/holds/gala.99/extend {"seconds":60}  → 404 hold_not_found
            admin  DELETE /v1/admin/bookings/gala.99                     → 404 booking_not_found
            admin  DELETE /v1/admin/bookings/ball.1                      → 404 booking_not_found
            "#,
        )
        .await;
}

#[tokio::test]
async fn what_is_somebody_elses_looks_as_if_it_did_not_exist() {
    let stage = Stage::set().await;
    stage
        .refuse_all(
            "
            bob  GET    /v1/holds/gala.1          → 404 hold_not_found
            bob  POST   /v1/holds/gala.1/extend   → 404 hold_not_found
            bob  POST   /v1/holds/gala.1/confirm  → 404 hold_not_found
            bob  DELETE /v1/holds/gala.1          → 404 hold_not_found
            ann  GET    /v1/holds/gala.3          → 404 hold_not_found
            ann  DELETE /v1/holds/gala.3          → 404 hold_not_found
            ann  GET    /v1/bookings/gala.2       → 404 booking_not_found
            ann  DELETE /v1/bookings/gala.2       → 404 booking_not_found
            ann  GET    /v1/events/tiny/queue/me  → 404 queue_entry_not_found
            ann  DELETE /v1/events/tiny/queue/me  → 404 queue_entry_not_found
            ",
        )
        .await;
    for (theirs, nobodys) in
        [("/v1/holds/gala.1", "/v1/holds/gala.99"), ("/v1/bookings/gala.1", "/v1/bookings/gala.99")]
    {
        let carl = &stage.buyers[2];
        let [theirs, nobodys] = [carl.get(theirs).await, carl.get(nobodys).await];
        assert_eq!((theirs.status, theirs.text), (nobodys.status, nobodys.text));
    }
}

#[tokio::test]
async fn a_token_opens_only_what_it_is_for() {
    let stage = Stage::set().await;
    stage
        .refuse_all(
            r#"
            nobody GET    /v1/sessions/me                              → 401 unauthenticated
            nobody GET    /v1/stream                                   → 401 unauthenticated
            nobody DELETE /v1/sessions/me                              → 401 unauthenticated
            nobody GET    /v1/holds                                    → 401 unauthenticated
            nobody GET    /v1/holds/gala.1                             → 401 unauthenticated
            nobody GET    /v1/bookings                                 → 401 unauthenticated
            nobody POST   /v1/events/gala/holds                        → 401 unauthenticated
            nobody POST   /v1/events/ball/holds                        → 401 unauthenticated
            nobody POST   /v1/events/gala/holds {"quantity":           → 401 unauthenticated
            nobody POST   /v1/events/gala/bookings                     → 401 unauthenticated
            nobody POST   /v1/events/gala/queue                        → 401 unauthenticated
            nobody GET    /v1/events/tiny/queue/me                     → 401 unauthenticated
            nobody POST   /v1/holds/gala.1/confirm                     → 401 unauthenticated
            nobody DELETE /v1/holds/gala.1                             → 401 unauthenticated
            nobody DELETE /v1/bookings/gala.2                          → 401 unauthenticated
            nobody GET    /v1/admin/events                             → 401 unauthenticated
            nobody POST   /v1/admin/events {"id":"ball","name":"Ball","capacity":1} → 401 unauthenticated
            nobody POST   /v1/admin/snapshot                           → 401 unauthenticated

            liar   GET    /v1/sessions/me                              → 401 unauthenticated
            liar   GET    /v1/stream                                   → 401 unauthenticated
            liar   POST   /v1/events/gala/holds                        → 401 unauthenticated
            liar   DELETE /v1/holds/gala.1                             → 401 unauthenticated
            liar   GET    /v1/admin/events                             → 401 unauthenticated
            liar   POST   /v1/admin/cleanup                            → 401 unauthenticated

            dora   GET    /v1/sessions/me                              → 410 session_expired
            dora   GET    /v1/stream                                   → 410 session_expired
            dora   DELETE /v1/sessions/me                              → 410 session_expired
            dora   GET    /v1/holds                                    → 410 session_expired
            dora   POST   /v1/events/gala/holds                        → 410 session_expired
            dora   POST   /v1/events/gala/bookings                     → 410 session_expired
            dora   POST   /v1/events/gala/queue                        → 410 session_expired
            dora   GET    /v1/admin/events                             → 401 unauthenticated

            ann    GET    /v1/admin/events                             → 403 forbidden
            ann    GET    /v1/admin/events/gala                        → 403 forbidden
            ann    POST   /v1/admin/events {"id":"ball","name":"Ball","capacity":1} → 403 forbidden
            ann    PATCH  /v1/admin/events/gala {"name":"Ann's"}       → 403 forbidden
            ann    PUT    /v1/admin/events/gala/status {"status":"closed"} → 403 forbidden
            ann    DELETE /v1/admin/events/secret                      → 403 forbidden
            ann    GET    /v1/admin/events/gala/holds                  → 403 forbidden
            ann    DELETE /v1/admin/holds/gala.1                       → 403 forbidden
            ann    POST   /v1/admin/holds/gala.1/extend {"seconds":60} → 403 forbidden
            ann    DELETE /v1/admin/bookings/gala.2                    → 403 forbidden
            ann    POST   /v1/admin/cleanup                            → 403 forbidden
            ann    POST   /v1/admin/snapshot                           → 403 forbidden
            ann    GET    /v1/admin/changes                            → 403 forbidden

            admin  GET    /v1/sessions/me                              → 401 unauthenticated
            admin  GET    /v1/stream                                   → 401 unauthenticated
            admin  DELETE /v1/sessions/me                              → 401 unauthenticated
            admin  GET    /v1/holds                                    → 401 unauthenticated
            admin  POST   /v1/events/gala/holds                        → 401 unauthenticated
            admin  POST   /v1/events/gala/bookings                     → 401 unauthenticated
            admin  POST   /v1/events/gala/queue                        → 401 unauthenticated
            admin  DELETE /v1/holds/gala.1                             → 401 unauthenticated
            "#,
        )
        .await;
}

#[tokio::test]
async fn a_credential_that_is_no_bearer_token_opens_nothing() {
    let stage = Stage::set().await;
    let ann = &stage.buyers[0].token;
    let credentials = [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        ann.clone(),
        format!("Basic {ann}"),
        format!("Bearer {}", &ann[1..]),
        format!("Bearer {ann}0"),
        format!("Bearer {}", ann.to_uppercase() + "A"),
        format!("Bearer {ann}, Bearer {ann}"),
        "Bearer ☂".to_owned(),
    ];
    let requests = credentials.iter().map(|credential| get("/v1/sessions/me").with("authorization", credential));
    stage.refuse_each("nobody", requests, 401, "unauthenticated").await;
}

#[tokio::test]
async fn a_user_has_a_name_of_visible_characters() {
    let stage = Stage::set().await;
    stage
        .refuse_all(
            r#"
            nobody POST /v1/sessions {"user":""}                                      → 422 validation_failed
            nobody POST /v1/sessions {"user":" "}                                     → 422 validation_failed
            nobody POST /v1/sessions {"user":" erik"}                                 → 422 validation_failed
            nobody POST /v1/sessions {"user":"erik "}                                 → 422 validation_failed
            nobody POST /v1/sessions {"user":"er\u0000ik"}                            → 422 validation_failed
            nobody POST /v1/sessions {"user":"er\nik"}                                → 422 validation_failed
            nobody POST /v1/sessions {"user":"er\u001bik"}                            → 422 validation_failed
            nobody POST /v1/sessions {"user":"er\ud800ik"}                            → 400 malformed_request
            nobody POST /v1/sessions {"user":"erik","intents":[{"event":"Gala"}]}     → 422 validation_failed
            nobody POST /v1/sessions {"user":"erik","intents":[{"event":""}]}         → 422 validation_failed
            "#,
        )
        .await;
    let long = "é".repeat(129);
    let intents = vec![json!({ "event": "gala" }); 101];
    let bodies = [json!({ "user": long }), json!({ "user": "erik", "intents": intents })];
    let requests = bodies.map(|body| post("/v1/sessions", body));
    stage.refuse_each("nobody", requests, 422, "validation_failed").await;
}

#[tokio::test]
async fn an_event_is_created_from_good_ids_capacities_prices_and_times_only() {
    let stage = Stage::set().await;
    stage
        .refuse_all(
            r#"
            admin POST /v1/admin/events                                                             → 400 malformed_request
            admin POST /v1/admin/events {"name":"Ball","capacity":1}                                → 400 malformed_request
            admin POST /v1/admin/events {"id":"ball","capacity":1}                                  → 400 malformed_request
            admin POST /v1/admin/events {"id":7,"name":"Ball","capacity":1}                         → 400 malformed_request
            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":1,"colour":"red"}     → 400 malformed_request
            admin POST /v1/admin/events {"id":"ball","id":"ball","name":"Ball","capacity":1}        → 400 malformed_request

            admin POST /v1/admin/events {"id":"","name":"Ball","capacity":1}                        → 422 validation_failed
            admin POST /v1/admin/events {"id":"Ball","name":"Ball","capacity":1}                    → 422 validation_failed
            admin POST /v1/admin/events {"id":"-ball","name":"Ball","capacity":1}                   → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball.1","name":"Ball","capacity":1}                  → 422 validation_failed
            admin POST /v1/admin/events {"id":"the ball","name":"Ball","capacity":1}                → 422 validation_failed
            admin POST /v1/admin/events {"id":"bäll","name":"Ball","capacity":1}                    → 422 validation_failed
            admin POST /v1/admin/events {"id":"../ball","name":"Ball","capacity":1}                 → 422 validation_failed
            admin POST /v1/admin/events {"id":"gala","name":"Gala","capacity":1}                    → 409 event_exists

            admin POST /v1/admin/events {"id":"ball","name":"","capacity":1}                        → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ba\u0007ll","capacity":1}              → 422 validation_failed

            admin POST /v1/admin/events {"id":"ball","name":"Ball"}                                 → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":1,"ticket_types":[]}  → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":1,"ticket_types":[{"id":"vip","name":"Vip","capacity":1}]} → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","ticket_types":[]}               → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":-1}                   → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":100000001}            → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":99999999999}          → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":1.5}                  → 400 malformed_request
            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":"1"}                  → 400 malformed_request

            admin POST /v1/admin/events {"id":"ball","name":"Ball","ticket_types":["vip"]}          → 400 malformed_request
            admin POST /v1/admin/events {"id":"ball","name":"Ball","ticket_types":[["vip","Vip",1,null]]} → 400 malformed_request
            admin POST /v1/admin/events {"id":"ball","name":"Ball","ticket_types":[{"id":"vip","name":"Vip"}]} → 400 malformed_request
            admin POST /v1/admin/events {"id":"ball","name":"Ball","ticket_types":[{"id":"vip","name":"Vip","capacity":1,"row":1}]} → 400 malformed_request
            admin POST /v1/admin/events {"id":"ball","name":"Ball","ticket_types":[{"id":"Vip","name":"Vip","capacity":1}]} → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","ticket_types":[{"id":"vip","name":"","capacity":1}]} → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","ticket_types":[{"id":"vip","name":"Vip","capacity":-1}]} → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","ticket_types":[{"id":"vip","name":"Vip","capacity":1},{"id":"vip","name":"Vip","capacity":1}]} → 422 validation_failed

            admin POST /v1/admin/events {"id":"ball","name":"Ball","ticket_types":[{"id":"vip","name":"Vip","capacity":1,"price":5}]} → 400 malformed_request
            admin POST /v1/admin/events {"id":"ball","name":"Ball","ticket_types":[{"id":"vip","name":"Vip","capacity":1,"price":[500,"EUR"]}]} → 400 malformed_request
            admin POST /v1/admin/events {"id":"ball","name":"Ball","ticket_types":[{"id":"vip","name":"Vip","capacity":1,"price":{"amount":500}}]} → 400 malformed_request
            admin POST /v1/admin/events {"id":"ball","name":"Ball","ticket_types":[{"id":"vip","name":"Vip","capacity":1,"price":{"amount":5.5,"currency":"EUR"}}]} → 400 malformed_request
            admin POST /v1/admin/events {"id":"ball","name":"Ball","ticket_types":[{"id":"vip","name":"Vip","capacity":1,"price":{"amount":-500,"currency":"EUR"}}]} → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","ticket_types":[{"id":"vip","name":"Vip","capacity":1,"price":{"amount":500,"currency":"eur"}}]} → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","ticket_types":[{"id":"vip","name":"Vip","capacity":1,"price":{"amount":500,"currency":"€"}}]} → 422 validation_failed

            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":1,"starts_at":"tomorrow"}             → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":1,"starts_at":"2026-13-01T00:00:00Z"} → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":1,"starts_at":"2026-11-22T10:00:00"}  → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":1,"opens_at":"1969-12-31T23:59:59Z"}  → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":1,"closes_at":""}                     → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":1,"starts_at":1795341600000}          → 400 malformed_request
            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":1,"opens_at":"2027-01-02T00:00:00Z","closes_at":"2027-01-01T00:00:00Z"} → 422 validation_failed

            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":1,"hold_seconds":0}         → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":1,"hold_seconds":2592001}   → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":1,"hold_seconds":1801}      → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":1,"auto_hold":5}            → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":1,"auto_hold":-1}           → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":1,"max_per_hold":0}         → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":1,"max_per_hold":5}         → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":1,"max_per_user":0}         → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":1,"max_per_user":1000001}   → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":1,"max_extensions":101}     → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":1,"queue_max":-1}           → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":1,"presence_seconds":2592001} → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":1,"lobby":"yes"}            → 400 malformed_request
            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":1,"status":"live"}          → 400 malformed_request
            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":1,"status":"closed"}        → 422 validation_failed
            admin POST /v1/admin/events {"id":"ball","name":"Ball","capacity":1,"status":"cancelled"}     → 422 validation_failed
            "#,
        )
        .await;
    let type_of_number =
        |number: u32| json!({ "id": format!("type-{number}"), "name": "Type", "capacity": 1, "price": null });
    let types: Vec<Value> = (0..33).map(type_of_number).collect();
    let bodies = [
        json!({ "id": "a".repeat(65), "name": "Ball", "capacity": 1 }),
        json!({ "id": "ball", "name": "B".repeat(1_000), "capacity": 1 }),
        json!({ "id": "ball", "name": "Ball", "ticket_types": types }),
    ];
    let requests = bodies.map(|body| post("/v1/admin/events", body));
    stage.refuse_each("admin", requests, 422, "validation_failed").await;
}

#[tokio::test]
async fn an_event_is_changed_to_what_could_have_been_created_only() {
    let stage = Stage::set().await;
    stage
        .refuse_all(
            r#"
            admin PATCH /v1/admin/events/gala {"name":""}                                            → 422 validation_failed
            admin PATCH /v1/admin/events/gala {"hold_seconds":0}                                     → 422 validation_failed
            admin PATCH /v1/admin/events/gala {"max_per_user":0}                                     → 422 validation_failed
            admin PATCH /v1/admin/events/gala {"max_per_hold":5}                                     → 422 validation_failed
            admin PATCH /v1/admin/events/gala {"starts_at":"soon"}                                   → 422 validation_failed
            admin PATCH /v1/admin/events/gala {"ticket_types":[{"id":"General","capacity":9}]}       → 422 validation_failed
            admin PATCH /v1/admin/events/gala {"ticket_types":[{"id":"general","capacity":-1}]}      → 422 validation_failed
            admin PATCH /v1/admin/events/gala {"ticket_types":[{"id":"general","capacity":100000001}]} → 422 validation_failed
            admin PATCH /v1/admin/events/gala {"ticket_types":[{"id":"general","capacity":3}]}       → 409 capacity_below_committed
            admin PATCH /v1/admin/events/gala {"name":"Ball","ticket_types":[{"id":"general","capacity":3}]} → 409 capacity_below_committed
            admin PATCH /v1/admin/events/gala {"ticket_types":[["general",20]]}                      → 400 malformed_request
            admin PATCH /v1/admin/events/gala {"ticket_types":[{"id":"general","capacity":20,"name":"All"}]} → 400 malformed_request
            admin PUT   /v1/admin/events/gala/status {"status":"draft"}                              → 409 invalid_transition
            admin PUT   /v1/admin/events/gala/status {"status":"scheduled"}                          → 409 invalid_transition
            admin DELETE /v1/admin/events/gala                                                       → 409 event_in_use
            "#,
        )
        .await;
    let reason = || json!("r".repeat(501));
    let requests = [
        ("PUT", "/v1/admin/events/gala/status", json!({ "status": "paused", "reason": reason() })),
        ("PATCH", "/v1/admin/events/gala", json!({ "name": "Ball", "reason": reason() })),
        ("DELETE", "/v1/admin/events/secret", json!({ "reason": reason() })),
        ("POST", "/v1/admin/events", json!({ "id": "new", "name": "New", "capacity": 1, "reason": reason() })),
        ("POST", "/v1/admin/holds/gala.1/extend", json!({ "seconds": 60, "reason": reason() })),
    ];
    let requests = requests.map(|(method, path, body)| Request::new(method, path).json(body.to_string()));
    stage.refuse_each("admin", requests, 422, "validation_failed").await;
}

#[tokio::test]
async fn a_parameter_is_known_once_and_within_its_bounds() {
    let stage = Stage::set().await;
    stage
        .refuse_all(
            "
            nobody GET /v1/events?limit=0                      → 422 validation_failed
            nobody GET /v1/events?limit=201                    → 422 validation_failed
            nobody GET /v1/events?limit=-1                     → 400 malformed_request
            nobody GET /v1/events?limit=1.5                    → 400 malformed_request
            nobody GET /v1/events?limit=many                   → 400 malformed_request
            nobody GET /v1/events?limit=                       → 400 malformed_request
            nobody GET /v1/events?limit=99999999999999999999   → 400 malformed_request
            nobody GET /v1/events?limit=1&limit=2              → 400 malformed_request
            nobody GET /v1/events?cursor=                      → 422 validation_failed
            nobody GET /v1/events?cursor=gala                  → 422 validation_failed
            nobody GET /v1/events?cursor=-1                    → 422 validation_failed
            nobody GET /v1/events?status=open                  → 422 validation_failed
            nobody GET /v1/events?status=                      → 422 validation_failed
            nobody GET /v1/events?page=2                       → 400 malformed_request
            nobody GET /v1/events?Limit=1                      → 400 malformed_request

            ann    GET /v1/holds?state=live                    → 422 validation_failed
            ann    GET /v1/holds?state=booked                  → 422 validation_failed
            ann    GET /v1/holds?limit=0                       → 422 validation_failed
            ann    GET /v1/holds?cursor=one                    → 422 validation_failed
            ann    GET /v1/holds?event=gala                    → 400 malformed_request
            ann    GET /v1/bookings?state=held                 → 422 validation_failed
            ann    GET /v1/bookings?limit=201                  → 422 validation_failed
            ann    GET /v1/bookings?cursor=one                 → 422 validation_failed
            ann    GET /v1/bookings?user=bob                   → 400 malformed_request
            carl   GET /v1/events/tiny/queue/me?type=general   → 400 malformed_request
            carl   DELETE /v1/events/tiny/queue/me?type=general → 400 malformed_request

            admin  GET /v1/admin/events?status=open            → 422 validation_failed
            admin  GET /v1/admin/events?limit=0                → 422 validation_failed
            admin  GET /v1/admin/events/gala/holds?state=live  → 422 validation_failed
            admin  GET /v1/admin/events/gala/holds?limit=0     → 422 validation_failed
            admin  GET /v1/admin/events/gala/holds?cursor=one  → 422 validation_failed
            admin  GET /v1/admin/events/gala/holds?event=gala  → 400 malformed_request
            admin  GET /v1/admin/changes?after=-1              → 400 malformed_request
            admin  GET /v1/admin/changes?after=gala            → 400 malformed_request
            admin  GET /v1/admin/changes?limit=201             → 422 validation_failed
            admin  GET /v1/admin/changes?event=Gala            → 404 event_not_found
            admin  GET /v1/admin/changes?user=ann              → 400 malformed_request
            ",
        )
        .await;
}

#[tokio::test]
async fn a_path_and_its_methods_are_known() {
    let stage = Stage::set().await;
    stage
        .refuse_all(
            "
            nobody GET    /v1                          → 404 not_found
            nobody GET    /v1/                         → 404 not_found
            nobody GET    /v2/events                   → 404 not_found
            nobody GET    /v1/Events                   → 404 not_found
            nobody GET    /v1/events/                  → 404 not_found
            nobody GET    /v1/events/gala/             → 404 not_found
            nobody GET    /v1/events/gala/seats        → 404 not_found
            nobody GET    /events                      → 404 not_found
            nobody GET    /index.html                  → 404 not_found
            nobody GET    /../Cargo.toml               → 404 not_found
            nobody GET    /v1/admin                    → 404 not_found
            nobody POST   /v1/nothing                  → 404 not_found
            nobody POST   /v1/nothing {                → 404 not_found

            nobody POST   /v1/events                   → 405 method_not_allowed
            nobody DELETE /v1/events/gala              → 405 method_not_allowed
            nobody PATCH  /v1/events/gala              → 405 method_not_allowed
            nobody GET    /v1/sessions                 → 405 method_not_allowed
            ann    GET    /v1/events/gala/holds        → 405 method_not_allowed
            ann    PUT    /v1/holds/gala.1             → 405 method_not_allowed
            ann    GET    /v1/holds/gala.1/confirm     → 405 method_not_allowed
            ann    POST   /v1/bookings/gala.1          → 405 method_not_allowed
            ann    POST   /v1/events/tiny/queue/me     → 405 method_not_allowed
            admin  POST   /v1/admin/events/gala/status → 405 method_not_allowed
            admin  GET    /v1/admin/snapshot           → 405 method_not_allowed
            nobody POST   /livez                       → 405 method_not_allowed
            nobody POST   /                            → 405 method_not_allowed
            nobody BREW   /v1/events/gala              → 405 method_not_allowed
            ",
        )
        .await;
}

#[tokio::test]
async fn a_body_is_json_and_says_so() {
    let stage = Stage::set().await;
    let hold = || Request::new("POST", "/v1/events/gala/holds");
    let types = ["text/plain", "text/json", "application/x-www-form-urlencoded", "application/jsonp", "json", ""];
    let mut requests = types.map(|content_type| hold().body(content_type, r#"{"quantity":1}"#)).to_vec();
    requests.push(hold().untyped_body(r#"{"quantity":1}"#));
    stage.refuse_each("carl", requests, 415, "unsupported_media_type").await;
}

#[tokio::test]
async fn a_client_accepts_json() {
    let stage = Stage::set().await;
    let ranges = ["text/html", "application/xml", "text/*", "image/png, text/html;q=0.5", ""];
    let requests = ranges.map(|range| get("/v1/events").with("accept", range));
    stage.refuse_each("nobody", requests, 406, "not_acceptable").await;
    let hold = post("/v1/events/gala/holds", json!({})).with("accept", "text/html");
    stage.refuse_each("carl", [hold], 406, "not_acceptable").await;
}

#[tokio::test]
async fn an_idempotency_key_is_one_of_visible_characters() {
    let stage = Stage::set().await;
    let hold = || post("/v1/events/gala/holds", json!({}));
    let long = "k".repeat(129);
    let keys: [&[u8]; 6] = [b"", b"a key", b"a\tkey", "schlüssel".as_bytes(), b"\xFF", long.as_bytes()];
    let mut requests: Vec<Request> = keys.iter().map(|key| hold().with("idempotency-key", key)).collect();
    requests.push(hold().with("idempotency-key", "one").with("idempotency-key", "two"));
    stage.refuse_each("carl", requests, 400, "malformed_request").await;
}

/// The largest body, in bytes.
const BODY_BYTES_MAX: usize = 16 << 10;

#[tokio::test]
async fn a_body_has_at_most_sixteen_kibibytes() {
    let stage = Stage::set().await;
    let announced = format!(
        "POST /v1/sessions HTTP/1.1\r\nhost: holdfast\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        BODY_BYTES_MAX + 1
    );
    stage.refuse_raw(announced.as_bytes(), 413, "body_too_large").await;

    let chunked = format!(
        "POST /v1/sessions HTTP/1.1\r\nhost: holdfast\r\nconnection: close\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n",
        BODY_BYTES_MAX + 1,
        body_of(BODY_BYTES_MAX + 1)
    );
    stage.refuse_raw(chunked.as_bytes(), 413, "body_too_large").await;

    let largest = Request::new("POST", "/v1/sessions").json(body_of(BODY_BYTES_MAX));
    stage.visitor.send(largest).await.expect(201);
}

/// A login of so many bytes, most of them blanks.
fn body_of(bytes: usize) -> String {
    let login = r#"{"user":"erik","intents":[]}"#;
    login.to_owned() + &" ".repeat(bytes - login.len())
}

#[tokio::test]
async fn nothing_is_nested_deeply() {
    let stage = Stage::set().await;
    let lists = |inner: &str| format!("{}{inner}{}", "[".repeat(200), "]".repeat(200));
    let objects = format!("{}1{}", r#"{"quantity":"#.repeat(200), "}".repeat(200));
    let bodies = [
        lists(""),
        lists("1"),
        "[".repeat(200),
        objects,
        format!(r#"{{"quantity":{}}}"#, lists("1")),
        format!(r#"{{"seat":{}}}"#, lists("1")),
    ];
    let requests = bodies.map(|body| Request::new("POST", "/v1/events/gala/holds").json(body));
    stage.refuse_each("carl", requests, 400, "malformed_request").await;
}
