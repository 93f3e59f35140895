//! The live feed: what happens, told as soon as it is durable.
//!
//! A stream is an answer that goes on; a socket is a WebSocket, which tells the same of several things at once.
//! [`places`] bounds how many there are, [`stream`] is the life of a stream, [`socket`] of a socket, [`subscriptions`]
//! what one is asked to tell, [`message`] how a message looks, [`framing`] how it stands in the body of an answer,
//! [`figures`] what all readers of an event share, [`programme`] the same for all events, and [`own`] what a session is
//! told.

pub mod figures;
pub mod framing;
pub mod message;
pub mod own;
pub mod places;
pub mod programme;
pub mod socket;
pub mod stream;
pub mod subscriptions;

use std::time::Duration;

use tokio::sync::watch;

use crate::config::LimitsConfig;
use figures::Figures;
use own::resume::Returned;
use places::Places;
use programme::Programme;

/// The shortest time between two messages about one event: 4 a second are enough for eyes.
const PACE: Duration = Duration::from_millis(250);
/// How long a stream or a socket may be silent, so that no proxy takes it for dead.
const SILENCE: Duration = Duration::from_secs(15);

/// What all streams of a server share.
pub struct Feed {
    places: Places,
    figures: Figures,
    programme: Programme,
    returned: Returned,
    is_stopping: watch::Sender<bool>,
}

impl Feed {
    /// A feed that nobody reads yet.
    pub fn new(limits: &LimitsConfig) -> Feed {
        Feed {
            places: Places::new(limits),
            figures: Figures::default(),
            programme: Programme::default(),
            returned: Returned::default(),
            is_stopping: watch::Sender::new(false),
        }
    }

    /// How many streams there may be, and who has them.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// The figures of events that somebody reads.
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// All public events, while somebody reads them.
    pub fn programme(&self) -> &Programme {
        &self.programme
    }

    /// Those who have come back to a stream of their own.
    pub fn returned(&self) -> &Returned {
        &self.returned
    }

    /// Ends all streams, and each that is opened from now on: the server stops.
    pub fn stop(&self) {
        self.is_stopping.send_replace(true);
    }

    /// Whether the server stops. What this returns is kept by every stream and socket until its end: [`Feed::ended`]
    /// waits for that.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.is_stopping.subscribe()
    }

    /// Waits until no stream and no socket is left.
    pub async fn ended(&self) {
        self.is_stopping.closed().await;
    }
}

/// Whether a path is that of a stream.
pub fn is_stream(path: &str) -> bool {
    path == "/v1/stream" || (path.starts_with("/v1/events/") && path.ends_with("/stream"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "it is readers and proxies that are given time, and nothing that the engine decides"
)]
async fn wait(time: Duration) {
    tokio::time::sleep(time).await;
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_stop_waits_for_everybody_who_is_being_told() {
        let feed = Feed::new(&LimitsConfig::default());
        let [one, mut other] = [feed.stopping(), feed.stopping()];
        feed.stop();
        assert!(*other.borrow_and_update());
        drop(one);
        assert!(feed.ended().now_or_never().is_none(), "one is left");
        drop(other);
        assert!(feed.ended().now_or_never().is_some());
    }

    #[test]
    fn the_paths_of_streams_are_known() {
        for path in ["/v1/stream", "/v1/events/gala/stream"] {
            assert!(is_stream(path), "{path}");
        }
        for path in ["/v1/events/gala", "/v1/events", "/v1/streams", "/v1/stream/", "/stream"] {
            assert!(!is_stream(path), "{path}");
        }
    }
}
