//! Offers a server of its own more than it can hold, in an open loop, and prints what came of it.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use holdfast_benches::error::LoadError;
use holdfast_benches::overload::arguments::{Arguments, Mode};
use holdfast_benches::overload::crowd::{Crowd, Step};
use holdfast_benches::overload::ledger::{self, EVENT};
use holdfast_benches::overload::program::{Program, keep_to};
use holdfast_benches::overload::table::{Row, Table};
use holdfast_benches::overload::tally::{Purpose, Tally};
use tokio::task::JoinSet;

/// The usual load, as a share of what the machine holds.
const USUAL: f64 = 0.8;
/// How many visitors take turns to find what the machine holds.
const TURNS: [u32; 3] = [64, 32, 96];
/// How long each of these takes.
const TURNS_LENGTH: Duration = Duration::from_secs(4);

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ran = keep_to(&arguments.generator_processors).and_then(|()| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(run(&arguments))
    });
    if let Err(error) = ran {
        eprintln!("holdfast-overload: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

async fn run(arguments: &Arguments) -> Result<(), LoadError> {
    let program = Program::start(arguments)?;
    let users = ledger::prepare(program.address, arguments.mode, arguments.users).await?;
    let bounds = (arguments.connections, arguments.seed);
    let crowd = Arc::new(Crowd::new(program.address, EVENT.to_owned(), arguments.mode, bounds, users));
    let (peak, done) = find_peak(arguments, &crowd).await;
    println!(
        "The machine holds {peak:.0} visits/s, {done:.0} of the main kind; the server has {:.0} MB.\n",
        program.memory_mb()?
    );

    let mut visits = JoinSet::new();
    let mut steps: Vec<(f64, Arc<Step>, f64)> = Vec::new();
    for factor in steps_of(&arguments.factors) {
        let step = crowd.come(peak * factor, arguments.step(), &mut visits).await;
        steps.push((factor, step, program.memory_mb()?));
    }
    visits.join_all().await;

    let take = |step: Arc<Step>| std::mem::take(&mut *step.tally());
    let row = |(factor, step, memory_mb)| Row { factor, tally: take(step), memory_mb };
    let rows: Vec<Row> = steps.into_iter().map(row).collect();
    let unknown = rows.iter().map(|row| row.tally.failures).sum();
    Table { mode: arguments.mode, peak: done, step: arguments.step(), rows }.print();
    println!("{}", ledger::check(program.address, crowd.acknowledged(), unknown).await?);
    Ok(())
}

/// The usual load before and after each overload.
fn steps_of(factors: &[f64]) -> Vec<f64> {
    std::iter::once(USUAL).chain(factors.iter().flat_map(|factor| [*factor, USUAL])).collect()
}

/// What the machine holds: visits a second that were served, and those of the main kind among them.
async fn find_peak(arguments: &Arguments, crowd: &Arc<Crowd>) -> (f64, f64) {
    let mut best = (0.0, 0.0);
    // The first one is not counted: it opens the connections.
    for (number, turns) in TURNS.iter().cycle().take(TURNS.len() + 1).enumerate() {
        let step = crowd.take_turns(*turns, TURNS_LENGTH).await;
        let tally = step.tally();
        let per_second = |count: u64| count as f64 / TURNS_LENGTH.as_secs_f64();
        let (visits, done) = (per_second(served(&tally)), per_second(main_kind(arguments.mode, &tally)));
        println!("{turns} in turns: {visits:.0} visits/s served, p99 {:.1} ms, {:?} refused", tally.milliseconds(0.99), tally.refusals);
        if number > 0 && visits > best.0 {
            best = (visits, done);
        }
    }
    arguments.peak.map_or(best, |peak| (peak, best.1 / best.0 * peak))
}

fn served(tally: &Tally) -> u64 {
    [Purpose::Confirm, Purpose::Login, Purpose::Look].iter().map(|purpose| tally.count(*purpose).done).sum()
}

fn main_kind(mode: Mode, tally: &Tally) -> u64 {
    tally.count(if mode == Mode::Open { Purpose::Confirm } else { Purpose::Login }).done
}
