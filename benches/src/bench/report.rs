//! What is written of a run: a table for people, everything as JSON, and plots.

pub mod drawing;
pub mod json;
pub mod page;
pub mod plot;
pub mod table;

use std::path::Path;

use crate::bench::arguments::BenchArguments;
use crate::bench::machine::Machine;
use crate::bench::scenario::Outcome;
use crate::bench::target::Target;
use crate::error::LoadError;

/// What is told of a run, scenario by scenario.
pub struct Report<'a> {
    /// Where and when, and by which command.
    pub machine: &'a Machine,
    /// What was loaded.
    pub target: String,
    /// Where its data is, where that is known.
    pub disk: Option<String>,
    /// Whether answers waited for a disk, as far as that is known.
    pub is_durable: Option<bool>,
    /// How it was loaded.
    pub load: String,
    /// What came of each scenario.
    pub outcomes: Vec<Outcome>,
}

impl<'a> Report<'a> {
    /// A report without any outcome yet.
    pub fn new(arguments: &BenchArguments, machine: &'a Machine, target: &Target) -> Report<'a> {
        Report {
            machine,
            target: target.described(),
            disk: target.disk.as_ref().map(|disk| disk.described()),
            is_durable: target.disk.as_ref().map(|disk| !disk.is_tmpfs),
            load: described(arguments),
            outcomes: Vec::new(),
        }
    }

    /// What is told before anything is measured: a line each, with its name.
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts =
            vec![("machine", self.machine.described()), ("target", self.target.clone()), ("load", self.load.clone())];
        facts.extend(self.disk.clone().map(|disk| ("data", disk)));
        facts
    }

    /// The same as text.
    pub fn head(&self) -> String {
        self.facts().iter().map(|(name, fact)| format!("{name:<8} {fact}\n")).collect()
    }

    /// Writes the files that `arguments` name.
    ///
    /// # Errors
    ///
    /// One of them cannot be written.
    pub fn save(&self, arguments: &BenchArguments) -> Result<(), LoadError> {
        if let Some(path) = &arguments.json {
            let text = format!("{:#}\n", json::of(self));
            save(path, &text)?;
        }
        if let Some(path) = &arguments.report {
            let is_page = path.extension().is_some_and(|extension| extension == "html");
            let text = if is_page { page::of(self)? } else { plot::all(self)? };
            save(path, &text)?;
        }
        Ok(())
    }
}

fn save(path: &Path, text: &str) -> Result<(), LoadError> {
    std::fs::write(path, text).map_err(|error| LoadError::new(format!("{} cannot be written: {error}", path.display())))
}

/// How it is loaded, in a few words.
fn described(arguments: &BenchArguments) -> String {
    let BenchArguments { connections, rate, seconds, units, batch, keys, live_holds, waiting, .. } = arguments;
    let length = units.map_or(format!("{seconds} s"), |units| format!("{units} units"));
    let mut words = vec![match rate {
        Some(rate) => format!("open loop, {rate} requests/s on {connections} connections, {length}"),
        None => format!("closed loop, {connections} connections, {length}"),
    }];
    words.extend(batch.map(|batch| format!("batches of {batch}")));
    words.extend(keys.then(|| "with idempotency keys".to_owned()));
    words.extend((*live_holds > 0).then(|| format!("{live_holds} holds live beside it")));
    words.extend((*waiting > 0).then(|| format!("{waiting} users in line")));
    words.join(", ")
}

/// A number with as many digits as tell something.
fn rounded(value: f64) -> String {
    let digits = if value == 0.0 || value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else if value >= 1.0 {
        2
    } else if value >= 0.01 {
        3
    } else {
        4
    };
    format!("{value:.digits$}")
}
