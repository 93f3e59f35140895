//! The whole life of many timers: all are set, half are cancelled, as holds that are confirmed do, and the rest expire.
//!
//! What counts is processor time, of one thread: a queue that waits for the real time to come loses nothing by waiting.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::hint::black_box;
use std::time::Duration;

use async_trait::async_trait;
use holdfast_benches::clock;
use holdfast_engine::wheel::Wheel;
use tokio_util::time::DelayQueue;

use crate::contender::{About, Contender, Durability, Round, Span, Unit, Way};
use crate::error::PeerError;
use crate::processor::used_by_this_thread;
use crate::{holdfast, locked};

/// The stretch of time over which timers expire.
const SPREAD_MS: u64 = 2_000;
/// How long setting and cancelling a million timers may take before the first of them is due, also on a busy machine;
const LEAD_MS_A_MILLION: u64 = 8_000;
/// and how long a few may.
const LEAD_MS_MIN: u64 = 4_000;
/// The most timers that the wheel hands out at once: what the engine lets it.
const POLL_LIMIT: usize = 1_024;

/// What keeps the timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// Holdfast's timing wheel.
    Wheel,
    /// tokio-util's queue, which is a wheel of tokio's kind with a slab.
    DelayQueue,
    /// A plain queue, for timers that all have the same length; a cancelled one stays until its time comes.
    Lane,
}

/// Timers, in one of these.
pub struct Timers {
    about: About,
    keeper: Keeper,
    count: u32,
}

impl Timers {
    /// So many timers.
    pub fn new(keeper: Keeper, count: u32) -> Timers {
        let (name, what) = match keeper {
            Keeper::Wheel => ("holdfast-wheel", "Holdfast's timing wheel"),
            Keeper::DelayQueue => ("tokio-delay-queue", "tokio-util's DelayQueue"),
            Keeper::Lane => ("plain-lane", "a VecDeque: timers of one length only"),
        };
        let about = About {
            name: name.to_owned(),
            what: format!("{what}, {count} timers: set, half cancelled, half expired"),
            way: Way::InProcess,
            durability: Durability::NotAsked,
            unit: Unit::Timer,
            settings: Vec::new(),
        };
        Timers { about, keeper, count }
    }

    /// When the first timer is due, in milliseconds from the start.
    fn lead_ms(&self) -> u64 {
        (u64::from(self.count) * LEAD_MS_A_MILLION).div_ceil(1_000_000).max(LEAD_MS_MIN)
    }
}

#[async_trait]
impl Contender for Timers {
    fn about(&self) -> &About {
        &self.about
    }

    async fn round(&self, _: Span) -> Result<Round, PeerError> {
        let (keeper, count, lead_ms) = (self.keeper, self.count, self.lead_ms());
        let live = move || match keeper {
            Keeper::Wheel => in_wheel(count, lead_ms),
            Keeper::DelayQueue => in_delay_queue(count, lead_ms),
            Keeper::Lane => in_lane(count, lead_ms),
        };
        let life = tokio::task::spawn_blocking(live).await;
        let life = life.map_err(|error| PeerError::while_doing("the timers ended abruptly", error))??;
        let checked = life.check(count)?;
        Ok(Round {
            rate: f64::from(count) / life.took.as_secs_f64(),
            call_ms: None,
            answers: 0,
            syncs: None,
            refusals: 0,
            device_flushes: None,
            own_processors: 1.0,
            checked,
            version: match keeper {
                Keeper::Wheel => holdfast::version(),
                Keeper::DelayQueue => format!("tokio-util {}", locked::version_of("tokio-util")),
                Keeper::Lane => "Rust's standard library".to_owned(),
            },
        })
    }
}

/// What became of the timers.
struct Life {
    took: Duration,
    expired: u64,
    sum_of_expired: u64,
}

impl Life {
    /// Every second timer expired, those with odd numbers, and each once.
    fn check(&self, count: u32) -> Result<String, PeerError> {
        let expected = u64::from(count / 2);
        // 1 + 3 + 5 + …
        if (self.expired, self.sum_of_expired) == (expected, expected * expected) {
            return Ok(format!("{expected} cancelled, {expected} expired"));
        }
        Err(PeerError::new(format!("{} timers expired, but {expected} should have, each once", self.expired)))
    }
}

fn is_cancelled(token: u32) -> bool {
    token.is_multiple_of(2)
}

