//! How often one session may change something, open a stream and have read what it missed, and how often one address, or
//! anybody for one account, may log in.
//!
//! What is refused here has reached nothing else: it costs little, and no idempotency key remembers it.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use holdfast_engine::clock::Clock;
use holdfast_engine::core::id::LoginSeq;
use holdfast_engine::error::Unavailable;

use crate::client::Client;
use crate::config::LimitsConfig;
use crate::error::ApiError;
use crate::metrics::names::RATE_LIMITED;

/// The most addresses, and the most accounts, whose logins are counted at once. A login beyond them is refused as overloaded.
const KEYS_MAX: usize = 1 << 20;

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// The rates of all callers.
pub struct Rates {
    /// `None` where limits are switched off.
    limits: Option<Limits>,
}

struct Limits {
    /// By session. Sessions have a bound of their own, `sessions.live_max`.
    mutations: Limit<LoginSeq>,
    /// By session, likewise.
    streams: Limit<LoginSeq>,
    /// By session, likewise.
    resumes: Limit<LoginSeq>,
    /// By 128 bits of a hash of the user's name: names are long, and only equality matters.
    logins_per_user: Limit<u128>,
    /// By the client's network, see [`Client::network`].
    logins_per_address: Limit<IpAddr>,
    /// By a hash of the account's name, likewise.
    logins_per_account: Limit<u128>,
}

impl Rates {
    /// The rates that `config` sets, by the time that `clock` tells.
    pub fn new(config: &LimitsConfig, clock: &Arc<dyn Clock>) -> Rates {
        let per_second = |number: u32| Quota::per_second(not_zero(number));
        let per_minute = |number: u32| Quota::per_minute(not_zero(number));
        let mutations = per_second(config.mutations_per_second).allow_burst(not_zero(config.mutations_burst));
        let limits = || Limits {
            mutations: Limit::new("mutations", mutations, clock),
            streams: Limit::new("streams_opened", mutations, clock),
            resumes: Limit::new("resumes", per_minute(config.resumes_per_minute), clock),
            logins_per_user: Limit::new("logins_per_user", mutations, clock),
            logins_per_address: Limit::new(
                "logins_per_address",
                per_minute(config.logins_per_minute_per_address),
                clock,
            ),
            logins_per_account: Limit::new(
                "logins_per_account",
                per_minute(config.logins_per_minute_per_account),
                clock,
            ),
        };
        Rates { limits: config.enabled.then(limits) }
    }

    /// Counts a request of `session` that changes something.
    ///
    /// # Errors
    ///
    /// [`ApiError::RateLimited`], here and below.
    pub fn mutation(&self, session: LoginSeq) -> Result<(), ApiError> {
        self.limits.as_ref().map_or(Ok(()), |limits| limits.mutations.count(&session))
    }

    /// Counts a stream or WebSocket that tells what is `session`'s own: one may open them as often as one may change
    /// something.
    pub fn stream(&self, session: LoginSeq) -> Result<(), ApiError> {
        self.limits.as_ref().map_or(Ok(()), |limits| limits.streams.count(&session))
    }

    /// Counts that `session` comes back to its stream and has read from the journal what it missed.
    pub fn resume(&self, session: LoginSeq) -> Result<(), ApiError> {
        self.limits.as_ref().map_or(Ok(()), |limits| limits.resumes.count(&session))
    }

    /// Counts a login of the user called `name`, who has proven to be that. A user may log in as often as a session may change
    /// something: a login sets tickets aside too.
    ///
    /// # Errors
    ///
    /// [`Unavailable::Overloaded`] where too many others are counted already.
    pub fn login_of(&self, name: &str) -> Result<(), ApiError> {
        let count = |limits: &Limits| limits.logins_per_user.count_within_bound(&hash_of(name));
        self.limits.as_ref().map_or(Ok(()), count)
    }

    /// Counts a login of `client` to `account`. To be called before the password is looked at, which costs far more.
    ///
    /// # Errors
    ///
    /// [`Unavailable::Overloaded`] where too many others are counted already.
    pub fn login(&self, client: &Client, account: &str) -> Result<(), ApiError> {
        let Some(limits) = &self.limits else { return Ok(()) };
        limits.count_address(client)?;
        limits.logins_per_account.count_within_bound(&hash_of(account))
    }

    /// Counts a sign-up of `client`, which costs as much as a login.
    ///
    /// # Errors
    ///
    /// Those of [`login`](Rates::login).
    pub fn sign_up(&self, client: &Client) -> Result<(), ApiError> {
        self.limits.as_ref().map_or(Ok(()), |limits| limits.count_address(client))
    }

    /// Forgets whoever has been quiet for so long that it makes no difference; to be called every few seconds, where it may
    /// take milliseconds.
    pub fn forget_the_quiet(&self) {
        if let Some(limits) = &self.limits {
            limits.mutations.forget_the_quiet();
            limits.streams.forget_the_quiet();
            limits.resumes.forget_the_quiet();
            limits.logins_per_user.forget_the_quiet();
            limits.logins_per_address.forget_the_quiet();
            limits.logins_per_account.forget_the_quiet();
        }
    }
}

