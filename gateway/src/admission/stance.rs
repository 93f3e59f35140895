//! How many are let in next, from how it went: no clock, no atomics, no randomness in here.

use crate::config::OverloadConfig;

/// The limit never falls below this, or below `overload.requests_max` where that is less: fewer requests at once would not
/// fill one sync of the disk, so that even a slow disk would be kept idle.
pub const PLACES_MIN: u32 = 64;
/// The limit of a server that has just started: more than it will take where processors are few, so that a first wave is not
/// refused for nothing. If it is too much, it is known within some windows.
const PLACES_AT_START: u32 = 1_024;
/// How much the limit grows by a window in which it was used and answers were in time.
const PLACES_STEP: u32 = 8;
/// A refusal, too, is a request to read and an answer to write. With more refusals than one to so many that were let in,
/// refusals are told later, …
const ADMITTED_PER_REFUSAL: u64 = 3;
/// … and with fewer than one to so many, sooner.
const ADMITTED_PER_REFUSAL_AT_EASE: u64 = 4;
/// The shortest delay of a refusal, but none, in milliseconds.
const DELAY_MIN_MS: u32 = 20;
/// The longest, in milliseconds.
pub const DELAY_MAX_MS: u32 = 1_000;
/// Everybody, in thousandths.
const ALL: u32 = 1_000;
/// So many of those who browse are let in at least, in thousandths, as long as there are places.
const BROWSING_MIN: u32 = 20;
/// Those who are refused are told times within so many intervals at most.
const INTERVALS_MAX: u32 = 60;

/// What was seen since the last decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Requests whose answer shows how fast the server is.
    pub answered: u64,
    /// Those of them that took longer than the target.
    pub slow: u64,
    /// Requests that were let in.
    pub admitted: u64,
    /// Requests that were refused.
    pub refused: u64,
    /// The most requests that were under way at once.
    pub most_under_way: u32,
    /// Whether so few came for so long that there is no crowd.
    pub is_calm: bool,
}

/// How many are let in, and what is told to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stance {
    /// The most requests under way; each class has its share of them.
    pub places: u32,
    /// How many of a thousand requests that only look are let in.
    pub browsing_permille: u32,
    /// By how much refusals are told later, in milliseconds.
    pub delay_ms: u32,
    /// For each thousand requests that are let in, so many are refused; smoothed.
    pub excess_permille: u32,
}

impl Stance {
    /// How a server begins.
    pub fn at_start(config: &OverloadConfig) -> Stance {
        let places = PLACES_AT_START.min(config.requests_max);
        Stance { places, browsing_permille: ALL, delay_ms: 0, excess_permille: 0 }
    }

    /// The stance after `window`.
    ///
    /// The limit adapts by additive increase and multiplicative decrease, as TCP does to congestion (Chiu and Jain,
    /// "Analysis of the Increase and Decrease Algorithms for Congestion Avoidance", 1989; for servers, Netflix's
    /// concurrency-limits, `AIMDLimit` over windows): a tenth fewer where more than one answer in ten was slow, half
    /// where more than half were, a few more where few were and the limit was used. Where it was not used, nothing is known about what lies beyond it.
    pub fn after(self, window: &Window, config: &OverloadConfig) -> Stance {
        if window.is_calm {
            // What is slow or refused now is not so for the number of requests.
            let excess_permille = self.excess_after(window);
            return Stance { excess_permille, places: self.places, browsing_permille: ALL, delay_ms: 0 };
        }
        let is_slow = window.slow * 10 > window.answered;
        Stance {
            places: self.places_after(window, is_slow, config.requests_max),
            browsing_permille: self.browsing_after(is_slow),
            delay_ms: self.delay_after(window),
            excess_permille: self.excess_after(window),
        }
    }

    fn places_after(self, window: &Window, is_slow: bool, most: u32) -> u32 {
        let is_used = window.most_under_way >= self.places / 2;
        let places = match (is_slow, is_used) {
            (true, _) if window.slow * 2 > window.answered => self.places / 2,
            (true, _) => self.places - self.places / 10,
            (false, true) => self.places + PLACES_STEP,
            (false, false) => self.places,
        };
        places.clamp(PLACES_MIN.min(most), most)
    }

    /// Requests that only look are never under way for long, so that the limit does not hold them; but they keep the
    /// processors from the others.
    fn browsing_after(self, is_slow: bool) -> u32 {
        if is_slow {
            (self.browsing_permille * 7 / 10).max(BROWSING_MIN)
        } else {
            (self.browsing_permille + ALL / 20).min(ALL)
        }
    }

