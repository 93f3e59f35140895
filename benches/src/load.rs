//! One run of the HTTP load: hold one ticket on a hot event, then confirm it.

use std::sync::Arc;
use std::thread;

use tokio::task::JoinSet;

use crate::arguments::Arguments;
use crate::batch_worker::BatchWorker;
use crate::clock;
use crate::error::LoadError;
use crate::pacer::Pacer;
use crate::report::Measured;
use crate::sale::Sale;
use crate::worker::{Plan, Starts, Worker};

/// What came of a run, and whether the event has what was acknowledged, as a sentence.
pub struct Outcome {
    /// What was measured.
    pub measured: Measured,
    /// The comparison with the event's figures.
    pub ledger: String,
}

/// Runs the load on `sale`, which was prepared with the same arguments.
///
/// # Errors
///
/// A connection failed, or the event does not have what was acknowledged.
pub async fn run(arguments: Arguments, sale: Sale) -> Result<Outcome, LoadError> {
    let start = clock::now();
    let measure_from = start + arguments.warm_up();
    let end = measure_from + arguments.measured();
    let (batch, connections) = (arguments.batch, arguments.connections as usize);
    let starts = if batch.is_some() { Vec::new() } else { starts(&arguments, start, end) };
    let plan = Arc::new(Plan { arguments, sale, measure_from, end });
    let mut workers = JoinSet::new();
    for (number, starts) in starts.into_iter().enumerate() {
        workers.spawn(Worker::connect(Arc::clone(&plan), number, starts).await?.run());
    }
    for (number, size) in batch.into_iter().cycle().take(connections).enumerate() {
        workers.spawn(BatchWorker::connect(Arc::clone(&plan), number).await?.run(size));
    }
    let mut measured = Measured::new();
    for worker in workers.join_all().await {
        measured.add(&worker?);
    }
    let ledger = plan.sale.check(&measured.counted).await?;
    Ok(Outcome { measured, ledger })
}

/// When each connection's requests begin. In an open loop, a thread of its own tells them.
fn starts(arguments: &Arguments, start: std::time::Instant, end: std::time::Instant) -> Vec<Starts> {
    if arguments.closed {
        return (0..arguments.connections).map(|_| Starts::AtOnce).collect();
    }
    let (pacer, dues) = Pacer::new(arguments.connections, arguments.rate, start, end);
    thread::spawn(move || pacer.run());
    dues.into_iter().map(Starts::Paced).collect()
}
