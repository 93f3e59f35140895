//! What a peer's data says after a round, and whether that is what was acknowledged.

use crate::error::PeerError;

/// Tickets of the event, as its data has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// All there are.
    pub capacity: u64,
    /// Those that nobody has.
    pub available: u64,
    /// Those that are set aside.
    pub held: u64,
    /// Those that are booked.
    pub booked: u64,
}

impl Figures {
    /// Compares them with the units that were acknowledged, each of which held a ticket and confirmed it. Returns the
    /// sentence that says so.
    ///
    /// # Errors
    ///
    /// Tickets were oversold or lost, a hold was left behind, or other than the acknowledged bookings are there.
    pub fn check(&self, acknowledged: u64) -> Result<String, PeerError> {
        let Figures { capacity, available, held, booked } = *self;
        if booked + held > capacity {
            return Err(PeerError::new(format!("oversold: {booked} booked and {held} held of {capacity}")));
        }
        if available + held + booked != capacity {
            let sum = format!("{available} available, {held} held and {booked} booked");
            return Err(PeerError::new(format!("{sum} do not make {capacity}")));
        }
        if (booked, held) != (acknowledged, 0) {
            let found = format!("{booked} booked and {held} held");
            return Err(PeerError::new(format!("{acknowledged} units were acknowledged, but there are {found}")));
        }
        Ok(format!("{booked} booked, as acknowledged; {available} of {capacity} free"))
    }
}

#[cfg(test)]
mod tests {
    use super::Figures;

    #[test]
    fn figures_must_be_what_was_acknowledged() {
        let right = Figures { capacity: 10, available: 7, held: 0, booked: 3 };
        assert_eq!(right.check(3).expect("they are right"), "3 booked, as acknowledged; 7 of 10 free");
        let wrong = [
            (Figures { booked: 11, available: 0, ..right }, 11, "oversold"),
            (Figures { available: 6, ..right }, 3, "do not make 10"),
            (Figures { held: 1, available: 6, ..right }, 3, "were acknowledged"),
            (right, 4, "4 units were acknowledged"),
            (right, 2, "2 units were acknowledged"),
        ];
        for (figures, acknowledged, reason) in wrong {
            let error = figures.check(acknowledged).expect_err("they are wrong").to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
