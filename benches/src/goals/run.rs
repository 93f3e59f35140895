//! What is started to measure something, and where its figures are read.

use std::fmt;
use std::fs::File;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::error::LoadError;
use crate::figures;
use crate::goals::server;

/// Something that measures. Two that are alike are run once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// What is done.
    pub work: Work,
    /// Environment variables that say how large it is.
    pub environment: Vec<(&'static str, String)>,
    /// It has rounds of its own: it is run once.
    pub is_long: bool,
}

/// What is done to measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// A command is run.
    Command(Vec<String>),
    /// A server is loaded as far as it goes, for so many seconds, and then with half as much.
    HalfOfThePeak(u32),
    /// Nothing: `make peers` has measured it.
    Peers,
}

/// Where a figure of a run stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Steps a second of a criterion bench, by the directory of its results.
    PerSecond(String),
    /// Nanoseconds a step of one.
    Nanoseconds(String),
    /// What a bench has told by [`figures::tell`].
    Figure(&'static str),
    /// Units a second of one who took part in `make peers`, by name.
    Peer(&'static str),
}

/// A run, and a figure of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What is run.
    pub run: Run,
    /// What is read then.
    pub reading: Reading,
}

impl fmt::Display for Run {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.environment {
            write!(formatter, "{name}={value} ")?;
        }
        let quoted = |word: &String| if word.ends_with('$') { format!("'{word}'") } else { word.clone() };
        match &self.work {
            Work::Command(words) => formatter.write_str(&words.iter().map(quoted).collect::<Vec<String>>().join(" ")),
            Work::HalfOfThePeak(seconds) => {
                write!(formatter, "holdfast bench --seconds {seconds} --rate HALF_OF_THE_PEAK")
            }
            Work::Peers => formatter.write_str("make peers"),
        }
    }
}

impl Run {
    /// Runs it, with all that it says in the file `log`, and what it measures under the directory `results`.
    ///
    /// # Errors
    ///
    /// It cannot be started, or fails.
    pub fn start(&self, results: &Path, log: &Path) -> Result<(), LoadError> {
        match &self.work {
            Work::Command(words) => self.command(words, results, log),
            Work::HalfOfThePeak(seconds) => server::load_with_half_of_the_peak(*seconds, results, log),
            Work::Peers => Ok(()),
        }
    }

    fn command(&self, words: &[String], results: &Path, log: &Path) -> Result<(), LoadError> {
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.env("CRITERION_HOME", results).env(figures::FILE, figures_of(results));
        logged(command, log)
    }
}

/// The file of figures of a run.
pub fn figures_of(results: &Path) -> std::path::PathBuf {
    results.join("figures")
}

/// Runs a command, with all that it says at the end of the file `log`.
///
/// # Errors
///
/// It cannot be started, or fails.
pub fn logged(mut command: Command, log: &Path) -> Result<(), LoadError> {
    let file = File::options().create(true).append(true).open(log)?;
    let status = command.stdout(file.try_clone()?).stderr(file).status()?;
    if status.success() {
        return Ok(());
    }
    Err(LoadError::new(format!("{command:?} has failed; {} has what it said", log.display())))
}

impl Reading {
    /// What a run has measured, once or in several rounds of its own.
    ///
    /// # Errors
    ///
    /// It is not there: a bench has another name now, or none of its steps were wanted.
    pub fn read(&self, results: &Path) -> Result<Vec<f64>, LoadError> {
        match self {
            Reading::PerSecond(directory) => {
                let directory = results.join(directory).join("new");
                let elements = number(&directory.join("benchmark.json"), "/throughput/Elements")?;
                Ok(vec![elements / number(&directory.join("estimates.json"), "/median/point_estimate")? * 1e9])
            }
            Reading::Nanoseconds(directory) => {
                let directory = results.join(directory).join("new");
                Ok(vec![number(&directory.join("estimates.json"), "/median/point_estimate")?])
            }
            Reading::Figure(name) => figures::read(&figures_of(results), name),
            Reading::Peer(_) => Ok(Vec::new()),
        }
    }
}

/// The number at a place of a JSON file.
///
/// # Errors
///
/// The file is not there or is no JSON, or has no number there.
pub fn number(path: &Path, pointer: &str) -> Result<f64, LoadError> {
    let number = json(path)?.pointer(pointer).and_then(Value::as_f64);
    number.ok_or_else(|| LoadError::new(format!("{}: no number at {pointer}", path.display())))
}

/// A JSON file.
///
/// # Errors
///
/// It is not there, or is no JSON.
pub fn json(path: &Path) -> Result<Value, LoadError> {
    let fault = |what: String| LoadError::new(format!("{}: {what}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| fault(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| fault(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::{Reading, Run, Work};

    #[test]
    fn a_bench_of_criterions_is_read_where_it_leaves_its_results() {
        let results = tempfile::tempdir().expect("a temporary directory");
        let directory = results.path().join("core_units/live/1000/new");
        std::fs::create_dir_all(&directory).expect("it can be made");
        let files = [
            ("benchmark.json", r#"{"throughput":{"Elements":64}}"#),
            ("estimates.json", r#"{"median":{"point_estimate":32.0}}"#),
        ];
        files.iter().for_each(|(name, text)| std::fs::write(directory.join(name), text).expect("it can be written"));
        let read = |reading: Reading| reading.read(results.path());
        assert_eq!(read(Reading::PerSecond("core_units/live/1000".to_owned())).expect("a rate"), [2e9]);
        assert_eq!(read(Reading::Nanoseconds("core_units/live/1000".to_owned())).expect("a time"), [32.0]);
        assert!(read(Reading::Nanoseconds("core_units/live/1".to_owned())).is_err());
    }

    #[test]
    fn a_run_shows_the_command_to_repeat_it() {
        let words = ["cargo", "bench", "--", "core/1$"].map(str::to_owned).to_vec();
        let run = Run { work: Work::Command(words), environment: vec![("LIVE", "7".to_owned())], is_long: false };
        assert_eq!(run.to_string(), "LIVE=7 cargo bench -- 'core/1$'");
    }
}
