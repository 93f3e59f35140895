//! The traces that the real program sends, and that nothing waits for who takes them.

use std::net::TcpListener;
use std::process::Command;

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde_json::json;

use crate::collector::{Collector, number, spans, text};
use crate::http::{Request, get, post};
use crate::log_lines::LogLines;
use crate::people::Buyer;
use crate::process::Place;
use crate::server::ADMIN_TOKEN;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";
const AWAY: &str = "the collector takes no traces; those of now are dropped, and nothing waits for it";

fn holdfast(place: &Place, endpoint: &str, settings: &[&str]) -> Command {
    let mut command = place.holdfast("data");
    command.args(["--set", &format!("traces.endpoint={endpoint}")]);
    command.args(settings.iter().flat_map(|setting| ["--set", setting])).env("HOLDFAST_ADMIN_TOKEN", ADMIN_TOKEN);
    command
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn of_request<'spans>(spans: &'spans [(String, Span)], id: &str) -> Vec<&'spans Span> {
    let has_id = |span: &&Span| text(&span.attributes, "holdfast.request_id").as_deref() == Some(id);
    spans.iter().map(|(_, span)| span).filter(has_id).collect()
}

#[tokio::test]
async fn a_request_is_a_span_with_the_wait_for_the_engine_in_it() {
    let (place, collector) = (Place::new(), Collector::start());
    let settings = ["traces.requests_per_mille=1000", "traces.service_name=box-office"];
    let (process, log) = LogLines::of(&place, &mut holdfast(&place, &collector.url(), &settings));
    process.admin().put_on_sale("gala", 1).await;
    let ann = Buyer::log_in(process.connection(), "ann").await;
    let hold = |id: &str| post("/v1/events/gala/holds", json!({})).with("x-request-id", id);
    ann.send(hold("traced").with("traceparent", format!("00-{TRACE}-{PARENT}-01"))).await.expect_status(201);
    ann.send(hold("not-traced").with("traceparent", format!("00-{TRACE}-{PARENT}-00"))).await.expect_status(200);
    ann.send(hold("of-its-own").with("traceparent", "00-nonsense")).await.expect_status(200);
    let refused = get("/v1/bookings").with("x-request-id", "refused");
    process.visitor().send(refused.with("traceparent", format!("00-{TRACE}-{PARENT}-01"))).await.expect_status(401);
    let line = log.once("a request was refused", |line| line["span"]["request_id"] == "refused").await;
    assert_eq!(line["span"]["trace_id"], TRACE);
    // Where the snapshot's file would be begun, there is a directory: a fault.
    std::fs::create_dir(place.path("data/snapshot.tmp")).expect("a directory");
    let snapshot = post("/v1/admin/snapshot", json!({})).with("x-request-id", "fault");
    process.admin().send(snapshot).await.expect_status(500);
    std::fs::remove_dir(place.path("data/snapshot.tmp")).expect("the directory");
    process.stop();

    let messages = collector.messages();
    let spans = spans(&messages);
    assert!(spans.iter().all(|(service, _)| service == "box-office"));
    let [span] = of_request(&spans, "traced")[..] else { panic!("{spans:#?}") };
    assert_eq!(span.name, "POST /v1/events/{event}/holds");
    assert_eq!((hexadecimal(&span.trace_id).as_str(), hexadecimal(&span.parent_span_id).as_str()), (TRACE, PARENT));
    assert_eq!(span.kind(), SpanKind::Server);
    assert_eq!(text(&span.attributes, "http.request.method").as_deref(), Some("POST"));
    assert_eq!(text(&span.attributes, "http.route").as_deref(), Some("/v1/events/{event}/holds"));
    assert_eq!(number(&span.attributes, "http.response.status_code"), Some(201));
    let within: Vec<_> =
        spans.iter().map(|(_, span)| span).filter(|inner| inner.parent_span_id == span.span_id).collect();
    let [engine] = within[..] else { panic!("{within:#?}") };
    assert_eq!((engine.name.as_str(), &engine.trace_id), ("engine", &span.trace_id));
    assert!(span.start_time_unix_nano <= engine.start_time_unix_nano);
    assert!(engine.end_time_unix_nano <= span.end_time_unix_nano);

    assert!(of_request(&spans, "not-traced").is_empty(), "who begins a trace decides for it");
    let [own] = of_request(&spans, "of-its-own")[..] else { panic!("{spans:#?}") };
    assert!(own.parent_span_id.is_empty() && hexadecimal(&own.trace_id) != TRACE);
    let [refused] = of_request(&spans, "refused")[..] else { panic!("{spans:#?}") };
    assert_eq!(number(&refused.attributes, "http.response.status_code"), Some(401));
    assert_eq!(refused.status.as_ref().map_or(StatusCode::Unset, |status| status.code()), StatusCode::Unset);
    let [fault] = of_request(&spans, "fault")[..] else { panic!("{spans:#?}") };
    assert_eq!(fault.status.as_ref().map(|status| status.code()), Some(StatusCode::Error));
    let sent = messages.concat();
    for secret in [ADMIN_TOKEN, &ann.token, "gala", "127.0.0.1"] {
        assert!(!sent.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret} was sent");
    }
}

