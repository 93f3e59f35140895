//! Holdfast's engine in this process, without HTTP.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use holdfast_benches::venue::{Venue, slug};
use holdfast_engine::clock::SystemClock;
use holdfast_engine::config::EngineConfig;
use holdfast_engine::core::command::Wish;
use holdfast_engine::core::id::Slug;
use holdfast_engine::core::settings::{CAPACITY_MAX, Settings};
use holdfast_engine::core::{Caller, Command, Outcome, Rejection};
use holdfast_engine::engine::Engine;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::contender::{About, Contender, Durability, Round, Span, Unit, Way};
use crate::disk::Disk;
use crate::error::PeerError;
use crate::figures::Figures;
use crate::holdfast;
use crate::load::{self, Calls, Client};
use crate::tickets::{BUYERS, TICKETS_PER_BUYER, Turns};

/// The engine, asked for tickets by so many clients.
pub struct InProcess {
    about: About,
    clients: u32,
    /// Commands that a client submits before it waits for their answers.
    at_once: usize,
    /// Where the data is, if not in the temporary directory.
    parent: Option<PathBuf>,
    metrics: PrometheusHandle,
}

impl InProcess {
    /// The engine on the disk; or, with `memory`, on that file system, where a sync does nothing.
    pub fn new(clients: u32, at_once: usize, memory: Option<PathBuf>, metrics: PrometheusHandle) -> InProcess {
        let (suffix, durability) = match memory {
            None => ("", Durability::EachAnswer),
            Some(_) => ("-tmpfs", Durability::Nothing),
        };
        let (times, calls) = match at_once {
            1 => (String::new(), "one command a call".to_owned()),
            _ => (format!("x{at_once}"), format!("{at_once} commands a call")),
        };
        let about = About {
            name: format!("holdfast-engine-{clients}{times}{suffix}"),
            what: format!("the engine, {clients} clients, {calls}"),
            way: Way::InProcess,
            durability,
            unit: Unit::Ticket,
            settings: Vec::new(),
        };
        InProcess { about, clients, at_once, parent: memory, metrics }
    }
}

#[async_trait]
impl Contender for InProcess {
    fn about(&self) -> &About {
        &self.about
    }

    fn missing(&self) -> Option<String> {
        self.parent.as_deref().and_then(no_memory)
    }

    async fn round(&self, span: Span) -> Result<Round, PeerError> {
        let sale = Sale::open(self.parent.as_deref(), CAPACITY_MAX).await?;
        let syncs_before = syncs(&self.metrics);
        let client = |number| Buying { client: sale.client(number, self.clients), at_once: self.at_once };
        let clients = (0..self.clients).map(client).collect();
        let loaded = load::run(clients, span, &Disk::beneath(sale.venue.path())).await?;
        let syncs = syncs(&self.metrics) - syncs_before;
        let checked = sale.figures().await?.check(loaded.acknowledged)?;
        sale.venue.engine.shutdown().await;
        self.metrics.run_upkeep();
        Ok(loaded.round(Some(syncs), checked, holdfast::version()))
    }
}

/// The engine's refusal: the shortest way to an event's actor, through its rules, and back.
pub struct Refusal {
    about: About,
    clients: u32,
}

impl Refusal {
    /// So many clients, each of whom is refused again and again.
    pub fn new(clients: u32) -> Refusal {
        let about = About {
            name: format!("holdfast-refusal-{clients}"),
            what: format!("the engine refuses: sold out; {clients} tasks"),
            way: Way::InProcess,
            durability: Durability::NotAsked,
            unit: Unit::Request,
            settings: Vec::new(),
        };
        Refusal { about, clients }
    }
}

#[async_trait]
impl Contender for Refusal {
    fn about(&self) -> &About {
        &self.about
    }

    async fn round(&self, span: Span) -> Result<Round, PeerError> {
        let sale = Sale::open(None, 0).await?;
        let clients = (0..self.clients).map(|number| Refused(sale.client(number, self.clients))).collect();
        let loaded = load::run(clients, span, &Disk::beneath(sale.venue.path())).await?;
        sale.figures().await?.check(0)?;
        sale.venue.engine.shutdown().await;
        let checked = format!("{} refusals, each that the event is sold out", loaded.acknowledged);
        Ok(loaded.round(None, checked, holdfast::version()))
    }
}

/// What is missing where `memory` is to be a file system in memory, and is none.
pub(crate) fn no_memory(memory: &Path) -> Option<String> {
    let disk = Disk::beneath(memory);
    let what = format!("a tmpfs at {} (it is {}): --tmpfs FOLDER", memory.display(), disk.file_system);
    (!memory.is_dir() || !disk.is_memory()).then_some(what)
}

