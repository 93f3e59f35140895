use super::{DecodeError, decode, decode_record, encode, encode_record};
use crate::core::change::{AdminAct, By, Change, Difference, Record, SessionEnd, Share, SkipReason, Subject};
use crate::core::hold::HoldSource;
use crate::core::id::{EventNumber, HoldNumber, LoginSeq, TypeIndex, UserNumber};
use crate::core::outcome::{QueueState, QueueView, Wait, WaitEstimate};

fn record() -> Record {
    let share = share();
    let placed = Change::HoldPlaced {
        number: HoldNumber(3),
        share,
        deadline_ms: 0x0102_0304,
        lifetime_end_ms: 0x0506_0708,
        source: HoldSource::Queue,
    };
    Record { event: EventNumber(5), at_ms: 0x0A0B, by: By::User, changes: vec![placed] }
}

fn share() -> Share {
    Share { ticket_type: TypeIndex(1), user: UserNumber(7), session: LoginSeq(9), quantity: 2 }
}

fn encoded(record: &Record) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_record(record.event, record.at_ms, &record.by, &record.changes, &mut bytes);
    bytes
}

#[test]
fn a_record_comes_back_as_it_went() {
    assert_eq!(decode_record(&encoded(&record())), Ok(record()));
}

/// The bytes of a journal written today must be read by every later build.
#[test]
fn the_layout_is_frozen() {
    let bytes: String = encoded(&record()).iter().map(|byte| format!("{byte:02x}")).collect();
    let expected = [
        "01",               // layout version
        "05000000",         // event number
        "0b0a000000000000", // at_ms
        "00000000",         // by: user
        "0100000000000000", // one change
        "0b000000",         // hold_placed
        "03000000",         // hold number
        "01",               // ticket type
        "07000000",         // user
        "0900000000000000", // session
        "02000000",         // quantity
        "0403020100000000", // deadline
        "0807060500000000", // lifetime end
        "01000000",         // source: queue
    ];
    assert_eq!(bytes, expected.concat());
}

/// What a hold came from is the last that is written of its placing.
#[test]
fn the_numbers_of_sources_are_frozen() {
    use HoldSource::{Admin, Joining, Login, Queue, Request};
    for (number, source) in [Login, Queue, Request, Admin, Joining].into_iter().enumerate() {
        let mut bytes = Vec::new();
        encode(&source, &mut bytes);
        assert_eq!(bytes, [1, number as u8, 0, 0, 0], "{source:?}");
    }
}

/// A remembered place without a wait has the bytes it had before anything was told of waits, and one with a wait comes back.
#[test]
fn the_layout_of_a_place_is_frozen() {
    let place = QueueView {
        ticket_type: TypeIndex(1),
        quantity: 2,
        ahead: 3,
        joined_at_ms: 4,
        state: QueueState::Waiting,
        wait: Wait::default(),
        at_ms: 5,
        user: UserNumber(7),
        session: LoginSeq(9),
    };
    let encoded = |place: &QueueView| {
        let mut bytes = Vec::new();
        encode(place, &mut bytes);
        bytes
    };
    let hex: String = encoded(&place).iter().map(|byte| format!("{byte:02x}")).collect();
    let expected =
        "01_01_02000000_0300000000000000_0400000000000000_00000000_0500000000000000_07000000_0900000000000000";
    assert_eq!(hex, expected.replace('_', ""));
    let estimate = Some(WaitEstimate { low_seconds: 30, high_seconds: 90 });
    let waits = [Wait { estimate, ends_by_ms: Some(6_000) }, Wait { estimate: None, ends_by_ms: Some(6_000) }];
    for wait in waits {
        let told = QueueView { wait, ..place.clone() };
        assert_eq!(decode(&encoded(&told)), Ok(told));
    }
}

/// Changes have the numbers they got when they were added, so that a journal can be read however many there are.
#[test]
fn the_numbers_of_accounts_and_audit_entries_are_frozen() {
    let (user, share, text) = (UserNumber(7), share(), || "x".to_owned());
    let act = AdminAct {
        admin: text(),
        action: text(),
        about: Subject::Hold { number: HoldNumber(3), user },
        differences: vec![Difference { field: text(), before: None, after: Some(text()) }],
        reason: None,
    };
    let changes = [
        (Change::AccountAdded { user, name: text(), password_hash: text() }, "15000000_07000000_X_X"),
        (Change::PasswordChanged { user, password_hash: text(), kept_token: None }, "16000000_07000000_X_00"),
        (Change::AccountRemoved { user }, "17000000_07000000"),
        (Change::UserDescribed { user, class: None, email: Some(text()) }, "18000000_07000000_00_01_X"),
        (Change::AdminActed(Box::new(act)), "19000000_X_X_01000000_03000000_07000000_0100000000000000_X_00_01_X_00"),
        (
            Change::WaiterSkipped { share, reason: SkipReason::Absent },
            "1a000000_01_07000000_0900000000000000_02000000_00000000",
        ),
        (Change::WaiterReturned { share }, "1b000000_01_07000000_0900000000000000_02000000"),
        (Change::WaiterServed { share }, "1c000000_01_07000000_0900000000000000_02000000"),
        (
            Change::SessionEnded { session: LoginSeq(9), user, reason: SessionEnd::AccountRemoved },
            "07000000_0900000000000000_07000000_04000000",
        ),
    ];
    for (change, expected) in changes {
        let record = Record { event: EventNumber(0), at_ms: 0, by: By::User, changes: vec![change] };
        let bytes = encoded(&record);
        // Behind version, event, time, by, and the count of changes.
        let text: String = bytes[1 + 4 + 8 + 4 + 8..].iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(text, expected.replace('X', "010000000000000078").replace('_', ""));
        assert_eq!(decode_record(&bytes), Ok(record));
    }
}

#[test]
fn bytes_that_are_no_record_are_refused() {
    let bytes = encoded(&record());
    assert_eq!(decode_record(&[]), Err(DecodeError::Empty));
    assert_eq!(decode_record(&[2, 0]), Err(DecodeError::Version { found: 2 }));
    for length in 1..bytes.len() {
        assert!(matches!(decode_record(&bytes[..length]), Err(DecodeError::Malformed(_))), "cut at {length}");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert_eq!(decode_record(&longer), Err(DecodeError::LeftOver(1)));
}

#[test]
fn a_hostile_length_allocates_nothing() {
    let mut bytes = encoded(&record());
    bytes[17..25].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(matches!(decode_record(&bytes), Err(DecodeError::Malformed(_))));
}
