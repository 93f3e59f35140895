//! A sync fails: the process ends by itself, and nothing that it acknowledged is missing at the next start.

use crate::disk::{Disk, Fault};
use crate::plan::Plan;
use crate::random::Random;
use crate::rounds::Store;
use crate::server::Server;

/// The exit code of a process whose disk failed.
const EXIT_IO: i32 = 74;
/// Which sync fails, at least and at most: while the journal is made safe and a segment begun, before the server listens;
/// while the next segment is made ahead of use, beside the first answers; under load.
const PLACES: [(u64, u64); 3] = [(0, 2), (3, 6), (20, 400)];
/// More answers than come before the last of them.
const ANSWERS_MAX: u64 = 40_000;
/// How many answers come before each kill that prepares the directory.
const ANSWERS: u64 = 200;

/// Each round has a failure at each place, on one directory.
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
async fn run_round(random: &mut Random) -> Vec<f64> {
    let (mut store, mut server) = Store::open(&Disk::simulated(random), random).await;
    let mut durations_ms = Vec::new();
    for (least, most) in PLACES {
        store.load_and_kill(&mut server, ANSWERS).await;
        let place = random.between(least, most);
        durations_ms.push(fail(&mut store, place, random).await);
        server = Server::start(store.directory.path(), &Disk::simulated(random)).await;
        store.compare(&server).await;
    }
    durations_ms
}

/// A server whose sync `place` fails, until it is gone.
async fn fail(store: &mut Store, place: u64, random: &mut Random) -> f64 {
    let disk = Disk::faulty(random, Fault::FailedSync(place));
    let end = match Server::start_or_end(store.directory.path(), &disk).await {
        Ok(mut server) => {
            store.load_until_it_ends(&server, ANSWERS_MAX).await;
            server.wait()
        }
        Err(end) => end,
    };
    let after = end.after.unwrap_or_else(|| panic!("sync {place} did not fail: {end:?}"));
    let after_ms = after.as_secs_f64() * 1_000.0;
    println!("sync {place} failed: the process was gone after {after_ms:.1} ms");
    assert_eq!(end.code, Some(EXIT_IO), "sync {place} failed");
    after_ms
}
