use super::*;
use crate::core::change::Share;
use crate::core::id::{HoldNumber, LoginSeq, TypeIndex, UserNumber};

const NUMBER: HoldNumber = HoldNumber(3);
const SHARE: Share = Share { ticket_type: TypeIndex(0), user: UserNumber(7), session: LoginSeq(9), quantity: 2 };

fn tally_of(by: &By, changes: &[Change]) -> Tally {
    let mut tally = Tally::default();
    tally.count(by, changes);
    tally
}

fn placed(source: HoldSource) -> Change {
    Change::HoldPlaced { number: NUMBER, share: SHARE, deadline_ms: 1, lifetime_end_ms: 2, source }
}

fn released(reason: Option<&str>) -> Change {
    Change::HoldReleased { number: NUMBER, share: SHARE, reason: reason.map(str::to_owned) }
}

#[test]
fn the_list_is_in_order() {
    for (index, (counted, metric, label)) in Counted::ALL.iter().enumerate() {
        assert_eq!(*counted as usize, index, "{counted:?}");
        assert_eq!(metric.labels.len(), usize::from(label.is_some()), "{counted:?}");
    }
}

#[test]
fn each_change_counts_once_as_what_it_is() {
    let organiser = By::Admin("box-office".to_owned());
    let rows = [
        (By::User, placed(HoldSource::Login), vec![Counted::HeldAtLogin]),
        (By::System, placed(HoldSource::Queue), vec![Counted::HeldInLine, Counted::QueueGranted]),
        (By::User, placed(HoldSource::Joining), vec![Counted::HeldInLine]),
        (By::User, placed(HoldSource::Request), vec![Counted::HeldOnRequest]),
        (By::User, released(None), vec![Counted::HoldReleased]),
        (organiser.clone(), released(Some("by mistake")), vec![Counted::HoldRevoked]),
        (By::User, released(Some("the session ended")), vec![Counted::HoldWithdrawn]),
        (By::System, Change::HoldExpired { number: NUMBER, share: SHARE }, vec![Counted::HoldExpired]),
        (By::User, Change::BookingPlaced { number: NUMBER, share: SHARE }, vec![Counted::BookedDirectly]),
        (By::User, Change::QueueJoined { share: SHARE, min_quantity: 0 }, vec![Counted::QueueJoined]),
        (By::User, Change::WaiterServed { share: SHARE }, vec![Counted::QueueServed]),
        (By::User, Change::HoldAmended { number: NUMBER, share: SHARE }, vec![]),
    ];
    for (by, change, expected) in rows {
        let tally = tally_of(&by, std::slice::from_ref(&change));
        for (counted, ..) in Counted::ALL {
            assert_eq!(tally.of(counted), u64::from(expected.contains(&counted)), "{counted:?} of {change:?}");
        }
    }
}

#[test]
fn a_rescued_hold_has_ended_once_and_is_confirmed() {
    let expired = Change::HoldExpired { number: NUMBER, share: SHARE };
    let rescued = Change::HoldConfirmed { number: NUMBER, share: SHARE, rescued: true };
    let tally = tally_of(&By::User, &[expired, rescued]);
    assert_eq!((tally.holds_confirmed(), tally.holds_ended(), tally.bookings_made()), (1, 1, 1));
}

#[test]
fn confirmed_holds_and_direct_bookings_are_the_bookings() {
    let confirmed = Change::HoldConfirmed { number: NUMBER, share: SHARE, rescued: false };
    let booked = Change::BookingPlaced { number: NUMBER, share: SHARE };
    let cancelled = Change::BookingCancelled { number: NUMBER, share: SHARE, reason: None };
    let tally = tally_of(&By::User, &[confirmed, booked, cancelled]);
    assert_eq!((tally.holds_confirmed(), tally.holds_ended(), tally.bookings_made()), (1, 1, 2));
}

#[test]
fn sums_run_on() {
    let (running, once) = (RunningTally::default(), tally_of(&By::User, &[released(None), placed(HoldSource::Login)]));
    running.add(&once);
    running.add(&once);
    assert_eq!([Counted::HoldReleased, Counted::HeldAtLogin].map(|what| running.so_far().of(what)), [2, 2]);
}
