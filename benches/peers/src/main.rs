//! Holdfast side by side with what a user would pick instead: `make peers`.

use std::fs;
use std::process::ExitCode;

use clap::Parser;
use holdfast_peers::arguments::Arguments;
use holdfast_peers::contenders::Field;
use holdfast_peers::error::PeerError;
use holdfast_peers::machine::Machine;
use holdfast_peers::record::Record;
use holdfast_peers::{contenders, echo, rounds};
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

// As in the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let is_echo = std::env::args().nth(1).is_some_and(|argument| argument == echo::SERVE);
    let ran = if is_echo { serve_echo() } else { measure(&Arguments::parse()) };
    if let Err(error) = ran {
        eprintln!("\nholdfast-peers: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn serve_echo() -> Result<(), PeerError> {
    Builder::new_multi_thread().enable_all().build()?.block_on(echo::serve())
}

fn measure(arguments: &Arguments) -> Result<(), PeerError> {
    // All clients share a thread: on two processors, more of them would stand in the way of who is measured.
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let ran = runtime.block_on(async {
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        // Whoever is being measured is dropped, and its server and data with it.
        tokio::select! {
            ran = run(arguments) => ran,
            _ = interrupt.recv() => Err(PeerError::new("interrupted")),
            _ = terminate.recv() => Err(PeerError::new("terminated")),
        }
    });
    // Timers that are just being measured would keep it for seconds.
    runtime.shutdown_background();
    ran
}

async fn run(arguments: &Arguments) -> Result<(), PeerError> {
    let metrics = PrometheusBuilder::new().install_recorder();
    let metrics = metrics.map_err(|error| PeerError::while_doing("the engine cannot be counted", error))?;
    if arguments.list {
        for contender in contenders::all(arguments, &metrics) {
            let about = contender.about();
            let missing = contender.missing().map(|what| format!(" (missing: {what})")).unwrap_or_default();
            println!("{:<28}{}{missing}", about.name, about.what);
        }
        return Ok(());
    }
    let Field { contenders, left_out } = contenders::wanted(arguments, &metrics)?;
    let machine = Machine::look();
    rounds::rehearse(&contenders).await?;
    if arguments.rehearse {
        println!("The rules are kept.");
        return Ok(());
    }
    let results = rounds::run(&contenders, arguments.rounds, arguments.span()).await?;
    let record = Record::new(machine, arguments.span(), &contenders, &results, left_out);
    println!("{record}");
    match &arguments.json {
        Some(path) => write_json(path, &record),
        None => Ok(()),
    }
}

fn write_json(path: &std::path::Path, record: &Record) -> Result<(), PeerError> {
    let failed =
        |error: &dyn std::fmt::Display| PeerError::while_doing(format!("{} cannot be written", path.display()), error);
    let text = serde_json::to_string_pretty(record).map_err(|error| failed(&error))?;
    fs::write(path, text + "\n").map_err(|error| failed(&error))
}
