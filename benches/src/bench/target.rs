//! What is loaded: a server of its own, a server that runs, or an engine in this process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use holdfast_engine::config::{EngineConfig, SnapshotConfig};
use hyper::Method;
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::bench::arguments::BenchArguments;
use crate::bench::door::Door;
use crate::bench::durability::{Disk, Meter};
use crate::bench::engine_door::EngineDoor;
use crate::bench::http_door::HttpDoor;
use crate::bench::organiser::Organiser;
use crate::clock::JumpingClock;
use crate::connection::{Connection, bearer};
use crate::error::LoadError;
use crate::program::{ADMIN_TOKEN, Launch, Program};
use crate::streams::audience::raise_open_files_limit;
use crate::venue::Venue;

/// Connections and files besides those of the load and its streams.
const OTHERS: u32 = 256;
/// The clients of a load ask again at once, which the door for overload is made to refuse and to slow down: what is measured
/// is the sale. Settings of the command line come after it.
const NO_DOOR: &str = "overload.latency_target_ms=60000";

/// What is loaded. What it started goes with it.
pub struct Target {
    place: Place,
    /// Where its data is, where that is known.
    pub disk: Option<Disk>,
}

enum Place {
    Server { address: SocketAddr, admin: HeaderValue, metrics: Option<SocketAddr>, program: Option<Box<Program>> },
    Engine { venue: Venue, clock: Arc<JumpingClock>, door: EngineDoor, metrics: PrometheusHandle },
}

impl Target {
    /// Starts or finds what `arguments` name. A server that runs is asked with `admin_token`.
    ///
    /// # Errors
    ///
    /// It cannot be started, or there is no token for a server that runs.
    pub fn open(arguments: &BenchArguments, admin_token: Option<&str>) -> Result<Target, LoadError> {
        raise_open_files_limit(u64::from(arguments.connections + arguments.streams + OTHERS))?;
        if arguments.in_process {
            return Target::open_engine(arguments);
        }
        match arguments.address {
            Some(address) => {
                let token = admin_token.ok_or_else(|| {
                    LoadError::new("a server that runs is asked with its admin token: set HOLDFAST_ADMIN_TOKEN")
                })?;
                let place = Place::Server { address, admin: bearer(token)?, metrics: arguments.metrics, program: None };
                Ok(Target { place, disk: None })
            }
            None => Target::start(arguments),
        }
    }

    fn start(arguments: &BenchArguments) -> Result<Target, LoadError> {
        let room = arguments.connections + arguments.streams + OTHERS;
        let bounds = ["connections_max", "streams_max"].map(|key| format!("limits.{key}={room}"));
        let settings = bounds.into_iter().chain([NO_DOOR.to_owned()]).chain(arguments.settings.iter().cloned());
        let settings: Vec<String> = settings.collect();
        let this_one = std::env::current_exe()?;
        let program = Program::start(&Launch {
            program: Some(arguments.program.as_ref().unwrap_or(&this_one)),
            processors: &arguments.server_processors,
            settings: &settings,
            directory: arguments.data.as_deref(),
        })?;
        let disk = Some(Disk::of(&arguments.data.clone().unwrap_or_else(std::env::temp_dir))?);
        let (address, metrics) = (program.address, program.metrics);
        let place = Place::Server { address, admin: bearer(ADMIN_TOKEN)?, metrics, program: Some(Box::new(program)) };
        Ok(Target { place, disk })
    }

    fn open_engine(arguments: &BenchArguments) -> Result<Target, LoadError> {
        let recorder = PrometheusBuilder::new()
            // Sums and counts are all that is looked at; without buckets, every value would be kept.
            .set_buckets(&[1.0])
            .map_err(|error| LoadError::new(error.to_string()))?
            .build_recorder();
        let clock = Arc::new(JumpingClock::start());
        // The clock may jump, and that is no reason for a snapshot.
        let snapshot = SnapshotConfig { interval_seconds: 30 * 86_400, on_stop: false, ..SnapshotConfig::default() };
        let config = EngineConfig { snapshot, ..EngineConfig::default() };
        let engine_clock = Arc::<JumpingClock>::clone(&clock);
        let venue = metrics::with_local_recorder(&recorder, || {
            Venue::open_in(arguments.data.as_deref(), config, engine_clock)
        })?;
        let disk = Some(Disk::of(venue.path())?);
        let door = EngineDoor::new(Arc::clone(&venue.engine));
        Ok(Target { place: Place::Engine { venue, clock, door, metrics: recorder.handle() }, disk })
    }

