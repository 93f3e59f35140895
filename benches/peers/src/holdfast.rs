//! Holdfast's server, a process of its own that is asked over HTTP.

use std::net::SocketAddr;
use std::path::PathBuf;

use async_trait::async_trait;
use holdfast_benches::connection::{Connection, bearer};
use holdfast_benches::program::{ADMIN_TOKEN, Launch, Program};
use hyper::Method;
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::batch::BackEnd;
use crate::contender::{About, Contender, Durability, Round, Span, Unit, Way};
use crate::disk::Disk;
use crate::error::PeerError;
use crate::figures::Figures;
use crate::http::{Buyer, CONNECTIONS};
use crate::in_process::no_memory;
use crate::load::{self, Client, Loaded};
use crate::tickets::{BUYERS, CAPACITY, TICKETS_PER_BUYER};

/// How it is asked.
#[derive(Clone, Copy, Debug)]
pub enum Asked {
    /// A call for a hold, and one for its confirmation.
    OneByOne,
    /// So many of them in a call, on so many connections.
    Batches {
        /// Operations in a call.
        size: usize,
        /// Keep-alive connections, each of a client of its own.
        connections: u32,
    },
}

/// Holdfast's server in one of its ways.
pub struct Holdfast {
    about: About,
    program: PathBuf,
    asked: Asked,
    /// Where the data is, if not in the temporary directory.
    memory: Option<PathBuf>,
}

impl Holdfast {
    /// The server, started as `program`, on the disk; or, with `memory`, on that file system, where a sync does nothing.
    pub fn new(program: PathBuf, asked: Asked, memory: Option<PathBuf>) -> Holdfast {
        let (suffix, durability) = match memory {
            None => ("", Durability::EachAnswer),
            Some(_) => ("-tmpfs", Durability::Nothing),
        };
        let (name, what) = match asked {
            Asked::OneByOne => ("holdfast-http".to_owned(), format!("{CONNECTIONS} connections, one ticket a call")),
            Asked::Batches { size, connections } => {
                let what = format!("POST /v1/batch, {connections} connections, {size} operations a call");
                (format!("holdfast-http-batch-{size}"), what)
            }
        };
        let about = About {
            name: format!("{name}{suffix}"),
            what,
            way: Way::Http,
            durability,
            unit: Unit::Ticket,
            settings: vec!["limits.enabled = false".to_owned()],
        };
        Holdfast { about, program, asked, memory }
    }

    fn start(&self) -> Result<Server, PeerError> {
        // Where administration is, so that one address is enough to ask for them.
        let mut settings = vec!["metrics.listen=".to_owned()];
        let memory = self.memory.as_deref().map(TempDir::new_in).transpose()?;
        if let Some(memory) = &memory {
            settings.push(format!("server.data={}", memory.path().join("data").display()));
        }
        let disk = Disk::beneath(memory.as_ref().map_or(&std::env::temp_dir(), |memory| memory.path()));
        let launch = Launch { program: Some(&self.program), processors: "", settings: &settings, directory: None };
        let program = Program::start(&launch)?;
        Ok(Server { program, disk, admin: bearer(ADMIN_TOKEN)?, _memory: memory })
    }

    /// Logs the buyers in, and lets them buy. Returns also the syncs that the buying took.
    async fn load(&self, server: &Server, span: Span) -> Result<(Loaded, u64), PeerError> {
        let address = server.program.address;
        match self.asked {
            Asked::OneByOne => {
                let mut buyers = Vec::new();
                for users in server.log_in(CONNECTIONS).await? {
                    let users = users.iter().map(|token| bearer(token)).collect::<Result<_, _>>()?;
                    buyers.push(Buyer::connect(address, users).await?);
                }
                server.load(buyers, span).await
            }
            Asked::Batches { size, connections } => {
                let mut back_ends = Vec::new();
                for users in server.log_in(connections).await? {
                    back_ends.push(BackEnd::connect(address, server.admin.clone(), users, size).await?);
                }
                server.load(back_ends, span).await
            }
        }
    }
}

#[async_trait]
impl Contender for Holdfast {
    fn about(&self) -> &About {
        &self.about
    }

    fn missing(&self) -> Option<String> {
        let program = self.program.display();
        let no_program = format!("{program} (Holdfast: cargo build --release --package holdfast, or --program PATH)");
        (!self.program.is_file()).then_some(no_program).or_else(|| self.memory.as_deref().and_then(no_memory))
    }

