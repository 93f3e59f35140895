//! JSON as the gateway reads and writes it: the body of a hold becomes a command; a hold, a booking and an event become answers,
//! with their headers. Without sockets and HTTP's own work.
//!
//! `json/batch_of_64` is a whole call of 64 operations through the gateway, in process. Refused: of an event that is not there,
//! so that no actor is asked, and what remains is reading, looking up sessions, and telling. Booked: durably.

#[path = "../instructions/src/answers.rs"]
mod answers;
#[path = "../instructions/src/house.rs"]
mod house;
mod measuring;

use std::cell::OnceCell;

use answers::{Answers, read_hold};
use criterion::{Criterion, Throughput};
use house::House;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: usize = 64;

fn main() {
    let mut criterion = measuring::within_seconds(3);
    criterion.bench_function("json/read_hold", |bencher| bencher.iter(read_hold));
    let answers = Answers::new();
    let mut group = criterion.benchmark_group("json/write");
    group.bench_function("hold", |bencher| bencher.iter_with_large_drop(|| answers.hold()));
    group.bench_function("booking", |bencher| bencher.iter_with_large_drop(|| answers.booking()));
    group.bench_function("event", |bencher| bencher.iter_with_large_drop(|| answers.event()));
    group.finish();
    batch(&mut criterion);
    criterion.final_summary();
}

fn batch(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("json/batch_of_64");
    group.throughput(Throughput::Elements(BATCH as u64));
    for (name, event, status) in [("refused", "cold", 404), ("booked", "hot", 201)] {
        let prepared = OnceCell::new();
        group.bench_function(name, |bencher| {
            let (house, body) = prepared.get_or_init(|| runtime.block_on(prepare(event, status)));
            bencher.iter(|| runtime.block_on(house.send_batch(body)));
        });
        if let Some((house, _)) = prepared.into_inner() {
            runtime.block_on(house.close());
        }
    }
    group.finish();
}

/// A batch in which 64 users book a ticket of `event` each, which has been tried and answered with `status` each.
async fn prepare(event: &str, status: u16) -> (House, String) {
    let house = House::open().await;
    let mut operations = Vec::with_capacity(BATCH);
    for number in 0..BATCH {
        let token = house.log_in(&format!("user-{number}")).await;
        operations.push(json!({ "op": "book", "token": token, "event": event }));
    }
    let body = json!({ "operations": operations }).to_string();
    let answer: Value = serde_json::from_slice(&house.send_batch(&body).await).expect("an answer is JSON");
    let results = answer["results"].as_array().expect("a result for each");
    assert!(results.len() == BATCH && results.iter().all(|result| result["status"] == status), "{answer}");
    (house, body)
}
