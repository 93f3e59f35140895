//! The same key and the same request: exactly one effect, and the first answer again.

use super::{Row, Shell, check, rows};

#[test]
fn the_same_key_and_request_get_the_first_answer_again() {
    check(
        "event general=3
        ann key=k1 hold 1 -> held #1 1 until 600s left 600s
        changes           -> hold_placed #1 ann, answer_remembered
        advance 100s
        ann key=k1 hold 1 -> again: held #1 1 until 600s left 600s
        changes           -> none
        ann release #1
        ann key=k1 hold 1 -> again: held #1 1 until 600s
        show              -> available 3 held 0 booked 0 waiting 0",
    );
}

#[test]
fn a_booking_with_a_key_is_made_once() {
    check(
        "event general=3
        ann key=k1 book 1 -> booked #1 1 direct
        ann key=k1 book 1 -> again: booked #1 1 direct
        ann book 1        -> booked #2 1 direct
        show              -> available 1 held 0 booked 2 waiting 0",
    );
}

#[test]
fn the_same_key_with_another_request_is_refused() {
    check(
        "event general=3
        ann key=k1 hold 1 -> held #1 1
        ann key=k1 hold 2 -> refused idempotency_key_reused
        ann key=k1 book 1 -> refused idempotency_key_reused
        changes           -> none
        ann key=k1 hold 1 -> again: held #1 1",
    );
}

#[test]
fn a_refusal_is_remembered_too() {
    check(
        "event general=1
        ann hold 1
        bob key=k1 hold 1 -> refused sold_out held 1 next 600s
        changes           -> answer_remembered
        ann release #1
        bob key=k1 hold 1 -> again: refused sold_out held 1 next 600s
        bob key=k2 hold 1 -> held #2 1",
    );
}

#[test]
fn a_key_belongs_to_its_session() {
    check(
        "event general=3
        ann key=k1 hold 1 -> held #1 1
        bob key=k1 hold 1 -> held #2 1
        ann logout
        ann key=k1 hold 1 -> held #3 1 until 600s left 600s extensions 2 from request, ann session 3",
    );
}

#[test]
fn organisers_have_keys_of_their_own() {
    check(
        "event general=3
        ann key=k1 hold 1
        admin key=k1 capacity 9 -> done
        admin capacity 5
        admin key=k1 capacity 9 -> again: done
        admin key=k1 capacity 8 -> refused idempotency_key_reused
        show                    -> available 4 held 1 booked 0 waiting 0 capacity 5",
    );
}

#[test]
fn an_answer_is_remembered_for_24_hours() {
    check(
        "event general=3
        ann key=k1 book 1 -> booked #1 1 direct
        advance 24h
        ann key=k1 book 1 -> booked #2 1 direct
        advance 24h
        ann key=k2 book 1 -> booked #3 1 direct",
    );
    check(
        "event general=3
        ann key=k1 book 1 -> booked #1 1 direct
        advance 23h
        advance 3599s
        advance 999ms
        ann key=k1 book 1 -> again: booked #1 1 direct
        ann key=k1 book 2 -> refused idempotency_key_reused",
    );
}

#[test]
fn a_session_has_256_remembered_keys_and_the_oldest_goes_first() {
    let keys = rows(2..=256, |key| format!("ann key=k{key} release #1"));
    check(&format!(
        "event general=3
        ann key=k1 hold 1    -> held #1 1
        {keys}
        bob key=k1 hold 1    -> held #2 1
        ann key=k1 hold 1    -> again: held #1 1
        ann key=k257 book 1  -> booked #3 1 direct
        ann key=k2 release #1 -> again: released #1 1
        ann key=k1 hold 1    -> held #4 1
        bob key=k1 hold 1    -> again: held #2 1
        ann key=k2 release #1 -> released #1 1"
    ));
}

#[test]
fn full_memories_of_two_sessions_forget_by_age_without_mixing_them_up() {
    let early = rows(1..=300, |key| format!("ann key=k{key} hold 1"));
    let late = rows(1..=300, |key| format!("bob key=k{key} hold 1"));
    check(&format!(
        "event general=9
        {early}
        advance 12h
        {late}
        ann key=k300 hold 1 -> again: has #1 1
        advance 12h
        ann key=k300 hold 1 -> held #3 1
        bob key=k300 hold 1 -> again: has #2 1
        bob key=k44 hold 1  -> held #4 1
        bob key=k45 hold 1  -> has #4 1
        bob key=k47 hold 1  -> again: has #2 1"
    ));
}

#[test]
fn a_repeat_names_the_journal_number_of_its_first_answer() {
    let mut shell = Shell::new("general=3");
    let first = shell.run(&Row::parse("ann key=k1 hold 1"));
    shell.run(&Row::parse("ann key=k2 book 1"));
    let (_, answers): (Vec<_>, Vec<_>) = shell.event.remembered_rows().into_iter().unzip();
    assert!(answers.iter().all(|answer| answer.seq > 0), "every answer learnt its number");
    assert_ne!(answers[0].seq, 0, "{first}");
    shell.check_replay(1);
}

#[test]
fn a_draft_remembers_nothing_of_those_who_may_not_see_it() {
    check(
        "event general=1 status=draft
        ann key=k1 hold 1 -> refused event_not_found
        ann key=k1 hold 1 -> refused event_not_found
        admin resume
        ann key=k1 hold 1 -> held #1 1",
    );
}
