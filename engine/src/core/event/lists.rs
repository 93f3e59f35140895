//! Lists over all users of an event, page by page. A page looks at so many entries at the most, however few are wanted:
//! whoever lists keeps the event from its turns meanwhile.

use super::Event;
use crate::core::id::{HoldNumber, Slug, TypeIndex, UserNumber};
use crate::core::outcome::{BookingView, HoldView, QueueView};
use crate::core::rejection::Rejection;

/// The most entries that one page looks at.
pub const PAGE_LOOKS_MAX: usize = 10_000;

/// How far the key of a ticket type's first place is from that of the type before.
const PLACE_KEY_BITS: u32 = 40;

/// Which page of which list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListWish {
    /// The key after which it begins, 0 for the first page. Holds and bookings have their number as key.
    pub after: u64,
    /// The most items.
    pub limit: usize,
    /// Whose; `None` is everybody's.
    pub user: Option<UserNumber>,
    /// Of which ticket type; `None` is all.
    pub ticket_type: Option<Slug>,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPage<T> {
    /// The items, by key. They can be fewer than there was room for, or none, and others come later all the same.
    pub items: Vec<T>,
    /// The key after which the next page begins; `None` where there is no next one.
    pub next_after: Option<u64>,
}

impl Event {
    /// A page of the holds that are remembered, by number. `is_wanted` says which of those that the wish fits.
    pub fn list_holds(
        &self,
        now_ms: u64,
        wish: &ListWish,
        is_wanted: &dyn Fn(&HoldView) -> bool,
    ) -> Result<ListPage<HoldView>, Rejection> {
        let (ticket_type, after) = (self.wished_type(wish)?, number_after(wish));
        let view = |number| {
            let hold = self.hold(now_ms, number, wish.user)?;
            Some(hold).filter(|hold| ticket_type.is_none_or(|index| hold.ticket_type == index) && is_wanted(hold))
        };
        Ok(match wish.user {
            Some(user) => page(self.keys_of(user, after), wish.limit, view),
            None => page(keys(self.holds.iter_from(after.saturating_add(1)), after), wish.limit, view),
        })
    }

    /// A page of the bookings, by number, likewise.
    pub fn list_bookings(
        &self,
        now_ms: u64,
        wish: &ListWish,
        is_wanted: &dyn Fn(&BookingView) -> bool,
    ) -> Result<ListPage<BookingView>, Rejection> {
        let (ticket_type, after) = (self.wished_type(wish)?, number_after(wish));
        let view = |number| {
            let booking = self.booking(now_ms, number, wish.user)?;
            let has_type = ticket_type.is_none_or(|index| booking.ticket_type == index);
            Some(booking).filter(|booking| has_type && is_wanted(booking))
        };
        Ok(match wish.user {
            Some(user) => page(self.keys_of(user, after), wish.limit, view),
            None => page(keys(self.bookings.iter_from(after.saturating_add(1)), after), wish.limit, view),
        })
    }

    /// A page of the places in line: by ticket type, and then in the order of the line. Who joins or leaves meanwhile moves
    /// no key of anybody else; a restart of the engine does, since a line that is put back counts from its head.
    pub fn list_places(&self, now_ms: u64, wish: &ListWish) -> Result<ListPage<QueueView>, Rejection> {
        let wished = self.wished_type(wish)?;
        let indexes = self.type_indexes().filter(|index| wished.is_none_or(|wished| wished == *index));
        let view = |(index, user): (TypeIndex, Option<UserNumber>)| self.place_of(now_ms, user?, index);
        Ok(match wish.user {
            Some(user) => {
                let ordinal = |index| self.ticket_type(index).queue.ordinal(user);
                let places = indexes.filter_map(|index| Some((place_key(index, ordinal(index)?), (index, Some(user)))));
                page(places.filter(|(key, _)| *key > wish.after), wish.limit, view)
            }
            None => page(indexes.flat_map(|index| self.places_after(index, wish.after)), wish.limit, view),
        })
    }

    /// The number that the next hold or direct booking gets: all that are there have lower ones.
    pub fn next_number(&self) -> HoldNumber {
        HoldNumber(self.next_number)
    }

