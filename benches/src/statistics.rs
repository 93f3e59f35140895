//! Medians and ranges: what is quoted of figures that were measured several times.

use std::fmt;

/// The median of `values`, at least one.
///
/// # Panics
///
/// When there is none.
pub fn median(values: &[f64]) -> f64 {
    assert!(!values.is_empty(), "a median of nothing");
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 }
}

/// The median, the lowest and the highest of some values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// The lowest.
    pub lowest: f64,
    /// The highest.
    pub highest: f64,
}

impl Spread {
    /// The spread of `values`, at least one.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn of(values: &[f64]) -> Spread {
        let (lowest, highest) =
            values.iter().fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(*value), high.max(*value)));
        Spread { median: median(values), lowest, highest }
    }
}

impl fmt::Display for Spread {
    /// `median (lowest–highest)`, each with the precision asked for.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = formatter.precision().unwrap_or(1);
        let Spread { median, lowest, highest } = self;
        write!(formatter, "{median:.digits$} ({lowest:.digits$}–{highest:.digits$})")
    }
}

#[cfg(test)]
mod tests {
    use super::{Spread, median};

    #[test]
    fn a_median_is_in_the_middle_or_between_the_two_there() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn a_spread_shows_its_range() {
        assert_eq!(format!("{:.2}", Spread::of(&[3.0, 1.0, 2.0])), "2.00 (1.00–3.00)");
    }
}
