//! The real binary, its real journal and snapshots, and a ledger of every acknowledged answer: `kill -9` at random under
//! load, power cuts, syncs that fail, a disk without room.
//!
//! A round: buyers hold, confirm, book, release, join and cancel over HTTP until a random number of answers has been
//! acknowledged. Then the server is killed, started again on the same directory (and sometimes killed again while it
//! recovers), every buyer repeats what was cut off under the same key, and everything is compared: the ledger with the
//! audit trail, every answer with its place in the trail and with what had been answered before, the audit trail with the
//! rules, and what the server shows with the audit trail.
//!
//! For a power cut the server stands on a disk in memory, of which the data directory gets what was synced: killing the
//! process is then losing everything else.
//!
//! `HOLDFAST_CRASH_ROUNDS`, `HOLDFAST_POWER_ROUNDS` and `HOLDFAST_SYNC_ROUNDS` set the number of rounds,
//! `HOLDFAST_CRASH_SEED` repeats the choices of a run; a failure prints the command. The operating system's part in the
//! timing is its own, so a seed makes a failure likely again, not certain. `make torture` runs many.

mod buyer;
mod check;
mod disk;
mod failing_sync;
mod history;
mod http;
mod ledger;
mod organiser;
mod plan;
mod random;
mod rounds;
mod server;
mod storage_full;
mod trail;
mod watch;

use plan::Plan;
use rounds::Death;

#[test]
fn nothing_is_lost_or_oversold_when_the_process_is_killed() {
    let test = "nothing_is_lost_or_oversold_when_the_process_is_killed";
    run(rounds::run(Death::Kill, &Plan::from_environment(test, "HOLDFAST_CRASH_ROUNDS", 12)));
}

#[test]
fn nothing_is_lost_or_oversold_when_the_power_is_cut() {
    let test = "nothing_is_lost_or_oversold_when_the_power_is_cut";
    run(rounds::run(Death::PowerLoss, &Plan::from_environment(test, "HOLDFAST_POWER_ROUNDS", 12)));
}

#[test]
fn a_sync_that_fails_ends_the_process_and_takes_nothing_acknowledged_with_it() {
    let test = "a_sync_that_fails_ends_the_process_and_takes_nothing_acknowledged_with_it";
    run(failing_sync::run(&Plan::from_environment(test, "HOLDFAST_SYNC_ROUNDS", 4)));
}

#[test]
fn a_full_disk_takes_no_new_holds_and_lets_those_go_on_who_pay_or_give_back() {
    run(storage_full::run());
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(test);
}
