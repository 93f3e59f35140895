use std::num::NonZeroU32;

use proptest::prelude::*;

use super::{LoginQueue, QueueEntry};
use crate::core::id::{LoginSeq, UserNumber};

fn entry(user: u32) -> QueueEntry {
    QueueEntry {
        user: UserNumber(user),
        session: LoginSeq(u64::from(user)),
        quantity: NonZeroU32::MIN,
        min_quantity: None,
        joined_at_ms: 0,
    }
}

/// How many wait ahead of `user`, or, for somebody who does not wait, how many wait in all.
fn ahead_of(queue: &LoginQueue, user: UserNumber) -> usize {
    queue.place(user).map_or(queue.len(), |place| place.ahead)
}

#[test]
fn first_come_first_served() {
    let mut queue = LoginQueue::default();
    for user in [7, 3, 9] {
        queue.join(entry(user));
    }
    assert_eq!(queue.head().unwrap().user, UserNumber(7));
    assert_eq!(ahead_of(&queue, UserNumber(9)), 2);
    queue.leave(UserNumber(3));
    assert_eq!(ahead_of(&queue, UserNumber(9)), 1);
    queue.leave(UserNumber(7));
    assert_eq!(queue.head().unwrap().user, UserNumber(9));
    queue.join(entry(7));
    assert_eq!(ahead_of(&queue, UserNumber(7)), 1, "coming back means the end of the line");
}

#[test]
fn places_keep_their_ordinals_while_others_come_and_go() {
    let mut queue = LoginQueue::default();
    for user in [7, 3, 9, 5] {
        queue.join(entry(user));
    }
    let places = |queue: &LoginQueue, first| {
        let places = queue.places_from(first);
        places.map(|(ordinal, entry)| (ordinal, entry.map(|entry| entry.user.0))).collect::<Vec<_>>()
    };
    assert_eq!(places(&queue, 2), [(2, Some(9)), (3, Some(5))]);
    queue.leave(UserNumber(7));
    queue.leave(UserNumber(9));
    assert_eq!(places(&queue, 0), [(1, Some(3)), (2, None), (3, Some(5))]);
    assert_eq!(places(&queue, 3), [(3, Some(5))]);
    assert_eq!(places(&queue, 4), []);
    assert_eq!(places(&queue, u32::MAX), []);
    assert_eq!((queue.ordinal(UserNumber(5)), queue.ordinal(UserNumber(9))), (Some(3), None));
}

#[test]
fn an_entry_takes_at_most_32_bytes() {
    assert!(size_of::<Option<QueueEntry>>() <= 32);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Against a plain list: same head, same places, whoever joins and leaves.
    #[test]
    fn behaves_like_a_plain_list(steps in prop::collection::vec((any::<bool>(), 0_u32..400), 1..6_000)) {
        let mut queue = LoginQueue::default();
        let mut list: Vec<u32> = Vec::new();
        for (joins, user) in steps {
            let place = list.iter().position(|waiting| *waiting == user);
            match place {
                None if joins => {
                    queue.join(entry(user));
                    list.push(user);
                }
                Some(place) if !joins => {
                    prop_assert_eq!(ahead_of(&queue, UserNumber(user)), place);
                    queue.leave(UserNumber(user));
                    list.remove(place);
                }
                Some(place) => prop_assert_eq!(ahead_of(&queue, UserNumber(user)), place),
                None => prop_assert_eq!(ahead_of(&queue, UserNumber(user)), list.len()),
            }
            prop_assert_eq!(queue.head().map(|head| head.user.0), list.first().copied());
            prop_assert_eq!(queue.len(), list.len());
        }
        prop_assert_eq!(queue.iter().map(|entry| entry.user.0).collect::<Vec<_>>(), list);
    }
}
