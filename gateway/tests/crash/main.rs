//! `kill -9` at random under load: the real binary, its real journal and snapshots, and a ledger of every acknowledged
//! answer.
//!
//! A round: buyers hold, confirm, book, release, join and cancel over HTTP until a random number of answers has been
//! acknowledged. Then the server is killed, started again on the same directory (and sometimes killed again while it
//! recovers), every buyer repeats what was cut off under the same key, and everything is compared: the ledger with the
//! audit trail, the audit trail with the rules, and what the server shows with the audit trail.
//!
//! `HOLDFAST_CRASH_ROUNDS` sets the number of rounds, `HOLDFAST_CRASH_SEED` repeats the choices of a run. The operating
//! system's part in the timing is its own, so a seed makes a failure likely again, not certain.

mod buyer;
mod check;
mod http;
mod ledger;
mod organiser;
mod random;
mod server;
mod trail;

use std::path::Path;
use std::sync::Arc;

use buyer::{Buyer, Load};
use organiser::Organiser;
use random::Random;
use server::Server;
use tokio::task::JoinSet;
use trail::Trail;

/// Rounds without `HOLDFAST_CRASH_ROUNDS`.
const ROUNDS_DEFAULT: u64 = 20;
/// Rounds on one data directory. Then a new one begins, so that a long run does not compare ever longer lists.
const ROUNDS_PER_DIRECTORY: u64 = 10;
const BUYERS: usize = 24;
/// How many acknowledged answers a round has before the kill, at least and at most.
const SHORT_ROUND: (u64, u64) = (300, 4_000);
/// Every so many rounds one is long enough to fill a segment of the journal and to call for a snapshot.
const LONG_ROUND_EVERY: u64 = 5;
const LONG_ROUND: (u64, u64) = (8_000, 12_000);
/// The longest wait for a kill during recovery, in looks at the directory: about twice as long as a recovery takes.
const LOOKS_MAX: u64 = 3_000;

#[test]
fn no_acknowledged_answer_is_lost_and_nothing_is_oversold() {
    let seed = number_from_environment("HOLDFAST_CRASH_SEED")
        .unwrap_or_else(|| getrandom::u64().expect("the system has random bytes"));
    let rounds = number_from_environment("HOLDFAST_CRASH_ROUNDS").unwrap_or(ROUNDS_DEFAULT);
    println!("{rounds} rounds; again with: HOLDFAST_CRASH_SEED={seed} HOLDFAST_CRASH_ROUNDS={rounds}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(run(seed, rounds));
}

fn number_from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a number, but is {text}")))
}

async fn run(seed: u64, rounds: u64) {
    let mut random = Random::new(seed);
    let mut totals = Totals::default();
    let mut round = 0;
    while round < rounds {
        let end = rounds.min(round + ROUNDS_PER_DIRECTORY);
        run_directory(&mut random, round..end, &mut totals).await;
        round = end;
    }
    println!("{rounds} rounds passed: {totals:?}");
    assert!(totals.rotations > 0 && totals.snapshots > 0, "too little load to rotate segments and to write snapshots");
}

/// What a run amounts to.
#[derive(Debug, Default)]
struct Totals {
    /// Answers acknowledged under load.
    answers: u64,
    /// Changes in the audit trails.
    changes: u64,
    /// Changes whose acknowledgement was compared with the audit trail.
    receipts: usize,
    /// All kills, and those among them that came before the server had recovered.
    kills: u64,
    kills_in_recovery: u64,
    /// Requests that the kills cut off, and those among them whose effect was durable already.
    cut_requests: u64,
    replayed_requests: u64,
    /// Segments of the journal that were filled under load, and snapshots on disk at the end.
    rotations: usize,
    snapshots: usize,
}

/// Some rounds on one data directory.
async fn run_directory(random: &mut Random, rounds: std::ops::Range<u64>, totals: &mut Totals) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut server = Server::start(directory.path()).await;
    let mut organiser = Organiser::new(server.address());
    organiser.create_events().await;
    let mut buyers: Vec<Buyer> = (0..BUYERS).map(|index| Buyer::new(index, random.fork())).collect();
    let mut trail = Trail::default();

    for round in rounds {
        let (least, most) = if round % LONG_ROUND_EVERY == 0 { LONG_ROUND } else { SHORT_ROUND };
        let goal = random.between(least, most);
        println!("round {round}: kill after {goal} answers");
        let segments_before = count_segments(directory.path());
        buyers = run_load(buyers, &mut server, goal).await;
        totals.rotations += count_segments(directory.path()) - segments_before;
        totals.answers += goal;
        totals.kills += 1;
        kill_during_recovery(random, directory.path(), totals);

        server = Server::start(directory.path()).await;
        organiser.reach(server.address());
        totals.cut_requests += buyers.iter().filter(|buyer| buyer.has_open_request()).count() as u64;
        for buyer in &mut buyers {
            totals.replayed_requests += u64::from(buyer.settle(server.address()).await);
        }
        // While the sale is paused, all clocks stand still and nothing moves by itself: figures can be compared.
        organiser.set_status("paused").await;
        organiser.read_trail(&mut trail).await;
        check::ledgers(&trail, &buyers);
        check::figures(&trail, &mut organiser).await;
        check::holds(&trail, &buyers, &mut organiser).await;
        check::own_views(&trail, &buyers, server.address()).await;
        organiser.set_status("on_sale").await;
    }
    totals.changes += trail.len() as u64;
    totals.receipts += buyers.iter().map(|buyer| buyer.ledger.receipts.len()).sum::<usize>();
    totals.snapshots += count_snapshots(directory.path());
}

/// Lets the buyers work until `goal` answers are acknowledged, kills the server there and then, and waits until every
/// buyer has noticed.
async fn run_load(buyers: Vec<Buyer>, server: &mut Server, goal: u64) -> Vec<Buyer> {
    let load = Arc::new(Load::until(goal));
    let mut tasks = JoinSet::new();
    for buyer in buyers {
        tasks.spawn(buyer.work(server.address(), Arc::clone(&load)));
    }
    load.reached().await;
    server.kill();
    let mut buyers = tasks.join_all().await;
    buyers.sort_by(|one, other| one.name.cmp(&other.name));
    buyers
}

/// Starts the server and kills it before or just after it has recovered, none to three times.
fn kill_during_recovery(random: &mut Random, directory: &Path, totals: &mut Totals) {
    let kills = if random.chance(1, 2) { random.between(1, 3) } else { 0 };
    for _ in 0..kills {
        totals.kills += 1;
        totals.kills_in_recovery += u64::from(server::start_and_kill(directory, random.between(0, LOOKS_MAX)));
    }
}

fn count_segments(directory: &Path) -> usize {
    count_files(directory, ".segment")
}

fn count_snapshots(directory: &Path) -> usize {
    count_files(directory, ".snapshot")
}

fn count_files(directory: &Path, extension: &str) -> usize {
    let entries = std::fs::read_dir(directory.join("data")).expect("the data directory");
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    names.filter(|name| name.ends_with(extension)).count()
}
