//! The offline commands on stores in memory, whole and damaged in every way that can be told apart.

mod backup;
mod dump;
mod load;
mod repair;
mod repair_crash;
mod store;
mod verify;
