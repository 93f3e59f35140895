//! The HTTP load generator of Holdfast: hold one ticket on a hot event, then confirm it.
//!
//! It shares the machine with the server it measures: quote its figures as ratios of one run, with the generator that
//! made them.

use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use clap::Parser;
use holdfast_benches::arguments::Arguments;
use holdfast_benches::batch_worker::BatchWorker;
use holdfast_benches::clock;
use holdfast_benches::error::LoadError;
use holdfast_benches::pacer::Pacer;
use holdfast_benches::report::Measured;
use holdfast_benches::sale::Sale;
use holdfast_benches::worker::{Plan, Starts, Worker};
use tokio::task::JoinSet;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ran = match runtime {
        Ok(runtime) => runtime.block_on(run(arguments)),
        Err(error) => Err(error.into()),
    };
    if let Err(error) = ran {
        eprintln!("holdfast-load: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

async fn run(arguments: Arguments) -> Result<(), LoadError> {
    println!("{}", describe(&arguments));
    let before_logins = clock::now();
    let sale = Sale::prepare(&arguments).await?;
    println!("{} users logged in within {:.1} s", arguments.users, before_logins.elapsed().as_secs_f64());

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
    println!("{}", measured.report(plan.arguments.measured()));
    println!("{}", plan.sale.check(&measured.counted).await?);
    Ok(())
}

fn describe(arguments: &Arguments) -> String {
    let Arguments { address, connections, rate, seconds, .. } = arguments;
    let keys = if arguments.keys { "with idempotency keys" } else { "without idempotency keys" };
    if let Some(batch) = arguments.batch {
        format!("closed loop on {address}: {connections} connections, batches of {batch}, {seconds} s, {keys}")
    } else if arguments.closed {
        format!("closed loop on {address}: {connections} connections, {seconds} s, {keys}")
    } else {
        format!("open loop on {address}: {rate} requests/s on {connections} connections, {seconds} s, {keys}")
    }
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