/// The deadlines of all timers in milliseconds from the start, the same in every run, in no order.
fn deadlines_ms(count: u32, lead_ms: u64) -> impl Iterator<Item = u64> {
    // Multiples of an odd number go through all remainders before they come again.
    (0..count).map(move |token| lead_ms + (u64::from(token) * 0x9E37_79B1 % (1 << 32)) * SPREAD_MS / (1 << 32))
}

fn in_wheel(count: u32, lead_ms: u64) -> Result<Life, PeerError> {
    let before = used_by_this_thread();
    let mut wheel = Wheel::new(0);
    let keys: Vec<_> = (0..).zip(deadlines_ms(count, lead_ms)).map(|(token, at)| wheel.insert(at, token)).collect();
    for key in keys.iter().step_by(2) {
        black_box(wheel.cancel(*key));
    }
    let (mut expired, mut sum_of_expired, mut now_ms) = (0, 0, lead_ms - 1);
    let mut due = Vec::with_capacity(POLL_LIMIT);
    while !wheel.is_empty() {
        now_ms += 1;
        let mut has_more = true;
        while has_more {
            has_more = wheel.poll(now_ms, POLL_LIMIT, &mut due);
            expired += due.len() as u64;
            sum_of_expired += due.drain(..).map(|timer| u64::from(timer.token)).sum::<u64>();
        }
    }
    Ok(Life { took: used_by_this_thread() - before, expired, sum_of_expired })
}

fn in_delay_queue(count: u32, lead_ms: u64) -> Result<Life, PeerError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(async {
        let before = used_by_this_thread();
        let start = tokio::time::Instant::from_std(clock::now());
        let mut queue = DelayQueue::with_capacity(count as usize);
        let at = |ms| start + Duration::from_millis(ms);
        let keys = (0..).zip(deadlines_ms(count, lead_ms)).map(|(token, ms)| queue.insert_at(token, at(ms)));
        let keys: Vec<_> = keys.collect();
        for key in keys.iter().step_by(2) {
            black_box(queue.remove(key));
        }
        if clock::now() > at(lead_ms).into_std() {
            return Err(PeerError::new("timers were due before all were set: the machine is too busy for so many"));
        }
        let (mut expired, mut sum_of_expired) = (0, 0);
        while let Some(timer) = poll_fn(|context| queue.poll_expired(context)).await {
            expired += 1;
            let token: u32 = timer.into_inner();
            sum_of_expired += u64::from(token);
        }
        Ok(Life { took: used_by_this_thread() - before, expired, sum_of_expired })
    })
}

fn in_lane(count: u32, lead_ms: u64) -> Result<Life, PeerError> {
    let before = used_by_this_thread();
    let mut lane = VecDeque::with_capacity(count as usize);
    let mut is_live = vec![true; count as usize];
    for token in 0..count {
        lane.push_back((lead_ms + u64::from(token) * SPREAD_MS / u64::from(count), token));
    }
    for token in (0..count).filter(|token| is_cancelled(*token)) {
        is_live[token as usize] = false;
    }
    let (mut expired, mut sum_of_expired, mut now_ms) = (0, 0, lead_ms - 1);
    while !lane.is_empty() {
        now_ms += 1;
        while let Some((_, token)) = lane.pop_front_if(|(deadline_ms, _)| *deadline_ms <= now_ms) {
            if is_live[token as usize] {
                expired += 1;
                sum_of_expired += u64::from(token);
            }
        }
    }
    Ok(Life { took: used_by_this_thread() - before, expired, sum_of_expired })
}

#[cfg(test)]
mod tests {
    use super::{Life, SPREAD_MS, deadlines_ms, in_lane, in_wheel};

    #[test]
    fn half_of_the_timers_expire() {
        for life in [in_wheel(10_000, 100), in_lane(10_000, 100)] {
            let life = life.expect("nothing can fail");
            assert_eq!(life.check(10_000).expect("it is right"), "5000 cancelled, 5000 expired");
        }
    }

    #[test]
    fn a_timer_that_expires_twice_is_found_out() {
        let life = Life { took: std::time::Duration::ZERO, expired: 2, sum_of_expired: 1 + 1 };
        assert!(life.check(4).is_err());
    }

    #[test]
    fn deadlines_are_spread_over_the_stretch() {
        let deadlines: Vec<u64> = deadlines_ms(100_000, 50).collect();
        let (first, last) = (deadlines.iter().min(), deadlines.iter().max());
        assert_eq!((first, last), (Some(&50), Some(&(50 + SPREAD_MS - 1))));
        let early = deadlines.iter().filter(|deadline| **deadline < 50 + SPREAD_MS / 2).count();
        assert!((49_000..=51_000).contains(&early), "{early}");
    }
}
