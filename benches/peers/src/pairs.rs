//! Who is compared with whom: pairs that do the same work, and promise the same or nearly so.

use crate::statistics::Spread;

/// A pair of contenders, by name.
pub struct Pair {
    /// The one of Holdfast.
    pub ours: &'static str,
    /// The peer.
    pub peer: &'static str,
    /// What must be known to read the ratio.
    pub note: &'static str,
}

const SAME: &str = "both on the disk before each answer";
const NO_NETWORK: &str = "both on the disk before each answer; Holdfast without a network";
const WEAKER: &str = "Holdfast on the disk before each answer, the peer not";
const NEITHER: &str = "neither on the disk before an answer";
const NEITHER_NO_NETWORK: &str = "neither on the disk before an answer; Holdfast without a network";

/// All pairs. Those whose ours or peer did not take part are passed over.
pub const PAIRS: &[Pair] = &[
    Pair { ours: "holdfast-http", peer: "redis-always", note: SAME },
    Pair { ours: "holdfast-engine-64", peer: "redis-always", note: NO_NETWORK },
    Pair { ours: "holdfast-http-batch-64", peer: "redis-always-pipelined", note: SAME },
    Pair { ours: "holdfast-engine-1024", peer: "redis-always-pipelined", note: NO_NETWORK },
    Pair { ours: "holdfast-http", peer: "postgres-counter", note: SAME },
    Pair { ours: "holdfast-engine-64", peer: "postgres-counter", note: NO_NETWORK },
    Pair { ours: "holdfast-http", peer: "postgres-tickets", note: SAME },
    Pair { ours: "holdfast-engine-64", peer: "postgres-tickets", note: NO_NETWORK },
    Pair { ours: "holdfast-http-batch-1000", peer: "tigerbeetle", note: SAME },
    Pair { ours: "holdfast-engine-64x64", peer: "tigerbeetle", note: NO_NETWORK },
    Pair { ours: "holdfast-http", peer: "redis-everysec", note: WEAKER },
    Pair { ours: "holdfast-http-tmpfs", peer: "redis-everysec", note: NEITHER },
    Pair { ours: "holdfast-engine-64-tmpfs", peer: "redis-everysec", note: NEITHER_NO_NETWORK },
    Pair { ours: "holdfast-http-batch-64", peer: "redis-everysec-pipelined", note: WEAKER },
    Pair { ours: "holdfast-engine-1024-tmpfs", peer: "redis-everysec-pipelined", note: NEITHER_NO_NETWORK },
    Pair { ours: "holdfast-http", peer: "postgres-counter-async", note: WEAKER },
    Pair { ours: "holdfast-http-tmpfs", peer: "postgres-counter-async", note: NEITHER },
    Pair { ours: "holdfast-http", peer: "postgres-tickets-async", note: WEAKER },
    Pair { ours: "holdfast-http-tmpfs", peer: "postgres-tickets-async", note: NEITHER },
    Pair { ours: "holdfast-http", peer: "axum-echo", note: "the echo decides nothing and keeps nothing" },
    Pair { ours: "holdfast-http-tmpfs", peer: "axum-echo", note: "the same, Holdfast without a disk" },
    Pair { ours: "holdfast-engine-64", peer: "holdfast-engine-64-tmpfs", note: "what the disk costs" },
    Pair { ours: "holdfast-engine-1024", peer: "holdfast-engine-1024-tmpfs", note: "what the disk costs" },
    Pair { ours: "holdfast-engine-64x64", peer: "holdfast-engine-64x64-tmpfs", note: "what the disk costs" },
    Pair { ours: "holdfast-refusal-64", peer: "actix-send-64", note: "the bare message asks for nothing" },
    Pair { ours: "holdfast-refusal-1024", peer: "actix-send-1024", note: "the bare message asks for nothing" },
    Pair { ours: "holdfast-wheel", peer: "tokio-delay-queue", note: "processor time of one thread" },
    Pair { ours: "holdfast-wheel", peer: "plain-lane", note: "the lane takes timers of one length only" },
];

/// What a pair came to.
pub struct Ratio {
    /// Who is compared.
    pub pair: &'static Pair,
    /// How many times as much ours did, round by round.
    pub times: Spread,
}

/// The ratios of all pairs that took part. `rates` gives a contender's rates, one of each round.
pub fn ratios<'a>(rates: impl Fn(&str) -> Option<&'a [f64]>) -> Vec<Ratio> {
    let ratio = |pair: &'static Pair| {
        let times = Spread::of_ratios(rates(pair.ours)?, rates(pair.peer)?)?;
        Some(Ratio { pair, times })
    };
    PAIRS.iter().filter_map(ratio).collect()
}

#[cfg(test)]
mod tests {
    use super::ratios;

    #[test]
    fn a_pair_is_compared_where_both_took_part() {
        let rates = |name: &str| match name {
            "holdfast-http" => Some([30.0, 10.0].as_slice()),
            "redis-always" => Some([10.0, 5.0].as_slice()),
            _ => None,
        };
        let ratios = ratios(rates);
        assert_eq!(ratios.len(), 1);
        assert_eq!((ratios[0].pair.peer, ratios[0].times.median), ("redis-always", 2.5));
    }
}
