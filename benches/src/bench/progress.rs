//! How far a run is: samples of how many requests are answered, for the plot over time, and a line for whoever waits.

use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::bench::arguments::ShowProgress;
use crate::bench::record::Record;
use crate::clock;

/// The first distance of samples. It doubles whenever there are too many.
const DISTANCE: Duration = Duration::from_millis(100);
/// So many samples are kept at most.
const SAMPLES_MAX: usize = 1_200;
/// How often the line is renewed.
const LINE_EVERY: Duration = Duration::from_secs(1);

/// How many requests were answered up to a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// The moment, in seconds from the first one.
    pub seconds: f64,
    /// How many, warm-up included.
    pub answers: u64,
}

/// Looks at a record from time to time, until it is ended.
pub struct Watch {
    samples: Arc<Mutex<Vec<Sample>>>,
    task: JoinHandle<()>,
    shows: bool,
}

impl Watch {
    /// Begins to watch `record`. The line has `title` in front.
    pub fn begin(record: Arc<Record>, title: String, show: ShowProgress) -> Watch {
        let samples = Arc::<Mutex<Vec<Sample>>>::default();
        let shows = match show {
            ShowProgress::Always => true,
            ShowProgress::Never => false,
            ShowProgress::Auto => std::io::stderr().is_terminal(),
        };
        let task = tokio::spawn(watch(record, Arc::clone(&samples), shows.then_some(title)));
        Watch { samples, task, shows }
    }

    /// Ends it, and takes the line away. Returns the samples.
    pub fn end(self) -> Vec<Sample> {
        self.task.abort();
        if self.shows {
            eprint!("\r\x1b[K");
        }
        std::mem::take(&mut *self.samples.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn watch(record: Arc<Record>, samples: Arc<Mutex<Vec<Sample>>>, title: Option<String>) {
    let (began, mut distance) = (clock::now(), DISTANCE);
    let (mut shown_at, mut shown) = (Duration::ZERO, 0);
    loop {
        let (elapsed, answers) = (began.elapsed(), record.finished());
        {
            let mut samples = samples.lock().unwrap_or_else(PoisonError::into_inner);
            samples.push(Sample { seconds: elapsed.as_secs_f64(), answers });
            if samples.len() >= SAMPLES_MAX {
                thin(&mut samples);
                distance *= 2;
            }
        }
        if let Some(title) = &title
            && elapsed - shown_at >= LINE_EVERY
        {
            let per_second = (answers - shown) as f64 / (elapsed - shown_at).as_secs_f64();
            eprint!("\r\x1b[K{title}: {:.0} s, {answers} answers, {per_second:.0} a second", elapsed.as_secs_f64());
            // A terminal that takes nothing is no reason to stop.
            let _ = std::io::stderr().flush();
            (shown_at, shown) = (elapsed, answers);
        }
        clock::pause(distance).await;
    }
}

/// Keeps every second sample.
fn thin(samples: &mut Vec<Sample>) {
    let mut index = 0;
    samples.retain(|_| {
        index += 1;
        index % 2 == 1
    });
}

/// Answers a second between samples: each with the moment at which its stretch ends, in seconds.
pub fn rates(samples: &[Sample]) -> Vec<(f64, f64)> {
    let between = |pair: &[Sample]| {
        let seconds = pair[1].seconds - pair[0].seconds;
        (seconds > 0.0).then(|| (pair[1].seconds, (pair[1].answers - pair[0].answers) as f64 / seconds))
    };
    samples.windows(2).filter_map(between).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_those_between_samples_however_many_are_kept() {
        let mut samples: Vec<Sample> =
            (0..9).map(|at| Sample { seconds: f64::from(at) * 0.5, answers: 100 * at as u64 }).collect();
        assert_eq!(rates(&samples)[..2], [(0.5, 200.0), (1.0, 200.0)]);
        thin(&mut samples);
        assert_eq!(rates(&samples), [(1.0, 200.0), (2.0, 200.0), (3.0, 200.0), (4.0, 200.0)]);
        assert!(rates(&samples[..1]).is_empty());
    }
}
