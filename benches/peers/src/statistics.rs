//! Medians and ranges.

/// The median of some figures, with the lowest and the highest of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The middle one; of an even number the mean of the two in the middle.
    pub median: f64,
    /// The lowest one.
    pub lowest: f64,
    /// The highest one.
    pub highest: f64,
}

impl Spread {
    /// That of `figures`; `None` where there are none.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Option<Spread> {
        let mut sorted: Vec<f64> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (lowest, highest) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let median = match sorted.len() % 2 {
            1 => sorted[middle],
            _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
        };
        Some(Spread { median, lowest, highest })
    }

    /// That of the ratios of figures which belong together, one of each round. Drift of the machine from round to round
    /// is in both of them, and so in neither ratio.
    pub fn of_ratios(figures: &[f64], others: &[f64]) -> Option<Spread> {
        Spread::of(figures.iter().zip(others).map(|(figure, other)| figure / other))
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn the_median_is_in_the_middle() {
        let spread = |figures: &[f64]| Spread::of(figures.iter().copied());
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[7.0]), Some(Spread { median: 7.0, lowest: 7.0, highest: 7.0 }));
        assert_eq!(spread(&[9.0, 1.0, 4.0]), Some(Spread { median: 4.0, lowest: 1.0, highest: 9.0 }));
        assert_eq!(spread(&[10.0, 1.0, 4.0, 2.0]), Some(Spread { median: 3.0, lowest: 1.0, highest: 10.0 }));
    }

    #[test]
    fn ratios_are_those_of_each_round() {
        // The machine was half as fast in the second round: the ratio does not show it.
        let ratios = Spread::of_ratios(&[200.0, 100.0, 240.0], &[100.0, 50.0, 100.0]);
        assert_eq!(ratios, Some(Spread { median: 2.0, lowest: 2.0, highest: 2.4 }));
    }
}