    async fn round(&self, span: Span) -> Result<Round, PeerError> {
        let server = self.start()?;
        server.put_on_sale().await?;
        let (loaded, syncs) = self.load(&server, span).await?;
        let checked = server.figures().await?.check(loaded.acknowledged)?;
        Ok(loaded.round(Some(syncs), checked, version()))
    }
}

struct Server {
    program: Program,
    disk: Disk,
    admin: HeaderValue,
    /// Goes after the program that writes there.
    _memory: Option<TempDir>,
}

impl Server {
    async fn ask(&self, method: Method, path: &str, body: Bytes) -> Result<Bytes, PeerError> {
        let mut connection = Connection::open(self.program.address).await?;
        let answer = connection.send(method, path, Some(&self.admin), None, body).await?;
        match answer.status {
            200..300 => Ok(answer.body),
            status => Err(PeerError::new(format!("Holdfast answered {path} with {status}"))),
        }
    }

    async fn load(&self, clients: Vec<impl Client>, span: Span) -> Result<(Loaded, u64), PeerError> {
        let before = self.syncs().await?;
        let loaded = load::run(clients, span, &self.disk).await?;
        Ok((loaded, self.syncs().await? - before))
    }

    async fn put_on_sale(&self) -> Result<(), PeerError> {
        let event = json!({
            "id": "hot", "name": "Hot", "status": "on_sale", "capacity": CAPACITY,
            "auto_hold": 0, "max_per_user": TICKETS_PER_BUYER,
        });
        self.ask(Method::POST, "/v1/admin/events", event.to_string().into()).await?;
        Ok(())
    }

    /// Logs all buyers in; returns the tokens of each connection's share of them.
    async fn log_in(&self, connections: u32) -> Result<Vec<Vec<String>>, PeerError> {
        let mut tasks = JoinSet::new();
        for number in 0..connections {
            tasks.spawn(log_in_share(self.program.address, number, BUYERS.div_ceil(connections)));
        }
        tasks.join_all().await.into_iter().collect()
    }

    async fn figures(&self) -> Result<Figures, PeerError> {
        let shown = self.ask(Method::GET, "/v1/admin/events/hot", Bytes::new()).await?;
        let shown: Value = crate::http::read(&shown)?;
        let figure = |name: &str| {
            let figure = shown[name].as_u64();
            figure.ok_or_else(|| PeerError::new(format!("the event does not show {name}: {shown}")))
        };
        Ok(Figures {
            capacity: figure("capacity")?,
            available: figure("available")?,
            held: figure("held")?,
            booked: figure("booked")?,
        })
    }

    /// Syncs of its journal so far, as it counts them.
    async fn syncs(&self) -> Result<u64, PeerError> {
        let metrics = self.ask(Method::GET, "/metrics", Bytes::new()).await?;
        let syncs = syncs_in(&String::from_utf8_lossy(&metrics));
        syncs.ok_or_else(|| PeerError::new("Holdfast does not tell its syncs"))
    }
}

/// The syncs of a journal in what a server or an engine tells of itself.
pub fn syncs_in(metrics: &str) -> Option<u64> {
    let count = metrics.lines().find_map(|line| line.strip_prefix("holdfast_journal_sync_seconds_count "))?;
    count.parse().ok()
}

/// Holdfast's version: that of this workspace.
pub fn version() -> String {
    format!("Holdfast {}", env!("CARGO_PKG_VERSION"))
}

async fn log_in_share(address: SocketAddr, share: u32, count: u32) -> Result<Vec<String>, PeerError> {
    let mut connection = Connection::open(address).await?;
    let mut tokens = Vec::with_capacity(count as usize);
    for number in 0..count {
        let body = json!({ "user": format!("buyer-{share}-{number}"), "intents": [] });
        let login = connection.send(Method::POST, "/v1/sessions", None, None, body.to_string().into()).await?.json()?;
        tokens.push(login["token"].as_str().ok_or_else(|| PeerError::new("a login has no token"))?.to_owned());
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::syncs_in;

    #[test]
    fn syncs_are_found_among_metrics() {
        let metrics = "# HELP x\nholdfast_journal_sync_seconds_sum 1.5\nholdfast_journal_sync_seconds_count 42\n";
        assert_eq!(syncs_in(metrics), Some(42));
        assert_eq!(syncs_in("holdfast_journal_sync_seconds_sum 1.5\n"), None);
    }
}
