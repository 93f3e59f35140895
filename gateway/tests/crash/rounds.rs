//! Rounds: load, the end of the process, a start on what it leaves, and all comparisons.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::buyer::{Buyer, Load};
use crate::check;
use crate::disk::Disk;
use crate::history::{History, Told};
use crate::organiser::Organiser;
use crate::plan::Plan;
use crate::random::Random;
use crate::server::{self, Server};
use crate::trail::Trail;
use crate::watch;

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

/// What `kill -9` takes from a process.
#[derive(Clone, Copy, Debug)]
pub enum Death {
    /// Its memory. What it wrote is there.
    Kill,
    /// What it did not sync, too.
    PowerLoss,
}

impl Death {
    fn disk(self, random: &mut Random) -> Disk {
        match self {
            Death::Kill => Disk::Real,
            Death::PowerLoss => Disk::simulated(random),
        }
    }
}

/// All rounds of a plan.
pub async fn run(death: Death, plan: &Plan) {
    let started_at = watch::now();
    let mut totals = Totals::default();
    for first in (0..plan.rounds).step_by(ROUNDS_PER_DIRECTORY as usize) {
        let rounds = first..plan.rounds.min(first + ROUNDS_PER_DIRECTORY);
        let seed = plan.seed.wrapping_add(first / ROUNDS_PER_DIRECTORY);
        let _again = plan.again(seed, rounds.end - rounds.start);
        run_directory(death, &mut Random::new(seed), rounds, &mut totals).await;
    }
    let seconds = (watch::now() - started_at).as_secs_f64();
    println!("{} rounds passed, {:.2} a second: {totals:?}", plan.rounds, plan.rounds as f64 / seconds);
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
    /// Answers that were found to be in order and true at their place: changes, refusals and reads.
    statements: usize,
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
async fn run_directory(death: Death, random: &mut Random, rounds: Range<u64>, totals: &mut Totals) {
    let (mut store, mut server) = Store::open(&death.disk(random), random).await;
    for round in rounds {
        let (least, most) = if round % LONG_ROUND_EVERY == 0 { LONG_ROUND } else { SHORT_ROUND };
        let goal = random.between(least, most);
        println!("round {round}: {death:?} after {goal} answers");
        let segments_before = store.count_files(".segment");
        store.load_and_kill(&mut server, goal).await;
        totals.rotations += store.count_files(".segment") - segments_before;
        totals.answers += goal;
        totals.kills += 1;
        kill_during_recovery(death, random, store.directory.path(), totals);
        server = Server::start(store.directory.path(), &death.disk(random)).await;
        let compared = store.compare(&server).await;
        totals.cut_requests += compared.cut_requests;
        totals.replayed_requests += compared.replayed_requests;
        totals.statements += compared.statements;
    }
    totals.changes += store.trail.len() as u64;
    totals.receipts += store.buyers.iter().map(|buyer| buyer.ledger.receipts.len()).sum::<usize>();
    totals.snapshots += store.count_files(".snapshot");
}

/// Starts the server and kills it before or just after it has recovered, none to three times.
fn kill_during_recovery(death: Death, random: &mut Random, directory: &Path, totals: &mut Totals) {
    let kills = if random.chance(1, 2) { random.between(1, 3) } else { 0 };
    for _ in 0..kills {
        totals.kills += 1;
        let (disk, looks) = (death.disk(random), random.between(0, LOOKS_MAX));
        totals.kills_in_recovery += u64::from(server::start_and_kill(directory, &disk, looks));
    }
}

/// A data directory, everybody who has to do with it, and what they know.
pub struct Store {
    pub directory: TempDir,
    organiser: Organiser,
    buyers: Vec<Buyer>,
    trail: Trail,
}

/// What a comparison came by.
pub struct Compared {
    pub cut_requests: u64,
    pub replayed_requests: u64,
    pub statements: usize,
}

impl Store {
    /// A new directory with events on sale, and its server.
    pub async fn open(disk: &Disk, random: &mut Random) -> (Store, Server) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let server = Server::start(directory.path(), disk).await;
        let mut organiser = Organiser::new(server.address());
        organiser.create_events().await;
        let told = Arc::new(Told::default());
        let buyers = (0..BUYERS).map(|index| Buyer::new(index, Arc::clone(&told), random.fork())).collect();
        (Store { directory, organiser, buyers, trail: Trail::default() }, server)
    }

    /// Lets the buyers work until `goal` answers are acknowledged, kills the server there and then, and waits until
    /// every buyer has noticed.
    pub async fn load_and_kill(&mut self, server: &mut Server, goal: u64) {
        let load = Arc::new(Load::until(goal));
        let tasks = self.begin_load(server, &load);
        load.reached().await;
        server.kill();
        self.end_load(tasks).await;
    }

    /// Lets the buyers work until the server has ended by itself, which it must before `most` answers.
    pub async fn load_until_it_ends(&mut self, server: &Server, most: u64) {
        let load = Arc::new(Load::until(most));
        let tasks = self.begin_load(server, &load);
        tokio::select! {
            () = self.end_load(tasks) => {}
            () = load.reached() => panic!("the server still answers after {most} answers"),
        }
    }

    /// Every buyer repeats what was cut off, and everything is compared.
    pub async fn compare(&mut self, server: &Server) -> Compared {
        let Store { organiser, buyers, trail, .. } = self;
        organiser.reach(server.address());
        let cut_requests = buyers.iter().filter(|buyer| buyer.has_open_request()).count() as u64;
        let mut replayed_requests = 0;
        for buyer in &mut *buyers {
            replayed_requests += u64::from(buyer.settle(server.address()).await);
        }
        // While the sale is paused, all clocks stand still and nothing moves by itself: figures can be compared.
        organiser.set_status("paused").await;
        let history = History::take(buyers);
        let statements = history.len();
        organiser.read_trail(trail, history).await;
        check::ledgers(trail, buyers);
        check::figures(trail, organiser).await;
        check::holds(trail, buyers, organiser).await;
        check::own_views(trail, buyers, server.address()).await;
        organiser.set_status("on_sale").await;
        Compared { cut_requests, replayed_requests, statements }
    }

    fn begin_load(&mut self, server: &Server, load: &Arc<Load>) -> JoinSet<Buyer> {
        let work = |buyer: Buyer| buyer.work(server.address(), Arc::clone(load));
        std::mem::take(&mut self.buyers).into_iter().map(work).collect()
    }

    async fn end_load(&mut self, tasks: JoinSet<Buyer>) {
        self.buyers = tasks.join_all().await;
        self.buyers.sort_by(|one, other| one.name.cmp(&other.name));
    }

    fn count_files(&self, extension: &str) -> usize {
        let entries = std::fs::read_dir(self.directory.path().join("data")).expect("the data directory");
        let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
        names.filter(|name| name.ends_with(extension)).count()
    }
}
