//! The whole server, asked through its socket.
//!
//! Each test has a server of its own on a free port, with a data directory of its own and a clock that stands until the
//! test moves it; nobody but the test turns the wheels. So nothing here sleeps, and nothing depends on how fast the
//! machine is. Only [`process`], [`logs`], [`traces`], [`service_manager`], [`offline`],
//! [`operator`] and the other commands' tests run the real binary.
//!
//! Reading order: [`server`] (what is tested), [`http`] (requests and answers), [`people`] (who asks), [`table`]
//! (request → answer, a line each), [`listener`] (who reads a stream), [`subscriber`] (who reads a WebSocket),
//! [`stage`] (a sale that nobody may disturb), [`relay`] (a network that fails), [`program`] (a program that is told and
//! tells), [`log_lines`] and [`collector`] (what it has logged, and what traces it has sent); then the tests by subject, [`story`] first.

mod collector;
mod http;
mod listener;
mod log_lines;
mod people;
mod program;
#[path = "../crash/random.rs"]
mod random;
mod relay;
mod server;
mod stage;
mod subscriber;
mod table;

mod account_command;
mod admin_history;
mod admin_listener;
mod admin_lists;
mod admin_login;
mod admin_overview;
mod admin_release;
mod admin_sessions;
mod attacks;
mod audit;
mod bad_input;
mod batch;
mod bench_command;
mod coming_back;
mod connections;
mod crowds;
mod description;
mod examples;
mod fairness;
mod feed;
mod feed_of_session;
mod feed_on_the_wire;
mod headers;
mod idempotency;
mod limits;
mod login_accounts;
mod login_jwt;
mod login_service;
mod logs;
mod metrics;
mod objects;
mod offline;
mod operator;
mod operator_refusals;
mod overload;
mod pages;
mod presence;
mod process;
mod readiness;
mod restart;
mod roles;
mod service_manager;
mod sessions;
mod sites;
mod socket;
mod story;
mod time;
mod tls;
mod token_command;
mod traces;
mod waiting;
mod whole_sale;
mod wire;
