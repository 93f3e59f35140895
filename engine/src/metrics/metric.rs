//! What a metric is: everything about it but its value.

use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A sum that grows, and begins anew with the process.
    Counter,
    /// A level.
    Gauge,
    /// Counts by size.
    Histogram,
}

/// A metric: everything about it but its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// The name, as Prometheus has it.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// What it is counted in; `None` where the name says it.
    pub unit: Option<Unit>,
    /// The labels. None of them ever holds a person, a hold or a session.
    pub labels: &'static [&'static str],
    /// What it means, in one sentence.
    pub description: &'static str,
}

/// The value of each label of a metric.
pub type Labels<'a> = &'a [(&'static str, &'static str)];

impl Metric {
    /// A sum that grows.
    pub const fn counter(name: &'static str, description: &'static str) -> Metric {
        Metric { name, kind: Kind::Counter, unit: None, labels: &[], description }
    }

    /// A level.
    pub const fn gauge(name: &'static str, description: &'static str) -> Metric {
        Metric { name, kind: Kind::Gauge, unit: None, labels: &[], description }
    }

    /// Counts by size.
    pub const fn histogram(name: &'static str, description: &'static str) -> Metric {
        Metric { name, kind: Kind::Histogram, unit: None, labels: &[], description }
    }

    /// The same in bytes.
    pub const fn bytes(self) -> Metric {
        Metric { unit: Some(Unit::Bytes), ..self }
    }

    /// The same in seconds.
    pub const fn seconds(self) -> Metric {
        Metric { unit: Some(Unit::Seconds), ..self }
    }

    /// The same by `labels`.
    pub const fn by(self, labels: &'static [&'static str]) -> Metric {
        Metric { labels, ..self }
    }

    /// Tells the recorder that is installed now what it means.
    pub fn describe(&self) {
        let (name, unit) = (self.name, self.unit.unwrap_or(Unit::Count));
        match self.kind {
            Kind::Counter => describe_counter!(name, unit, self.description),
            Kind::Gauge => describe_gauge!(name, unit, self.description),
            Kind::Histogram => describe_histogram!(name, unit, self.description),
        }
    }

    /// The handle of the counter with these labels, of the recorder that is installed now.
    pub fn count(&self, labels: Labels<'_>) -> Counter {
        self.check(Kind::Counter, labels);
        counter!(self.name, labels)
    }

    /// The handle of the gauge with these labels.
    pub fn level(&self, labels: Labels<'_>) -> Gauge {
        self.check(Kind::Gauge, labels);
        gauge!(self.name, labels)
    }

    /// The handle of the histogram with these labels.
    pub fn sizes(&self, labels: Labels<'_>) -> Histogram {
        self.check(Kind::Histogram, labels);
        histogram!(self.name, labels)
    }

    /// Handles are made at a start, and a wrong one is a bug that the first start shows.
    fn check(&self, kind: Kind, labels: Labels<'_>) {
        assert_eq!(self.kind, kind, "{}", self.name);
        assert!(
            labels.iter().map(|(label, _)| label).eq(self.labels),
            "{} has the labels {:?}",
            self.name,
            self.labels
        );
    }
}

/// Names a constant for each metric, with its description as documentation, and `ALL` of them:
/// `NAME: kind "name" in unit by "label" => "description";`, unit and labels where there are any.
#[macro_export]
macro_rules! metric_catalogue {
    ($($constant:ident: $kind:ident $name:literal $(in $unit:ident)? $(by $($label:literal),+)? => $text:literal;)*) => {
        $(
            #[doc = $text]
            pub const $constant: $crate::metrics::Metric = $crate::metrics::Metric::$kind($name, $text)$(.$unit())?$(.by(&[$($label),+]))?;
        )*
        /// All of them.
        pub const ALL: &[$crate::metrics::Metric] = &[$($constant),*];
    };
}
