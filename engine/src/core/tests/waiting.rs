//! What is known of a wait: the estimate, and the time by which it is over.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::row::{Ask, Row, Wish};
use super::shell::{START_MS, Shell};
use super::{check, rows};
use crate::core::id::{HoldNumber, TypeIndex, UserNumber};

#[test]
fn a_wait_ends_when_all_holds_of_those_before_must_have_ended() {
    check(
        "event general=1 vip=1 max_extensions=0
        ann hold 1
        advance 100s
        gil hold 1 vip
        bob join
        cay join
        bob wait     -> eta unknown by 600s
        cay wait     -> eta unknown by 1200s
        dan join vip
        dan wait vip -> eta unknown by 700s
        advance 500s
        bob see #3   -> held #3 1 general until 1200s
        cay wait     -> eta unknown by 1200s",
    );
}

#[test]
fn holds_that_may_be_extended_count_with_all_their_extensions() {
    check(
        "event general=1 max_extensions=1
        ann hold 1
        bob join
        cay join
        bob wait      -> eta unknown by 1200s
        cay wait      -> eta unknown by 2400s
        advance 599s
        ann extend #1 -> held #1 1 until 1199s
        bob wait      -> eta unknown by 1200s
        cay wait      -> eta unknown by 2400s",
    );
    check(
        "event general=1 max_extensions=9 max_hold_lifetime_seconds=1000
        ann hold 1
        bob join
        cay join
        bob wait -> eta unknown by 1000s
        cay wait -> eta unknown by 2000s",
    );
}

#[test]
fn a_hold_that_has_ended_keeps_nobody_waiting() {
    check(
        "event general=2 max_extensions=0
        ann hold 1
        advance 100s
        bob hold 1
        cay join 2
        cay wait       -> eta unknown by 700s
        bob confirm #2
        cay wait       -> eta unknown by unknown
        eve join
        eve wait       -> eta unknown by 1200s",
    );
}

#[test]
fn nothing_is_known_while_nobody_is_served() {
    check(
        "event general=1 status=scheduled lobby=1
        ann join
        ann wait -> eta unknown by unknown
        bob join
        open
        bob wait -> eta unknown by 1800s
        pause
        bob wait -> eta unknown by unknown
        advance 60s
        resume
        bob wait -> eta unknown by 1860s",
    );
}

#[test]
fn there_is_no_bound_where_the_sale_closes_before_it_or_it_is_far_away() {
    check(
        "event general=1 closes_at=1900s
        ann hold 1
        bob join
        cay join
        bob wait -> eta unknown by 1800s
        cay wait -> eta unknown by unknown",
    );
    let joins = rows(1..=1_441, |user| format!("u{user} join"));
    check(&format!(
        "event general=1
        ann hold 1
        {joins}
        u1 wait    -> eta unknown by 1800s
        u1440 wait -> eta unknown by 2592000s
        u1441 wait -> eta unknown by unknown"
    ));
}

#[test]
fn an_organiser_moves_the_bound() {
    check(
        "event general=1 max_extensions=0
        ann hold 1
        bob join
        admin extend #1 300s
        bob wait                   -> eta unknown by 900s
        admin set max_extensions 1 -> done
        bob wait                   -> eta unknown by 1500s",
    );
}

/// Each of sixty users gives back after twenty seconds, and the next is served.
fn moving_line() -> String {
    let joins = rows(1..=200, |user| format!("u{user} join"));
    let grants = rows(1..=60, |number| format!("advance 20s\n u{number} release #{number}"));
    format!("event general=1\n {joins}\n {grants}")
}

#[test]
fn a_line_that_moves_regularly_tells_how_long_it_takes() {
    check(&format!(
        "{}
        u62 wait  -> eta 0s to 90s by
        u80 wait  -> eta 210s to 510s by
        u161 wait -> eta 1500s to 2460s by",
        moving_line()
    ));
}

#[test]
fn a_stop_makes_it_unknown() {
    check(&format!(
        "{}
        u61 confirm #61    -> booked
        u62 wait           -> eta unknown by unknown
        admin capacity 2
        u62 release #62
        u64 wait           -> eta 0s to 90s by
        admin extend #63 3h
        advance 40m
        u64 wait           -> eta unknown by",
        moving_line()
    ));
}