    /// How many live holds and how many standing bookings a user has.
    pub fn counts_of(&self, now_ms: u64, user: UserNumber) -> (u32, u32) {
        let clock_ms = self.sale_clock_ms(now_ms);
        let numbers = || self.numbers_of(user).iter();
        let is_live = |number: &&HoldNumber| self.live_deadline_ms(**number).is_some_and(|end_ms| clock_ms < end_ms);
        let stands = |number: &&HoldNumber| self.bookings.get(number.0).is_some_and(|booking| booking.is_booked());
        (numbers().filter(is_live).count() as u32, numbers().filter(stands).count() as u32)
    }

    fn wished_type(&self, wish: &ListWish) -> Result<Option<TypeIndex>, Rejection> {
        wish.ticket_type.as_ref().map(|id| self.resolve(Some(id))).transpose()
    }

    /// The numbers of the user's holds and bookings above `after`, with their keys.
    fn keys_of(&self, user: UserNumber, after: u32) -> impl Iterator<Item = (u64, HoldNumber)> {
        let numbers = self.numbers_of(user).iter().filter(move |number| number.0 > after);
        numbers.map(|number| (u64::from(number.0), *number))
    }

    /// The places of a line with a key above `after`. Those that are vacant are among them: to pass them is work too.
    fn places_after(
        &self,
        index: TypeIndex,
        after: u64,
    ) -> impl Iterator<Item = (u64, (TypeIndex, Option<UserNumber>))> {
        let first = u32::try_from(after.saturating_sub(place_key(index, 0).saturating_sub(1)));
        let places = first.into_iter().flat_map(move |first| self.ticket_type(index).queue.places_from(first));
        places.map(move |(ordinal, entry)| (place_key(index, ordinal), (index, entry.map(|entry| entry.user))))
    }
}

/// The key of a place in line. None is 0.
fn place_key(index: TypeIndex, ordinal: u32) -> u64 {
    (u64::from(index.0) << PLACE_KEY_BITS) + u64::from(ordinal) + 1
}

/// The number that the page begins after. There is none above the highest.
fn number_after(wish: &ListWish) -> u32 {
    u32::try_from(wish.after).unwrap_or(u32::MAX)
}

/// The numbers of rows above `after`, with their keys.
fn keys<'a, T: 'a>(rows: impl Iterator<Item = (u32, &'a T)>, after: u32) -> impl Iterator<Item = (u64, HoldNumber)> {
    rows.filter(move |(number, _)| *number > after).map(|(number, _)| (u64::from(number), HoldNumber(number)))
}

/// Up to `limit` items of what `view` makes of the candidates, which come by key.
fn page<C, T>(candidates: impl Iterator<Item = (u64, C)>, limit: usize, view: impl Fn(C) -> Option<T>) -> ListPage<T> {
    let (mut items, mut last_key) = (Vec::new(), None);
    for (looks, (key, candidate)) in candidates.enumerate() {
        if looks == PAGE_LOOKS_MAX {
            return ListPage { items, next_after: last_key };
        }
        if let Some(item) = view(candidate) {
            // One more than the page tells that there is a next one.
            if items.len() == limit {
                return ListPage { items, next_after: last_key };
            }
            items.push(item);
        }
        last_key = Some(key);
    }
    ListPage { items, next_after: None }
}

#[cfg(test)]
mod tests {
    use super::{PAGE_LOOKS_MAX, page};

    #[test]
    fn a_page_that_finds_little_ends_and_the_next_one_goes_on() {
        let last = 3 * PAGE_LOOKS_MAX as u64;
        let (mut found, mut pages, mut after) = (Vec::new(), 0, Some(0));
        while let Some(begin) = after {
            let candidates = (begin + 1..=last).map(|key| (key, key));
            let next = page(candidates, 2, |key| Some(key).filter(|key| key % 7_000 == 0));
            found.extend(next.items);
            pages += 1;
            after = next.next_after;
        }
        assert_eq!(found, [7_000, 14_000, 21_000, 28_000]);
        assert_eq!(pages, 3, "none of them looked at more than its share");
    }

    #[test]
    fn a_full_page_tells_of_a_next_one_only_where_something_comes() {
        let list = |limit| page((1..=9).map(|key| (key, key)), limit, |key| Some(key).filter(|key| *key <= 4));
        assert_eq!((list(4).items.len(), list(4).next_after), (4, None));
        assert_eq!((list(3).items, list(3).next_after), (vec![1, 2, 3], Some(3)));
    }
}
