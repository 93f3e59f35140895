use crate::core::change::{AdminAct, By, Change, Difference, EventCreated, Record, SessionEnd, Share, Subject};
use crate::core::hold::HoldSource;
use crate::core::id::{EventNumber, HoldNumber, LoginSeq, Slug, TypeIndex, UserNumber};
use crate::core::settings::{Details, Settings, TicketTypeDefinition};
use crate::core::status::Status;
use crate::record::encode_record;

use super::{SESSIONS, State};

/// A small sale: two users, one holds, one waits; another event was removed.
fn journal() -> Vec<Record> {
    let record = |event: u32, changes: Vec<Change>| Record {
        event: EventNumber(event),
        at_ms: 1_000 + u64::from(event),
        by: By::System,
        changes,
    };
    vec![
        record(1, vec![created("spring-gala")]),
        record(2, vec![created("mistake")]),
        record(0, vec![opened(1, 1, "ann"), opened(2, 2, "bob")]),
        record(1, vec![placed(1, share(1, 1)), Change::QueueJoined { share: share(2, 1), min_quantity: 0 }]),
        record(2, vec![Change::EventDeleted]),
        record(0, vec![Change::SessionEnded { session: LoginSeq(1), user: UserNumber(1), reason: SessionEnd::Logout }]),
        record(0, vec![opened(3, 1, "ann")]),
    ]
}

/// The same, another event that is removed, and accounts: ann's goes again, bob gets another password and is described, cay never logged in.
fn journal_with_accounts() -> Vec<Record> {
    let mut records = journal();
    let added = |user, name: &str| Change::AccountAdded {
        user: UserNumber(user),
        name: name.to_owned(),
        password_hash: format!("hash of {name}"),
    };
    let steps = [
        vec![added(1, "ann"), acted()],
        vec![added(3, "cay"), added(2, "bob")],
        vec![
            Change::TokenIssued { session: LoginSeq(2), token_hash: [9; 32] },
            Change::UserDescribed { user: UserNumber(2), class: Some("vip".to_owned()), email: None },
        ],
        vec![Change::PasswordChanged {
            user: UserNumber(2),
            password_hash: "another".to_owned(),
            kept_token: Some([9; 32]),
        }],
        vec![
            Change::AccountRemoved { user: UserNumber(1) },
            Change::SessionEnded { session: LoginSeq(3), user: UserNumber(1), reason: SessionEnd::AccountRemoved },
        ],
        vec![opened(4, 3, "cay")],
    ];
    let record = |changes| Record { event: SESSIONS, at_ms: 2_000, by: By::Admin("ops".to_owned()), changes };
    records.extend(steps.into_iter().map(record));
    let of_third = |changes| Record { event: EventNumber(3), at_ms: 2_000, by: By::Admin("ops".to_owned()), changes };
    records.push(of_third(vec![created("slip"), acted()]));
    records.push(of_third(vec![Change::EventDeleted, acted()]));
    records.push(Record {
        event: EventNumber(1),
        at_ms: 2_001,
        by: By::Admin("ops".to_owned()),
        changes: vec![acted()],
    });
    records
}

fn acted() -> Change {
    Change::AdminActed(Box::new(AdminAct {
        admin: "ops".to_owned(),
        action: "add_account".to_owned(),
        about: Subject::Account { user: UserNumber(1) },
        differences: vec![Difference { field: "account".to_owned(), before: None, after: Some("active".to_owned()) }],
        reason: None,
    }))
}

fn created(id: &str) -> Change {
    let general = Slug::new("general").unwrap();
    Change::EventCreated(Box::new(EventCreated {
        id: Slug::new(id).unwrap(),
        details: Details { name: id.to_owned(), ..Details::default() },
        settings: Settings::default(),
        ticket_types: vec![TicketTypeDefinition { id: general, name: "General".to_owned(), capacity: 1, price: None }],
        status: Status::OnSale,
    }))
}

fn opened(session: u64, user: u32, name: &str) -> Change {
    let (session, user) = (LoginSeq(session), UserNumber(user));
    Change::SessionOpened { session, user, name: name.to_owned(), token_hash: [session.0 as u8; 32] }
}

fn share(user: u32, quantity: u32) -> Share {
    Share { ticket_type: TypeIndex(0), user: UserNumber(user), session: LoginSeq(u64::from(user)), quantity }
}

fn placed(number: u32, share: Share) -> Change {
    let (number, source) = (HoldNumber(number), HoldSource::Login);
    Change::HoldPlaced { number, share, deadline_ms: 601_001, lifetime_end_ms: 1_801_001, source }
}

fn replayed(records: &[Record]) -> State {
    let (mut state, mut seq) = (State::default(), 1);
    for record in records {
        state.apply(seq, record);
        seq += record.changes.len() as u64;
    }
    state
}