#[test]
fn a_pause_stops_the_measure_and_a_long_one_changes_nothing() {
    check(&format!(
        "{}
        u80 wait   -> eta 210s to 510s by
        pause
        u80 wait   -> eta unknown by unknown
        advance 5h
        resume
        u80 wait   -> eta 210s to 510s by",
        moving_line()
    ));
}

#[test]
fn time_that_is_given_back_does_not_count() {
    check(&format!(
        "{}
        down 600s
        u80 wait -> eta 210s to 510s by",
        moving_line()
    ));
}

#[test]
fn after_a_restart_a_line_is_measured_anew() {
    let table = moving_line();
    let mut rows = table.lines().map(str::trim).filter(|row| !row.is_empty());
    let mut shell = Shell::new(rows.next().unwrap().strip_prefix("event").unwrap());
    rows.for_each(|row| drop(shell.run(&Row::parse(row))));
    let place = |shell: &Shell| shell.event.place_of(shell.now_ms, shell.user("u80").unwrap(), TypeIndex(0)).unwrap();
    let before = place(&shell);
    assert!(before.wait.estimate.is_some());
    shell.event.measure_anew(shell.now_ms);
    let after = place(&shell);
    assert_eq!((after.wait.estimate, after.wait.ends_by_ms), (None, before.wait.ends_by_ms));
}

#[test]
fn a_repeat_tells_what_was_told() {
    check(&format!(
        "{}
        ann key=k1 join -> waits at 140
        advance 19s
        ann key=k1 join -> again: waits at 140",
        moving_line()
    ));
}

const USERS: [&str; 8] = ["ann", "bob", "cay", "dan", "eve", "fay", "gil", "hal"];

/// What happens next to a user, or how much time passes.
#[derive(Clone, Debug)]
enum Move {
    Ask(usize, Ask),
    /// Something about the user's live hold.
    Hold(usize, Verb),
    CancelBooking(usize),
    Pass(u64),
}

#[derive(Clone, Copy, Debug)]
enum Verb {
    Confirm,
    Extend,
    Release,
}

proptest! {
    #[test]
    fn no_wait_outlasts_its_bound(words in event(), moves in vec(next_move(), 1..200)) {
        let mut watch = Watch { shell: Shell::new(&words), bounds: BTreeMap::new(), told: vec![words.clone()] };
        for next in moves {
            let kept = watch.make(&next);
            prop_assert!(kept.is_ok(), "{}\n{}", kept.unwrap_err(), watch.told.join("\n"));
        }
    }
}

/// A sale whose engine looks at each deadline, and the bounds that were told in it.
struct Watch {
    shell: Shell,
    /// The earliest bound that each waiting user was told, while nothing came between that it does not promise for.
    bounds: BTreeMap<UserNumber, u64>,
    told: Vec<String>,
}

impl Watch {
    fn make(&mut self, next: &Move) -> Result<(), String> {
        let what = match next {
            Move::Pass(by_ms) => return self.pass(*by_ms),
            Move::Ask(who, ask) => Some((*who, ask.clone())),
            Move::Hold(who, verb) => self.live_hold(USERS[*who]).map(|number| {
                let ask = match verb {
                    Verb::Confirm => Ask::Confirm(number, None),
                    Verb::Extend => Ask::Extend(number),
                    Verb::Release => Ask::Release(number),
                };
                (*who, ask)
            }),
            Move::CancelBooking(who) => self.booking(USERS[*who]).map(|number| (*who, Ask::CancelBooking(number))),
        };
        let Some((who, what)) = what else { return Ok(()) };
        self.row(&Row::Ask { who: USERS[who].to_owned(), key: None, what })
    }

    fn pass(&mut self, by_ms: u64) -> Result<(), String> {
        let until_ms = self.shell.now_ms + by_ms;
        while self.shell.now_ms < until_ms {
            let hop_ms = Some(self.shell.until_next_deadline_ms(0)).filter(|hop_ms| *hop_ms > 0);
            let left_ms = until_ms - self.shell.now_ms;
            self.row(&Row::Advance { by_ms: hop_ms.unwrap_or(left_ms).min(left_ms) })?;
        }
        Ok(())
    }

    fn row(&mut self, row: &Row) -> Result<(), String> {
        let answer = self.shell.run(row);
        self.told.push(format!("  {row} -> {answer}"));
        self.compare()
    }

