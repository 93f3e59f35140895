//! What is asked: a file for each scenario. Each sets up who is there, says when that is done, and then loads the target.

mod buying;
mod expiry_cliff;
mod login_wave;
mod mixed;
mod sell_out;
mod streaming;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::bench::arguments::BenchArguments;
use crate::bench::scenario::Notes;
use crate::bench::stage::{LINE, Stage};
use crate::error::LoadError;
use crate::sale::{GENERAL, Offering};

/// How many events many-events has where nothing else is said.
const MANY: u32 = 1_000;
/// Setting a ticket aside.
const HOLD: &str = "hold";
/// Making a hold a booking.
pub const CONFIRM: &str = "confirm";
/// Giving a hold back.
const RELEASE: &str = "release";

/// A kind of load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Holding a ticket of one event, then confirming the hold.
    HotEvent,
    /// The same over many events in turn.
    ManyEvents,
    /// Logins with a wish on one event that has fewer tickets.
    LoginWave,
    /// An event with a line, from its first ticket to its last.
    SellOut,
    /// Many holds that end together, and what others have of it.
    ExpiryCliff,
    /// Mostly reads.
    Mixed,
    /// Live streams while somebody books.
    Streams,
}

impl Scenario {
    /// All of them, in the order in which they run.
    pub const ALL: [Scenario; 7] = [
        Scenario::HotEvent,
        Scenario::ManyEvents,
        Scenario::LoginWave,
        Scenario::SellOut,
        Scenario::ExpiryCliff,
        Scenario::Mixed,
        Scenario::Streams,
    ];

    /// Its name on the command line and in reports, and what it does.
    fn told(self) -> (&'static str, &'static str) {
        match self {
            Scenario::HotEvent => ("hot-event", "hold a ticket of one event, then confirm the hold"),
            Scenario::ManyEvents => ("many-events", "the same over many events in turn"),
            Scenario::LoginWave => ("login-wave", "logins that each want a ticket of one event, which has fewer"),
            Scenario::SellOut => ("sell-out", "an event with a line: some give back, and whoever waits gets it"),
            Scenario::ExpiryCliff => ("expiry-cliff", "many holds end together: what do other buyers have of it?"),
            Scenario::Mixed => ("mixed", "nine looks (event, own holds, place in line) for each hold or confirmation"),
            Scenario::Streams => ("streams", "live streams of an event while somebody books"),
        }
    }

    /// Its name on the command line and in reports.
    pub fn name(self) -> &'static str {
        self.told().0
    }
}

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// One scenario.
    One(Scenario),
    /// All of them; in process, all that need no HTTP.
    All,
}

impl ValueEnum for Wanted {
    fn value_variants<'a>() -> &'a [Wanted] {
        const VARIANTS: [Wanted; Scenario::ALL.len() + 1] = {
            let mut variants = [Wanted::All; Scenario::ALL.len() + 1];
            let mut index = 0;
            while index < Scenario::ALL.len() {
                variants[index] = Wanted::One(Scenario::ALL[index]);
                index += 1;
            }
            variants
        };
        &VARIANTS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Wanted::One(scenario) => scenario.told(),
            Wanted::All => ("all", "every one, one after the other"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}

/// The events of a scenario, of which the first is what it is about.
pub fn offerings(scenario: Scenario, arguments: &BenchArguments, name: &str) -> Vec<Offering> {
    let default = if scenario == Scenario::ManyEvents { MANY } else { 1 };
    let events = arguments.events.unwrap_or(default);
    let named = |number: u32| if number == 0 { name.to_owned() } else { format!("{name}-{number}") };
    let mut offerings: Vec<Offering> = (0..events).map(|number| Offering::new(named(number))).collect();
    match scenario {
        Scenario::LoginWave | Scenario::SellOut => {
            offerings[0].ticket_types = vec![(GENERAL, u64::from(arguments.tickets))];
        }
        Scenario::ExpiryCliff => expiry_cliff::set(&mut offerings, arguments, name),
        Scenario::HotEvent | Scenario::ManyEvents | Scenario::Mixed => {
            // Nobody gets a ticket of this type: whoever asks for one waits.
            offerings[0].ticket_types.push((LINE, 0));
        }
        Scenario::Streams => {}
    }
    offerings
}

/// Runs a scenario on its events. Returns what is to be told beside the figures of the steps.
///
/// # Errors
///
/// There is no answer, or something was refused that must not be.
pub async fn run(scenario: Scenario, stage: &Stage<'_>) -> Result<Notes, LoadError> {
    match scenario {
        Scenario::HotEvent => buying::run(stage, scenario.name(), 1).await,
        Scenario::ManyEvents => buying::run(stage, scenario.name(), stage.offers.len()).await,
        Scenario::LoginWave => login_wave::run(stage, scenario.name()).await,
        Scenario::SellOut => sell_out::run(stage, scenario.name()).await,
        Scenario::ExpiryCliff => expiry_cliff::run(stage, scenario.name()).await,
        Scenario::Mixed => mixed::run(stage, scenario.name()).await,
        Scenario::Streams => streaming::run(stage, scenario.name()).await,
    }
}
