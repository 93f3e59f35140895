//! Draws growth curves: what answers a second and latency do as live holds, events, a line, connections or cores grow.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use holdfast_benches::error::LoadError;
use holdfast_benches::growth::curve::{Curve, Size};
use holdfast_benches::growth::drawn::{self, Point};
use holdfast_benches::growth::measuring::measure;
use holdfast_benches::program::beside_this_one;

/// Runs `holdfast bench` for each point of each curve, some rounds in turn, and writes a plot and its figures.
#[derive(Clone, Debug, Parser)]
#[command(name = "holdfast-growth", version)]
struct Arguments {
    /// Which curves; without any, all of them.
    #[arg(long = "curve", value_enum, value_delimiter = ',')]
    curves: Vec<Curve>,
    /// How far everything grows.
    #[arg(long, value_enum, default_value_t = Size::Full)]
    size: Size,
    /// How often each point is measured; the medians are drawn.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// How long each time.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
    /// The program; otherwise the one beside this one.
    #[arg(long)]
    program: Option<PathBuf>,
    /// Where the plots and figures go.
    #[arg(long, default_value = "docs/performance")]
    to: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let curves = if arguments.curves.is_empty() { Curve::ALL.to_vec() } else { arguments.curves.clone() };
    if let Err(error) = curves.into_iter().try_for_each(|curve| draw(&arguments, curve)) {
        eprintln!("holdfast-growth: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn draw(arguments: &Arguments, curve: Curve) -> Result<(), LoadError> {
    let program = arguments.program.clone().map_or_else(beside_this_one, Ok)?;
    let at = curve.points(arguments.size).iter();
    let mut commands: Vec<(Point, Vec<String>)> = at
        .map(|at| {
            let words = curve.command(*at, arguments.seconds, arguments.size);
            (Point { at: *at, command: words.join(" "), rounds: Vec::new() }, words)
        })
        .collect();
    for number in 0..arguments.rounds {
        // There and back, so that nothing that drifts favours one end.
        let forwards = number % 2 == 0;
        for index in 0..commands.len() {
            let place = if forwards { index } else { commands.len() - 1 - index };
            let (point, words) = &mut commands[place];
            let round = measure(&program, curve, words)?;
            println!("{} {}: {:.0} answers/s, p99 {:?} ms", curve.axis(), point.at, round.per_second, round.p99_ms);
            point.rounds.push(round);
        }
    }
    let points: Vec<Point> = commands.into_iter().map(|(point, _)| point).collect();
    save(&arguments.to.join(format!("{}.svg", curve.name())), &drawn::plot(curve, &points)?)?;
    save(&arguments.to.join(format!("{}.json", curve.name())), &format!("{:#}\n", drawn::figures(curve, &points)))
}

fn save(path: &Path, text: &str) -> Result<(), LoadError> {
    let failed = |error| LoadError::new(format!("{} cannot be written: {error}", path.display()));
    path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(failed)?;
    std::fs::write(path, text).map_err(failed)?;
    println!("{}", path.display());
    Ok(())
}
