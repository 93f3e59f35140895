//! The server of Holdfast: HTTP in, commands to the engine, JSON out. No rule of the sale is decided here.
//!
//! Reading order: [`command_line`] and [`config`] (what is to be run), [`server`] (how it runs, from bind to drain), [`service_manager`] (who is told of it),
//! [`listener`], [`connections`] and [`tls`] (who gets in), [`room`] (for how many), [`gateway`] (what every request shares), [`layers`] with
//! [`admission`], [`ambiguity`], [`origin`] and [`answer_headers`] (what every request goes through), [`request_id`], [`log`] and [`traces`] (how it is found again), [`header_names`], [`client`], [`tokens`] and
//! [`identity`] (who asks), [`login`] (how a login proves it), [`secret`] (what is made and kept of tokens), [`rates`] and [`lockout`] (how often), [`request`] and [`nesting`] (reading,
//! strictly), [`routes`] (by resource), [`operation`] (what a buyer asks of an event, alone or in a batch), [`objects`], [`page`] and [`time`] (JSON), [`answer`] and [`error`] (what leaves), [`openapi`] (the description of it all), [`pages`] (the web pages), [`feed`] (what leaves as soon as it happens);
//! [`metrics`] (what is counted, and shown to Prometheus) and [`readiness`] (whether all is well);
//! [`watched_file`] and [`rereading`] (what is exchanged without a restart); [`offline`] (looking after the data directory without
//! a server); [`operator`] (asking a running server), [`manual`] (completions and manual pages); [`demo`] (sample events and simulated buyers).

pub mod admission;
pub mod ambiguity;
pub mod answer;
pub mod answer_headers;
pub mod client;
pub mod command_line;
pub mod config;
pub mod connections;
pub mod demo;
pub mod error;
pub mod feed;
pub mod gateway;
pub mod header_names;
pub mod identity;
pub mod layers;
pub mod listener;
pub mod lockout;
pub mod log;
pub mod login;
pub mod manual;
pub mod metrics;
pub mod nesting;
pub mod objects;
pub mod offline;
pub mod openapi;
pub mod operation;
pub mod operator;
pub mod origin;
mod outgoing;
pub mod page;
pub mod pages;
pub mod rates;
pub mod readiness;
pub mod request;
pub mod request_id;
pub mod rereading;
pub mod room;
pub mod routes;
pub mod secret;
pub mod server;
pub mod service_manager;
pub mod time;
pub mod tls;
pub mod tokens;
pub mod traces;
pub mod watched_file;