#[tokio::test]
async fn without_a_share_only_what_others_have_begun_is_traced_and_not_more_than_so_much() {
    let (place, collector) = (Place::new(), Collector::start());
    let settings = ["traces.requests_per_mille=0", "traces.requests_per_second_max=1"];
    let (process, _) = LogLines::of(&place, &mut holdfast(&place, &collector.url(), &settings));
    let visitor = process.visitor();
    let look = |id: &str| get("/v1/events").with("x-request-id", id);
    visitor.send(look("own")).await.expect(200);
    let begun = |request: Request| request.with("traceparent", format!("00-{TRACE}-{PARENT}-01"));
    visitor.send(begun(look("first"))).await.expect(200);
    process.stop();
    let spans = spans(&collector.messages());
    assert_eq!((of_request(&spans, "own").len(), of_request(&spans, "first").len()), (0, 1));
}

#[tokio::test]
async fn a_collector_that_is_away_is_said_once_and_the_sale_goes_on() {
    let place = Place::new();
    // Nobody listens here any more once this has gone.
    let gone = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address");
    let settings = [
        "traces.requests_per_mille=1000",
        "traces.requests_per_second_max=10000",
        "limits.enabled=false",
        "overload.latency_target_ms=60000",
    ];
    let (process, log) = LogLines::of(&place, &mut holdfast(&place, &format!("http://{gone}/v1/traces"), &settings));
    process.admin().put_on_sale("gala", 1_000_000).await;
    let ann = Buyer::log_in(process.connection(), "ann").await;
    let hold = async || {
        let hold = ann.hold("gala", json!({})).await.json()["id"].as_str().expect("a hold").to_owned();
        ann.release(&hold).await.expect(200);
    };
    // More spans than go into one message, so that it is tried to send some more than once.
    while log.saying(AWAY).is_empty() {
        hold().await;
    }
    for _ in 0..400 {
        hold().await;
    }
    assert_eq!(process.visitor().event("gala").await["available"], 1_000_000);
    process.stop();
    assert_eq!(log.saying(AWAY).len(), 1);
    assert_eq!(log.saying("stopped; everything is on disk").len(), 1);
}

#[tokio::test]
async fn a_collector_that_hangs_delays_neither_requests_nor_the_stop() {
    let place = Place::new();
    // It takes connections, in its backlog, and reads nothing.
    let hangs = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let endpoint = format!("http://{}/v1/traces", hangs.local_addr().expect("an address"));
    let settings = [
        "traces.requests_per_mille=1000",
        "traces.requests_per_second_max=10000",
        "limits.enabled=false",
        "overload.latency_target_ms=60000",
    ];
    let (process, log) = LogLines::of(&place, &mut holdfast(&place, &endpoint, &settings));
    process.admin().put_on_sale("gala", 1).await;
    let ann = Buyer::log_in(process.connection(), "ann").await;
    ann.hold("gala", json!({})).await.expect_status(201);
    // More spans than may wait.
    for _ in 0..2_000 {
        ann.hold("gala", json!({})).await.expect_status(200);
    }
    process.stop();
    let flush = log.saying("the last traces were not delivered");
    assert_eq!(flush.len(), 1, "the stop has not waited until the collector was given up: {:#?}", log.all());
    assert_eq!(log.saying("stopped; everything is on disk").len(), 1);
}

#[test]
fn an_endpoint_that_cannot_be_used_is_said_and_nothing_done() {
    let place = Place::new();
    let endpoints =
        ["collector:4318", "ftp://127.0.0.1/v1/traces", "http://", "http://me:secret@collector/", "http://c/?key=1"];
    for endpoint in endpoints {
        let mut command = place.bare_holdfast();
        let words = ["traces.endpoint must be a URL such as http://127.0.0.1:4318/v1/traces", "--set"];
        place.refuse(command.args(["--set", &format!("traces.endpoint={endpoint}")]), 78, &words);
    }
    let mut command = place.bare_holdfast();
    command.args([
        "--set",
        "traces.endpoint=http://127.0.0.1:4318/v1/traces",
        "--set",
        "traces.requests_per_mille=1001",
    ]);
    place.refuse(&mut command, 78, &["traces.requests_per_mille must be 0 to 1000"]);
}
