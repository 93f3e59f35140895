//! The reservation engine of Holdfast: no HTTP in it.
//!
//! ```text
//!                 Engine (engine.rs) ── login ──▶ SessionActor ── in login_seq order ──┐
//!                    │                                  │                              │
//!                    │ execute                          │ records                      ▼
//!                    ├──────────── Directory ── Inbox ──┼───────────────▶ EventActor (one an event)
//!                    │                                  │                   │ take_turn: advance, execute
//!                    │ views                            ▼                   ▼
//!                    ◀────── replies and views ── Journal ◀── records ── EventMachine = core::Event + Wheel
//!                            after the sync         │
//!                                                   ▼
//!                                  segments ── replay ──▶ State ──▶ snapshots
//! ```
//!
//! In reading order:
//!
//! - [`core`]: the rules, pure. [`core::Event`] decides commands and evolves by changes
//! - [`wheel`]: when to look at what again; no clock inside
//! - [`machine`]: an event with its wheel; `session_machine`: the sessions with theirs
//! - [`record`]: changes as bytes · [`journal`]: bytes that are there after a power cut · [`storage`]: the door to the disk
//! - [`state`]: everything durable as one value · [`snapshot`]: that value as a file · `snapshotter`: when and how
//! - `inbox`, [`handle`], `event_turn`, `session_turn`: a turn takes many commands, and makes one append
//! - `actor`: the actix shells around the turns, and who takes one · `alarms`: who is to be woken when
//! - `directory`, [`session_table`]: who there is · `pressure`: how many wait, and whether the disk is slow
//! - `lifecycle_log`: what the log says of an event's life · `pulse`: signs of life of the wheels' thread
//! - `census`: sums over all events · `tally`: what is counted as it becomes durable · `history`: what the totals were lately
//! - [`offline`]: look at a data directory, repair it, copy it, without an engine
//! - [`engine`]: open, execute, read, shut down · [`clock`], [`config`], [`error`], [`metrics`]
//!
//! # Invariants
//!
//! 1. No success is answered, no refusal, no figure shown before everything it rests on is on disk. A repeat that changed
//!    nothing still waits for the record it repeats.
//! 2. An event has one turn at a time, the actor's or that of whoever asks; it never waits for the disk: replies travel with
//!    their turn's records.
//! 3. One journal for the process; one writer thread; one unsynced batch in flight. A failed write or sync ends the
//!    process; fsync is never retried.
//! 4. The wheel proposes, the core decides: the deadline in the state is the truth. Wheels are rebuilt at recovery, never
//!    stored.
//! 5. An event changes only in [`core::Event::evolve`]. Live traffic, recovery and snapshots run the same lines.
//! 6. A panic in a turn, in the journal or in a snapshot's state ends the process or the attempt: half a step is never
//!    seen by anybody.
//! 7. Everything has a bound with a name and a unit: inbox, queue, turn, batch, backlog, body, remembered answers.
//! 8. Reads do not enter an inbox. Figures come from the last published durable view; a user's own things are looked at
//!    between two turns, and told once they are durable.
//! 9. A session's record comes before any event's record that rests on it, and logins reach each event in the order of
//!    `login_seq`: one actor sends them all, after it has journaled them.

mod actor;
mod alarms;
pub mod asker;
mod census;
pub mod clock;
pub mod config;
pub mod core;
mod directory;
pub mod engine;
pub mod error;
mod event_turn;
pub mod handle;
mod heartbeat;
mod history;
mod inbox;
pub mod journal;
mod lifecycle_log;
pub mod machine;
pub mod metrics;
pub mod offline;
mod pressure;
mod pulse;
pub mod record;
mod services;
mod session_machine;
pub mod session_table;
mod session_turn;
#[cfg(test)]
mod simulation;
pub mod snapshot;
mod snapshotter;
pub mod state;
pub mod storage;
mod tally;
mod touches;
mod watchers;
pub mod wheel;
