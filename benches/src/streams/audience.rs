//! All who read: they are opened, left alone, counted, and at last asked what they know.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::clock;
use crate::error::LoadError;
use crate::streams::reading::{Door, Reading, Watched};

/// How many streams are opened at once.
const AT_ONCE: usize = 64;
/// How often one looks whether all know something …
const LOOK: Duration = Duration::from_millis(20);
/// … and for how long at most while no more of them do.
const PATIENCE: Duration = Duration::from_secs(20);
/// The shortest time between two messages about one event, as the contract has it.
const PACE: Duration = Duration::from_millis(250);
/// Files of this process besides its streams.
const OTHER_FILES: u64 = 256;

/// Where readers read. Those whose delays are measured have a thread that the crowd does not keep busy.
#[derive(Clone, Debug)]
pub struct Threads {
    /// Where the crowd reads.
    pub crowd: Handle,
    /// Where those read whose delays are measured.
    pub measured: Handle,
}

/// All who read. Their streams are closed when this is dropped.
pub struct Audience {
    watched: Watched,
    notes: Vec<Arc<Mutex<Notes>>>,
    readers: JoinSet<LoadError>,
}

/// What one reader has been told of the event.
#[derive(Debug, Default)]
struct Notes {
    /// How many messages have told it.
    messages: u64,
    /// The newest one.
    newest: Bytes,
    /// All of them, and when they came, where delays are measured.
    all: Option<Vec<(Instant, Bytes)>>,
}

/// A message to one whose delays are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// When it came.
    pub at: Instant,
    /// Of how many bookings it tells.
    pub booked: u64,
}

impl Audience {
    /// Opens a stream by each of `doors`, and returns when each has been told the present state of `watched`. Of every `measured_every`
    /// of them one has its delays measured.
    ///
    /// # Errors
    ///
    /// One of them cannot be opened.
    pub async fn open(
        address: SocketAddr,
        watched: &str,
        doors: Vec<Door>,
        measured_every: usize,
        threads: &Threads,
    ) -> Result<Audience, LoadError> {
        raise_open_files_limit(doors.len() as u64 + OTHER_FILES)?;
        let watched = Watched::new(watched);
        let mut audience = Audience { watched, notes: Vec::with_capacity(doors.len()), readers: JoinSet::new() };
        let opening = Arc::new(Semaphore::new(AT_ONCE));
        for (number, door) in doors.into_iter().enumerate() {
            let is_measured = number % measured_every == 0;
            let notes = Arc::new(Mutex::new(Notes { all: is_measured.then(Vec::new), ..Notes::default() }));
            audience.notes.push(Arc::clone(&notes));
            let (opening, watched) = (Arc::clone(&opening), audience.watched.clone());
            let reading = async move {
                let read = read(address, door, &watched, &opening, &notes).await;
                read.err().unwrap_or_else(|| LoadError::new("a stream ended by itself"))
            };
            let thread = if is_measured { &threads.measured } else { &threads.crowd };
            audience.readers.spawn_on(reading, thread);
        }
        audience.wait_until("have been told of the event", |notes| notes.messages > 0).await?;
        Ok(audience)
    }

    /// How many messages have come in all.
    pub fn messages(&self) -> u64 {
        self.notes.iter().map(|notes| lock(notes).messages).sum()
    }

    /// Waits until every reader's newest message tells of `expected` bookings.
    ///
    /// # Errors
    ///
    /// One of them is not told in time, or has lost its stream.
    pub async fn wait_until_told(&mut self, expected: u64) -> Result<(), LoadError> {
        let watched = self.watched.clone();
        let knows = |notes: &Notes| matches!(watched.booked(&notes.newest), Ok(Some(booked)) if booked == expected);
        self.wait_until("know the last state", knows).await
    }

    /// Checks that nobody has been told more often than the contract says, the event having changed for `changing`.
    ///
    /// # Errors
    ///
    /// Somebody has.
    pub fn check_pace(&self, changing: Duration) -> Result<(), LoadError> {
        // One message when it was opened, and one for a change that comes after a pause.
        let most = changing.as_nanos().div_ceil(PACE.as_nanos()) as u64 + 2;
        let busiest = self.notes.iter().map(|notes| lock(notes).messages).max().unwrap_or_default();
        if busiest <= most {
            return Ok(());
        }
        Err(LoadError::new(format!("a stream had {busiest} messages in {changing:?}, and may have {most}")))
    }

    /// All messages of each whose delays are measured, in the order in which they came.
    ///
    /// # Errors
    ///
    /// One of them is none.
    pub fn arrivals(&self) -> Result<Vec<Vec<Arrival>>, LoadError> {
        let of_one = |notes: &Arc<Mutex<Notes>>| {
            let all = lock(notes).all.take()?;
            Some(all.into_iter().map(|told| arrival(&self.watched, told)).collect())
        };
        self.notes.iter().filter_map(of_one).collect()
    }

    async fn wait_until(&mut self, what: &str, is_so: impl Fn(&Notes) -> bool) -> Result<(), LoadError> {
        let (mut progress, mut known) = (clock::now(), 0);
        loop {
            if let Some(Ok(error)) = self.readers.try_join_next() {
                return Err(error);
            }
            // Who has once been found to know is not asked again.
            while self.notes.get(known).is_some_and(|notes| is_so(&lock(notes))) {
                (progress, known) = (clock::now(), known + 1);
            }
            if known == self.notes.len() {
                return Ok(());
            }
            if progress.elapsed() > PATIENCE {
                return Err(LoadError::new(format!(
                    "not all of {} streams {what}: number {known} does not",
                    self.notes.len()
                )));
            }
            clock::pause(LOOK).await;
        }
    }
}

/// Opens a stream, and reads until it breaks or ends.
async fn read(
    address: SocketAddr,
    door: Door,
    watched: &Watched,
    opening: &Semaphore,
    notes: &Mutex<Notes>,
) -> Result<(), LoadError> {
    let permit = opening.acquire().await;
    let mut reading = Reading::open(address, door).await?;
    drop(permit);
    while let Some(figures) = reading.next_figures().await? {
        if watched.is_told_by(&figures) {
            lock(notes).take(figures);
        }
    }
    Ok(())
}

fn arrival(watched: &Watched, (at, figures): (Instant, Bytes)) -> Result<Arrival, LoadError> {
    let booked = watched.booked(&figures)?.ok_or_else(|| LoadError::new("figures of another event"))?;
    Ok(Arrival { at, booked })
}

impl Notes {
    fn take(&mut self, figures: Bytes) {
        self.messages += 1;
        if let Some(all) = &mut self.all {
            all.push((clock::now(), figures.clone()));
        }
        self.newest = figures;
    }
}

fn lock(notes: &Mutex<Notes>) -> std::sync::MutexGuard<'_, Notes> {
    notes.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Raises this process's limit of open files as far as it may.
///
/// # Errors
///
/// It may not be raised to `needed`.
pub fn raise_open_files_limit(needed: u64) -> Result<(), LoadError> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    if let Some(files) = maximum.filter(|files| *files < needed) {
        return Err(LoadError::new(format!("{needed} files must be open, but only {files} may be: see ulimit -Hn")));
    }
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
        .map_err(|error| LoadError::from(std::io::Error::from(error)))
}
