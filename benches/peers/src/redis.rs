//! Redis: two scripts, each of which decides and changes everything in one atomic step of its single thread.

mod server;

use std::path::PathBuf;

use async_trait::async_trait;
use redis::{Cmd, Pipeline};

use crate::contender::{About, Contender, Durability, Round, Span, Unit, Way};
use crate::daemon::find;
use crate::error::PeerError;
use crate::load::{self, Calls, Client, Loaded};
use crate::tickets::{self, HOT, OneByOne, Turns, Wish};

use server::{Connection, Server, settings};

/// Connections, each of a client of its own.
const CONNECTIONS: u32 = 64;

/// When what was written is synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fsync {
    /// Before it is answered: once for all commands of a turn of Redis's loop.
    Always,
    /// Once a second.
    EverySecond,
}

impl Fsync {
    fn key(self) -> &'static str {
        match self {
            Fsync::Always => "always",
            Fsync::EverySecond => "everysec",
        }
    }
}

/// Redis in one of its ways.
pub struct Redis {
    about: About,
    program: PathBuf,
    sync: Fsync,
    /// Commands that a client sends at once.
    pipelined: u32,
}

impl Redis {
    /// Redis, started as `program`.
    pub fn new(program: PathBuf, sync: Fsync, pipelined: u32) -> Redis {
        let key = sync.key();
        let (suffix, at_once) = match pipelined {
            1 => (String::new(), "one command at a time".to_owned()),
            _ => ("-pipelined".to_owned(), format!("{pipelined} commands pipelined")),
        };
        let about = About {
            name: format!("redis-{key}{suffix}"),
            what: format!("Lua scripts, {CONNECTIONS} connections, {at_once}"),
            way: Way::Network,
            durability: match sync {
                Fsync::Always => Durability::EachAnswer,
                Fsync::EverySecond => Durability::Behind("1 s"),
            },
            unit: Unit::Ticket,
            settings: settings(sync)
                .map(|(key, value)| format!("{key} {}", if value.is_empty() { "\"\"" } else { value }))
                .to_vec(),
        };
        Redis { about, program, sync, pipelined }
    }

    async fn start(&self) -> Result<Server, PeerError> {
        let program = find(&self.program).unwrap_or_else(|| self.program.clone());
        Server::start(&program, self.sync).await
    }

    async fn load(&self, server: &Server, span: Span) -> Result<Loaded, PeerError> {
        let (mut one_by_one, mut pipelining) = (Vec::new(), Vec::new());
        for number in 0..CONNECTIONS {
            let (connection, turns) = (server.connection().await?, Turns::of(number, CONNECTIONS));
            match self.pipelined {
                1 => one_by_one.push(OneByOne::new(connection, turns)),
                at_once => pipelining.push(Pipelining { connection, turns, at_once }),
            }
        }
        match self.pipelined {
            1 => load::run(one_by_one, span, &server.disk).await,
            _ => load::run(pipelining, span, &server.disk).await,
        }
    }
}

#[async_trait]
impl Contender for Redis {
    fn about(&self) -> &About {
        &self.about
    }

    fn missing(&self) -> Option<String> {
        let program = self.program.display();
        let remedy = "apt-get install redis-server, or --redis PATH";
        find(&self.program).is_none().then(|| format!("{program} (Redis 7: {remedy})"))
    }

    async fn rehearse(&self) -> Result<(), PeerError> {
        let server = self.start().await?;
        tickets::rehearse(&mut server.connection().await?).await
    }

    async fn round(&self, span: Span) -> Result<Round, PeerError> {
        let server = self.start().await?;
        let loaded = self.load(&server, span).await?;
        let checked = server.figures().await?.check(loaded.acknowledged)?;
        server.check_journal(self.sync).await?;
        Ok(loaded.round(None, checked, server.version().await?))
    }
}

/// A client that sends many commands before it waits for their answers.
struct Pipelining {
    connection: Connection,
    turns: Turns,
    at_once: u32,
}

impl Client for Pipelining {
    async fn turn(&mut self, calls: &mut Calls) -> Result<u64, PeerError> {
        let buyers: Vec<u32> = (0..self.at_once).map(|_| self.turns.next_buyer()).collect();
        let holds = self.send(calls, buyers.iter().map(|buyer| self.connection.hold_command(Wish::hot(*buyer))));
        let holds: Vec<i64> = holds.await?;
        let live = holds.iter().zip(&buyers).filter(|(hold, _)| **hold > 0);
        let confirms = live.map(|(hold, buyer)| self.connection.confirm_command(HOT, *hold, *buyer));
        let confirmed: Vec<bool> = self.send(calls, confirms).await?;
        match confirmed.len() == buyers.len() && confirmed.iter().all(|is_confirmed| *is_confirmed) {
            true => Ok(u64::from(self.at_once)),
            false => Err(PeerError::new("a hold or a confirmation was refused")),
        }
    }
}

impl Pipelining {
    fn send<T: redis::FromRedisValue + Send>(
        &self,
        calls: &mut Calls,
        commands: impl Iterator<Item = Cmd>,
    ) -> impl Future<Output = Result<Vec<T>, PeerError>> + Send {
        let mut pipeline = Pipeline::new();
        for command in commands {
            pipeline.add_command(command);
        }
        let mut redis = self.connection.redis.clone();
        async move { Ok(calls.time(pipeline.query_async::<Vec<T>>(&mut redis)).await?) }
    }
}
