//! All who can take part.

use std::path::PathBuf;

use metrics_exporter_prometheus::PrometheusHandle;

use crate::arguments::Arguments;
use crate::bare_actix::BareActix;
use crate::contender::Contender;
use crate::echo::Echo;
use crate::error::PeerError;
use crate::holdfast::{Asked, Holdfast};
use crate::in_process::{InProcess, Refusal};
use crate::postgres::{Model, Postgres};
use crate::redis::{Fsync, Redis};
use crate::tigerbeetle::TigerBeetle;
use crate::timers::{Keeper, Timers};

/// Clients of the engine, and commands in a call of theirs.
const ENGINE: [(u32, usize); 3] = [(64, 1), (1_024, 1), (64, 64)];
/// Batches over HTTP. On fewer connections, so that no more is under way than one event's inbox takes.
const BATCHES: [Asked; 2] =
    [Asked::Batches { size: 64, connections: 64 }, Asked::Batches { size: 1_000, connections: 8 }];
/// Tasks that ask an actor.
const TASKS: [u32; 2] = [64, 1_024];
/// Commands that a client of Redis sends at once.
const PIPELINED: u32 = 16;

/// Who takes part in a run.
pub struct Field {
    /// Those who do.
    pub contenders: Vec<Box<dyn Contender>>,
    /// The names of those who could and do not, with the reason.
    pub left_out: Vec<String>,
}

/// Those who are wanted.
///
/// # Errors
///
/// Nobody is wanted, or somebody lacks something here: then it is said what, and how to get it.
pub fn wanted(arguments: &Arguments, metrics: &PrometheusHandle) -> Result<Field, PeerError> {
    let all = all(arguments, metrics);
    let (wanted, unwanted): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|contender| arguments.is_wanted(&contender.about().name));
    let mut missing: Vec<String> = wanted.iter().filter_map(|contender| contender.missing()).collect();
    missing.dedup();
    if !missing.is_empty() {
        let remedy = "or leave it out by --without NAME; --list shows the names";
        return Err(PeerError::new(format!("missing: {}; {remedy}", missing.join("; "))));
    }
    if wanted.is_empty() {
        return Err(PeerError::new("nobody is left; --list shows the names"));
    }
    let by_choice = |contender: Box<dyn Contender>| format!("{}: by --only or --without", contender.about().name);
    let mut left_out: Vec<String> = unwanted.into_iter().map(by_choice).collect();
    if arguments.tigerbeetle.is_none() {
        left_out.push("tigerbeetle: no --tigerbeetle PATH was given".to_owned());
    }
    Ok(Field { contenders: wanted, left_out })
}

/// All of them, each beside those it is compared with.
pub fn all(arguments: &Arguments, metrics: &PrometheusHandle) -> Vec<Box<dyn Contender>> {
    let mut all: Vec<Box<dyn Contender>> = Vec::new();
    for sync in [Fsync::Always, Fsync::EverySecond] {
        for pipelined in [1, PIPELINED] {
            all.push(Box::new(Redis::new(arguments.redis.clone(), sync, pipelined)));
        }
    }
    for model in [Model::Counter, Model::Tickets] {
        for is_synchronous in [true, false] {
            all.push(Box::new(Postgres::new(arguments.postgres.clone(), model, is_synchronous)));
        }
    }
    all.extend(arguments.tigerbeetle.clone().map(|program| Box::new(TigerBeetle::new(program)) as Box<dyn Contender>));
    all.push(Box::new(Echo::new()));
    let memory = || Some(arguments.tmpfs.clone());
    for (asked, memory) in
        [(Asked::OneByOne, None), (Asked::OneByOne, memory()), (BATCHES[0], None), (BATCHES[1], None)]
    {
        all.push(Box::new(Holdfast::new(arguments.program.clone(), asked, memory)));
    }
    for (clients, at_once) in ENGINE {
        for memory in [None::<PathBuf>, memory()] {
            all.push(Box::new(InProcess::new(clients, at_once, memory, metrics.clone())));
        }
    }
    for tasks in TASKS {
        all.push(Box::new(BareActix::new(tasks)));
        all.push(Box::new(Refusal::new(tasks)));
    }
    for keeper in [Keeper::Wheel, Keeper::DelayQueue, Keeper::Lane] {
        all.push(Box::new(Timers::new(keeper, arguments.timers)));
    }
    all
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::Parser;
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::{all, wanted};
    use crate::arguments::Arguments;
    use crate::pairs::PAIRS;

    fn arguments(given: &[&str]) -> Arguments {
        Arguments::parse_from(["holdfast-peers"].iter().chain(given))
    }

    #[test]
    fn every_pair_is_of_two_who_can_take_part() {
        let metrics = PrometheusBuilder::new().build_recorder().handle();
        let all = all(&arguments(&["--tigerbeetle", "tigerbeetle"]), &metrics);
        let names: BTreeSet<&str> = all.iter().map(|contender| contender.about().name.as_str()).collect();
        assert_eq!(names.len(), all.len(), "each has a name of its own");
        for pair in PAIRS {
            assert!(names.contains(pair.ours) && names.contains(pair.peer), "{} and {}", pair.ours, pair.peer);
        }
    }

    #[test]
    fn what_is_missing_is_said_with_the_remedy() {
        let metrics = PrometheusBuilder::new().build_recorder().handle();
        let refused = |given: &[&str]| wanted(&arguments(given), &metrics).map(|_| ()).expect_err("it is not there");
        let error = refused(&["--only", "redis", "--redis", "/no/such/redis"]).to_string();
        assert!(error.contains("/no/such/redis") && error.contains("--redis PATH"), "{error}");
        let error = refused(&["--only", "nobody"]).to_string();
        assert!(error.starts_with("nobody is left"), "{error}");
    }

    #[test]
    fn what_is_left_out_is_told() {
        let metrics = PrometheusBuilder::new().build_recorder().handle();
        let field = wanted(&arguments(&["--only", "plain-lane"]), &metrics).expect("it needs nothing");
        assert_eq!(field.contenders.len(), 1);
        for name in ["redis-always: by", "tigerbeetle: no --tigerbeetle"] {
            assert!(field.left_out.iter().any(|left_out| left_out.starts_with(name)), "{:?}", field.left_out);
        }
    }
}
