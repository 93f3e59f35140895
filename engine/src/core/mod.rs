//! The rules of the sale, pure: no IO, no clock, no async, no randomness, no hash order.
//!
//! Time, callers and keys come in as arguments. [`Event::decide`] checks a [`Command`] and emits [`Change`]s, each
//! applied at once by [`Event::evolve`], the only mutator; recovery is `evolve` over the journal and nothing else.
//!
//! Reading order: [`id`], [`settings`], [`status`], [`capacity`], [`queue`], [`flow`], [`hold`], [`command`], [`outcome`],
//! [`rejection`], [`damping`], [`presence`], [`change`], [`event`], [`user`], [`session`].
//!
//! **Architecture invariant:** nothing here imports anything of this crate outside `core`, and of other crates only
//! serde's derives.

pub mod capacity;
pub mod change;
pub mod command;
pub mod damping;
pub mod edit;
pub mod event;
pub mod few;
pub mod flow;
pub mod hold;
pub mod id;
pub mod idempotency;
pub mod number_map;
pub mod outcome;
pub mod party;
pub(crate) mod planted;
pub mod presence;
pub mod queue;
pub mod rejection;
pub mod row_chunk;
pub mod row_map;
pub mod session;
pub mod settings;
pub mod status;
pub mod table;
pub mod user;
pub mod user_map;

pub use change::Change;
pub use command::{Caller, Command, Context};
pub use event::Event;
pub use outcome::Outcome;
pub use rejection::Rejection;
pub use session::Sessions;

#[cfg(test)]
mod tests;
