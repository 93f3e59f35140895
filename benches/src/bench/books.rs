//! The books: what was acknowledged for each event, to be compared with what the event has.

use std::sync::atomic::{AtomicI64, Ordering};

use holdfast_engine::core::event::Figures;
use holdfast_engine::core::id::Slug;

use crate::bench::request::{Meaning, Offer, Request};
use crate::bench::target::Target;
use crate::error::LoadError;
use crate::sale::Offering;
use crate::venue::slug;

/// What was acknowledged, event by event.
#[derive(Debug)]
pub struct Books(Vec<Account>);

#[derive(Debug)]
struct Account {
    event: Slug,
    capacity: i64,
    held: AtomicI64,
    booked: AtomicI64,
    waiting: AtomicI64,
}

impl Books {
    /// Books of events of which nothing is sold yet.
    pub fn new(offerings: &[Offering]) -> Books {
        let account = |offering: &Offering| Account {
            event: slug(&offering.event),
            capacity: offering.capacity() as i64,
            held: AtomicI64::new(0),
            booked: AtomicI64::new(0),
            waiting: AtomicI64::new(0),
        };
        Books(offerings.iter().map(account).collect())
    }

    /// Enters what was answered to a request.
    pub fn enter(&self, request: &Request<'_>, meaning: Meaning) {
        let account = &self.0[request.offer().account];
        match (request, meaning) {
            (Request::Hold { offer, .. }, _) => self.enter_wish(offer, meaning),
            (Request::Confirm { .. }, Meaning::Done) => {
                account.add([-1, 1, 0]);
            }
            (Request::Release { .. }, Meaning::Done) => account.add([-1, 0, 0]),
            _ => {}
        }
    }

    /// Enters what was answered to whoever wanted a ticket.
    pub fn enter_wish(&self, offer: &Offer, meaning: Meaning) {
        match meaning {
            Meaning::Held { is_fresh: true, .. } => self.0[offer.account].add([1, 0, 0]),
            Meaning::Waiting { .. } => self.0[offer.account].add([0, 0, 1]),
            _ => {}
        }
    }

    /// So many in line got what they waited for.
    pub fn enter_grants(&self, offer: &Offer, count: i64) {
        self.0[offer.account].add([count, 0, -count]);
    }

    /// So many holds came to their end.
    pub fn enter_expiries(&self, offer: &Offer, count: i64) {
        self.0[offer.account].add([-count, 0, 0]);
    }

    /// How many tickets are held, as far as that was acknowledged.
    pub fn held(&self, offer: &Offer) -> i64 {
        self.0[offer.account].held.load(Ordering::SeqCst)
    }

    /// So many tickets were booked without a hold.
    pub fn enter_bookings(&self, offer: &Offer, count: i64) {
        self.0[offer.account].add([0, count, 0]);
    }

    /// Compares each event's figures with what was acknowledged. Returns the sentence to print.
    ///
    /// # Errors
    ///
    /// An event has something else, which the sentence tells; or it cannot be asked.
    pub async fn check(&self, target: &Target) -> Result<String, LoadError> {
        let mut organiser = target.organiser().await?;
        for account in &self.0 {
            account.compare(&organiser.figures(&account.event).await?)?;
        }
        let sum = |counter: fn(&Account) -> &AtomicI64| {
            self.0.iter().map(|account| counter(account).load(Ordering::SeqCst)).sum::<i64>()
        };
        let [held, booked, waiting] = [sum(|one| &one.held), sum(|one| &one.booked), sum(|one| &one.waiting)];
        let events =
            if self.0.len() == 1 { "the event has".to_owned() } else { format!("all {} events have", self.0.len()) };
        Ok(format!("{events} what was acknowledged: {booked} booked, {held} held, {waiting} waiting"))
    }
}

impl Account {
    fn add(&self, [held, booked, waiting]: [i64; 3]) {
        self.held.fetch_add(held, Ordering::SeqCst);
        self.booked.fetch_add(booked, Ordering::SeqCst);
        self.waiting.fetch_add(waiting, Ordering::SeqCst);
    }

    fn compare(&self, by_type: &[Figures]) -> Result<(), LoadError> {
        let sum = |figure: fn(&Figures) -> u32| by_type.iter().map(|figures| i64::from(figure(figures))).sum::<i64>();
        let found = [
            sum(|it| it.capacity),
            sum(|it| it.available),
            sum(|it| it.held),
            sum(|it| it.booked),
            sum(|it| it.waiting),
        ];
        let counter = |counter: &AtomicI64| counter.load(Ordering::SeqCst);
        let [held, booked, waiting] = [&self.held, &self.booked, &self.waiting].map(counter);
        let expected = [self.capacity, self.capacity - held - booked, held, booked, waiting];
        if found == expected {
            return Ok(());
        }
        let (names, event) = ("capacity, available, held, booked, waiting", &self.event);
        Err(LoadError::new(format!("{names} of {event} are {found:?}, but {expected:?} were acknowledged")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_that_has_something_else_is_an_error_that_names_both() {
        let books = Books::new(&[Offering { ticket_types: vec![("general", 10)], ..Offering::new("gala") }]);
        let offer = Offer { account: 0, event: slug("gala"), ticket_type: None };
        for number in 0..3 {
            books.enter(&Request::Hold { offer: &offer, wait: false }, Meaning::Held { number, is_fresh: true });
        }
        books.enter(&Request::Hold { offer: &offer, wait: false }, Meaning::Held { number: 0, is_fresh: false });
        books.enter(&Request::Hold { offer: &offer, wait: true }, Meaning::Waiting { ahead: 0 });
        books.enter(&Request::Confirm { offer: &offer, hold: 0 }, Meaning::Done);
        books.enter(&Request::Confirm { offer: &offer, hold: 1 }, Meaning::Refused);
        books.enter(&Request::Release { offer: &offer, hold: 1 }, Meaning::Done);
        books.enter_grants(&offer, 1);
        let true_figures = Figures { capacity: 10, available: 7, held: 2, booked: 1, waiting: 0 };
        books.0[0].compare(&[true_figures]).expect("the same");
        for false_figures in [
            Figures { booked: 2, ..true_figures },
            Figures { available: 8, ..true_figures },
            Figures { held: 3, available: 6, ..true_figures },
            Figures { waiting: 1, ..true_figures },
            Figures { capacity: 11, ..true_figures },
        ] {
            let error = books.0[0].compare(&[false_figures]).expect_err("another figure").to_string();
            assert!(error.contains("gala") && error.contains("[10, 7, 2, 1, 0] were acknowledged"), "{error}");
        }
    }
}
