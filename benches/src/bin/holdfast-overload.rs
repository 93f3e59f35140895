//! Offers a server of its own more than it can hold, in an open loop, and prints what came of it.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use holdfast_benches::error::LoadError;
use holdfast_benches::overload::arguments::{Arguments, Mode};
use holdfast_benches::overload::crowd::{Crowd, Step};
use holdfast_benches::overload::ledger::{self, EVENT};
use holdfast_benches::overload::table::{Row, Table};
use holdfast_benches::overload::tally::{Purpose, Tally};
use holdfast_benches::overload::visit::Intent;
use holdfast_benches::program::{Launch, Program, keep_to};
use tokio::task::JoinSet;

/// The usual load, as a share of what the machine holds.
const USUAL: f64 = 0.8;
/// How many visitors take turns to find a first figure of what the machine holds.
const TURNS: [u32; 2] = [32, 64];
/// How long each look for what the machine holds takes.
const RAMP_LENGTH: Duration = Duration::from_secs(3);
/// How much more is offered each time, …
const RAMP_FACTOR: f64 = 1.15;
/// … as long as so many times more are served, …
const WORTH_IT: f64 = 1.02;
/// … and no more often than this.
const RAMP_STEPS_MAX: u32 = 12;

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
    let program = start(arguments)?;
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

fn start(arguments: &Arguments) -> Result<Program, LoadError> {
    let mode = if arguments.mode == Mode::Accounts { "accounts" } else { "open" };
    let settings: Vec<String> =
        std::iter::once(format!("auth.mode={mode}")).chain(arguments.settings.iter().cloned()).collect();
    let (program, processors) = (arguments.program.as_ref(), arguments.server_processors.as_str());
    Program::start(&Launch { program, processors, settings: &settings, directory: None })
}

/// The usual load before and after each overload.
fn steps_of(factors: &[f64]) -> Vec<f64> {
    std::iter::once(USUAL).chain(factors.iter().flat_map(|factor| [*factor, USUAL])).collect()
}

/// What the machine holds: visits a second that were served, and those of the main kind among them. Visitors who take turns
/// find a first figure; from there, more and more come until no more are served than before.
async fn find_peak(arguments: &Arguments, crowd: &Arc<Crowd>) -> (f64, f64) {
    if let Some(peak) = arguments.peak {
        return (peak, peak * Intent::share_of_main_kind(arguments.mode));
    }
    let mut rate = 0.0_f64;
    for turns in TURNS {
        let step = crowd.take_turns(turns, RAMP_LENGTH).await;
        rate = rate.max(served(&step.tally()) as f64 / RAMP_LENGTH.as_secs_f64());
    }
    let (mut best, mut done) = (0.0, 0.0);
    for _ in 0..RAMP_STEPS_MAX {
        let mut visits = JoinSet::new();
        let step = crowd.come(rate, RAMP_LENGTH, &mut visits).await;
        visits.join_all().await;
        let tally = step.tally();
        let per_second = |count: u64| count as f64 / RAMP_LENGTH.as_secs_f64();
        let now = per_second(served(&tally));
        println!("{rate:.0} visits/s offered: {now:.0} served, p99 {:.1} ms", tally.milliseconds(0.99));
        if now < best * WORTH_IT {
            break;
        }
        (best, done) = (now, per_second(main_kind(arguments.mode, &tally)));
        rate *= RAMP_FACTOR;
    }
    (best, done)
}

fn served(tally: &Tally) -> u64 {
    [Purpose::Confirm, Purpose::Login, Purpose::Look].iter().map(|purpose| tally.count(*purpose).done).sum()
}

fn main_kind(mode: Mode, tally: &Tally) -> u64 {
    tally.count(if mode == Mode::Open { Purpose::Confirm } else { Purpose::Login }).done
}