fn blocks(state: &State) -> Vec<(u32, Vec<u8>)> {
    let mut blocks = Vec::new();
    let written: Result<(), ()> = state.write_blocks(&mut |kind, bytes: &[u8]| {
        blocks.push((kind, bytes.to_vec()));
        Ok(())
    });
    written.unwrap();
    blocks
}

fn restored(blocks: &[(u32, Vec<u8>)]) -> State {
    let mut state = State::default();
    blocks.iter().for_each(|(kind, bytes)| state.read_block(*kind, bytes).unwrap());
    state
}

#[test]
fn a_snapshot_at_any_record_plus_the_tail_is_the_full_replay() {
    check_every_cut(&journal());
    check_every_cut(&journal_with_accounts());
}

fn check_every_cut(records: &[Record]) {
    let whole = blocks(&replayed(records));
    for cut in 0..=records.len() {
        let mut state = restored(&blocks(&replayed(&records[..cut])));
        let seq_at_cut: u64 = records[..cut].iter().map(|record| record.changes.len() as u64).sum();
        let mut seq = seq_at_cut + 1;
        for record in &records[cut..] {
            state.apply(seq, record);
            seq += record.changes.len() as u64;
        }
        assert_eq!(blocks(&state), whole, "snapshot after record {cut}");
        state.check_invariants().unwrap();
    }
}

#[test]
fn equal_states_have_equal_bytes() {
    let mut records = journal();
    for user in 3..30 {
        let change = opened(u64::from(user) + 1, user, &format!("user-{user}"));
        records.push(Record { event: SESSIONS, at_ms: 50, by: By::User, changes: vec![change] });
    }
    assert_eq!(blocks(&replayed(&records)), blocks(&restored(&blocks(&replayed(&records)))));
}

#[test]
fn removed_events_are_gone_and_keep_their_id_for_the_audit_trail() {
    let state = replayed(&journal());
    assert_eq!(state.events.len(), 1);
    assert_eq!(state.event_ids.len(), 2);
}

#[test]
fn a_record_that_cannot_follow_is_told_and_not_guessed_at() {
    let mut state = replayed(&journal());
    let again = Record { event: SESSIONS, at_ms: 1, by: By::User, changes: vec![opened(2, 2, "bob")] };
    let mut bytes = Vec::new();
    encode_record(again.event, again.at_ms, &again.by, &again.changes, &mut bytes);
    assert_eq!(state.apply_bytes(10, &bytes), Err("session 2 after 3".to_owned()));
    assert!(state.apply_bytes(10, &bytes[..bytes.len() - 1]).is_err());
}

#[test]
fn who_has_something_must_have_logged_in() {
    let mut state = replayed(&journal());
    let stranger = Record {
        event: EventNumber(1),
        at_ms: 60,
        by: By::System,
        changes: vec![
            Change::QueueJoined { share: share(77, 1), min_quantity: 0 },
            Change::HoldExpired { number: HoldNumber(1), share: share(1, 1) },
            placed(2, share(77, 1)),
        ],
    };
    state.apply(20, &stranger);
    assert!(state.check_invariants().unwrap_err().contains("user 77 has never logged in"));
}

#[test]
fn unknown_and_misplaced_blocks_are_refused() {
    let holds = blocks(&replayed(&journal())).into_iter().find(|(kind, _)| *kind == 6).unwrap();
    let mut empty = State::default();
    assert_eq!(empty.read_block(holds.0, &holds.1), Err("rows of an event before any event".to_owned()));
    assert_eq!(empty.read_block(99, &[]), Err("a block of the unknown kind 99".to_owned()));
}

#[test]
fn accounts_and_what_is_known_of_users_are_in_the_snapshot_and_nothing_where_there_is_nothing() {
    let state = restored(&blocks(&replayed(&journal_with_accounts())));
    let users = state.sessions.users();
    let hash = |name: &str| users.password_hash(users.number(name).unwrap()).map(str::to_owned);
    assert_eq!(hash("ann"), None);
    assert_eq!(hash("bob"), Some("another".to_owned()));
    assert_eq!(hash("cay"), Some("hash of cay".to_owned()));
    assert_eq!(state.sessions.class(UserNumber(2)).as_deref(), Some("vip"));
    assert_eq!(*state.sessions.get(LoginSeq(2)).unwrap().token_hashes, [[9; 32]]);
    assert_eq!(users.records().len(), 2, "nothing is kept of whom there is nothing to keep");
    // Snapshots from before there were accounts have the same blocks as ever.
    assert!(blocks(&replayed(&journal())).iter().all(|(kind, _)| *kind != 10));
}

#[test]
fn an_audit_entry_alters_no_event() {
    let mut state = replayed(&journal());
    let before = blocks(&state);
    let record =
        Record { event: EventNumber(1), at_ms: 1_001, by: By::Admin("ops".to_owned()), changes: vec![acted()] };
    state.apply(20, &record);
    assert_eq!(blocks(&state), before);
}
