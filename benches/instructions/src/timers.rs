//! The timing wheel.

use holdfast_benches::random::Random;
use holdfast_benches::stage::START_MS;
use holdfast_engine::wheel::Wheel;

/// Live timers beside those that are measured.
const LIVE: u32 = 100_000;
/// The stretch of time over which the deadlines are spread: ten minutes.
const SPAN_MS: u64 = 600_000;
/// The most timers handed out by one poll.
const POLL_LIMIT: usize = 1_024;

/// One of many timers, chosen at random, is cancelled, and another set: what a confirmed hold and the next hold do.
pub fn insert_and_cancel(times: u32) {
    let (mut wheel, mut random) = (Wheel::new(START_MS), Random::new());
    let mut keys: Vec<_> = (0..LIVE).map(|token| wheel.insert(deadline_ms(&mut random), token)).collect();
    for _ in 0..times {
        let victim = random.below(u64::from(LIVE)) as usize;
        let token = wheel.cancel(keys[victim]);
        keys[victim] = wheel.insert(deadline_ms(&mut random), token);
    }
}

/// A timer is set, and comes due. Time goes on by the same steps, however many there are.
pub fn insert_and_expire(times: u32) {
    let (mut wheel, mut random, mut due) = (Wheel::new(START_MS), Random::new(), Vec::new());
    for token in 0..times {
        wheel.insert(deadline_ms(&mut random), token);
    }
    let mut expired = 0;
    for now_ms in (START_MS..=START_MS + SPAN_MS).step_by(10) {
        loop {
            let has_more = wheel.poll(now_ms, POLL_LIMIT, &mut due);
            expired += due.drain(..).count();
            if !has_more {
                break;
            }
        }
    }
    assert!(wheel.is_empty() && expired == times as usize, "{expired} of {times} have come due");
}

fn deadline_ms(random: &mut Random) -> u64 {
    START_MS + 1 + random.below(SPAN_MS)
}
