//! PostgreSQL: one function call, which is one transaction, for a hold, and one statement for its confirmation.

mod server;

use std::path::PathBuf;

use async_trait::async_trait;
use tokio_postgres::{Client as Session, Statement};

use crate::contender::{About, Contender, Durability, Round, Span, Unit, Way};
use crate::error::PeerError;
use crate::figures::Figures;
use crate::load;
use crate::tickets::{self, Answer, BUYERS, CAPACITY, HOT, OneByOne, Seller, Turns, Wish};

pub use server::binaries;
use server::{Server, settings};

/// Connections, each of a client of its own: as many as PostgreSQL did best with on two processors.
const CONNECTIONS: u32 = 32;
/// Tickets that are made beforehand for each second of a round: more than are sold.
const TICKETS_A_SECOND: u64 = 30_000;
/// The buyers of the events on which the rules are played through.
const BUYERS_AT_REHEARSAL: u32 = 10;

/// How tickets are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// A counter for the event, and a row for each hold.
    Counter,
    /// A row for each ticket, made before the sale.
    Tickets,
}

impl Model {
    fn tables(self) -> &'static str {
        match self {
            Model::Counter => include_str!("postgres/counter.sql"),
            Model::Tickets => include_str!("postgres/tickets.sql"),
        }
    }

    /// Makes a live hold a booking; changes no row where the buyer has no such hold, or it has ended.
    fn confirm(self) -> &'static str {
        match self {
            Model::Counter => {
                "UPDATE holds SET state = 'b' \
                 WHERE event_id = $1 AND id = $2 AND buyer_id = $3 AND state = 'h' AND expires_at > now()"
            }
            Model::Tickets => {
                "UPDATE tickets SET state = 'b' \
                 WHERE event_id = $1 AND id = $2::bigint AND buyer_id = $3 AND state = 'h' AND expires_at > now()"
            }
        }
    }
}

/// PostgreSQL in one of its ways.
pub struct Postgres {
    about: About,
    binaries: PathBuf,
    model: Model,
    is_synchronous: bool,
}

impl Postgres {
    /// PostgreSQL, of the programs in `binaries`.
    pub fn new(binaries: PathBuf, model: Model, is_synchronous: bool) -> Postgres {
        let (name, rows) = match model {
            Model::Counter => ("postgres-counter", "a counter row and hold rows, in a function"),
            Model::Tickets => ("postgres-tickets", "ticket rows taken with SKIP LOCKED, in a function"),
        };
        let (suffix, durability) = match is_synchronous {
            true => ("", Durability::EachAnswer),
            // Three times wal_writer_delay, as its manual says.
            false => ("-async", Durability::Behind("0.6 s")),
        };
        let about = About {
            name: format!("{name}{suffix}"),
            what: format!("{rows}, {CONNECTIONS} connections"),
            way: Way::Network,
            durability,
            unit: Unit::Ticket,
            settings: settings(is_synchronous).map(|(key, value)| format!("{key} = {value}")).to_vec(),
        };
        Postgres { about, binaries, model, is_synchronous }
    }

    async fn start(&self) -> Result<Server, PeerError> {
        let server = Server::start(&self.binaries, self.is_synchronous).await?;
        server.session.batch_execute(self.model.tables()).await?;
        Ok(server)
    }

    async fn connect(&self, server: &Server) -> Result<Connection, PeerError> {
        let session = server.connect().await?;
        let hold = session.prepare("SELECT hold($1, $2, $3, $4)").await?;
        let confirm = session.prepare(self.model.confirm()).await?;
        Ok(Connection { session, hold, confirm })
    }

    fn capacity(&self, span: Span) -> u64 {
        match self.model {
            Model::Counter => CAPACITY,
            Model::Tickets => TICKETS_A_SECOND * span.seconds().max(1),
        }
    }
}

#[async_trait]
impl Contender for Postgres {
    fn about(&self) -> &About {
        &self.about
    }

    fn missing(&self) -> Option<String> {
        let is_there = ["initdb", "postgres"].iter().all(|program| self.binaries.join(program).is_file());
        let folder = self.binaries.display();
        let remedy = "apt-get install postgresql-15, or --postgres FOLDER of initdb and postgres";
        (!is_there).then(|| format!("initdb and postgres in {folder} (PostgreSQL: {remedy})"))
    }

    async fn rehearse(&self) -> Result<(), PeerError> {
        let server = self.start().await?;
        for (event, capacity) in [(2, 2), (3, 1)] {
            server.put_on_sale(event, capacity, BUYERS_AT_REHEARSAL).await?;
        }
        tickets::rehearse(&mut self.connect(&server).await?).await
    }

    async fn round(&self, span: Span) -> Result<Round, PeerError> {
        let server = self.start().await?;
        let capacity = self.capacity(span);
        server.put_on_sale(HOT, capacity, BUYERS).await?;
        server.settle().await?;
        let mut clients = Vec::new();
        for number in 0..CONNECTIONS {
            clients.push(OneByOne::new(self.connect(&server).await?, Turns::of(number, CONNECTIONS)));
        }
        let syncs_before = server.syncs().await?;
        let loaded = load::run(clients, span, &server.disk).await?;
        server.wait_until_alone().await?;
        let syncs = server.syncs().await? - syncs_before;
        let [available, held, booked] = server.figures(HOT).await?;
        let checked = Figures { capacity, available, held, booked }.check(loaded.acknowledged)?;
        Ok(loaded.round(Some(syncs), checked, server.version().await?))
    }
}

/// A session with its statements prepared.
struct Connection {
    session: Session,
    hold: Statement,
    confirm: Statement,
}

impl Seller for Connection {
    async fn hold(&mut self, wish: Wish) -> Result<Answer, PeerError> {
        let (event, buyer, tickets_max) = (wish.event as i32, wish.buyer as i32, wish.tickets_max as i32);
        let lasting_ms = wish.lasting_ms() as i64;
        let row = self.session.query_one(&self.hold, &[&event, &buyer, &tickets_max, &lasting_ms]).await?;
        Answer::of(row.try_get(0)?)
    }

    async fn confirm(&mut self, event: u32, hold: i64, buyer: u32) -> Result<bool, PeerError> {
        let (event, buyer) = (event as i32, buyer as i32);
        Ok(self.session.execute(&self.confirm, &[&event, &hold, &buyer]).await? == 1)
    }
}
