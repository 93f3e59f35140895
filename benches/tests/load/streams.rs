//! What `holdfast-streams` measures with many streams, with few of them at a server in this process: each is told the last
//! state, and none too often.

use std::time::Duration;

use holdfast_benches::clock;
use holdfast_benches::program::ADMIN_TOKEN;
use holdfast_benches::streams::arguments::Kind;
use holdfast_benches::streams::audience::{Audience, Threads};
use holdfast_benches::streams::delays::Delays;
use holdfast_benches::streams::{buyers, house};
use tokio::runtime::Handle;

use crate::server;

const EVENT: &str = "watched";
const STREAMS: u32 = 8;
const EVENTS: u32 = 3;
const BUYERS: u32 = 2;
/// Bookings a second, and for how long: several messages' worth.
const RATE: u64 = 100;
const LENGTH: Duration = Duration::from_millis(600);

/// Opens streams of `kind`, lets the event change, and checks what each was told.
async fn check(kind: Kind) {
    let data = tempfile::tempdir().expect("a temporary directory");
    let server = server::start(&data).await;
    let address = server.address();
    house::put_events_on_sale(address, ADMIN_TOKEN, EVENT, EVENTS).await.expect("events");
    let credentials = house::log_in(address, "buyer", BUYERS).await.expect("logins");
    let doors = house::doors(address, kind, EVENT, STREAMS).await.expect("logins");
    let threads = Threads { crowd: Handle::current(), measured: Handle::current() };
    let began = clock::now();
    let mut audience = Audience::open(address, EVENT, doors, 2, &threads).await.expect("streams");

    let bookings = buyers::buy(address, EVENT, &credentials, RATE, LENGTH).await.expect("bookings");
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
