//! Holds: one a user and type, limits, extensions, deadlines, releases.

use super::{Row, Shell, check, rows};
use crate::core::event::ListWish;

#[test]
fn asking_again_answers_the_hold_that_is_there() {
    check(
        "event general=4
        ann hold 2   -> held #1 2 until 600s
        advance 10s
        ann hold     -> has #1 2 until 600s left 590s
        ann hold 2   -> has #1 2 until 600s
        changes      -> none
        show         -> available 2 held 2 booked 0 waiting 0",
    );
}

#[test]
fn one_live_hold_a_type_but_several_types() {
    check(
        "event general=4 vip=4
        ann hold 1     -> held #1 1 general
        ann hold 2 vip -> held #2 2 vip
        ann hold 1 vip -> has #2 1 vip
        ann hold vip   -> has #2 1 vip",
    );
}

#[test]
fn shrinking_always_works_frees_tickets_at_once_and_keeps_the_deadline() {
    check(
        "event general=4
        ann hold 4   -> held #1 4 until 600s
        bob join 2
        advance 10s
        ann hold 3   -> has #1 3 until 600s left 590s
        ann hold 2   -> has #1 2 until 600s
        changes      -> hold_amended #1 ann, hold_placed #2 bob
        pause
        ann hold 1   -> has #1 1 until 600s
        close
        show         -> available 1 held 3 booked 0 waiting 0",
    );
}

#[test]
fn shrinking_works_in_a_closed_sale() {
    check(
        "event general=4
        ann hold 4
        close
        ann hold 1 -> has #1 1 until 600s",
    );
}

#[test]
fn growing_needs_free_tickets_and_keeps_the_deadline() {
    check(
        "event general=4
        ann hold 1 -> held #1 1 until 600s
        bob hold 1
        advance 10s
        ann hold 4 -> refused insufficient_capacity available 2 requested 3
        ann hold 3 -> has #1 3 until 600s left 590s
        ann hold 4 -> refused sold_out held 4 next 600s
        show       -> available 0 held 4 booked 0 waiting 0",
    );
}

#[test]
fn growing_needs_nobody_waiting() {
    check(
        "event general=4
        ann hold 1
        bob hold 2
        cay join 2
        ann hold 2 -> refused queue_ahead ahead 1
        ann hold 1 -> has #1 1",
    );
}

#[test]
fn growing_needs_an_open_sale() {
    check(
        "event general=4
        ann hold 1
        pause
        ann hold 2 -> refused sale_paused
        ann hold   -> has #1 1
        close
        ann hold 2 -> refused sale_closed",
    );
}

#[test]
fn growing_with_a_minimum_takes_what_there_is() {
    check(
        "event general=3
        ann hold 1
        bob hold 1
        ann hold 4 min 2 -> has #1 2
        ann hold 4 min 3 -> refused sold_out
        ann hold 4 min 1 -> has #1 2",
    );
}

#[test]
fn growing_stays_within_the_limits() {
    check(
        "event general=9 vip=9 max_per_hold=3 max_per_user=5
        ann hold 1
        ann hold 3 vip
        ann hold 4     -> refused limit_reached limit 3 used 1
        ann hold 3     -> refused limit_reached limit 5 used 4
        ann hold 2     -> has #1 2 general",
    );
}

#[test]
fn a_hold_has_1_to_max_per_hold_tickets() {
    check(
        "event general=9 max_per_hold=3 max_per_user=5
        ann hold 0 -> refused validation_failed quantity
        ann hold 4 -> refused limit_reached limit 3 used 0
        ann hold 3 -> held #1 3",
    );
}

#[test]
fn max_per_user_counts_held_and_booked_over_the_whole_event() {
    check(
        "event general=9 vip=9 floor=9 max_per_hold=4 max_per_user=4
        ann book 1 vip   -> booked #1 1 vip direct
        ann hold 2       -> held #2 2 general
        ann hold 2 floor -> refused limit_reached limit 4 used 3
        ann book 2 floor -> refused limit_reached limit 4 used 3
        ann join 2 floor -> refused limit_reached limit 4 used 3
        ann cancel #1
        ann hold 2 floor -> held #3 2 floor
        ann release #3
        ann book 2 floor -> booked #4 2 floor direct",
    );
}

#[test]
fn all_or_nothing_unless_a_minimum_is_given() {
    check(
        "event general=3
        ann hold 4       -> refused insufficient_capacity available 3 requested 4
        ann hold 4 min 4 -> refused insufficient_capacity available 3 requested 4
        ann hold 4 min 2 -> held #1 3
        bob hold 4 min 1 -> refused sold_out held 3 next 600s",
    );
}

#[test]
fn a_type_that_is_not_there_is_not_found() {
    check(
        "event general=3
        ann hold 1 vip -> refused ticket_type_not_found
        ann book 1 vip -> refused ticket_type_not_found
        ann join 1 vip -> refused ticket_type_not_found",
    );
}

