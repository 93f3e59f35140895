//! Puts the same load on two configurations of the server in turn, and prints how much more one of them does: what a key, or
//! all that is counted and logged, costs.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use holdfast_benches::bench::arguments::{BenchArguments, ShowProgress};
use holdfast_benches::bench::scenario;
use holdfast_benches::bench::scenarios::{CONFIRM, Scenario};
use holdfast_benches::bench::target::Target;
use holdfast_benches::error::LoadError;
use holdfast_benches::program::beside_this_one;
use holdfast_benches::statistics::median;

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
    let mut measured = [Vec::new(), Vec::new()];
    for round in 0..arguments.rounds {
        // Who comes first changes, so that nothing that drifts favours one.
        let order = if round % 2 == 0 { [0, 1] } else { [1, 0] };
        for place in order {
            measured[place].push(measure([&one, &other][place]).await?);
        }
    }
    println!(
        "\n| | one | other | one of the other | lowest | highest round |\n| --- | ---: | ---: | ---: | ---: | ---: |"
    );
    print_row("units a second", &measured, |round| round.units_per_second);
    print_row("µs of processor a unit", &measured, |round| round.processor_us_per_unit);
    Ok(())
}

/// What a round came to.
struct Round {
    units_per_second: f64,
    /// What the server's process took of processors, in microseconds for each unit. A disk or another process that is busy
    /// hardly touches it.
    processor_us_per_unit: f64,
}

/// The medians of both, their ratio, and that of each round.
fn print_row(name: &str, measured: &[Vec<Round>; 2], figure: impl Fn(&Round) -> f64) {
    let [one, other] = [0, 1].map(|place| measured[place].iter().map(&figure).collect::<Vec<f64>>());
    let ratios = one.iter().zip(&other).map(|(one, other)| one / other * 100.0);
    let (lowest, highest) = ratios.fold((f64::MAX, 0.0_f64), |(low, high), ratio| (low.min(ratio), high.max(ratio)));
    let (one, other) = (median(&one), median(&other));
    let ratio = one / other * 100.0;
    println!("| {name} | {one:.1} | {other:.1} | {ratio:.1} % | {lowest:.1} % | {highest:.1} % |");
}

fn described(settings: &[String]) -> String {
    if settings.is_empty() { "the defaults".to_owned() } else { settings.join(" ") }
}

/// A server with these settings, and the load for it.
struct Candidate {
    load: BenchArguments,
    target: Target,
}

fn start(arguments: &Arguments, settings: &[String]) -> Result<Candidate, LoadError> {
    let load = BenchArguments::parse(&[]).map_err(|error| LoadError::new(error.to_string()))?;
    let load = BenchArguments {
        program: Some(arguments.program.clone().map_or_else(beside_this_one, Ok)?),
        settings: settings.to_vec(),
        connections: arguments.connections,
        seconds: arguments.seconds,
        warm_up_seconds: 0,
        users: 1_000,
        progress: ShowProgress::Never,
        ..load
    };
    Ok(Candidate { target: Target::open(&load, None)?, load })
}

/// A round of the load on one server.
async fn measure(Candidate { load, target }: &Candidate) -> Result<Round, LoadError> {
    let outcome = scenario::run(Scenario::HotEvent, load, target).await?;
    let confirm = outcome.steps.iter().find(|step| step.label == CONFIRM);
    let confirm = confirm.ok_or_else(|| LoadError::new("nothing was confirmed"))?;
    let processor = outcome.processor_time.unwrap_or_default();
    Ok(Round {
        units_per_second: confirm.per_second(),
        processor_us_per_unit: processor.as_secs_f64() * 1e6 / confirm.in_time as f64,
    })
}
