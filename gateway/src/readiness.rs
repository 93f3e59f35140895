//! Whether the server serves as it should, and what keeps it from that: for `/readyz`, and for metrics.

use holdfast_engine::error::Unavailable;

use crate::error::ApiError;
use crate::gateway::Gateway;
use crate::metrics::names;

/// What the server can be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It serves.
    Ready,
    /// It reads its journal.
    Recovering,
    /// It has been refusing holds for seconds, or more waits for the disk than may.
    Overloaded,
    /// The disk has no room.
    StorageFull,
    /// The disk has been at one write for too long.
    DiskSlow,
    /// It stops.
    ShuttingDown,
}

impl Readiness {
    /// All of them.
    const ALL: [Readiness; 6] = [
        Readiness::Ready,
        Readiness::Recovering,
        Readiness::Overloaded,
        Readiness::StorageFull,
        Readiness::DiskSlow,
        Readiness::ShuttingDown,
    ];

    /// How it is now.
    pub fn of(gateway: &Gateway) -> Readiness {
        match check(gateway) {
            Ok(()) => Readiness::Ready,
            Err(ApiError::Unavailable(Unavailable::Overloaded)) => Readiness::Overloaded,
            Err(ApiError::Unavailable(Unavailable::StorageFull)) => Readiness::StorageFull,
            Err(ApiError::Unavailable(Unavailable::DiskSlow { .. })) => Readiness::DiskSlow,
            Err(ApiError::Unavailable(Unavailable::ShuttingDown)) => Readiness::ShuttingDown,
            Err(_) => Readiness::Recovering,
        }
    }

    /// Shows it to whoever looks at the metrics.
    pub fn record(self) {
        for state in Readiness::ALL {
            names::READINESS.level(&[("state", state.as_str())]).set(f64::from(u8::from(state == self)));
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Readiness::Ready => "ready",
            Readiness::Recovering => "recovering",
            Readiness::Overloaded => "overloaded",
            Readiness::StorageFull => "storage_full",
            Readiness::DiskSlow => "disk_slow",
            Readiness::ShuttingDown => "shutting_down",
        }
    }
}

/// Refuses where the server is not ready.
///
/// # Errors
///
/// What keeps it from serving: it recovers, stops, its disk is full, stuck or far behind, or it has been refusing holds for
/// seconds.
pub fn check(gateway: &Gateway) -> Result<(), ApiError> {
    if gateway.is_stopping() {
        return Err(Unavailable::ShuttingDown.into());
    }
    let engine = gateway.engine()?;
    engine.check_ready()?;
    if gateway.admission().is_overloaded(engine.now_ms()) {
        return Err(Unavailable::Overloaded.into());
    }
    Ok(())
}
