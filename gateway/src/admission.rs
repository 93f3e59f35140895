//! Who is let in when more is asked than the server can do.
//!
//! Every request passes here before it is routed, read or authenticated. [`Class`] says how much it matters, [`Stance`] how
//! many are let in; this file counts. Nothing here locks, waits or grows.

mod class;
mod stance;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use holdfast_engine::metrics::Metric;

pub use class::Class;
pub use stance::Stance;

use crate::config::Config;
use crate::config::OverloadConfig;
use crate::metrics::names::{ADMISSION_LIMIT, REFUSAL_DELAY_SECONDS, REQUESTS_REFUSED, REQUESTS_UNDER_WAY};
use stance::Window;

/// How long a window is at least, in milliseconds, …
const WINDOW_MS: u64 = 50;
/// … as long as it has so many requests in it …
const WINDOW_REQUESTS_MIN: u64 = 20;
/// … or lasts so long, in milliseconds.
const WINDOW_MAX_MS: u64 = 1_000;
/// A server that has refused holds for so long, in milliseconds, is not ready: others had better be asked.
const LASTING_MS: u64 = 5_000;
/// A server that has not refused a hold for so long, in milliseconds, has room again.
const RELIEF_MS: u64 = 1_000;

/// The door of the server.
#[derive(Debug)]
pub struct Admission {
    config: OverloadConfig,
    connections_max: u32,
    /// Kept by the public listener.
    connections: Arc<AtomicU32>,
    under_way: AtomicU32,
    kept_back: AtomicU32,
    /// The [`Stance`], each of its figures by itself: none of them means anything that another one could contradict.
    places: AtomicU32,
    browsing_permille: AtomicU32,
    delay_ms: AtomicU32,
    excess_permille: AtomicU32,
    /// The [`Window`] that is open, and since when.
    answered: AtomicU64,
    slow: AtomicU64,
    admitted: AtomicU64,
    refused: AtomicU64,
    most_under_way: AtomicU32,
    window_since_ms: AtomicU64,
    /// When the newest hold was refused, and the first one of an unbroken row.
    hold_refused_ms: AtomicU64,
    holds_refused_since_ms: AtomicU64,
    /// Since the start, by class.
    refused_in_all: [AtomicU64; Class::ALL.len()],
    dice: AtomicU64,
}

/// A request that was let in. It takes its place as long as this lives, but for the time that it [`AwaitsBody`].
#[derive(Debug)]
pub struct UnderWay<'a> {
    admission: &'a Admission,
    arrival: Arrival,
    shows_load: bool,
}

/// A request that was let in, and whose client has not sent all of it. It takes no place meanwhile: otherwise a few clients who
/// send nothing could take all places for as long as a body may last. What they take is a connection, which has bounds of its
/// own.
#[derive(Debug)]
pub struct AwaitsBody<'a>(&'a Admission);

/// A refusal that is kept back.
#[derive(Debug)]
pub struct KeptBack<'a>(&'a Admission);

/// When a request was there as a whole: until then its client was slow, and not the server.
#[derive(Clone, Debug)]
pub struct Arrival(Arc<AtomicU64>);

/// What is told to a request that was not let in. Nothing was done for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// When it may come back, in seconds.
    pub retry_after_seconds: u32,
    /// How long the refusal is kept back.
    pub delay: Duration,
    /// Whether its connection is needed for others.
    pub closes: bool,
}

impl Admission {
    /// A door that nobody has passed yet.
    pub fn new(config: &Config) -> Admission {
        let start = Stance::at_start(&config.overload);
        Admission {
            config: config.overload.clone(),
            connections_max: config.limits.connections_max,
            connections: Arc::default(),
            under_way: AtomicU32::new(0),
            kept_back: AtomicU32::new(0),
            places: AtomicU32::new(start.places),
            browsing_permille: AtomicU32::new(start.browsing_permille),
            delay_ms: AtomicU32::new(start.delay_ms),
            excess_permille: AtomicU32::new(start.excess_permille),
            answered: AtomicU64::new(0),
            slow: AtomicU64::new(0),
            admitted: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            most_under_way: AtomicU32::new(0),
            window_since_ms: AtomicU64::new(0),
            hold_refused_ms: AtomicU64::new(0),
            holds_refused_since_ms: AtomicU64::new(0),
            refused_in_all: std::array::from_fn(|_| AtomicU64::new(0)),
            dice: AtomicU64::new(0),
        }
    }

