//! The command line of `holdfast bench`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, ValueEnum};

use crate::bench::scenarios::{Scenario, Wanted};
use crate::error::LoadError;

/// What `holdfast bench --help` ends with.
const EXAMPLES: &str = "\
Examples:
  holdfast bench                                    a server of its own, 64 buyers, as fast as it can, 10 seconds
  holdfast bench --rate 10000 --seconds 60          10,000 requests a second: what do buyers wait at that load?
  holdfast bench --scenario all --report sale.html  every scenario, as a page with plots
  holdfast bench --in-process --batch 64            the engine alone, without HTTP, 64 commands a call
  holdfast bench --scenario login-wave --users 100000 --tickets 10000
  holdfast bench --live-holds 1000000 --in-process  the same sale while a million holds are live
  HOLDFAST_ADMIN_TOKEN=… holdfast bench --address 127.0.0.1:8080    a server that runs (it gets events of its own)

How to read it: latency is what one request takes, from when it was due (--rate) or sent (without). p99 is what 99 of 100 requests
stay below. Generator and server share the machine: --server-processors 0 --generator-processors 1 keeps them apart. A server that
runs must have limits.enabled=false, or it refuses what few buyers ask so fast; one of its own has that, and lets everybody in
however slow it gets (overload.latency_target_ms=60000; --set puts back what a sale has). After each scenario the event's figures are
compared with what was acknowledged: a difference is an error, and exit code 1.";

/// Measure how fast this machine sells: load a server of its own, a running one, or the engine alone.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct BenchArguments {
    /// What buyers do; several with commas between them run one after the other.
    #[arg(long = "scenario", value_name = "NAME", value_enum, value_delimiter = ',', default_value = "hot-event")]
    pub wanted: Vec<Wanted>,

    /// Load a server that runs, instead of starting one. Only loopback: this is no tool against other people's servers.
    #[arg(long, value_name = "ADDR", value_parser = parse_loopback, conflicts_with = "in_process", help_heading = TARGET)]
    pub address: Option<SocketAddr>,
    /// Where that server tells its metrics (its metrics.listen), to count its syncs of the disk.
    #[arg(long, value_name = "ADDR", value_parser = parse_loopback, requires = "address", help_heading = TARGET)]
    pub metrics: Option<SocketAddr>,
    /// Load an engine in this process, without HTTP.
    #[arg(long, help_heading = TARGET)]
    pub in_process: bool,
    /// The program of the server that is started; otherwise this one.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["address", "in_process"], help_heading = TARGET)]
    pub program: Option<PathBuf>,
    /// Set a key of the configuration of the server that is started; may be given several times.
    #[arg(
        long = "set",
        value_name = "SECTION.KEY=VALUE",
        conflicts_with_all = ["address", "in_process"],
        help_heading = TARGET
    )]
    pub settings: Vec<String>,
    /// Make the data directory here; otherwise in TMPDIR. It is removed at the end.
    #[arg(long, value_name = "DIR", conflicts_with = "address", help_heading = TARGET)]
    pub data: Option<PathBuf>,
    /// Processors of the server that is started, as for taskset: 0 or 0,1. An empty text means all.
    #[arg(long, value_name = "LIST", default_value = "", hide_default_value = true, help_heading = TARGET)]
    pub server_processors: String,
    /// Processors of the generator; in process, of the engine too.
    #[arg(long, value_name = "LIST", default_value = "", hide_default_value = true, help_heading = TARGET)]
    pub generator_processors: String,

    /// How many ask at a time: keep-alive connections, each with one request under way, or tasks in process.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000), help_heading = LOAD)]
    pub connections: u32,
    /// Open loop: so many requests a second begin when they are due, whatever becomes of those before. Without it, a closed
    /// loop: each connection asks again as soon as it has an answer.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000), help_heading = LOAD)]
    pub rate: Option<u64>,
    /// How long to measure; a wave of logins and a sale end by themselves.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400), help_heading = LOAD)]
    pub seconds: u64,
    /// How long to run before measuring.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(..=3_600), help_heading = LOAD)]
    pub warm_up_seconds: u64,
    /// End after so many units of work instead, all of them measured.
    #[arg(long, value_name = "N", conflicts_with = "seconds", value_parser = clap::value_parser!(u64).range(1..), help_heading = LOAD)]
    pub units: Option<u64>,
    /// Ask so many operations in one call, each for another user, as a sale's own back end does (hot-event, many-events).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000), help_heading = LOAD)]
    pub batch: Option<u32>,
    /// Send every change with an idempotency key, as clients that retry do: the answer is then journaled too.
    #[arg(long, help_heading = LOAD)]
    pub keys: bool,

    /// Users: buyers who take turns, logins of the wave, buyers of what sells out.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000), help_heading = SALE)]
    pub users: u32,
    /// Tickets of login-wave and sell-out; holds that end together in expiry-cliff.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000), help_heading = SALE)]
    pub tickets: u32,
    /// Events on sale; many-events and mixed buy in all of them [default: 1, and 1000 for many-events].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000), help_heading = SALE)]
    pub events: Option<u32>,
    /// Holds that are live on the first event beside the load.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=10_000_000), help_heading = SALE)]
    pub live_holds: u32,
    /// Users who wait in line on the first event beside the load; in sell-out behind its buyers, in expiry-cliff for what ends.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=10_000_000), help_heading = SALE)]
    pub waiting: u32,
    /// Live streams of the scenario streams.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=25_000), help_heading = SALE)]
    pub streams: u32,
    /// The seed of who confirms and who gives back, and of what is looked at.
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = SALE)]
    pub seed: u64,

    /// Write everything to this file: the machine, the arguments, and for each step its latencies by percentile.
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    pub json: Option<PathBuf>,
    /// Write plots and tables to this file: a page (.html) or the plots alone (.svg).
    #[arg(long, value_name = "FILE", value_parser = parse_report, help_heading = OUTPUT)]
    pub report: Option<PathBuf>,
    /// Whether a line on standard error tells how far it is.
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = ShowProgress::Auto, help_heading = OUTPUT)]
    pub progress: ShowProgress,
}

