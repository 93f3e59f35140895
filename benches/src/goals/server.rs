//! The server under half of what it holds, by `holdfast bench`.

use std::path::Path;
use std::process::Command;

use crate::error::LoadError;
use crate::figures;
use crate::goals::run::{figures_of, logged, number};

/// The p99 of the slower one of both steps, in milliseconds.
pub const P99_AT_HALF: &str = "http/p99_ms_at_half_of_the_peak";
/// The program, in the directory of the project.
const PROGRAM: &str = "target/release/holdfast";
/// Holding, and confirming.
const STEPS: [u32; 2] = [0, 1];

/// Loads a server in a closed loop, for `seconds`, and then in an open one with half as many requests a second.
///
/// # Errors
///
/// The program is not there, or a load fails.
pub fn load_with_half_of_the_peak(seconds: u32, results: &Path, log: &Path) -> Result<(), LoadError> {
    let [closed, open] = ["closed.json", "open.json"].map(|name| results.join(name));
    load(&closed, seconds, None, log)?;
    let mut peak = 0.0;
    for step in STEPS {
        peak += number(&closed, &format!("/scenarios/0/steps/{step}/per_second"))?;
    }
    load(&open, seconds, Some((peak / 2.0) as u64), log)?;
    let mut slowest = 0.0_f64;
    for step in STEPS {
        slowest = slowest.max(number(&open, &format!("/scenarios/0/steps/{step}/p99_ms"))?);
    }
    figures::add(&figures_of(results), P99_AT_HALF, slowest)?;
    Ok(())
}

/// One load, closed without a rate, that leaves its figures in the file `json`.
fn load(json: &Path, seconds: u32, rate: Option<u64>, log: &Path) -> Result<(), LoadError> {
    let mut command = Command::new(PROGRAM);
    command.args(["bench", "--scenario", "hot-event", "--seconds", &seconds.to_string(), "--json"]).arg(json);
    if let Some(rate) = rate {
        command.args(["--rate", &rate.to_string()]);
    }
    logged(command, log)
}
