//! Live streams of an event while somebody books: how soon is a change at those who watch?

use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot::{Sender, channel};

use crate::bench::arguments::BenchArguments;
use crate::bench::record::Label;
use crate::bench::scenario::Notes;
use crate::bench::stage::Stage;
use crate::clock;
use crate::error::LoadError;
use crate::streams::arguments::Kind;
use crate::streams::audience::{Audience, Threads};
use crate::streams::delays::Delays;
use crate::streams::{buyers, house};

/// Bookings a second where nothing else is said.
const RATE: u64 = 100;
/// How many buyers there are at most, each with a connection.
const BUYERS_MAX: u32 = 16;
/// How many streams have their delays measured.
const MEASURED: u32 = 100;
/// From the disk to a message that tells of it as its newest change.
const NEWEST: Label = "newest change told";
/// From the disk to the first message that tells of it, having waited for those before.
const EVERY: Label = "any change told";

pub(super) async fn run(stage: &Stage<'_>, title: &str) -> Result<Notes, LoadError> {
    let arguments = stage.arguments;
    let (address, _) = stage.target.server().ok_or_else(|| LoadError::new("live streams are HTTP"))?;
    let (event, streams) = (stage.name.as_str(), arguments.streams);
    let credentials = house::log_in(address, &format!("{event}-buyer"), BUYERS_MAX.min(arguments.connections)).await?;
    let doors = house::doors(address, Kind::Event, event, streams).await?;
    let crowd = Crowd::gather()?;
    let threads = Threads { crowd: crowd.handle.clone(), measured: Handle::current() };
    let before_mb = stage.target.program().map(|program| program.memory_mb()).transpose()?;
    let opening = clock::now();
    let mut audience = Audience::open(address, event, doors, streams.div_ceil(MEASURED) as usize, &threads).await?;
    let opened = opening.elapsed();
    stage.begin(title).await?;

    let (began, rate) = (clock::now(), arguments.rate.unwrap_or(RATE));
    let measured_from = began + arguments.warm_up();
    let bookings = buyers::buy(address, event, &credentials, rate, length(arguments, rate)).await?;
    stage.record.finish(bookings.len() as u64);
    stage.books.enter_bookings(&stage.offers[0], bookings.len() as i64);
    audience.wait_until_told(bookings.len() as u64).await?;
    audience.check_pace(began.elapsed())?;
    let delays = Delays::of(&bookings, &audience.arrivals()?, measured_from);
    stage.record.file_all(NEWEST, &delays.newest);
    stage.record.file_all(EVERY, &delays.every);
    stage.record.close(measured_from.elapsed());

    let mut notes = vec![
        ("streams", streams.to_string()),
        ("opened within", format!("{:.1} s", opened.as_secs_f64())),
        ("bookings", bookings.len().to_string()),
        ("messages", audience.messages().to_string()),
    ];
    if let (Some(program), Some(before_mb)) = (stage.target.program(), before_mb) {
        let each_kb = (program.memory_mb()? - before_mb) * 1e3 / f64::from(streams);
        notes.push(("server memory for each stream", format!("{each_kb:.1} KB")));
    }
    Ok(notes)
}

/// How long somebody books: as long as the command line says, or as so many units take.
fn length(arguments: &BenchArguments, rate: u64) -> Duration {
    match arguments.units {
        Some(units) => Duration::from_secs_f64(units as f64 / rate as f64),
        None => arguments.warm_up() + arguments.measured(),
    }
}

/// A thread for the crowd, so that it does not keep those busy whose delays are measured. It ends with this value.
struct Crowd {
    handle: Handle,
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Crowd {
    fn gather() -> Result<Crowd, LoadError> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (handle, (end, ends)) = (runtime.handle().clone(), channel::<()>());
        // A runtime of one thread works while somebody blocks on it.
        let thread = std::thread::spawn(move || runtime.block_on(async { drop(ends.await) }));
        Ok(Crowd { handle, end: Some(end), thread: Some(thread) })
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        drop(self.end.take());
        // Whatever went wrong there has been told by a stream that ended.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
