//! The way in: over HTTP, or straight to the engine.

use crate::bench::engine_door::EngineDoor;
use crate::bench::http_door::HttpDoor;
use crate::bench::request::{Answer, Asked, Offer, User};
use crate::error::LoadError;

/// One who asks, one call at a time.
pub enum Door {
    /// A keep-alive connection.
    Http(HttpDoor),
    /// The engine of this process.
    Engine(EngineDoor),
}

impl Door {
    /// Logs a user in, who may want a ticket with it.
    ///
    /// # Errors
    ///
    /// There is no answer, or none that can be understood. A refusal is an answer, of which there is no user.
    pub async fn log_in(&mut self, name: &str, wish: Option<&Offer>) -> Result<(Option<User>, Answer), LoadError> {
        match self {
            Door::Http(door) => door.log_in(name, wish).await,
            Door::Engine(door) => door.log_in(name, wish).await,
        }
    }

    /// Asks, and waits for the answer. `key` is unique among the requests of this user.
    ///
    /// # Errors
    ///
    /// There is no answer, or none that can be understood. A refusal is an answer.
    pub async fn ask(&mut self, asked: Asked<'_>, key: Option<u64>) -> Result<Answer, LoadError> {
        match self {
            Door::Http(door) => door.ask(asked, key).await,
            Door::Engine(door) => door.ask(asked, key).await,
        }
    }

    /// Asks for many changes in one call, and waits for all answers, which are in the same order. Their keys count from
    /// `first_key` on.
    ///
    /// # Errors
    ///
    /// As [`ask`](Door::ask), or the whole call was refused.
    pub async fn ask_all(&mut self, asked: &[Asked<'_>], first_key: Option<u64>) -> Result<Vec<Answer>, LoadError> {
        match self {
            Door::Http(door) => door.ask_all(asked, first_key).await,
            Door::Engine(door) => door.ask_all(asked, first_key).await,
        }
    }
}
