//! A Redis server for one round, and a connection that sells by its scripts.

use std::path::Path;

use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{AsyncConnectionConfig, Cmd, IntoConnectionInfo, Pipeline};
use rustix::process::Signal;

use super::Fsync;
use crate::daemon::{Daemon, Home, free_port};
use crate::disk::Disk;
use crate::error::PeerError;
use crate::figures::Figures;
use crate::tickets::{Answer, CAPACITY, HOT, Seller, Wish};

const HOLD: &str = include_str!("hold.lua");
const CONFIRM: &str = include_str!("confirm.lua");

/// The configuration, where it is not the default. Snapshots and rewrites of the journal are left out, which is to the
/// advantage of Redis: each would fork and write everything anew.
pub(super) fn settings(sync: Fsync) -> [(&'static str, &'static str); 4] {
    [("appendonly", "yes"), ("appendfsync", sync.key()), ("save", ""), ("auto-aof-rewrite-percentage", "0")]
}

async fn connect(client: &redis::Client) -> Result<MultiplexedConnection, PeerError> {
    // A command that waits long for the disk is to be measured, not given up.
    let patient = AsyncConnectionConfig::new().set_response_timeout(None);
    Ok(client.get_multiplexed_async_connection_with_config(&patient).await?)
}

fn key(event: u32, what: &str) -> String {
    format!("event:{{{event}}}:{what}")
}

#[derive(Clone)]
struct Scripts {
    hold: String,
    confirm: String,
}

/// A server that runs, with its scripts loaded and its events on sale.
pub(super) struct Server {
    client: redis::Client,
    scripts: Scripts,
    pub(super) disk: Disk,
    _daemon: Daemon,
}

impl Server {
    /// Starts `program`.
    pub(super) async fn start(program: &Path, sync: Fsync) -> Result<Server, PeerError> {
        let port = free_port()?;
        let home = Home::new()?;
        let mut command = home.command(program)?;
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string()]);
        for (key, value) in settings(sync) {
            command.args([&format!("--{key}"), value]);
        }
        let disk = Disk::beneath(home.path());
        let mut daemon = home.start(command, Signal::KILL)?;
        let at_once = TcpSettings::default().set_nodelay(true);
        let address = format!("redis://127.0.0.1:{port}/").into_connection_info()?.set_tcp_settings(at_once);
        let client = redis::Client::open(address)?;
        let mut connection = daemon.answer(|| connect(&client)).await?;
        let mut load = Pipeline::new();
        load.cmd("SCRIPT").arg("LOAD").arg(HOLD).cmd("SCRIPT").arg("LOAD").arg(CONFIRM);
        let (hold, confirm) = load.query_async(&mut connection).await?;
        let server = Server { client, scripts: Scripts { hold, confirm }, disk, _daemon: daemon };
        // The hot one, and those on which the rules are played through.
        for (event, capacity) in [(HOT, CAPACITY), (2, 2), (3, 1)] {
            server.put_on_sale(event, capacity).await?;
        }
        Ok(server)
    }

    /// A further connection.
    pub(super) async fn connection(&self) -> Result<Connection, PeerError> {
        Ok(Connection { redis: connect(&self.client).await?, scripts: self.scripts.clone() })
    }

    async fn put_on_sale(&self, event: u32, capacity: u64) -> Result<(), PeerError> {
        let mut create = redis::cmd("HSET");
        create.arg(key(event, "figures")).arg("available").arg(capacity).arg("holds").arg(0);
        create.exec_async(&mut connect(&self.client).await?).await?;
        Ok(())
    }

    /// Those of the hot event, counted from the holds and the bookings themselves.
    pub(super) async fn figures(&self) -> Result<Figures, PeerError> {
        let mut count = Pipeline::new();
        count.cmd("HGET").arg(key(HOT, "figures")).arg("available");
        count.cmd("ZCARD").arg(key(HOT, "holds"));
        count.cmd("HLEN").arg(key(HOT, "bookings"));
        let (available, held, booked) = count.query_async(&mut connect(&self.client).await?).await?;
        Ok(Figures { capacity: CAPACITY, available, held, booked })
    }

    /// Whether everything was written to a journal that is synced as it should be.
    ///
    /// # Errors
    ///
    /// It was not.
    pub(super) async fn check_journal(&self, sync: Fsync) -> Result<(), PeerError> {
        let told = self.info("persistence").await?;
        let in_force: (String, String) =
            redis::cmd("CONFIG").arg("GET").arg("appendfsync").query_async(&mut connect(&self.client).await?).await?;
        let is_well = ["aof_enabled:1", "aof_last_write_status:ok"].iter().all(|line| told.contains(line));
        if is_well && in_force.1 == sync.key() {
            return Ok(());
        }
        Err(PeerError::new(format!("Redis does not keep its journal: appendfsync {}, {told}", in_force.1)))
    }

    pub(super) async fn version(&self) -> Result<String, PeerError> {
        let told = self.info("server").await?;
        let version = told.lines().find_map(|line| line.strip_prefix("redis_version:")).unwrap_or("unknown");
        Ok(format!("Redis {version}"))
    }

    async fn info(&self, section: &str) -> Result<String, PeerError> {
        Ok(redis::cmd("INFO").arg(section).query_async(&mut connect(&self.client).await?).await?)
    }
}

/// A connection that sells.
pub(super) struct Connection {
    pub(super) redis: MultiplexedConnection,
    scripts: Scripts,
}

impl Connection {
    pub(super) fn hold_command(&self, wish: Wish) -> Cmd {
        let mut command = redis::cmd("EVALSHA");
        command.arg(&self.scripts.hold).arg(3);
        command.arg(key(wish.event, "figures")).arg(key(wish.event, "holds")).arg(key(wish.event, "buyers"));
        command.arg(wish.buyer).arg(wish.tickets_max).arg(wish.lasting_ms());
        command
    }

    pub(super) fn confirm_command(&self, event: u32, hold: i64, buyer: u32) -> Cmd {
        let mut command = redis::cmd("EVALSHA");
        command.arg(&self.scripts.confirm).arg(2).arg(key(event, "holds")).arg(key(event, "bookings"));
        command.arg(hold).arg(buyer);
        command
    }
}

impl Seller for Connection {
    async fn hold(&mut self, wish: Wish) -> Result<Answer, PeerError> {
        Answer::of(self.hold_command(wish).query_async(&mut self.redis).await?)
    }

    async fn confirm(&mut self, event: u32, hold: i64, buyer: u32) -> Result<bool, PeerError> {
        Ok(self.confirm_command(event, hold, buyer).query_async(&mut self.redis).await?)
    }
}
