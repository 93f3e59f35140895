//! A server to test, in this process.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use clap::ValueEnum;
use holdfast::config::Config;
use holdfast::gateway::Gateway;
use holdfast::server::{Server, ServerError, Surroundings};
use holdfast::tokens::{self, Role, TokenErrand};
use holdfast_engine::clock::{Clock, ManualClock};
use holdfast_engine::core::Event;
use holdfast_engine::core::id::Slug;
use holdfast_engine::engine::Wheels;
use holdfast_engine::error::OpenError;
use holdfast_engine::storage::StorageError;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::http::{Address, Connection, post};
use crate::people::{Admin, Buyer, Visitor};

/// The admin token of every server here.
pub const ADMIN_TOKEN: &str = "an-admin-token-for-tests";

/// When every test begins: 2026-11-22T10:00:00.000Z, in milliseconds since the Unix epoch.
pub const BEGIN_MS: u64 = 1_795_341_600_000;

/// A server on a free port, with a data directory that goes away with it.
pub struct TestServer {
    /// `None` only between a stop and the next start.
    running: Option<Running>,
    clock: Arc<ManualClock>,
    config: Config,
    /// Where it listens now. Clients follow it over a restart.
    address: Address,
    data: TempDir,
}

/// The server runs on a runtime of its own: without it, every task and thing of the server is gone, as after a crash.
struct Running {
    server: Server,
    runtime: Runtime,
}

impl TestServer {
    /// A server with the default configuration, but small journal segments.
    pub async fn start() -> TestServer {
        TestServer::start_with(|_| ()).await
    }

    /// A server whose configuration `adjust` has changed.
    pub async fn start_with(adjust: impl FnOnce(&mut Config)) -> TestServer {
        let data = tempfile::tempdir().expect("a temporary directory");
        let clock = Arc::new(ManualClock::at(BEGIN_MS));
        let config = config_for(data.path(), adjust);
        let running = run(&config, &clock).await;
        let address = Address::new(running.server.address());
        TestServer { running: Some(running), clock, config, address, data }
    }

    /// A server of which a request, its head, its body and its answer, may take a second each, and which has no rates.
    pub async fn start_with_a_second_for_each_request() -> TestServer {
        TestServer::start_with(|config| {
            let limits = &mut config.limits;
            limits.enabled = false;
            (limits.header_read_seconds, limits.body_read_seconds, limits.handler_seconds) = (1, 1, 1);
        })
        .await
    }

    /// Somebody without a credential.
    pub fn visitor(&self) -> Visitor {
        Visitor::over(self.connection())
    }

    /// Somebody with the admin token.
    pub fn admin(&self) -> Admin {
        Admin::over(self.connection())
    }

    /// Logs `user` in; without intents, as most people do.
    pub async fn login(&self, user: &str) -> Buyer {
        Buyer::log_in(self.connection(), user).await
    }

    /// Logs `user` in with an intent for no event, so that nothing is set aside.
    pub async fn login_for_nothing(&self, user: &str) -> Buyer {
        let login = post("/v1/sessions", json!({ "user": user, "intents": [] }));
        Buyer::log_in_by(self.connection(), login).await
    }

    /// A new connection, opened when it is first used.
    pub fn connection(&self) -> Connection {
        Connection::to(self.address.clone())
    }

    /// Logs a user in who is logged in already: the same session, another token.
    pub async fn login_again(&self, user: &str) -> Buyer {
        let answer = self.connection().send(post("/v1/sessions", json!({ "user": user }))).await;
        Buyer::with(self.connection(), answer.expect(200))
    }

    /// Where it listens, now and after a restart.
    pub fn server_address(&self) -> Address {
        self.address.clone()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address.get()
    }

    /// A connection to the listener of administration.
    pub fn admin_connection(&self) -> Connection {
        Connection::to(Address::new(self.running().server.admin_address().expect("a listener of administration")))
    }

    /// Has the server look at once whether its files have changed.
    pub fn reread_files(&self) {
        self.running().server.gateway().reread_files();
    }

    /// The directory with journal and snapshots.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// Moves the clock; nobody's alarm rings by that.
    pub fn advance_seconds(&self, seconds: u64) {
        self.clock.advance(seconds * 1_000);
    }

    /// Moves the clock by less than a second.
    pub fn advance_ms(&self, milliseconds: u64) {
        self.clock.advance(milliseconds);
    }

    /// Wakes whose time has come. They do their work after this returns.
    pub fn turn_wheels(&self) {
        let engine = self.running().server.gateway().engine().expect("a server that has recovered");
        engine.turn_wheels();
    }

