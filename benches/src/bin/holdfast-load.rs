//! The HTTP load generator of Holdfast: hold one ticket on a hot event, then confirm it.
//!
//! It shares the machine with the server it measures: quote its figures as ratios of one run, with the generator that
//! made them.

use std::process::ExitCode;

use clap::Parser;
use holdfast_benches::arguments::Arguments;
use holdfast_benches::error::LoadError;
use holdfast_benches::sale::Sale;
use holdfast_benches::{clock, load};

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

    let duration = arguments.measured();
    let outcome = load::run(arguments, sale).await?;
    println!("{}", outcome.measured.report(duration));
    println!("{}", outcome.ledger);
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