#[test]
fn extending_moves_the_deadline_to_a_full_length_from_now() {
    check(
        "event general=1
        ann hold 1    -> held #1 1 until 600s left 600s extensions 2
        advance 300s
        ann extend #1 -> held #1 1 until 900s left 600s extensions 1
        advance 400s
        ann extend #1 -> held #1 1 until 1300s left 600s extensions 0
        advance 1s
        ann extend #1 -> refused extension_exhausted",
    );
}

#[test]
fn extending_never_goes_past_the_longest_life() {
    check(
        "event general=1 max_extensions=9 max_hold_lifetime_seconds=1000
        ann hold 1
        advance 500s
        ann extend #1 -> held #1 1 until 1000s left 500s extensions 8
        ann extend #1 -> refused extension_exhausted
        advance 500s
        changes       -> hold_expired #1 ann",
    );
}

#[test]
fn extending_that_gains_nothing_is_not_counted_and_never_moves_a_deadline_earlier() {
    check(
        "event general=1
        ann hold 1    -> held #1 1 until 600s
        ann extend #1 -> held #1 1 until 600s left 600s extensions 2
        changes       -> none
        admin set hold_seconds 60
        advance 10s
        ann extend #1 -> held #1 1 until 600s left 590s extensions 2",
    );
}

#[test]
fn extending_where_no_extension_is_allowed() {
    check(
        "event general=1 max_extensions=0
        ann hold 1    -> held #1 1 until 600s left 600s extensions 0
        ann extend #1 -> refused extension_exhausted",
    );
}

#[test]
fn extending_needs_a_live_hold_of_ones_own() {
    check(
        "event general=3
        ann hold 1
        bob extend #1 -> refused hold_not_found
        bob extend #9 -> refused hold_not_found
        ann release #1
        ann extend #1 -> refused already_released
        ann hold 1
        ann confirm #2
        ann extend #2 -> refused already_confirmed #2
        bob hold 1
        advance 600s
        bob extend #3 -> refused hold_expired at 600s",
    );
}

#[test]
fn extending_counts_on_the_stopped_clock_of_a_pause_and_not_in_a_closed_sale() {
    check(
        "event general=1
        ann hold 1
        advance 100s
        pause
        advance 1000s
        ann extend #1 -> held #1 1 until 1700s left 600s extensions 1
        resume
        admin see #1  -> held #1 1 until 1700s left 600s
        close
        ann extend #1 -> refused sale_closed",
    );
}

#[test]
fn the_longest_life_stands_still_in_a_pause_too() {
    check(
        "event general=1 max_hold_lifetime_seconds=700
        ann hold 1
        pause
        advance 1000s
        resume
        advance 300s
        ann extend #1 -> held #1 1 until 1700s left 400s",
    );
}

#[test]
fn an_organiser_gives_time_past_every_limit() {
    check(
        "event general=1 max_extensions=0 max_hold_lifetime_seconds=600
        ann hold 1
        admin extend #1 1000s -> held #1 1 until 1600s left 1600s extensions 0
        admin extend #1 0s    -> refused validation_failed seconds
        admin extend #2 1s    -> refused hold_not_found
        advance 1600s
        changes               -> hold_expired #1 ann
        admin extend #1 1s    -> refused hold_expired at 1600s",
    );
}

#[test]
fn a_gift_of_time_uses_up_no_extension() {
    check(
        "event general=1
        ann hold 1
        admin extend #1 10s -> held #1 1 until 610s left 610s extensions 2
        advance 100s
        ann extend #1       -> held #1 1 until 700s left 600s extensions 1",
    );
}

#[test]
fn a_hold_is_expired_at_exactly_its_deadline() {
    check(
        "event general=1
        ann hold 1     -> held #1 1 until 600s
        advance to deadline -1ms
        admin see #1   -> held #1 1 until 600s left 0.001s
        bob hold 1     -> refused sold_out held 1 next 600s
        advance 1ms
        changes        -> hold_expired #1 ann
        admin see #1   -> expired #1 1 until 600s left 0s extensions 0
        bob hold 1     -> held #2 1 until 1200s",
    );
}

#[test]
fn what_is_due_expires_in_the_order_of_deadline_and_number() {
    check(
        "event general=3
        ann hold 1
        bob hold 1
        advance 10s
        cay hold 1
        ann extend #1 -> held #1 1 until 610s
        advance 700s
        changes       -> hold_expired #2 bob, hold_expired #1 ann, hold_expired #3 cay",
    );
}

