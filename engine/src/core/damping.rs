//! Users who let holds expire again and again wait before the next one.

/// From when on a user waits, and for how long. It comes with each command and is nowhere kept: what was decided is in the
/// journal, so a replay never asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damping {
    /// So many holds of a user that expired unpaid in one event, 0 for no damping …
    pub expiries_max: u32,
    /// … of which the last ended at most so long after the first, in milliseconds …
    pub window_ms: u64,
    /// … make the user wait for so long after the last of them, in milliseconds.
    pub wait_ms: u64,
}

impl Damping {
    /// Nobody waits.
    pub const OFF: Damping = Damping { expiries_max: 0, window_ms: 0, wait_ms: 0 };

    /// Until when a user waits whose holds expired at the times `expired_at_ms`, which come in any order, in milliseconds
    /// since the Unix epoch; `None` where they do not.
    pub(super) fn until_ms(&self, mut expired_at_ms: Vec<u64>) -> Option<u64> {
        let count = self.expiries_max as usize;
        if count == 0 || expired_at_ms.len() < count {
            return None;
        }
        expired_at_ms.sort_unstable();
        // Not the newest ones alone: a later expiry must not end the wait that earlier ones have begun.
        let mut close =
            expired_at_ms.windows(count).rev().filter(|times| times[count - 1] - times[0] <= self.window_ms);
        close.next().map(|times| times[count - 1].saturating_add(self.wait_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::Damping;

    const THREE: Damping = Damping { expiries_max: 3, window_ms: 100, wait_ms: 50 };

    #[test]
    fn expiries_that_are_close_to_one_another_make_a_wait() {
        assert_eq!(THREE.until_ms(vec![0, 50]), None);
        assert_eq!(THREE.until_ms(vec![100, 0, 50]), Some(150));
        assert_eq!(THREE.until_ms(vec![0, 50, 101]), None);
        assert_eq!(THREE.until_ms(vec![0, 50, 101, 150]), Some(200));
    }

    #[test]
    fn a_later_expiry_does_not_end_a_wait() {
        assert_eq!(THREE.until_ms(vec![0, 1, 2, 500]), Some(52));
    }

    #[test]
    fn without_a_bound_nobody_waits() {
        assert_eq!(Damping::OFF.until_ms(vec![0, 0, 0]), None);
    }
}
