//! The parts of `holdfast-peers`, which measures Holdfast side by side with what a user would pick instead.
//!
//! Reading order: [`arguments`] and [`contenders`] (who takes part), [`contender`] (what that means), [`rounds`] (in
//! which order), [`load`] (a closed loop of clients) and [`figures`] (whether the data is what was acknowledged),
//! [`record`] with [`statistics`], [`pairs`] and [`table`] (what came of it).
//!
//! The contenders: [`redis`](mod@redis) and [`postgres`] by the rules of [`tickets`], each a [`daemon`] of its own;
//! [`tigerbeetle`]; [`holdfast`] over HTTP ([`http`], [`batch`]) beside [`echo`]; the engine [`in_process`] beside
//! [`bare_actix`]; [`timers`].
//! [`disk`], [`processor`], [`machine`] and [`locked`] tell what a figure was measured on.

pub mod arguments;
pub mod bare_actix;
pub mod batch;
pub mod contender;
pub mod contenders;
pub mod daemon;
pub mod disk;
pub mod echo;
pub mod error;
pub mod figures;
pub mod holdfast;
pub mod http;
pub mod in_process;
pub mod load;
pub mod locked;
pub mod machine;
pub mod pairs;
pub mod postgres;
pub mod processor;
pub mod record;
pub mod redis;
pub mod rounds;
pub mod statistics;
pub mod table;
pub mod tickets;
pub mod tigerbeetle;
pub mod timers;