    /// A client that asks again at once, whatever it was told, costs the server a refusal each time. Told later, it asks
    /// less often.
    fn delay_after(self, window: &Window) -> u32 {
        if window.refused * ADMITTED_PER_REFUSAL > window.admitted {
            (self.delay_ms * 3 / 2).clamp(DELAY_MIN_MS, DELAY_MAX_MS)
        } else if window.refused * ADMITTED_PER_REFUSAL_AT_EASE < window.admitted || window.refused == 0 {
            Some(self.delay_ms * 4 / 5).filter(|delay_ms| *delay_ms >= DELAY_MIN_MS).unwrap_or(0)
        } else {
            self.delay_ms
        }
    }

    fn excess_after(self, window: &Window) -> u32 {
        let most = u64::from(ALL * INTERVALS_MAX);
        let seen = (window.refused * u64::from(ALL) / window.admitted.max(1)).min(most) as u32;
        (self.excess_permille * 7 + seen) / 8
    }

    /// How long the refusal of one who can wait is kept back, in milliseconds: half as long to half as long again, so that those
    /// who were refused together do not ask again together. `dice` is any number, another one each time.
    pub fn delay_ms(self, dice: u64) -> u64 {
        let delay_ms = u64::from(self.delay_ms);
        delay_ms / 2 + mixed(dice) % (delay_ms + 1)
    }

    /// When one who is refused is told to come back, in seconds; `dice` as above.
    ///
    /// Fair to all who are refused: where k times as many are refused as are let in, the times are spread evenly over k + 1
    /// intervals of `overload.retry_after_seconds`, which is what it takes to let them all in at the present rate.
    pub fn retry_after_seconds(self, config: &OverloadConfig, dice: u64) -> u32 {
        let intervals = 1 + self.excess_permille.div_ceil(ALL).clamp(1, INTERVALS_MAX - 1);
        let seconds = u64::from(config.retry_after_seconds) * u64::from(intervals);
        let spread = seconds - u64::from(config.retry_after_seconds) + 1;
        config.retry_after_seconds + (mixed(dice) % spread) as u32
    }

    /// Whether one of those who only look is let in; `dice` as above.
    pub fn lets_browse(self, dice: u64) -> bool {
        self.browsing_permille >= ALL || mixed(dice) % u64::from(ALL) < u64::from(self.browsing_permille)
    }
}

