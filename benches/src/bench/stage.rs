//! What is there before a load begins: its events, its users, and who holds and waits beside it.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::bench::arguments::BenchArguments;
use crate::bench::books::Books;
use crate::bench::door::Door;
use crate::bench::durability::Meter;
use crate::bench::progress::Watch;
use crate::bench::record::Record;
use crate::bench::request::{Meaning, Offer, Request, User};
use crate::bench::target::Target;
use crate::bench::worker::{Limit, Span, Starts, Worker};
use crate::clock;
use crate::error::LoadError;
use crate::pacer::Pacer;
use crate::sale::Offering;
use crate::venue::slug;

/// How many requests prepare the stage in one call, …
const GROUP: usize = 256;
/// … and how many such calls there are at once.
const GROUPS_AT_ONCE: usize = 8;
/// How often a login is tried that comes before the load, …
const TRIES: u32 = 100;
/// … and after which time each.
const BETWEEN_TRIES: Duration = Duration::from_millis(100);
/// The ticket type of those who wait beside the load: there are no tickets of it.
pub const LINE: &str = "line";
/// Keys of one connection are this far from those of the next.
const KEYS_APART: u64 = 1 << 40;
/// Longer than any load, for a pacer that is to be stopped by its listeners.
const LONG: Duration = Duration::from_secs(365 * 86_400);

/// The events of a run, and what is measured there.
pub struct Stage<'a> {
    /// What is loaded.
    pub target: &'a Target,
    /// The command line.
    pub arguments: &'a BenchArguments,
    /// A name that no earlier run on this target has used: events and users are named after it.
    pub name: String,
    /// What is measured.
    pub record: Arc<Record>,
    /// What is acknowledged.
    pub books: Arc<Books>,
    /// The first ticket type of each event.
    pub offers: Arc<[Offer]>,
    /// Since the load began.
    begun: Mutex<Option<Begun>>,
}

/// A load that has begun.
pub struct Begun {
    /// When.
    pub at: Instant,
    /// What the journal had done until then; `None` where that cannot be seen.
    pub meter: Option<Meter>,
    /// How long processors had worked for the server that was started; `None` where none was.
    pub processor_time: Option<Duration>,
    /// Who looks how far it is.
    pub watch: Watch,
}

