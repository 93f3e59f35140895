//! A run of `holdfast bench`, and what its report says.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::error::LoadError;
use crate::growth::curve::Curve;

/// What one run came to.
#[derive(Clone, Debug)]
pub struct Round {
    /// Answers a second.
    pub per_second: f64,
    /// p99 of each step that is shown, in milliseconds, in the order of [`Curve::timed`].
    pub p99_ms: Vec<f64>,
    /// The whole report.
    pub report: Value,
}

/// Runs `program` with `words` behind `bench`, and reads its report of `curve`.
///
/// # Errors
///
/// It failed, or its report has something missing.
pub fn measure(program: &Path, curve: Curve, words: &[String]) -> Result<Round, LoadError> {
    let directory = crate::program::temporary_directory(None)?;
    let path = directory.path().join("report.json");
    let output = Command::new(program).arg("bench").args(words).arg("--json").arg(&path).output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(LoadError::new(format!("holdfast bench {}: {}", words.join(" "), said.trim())));
    }
    let report = serde_json::from_slice(&std::fs::read(&path)?).map_err(|error| LoadError::new(error.to_string()))?;
    Round::of(curve, report)
}

impl Round {
    fn of(curve: Curve, report: Value) -> Result<Round, LoadError> {
        let steps = report["scenarios"][0]["steps"].as_array().cloned().unwrap_or_default();
        let figure = |label: &&str, name: &str| {
            let step = steps.iter().find(|step| step["step"] == **label);
            let found = step.and_then(|step| step[name].as_f64());
            found.ok_or_else(|| LoadError::new(format!("the report has no {name} of {label}")))
        };
        let rates: Result<Vec<f64>, LoadError> =
            curve.counted().iter().map(|label| figure(label, "per_second")).collect();
        let p99_ms =
            curve.timed().iter().map(|label| figure(label, "p99_ms")).collect::<Result<Vec<f64>, LoadError>>()?;
        Ok(Round { per_second: rates?.iter().sum(), p99_ms, report })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_report_is_read_by_the_names_of_its_steps() {
        let step = |name: &str, rate: f64, p99: f64| json!({ "step": name, "per_second": rate, "p99_ms": p99 });
        let report = json!({ "scenarios": [{ "steps": [step("hold", 10.0, 2.0), step("confirm", 9.5, 3.0)] }] });
        let round = Round::of(Curve::LiveHolds, report.clone()).expect("both steps are there");
        assert_eq!((round.per_second, round.p99_ms), (19.5, vec![2.0, 3.0]));
        assert!(Round::of(Curve::Waiting, report).is_err_and(|error| error.to_string().contains("release")));
    }
}
