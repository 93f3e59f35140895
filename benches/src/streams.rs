//! Many live streams of one event: what each costs, and how soon a change is at all of them.
//!
//! Reading order: [`arguments`], [`house`] (the event, its neighbours and who reads), [`reading`] (one stream), [`audience`]
//! (all of them), [`buyers`] (who change the event), [`delays`] (from a change to its readers), [`table`] (what is printed).

pub mod arguments;
pub mod audience;
pub mod buyers;
pub mod delays;
pub mod house;
pub mod reading;
pub mod table;
