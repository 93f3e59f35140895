//! Logins: what they set aside, and that a second one never jumps the line.

use super::check;

#[test]
fn a_login_without_intents_sets_auto_hold_tickets_of_the_first_type_aside() {
    check(
        "event general=5 vip=5 auto_hold=2
        ann login -> held #1 2 general until 600s left 600s extensions 2 from login
        show      -> available 3 held 2 booked 0 waiting 0
        show vip  -> available 5 held 0 booked 0 waiting 0",
    );
}

#[test]
fn a_login_may_name_type_quantity_and_minimum() {
    check(
        "event general=5 vip=3
        ann login 2 vip       -> held #1 2 vip until 600s left 600s extensions 2 from login
        bob login 2 vip min 1 -> held #2 1 vip until 600s
        cay login 2 vip min 1 -> waits at 1 for 2 vip
        dan login vip         -> waits at 2 for 1 vip
        eve login 2 floor     -> refused ticket_type_not_found
        eve login 0           -> refused validation_failed quantity
        eve login 2 min 3     -> refused validation_failed min_quantity
        eve login 5           -> refused limit_reached limit 4 used 0",
    );
}

#[test]
fn a_login_that_names_no_quantity_means_auto_hold_or_one() {
    check("event general=5 auto_hold=3\n ann login general -> held #1 3");
    check("event general=5 auto_hold=0\n ann login general -> held #1 1");
}

#[test]
fn logins_are_served_in_the_order_of_login_seq() {
    check(
        "event general=2
        ann login -> held #1 1 until 600s left 600s extensions 2 from login, ann session 1
        bob login -> held #2 1 until 600s left 600s extensions 2 from login, bob session 2
        cay login -> waits at 1 for 1, cay session 3
        dan login -> waits at 2 for 1, dan session 4
        advance 600s
        changes   -> hold_expired #1 ann, hold_expired #2 bob, hold_placed #3 cay, hold_placed #4 dan",
    );
}

#[test]
fn held_needs_nobody_ahead_and_enough_tickets() {
    check(
        "event general=2
        ann login 1 -> held #1 1
        bob login 2 -> waits at 1 for 2
        cay login 1 -> waits at 2 for 1
        show        -> available 1 held 1 booked 0 waiting 2",
    );
}

#[test]
fn a_second_login_answers_the_same_hold_with_its_deadline_unchanged() {
    check(
        "event general=3
        ann login    -> held #1 1 until 600s
        advance 100s
        ann login    -> has #1 1 until 600s left 500s extensions 2 from login, ann session 1
        ann login 3  -> has #1 1 until 600s
        changes      -> none
        show         -> available 2 held 1 booked 0 waiting 0",
    );
}

#[test]
fn a_second_login_answers_the_same_place() {
    check(
        "event general=1
        ann login
        bob login    -> waits at 1 for 1, bob session 2
        cay login    -> waits at 2 for 1, cay session 3
        bob login    -> still waits at 1 for 1, bob session 2
        cay login 2  -> still waits at 2 for 1, cay session 3
        changes      -> none",
    );
}

#[test]
fn a_second_login_without_intents_never_sets_aside_a_second_time() {
    check(
        "event general=3
        ann login
        ann confirm #1
        ann login      -> nothing new
        ann cancel #1
        ann login      -> nothing new
        bob login
        bob release #2
        bob login      -> nothing new
        cay login
        advance 600s
        cay login      -> nothing new
        show           -> available 3 held 0 booked 0 waiting 0",
    );
}

#[test]
fn a_second_login_after_a_direct_booking_of_another_type_sets_nothing_aside() {
    check(
        "event general=3 vip=3
        ann book 1 vip -> booked #1 1 vip direct
        ann login      -> nothing new",
    );
}

#[test]
fn a_second_login_that_names_the_event_asks_for_a_hold_again() {
    check(
        "event general=3
        ann login
        advance 600s
        ann login 2  -> held #2 2 until 1200s left 600s extensions 2 from login, ann session 1",
    );
}

#[test]
fn a_second_login_after_leaving_the_line_goes_to_its_end() {
    check(
        "event general=1
        ann login
        bob login
        cay login
        bob leave
        bob login  -> waits at 2 for 1",
    );
}

#[test]
fn a_login_after_a_logout_is_a_new_session_at_the_end_of_the_line() {
    check(
        "event general=1
        ann login
        bob login
        cay login
        bob logout -> ended, 0 holds and 1 places given back
        bob login  -> waits at 2 for 1, bob session 4",
    );
}

#[test]
fn a_login_tells_the_limit() {
    check(
        "event general=9 vip=9 max_per_user=4
        ann login 3 vip  -> held #1 3 vip
        ann login 2      -> refused limit_reached limit 4 used 3
        bob book 4       -> booked #2 4 general direct
        bob login 1 vip  -> refused limit_reached limit 4 used 4",
    );
}

#[test]
fn a_login_tells_that_the_line_is_full() {
    check(
        "event general=0 queue_max=1
        ann login -> waits at 1 for 1
        bob login -> refused queue_full
        ann login -> still waits at 1 for 1",
    );
}

#[test]
fn a_login_in_a_closed_sale_still_answers_the_hold_that_is_there() {
    check(
        "event general=1
        ann login
        close
        ann login -> has #1 1 until 600s
        bob login -> refused sale_closed",
    );
}

#[test]
fn logout_releases_holds_leaves_the_lines_and_keeps_bookings() {
    check(
        "event general=2 vip=1 floor=1 max_per_user=6
        ann login 1
        ann book 1 general -> booked #1 1 general from hold
        ann hold 1         -> held #2 1 general
        ann hold 1 floor   -> held #3 1 floor
        bob hold 1 vip     -> held #4 1 vip
        ann join vip       -> waits at 1 for 1 vip
        cay join general   -> waits at 1 for 1 general
        ann logout         -> ended, 2 holds and 1 places given back
        changes            -> queue_left ann, hold_released #3 ann, hold_released #2 ann, hold_placed #5 cay
        show               -> available 0 held 1 booked 1 waiting 0
        show vip           -> available 0 held 1 booked 0 waiting 0
        show floor         -> available 1 held 0 booked 0 waiting 0",
    );
}

#[test]
fn logout_in_a_pause_frees_tickets_that_wait() {
    check(
        "event general=1
        ann login
        bob login
        pause
        ann logout -> ended, 1 holds and 0 places given back
        show       -> available 1 held 0 booked 0 waiting 1
        resume
        show       -> available 0 held 1 booked 0 waiting 0",
    );
}

#[test]
fn a_login_without_intents_takes_nothing_where_auto_hold_is_off() {
    check(
        "event general=5 auto_hold=0
        ann login         -> nothing new
        ann hold 1        -> held #1 1
        ann login         -> has #1 1
        bob login general -> held #2 1",
    );
}
