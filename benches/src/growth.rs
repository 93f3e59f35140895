//! Growth curves: what a rate and a latency do as something grows, by runs of `holdfast bench` one after the other.
//!
//! Reading order: [`curve`] (what grows, and how far), [`measuring`] (a run), [`drawn`] (the plot and its figures).

pub mod curve;
pub mod drawn;
pub mod measuring;