impl Limits {
    fn count_address(&self, client: &Client) -> Result<(), ApiError> {
        if client.is_bounded { self.logins_per_address.count_within_bound(&client.network()) } else { Ok(()) }
    }
}

/// A rate, for each key by itself.
struct Limit<K: Clone + Hash + Eq> {
    /// Its name in the metrics.
    name: &'static str,
    limiter: RateLimiter<K, DefaultKeyedStateStore<K>, EngineTime, NoOpMiddleware<Nanos>>,
}

impl<K: Clone + Hash + Eq> Limit<K> {
    fn new(name: &'static str, quota: Quota, clock: &Arc<dyn Clock>) -> Limit<K> {
        // Seen before anybody is refused: see `metrics`.
        RATE_LIMITED.count(&[("limit", name)]).increment(0);
        let time = EngineTime(Arc::clone(clock));
        Limit { name, limiter: RateLimiter::new(quota, DefaultKeyedStateStore::default(), time) }
    }

    fn count(&self, key: &K) -> Result<(), ApiError> {
        self.limiter.check_key(key).map_err(|refusal| {
            let wait = refusal.wait_time_from(self.limiter.clock().now());
            refused(self.name, wait.as_nanos().div_ceil(NANOS_PER_SECOND) as u64)
        })
    }

    fn count_within_bound(&self, key: &K) -> Result<(), ApiError> {
        if self.limiter.len() >= KEYS_MAX {
            return Err(Unavailable::Overloaded.into());
        }
        self.count(key)
    }

    fn forget_the_quiet(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

/// The refusal of what `limit` does not let through before `retry_after_seconds` are over, counted.
pub fn refused(limit: &'static str, retry_after_seconds: u64) -> ApiError {
    RATE_LIMITED.count(&[("limit", limit)]).increment(1);
    ApiError::RateLimited { retry_after_seconds: retry_after_seconds.max(1) }
}

/// 128 bits of the hash of a name.
fn hash_of(name: &str) -> u128 {
    u128::from_le_bytes(*blake3::hash(name.as_bytes()).as_bytes().first_chunk().expect("a hash has 256 bits"))
}

/// The engine's time, for the limiters: answers and limits go by one clock, and tests move it.
struct EngineTime(Arc<dyn Clock>);

impl governor::clock::Clock for EngineTime {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::new(self.0.now_ms() * 1_000_000)
    }
}

/// A number that the configuration has checked.
fn not_zero(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}

#[cfg(test)]
mod tests {
    use holdfast_engine::clock::ManualClock;

    use super::*;

    struct Bench {
        clock: Arc<ManualClock>,
        rates: Rates,
    }

    impl Bench {
        fn new(adjust: impl FnOnce(&mut LimitsConfig)) -> Bench {
            let clock = Arc::new(ManualClock::at(1_795_341_600_000));
            let mut config = LimitsConfig::default();
            adjust(&mut config);
            let as_clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
            Bench { rates: Rates::new(&config, &as_clock), clock }
        }

        fn limits(&self) -> &Limits {
            self.rates.limits.as_ref().expect("limits")
        }

        /// How many of `attempts` go through, and the seconds that the last one is told to wait.
        fn passed(&self, attempts: u32, count: impl Fn(&Rates) -> Result<(), ApiError>) -> (u32, u64) {
            let (mut passed, mut wait) = (0, 0);
            for _ in 0..attempts {
                match count(&self.rates) {
                    Ok(()) => passed += 1,
                    Err(ApiError::RateLimited { retry_after_seconds }) => wait = retry_after_seconds,
                    Err(error) => panic!("{error:?}"),
                }
            }
            (passed, wait)
        }
    }

    fn client(address: &str, is_bounded: bool) -> Client {
        Client { address: address.parse().expect("an address"), is_bounded }
    }

    #[test]
    fn a_user_logs_in_as_often_as_a_session_may_change_something() {
        let bench = Bench::new(|_| ());
        assert_eq!(bench.passed(50, |rates| rates.login_of("ann")), (40, 1));
        assert_eq!(bench.passed(50, |rates| rates.login_of("bob")), (40, 1), "everybody has their own");
        bench.clock.advance(1_000);
        assert_eq!(bench.passed(50, |rates| rates.login_of("ann")), (20, 1));
    }

    #[test]
    fn a_session_has_a_burst_and_then_its_rate() {
        let bench = Bench::new(|_| ());
        let mutation = |rates: &Rates| rates.mutation(LoginSeq(7));
        assert_eq!(bench.passed(50, mutation), (40, 1));
        bench.clock.advance(49);
        assert_eq!(bench.passed(2, mutation), (0, 1));
        bench.clock.advance(1);
        assert_eq!(bench.passed(2, mutation), (1, 1));
        bench.clock.advance(1_000);
        assert_eq!(bench.passed(30, mutation), (20, 1));
        assert_eq!(bench.passed(1, |rates| rates.mutation(LoginSeq(8))), (1, 0), "another session is another matter");
    }

