//! More load than a server can hold, offered in an open loop to a server of its own.
//!
//! Reading order: [`arguments`], [`crowd`] (who comes when, over which connection), [`visit`] (what each does there),
//! [`tally`] (what came of it), [`ledger`] (nothing lost, nothing oversold), [`table`] (what is printed).

pub mod arguments;
pub mod crowd;
pub mod dice;
pub mod ledger;
pub mod table;
pub mod tally;
pub mod visit;
