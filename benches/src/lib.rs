//! What measures Holdfast: the load generator `holdfast bench`, the runs of overload and of many streams, and what its benches share.
//!
//! [`mod@bench`] is the load generator; [`growth`] runs it again and again for the curves of what a rate and a latency do as
//! something grows. What generators of load over HTTP share: [`connection`] and [`scan`] (HTTP), [`sale`] (the event), [`pacer`] and
//! [`clock`] (time), [`program`] (a server of its own).
//!
//! [`overload`] has the parts of `holdfast-overload`, which offers a server more than it can hold, and [`streams`] those of
//! `holdfast-streams`, which opens many live streams of one event. `holdfast-compare` puts the same load on two configurations in turn.
//!
//! Benches of a whole engine in process begin with a [`venue`]; [`buyer`]s buy there, and their [`latency`] is filed. A [`till`] is one
//! with clients who do units of work, a [`mod@line`] one with many in line. A [`stage`] is an event by itself, and [`sessions`] the table of
//! sessions. [`goals`] has the parts of `holdfast-goals`, which starts the benches. Chance is [`random`] and the same in
//! every run; [`statistics`] has what is quoted, [`figures`] where it is left for `holdfast-goals`.

pub mod bench;
pub mod buyer;
pub mod clock;
pub mod connection;
pub mod error;
pub mod figures;
pub mod goals;
pub mod growth;
pub mod latency;
pub mod line;
pub mod overload;
pub mod pacer;
pub mod program;
pub mod random;
pub mod sale;
pub mod scan;
pub mod sessions;
pub mod stage;
pub mod statistics;
pub mod streams;
pub mod till;
pub mod venue;
