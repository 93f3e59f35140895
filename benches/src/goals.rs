//! The parts of `holdfast-goals`, which measures what the project has set itself, and says what of it is met.
//!
//! In reading order: [`arguments`], [`list`] (the goals, and what measures each: [`sources`], [`units`]), [`goal`] (what one is, and whether it is met),
//! [`run`] (what is started to measure, and where its figures are read) with [`server`], [`peers`] (what `make peers` has measured),
//! [`measurements`] (rounds of all of it), [`table`] (what is printed).

pub mod arguments;
pub mod goal;
pub mod list;
pub mod measurements;
pub mod peers;
pub mod run;
pub mod server;
pub mod sources;
pub mod table;
pub mod units;
