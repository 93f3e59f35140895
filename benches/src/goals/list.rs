//! The goals, and what measures each of them.

use crate::goals::arguments::Size;
use crate::goals::goal::{Bound, Goal, Unit, Value};
use crate::goals::run::{Reading, Run, Source, Work};
use crate::goals::server;
use crate::goals::sources::{criterion, figure, long, nanoseconds, peer, peers, per_second, rounds};
use crate::goals::units::{
    BYTES, COMMANDS, KILOBYTES, MICROSECONDS, MILLISECONDS, NANOSECONDS, PARTS_OF_MS, SECONDS, THOUSAND_LOGINS,
    THOUSAND_UNITS, TIMERS, TIMES, UNITS,
};

use Bound::{AtLeast, AtMost, Told};

/// All goals, in their order.
pub fn goals(size: Size) -> Vec<Goal> {
    [
        core(size),
        wheel(size),
        actor(size),
        engine(size),
        http(size),
        many(size),
        line(size),
        waves(size),
        recovery(size),
        streams(size),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn core(size: Size) -> Vec<Goal> {
    let large = size.choose("10000000", "100000");
    let unit = |live: &str| {
        let environment = vec![("HOLDFAST_BENCH_LIVE", large.to_owned())];
        let run = criterion(size, "core", &format!("core/hold_and_confirm/live_holds/{live}$"), environment);
        (run, format!("core_hold_and_confirm/live_holds/{live}"))
    };
    let refusal = criterion(size, "core", "core/refusal_sold_out/live_holds/1000$", Vec::new());
    vec![
        goal("core", "≥ 4 M units/s a core", Value::Figure(per_second(unit("1000")), UNITS), AtLeast(4e6)),
        goal(
            "core",
            "a refusal ≤ 50 ns",
            Value::Figure(nanoseconds((refusal, "core_refusal_sold_out/live_holds/1000".to_owned())), NANOSECONDS),
            AtMost(50.0),
        ),
        goal(
            "core",
            "the cost of a unit flat from 1,000 to 10 M live holds, ≤ 3 ×",
            Value::Ratio(nanoseconds(unit(large)), nanoseconds(unit("1000")), NANOSECONDS),
            AtMost(3.0),
        ),
    ]
}

fn wheel(size: Size) -> Vec<Goal> {
    let run = |count: &str, group: &str, name: &str| {
        let environment = vec![("HOLDFAST_BENCH_TIMERS", count.to_owned())];
        let filter = format!("wheel/{group}/{name}/{count}$");
        (criterion(size, "wheel", &filter, environment), format!("wheel_{group}/{name}/{count}"))
    };
    let whole_life = |count: &str, name: &str| per_second(run(count, "whole_life", name));
    let [million, ten_million] = [size.choose("1000000", "10000"), size.choose("10000000", "100000")];
    let (insert, _) = run(million, "insert_and_cancel", "wheel");
    let beside_queue = |count: &str| Value::Ratio(whole_life(count, "wheel"), whole_life(count, "delay_queue"), TIMERS);
    vec![
        goal("wheel", "≥ 2 × DelayQueue with 1 M live timers, whole life", beside_queue(million), AtLeast(2.0)),
        goal("wheel", "≥ 2 × DelayQueue with 10 M", beside_queue(ten_million), AtLeast(2.0)),
        goal("wheel", "≤ 32 bytes a timer", figure(insert, "wheel/bytes_each", BYTES), AtMost(32.0)),
        goal(
            "wheel",
            "a fixed-length timer close to a plain lane: taken as ≥ 0.5 ×",
            Value::Ratio(whole_life(million, "wheel_fixed_length"), whole_life(million, "lane"), TIMERS),
            AtLeast(0.5),
        ),
    ]
}

fn actor(size: Size) -> Vec<Goal> {
    let run = |name: &str| {
        let run = criterion(size, "actor", &format!("actor/round_trip/{name}$"), Vec::new());
        per_second((run, format!("actor_round_trip/{name}")))
    };
    let value = Value::Ratio(run("engine_refusal"), run("bare_actix"), COMMANDS);
    vec![goal("actor", "≥ 0.9 × a bare actix round trip that does nothing", value, AtLeast(0.9))]
}

fn engine(size: Size) -> Vec<Goal> {
    let run = |group: &str, name: &str| {
        let run = criterion(size, "engine", &format!("engine/{group}/{name}$"), Vec::new());
        per_second((run, format!("engine_{group}/{name}")))
    };
    let level = "durable engine";
    let single = |place: &str| run("single_calls", &format!("{place}/1024"));
    let calls = |place: &str| run("calls_of_64", &format!("{place}/64"));
    vec![
        goal(level, "≥ 300,000 units/s, 1,024 clients", Value::Figure(single("durable"), UNITS), AtLeast(3e5)),
        goal(level, "≥ 1 M units/s in calls of 64", Value::Figure(calls("durable"), UNITS), AtLeast(1e6)),
        goal(
            level,
            "≥ 0.7 × the same not durable (tmpfs), 1,024 clients",
            Value::Ratio(single("durable"), single("tmpfs"), UNITS),
            AtLeast(0.7),
        ),
        goal(
            level,
            "≥ 0.7 × the same not durable (tmpfs), calls of 64",
            Value::Ratio(calls("durable"), calls("tmpfs"), UNITS),
            AtLeast(0.7),
        ),
        goal(level, "≥ 3 × TigerBeetle", peers("holdfast-engine-64x64", "tigerbeetle"), AtLeast(3.0)),
        goal(
            level,
            "≥ 15 × Redis `always`, pipelined",
            peers("holdfast-engine-64x64", "redis-always-pipelined"),
            AtLeast(15.0),
        ),
        goal(level, "≥ 250 × PostgreSQL", peers("holdfast-engine-1024", "postgres-counter"), AtLeast(250.0)),
    ]
}

fn http(size: Size) -> Vec<Goal> {
    let level = "HTTP, durable";
    let half = Run { work: Work::HalfOfThePeak(size.choose(10, 1)), environment: Vec::new(), is_long: false };
    let alone = |name| Value::Figure(peer(name), THOUSAND_UNITS);
    vec![
        goal(level, "≥ 0.9 × a JSON echo by axum", peers("holdfast-http", "axum-echo"), AtLeast(0.9)),
        goal(level, "p99 ≤ 3 ms at half of the peak", figure(half, server::P99_AT_HALF, PARTS_OF_MS), AtMost(3.0)),
        goal(level, "≥ 200 × what it replaces, which does 100 units/s", alone("holdfast-http"), AtLeast(20_000.0)),
        goal(level, "≥ 150,000 units/s in batches of 1,000", alone("holdfast-http-batch-1000"), AtLeast(150_000.0)),
    ]
}

fn many(size: Size) -> Vec<Goal> {
    let run = |events: u32| {
        let run = criterion(size, "engine", &format!("engine/many_events/events/{events}$"), Vec::new());
        per_second((run, format!("engine_many_events/events/{events}")))
    };
    let memory = |name| {
        let environment = vec![("HOLDFAST_BENCH_COUNT", size.choose("1000000", "10000").to_owned())];
        figure(long("memory", environment), name, BYTES)
    };
    vec![
        goal("many events", "1,000 events ≥ 0.7 × one", Value::Ratio(run(1_000), run(1), UNITS), AtLeast(0.7)),
        goal("many events", "100,000 idle events ≤ 2 KB each", memory("memory/idle event"), AtMost(2_000.0)),
        goal("memory", "≤ 128 bytes a live hold, all in", memory("memory/live hold"), AtMost(128.0)),
        goal("memory", "≤ 64 bytes a waiting user", memory("memory/place in line"), AtMost(64.0)),
        goal("memory", "≤ 256 bytes a session (with its user)", memory("memory/user and session"), AtMost(256.0)),
    ]
}

fn line(size: Size) -> Vec<Goal> {
    let waiting = size.choose("1000000", "10000");
    let run = |name: &str| {
        let environment = vec![("HOLDFAST_BENCH_WAITING", waiting.to_owned())];
        let run = criterion(size, "queue", &format!("queue/{name}/waiting/{waiting}$"), environment);
        nanoseconds((run, format!("queue_{name}/waiting/{waiting}")))
    };
    vec![
        goal("line", "a place ≤ 1 µs with 1 M waiting", Value::Figure(run("place"), MICROSECONDS), AtMost(1_000.0)),
        goal(
            "line",
            "a grant in the step of its release, 1 M waiting",
            Value::Figure(run("release_and_grant"), MICROSECONDS),
            Told,
        ),
    ]
}

fn waves(size: Size) -> Vec<Goal> {
    let logins = vec![("HOLDFAST_BENCH_LOGINS", size.choose("1000000", "20000").to_owned()), rounds(size)];
    let wave = |name| Source { run: long("login_wave", logins.clone()), reading: Reading::Figure(name) };
    let holds = vec![("HOLDFAST_BENCH_HOLDS", size.choose("1000000", "20000").to_owned()), rounds(size)];
    let storm = |name, unit| figure(long("storm", holds.clone()), name, unit);
    vec![
        goal(
            "login wave",
            "1 M logins on an event of 10,000 tickets ≥ 0.8 × the rate of 10,000",
            Value::Ratio(wave("login_wave/large_per_second"), wave("login_wave/small_per_second"), THOUSAND_LOGINS),
            AtLeast(0.8),
        ),
        goal(
            "expiry cliff",
            "1 M holds due in one tick: p99 of other commands on the event ≤ 2 × usual",
            storm("storm/p99_of_usual", TIMES),
            AtMost(2.0),
        ),
        goal("expiry cliff", "all granted to a line ≤ 2 s", storm("storm/all_granted_seconds", SECONDS), AtMost(2.0)),
        goal("expiry cliff", "all free ≤ 2 s", storm("storm/all_free_seconds", SECONDS), AtMost(2.0)),
    ]
}

fn recovery(size: Size) -> Vec<Goal> {
    let environment = vec![
        ("HOLDFAST_BENCH_CHANGES", size.choose("10000000", "1000000").to_owned()),
        ("HOLDFAST_BENCH_HOLDS", size.choose("1000000", "10000").to_owned()),
        rounds(size),
    ];
    let told = |name, unit| figure(long("recovery", environment.clone()), name, unit);
    let changes = Unit { name: "M changes/s", ..UNITS };
    let holds = Unit { name: "M holds/s", ..UNITS };
    vec![
        goal("recovery", "≥ 3 M changes/s replayed", told("recovery/changes_per_second", changes), AtLeast(3e6)),
        goal("recovery", "… of reading the same file plainly", told("recovery/journal, of_plain_reading", TIMES), Told),
        goal(
            "recovery",
            "≥ 5 M holds/s from a snapshot",
            told("recovery/holds alone, holds_per_second", holds),
            AtLeast(5e6),
        ),
        goal("recovery", "… with users and sessions", told("recovery/state, holds_per_second", holds), Told),
    ]
}

fn streams(size: Size) -> Vec<Goal> {
    let mut words = vec!["cargo", "run", "--release", "-p", "holdfast-benches", "--bin", "holdfast-streams", "--"];
    words.extend(size.choose(["--streams", "10000"], ["--streams", "200"]));
    words.extend(size.choose(["--seconds", "30"], ["--seconds", "2"]));
    let run = Run {
        work: Work::Command(words.into_iter().map(str::to_owned).collect()),
        environment: Vec::new(),
        is_long: true,
    };
    let told = |name, unit| figure(run.clone(), name, unit);
    let mut goals = Vec::new();
    for (memory, delay, text) in [
        ("streams/event, kilobytes", "streams/event, newest_change_ms_max", "of an event"),
        ("streams/session, kilobytes", "streams/session, newest_change_ms_max", "of a session"),
        ("streams/socket, kilobytes", "streams/socket, newest_change_ms_max", "by WebSocket"),
    ] {
        goals.push(goal("streams", &format!("10,000 {text} ≤ 16 KB each"), told(memory, KILOBYTES), AtMost(16.0)));
        let text = format!("10,000 {text}: a change at all of them within 250 ms");
        goals.push(goal("streams", &text, told(delay, MILLISECONDS), AtMost(250.0)));
    }
    goals
}

fn goal(level: &'static str, text: &str, value: Value, bound: Bound) -> Goal {
    Goal { level, text: text.to_owned(), value, bound }
}

#[cfg(test)]
mod tests {
    use super::goals;
    use crate::goals::arguments::Size;
    use crate::goals::run::Work;

    #[test]
    fn every_bench_that_is_started_is_there() {
        let manifest = include_str!("../../Cargo.toml");
        for size in [Size::Full, Size::Small] {
            for goal in goals(size) {
                for source in goal.value.sources() {
                    let Work::Command(words) = &source.run.work else { continue };
                    let Some(place) = words.iter().position(|word| word == "--bench") else { continue };
                    let line = format!("name = \"{}\"", words[place + 1]);
                    assert!(manifest.contains(&line), "{}: no bench of the name {}", goal.text, words[place + 1]);
                }
            }
        }
    }

    #[test]
    fn a_small_run_has_the_same_goals() {
        let told = |size| goals(size).into_iter().map(|goal| (goal.level, goal.text)).collect::<Vec<_>>();
        assert_eq!(told(Size::Full), told(Size::Small));
    }
}
