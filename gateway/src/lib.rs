//! The server of Holdfast: HTTP in, commands to the engine, JSON out. No rule of the sale is decided here.
//!
//! Reading order: [`command_line`] and [`config`] (what is to be run), [`server`] (how it runs, from bind to drain),
//! [`gateway`] (what every request shares), [`admission`] (who is let in), [`client`] and [`identity`] (who asks), [`request`] (reading, strictly), [`routes`] (by
//! resource), [`objects`] (JSON), [`answer`] and [`error`] (what leaves); [`offline`] (looking after the data directory
//! without a server).

pub mod admin_token;
pub mod admission;
pub mod answer;
pub mod client;
pub mod command_line;
pub mod config;
pub mod demo;
pub mod error;
pub mod gateway;
pub mod identity;
pub mod layers;
pub mod objects;
pub mod offline;
pub mod page;
pub mod request;
pub mod routes;
pub mod server;
pub mod time;
pub mod watched_file;
