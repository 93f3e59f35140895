//! A PostgreSQL server for one round.

use std::path::{Path, PathBuf};
use std::time::Duration;

use holdfast_benches::clock;
use rustix::process::Signal;
use tokio_postgres::{Client as Session, Config, NoTls};

use crate::daemon::{Daemon, Home, free_port};
use crate::disk::Disk;
use crate::error::PeerError;

/// The role that owns everything.
const ROLE: &str = "peers";
/// How often sessions that are ending are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How often until they count as stuck.
const LOOKS_MAX: u32 = 1_000;

/// The configuration, where it is not the default. No checkpoint comes within a round.
pub(super) fn settings(is_synchronous: bool) -> [(&'static str, &'static str); 8] {
    [
        ("synchronous_commit", if is_synchronous { "on" } else { "off" }),
        ("shared_buffers", "512MB"),
        ("wal_level", "minimal"),
        ("max_wal_senders", "0"),
        ("min_wal_size", "1GB"),
        ("max_wal_size", "4GB"),
        ("checkpoint_timeout", "30min"),
        ("jit", "off"),
    ]
}

/// Where PostgreSQL's programs are, of the newest version that Debian's packages have put there; otherwise beside the
/// `postgres` of `PATH`.
pub fn binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let folders = versions.map(|version| version.path().join("bin")).filter(|folder| folder.join("postgres").is_file());
    let by_version = |folder: &PathBuf| {
        let version = folder.parent().and_then(Path::file_name).and_then(|name| name.to_str()?.parse::<f64>().ok());
        version.map_or(0, |version| (version * 10.0) as u32)
    };
    let on_path = || crate::daemon::find(Path::new("postgres")).and_then(|path| Some(path.parent()?.to_owned()));
    folders.max_by_key(by_version).or_else(on_path).unwrap_or_else(|| PathBuf::from("/usr/lib/postgresql/15/bin"))
}

/// A server, with a session of the one who looks after it.
pub(super) struct Server {
    pub(super) session: Session,
    pub(super) disk: Disk,
    port: u16,
    _daemon: Daemon,
}

impl Server {
    /// Makes a data directory and starts a server on it. PostgreSQL refuses to be root.
    pub(super) async fn start(binaries: &Path, is_synchronous: bool) -> Result<Server, PeerError> {
        let home = Home::unprivileged(&["postgres", "nobody"])?;
        let mut make = home.command(&binaries.join("initdb"))?;
        make.args(["--pgdata=data", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        make.arg(format!("--username={ROLE}"));
        home.run(make)?;
        let port = free_port()?;
        let mut command = home.command(&binaries.join("postgres"))?;
        command.args(["-D", "data", "-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
        command.args(["-c", "unix_socket_directories="]);
        for (key, value) in settings(is_synchronous) {
            command.arg("-c").arg(format!("{key}={value}"));
        }
        let disk = Disk::beneath(home.path());
        // SIGQUIT ends it with all its sessions, at once; its data goes with it.
        let mut daemon = home.start(command, Signal::QUIT)?;
        let session = daemon.answer(|| connect(port)).await?;
        Ok(Server { session, disk, port, _daemon: daemon })
    }

    /// A further session.
    pub(super) async fn connect(&self) -> Result<Session, PeerError> {
        connect(self.port).await
    }

    pub(super) async fn put_on_sale(&self, event: u32, capacity: u64, buyers: u32) -> Result<(), PeerError> {
        let (event, capacity, buyers) = (event as i32, capacity as i64, buyers as i32);
        self.session.execute("SELECT put_on_sale($1, $2, $3)", &[&event, &capacity, &buyers]).await?;
        Ok(())
    }

    /// Makes the server one that has been running: its tables are known to the planner, and the log of changes writes into
    /// segments that are there already, as they are after some checkpoints.
    pub(super) async fn settle(&self) -> Result<(), PeerError> {
        let written =
            "SELECT pg_logical_emit_message(false, 'settle', repeat('x', 1000000)) FROM generate_series(1, 320)";
        // A checkpoint makes the segments before it fit for use again.
        for step in ["VACUUM ANALYZE", written, "CHECKPOINT", "SELECT pg_switch_wal()", "CHECKPOINT"] {
            self.session.batch_execute(step).await?;
        }
        Ok(())
    }

    /// Available, held and booked.
    pub(super) async fn figures(&self, event: u32) -> Result<[u64; 3], PeerError> {
        let row = self.session.query_one("SELECT available, held, booked FROM figures($1)", &[&(event as i32)]).await?;
        let mut figures = [0; 3];
        for (index, figure) in figures.iter_mut().enumerate() {
            let count: i64 = row.try_get(index)?;
            *figure = u64::try_from(count).map_err(|_| PeerError::new("PostgreSQL has fewer tickets than none"))?;
        }
        Ok(figures)
    }

    /// Waits until all other sessions have ended: only then has each told what it counted.
    pub(super) async fn wait_until_alone(&self) -> Result<(), PeerError> {
        let others = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'";
        for _ in 0..LOOKS_MAX {
            let sessions: i64 = self.session.query_one(others, &[]).await?.try_get(0)?;
            if sessions <= 1 {
                return Ok(());
            }
            clock::pause(LOOK_EVERY).await;
        }
        Err(PeerError::new("sessions of PostgreSQL do not end"))
    }

    /// Syncs of the log of changes so far, as the server counts them.
    pub(super) async fn syncs(&self) -> Result<u64, PeerError> {
        let syncs: i64 = self.session.query_one("SELECT wal_sync FROM pg_stat_wal", &[]).await?.try_get(0)?;
        Ok(syncs as u64)
    }

    pub(super) async fn version(&self) -> Result<String, PeerError> {
        let version: String = self.session.query_one("SHOW server_version", &[]).await?.try_get(0)?;
        Ok(format!("PostgreSQL {}", version.split(' ').next().unwrap_or(&version)))
    }
}

async fn connect(port: u16) -> Result<Session, PeerError> {
    let mut config = Config::new();
    config.host("127.0.0.1").port(port).user(ROLE).dbname("postgres");
    let (session, connection) = config.connect(NoTls).await?;
    // Its end is the session's, which hears of it with the next statement.
    tokio::spawn(connection);
    Ok(session)
}
