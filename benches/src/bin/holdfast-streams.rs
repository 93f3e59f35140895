//! Opens many live streams of one event at a server of its own, and prints what they cost and how soon each is told.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use holdfast_benches::clock;
use holdfast_benches::error::LoadError;
use holdfast_benches::program::{ADMIN_TOKEN, Launch, Program, keep_to};
use holdfast_benches::streams::arguments::{Arguments, Kind};
use holdfast_benches::streams::audience::{Audience, Threads};
use holdfast_benches::streams::buyers::{self, Booked};
use holdfast_benches::streams::delays::Delays;
use holdfast_benches::streams::house;
use holdfast_benches::streams::table::{self, Memory, Row};
use tokio::runtime::Runtime;

/// The event that everybody watches.
const EVENT: &str = "watched";
/// How many buyers there are, each with a connection.
const BUYERS: u32 = 16;
/// How long the event changes before it is measured.
const WARM_UP: Duration = Duration::from_secs(3);
/// How many streams have their delays measured.
const MEASURED: u32 = 100;
/// Connections besides the streams, and room for those that are just being closed.
const OTHER_CONNECTIONS: u32 = 256;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ran = keep_to(&arguments.reader_processors).and_then(|()| {
        table::print_head();
        arguments.kinds.iter().try_for_each(|kind| run(&arguments, *kind))
    });
    if let Err(error) = ran {
        eprintln!("holdfast-streams: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Runs one kind on threads of its own.
fn run(arguments: &Arguments, kind: Kind) -> Result<(), LoadError> {
    let [crowd, measured] = [runtime()?, runtime()?];
    let threads = Threads { crowd: crowd.handle().clone(), measured: measured.handle().clone() };
    let (end, ends) = tokio::sync::oneshot::channel::<()>();
    // A runtime of one thread works while somebody blocks on it.
    let crowd = std::thread::spawn(move || crowd.block_on(async { drop(ends.await) }));
    let row = measured.block_on(measure(arguments, kind, &threads));
    drop(end);
    crowd.join().map_err(|_| LoadError::new("the readers ended abruptly"))?;
    row?.print();
    Ok(())
}

fn runtime() -> Result<Runtime, LoadError> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

async fn measure(arguments: &Arguments, kind: Kind, threads: &Threads) -> Result<Row, LoadError> {
    let streams = arguments.streams;
    let program = start(arguments)?;
    let address = program.address;
    house::put_events_on_sale(address, ADMIN_TOKEN, EVENT, arguments.events).await?;
    let buyers = house::log_in(address, "buyer", BUYERS).await?;
    let doors = house::doors(address, kind, EVENT, streams).await?;
    clock::pause(arguments.settling()).await;
    let before_mb = program.memory_mb()?;

    let began = clock::now();
    let mut audience = Audience::open(address, EVENT, doors, streams.div_ceil(MEASURED) as usize, threads).await?;
    let opening = began.elapsed();
    clock::pause(arguments.settling()).await;
    let meter = Meter::read(&program, &audience)?;
    clock::pause(arguments.phase()).await;
    let (idle_processor, _) = meter.until(&Meter::read(&program, &audience)?);
    let open_mb = program.memory_mb()?;

    let changing = change(arguments, &program, &mut audience, &buyers).await?;
    let busy_mb = program.memory_mb()?;
    let delays = Delays::of(&changing.bookings, &audience.arrivals()?, changing.measured_from);
    drop(audience);
    clock::pause(arguments.settling()).await;
    let memory = Memory { before_mb, open_mb, busy_mb, closed_mb: program.memory_mb()? };
    let Changing { processor: busy_processor, messages_per_second, .. } = changing;
    Ok(Row { kind, streams, opening, memory, idle_processor, busy_processor, messages_per_second, delays })
}

fn start(arguments: &Arguments) -> Result<Program, LoadError> {
    let room = arguments.streams + OTHER_CONNECTIONS;
    let bounds = ["connections_max", "streams_max"].map(|key| format!("limits.{key}={room}"));
    let settings: Vec<String> = bounds.into_iter().chain(arguments.settings.iter().cloned()).collect();
    let (program, processors) = (arguments.program.as_ref(), arguments.server_processors.as_str());
    Program::start(&Launch { program, processors, settings: &settings, directory: None })
}

/// What came of the time in which the event changed.
struct Changing {
    bookings: Vec<Booked>,
    measured_from: Instant,
    processor: f64,
    messages_per_second: f64,
}

/// Lets the event change, and sees to it that the last state reaches everybody, and nobody is told too often.
async fn change(
    arguments: &Arguments,
    program: &Program,
    audience: &mut Audience,
    buyers: &[hyper::header::HeaderValue],
) -> Result<Changing, LoadError> {
    let began = clock::now();
    let buying = buyers::buy(program.address, EVENT, buyers, arguments.rate, WARM_UP + arguments.phase());
    let measuring = async {
        clock::pause(WARM_UP).await;
        let from = Meter::read(program, audience)?;
        clock::pause(arguments.phase()).await;
        Ok::<_, LoadError>((from, Meter::read(program, audience)?))
    };
    let (bookings, (from, until)) = tokio::try_join!(buying, measuring)?;
    audience.wait_until_told(bookings.len() as u64).await?;
    audience.check_pace(began.elapsed())?;
    let (processor, messages_per_second) = from.until(&until);
    Ok(Changing { bookings, measured_from: from.at, processor, messages_per_second })
}

/// What the server has used, and the readers have been told, up to one moment.
struct Meter {
    at: Instant,
    processor_time: Duration,
    messages: u64,
}

impl Meter {
    fn read(program: &Program, audience: &Audience) -> Result<Meter, LoadError> {
        Ok(Meter { at: clock::now(), processor_time: program.processor_time()?, messages: audience.messages() })
    }

    /// The share of a processor, and messages a second, from this moment to a later one.
    fn until(&self, later: &Meter) -> (f64, f64) {
        let seconds = (later.at - self.at).as_secs_f64();
        let processor = (later.processor_time - self.processor_time).as_secs_f64() / seconds;
        (processor, (later.messages - self.messages) as f64 / seconds)
    }
}
