//! The `holdfast` program.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use holdfast::command_line::{Action, CommandLine};
use holdfast::config::{AuthMode, Config, ServerConfig};
use holdfast::demo;
use holdfast::log;
use holdfast::login::account_errand;
use holdfast::manual::{self, ManualErrand};
use holdfast::metrics;
use holdfast::offline;
use holdfast::operator::{self, OperatorCommand, Streams};
use holdfast::server::{EXIT_OS, Server, ServerError, Surroundings};
use holdfast::service_manager::ServiceManager;
use holdfast::tokens;
use holdfast_benches::bench;
use holdfast_engine::clock::SystemClock;
use holdfast_engine::engine::Wheels;
use holdfast_engine::storage::EXIT_CONFIGURATION;
use tokio::signal::unix::{SignalKind, signal};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let (action, flags) = CommandLine::parse().into_action();
    // These need no configuration, and do not fail for one that cannot be used.
    match &action {
        Action::Operate(command) => return operate(command),
        Action::Manual(errand) => return print_manual(errand),
        Action::Bench(arguments) => return bench::main(arguments, env!("CARGO_PKG_VERSION")),
        _ => {}
    }
    // The demo's data goes away with it, unless a flag names another place. The value is kept until then.
    let demo_directory = (action == Action::Demo).then(|| tempfile::Builder::new().prefix("holdfast-demo-").tempdir());
    let demo_directory = match demo_directory.transpose() {
        Ok(directory) => directory,
        Err(error) => return refuse(&error, EXIT_OS),
    };
    let mut defaults = Config::default();
    if let Some(directory) = &demo_directory {
        defaults.server.data = directory.path().join("data");
    }
    let config = flags
        .overrides()
        .and_then(|overrides| Config::load(&defaults, flags.config.as_deref(), std::env::vars_os(), &overrides));
    let config = match config {
        Ok(config) => config,
        Err(error) => return refuse(&error, EXIT_CONFIGURATION),
    };
    if action == Action::PrintConfig {
        print!("{}", config.to_toml());
        return ExitCode::SUCCESS;
    }
    if let Action::Offline(errand) = action {
        return match offline::run(&errand, &config.server.data, &mut std::io::stdout().lock()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => refuse(&error, error.exit_code()),
        };
    }
    if let Action::Token(errand) = action {
        let ServerConfig { data, reread_seconds, .. } = &config.server;
        let (output, notes) = (&mut std::io::stdout().lock(), &mut std::io::stderr().lock());
        return match tokens::run(&errand, data, *reread_seconds, output, notes) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => refuse(&error, error.exit_code()),
        };
    }
    if let Action::Account(errand) = action {
        let (output, notes) = (&mut std::io::stdout().lock(), &mut std::io::stderr().lock());
        return match account_errand::run(&errand, &config, &mut std::io::stdin().lock(), output, notes) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => refuse(&error, error.exit_code()),
        };
    }
    let _log = log::start(&config.log);
    run(config, action == Action::Demo)
}

fn operate(command: &OperatorCommand) -> ExitCode {
    let streams = Streams {
        input: &mut std::io::stdin().lock(),
        output: &mut std::io::stdout().lock(),
        notes: &mut std::io::stderr().lock(),
        token: std::env::var_os(tokens::VARIABLE),
    };
    match operator::run(command, streams) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_told() => ExitCode::from(error.exit_code()),
        Err(error) => refuse(&error, error.exit_code()),
    }
}

fn print_manual(errand: &ManualErrand) -> ExitCode {
    match manual::run(errand, &mut std::io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&error, error.exit_code()),
    }
}

/// One clear sentence, and the exit code.
fn refuse(error: &dyn std::error::Error, exit_code: u8) -> ExitCode {
    eprintln!("holdfast: {error}");
    ExitCode::from(exit_code)
}

fn run(config: Config, with_demo: bool) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&error, EXIT_OS),
    };
    match runtime.block_on(serve(config, with_demo)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&error, error.exit_code()),
    }
}

async fn serve(config: Config, with_demo: bool) -> Result<(), ServerError> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let surroundings = Surroundings {
        clock: Arc::new(SystemClock::start()),
        wheels: Wheels::ByThread,
        metrics: config.metrics.enabled.then(metrics::install).transpose()?,
        admin_token: std::env::var_os(tokens::VARIABLE).map(|token| token.to_string_lossy().into_owned()),
    };
    log::count_lines_from_zero();
    let mut service_manager = ServiceManager::default();
    service_manager.recovering();
    let server = Server::start(config, surroundings).await?;
    announce(&server);
    service_manager.serving(server.gateway());
    let demo = with_demo.then(|| tokio::spawn(demo::run(Arc::clone(server.gateway()))));
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping: requests under way may finish");
    service_manager.stopping();
    if let Some(demo) = demo {
        demo.abort();
    }
    server.stop().await;
    tracing::info!("stopped; everything is on disk");
    Ok(())
}

fn announce(server: &Server) {
    let config = server.gateway().config();
    let scheme = if config.tls.is_on() { "https" } else { "http" };
    println!("Holdfast {} listens on {scheme}://{}", env!("CARGO_PKG_VERSION"), server.address());
    if let Some(address) = server.admin_address() {
        println!(
            "Administration{}: {scheme}://{address}",
            if server.metrics_address().is_some() { "" } else { " and metrics" }
        );
    }
    if let Some(address) = server.metrics_address() {
        println!("Metrics: {scheme}://{address}/metrics");
    }
    if config.listens_beyond_loopback() && server.admin_address().is_none() {
        tracing::warn!("the admin API can be reached where buyers are; admin.listen gives it an address of its own");
    }
    println!("Data directory: {}", config.server.data.display());
    println!("{}", login_line(config.auth.mode));
    if let Some(token) = server.new_admin_token() {
        println!("Admin token, made at this first start and shown only now: {token}");
    }
}

fn login_line(mode: AuthMode) -> &'static str {
    match mode {
        AuthMode::Open => "Login is open: anybody may log in under any name.",
        AuthMode::Accounts => "Login is by user name and password.",
        AuthMode::Jwt => "Login is by signed token.",
        AuthMode::Service => "Login is by a back end with a service token.",
    }
}