impl<'a> Stage<'a> {
    /// Puts all of `offerings` on sale.
    ///
    /// # Errors
    ///
    /// One of them was refused, or there is no answer.
    pub async fn open(
        target: &'a Target,
        arguments: &'a BenchArguments,
        name: String,
        offerings: Vec<Offering>,
    ) -> Result<Stage<'a>, LoadError> {
        let offer = |(account, offering): (usize, &Offering)| Offer {
            account,
            event: slug(&offering.event),
            ticket_type: None,
        };
        let offers = offerings.iter().enumerate().map(offer).collect();
        let books = Arc::new(Books::new(&offerings));
        let at_once = target.preparers().min(offerings.len());
        let offerings: Arc<[Offering]> = offerings.into();
        let mut tasks = JoinSet::new();
        for first in 0..at_once {
            let (mut organiser, offerings) = (target.organiser().await?, Arc::clone(&offerings));
            tasks.spawn(async move {
                for offering in offerings.iter().skip(first).step_by(at_once) {
                    organiser.put_on_sale(offering).await?;
                }
                Ok(())
            });
        }
        join(tasks).await?;
        Ok(Stage { target, arguments, name, record: Arc::default(), books, offers, begun: Mutex::default() })
    }

    /// Logs `count` users in, without any wish.
    ///
    /// # Errors
    ///
    /// One of them was refused, or there is no answer.
    pub async fn log_in(&self, prefix: &str, count: u32) -> Result<Arc<[User]>, LoadError> {
        let at_once = self.target.preparers().min(count as usize);
        let mut tasks = JoinSet::new();
        for first in 0..at_once {
            let (mut door, prefix) = (self.target.door().await?, format!("{}-{prefix}", self.name));
            tasks.spawn(async move {
                let mut users = Vec::new();
                for number in (first..count as usize).step_by(at_once) {
                    users.push(log_in(&mut door, &format!("{prefix}-{number}")).await?);
                }
                Ok(users)
            });
        }
        Ok(join(tasks).await?.concat().into())
    }

    /// Lets each of `users` ask for one ticket of `offer`, and stand in line where `wait`. Nothing of it is measured.
    ///
    /// # Errors
    ///
    /// One of them was refused, or there is no answer.
    pub async fn ask_each(&self, users: &Arc<[User]>, offer: &Offer, wait: bool) -> Result<(), LoadError> {
        let mut tasks = JoinSet::new();
        for first in 0..GROUPS_AT_ONCE {
            let (mut door, users, offer) = (self.target.door().await?, Arc::clone(users), offer.clone());
            let books = Arc::clone(&self.books);
            tasks.spawn(async move {
                for group in users.chunks(GROUP).skip(first).step_by(GROUPS_AT_ONCE) {
                    let asked: Vec<_> =
                        group.iter().map(|user| (user, Request::Hold { offer: &offer, wait })).collect();
                    for (answer, (_, request)) in door.ask_all(&asked, None).await?.iter().zip(&asked) {
                        if answer.meaning == Meaning::Refused {
                            let status = &answer.status;
                            return Err(LoadError::new(format!("what is there before the load was refused: {status}")));
                        }
                        books.enter(request, answer.meaning);
                    }
                }
                Ok(())
            });
        }
        join(tasks).await.map(drop)
    }

    /// Sets up who holds and who waits beside the load, on the first event. Returns those who wait.
    ///
    /// # Errors
    ///
    /// As [`ask_each`](Stage::ask_each).
    pub async fn surround(&self, waiting: u32) -> Result<Arc<[User]>, LoadError> {
        let holders = self.log_in("holder", self.arguments.live_holds).await?;
        self.ask_each(&holders, &self.offers[0], false).await?;
        let waiters = self.log_in("waiter", waiting).await?;
        self.ask_each(&waiters, &self.line(), true).await?;
        Ok(waiters)
    }

    /// The line beside the load.
    pub fn line(&self) -> Offer {
        Offer { ticket_type: Some(slug(LINE)), ..self.offers[0].clone() }
    }

    /// The limit that the command line sets: by time, or none where units are counted.
    pub fn limit(&self) -> Limit {
        let length = self.arguments.units.is_none().then(|| self.arguments.measured());
        Limit { warm_up: self.arguments.warm_up(), length, over: None }
    }

    /// How many units of work the connection `number` does, where they are counted.
    pub fn share_of_units(&self, number: usize) -> Option<u64> {
        let (connections, number) = (u64::from(self.arguments.connections), number as u64);
        self.arguments.units.map(|units| units / connections + u64::from(number < units % connections))
    }

    /// Runs `work` on every connection, each with its number, and waits until all have ended.
    ///
    /// # Errors
    ///
    /// The first of any connection; the others end with it.
    pub async fn run<Work: Future<Output = Result<(), LoadError>> + Send + 'static>(
        &self,
        limit: Limit,
        work: impl Fn(Worker, usize) -> Work,
    ) -> Result<(), LoadError> {
        let mut doors = Vec::new();
        for _ in 0..self.arguments.connections {
            doors.push(self.target.door().await?);
        }
        let span = Span::begin(limit);
        let starts = self.starts(&span);
        let mut tasks = JoinSet::new();
        for (number, (door, starts)) in doors.into_iter().zip(starts).enumerate() {
            let first_key = self.arguments.keys.then_some(number as u64 * KEYS_APART);
            let shared = (Arc::clone(&self.record), Arc::clone(&self.books));
            tasks.spawn(work(Worker::new(door, starts, span.clone(), first_key, shared), number));
        }
        join(tasks).await?;
        self.record.close(span.measured());
        Ok(())
    }

    /// When each connection's calls begin. In an open loop, a thread of its own tells them.
    fn starts(&self, span: &Span) -> Vec<Starts> {
        let BenchArguments { rate, connections, batch, .. } = *self.arguments;
        let Some(rate) = rate else { return (0..connections).map(|_| Starts::AtOnce).collect() };
        let start = clock::now();
        let (pacer, dues) = Pacer::new(connections, rate, start, span.end.unwrap_or(start + LONG));
        thread::spawn(move || pacer.in_groups_of(batch.unwrap_or(1)).run());
        dues.into_iter().map(Starts::Paced).collect()
    }

    /// What is set up is there: the load begins, of which a line with `title` tells how far it is.
    ///
    /// # Errors
    ///
    /// The metrics cannot be read.
    pub async fn begin(&self, title: &str) -> Result<(), LoadError> {
        let meter = self.target.meter().await?;
        let processor_time = self.target.processor_time()?;
        let watch = Watch::begin(Arc::clone(&self.record), title.to_owned(), self.arguments.progress);
        let begun = Begun { at: clock::now(), meter, processor_time, watch };
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = Some(begun);
        Ok(())
    }

    /// Takes what there is since the load began; `None` where it has not.
    pub fn take_begun(&self) -> Option<Begun> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Logs a user in. A server that has much to do says so, and is asked again.
async fn log_in(door: &mut Door, name: &str) -> Result<User, LoadError> {
    for _ in 0..TRIES {
        if let (Some(user), _) = door.log_in(name, None).await? {
            return Ok(user);
        }
        clock::pause(BETWEEN_TRIES).await;
    }
    let (user, answer) = door.log_in(name, None).await?;
    user.ok_or_else(|| LoadError::new(format!("a login was refused {TRIES} times: {}", answer.status)))
}

/// Waits for all tasks; the first error ends the others.
///
/// # Errors
///
/// That of a task, or one has ended abruptly.
pub async fn join<T: 'static>(mut tasks: JoinSet<Result<T, LoadError>>) -> Result<Vec<T>, LoadError> {
    let mut done = Vec::with_capacity(tasks.len());
    while let Some(ended) = tasks.join_next().await {
        done.push(ended.map_err(|error| LoadError::new(format!("a connection's task failed: {error}")))??);
    }
    Ok(done)
}
