//! The counters of a ticket type.

/// `available + held + booked = capacity`, each at least 0, so `booked + held ≤ capacity`. Available is derived, so
/// the sum cannot come out wrong; every step asserts that it does not go below 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capacity {
    total: u32,
    held: u32,
    booked: u32,
}

impl Capacity {
    /// A type of `total` tickets, all free.
    pub fn new(total: u32) -> Capacity {
        Capacity { total, held: 0, booked: 0 }
    }

    /// All tickets of the type.
    pub fn total(&self) -> u32 {
        self.total
    }

    /// Tickets set aside by live holds.
    pub fn held(&self) -> u32 {
        self.held
    }

    /// Tickets booked.
    pub fn booked(&self) -> u32 {
        self.booked
    }

    /// Tickets held or booked: the least the total can be lowered to.
    pub fn committed(&self) -> u32 {
        self.held + self.booked
    }

    /// Tickets free.
    pub fn available(&self) -> u32 {
        self.total - self.committed()
    }

    /// Free tickets become held.
    pub fn hold(&mut self, quantity: u32) {
        assert!(quantity <= self.available(), "oversold: {quantity} held of {} available", self.available());
        self.held += quantity;
    }

    /// Held tickets become free.
    pub fn release(&mut self, quantity: u32) {
        assert!(quantity <= self.held, "released twice: {quantity} of {} held", self.held);
        self.held -= quantity;
    }

    /// Free tickets become booked.
    pub fn book(&mut self, quantity: u32) {
        assert!(quantity <= self.available(), "oversold: {quantity} booked of {} available", self.available());
        self.booked += quantity;
    }

    /// Booked tickets become free.
    pub fn cancel(&mut self, quantity: u32) {
        assert!(quantity <= self.booked, "cancelled twice: {quantity} of {} booked", self.booked);
        self.booked -= quantity;
    }

    /// The organiser changes how many tickets there are.
    pub fn resize(&mut self, total: u32) {
        assert!(total >= self.committed(), "capacity {total} below {} committed", self.committed());
        self.total = total;
    }
}
