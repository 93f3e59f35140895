//! The door, with time as a number.

use super::*;

fn door(requests_max: u32) -> Admission {
    let mut config = Config::default();
    config.overload.requests_max = requests_max;
    config.overload.latency_target_ms = 10;
    config.overload.retry_after_seconds = 2;
    Admission::new(&config)
}

/// Lets in as many of a class as the door does.
fn fill(door: &Admission, class: Class) -> Vec<UnderWay<'_>> {
    std::iter::from_fn(|| door.enter(class, 0, 0.0).ok()).collect()
}

#[test]
fn what_matters_more_has_places_where_what_matters_less_has_none() {
    let door = door(20);
    let mut under_way = Vec::new();
    for (class, places_taken) in [(Class::Logins, 14), (Class::Holds, 18), (Class::Completions, 20)] {
        under_way.extend(fill(&door, class));
        assert_eq!(under_way.len(), places_taken, "{class:?}");
        assert!(door.enter(Class::Browsing, 0, 0.0).is_err());
    }
    assert!(door.enter(Class::Operations, 0, 9.0).is_ok(), "whoever looks after the server sees it");
    assert!(door.enter(Class::Organisers, 0, 0.0).is_err(), "but no more than overload.requests_max work at once");
    under_way.truncate(9);
    assert!(door.enter(Class::Browsing, 0, 0.0).is_ok(), "whoever is answered makes room");
}

#[test]
fn the_engines_pressure_closes_the_door_to_those_who_matter_less_first() {
    let door = door(20);
    for (pressure, let_in) in [(0.49, 7), (0.5, 6), (0.7, 5), (0.9, 3), (2.0, 3)] {
        let count = Class::ALL.iter().filter(|class| door.enter(**class, 0, pressure).is_ok()).count();
        assert_eq!(count, let_in, "{pressure}");
    }
}

#[test]
fn a_refused_request_takes_no_place() {
    let door = door(20);
    let holds = fill(&door, Class::Holds);
    for _ in 0..100 {
        assert!(door.enter(Class::Holds, 0, 0.0).is_err());
    }
    drop(holds);
    assert_eq!(fill(&door, Class::Holds).len(), 18);
}

#[test]
fn slow_answers_lower_the_limit_and_fast_ones_raise_it_again() {
    let door = door(1_000);
    let play = |windows: u64, took_ms: u64, sync_ms: u64| {
        for _ in 0..windows {
            let now_ms = door.window_since_ms.load(Ordering::Relaxed) + WINDOW_MS;
            let came_ms = now_ms - 1 - took_ms;
            let mut under_way: Vec<_> = (0..100).map(|_| door.enter(Class::Completions, came_ms, 0.0)).collect();
            let last = under_way.pop().expect("a hundred").expect("a place");
            for request in under_way {
                request.expect("a place").answered(true, sync_ms, now_ms - 1);
            }
            // A little slower than the others, it closes the window.
            last.answered(true, sync_ms, now_ms);
        }
        door.stance().places
    };
    assert_eq!(play(1, 0, 0), 1_000, "it was not used, and says nothing");
    assert_eq!(play(20, 11, 0), stance::PLACES_MIN, "11 ms are more than 10");
    assert_eq!(play(5, 10, 0), stance::PLACES_MIN + 40);
    assert_eq!(play(1, 20, 5), stance::PLACES_MIN + 48, "two syncs of 5 ms are the disk's");
}

#[test]
fn a_slow_client_is_no_slow_server() {
    let door = door(1_000);
    for _ in 0..100 {
        let slow = door.enter(Class::Holds, 0, 0.0).expect("a place");
        slow.arrival().is_complete(9_999);
        slow.answered(true, 0, 10_000);
        let refused_unread = door.enter(Class::Holds, 0, 0.0).expect("a place");
        refused_unread.answered(false, 0, 10_000);
    }
    door.look_back(10_001);
    assert_eq!(door.stance().places, 1_000);
}

#[test]
fn many_refusals_are_told_late_but_never_to_those_who_complete() {
    let door = door(16);
    let _under_way = fill(&door, Class::Completions);
    let told = |class, now_ms| door.enter(class, now_ms, 0.0).expect_err("no place");
    assert_eq!(told(Class::Holds, 1).delay, Duration::ZERO);
    for now_ms in 0..10_000 {
        let refusal = told(Class::Holds, now_ms);
        assert!(refusal.delay <= Duration::from_millis(1_500));
        assert!((2..=120).contains(&refusal.retry_after_seconds), "{refusal:?}");
    }
    let delay = told(Class::Browsing, 10_000).delay.as_millis() as u32;
    assert!((stance::DELAY_MAX_MS / 2..=stance::DELAY_MAX_MS * 3 / 2).contains(&delay), "{delay}");
    assert_eq!(told(Class::Completions, 10_000).delay, Duration::ZERO);
    assert_eq!(told(Class::Organisers, 10_000).delay, Duration::ZERO);
    let kept_back: Vec<_> = (0..6_000).map(|_| door.keep_back()).collect();
    assert_eq!(told(Class::Holds, 10_000).delay, Duration::ZERO, "half of 12,000 connections are for others");
    drop(kept_back);
    assert_ne!(told(Class::Holds, 10_000).delay, Duration::ZERO);
    door.connections().store(10_800, Ordering::Relaxed);
    let refusal = told(Class::Holds, 10_000);
    assert_eq!((refusal.delay, refusal.closes), (Duration::ZERO, true), "streams have nearly all connections");
}

#[test]
fn a_server_is_overloaded_once_it_has_refused_holds_for_seconds_on_end() {
    let door = door(16);
    let _under_way = fill(&door, Class::Completions);
    let refuse = |now_ms| assert!(door.enter(Class::Holds, now_ms, 0.0).is_err());
    (10_000..15_000).step_by(500).for_each(refuse);
    assert!(!door.is_overloaded(14_500), "a short rush is nothing");
    refuse(15_000);
    assert!(door.is_overloaded(15_000));
    assert!(door.is_overloaded(16_000));
    assert!(!door.is_overloaded(16_001), "a second without a refusal is a relief");
    refuse(16_500);
    assert!(!door.is_overloaded(16_500), "and a new rush begins anew");
    assert!(door.enter(Class::Browsing, 16_501, 0.0).is_err());
}

#[test]
fn refused_connections_are_closed_where_connections_are_scarce() {
    let door = door(16);
    let _under_way = fill(&door, Class::Completions);
    let closes = |open| {
        door.connections().store(open, Ordering::Relaxed);
        door.enter(Class::Holds, 0, 0.0).expect_err("no place").closes
    };
    assert!(!closes(10_799));
    assert!(closes(10_800), "nine tenths of 12,000");
}
