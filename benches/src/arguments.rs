//! The command line.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Parser;

/// Holds tickets and confirms them, over HTTP, as fast as the server can or at a given rate.
#[derive(Clone, Debug, Parser)]
#[command(name = "holdfast-load", version)]
pub struct Arguments {
    /// Where the server listens. Only loopback addresses are accepted: this is no tool against other people's servers.
    #[arg(long, default_value = "127.0.0.1:8080", value_parser = parse_loopback)]
    pub address: SocketAddr,
    /// Keep-alive connections, each with one request under way at most.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub connections: u32,
    /// Requests a second that are to begin, over all connections; a unit of work is two of them.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub rate: u64,
    /// How long to measure.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub seconds: u64,
    /// How long to run before measuring.
    #[arg(long, default_value_t = 1)]
    pub warm_up_seconds: u64,
    /// Closed loop: each connection sends its next request as soon as it has the answer to the last one.
    #[arg(long)]
    pub closed: bool,
    /// Ask in batches of so many operations, as a sale's own back end does: each for another user, in a closed loop.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub batch: Option<u32>,
    /// Users that are logged in before the clock starts; connections share them out.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub users: u32,
    /// Send every request with an idempotency key, as clients that retry do.
    #[arg(long)]
    pub keys: bool,
    /// The admin token, with which the event is created.
    #[arg(long, env = "HOLDFAST_ADMIN_TOKEN", hide_env_values = true)]
    pub admin_token: String,
}

impl Arguments {
    /// How long to measure.
    pub fn measured(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// How long to run before measuring.
    pub fn warm_up(&self) -> Duration {
        Duration::from_secs(self.warm_up_seconds)
    }
}

fn parse_loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| "must be an address like 127.0.0.1:8080".to_owned())?;
    if address.ip().to_canonical().is_loopback() { Ok(address) } else { Err("must be a loopback address".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::parse_loopback;

    #[test]
    fn only_loopback_is_a_target() {
        for legal in ["127.0.0.1:8080", "127.9.9.9:1", "[::1]:8080", "[::ffff:127.0.0.1]:80"] {
            assert!(parse_loopback(legal).is_ok(), "{legal}");
        }
        for illegal in ["0.0.0.0:80", "10.0.0.1:80", "[::]:80", "192.0.2.1:80", "localhost:80", "127.0.0.1"] {
            assert!(parse_loopback(illegal).is_err(), "{illegal}");
        }
    }
}
