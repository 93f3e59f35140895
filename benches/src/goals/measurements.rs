//! Rounds of all runs that some goals need, and the figures that came of them.

use std::path::Path;

use crate::error::LoadError;
use crate::goals::goal::{Goal, Measured};
use crate::goals::peers::Peers;
use crate::goals::run::{Reading, Run, Source, Work};

/// All that was measured.
pub struct Measurements {
    /// Each source once, with its figures.
    figures: Vec<(Source, Vec<f64>)>,
}

impl Measurements {
    /// Measures all that `goals` need, in `rounds` rounds, but for what `peers` have. In every second one, the order is turned round, so that nothing that
    /// drifts favours one. What is run says so in `log`; `progress` is told of each.
    ///
    /// # Errors
    ///
    /// Something fails, or does not measure what it should.
    pub fn take(
        goals: &[Goal],
        peers: Option<&Peers>,
        rounds: u32,
        log: &Path,
        progress: impl Fn(u32, &Run),
    ) -> Result<Measurements, LoadError> {
        let mut measurements = Measurements::of(goals);
        for (source, figures) in &mut measurements.figures {
            if let (Reading::Peer(name), Some(peers)) = (&source.reading, peers) {
                *figures = peers.rates(name);
            }
        }
        for round in 0..rounds {
            let mut runs = measurements.runs();
            if round % 2 == 1 {
                runs.reverse();
            }
            for run in runs.iter().filter(|run| round == 0 || !run.is_long) {
                progress(round + 1, run);
                let results = tempfile::tempdir()?;
                run.start(results.path(), log)?;
                measurements.read(run, results.path())?;
            }
        }
        Ok(measurements)
    }

    /// What came of a goal; nothing where another program measures it.
    pub fn of_goal(&self, goal: &Goal) -> Option<Measured> {
        let figures = goal.value.sources().into_iter().map(|wanted| {
            let found = self.figures.iter().find(|(source, _)| source == wanted);
            found.map(|(_, figures)| figures.clone()).unwrap_or_default()
        });
        goal.value.measured(&figures.collect::<Vec<_>>())
    }

    fn of(goals: &[Goal]) -> Measurements {
        let mut figures: Vec<(Source, Vec<f64>)> = Vec::new();
        for source in goals.iter().flat_map(|goal| goal.value.sources()) {
            if figures.iter().all(|(known, _)| known != source) {
                figures.push((source.clone(), Vec::new()));
            }
        }
        Measurements { figures }
    }

    /// Each run once, in the order of the goals.
    fn runs(&self) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for (source, _) in &self.figures {
            if source.run.work != Work::Peers && !runs.contains(&source.run) {
                runs.push(source.run.clone());
            }
        }
        runs
    }

    fn read(&mut self, run: &Run, results: &Path) -> Result<(), LoadError> {
        for (source, figures) in self.figures.iter_mut().filter(|(source, _)| source.run == *run) {
            let read = source.reading.read(results)?;
            if read.is_empty() {
                return Err(LoadError::new(format!("{run} has not told {:?}", source.reading)));
            }
            figures.extend(read);
        }
        Ok(())
    }
}
