//! What a goal is, and whether it is met.

use crate::goals::run::Source;
use crate::statistics::Spread;

/// What the project has set itself.
pub struct Goal {
    /// Of which part.
    pub level: &'static str,
    /// In words.
    pub text: String,
    /// What says whether it is met.
    pub value: Value,
    /// From where on it is.
    pub bound: Bound,
}

/// What says whether a goal is met.
pub enum Value {
    /// A figure, shown in this unit.
    Figure(Source, Unit),
    /// How many times the second the first is.
    Ratio(Source, Source, Unit),
}

/// A unit that figures are shown in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// Its name.
    pub name: &'static str,
    /// What one of it is, as figures are read.
    pub size: f64,
    /// How many digits are shown.
    pub digits: usize,
}

/// From where on a goal is met.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// At least so much.
    AtLeast(f64),
    /// At most so much.
    AtMost(f64),
    /// Whatever it is: it is only told.
    Told,
}

/// What was measured of a goal.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The figure, or the first one of a ratio.
    pub figure: Spread,
    /// The ratio, round by round.
    pub ratio: Option<Spread>,
}

impl Value {
    /// Where its figures come from.
    pub fn sources(&self) -> Vec<&Source> {
        match self {
            Value::Figure(source, _) => vec![source],
            Value::Ratio(source, other, _) => vec![source, other],
        }
    }

    /// What came of it, by the figures of its sources in their order. Nothing where there are none.
    pub fn measured(&self, figures: &[Vec<f64>]) -> Option<Measured> {
        match (self, figures) {
            (Value::Figure(..), [own]) if !own.is_empty() => Some(Measured { figure: Spread::of(own), ratio: None }),
            (Value::Ratio(..), [own, other]) if !own.is_empty() && !other.is_empty() => {
                let ratios: Vec<f64> = own.iter().zip(other).map(|(own, other)| own / other).collect();
                Some(Measured { figure: Spread::of(own), ratio: Some(Spread::of(&ratios)) })
            }
            _ => None,
        }
    }
}

impl Bound {
    /// Whether a goal with this bound is met by what was measured: by the median of its ratio, or else of its figure. `None`
    /// where it is only told.
    pub fn is_met(self, measured: &Measured) -> Option<bool> {
        let median = measured.ratio.unwrap_or(measured.figure).median;
        match self {
            Bound::AtLeast(least) => Some(median >= least),
            Bound::AtMost(most) => Some(median <= most),
            Bound::Told => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Bound, Unit, Value};
    use crate::goals::run::{Reading, Run, Source, Work};

    fn source() -> Source {
        let run = Run { work: Work::Peers, environment: Vec::new(), is_long: false };
        Source { run, reading: Reading::Figure("some") }
    }

    #[test]
    fn the_ratio_of_each_round_counts() {
        let value = Value::Ratio(source(), source(), Unit { name: "units/s", size: 1.0, digits: 0 });
        let measured = value.measured(&[vec![10.0, 40.0, 9.0], vec![20.0, 20.0, 9.0]]).expect("figures");
        assert_eq!(measured.ratio.expect("a ratio").median, 1.0);
        assert_eq!(measured.figure.median, 10.0);
        assert_eq!(Bound::AtLeast(1.0).is_met(&measured), Some(true));
        assert_eq!(Bound::AtLeast(1.1).is_met(&measured), Some(false));
        assert_eq!(Bound::AtMost(0.9).is_met(&measured), Some(false));
        assert_eq!(Bound::Told.is_met(&measured), None);
    }

    #[test]
    fn nothing_measured_is_nothing_met() {
        let value = Value::Figure(source(), Unit { name: "ns", size: 1.0, digits: 0 });
        assert_eq!(value.measured(&[Vec::new()]), None);
    }
}