/// Syncs of all journals of this process so far, as the engine counts them.
fn syncs(metrics: &PrometheusHandle) -> u64 {
    holdfast::syncs_in(&metrics.render()).unwrap_or(0)
}

/// An engine of its own, with the hot event on sale and its buyers logged in.
struct Sale {
    venue: Venue,
    event: Slug,
    callers: Arc<[Caller]>,
}

impl Sale {
    async fn open(parent: Option<&Path>, capacity: u32) -> Result<Sale, PeerError> {
        let venue = Venue::open_in(parent, EngineConfig::default(), Arc::new(SystemClock::start()))?;
        let event = slug("hot");
        let settings = Settings { max_per_user: TICKETS_PER_BUYER, ..Settings::default() };
        venue.create_event(&event, settings, &[("general", capacity)]).await;
        let callers = venue.log_in("buyer", BUYERS).await;
        Ok(Sale { venue, event, callers })
    }

    /// The client `number` of so many `clients`.
    fn client(&self, number: u32, clients: u32) -> EngineClient {
        EngineClient {
            engine: Arc::clone(&self.venue.engine),
            event: self.event.clone(),
            callers: Arc::clone(&self.callers),
            turns: Turns::of(number, clients),
        }
    }

    async fn figures(&self) -> Result<Figures, PeerError> {
        let read = self.venue.engine.read(&self.event, |event, _| event.figures().next()).await;
        let read = read.flatten().ok_or_else(|| PeerError::new("the event has no ticket type"))?;
        let [capacity, available] = [read.capacity, read.available].map(u64::from);
        Ok(Figures { capacity, available, held: read.held.into(), booked: read.booked.into() })
    }
}

struct EngineClient {
    engine: Arc<Engine>,
    event: Slug,
    callers: Arc<[Caller]>,
    turns: Turns,
}

impl EngineClient {
    fn next_caller(&mut self) -> Caller {
        self.callers[self.turns.next_buyer() as usize].clone()
    }

    /// Submits all commands, and waits for all answers.
    async fn ask(&self, commands: Vec<(Caller, Command)>) -> Result<Vec<Result<Outcome, Rejection>>, PeerError> {
        let mut submitted = Vec::with_capacity(commands.len());
        for (caller, command) in commands {
            submitted.push(self.engine.submit(&self.event, caller, None, command).map_err(unavailable)?);
        }
        let mut answers = Vec::with_capacity(submitted.len());
        for answer in submitted {
            answers.push(answer.await.map_err(unavailable)?.answer);
        }
        Ok(answers)
    }
}

fn unavailable(error: impl std::fmt::Debug) -> PeerError {
    PeerError::new(format!("the engine did not take a command: {error:?}"))
}

fn hold_one() -> Command {
    Command::PlaceHold { wish: Wish::default(), wait: false }
}

struct Buying {
    client: EngineClient,
    at_once: usize,
}

impl Client for Buying {
    async fn turn(&mut self, calls: &mut Calls) -> Result<u64, PeerError> {
        let callers: Vec<Caller> = (0..self.at_once).map(|_| self.client.next_caller()).collect();
        let holds = callers.iter().map(|caller| (caller.clone(), hold_one())).collect();
        let held = calls.time(self.client.ask(holds)).await?;
        let mut confirms = Vec::with_capacity(self.at_once);
        for (caller, answer) in callers.into_iter().zip(held) {
            let Ok(Outcome::Held { hold, .. }) = answer else {
                return Err(PeerError::new(format!("no hold, but {answer:?}")));
            };
            confirms.push((caller, Command::ConfirmHold { number: hold.number, quantity: None }));
        }
        let confirmed = calls.time(self.client.ask(confirms)).await?;
        match confirmed.into_iter().find(Result::is_err) {
            None => Ok(self.at_once as u64),
            Some(refused) => Err(PeerError::new(format!("a hold was not confirmed: {refused:?}"))),
        }
    }
}

struct Refused(EngineClient);

impl Client for Refused {
    async fn turn(&mut self, calls: &mut Calls) -> Result<u64, PeerError> {
        let caller = self.0.next_caller();
        let asked = self.0.engine.execute(&self.0.event, caller, None, hold_one());
        match calls.time(asked).await.map_err(unavailable)?.answer {
            Err(Rejection::SoldOut { .. }) => Ok(1),
            other => Err(PeerError::new(format!("not sold out, but {other:?}"))),
        }
    }
}
