//! The whole server, asked through its socket.
//!
//! Each test has a server of its own on a free port, with a data directory of its own and a clock that stands until the
//! test moves it; nobody but the test turns the wheels. So nothing here sleeps, and nothing depends on how fast the
//! machine is. Only [`process`], [`offline`] and [`token_command`] run the real binary.
//!
//! Reading order: [`server`] (what is tested), [`http`] (requests and answers), [`people`] (who asks), [`table`] (request
//! → answer, a line each), [`listener`] (who reads a stream), [`stage`] (a sale that nobody may disturb); then the tests by subject, [`story`] first.

mod http;
mod listener;
mod people;
mod server;
mod stage;
mod table;

mod account_command;
mod admin_listener;
mod admin_lists;
mod admin_overview;
mod admin_release;
mod admin_sessions;
mod attacks;
mod audit;
mod bad_input;
mod batch;
mod connections;
mod crowds;
mod description;
mod feed;
mod feed_of_session;
mod headers;
mod idempotency;
mod limits;
mod login_accounts;
mod login_jwt;
mod login_service;
mod objects;
mod offline;
mod overload;
mod presence;
mod process;
mod restart;
mod roles;
mod sessions;
mod sites;
mod story;
mod time;
mod tls;
mod token_command;
mod wire;