    #[test]
    fn streams_are_opened_as_often_as_things_are_changed_and_resumed_less_often() {
        let bench = Bench::new(|_| ());
        let (stream, resume) = (|rates: &Rates| rates.stream(LoginSeq(7)), |rates: &Rates| rates.resume(LoginSeq(7)));
        assert_eq!(bench.passed(50, stream), (40, 1));
        assert_eq!(bench.passed(50, resume), (30, 2));
        assert_eq!(bench.passed(1, |rates| rates.mutation(LoginSeq(7))), (1, 0), "each counts by itself");
        assert_eq!(bench.passed(1, |rates| rates.resume(LoginSeq(8))), (1, 0));
        bench.clock.advance(2_000);
        assert_eq!(bench.passed(2, resume), (1, 2));
        bench.clock.advance(62_000);
        bench.rates.forget_the_quiet();
        assert!(bench.limits().streams.limiter.is_empty() && bench.limits().resumes.limiter.is_empty());
    }

    #[test]
    fn a_rate_below_one_a_second_says_how_long_to_wait() {
        let bench = Bench::new(|_| ());
        let login = |rates: &Rates| rates.sign_up(&client("192.0.2.1", true));
        assert_eq!(bench.passed(21, login), (20, 3));
        bench.clock.advance(1);
        assert_eq!(bench.passed(1, login), (0, 3));
        bench.clock.advance(1_000);
        assert_eq!(bench.passed(1, login), (0, 2));
        bench.clock.advance(1_999);
        assert_eq!(bench.passed(2, login), (1, 3));
    }

    #[test]
    fn the_wait_is_rounded_up() {
        let bench = Bench::new(|config| (config.mutations_per_second, config.mutations_burst) = (3, 1));
        let mutation = |rates: &Rates| rates.mutation(LoginSeq(7));
        assert_eq!(bench.passed(2, mutation), (1, 1));
        bench.clock.advance(333);
        assert_eq!(bench.passed(1, mutation), (0, 1), "a third of a second is longer");
        bench.clock.advance(1);
        assert_eq!(bench.passed(1, mutation), (1, 0));
    }

    #[test]
    fn logins_are_counted_by_network_and_by_account() {
        let bench = Bench::new(|_| ());
        let login = |address: &'static str, account: &'static str| {
            move |rates: &Rates| rates.login(&client(address, true), account)
        };
        assert_eq!(bench.passed(6, login("2001:db8::1", "ann")), (5, 12));
        assert_eq!(bench.passed(1, login("192.0.2.1", "ann")), (0, 12), "from wherever");
        let mut passed = 0;
        for account in ["bob", "cat", "dan"] {
            passed += bench.passed(5, login("2001:db8::2", account)).0;
        }
        assert_eq!(passed, 14, "six came from this network before");
        let from_the_back_end = |rates: &Rates| rates.login(&client("127.0.0.1", false), "eve");
        assert_eq!(bench.passed(5, from_the_back_end), (5, 0));
        assert_eq!(bench.passed(100, |rates| rates.sign_up(&client("127.0.0.1", false))), (100, 0));
    }

    #[test]
    fn switched_off_means_no_limit_at_all() {
        let bench = Bench::new(|config| config.enabled = false);
        assert_eq!(bench.passed(1_000, |rates| rates.mutation(LoginSeq(7))), (1_000, 0));
        assert_eq!(bench.passed(1_000, |rates| rates.login(&client("192.0.2.1", true), "ann")), (1_000, 0));
        bench.rates.forget_the_quiet();
    }

    #[test]
    fn the_quiet_are_forgotten_and_nobody_else() {
        let bench = Bench::new(|_| ());
        let mutation = |rates: &Rates| rates.mutation(LoginSeq(7));
        assert_eq!(bench.passed(41, mutation), (40, 1));
        bench.rates.forget_the_quiet();
        assert_eq!(bench.passed(1, mutation), (0, 1));
        bench.clock.advance(2_050);
        bench.rates.forget_the_quiet();
        assert!(bench.limits().mutations.limiter.is_empty());
        assert_eq!(bench.passed(41, mutation), (40, 1));
    }

    #[test]
    fn beyond_the_bound_logins_are_refused_until_some_are_forgotten() {
        let bench = Bench::new(|_| ());
        for number in 0..KEYS_MAX as u128 {
            bench.limits().logins_per_account.count(&number).expect("a first login");
        }
        let login = || bench.rates.login(&client("192.0.2.1", true), "ann");
        assert!(matches!(login(), Err(ApiError::Unavailable(Unavailable::Overloaded))));
        bench.clock.advance(60_000);
        bench.rates.forget_the_quiet();
        login().expect("room");
    }
}