    /// Lets a request in, or does not. `pressure` is that of the engine.
    pub fn enter(&self, class: Class, now_ms: u64, pressure: f64) -> Result<UnderWay<'_>, Refusal> {
        let before = self.under_way.fetch_add(1, Ordering::Relaxed);
        let under_way = UnderWay { admission: self, arrival: Arrival::at(now_ms), shows_load: class.shows_load() };
        let has_place = before < class.places(self.places.load(Ordering::Relaxed), self.config.requests_max)
            && pressure < class.pressure();
        if !has_place || (class == Class::Browsing && !self.stance().lets_browse(self.roll())) {
            drop(under_way);
            return Err(self.refuse(class, now_ms));
        }
        self.admitted.fetch_add(1, Ordering::Relaxed);
        if before >= self.most_under_way.load(Ordering::Relaxed) {
            self.most_under_way.fetch_max(before + 1, Ordering::Relaxed);
        }
        Ok(under_way)
    }

    /// A request that was let in with `_arrival` gives its place up for as long as what this returns lives.
    pub fn await_body(&self, _arrival: &Arrival) -> AwaitsBody<'_> {
        self.under_way.fetch_sub(1, Ordering::Relaxed);
        AwaitsBody(self)
    }

    /// A refusal is kept back for as long as what this returns lives.
    pub fn keep_back(&self) -> KeptBack<'_> {
        self.kept_back.fetch_add(1, Ordering::Relaxed);
        KeptBack(self)
    }

    /// How many connections are open: for the listener to keep.
    pub fn connections(&self) -> Arc<AtomicU32> {
        Arc::clone(&self.connections)
    }

    /// Whether holds have been refused for so long that clients had better ask another server.
    pub fn is_overloaded(&self, now_ms: u64) -> bool {
        let newest_ms = self.hold_refused_ms.load(Ordering::Relaxed);
        let since_ms = self.holds_refused_since_ms.load(Ordering::Relaxed);
        now_ms.saturating_sub(newest_ms) <= RELIEF_MS && newest_ms.saturating_sub(since_ms) >= LASTING_MS
    }

    /// Sets the metrics.
    pub fn record(&self) {
        let level = |metric: Metric| metric.level(&[]);
        level(REQUESTS_UNDER_WAY).set(f64::from(self.under_way.load(Ordering::Relaxed)));
        level(ADMISSION_LIMIT).set(f64::from(self.places.load(Ordering::Relaxed)));
        level(REFUSAL_DELAY_SECONDS).set(f64::from(self.delay_ms.load(Ordering::Relaxed)) / 1_000.0);
        for (class, refused) in Class::ALL.iter().zip(&self.refused_in_all) {
            REQUESTS_REFUSED.count(&[("class", class.as_str())]).absolute(refused.load(Ordering::Relaxed));
        }
    }

    fn refuse(&self, class: Class, now_ms: u64) -> Refusal {
        self.refused.fetch_add(1, Ordering::Relaxed);
        self.refused_in_all[class as usize].fetch_add(1, Ordering::Relaxed);
        if matches!(class, Class::Holds | Class::Batches) {
            let newest_ms = self.hold_refused_ms.swap(now_ms, Ordering::Relaxed);
            if now_ms.saturating_sub(newest_ms) > RELIEF_MS {
                self.holds_refused_since_ms.store(now_ms, Ordering::Relaxed);
            }
        }
        self.look_back(now_ms);
        let stance = self.stance();
        let open = u64::from(self.connections.load(Ordering::Relaxed));
        let closes = open * 10 >= u64::from(self.connections_max) * 9;
        // Half of the connections are left to those who may be let in; and streams have most of them perhaps.
        let has_room = !closes && self.kept_back.load(Ordering::Relaxed) < self.connections_max / 2;
        let delay_ms = if class.can_wait() && has_room { stance.delay_ms(self.roll()) } else { 0 };
        Refusal {
            retry_after_seconds: stance.retry_after_seconds(&self.config, self.roll()),
            delay: Duration::from_millis(delay_ms),
            closes,
        }
    }

    fn answered(&self, took_ms: u64, sync_ms: u64, now_ms: u64) {
        self.answered.fetch_add(1, Ordering::Relaxed);
        // An answer waits for the sync under way, and then for its own. A slow disk is no overload: with fewer requests at
        // once, it would only be used less.
        if took_ms > u64::from(self.config.latency_target_ms) + 2 * sync_ms {
            self.slow.fetch_add(1, Ordering::Relaxed);
        }
        self.look_back(now_ms);
    }

    /// Closes the window where it is time, and decides anew. One of those who come at the same moment does it.
    fn look_back(&self, now_ms: u64) {
        let since_ms = self.window_since_ms.load(Ordering::Relaxed);
        let length_ms = now_ms.saturating_sub(since_ms);
        let requests = self.answered.load(Ordering::Relaxed) + self.refused.load(Ordering::Relaxed);
        if length_ms < WINDOW_MS || (requests < WINDOW_REQUESTS_MIN && length_ms < WINDOW_MAX_MS) {
            return;
        }
        let taken = self.window_since_ms.compare_exchange(since_ms, now_ms, Ordering::Relaxed, Ordering::Relaxed);
        if taken.is_ok() {
            let window = self.take_window(requests < WINDOW_REQUESTS_MIN);
            self.set_stance(self.stance().after(&window, &self.config));
        }
    }

    fn take_window(&self, is_calm: bool) -> Window {
        Window {
            answered: self.answered.swap(0, Ordering::Relaxed),
            slow: self.slow.swap(0, Ordering::Relaxed),
            admitted: self.admitted.swap(0, Ordering::Relaxed),
            refused: self.refused.swap(0, Ordering::Relaxed),
            most_under_way: self.most_under_way.swap(0, Ordering::Relaxed),
            is_calm,
        }
    }

    fn stance(&self) -> Stance {
        Stance {
            places: self.places.load(Ordering::Relaxed),
            browsing_permille: self.browsing_permille.load(Ordering::Relaxed),
            delay_ms: self.delay_ms.load(Ordering::Relaxed),
            excess_permille: self.excess_permille.load(Ordering::Relaxed),
        }
    }

    fn set_stance(&self, stance: Stance) {
        self.places.store(stance.places, Ordering::Relaxed);
        self.browsing_permille.store(stance.browsing_permille, Ordering::Relaxed);
        self.delay_ms.store(stance.delay_ms, Ordering::Relaxed);
        self.excess_permille.store(stance.excess_permille, Ordering::Relaxed);
    }

    fn roll(&self) -> u64 {
        self.dice.fetch_add(1, Ordering::Relaxed)
    }
}

impl UnderWay<'_> {
    /// To be given to whoever reads the request's body.
    pub fn arrival(&self) -> Arrival {
        self.arrival.clone()
    }

    /// It was answered. `shows_load` is false where the answer came without the work that such a request is. `sync_ms` is
    /// what a sync of the disk takes.
    pub fn answered(self, shows_load: bool, sync_ms: u64, now_ms: u64) {
        if self.shows_load && shows_load {
            let took_ms = now_ms.saturating_sub(self.arrival.0.load(Ordering::Relaxed));
            self.admission.answered(took_ms, sync_ms, now_ms);
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.admission.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for AwaitsBody<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for KeptBack<'_> {
    fn drop(&mut self) {
        self.0.kept_back.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Arrival {
    fn at(now_ms: u64) -> Arrival {
        Arrival(Arc::new(AtomicU64::new(now_ms)))
    }

    /// The last byte of the request is there.
    pub fn is_complete(&self, now_ms: u64) {
        self.0.store(now_ms, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