    /// Adds a token by the command line's own function, and returns it. The server has not looked yet.
    pub fn add_token(&self, name: &str, role: &str) -> String {
        let name = Slug::new(name).expect("a slug");
        let role = Role::from_str(role, false).expect("a role");
        self.token_errand(&TokenErrand::Add { name, role }).trim_end().to_owned()
    }

    /// Takes a token away. The server has not looked yet.
    pub fn remove_token(&self, name: &str) {
        self.token_errand(&TokenErrand::Remove { name: Slug::new(name).expect("a slug") });
    }

    fn token_errand(&self, errand: &TokenErrand) -> String {
        let mut output = Vec::new();
        tokens::run(errand, self.data(), 5, &mut output, &mut std::io::sink()).expect("a change of the tokens");
        String::from_utf8(output).expect("text")
    }

    /// Keeps the actor of `event` from its work for as long as what this returns lives. What is sent waits in its inbox.
    pub fn hold_up(&self, event: &str) -> HeldUp {
        let (gateway, event) = (Arc::clone(self.running().server.gateway()), Slug::new(event).expect("a slug"));
        let ((begun, begins), (release, released)) = (mpsc::channel(), mpsc::channel::<()>());
        let looking = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            let engine = gateway.engine().expect("a server that has recovered");
            // An event does nothing while somebody looks at it.
            let look = |_: &Event, _| {
                begun.send(()).expect("somebody who waits");
                // It ends when the other side is gone.
                let _ = released.recv();
            };
            runtime.block_on(engine.read(&event, look));
        });
        begins.recv().expect("an event");
        HeldUp { release: Some(release), looking: Some(looking) }
    }

    /// Ends the engine in good order while the server still answers.
    pub async fn shut_engine_down(&self) {
        let running = self.running();
        let gateway = Arc::clone(running.server.gateway());
        let shutdown = async move { gateway.engine().expect("a server that has recovered").shutdown().await };
        running.runtime.spawn(shutdown).await.expect("a shutdown");
    }

    /// Takes the server away in the middle of everything, and starts it again on what the disk has.
    pub async fn crash_and_start_again(&mut self) {
        self.crash_and_start_again_after(0).await;
    }

    /// The same, with `down_seconds` between.
    pub async fn crash_and_start_again_after(&mut self, down_seconds: u64) {
        end(self.running.take());
        self.advance_seconds(down_seconds);
        self.start_again().await;
    }

    /// Stops the server in good order, and starts it again.
    pub async fn stop_and_start_again(&mut self) {
        let Running { server, runtime } = self.running.take().expect("a running server");
        runtime.spawn(server.stop()).await.expect("a stop");
        end_runtime(runtime);
        self.start_again().await;
    }

    async fn start_again(&mut self) {
        let running = run(&self.config, &self.clock).await;
        self.address.set(running.server.address());
        self.running = Some(running);
    }

    /// What the server's requests share.
    pub fn gateway(&self) -> &Gateway {
        self.running().server.gateway()
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("a running server")
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        end(self.running.take());
    }
}

/// An event whose actor is kept from its work.
pub struct HeldUp {
    release: Option<mpsc::Sender<()>>,
    looking: Option<JoinHandle<()>>,
}

impl Drop for HeldUp {
    fn drop(&mut self) {
        drop(self.release.take());
        self.looking.take().map(JoinHandle::join).transpose().expect("a look that ends in good order");
    }
}

fn config_for(data: &Path, adjust: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config::default();
    config.server.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    config.server.data = data.to_owned();
    // Where there is one server, there may be many.
    config.metrics.listen = String::new();
    config.journal.segment_bytes = 1 << 20;
    config.journal.batch_bytes_max = 512 << 10;
    adjust(&mut config);
    config
}

async fn run(config: &Config, clock: &Arc<ManualClock>) -> Running {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    loop {
        let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(clock);
        let surroundings = Surroundings {
            clock,
            wheels: Wheels::ByHand,
            metrics: Some(PrometheusBuilder::new().build_recorder().handle()),
            admin_token: Some(ADMIN_TOKEN.to_owned()),
        };
        match runtime.spawn(Server::start(config.clone(), surroundings)).await.expect("a start that does not panic") {
            Ok(server) => return Running { server, runtime },
            // The journal's thread of the server that crashed lets go of the directory last of all.
            Err(ServerError::Open(OpenError::Storage(StorageError::Locked { .. }))) => tokio::task::yield_now().await,
            Err(error) => panic!("the server does not start: {error}"),
        }
    }
}

fn end(running: Option<Running>) {
    if let Some(Running { server, runtime }) = running {
        drop(server);
        end_runtime(runtime);
    }
}

/// A runtime waits for its threads when it goes, which it may not do on a thread of another runtime.
fn end_runtime(runtime: Runtime) {
    thread::spawn(move || drop(runtime)).join().expect("a runtime that ends in good order");
}
