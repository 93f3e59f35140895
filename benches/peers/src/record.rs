//! A whole run, as it is kept in a file.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::contender::{About, Contender, Durability, Round, Span, Unit, Way};
use crate::machine::Machine;
use crate::pairs::{self, Ratio};
use crate::rounds::Results;
use crate::statistics::Spread;

/// A run.
#[derive(Serialize)]
pub struct Record {
    /// Where, and when.
    pub machine: Machine,
    /// The versions of all that took part.
    pub versions: Vec<String>,
    /// How many rounds there were.
    pub rounds: u32,
    /// How long each was measured, in seconds.
    pub seconds: f64,
    /// How long each worked before that, in seconds.
    pub warm_up_seconds: f64,
    /// Who took part.
    pub contenders: Vec<Entry>,
    /// How many times as much Holdfast did.
    pub ratios: Vec<RatioEntry>,
    /// What did not take part, and why.
    pub left_out: Vec<String>,
}

/// A contender, and what its rounds came to.
#[derive(Serialize)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// What it is.
    pub what: String,
    /// How it is reached.
    pub way: &'static str,
    /// What its answers promise.
    pub durable: String,
    /// What is counted.
    pub unit: &'static str,
    /// How it is set up.
    pub settings: Vec<String>,
    /// Its version.
    pub version: String,
    /// Units a second, of each round.
    pub rates: Vec<f64>,
    /// The median of them, and their range.
    pub rate: Figure,
    /// p50, p99, p99.9 and the longest of a call in milliseconds: of each the median over the rounds.
    pub call_ms: Option<[f64; 4]>,
    /// Answers for each sync that it counted itself, the median over the rounds.
    pub answers_a_sync: Option<f64>,
    /// Answers for each flush of the device, by whomever, the median over the rounds.
    pub answers_a_flush: Option<f64>,
    /// Answers, of all rounds, which said that too much is under way: the client asked again.
    pub refusals: u64,
    /// Processors that the load generator took, the median over the rounds.
    pub own_processors: f64,
    /// What was compared after each round.
    pub checked: Vec<String>,
}

/// A ratio.
#[derive(Serialize)]
pub struct RatioEntry {
    /// Whose is above the line.
    pub ours: &'static str,
    /// Whose is below.
    pub peer: &'static str,
    /// How many times as much.
    pub times: Figure,
    /// What must be known to read it.
    pub note: &'static str,
}

/// A median with its range.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Figure {
    /// The median.
    pub median: f64,
    /// The lowest.
    pub lowest: f64,
    /// The highest.
    pub highest: f64,
}

impl From<Spread> for Figure {
    fn from(spread: Spread) -> Figure {
        let Spread { median, lowest, highest } = spread;
        Figure { median, lowest, highest }
    }
}

impl Record {
    /// What `results` came to. Those without any round are left out.
    pub fn new(
        machine: Machine,
        span: Span,
        contenders: &[Box<dyn Contender>],
        results: &[Results],
        left_out: Vec<String>,
    ) -> Record {
        let entry = |results: &Results| Entry::new(contenders[results.contender].about(), &results.rounds);
        let entries: Vec<Entry> = results.iter().filter_map(entry).collect();
        let rates = |name: &str| entries.iter().find(|entry| entry.name == name).map(|entry| entry.rates.as_slice());
        let ratios = pairs::ratios(rates).into_iter().map(RatioEntry::new).collect();
        let versions: BTreeSet<String> = entries.iter().map(|entry| entry.version.clone()).collect();
        Record {
            machine,
            versions: versions.into_iter().collect(),
            rounds: entries.iter().map(|entry| entry.rates.len()).max().unwrap_or(0) as u32,
            seconds: span.measured.as_secs_f64(),
            warm_up_seconds: span.warm_up.as_secs_f64(),
            contenders: entries,
            ratios,
            left_out,
        }
    }
}

impl Entry {
    fn new(about: &About, rounds: &[Round]) -> Option<Entry> {
        let median =
            |figure: &dyn Fn(&Round) -> Option<f64>| Some(Spread::of(rounds.iter().filter_map(figure))?.median);
        let call_ms = |index: usize| median(&|round| Some(round.call_ms?[index]));
        let calls = [call_ms(0), call_ms(1), call_ms(2), call_ms(3)];
        let rates: Vec<f64> = rounds.iter().map(|round| round.rate).collect();
        Some(Entry {
            name: about.name.clone(),
            what: about.what.clone(),
            way: way(about.way),
            durable: durable(about.durability),
            unit: unit(about.unit),
            settings: about.settings.clone(),
            version: rounds.last()?.version.clone(),
            rate: Spread::of(rates.iter().copied())?.into(),
            rates,
            call_ms: calls[0].map(|_| calls.map(Option::unwrap_or_default)),
            answers_a_sync: median(&|round| answers_for_each(round, round.syncs?)),
            answers_a_flush: median(&|round| {
                let keeps = about.durability != Durability::NotAsked;
                answers_for_each(round, round.device_flushes.filter(|_| keeps)?)
            }),
            refusals: rounds.iter().map(|round| round.refusals).sum(),
            own_processors: median(&|round| Some(round.own_processors)).unwrap_or_default(),
            checked: rounds.iter().map(|round| round.checked.clone()).collect(),
        })
    }
}

impl RatioEntry {
    fn new(ratio: Ratio) -> RatioEntry {
        let pair = ratio.pair;
        RatioEntry { ours: pair.ours, peer: pair.peer, times: ratio.times.into(), note: pair.note }
    }
}

/// Of so many things, where there were any.
fn answers_for_each(round: &Round, count: u64) -> Option<f64> {
    (count > 0).then(|| round.answers as f64 / count as f64)
}

fn way(way: Way) -> &'static str {
    match way {
        Way::Network => "network",
        Way::Http => "HTTP",
        Way::InProcess => "in process",
    }
}

fn durable(durability: Durability) -> String {
    match durability {
        Durability::EachAnswer => "each answer".to_owned(),
        Durability::Behind(time) => format!("loses up to {time}"),
        Durability::Nothing => "no: tmpfs".to_owned(),
        Durability::NotAsked => "nothing kept".to_owned(),
    }
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Ticket => "units",
        Unit::Request => "requests",
        Unit::Timer => "timers",
    }
}
