//! Measures every goal of the project on this machine, and prints a table of what is met.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use holdfast_benches::error::LoadError;
use holdfast_benches::goals::arguments::{Arguments, Size};
use holdfast_benches::goals::goal::Goal;
use holdfast_benches::goals::list;
use holdfast_benches::goals::measurements::Measurements;
use holdfast_benches::goals::peers::Peers;
use holdfast_benches::goals::table;

/// What all that was run has said, under the directory in which it is run.
const LOG: &str = "target/goals.log";

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("holdfast-goals: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), LoadError> {
    let goals: Vec<Goal> = list::goals(arguments.size).into_iter().filter(|goal| arguments.wants(goal.level)).collect();
    let log: PathBuf = Path::new(LOG).to_owned();
    std::fs::create_dir_all("target")?;
    std::fs::write(&log, "")?;
    let rounds = arguments.rounds();
    let peers = arguments.peers.as_deref().map(Peers::read).transpose()?;
    let measurements = Measurements::take(&goals, peers.as_ref(), rounds, &log, |round, run| {
        eprintln!("round {round} of {rounds}: {run}");
    })?;
    if arguments.size == Size::Small {
        println!("Everything was small: these figures show that it can be measured, and nothing else.\n");
    }
    println!("{}", table::HEAD);
    goals.iter().for_each(|goal| println!("{}", table::row(goal, measurements.of_goal(goal).as_ref())));
    Ok(())
}
