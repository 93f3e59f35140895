//! The parts of `holdfast-load`, the HTTP load generator of Holdfast, and what its benches share.
//!
//! Reading order of the load generator: [`arguments`] (what is to be run), [`sale`] (the event and its users, before and
//! after), [`load`] with [`pacer`] and [`worker`] or [`batch_worker`] (a run), [`report`] (what came of it), [`connection`] and [`clock`] (HTTP and time).
//!
//! [`overload`] has the parts of `holdfast-overload`, which offers a server more than it can hold, and [`streams`] those of
//! `holdfast-streams`, which opens many live streams of one event. Both start a [`program`] of their own, and so does `holdfast-compare`,
//! which puts the same load on two configurations in turn.
//!
//! Benches of a whole engine in process begin with a [`venue`]; [`buyer`]s buy there, and their [`latency`] is filed.

pub mod arguments;
pub mod batch_worker;
pub mod buyer;
pub mod clock;
pub mod connection;
pub mod error;
pub mod latency;
pub mod load;
pub mod overload;
pub mod pacer;
pub mod program;
pub mod report;
pub mod sale;
pub mod streams;
pub mod venue;
pub mod worker;
