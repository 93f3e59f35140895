//! Puts the same load on two configurations of the server in turn, and prints how much more one of them does: what a key, or
//! all that is counted and logged, costs.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use holdfast_benches::arguments::Arguments as LoadArguments;
use holdfast_benches::error::LoadError;
use holdfast_benches::load;
use holdfast_benches::program::{ADMIN_TOKEN, Launch, Program};
use holdfast_benches::sale::Sale;

/// Alternates between two configurations, round by round, in a closed loop of holds and confirmations.
#[derive(Clone, Debug, Parser)]
#[command(name = "holdfast-compare", version)]
struct Arguments {
    /// The server's program; otherwise the one beside this one.
    #[arg(long)]
    program: Option<PathBuf>,
    /// How often each is measured.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: u32,
    /// How long each time.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
    /// Keep-alive connections, each with one request under way at most.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: u32,
    /// Keys of the one configuration, section.key=value; none means the defaults.
    #[arg(long)]
    one: Vec<String>,
    /// Keys of the other; none means that nothing is counted and nothing logged.
    #[arg(long)]
    other: Vec<String>,
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ran = match runtime {
        Ok(runtime) => runtime.block_on(run(&Arguments::parse())),
        Err(error) => Err(error.into()),
    };
    if let Err(error) = ran {
        eprintln!("holdfast-compare: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

async fn run(arguments: &Arguments) -> Result<(), LoadError> {
    let other = match arguments.other.as_slice() {
        [] => ["metrics.enabled=false", "log.level=off"].map(str::to_owned).to_vec(),
        given => given.to_vec(),
    };
    println!("one: {}; other: {}", described(&arguments.one), described(&other));
    let (one, other) = (start(arguments, &arguments.one)?, start(arguments, &other)?);
    let mut rates = [Vec::new(), Vec::new()];
    for round in 0..arguments.rounds {
        // Who comes first changes, so that nothing that drifts favours one.
        let order = if round % 2 == 0 { [0, 1] } else { [1, 0] };
        for place in order {
            rates[place].push(measure(arguments, [&one, &other][place]).await?);
        }
        let (one, other) = (rates[0][round as usize], rates[1][round as usize]);
        println!("round {}: one {one:.0}, other {other:.0} units/s, {:.1} %", round + 1, one / other * 100.0);
    }
    let ratios: Vec<f64> = rates[0].iter().zip(&rates[1]).map(|(one, other)| one / other * 100.0).collect();
    let (lowest, highest) =
        ratios.iter().fold((f64::MAX, 0.0_f64), |(low, high), ratio| (low.min(*ratio), high.max(*ratio)));
    println!(
        "medians: one {:.0}, other {:.0} units/s; one does {:.1} % of the other, round by round {:.1} % ({lowest:.1} to {highest:.1})",
        median(&rates[0]),
        median(&rates[1]),
        median(&rates[0]) / median(&rates[1]) * 100.0,
        median(&ratios),
    );
    Ok(())
}

fn described(settings: &[String]) -> String {
    if settings.is_empty() { "the defaults".to_owned() } else { settings.join(" ") }
}

fn start(arguments: &Arguments, settings: &[String]) -> Result<Program, LoadError> {
    Program::start(&Launch { program: arguments.program.as_ref(), processors: "", settings })
}

/// Units a second that the server does.
async fn measure(arguments: &Arguments, program: &Program) -> Result<f64, LoadError> {
    let load = LoadArguments {
        address: program.address,
        connections: arguments.connections,
        rate: 1,
        seconds: arguments.seconds,
        warm_up_seconds: 1,
        closed: true,
        batch: None,
        users: 1_000,
        keys: false,
        admin_token: ADMIN_TOKEN.to_owned(),
    };
    let sale = Sale::prepare(&load).await?;
    let outcome = load::run(load, sale).await?;
    Ok(outcome.measured.units_in_time() as f64 / arguments.seconds as f64)
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 }
}