    /// A way in of its own.
    ///
    /// # Errors
    ///
    /// The server cannot be reached.
    pub async fn door(&self) -> Result<Door, LoadError> {
        match &self.place {
            Place::Server { address, admin, .. } => Ok(Door::Http(HttpDoor::open(*address, admin.clone()).await?)),
            Place::Engine { door, .. } => Ok(Door::Engine(door.clone())),
        }
    }

    /// Who creates events, and sees all of their figures.
    ///
    /// # Errors
    ///
    /// The server cannot be reached.
    pub async fn organiser(&self) -> Result<Organiser, LoadError> {
        match &self.place {
            Place::Server { address, admin, .. } => {
                Ok(Organiser::Http(Connection::open(*address).await?, admin.clone()))
            }
            Place::Engine { venue, .. } => Ok(Organiser::Engine(Arc::clone(&venue.engine))),
        }
    }

    /// How many prepare at once what is there before the load.
    pub fn preparers(&self) -> usize {
        match &self.place {
            Place::Server { .. } => 32,
            Place::Engine { .. } => 1_024,
        }
    }

    /// Where a server listens, and its admin token; `None` for an engine.
    pub fn server(&self) -> Option<(SocketAddr, &str)> {
        match &self.place {
            Place::Server { address, admin, .. } => {
                let token = admin.to_str().ok().and_then(|header| header.strip_prefix("Bearer "));
                Some((*address, token.unwrap_or_default()))
            }
            Place::Engine { .. } => None,
        }
    }

    /// The server that was started, if it was.
    pub fn program(&self) -> Option<&Program> {
        match &self.place {
            Place::Server { program, .. } => program.as_deref(),
            Place::Engine { .. } => None,
        }
    }

    /// How long processors have worked so far for the server that was started; `None` where none was.
    ///
    /// # Errors
    ///
    /// It cannot be told.
    pub fn processor_time(&self) -> Result<Option<Duration>, LoadError> {
        self.program().map(Program::processor_time).transpose()
    }

    /// The clock of the engine in this process, which can jump.
    pub fn clock(&self) -> Option<&JumpingClock> {
        match &self.place {
            Place::Server { .. } => None,
            Place::Engine { clock, .. } => Some(clock),
        }
    }

    /// What its journal has done so far; `None` where that cannot be seen.
    ///
    /// # Errors
    ///
    /// The metrics cannot be read.
    pub async fn meter(&self) -> Result<Option<Meter>, LoadError> {
        match &self.place {
            Place::Server { metrics: None, .. } => Ok(None),
            Place::Server { metrics: Some(address), .. } => {
                let mut connection = Connection::open(*address).await?;
                let answer = connection.send(Method::GET, "/metrics", None, None, Bytes::new()).await?;
                if answer.status != 200 {
                    return Err(LoadError::new(format!("{address}/metrics answered {}", answer.status)));
                }
                Ok(Some(Meter::read(&String::from_utf8_lossy(&answer.body))))
            }
            Place::Engine { metrics, .. } => Ok(Some(Meter::read(&metrics.render()))),
        }
    }

    /// What it is, in a few words.
    pub fn described(&self) -> String {
        match &self.place {
            Place::Server { address, program: Some(_), .. } => format!("a server of its own on {address}"),
            Place::Server { address, program: None, .. } => format!("the server on {address}"),
            Place::Engine { .. } => "the engine, in this process".to_owned(),
        }
    }

    /// Stops an engine in good order.
    pub async fn close(&self) {
        if let Place::Engine { venue, .. } = &self.place {
            venue.engine.shutdown().await;
        }
    }
}
