//! A sync fails: the process ends by itself, and nothing that it acknowledged is missing at the next start.

use crate::disk::{Disk, Fault};
use crate::plan::Plan;
use crate::random::Random;
use crate::rounds::Store;
use crate::server::{End, Server};

/// The exit code of a process whose disk failed.
const EXIT_IO: i32 = 74;
/// The syncs of a start on a directory that is there, before the server listens: the tail of the journal, the zeros of a
/// new segment, its header.
const SYNCS_OF_A_START: u64 = 3;
/// Where a sync fails under load, at least and at most.
const UNDER_LOAD: (u64, u64) = (20, 400);
/// More answers than come before it in any case.
const ANSWERS_MAX: u64 = 40_000;
/// How many answers come before each kill that prepares the directory.
const ANSWERS: u64 = 200;

/// Each round has two failures on one directory: one at the start, one under load.
pub async fn run(plan: &Plan) {
    let mut durations_ms = Vec::new();
    for round in 0..plan.rounds {
        let seed = plan.seed.wrapping_add(round);
        let _again = plan.again(seed, 1);
        durations_ms.extend(run_round(&mut Random::new(seed)).await);
    }
    durations_ms.sort_by(f64::total_cmp);
    let [median, longest] = [durations_ms.len() / 2, durations_ms.len() - 1].map(|index| durations_ms[index]);
    println!(
        "{} syncs failed; the process was gone after {median:.1} ms (median), {longest:.1} ms (longest)",
        durations_ms.len()
    );
}

/// How long the process lived after each failure, in milliseconds.
async fn run_round(random: &mut Random) -> [f64; 2] {
    let (mut store, mut server) = Store::open(&Disk::simulated(random), random).await;
    store.load_and_kill(&mut server, ANSWERS).await;

    let at_start = random.between(0, SYNCS_OF_A_START - 1);
    let started =
        Server::start_or_end(store.directory.path(), &Disk::faulty(random, Fault::FailedSync(at_start))).await;
    let at_start_ms = check_end(at_start, started.err().expect("a server that cannot sync does not start"));
    server = Server::start(store.directory.path(), &Disk::simulated(random)).await;
    store.compare(&server).await;
    store.load_and_kill(&mut server, ANSWERS).await;

    let (least, most) = UNDER_LOAD;
    let under_load = random.between(least, most);
    server = Server::start(store.directory.path(), &Disk::faulty(random, Fault::FailedSync(under_load))).await;
    store.load_until_it_ends(&server, ANSWERS_MAX).await;
    let under_load_ms = check_end(under_load, server.wait());
    server = Server::start(store.directory.path(), &Disk::simulated(random)).await;
    store.compare(&server).await;
    [at_start_ms, under_load_ms]
}

fn check_end(sync: u64, end: End) -> f64 {
    let after = end.after.unwrap_or_else(|| panic!("sync {sync} did not fail: {end:?}"));
    let after_ms = after.as_secs_f64() * 1_000.0;
    println!("sync {sync} failed: the process was gone after {after_ms:.1} ms");
    assert_eq!(end.code, Some(EXIT_IO), "sync {sync} failed");
    after_ms
}
