//! The parts of `holdfast-load`, the HTTP load generator of Holdfast.
//!
//! Reading order: [`arguments`] (what is to be run), [`sale`] (the event and its users, before and after), [`pacer`] and
//! [`worker`] (the load), [`report`] (what came of it), [`connection`] and [`clock`] (HTTP and time).

pub mod arguments;
pub mod clock;
pub mod connection;
pub mod error;
pub mod pacer;
pub mod report;
pub mod sale;
pub mod worker;