/// SplitMix64: makes numbers that follow each other look like none do.
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(requests_max: u32, retry_after_seconds: u32) -> OverloadConfig {
        OverloadConfig { requests_max, retry_after_seconds, ..OverloadConfig::default() }
    }

    /// A window in which a hundred answers came, `slow` of them late.
    fn window(slow: u64, most_under_way: u32) -> Window {
        Window { answered: 100, slow, admitted: 100, most_under_way, ..Window::default() }
    }

    fn played(mut stance: Stance, times: u32, window: &Window, config: &OverloadConfig) -> Stance {
        for _ in 0..times {
            stance = stance.after(window, config);
        }
        stance
    }

    #[test]
    fn the_limit_grows_by_steps_while_it_is_used_and_answers_are_in_time() {
        let config = config(1_200, 1);
        let start = Stance::at_start(&config);
        assert_eq!(start.places, 1_024);
        assert_eq!(start.after(&window(10, 512), &config).places, 1_032, "one in ten may be late");
        assert_eq!(start.after(&window(0, 511), &config).places, 1_024, "nobody knows what lies beyond");
        assert_eq!(played(start, 100, &window(0, 1_200), &config).places, 1_200, "and never beyond requests_max");
    }

    #[test]
    fn the_limit_falls_by_a_tenth_or_a_half_a_window_down_to_its_floor() {
        let config = config(4_096, 1);
        let start = Stance::at_start(&config);
        assert_eq!(start.after(&window(11, 1), &config).places, 922);
        assert_eq!(start.after(&window(51, 1), &config).places, 512);
        assert_eq!(played(start, 100, &window(100, 1), &config).places, PLACES_MIN);
        let small = OverloadConfig { requests_max: 16, ..config };
        assert_eq!(played(Stance::at_start(&small), 9, &window(100, 1), &small).places, 16);
    }

    #[test]
    fn from_the_floor_it_recovers() {
        let config = config(4_096, 1);
        let fallen = played(Stance::at_start(&config), 100, &window(100, 1), &config);
        assert_eq!(played(fallen, 8, &window(0, 128), &config).places, PLACES_MIN + 64);
        assert_eq!(fallen.browsing_permille, BROWSING_MIN);
        assert_eq!(played(fallen, 20, &window(0, 1), &config).browsing_permille, ALL);
    }

    #[test]
    fn a_crowd_that_is_gone_leaves_nothing_behind() {
        let config = config(4_096, 1);
        let crowd = Window { refused: 100, ..window(100, 1) };
        let crowded = played(Stance::at_start(&config), 100, &crowd, &config);
        let calm = crowded.after(&Window { answered: 3, slow: 1, is_calm: true, ..Window::default() }, &config);
        assert_eq!((calm.places, calm.browsing_permille, calm.delay_ms), (PLACES_MIN, ALL, 0));
    }

    #[test]
    fn refusals_are_told_later_while_there_are_many() {
        let config = config(4_096, 1);
        let start = Stance::at_start(&config);
        let many = Window { refused: 100, ..window(0, 1) };
        assert_eq!(start.after(&many, &config).delay_ms, DELAY_MIN_MS);
        let crowd = played(start, 20, &many, &config);
        assert_eq!(crowd.delay_ms, DELAY_MAX_MS);
        let few = Window { refused: 30, ..window(0, 1) };
        assert_eq!(crowd.after(&few, &config).delay_ms, DELAY_MAX_MS, "this is what the delay was for");
        assert_eq!(played(crowd, 30, &window(0, 1), &config).delay_ms, 0);
        assert_eq!(played(crowd, 30, &Window::default(), &config).delay_ms, 0, "also when nobody comes");
        assert_eq!(start.after(&few, &config).delay_ms, 0);
    }

    #[test]
    fn those_refused_together_are_not_told_together() {
        let stance = Stance { delay_ms: 100, ..Stance::at_start(&config(16, 1)) };
        let told: std::collections::BTreeSet<u64> = (0..10_000).map(|dice| stance.delay_ms(dice)).collect();
        assert_eq!((told.len(), told.first(), told.last()), (101, Some(&50), Some(&150)));
    }

    #[test]
    fn times_to_come_back_are_spread_evenly_over_what_it_takes_to_let_all_in() {
        for (retry_after_seconds, excess_permille, last) in
            [(1, 0, 2), (1, 1_000, 2), (1, 3_500, 5), (2, 3_000, 8), (1, 60_000, 60), (3_600, 60_000, 216_000)]
        {
            let config = config(16, retry_after_seconds);
            let stance = Stance { excess_permille, ..Stance::at_start(&config) };
            let told: Vec<u32> = (0..10_000).map(|dice| stance.retry_after_seconds(&config, dice)).collect();
            assert!(told.iter().all(|told| (retry_after_seconds..=last).contains(told)), "{stance:?}");
            let mean = told.iter().map(|told| f64::from(*told)).sum::<f64>() / 10_000.0;
            let middle = f64::from(retry_after_seconds + last) / 2.0;
            assert!((mean / middle - 1.0).abs() < 0.02, "{mean} is far from {middle}: {stance:?}");
        }
    }

    #[test]
    fn the_more_are_refused_the_later_they_are_told_to_come_back() {
        let config = config(16, 1);
        let crowd = Window { admitted: 100, refused: 900, ..Window::default() };
        let stance = played(Stance::at_start(&config), 60, &crowd, &config);
        assert!((8_900..=9_000).contains(&stance.excess_permille), "{stance:?}");
        let nobody_let_in = Window { refused: 900, ..Window::default() };
        let stance = played(stance, 60, &nobody_let_in, &config);
        assert!(stance.excess_permille > 59_000, "{stance:?}");
        assert!(played(stance, 60, &window(0, 1), &config).excess_permille < 100);
    }

    #[test]
    fn of_those_who_only_look_the_right_share_is_let_in() {
        let stance = |browsing_permille| Stance { browsing_permille, ..Stance::at_start(&config(16, 1)) };
        let let_in = |permille| (0..10_000).filter(|dice| stance(permille).lets_browse(*dice)).count();
        assert_eq!(let_in(1_000), 10_000);
        assert!((2_850..3_150).contains(&let_in(300)), "{}", let_in(300));
    }
}