    /// Compares each wait with the bound that was told, and takes down what is told now.
    fn compare(&mut self) -> Result<(), String> {
        let (event, now_ms) = (&self.shell.event, self.shell.now_ms);
        let figures = event.figures().next().unwrap();
        let line: Vec<_> = event.queue_rows().collect();
        self.bounds.retain(|user, _| line.iter().any(|(share, ..)| share.user == *user));
        let (mut is_short, mut latest_ms) = (false, 0);
        for (share, min_quantity, _) in line {
            let enough = if min_quantity == 0 { share.quantity } else { min_quantity };
            is_short |= figures.capacity - figures.booked < enough;
            let is_away = event.is_passed_over(share.user, share.ticket_type);
            if is_short || is_away {
                self.bounds.remove(&share.user);
            }
            let bound_ms = self.bounds.get(&share.user).copied().unwrap_or(u64::MAX);
            if now_ms >= bound_ms {
                return Err(format!("user {} waits after {}", share.user.0, bound_ms - START_MS));
            }
            let place = event.place_of(now_ms, share.user, share.ticket_type).unwrap();
            let Some(told_ms) = place.wait.ends_by_ms else { continue };
            if is_away {
                return Err("a bound for who is passed over".to_owned());
            }
            if told_ms > bound_ms || told_ms < latest_ms {
                return Err(format!("user {} had {bound_ms}, and now {told_ms} after {latest_ms}", share.user.0));
            }
            latest_ms = told_ms;
            if !is_short {
                self.bounds.insert(share.user, told_ms);
            }
        }
        Ok(())
    }

    fn live_hold(&self, name: &str) -> Option<u32> {
        let holds = self.shell.event.holds_of(self.shell.now_ms, self.shell.user(name)?);
        holds.iter().find(|hold| hold.state.as_str() == "held").map(|hold| hold.number.0)
    }

    fn booking(&self, name: &str) -> Option<u32> {
        let bookings = self.shell.event.bookings_of(self.shell.now_ms, self.shell.user(name)?);
        let standing = bookings.iter().find(|booking| booking.cancelled_at_ms.is_none());
        standing.map(|booking| HoldNumber(booking.number.0).0)
    }
}

fn event() -> impl Strategy<Value = String> {
    let (length, lives) = (prop_oneof![Just(7_u32), Just(60), Just(600)], 1_u32..=3);
    let presence_seconds = prop_oneof![3 => Just(0_u32), 1 => 1_u32..600];
    (1_u32..=4, 0_u32..=3, length, lives, presence_seconds).prop_map(
        |(tickets, extensions, length, lives, presence)| {
            let lifetime = length * lives - if lives > 1 { length / 2 } else { 0 };
            format!(
                "general={tickets} max_per_hold=3 max_per_user=5 max_extensions={extensions} hold_seconds={length} \
             max_hold_lifetime_seconds={lifetime} presence_seconds={presence}"
            )
        },
    )
}

fn next_move() -> impl Strategy<Value = Move> {
    let who = || 0..USERS.len();
    let wish = || {
        (1_u32..=2, option::weighted(0.2, Just(1_u32))).prop_map(|(quantity, min_quantity)| Wish {
            quantity: Some(quantity),
            ticket_type: None,
            min_quantity,
        })
    };
    let verb = prop_oneof![1 => Just(Verb::Confirm), 4 => Just(Verb::Extend), 2 => Just(Verb::Release)];
    prop_oneof![
        12 => (who(), wish()).prop_map(|(who, wish)| Move::Ask(who, Ask::Join(wish))),
        4 => (who(), wish(), any::<bool>()).prop_map(|(who, wish, wait)| Move::Ask(who, Ask::Hold(wish, wait))),
        1 => (who(), wish()).prop_map(|(who, wish)| Move::Ask(who, Ask::Book(wish))),
        1 => who().prop_map(|who| Move::Ask(who, Ask::Leave(None))),
        1 => who().prop_map(|who| Move::Ask(who, Ask::Logout)),
        7 => (who(), verb).prop_map(|(who, verb)| Move::Hold(who, verb)),
        2 => who().prop_map(Move::CancelBooking),
        8 => (1_u64..700_000).prop_map(Move::Pass),
        4 => (1_u64..20_000).prop_map(Move::Pass),
    ]
}
