//! What `holdfast-streams` measures with many streams, with few of them at a server in this process: each is told the last
//! state, and none too often.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use holdfast::config::Config;
use holdfast::server::{Server, Surroundings};
use holdfast_benches::clock;
use holdfast_benches::program::ADMIN_TOKEN;
use holdfast_benches::streams::arguments::Kind;
use holdfast_benches::streams::audience::{Audience, Threads};
use holdfast_benches::streams::delays::Delays;
use holdfast_benches::streams::{buyers, house};
use holdfast_engine::clock::SystemClock;
use holdfast_engine::engine::Wheels;
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::runtime::Handle;

const STREAMS: u32 = 8;
const EVENTS: u32 = 3;
const BUYERS: u32 = 2;
/// Bookings a second, and for how long: several messages' worth.
const RATE: u64 = 100;
const LENGTH: Duration = Duration::from_millis(600);

async fn start(data: &tempfile::TempDir) -> Server {
    let mut config = Config::default();
    config.server.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    config.server.data = data.path().join("data");
    config.limits.enabled = false;
    config.metrics.listen = String::new();
    let surroundings = Surroundings {
        clock: Arc::new(SystemClock::start()),
        wheels: Wheels::ByThread,
        metrics: Some(PrometheusBuilder::new().build_recorder().handle()),
        admin_token: Some(ADMIN_TOKEN.to_owned()),
    };
    Server::start(config, surroundings).await.expect("a server that starts")
}

/// Opens streams of `kind`, lets the event change, and checks what each was told.
async fn check(kind: Kind) {
    let data = tempfile::tempdir().expect("a temporary directory");
    let server = start(&data).await;
    let address = server.address();
    house::put_events_on_sale(address, ADMIN_TOKEN, EVENTS).await.expect("events");
    let credentials = house::log_in(address, "buyer", BUYERS).await.expect("logins");
    let doors = house::doors(address, kind, STREAMS).await.expect("logins");
    let threads = Threads { crowd: Handle::current(), measured: Handle::current() };
    let began = clock::now();
    let mut audience = Audience::open(address, doors, 2, &threads).await.expect("streams");

    let bookings = buyers::buy(address, &credentials, RATE, LENGTH).await.expect("bookings");
    assert!(!bookings.is_empty());
    audience.wait_until_told(bookings.len() as u64).await.expect("the last state at everybody's");
    audience.check_pace(began.elapsed()).expect("no more than four a second");

    let arrivals = audience.arrivals().expect("figures");
    assert_eq!(arrivals.len(), STREAMS as usize / 2, "every second one is measured");
    assert!(arrivals.iter().all(|of_one| of_one.is_sorted_by_key(|arrival| arrival.booked)));
    let delays = Delays::of(&bookings, &arrivals, began);
    assert_eq!(delays.every.len(), (bookings.len() * arrivals.len()) as u64, "each change is told to each of them");
    drop(audience);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_streams_of_an_event_are_told_the_last_state_and_not_too_often() {
    check(Kind::Event).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_streams_of_sessions_are_told_the_last_state_and_not_too_often() {
    check(Kind::Session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sockets_of_an_event_are_told_the_last_state_and_not_too_often() {
    check(Kind::Socket).await;
}