const TARGET: &str = "What is loaded";
const LOAD: &str = "How";
const SALE: &str = "What is sold, and what is there beside the load";
const OUTPUT: &str = "What comes of it";

/// When a line tells how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShowProgress {
    /// Where standard error is a terminal.
    Auto,
    /// Wherever it goes.
    Always,
    /// Nowhere.
    Never,
}

impl BenchArguments {
    /// The arguments in `words`, as if they stood behind `holdfast bench`.
    ///
    /// # Errors
    ///
    /// What clap says of words that are none.
    pub fn parse(words: &[&str]) -> Result<BenchArguments, clap::Error> {
        #[derive(Parser)]
        struct Alone {
            #[command(flatten)]
            arguments: BenchArguments,
        }
        let words = std::iter::once("bench").chain(words.iter().copied());
        Alone::try_parse_from(words).map(|alone| alone.arguments)
    }

    /// What no single argument shows to be wrong.
    ///
    /// # Errors
    ///
    /// The sentence that tells it.
    pub fn check(&self) -> Result<(), LoadError> {
        if self.in_process && self.wanted.contains(&Wanted::One(Scenario::Streams)) {
            return Err(LoadError::new("live streams are HTTP: streams cannot run with --in-process"));
        }
        Ok(())
    }

    /// The scenarios to run, in order.
    pub fn scenarios(&self) -> Vec<Scenario> {
        let of_one = |wanted: &Wanted| match wanted {
            Wanted::One(scenario) => vec![*scenario],
            Wanted::All => Scenario::ALL.to_vec(),
        };
        let is_possible = |scenario: &Scenario| !self.in_process || *scenario != Scenario::Streams;
        self.wanted.iter().flat_map(of_one).filter(is_possible).collect()
    }

    /// How long to measure.
    pub fn measured(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// How long to run before measuring; not at all where units are counted.
    pub fn warm_up(&self) -> Duration {
        Duration::from_secs(if self.units.is_some() { 0 } else { self.warm_up_seconds })
    }
}

fn parse_loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| "must be an address like 127.0.0.1:8080".to_owned())?;
    if address.ip().to_canonical().is_loopback() { Ok(address) } else { Err("must be a loopback address".to_owned()) }
}

fn parse_report(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html" | "svg") => Ok(path),
        _ => Err("must end with .html or .svg".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_a_target() {
        for legal in ["127.0.0.1:8080", "127.9.9.9:1", "[::1]:8080", "[::ffff:127.0.0.1]:80"] {
            assert!(parse_loopback(legal).is_ok(), "{legal}");
        }
        for illegal in ["0.0.0.0:80", "10.0.0.1:80", "[::]:80", "192.0.2.1:80", "localhost:80", "127.0.0.1"] {
            assert!(parse_loopback(illegal).is_err(), "{illegal}");
        }
    }

    #[test]
    fn scenarios_are_named_and_all_of_them_are_possible_somewhere() {
        let of = |words: &[&str]| BenchArguments::parse(words).expect("legal").scenarios();
        assert_eq!(of(&[]), [Scenario::HotEvent]);
        assert_eq!(of(&["--scenario", "mixed,sell-out"]), [Scenario::Mixed, Scenario::SellOut]);
        assert_eq!(of(&["--scenario", "all"]), Scenario::ALL);
        assert!(!of(&["--scenario", "all", "--in-process"]).contains(&Scenario::Streams));
        let streams = BenchArguments::parse(&["--scenario", "streams", "--in-process"]).expect("legal words");
        assert!(streams.check().is_err_and(|error| error.to_string().contains("HTTP")));
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        for illegal in [
            &["--address", "127.0.0.1:1", "--in-process"][..],
            &["--metrics", "127.0.0.1:1"],
            &["--set", "log.level=off", "--in-process"],
            &["--units", "5", "--seconds", "5"],
            &["--report", "sale.pdf"],
            &["--scenario", "hot"],
            &["--rate", "0"],
        ] {
            assert!(BenchArguments::parse(illegal).is_err(), "{illegal:?}");
        }
    }
}
