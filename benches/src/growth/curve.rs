//! What grows, and how far.

use clap::ValueEnum;

/// Something that grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Curve {
    /// Holds that are live on the event that is sold, in process.
    LiveHolds,
    /// Events that are sold at once, in process.
    Events,
    /// Users in line for what is sold, in process.
    Waiting,
    /// Connections, over HTTP.
    Connections,
    /// Processors of the server, over HTTP.
    Cores,
}

/// How far it grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Size {
    /// As far as the figures are told.
    Full,
    /// A little, for a quick try.
    Small,
}

impl Curve {
    /// All of them.
    pub const ALL: [Curve; 5] = [Curve::LiveHolds, Curve::Events, Curve::Waiting, Curve::Connections, Curve::Cores];

    /// Its name: that of its files.
    pub fn name(self) -> &'static str {
        match self {
            Curve::LiveHolds => "live-holds",
            Curve::Events => "events",
            Curve::Waiting => "waiting",
            Curve::Connections => "connections",
            Curve::Cores => "cores",
        }
    }

    /// What is shown, as the title of its plot.
    pub fn title(self) -> &'static str {
        match self {
            Curve::LiveHolds => "Hold and confirm, in process, beside live holds",
            Curve::Events => "Hold and confirm, in process, over many events",
            Curve::Waiting => "A sale with a line, in process",
            Curve::Connections => "Hold and confirm, over HTTP",
            Curve::Cores => "Hold and confirm, over HTTP, the server kept to its cores",
        }
    }

    /// What grows, as the name of the axis.
    pub fn axis(self) -> &'static str {
        match self {
            Curve::LiveHolds => "live holds",
            Curve::Events => "events",
            Curve::Waiting => "users in line",
            Curve::Connections => "connections",
            Curve::Cores => "cores",
        }
    }

    /// Whether equal distances are equal factors.
    pub fn is_log(self) -> bool {
        self != Curve::Cores
    }

    /// How far it grows.
    pub fn points(self, size: Size) -> &'static [u32] {
        match (self, size) {
            (Curve::LiveHolds, Size::Full) => &[1_000, 10_000, 100_000, 1_000_000],
            (Curve::LiveHolds, Size::Small) => &[100, 1_000],
            (Curve::Events, Size::Full) => &[1, 10, 100, 1_000, 10_000],
            (Curve::Events, Size::Small) => &[1, 10],
            (Curve::Waiting, Size::Full) => &[0, 1_000, 10_000, 100_000, 1_000_000],
            (Curve::Waiting, Size::Small) => &[0, 1_000],
            (Curve::Connections, Size::Full) => &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024],
            (Curve::Connections, Size::Small) => &[1, 8],
            (Curve::Cores, _) => &[1, 2],
        }
    }

    /// The words of `holdfast bench` for one point. `seconds` is how long to measure.
    pub fn command(self, at: u32, seconds: u64, size: Size) -> Vec<String> {
        let (tickets, users) = if size == Size::Full { (50_000, 100_000) } else { (500, 1_000) };
        let text = match self {
            Curve::LiveHolds => format!("--in-process --live-holds {at}"),
            Curve::Events => format!("--in-process --scenario many-events --events {at}"),
            Curve::Waiting => {
                format!("--in-process --scenario sell-out --tickets {tickets} --users {users} --waiting {at}")
            }
            Curve::Connections => format!("--connections {at}"),
            Curve::Cores if at == 1 => "--server-processors 0 --generator-processors 1".to_owned(),
            Curve::Cores => format!("--server-processors 0-{}", at - 1),
        };
        let words = format!("{text} --seconds {seconds} --progress never");
        words.split(' ').map(str::to_owned).collect()
    }

    /// The steps whose answers a second are added up: in a sale with a line, those after everybody has come.
    pub fn counted(self) -> &'static [&'static str] {
        if self == Curve::Waiting { &["confirm", "release"] } else { &["hold", "confirm"] }
    }

    /// The steps whose latency is shown.
    pub fn timed(self) -> &'static [&'static str] {
        if self == Curve::Waiting { &["confirm", "release", "release until granted"] } else { &["hold", "confirm"] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::arguments::BenchArguments;

    #[test]
    fn each_point_of_each_curve_is_a_legal_run() {
        for curve in Curve::ALL {
            for size in [Size::Full, Size::Small] {
                assert!(curve.points(size).is_sorted());
                for at in curve.points(size) {
                    let words = curve.command(*at, 5, size);
                    let words: Vec<&str> = words.iter().map(String::as_str).collect();
                    let arguments = BenchArguments::parse(&words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
                    arguments.check().expect("possible");
                }
            }
        }
    }
}
