//! What generates load, tried with little of it: at a server in this process, or at an engine.

mod bench;
mod server;
mod streams;