#[test]
fn a_late_wheel_never_makes_an_expired_hold_live() {
    check(
        "event general=2
        ann hold 2
        bob join 1
        wheel late
        advance 600s
        changes        -> none
        admin see #1   -> expired #1 2 until 600s left 0s extensions 0
        ann confirm #1 -> refused hold_expired at 600s
        show           -> available 1 held 1 booked 0 waiting 0",
    );
}

#[test]
fn a_late_wheel_lets_nobody_extend_amend_or_keep_an_expired_hold() {
    check(
        "event general=9 vip=9 floor=9 max_per_user=9
        ann hold 1
        ann hold 1 vip
        ann hold 1 floor
        wheel late
        advance 600s
        ann extend #1     -> refused hold_expired at 600s
        changes           -> hold_expired #1 ann, hold_expired #2 ann, hold_expired #3 ann
        ann hold 2        -> held #4 2 general until 1200s
        ann hold vip      -> held #5 1 vip until 1200s",
    );
}

#[test]
fn a_late_wheel_expires_the_callers_holds_in_the_order_of_deadline_and_number() {
    check(
        "event general=9 vip=9 floor=9
        ann hold 1
        ann hold 1 vip
        ann hold 1 floor
        advance 10s
        ann extend #1   -> held #1 1 general until 610s
        wheel late
        advance 700s
        ann hold 1      -> held #4 1 general
        changes         -> hold_expired #2 ann, hold_expired #3 ann, hold_expired #1 ann, hold_placed #4 ann",
    );
}

#[test]
fn a_late_wheel_does_not_turn_an_expired_hold_into_a_released_one() {
    check(
        "event general=9 vip=9
        ann hold 1
        wheel late
        advance 600s
        admin see #1     -> expired #1 1 general until 600s
        admin extend #1 9s -> refused hold_expired at 600s
        admin release #1 -> expired #1 1 general until 600s
        changes          -> hold_expired #1 ann",
    );
    check(
        "event general=9
        ann hold 1
        wheel late
        advance 600s
        cancel
        changes          -> status_changed, hold_expired #1 ann",
    );
}

#[test]
fn releasing_an_ended_hold_answers_its_final_state() {
    check(
        "event general=3
        ann hold 1
        ann release #1 -> released #1 1 until 600s
        ann release #1 -> released #1 1 until 600s
        changes        -> none
        ann hold 1
        advance 600s
        ann release #2 -> expired #2 1 until 600s
        ann hold 1
        ann confirm #3
        ann release #3 -> refused already_confirmed #3
        bob release #1 -> refused hold_not_found
        bob release #9 -> refused hold_not_found
        show           -> available 2 held 0 booked 1 waiting 0",
    );
}

#[test]
fn an_organiser_releases_anybodys_hold() {
    check(
        "event general=1
        ann hold 1
        bob join
        admin release #1 -> released #1 1
        changes          -> hold_released #1 ann, hold_placed #2 bob
        ann see #1       -> released #1 1
        bob see #1       -> nothing",
    );
}

#[test]
fn of_a_users_ended_holds_the_newest_sixteen_are_remembered() {
    let holds = rows(1..=17, |number| format!("ann hold 1\n ann release #{number}"));
    check(&format!(
        "event general=1
        {holds}
        ann release #1  -> refused hold_not_found
        ann release #2  -> released #2 1
        ann release #17 -> released #17 1"
    ));
}

#[test]
fn a_hold_that_outlived_many_others_can_still_be_released() {
    let holds = rows(2..=17, |number| format!("ann hold 1 vip\n ann release #{number}"));
    check(&format!(
        "event general=1 vip=1
        ann hold 1 general
        {holds}
        ann release #1 -> released #1 1 general
        ann release #1 -> released #1 1 general
        ann release #2 -> refused hold_not_found"
    ));
}

#[test]
fn bookings_are_never_forgotten() {
    let bookings = rows(1..=20, |number| format!("ann hold 1\n ann confirm #{number}\n ann cancel #{number}"));
    check(&format!(
        "event general=1
        {bookings}
        ann cancel #1  -> refused already_cancelled
        ann confirm #1 -> refused already_confirmed #1"
    ));
}

#[test]
fn a_list_goes_on_after_a_number_and_ends_after_the_last_one_there_can_be() {
    let mut shell = Shell::new("general=3");
    for who in ["ann", "bob", "cay"] {
        shell.run(&Row::parse(&format!("{who} hold 1")));
    }
    let list = |after, limit| {
        let wish = ListWish { after: u64::from(after), limit, ..ListWish::default() };
        let page = shell.event.list_holds(shell.now_ms, &wish, &|_| true).unwrap();
        page.items.iter().map(|hold| hold.number.0).collect::<Vec<_>>()
    };
    assert_eq!(list(0, 2), [1, 2]);
    assert_eq!(list(2, 2), [3]);
    assert_eq!(list(3, 2), []);
    assert_eq!(list(u32::MAX, 2), []);
}
