//! What the client of a socket asks to be told, and those who tell it.

use std::sync::Arc;

use holdfast_engine::core::id::Slug;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::figures::{self, Numbers};
use super::message::Message;
use super::own::{self, Reader};
use super::places::Place;
use super::programme;
use super::stream::{End, Outlet};
use crate::error::ApiError;
use crate::gateway::Gateway;
use crate::identity::Opener;
use crate::request::{event_id, parse_text};

/// The most subscriptions of one socket.
pub const SUBSCRIPTIONS_MAX: usize = 64;

/// A client's first message, as it is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    subscribe: Vec<String>,
    token: Option<String>,
    last_event_id: Option<u64>,
}

/// What a client asks for.
pub struct Wish {
    is_own: bool,
    /// Whether the figures of all public events are asked for.
    is_all: bool,
    events: Vec<Slug>,
    token: Option<String>,
    last_event_id: Option<u64>,
}

impl Wish {
    /// Reads a client's first message, nested at most `depth_max` deep.
    ///
    /// # Errors
    ///
    /// Malformed where it is not of the form of the contract; not found where it names what can be no event's id.
    pub fn read(text: &str, depth_max: u32) -> Result<Wish, ApiError> {
        let Sent { subscribe, token, last_event_id } = parse_text(text.as_bytes(), depth_max)?;
        if !(1..=SUBSCRIPTIONS_MAX).contains(&subscribe.len()) {
            return Err(ApiError::Malformed(format!("subscribe must have 1 to {SUBSCRIPTIONS_MAX} items")));
        }
        let mut wish = Wish { is_own: false, is_all: false, events: Vec::new(), token, last_event_id };
        for topic in &subscribe {
            let is_new = wish.add(topic)?;
            if !is_new {
                return Err(ApiError::Malformed("subscribe must name nothing twice".to_owned()));
            }
        }
        if wish.is_all && !wish.events.is_empty() {
            return Err(ApiError::Malformed("\"events\" tells of every event: name none besides".to_owned()));
        }
        Ok(wish)
    }

    /// Adds a topic. `false` if it is there already.
    fn add(&mut self, topic: &str) -> Result<bool, ApiError> {
        match topic {
            "me" => Ok(!std::mem::replace(&mut self.is_own, true)),
            "events" => Ok(!std::mem::replace(&mut self.is_all, true)),
            _ => {
                let unknown = || ApiError::Malformed("subscribe has \"me\", \"events\" and \"event:<id>\"".to_owned());
                let event = event_id(topic.strip_prefix("event:").ok_or_else(unknown)?)?;
                let is_new = !self.events.contains(&event);
                self.events.push(event);
                Ok(is_new)
            }
        }
    }
}

/// The subscriptions of one socket. Who tells them stops when this is dropped.
pub struct Subscriptions {
    messages: mpsc::Receiver<Message>,
    tellers: JoinSet<End>,
    /// What it means that nothing more comes.
    end: End,
}

impl Subscriptions {
    /// Begins to tell what is wished. A socket that tells what is a session's own has its place from then on as one of
    /// the session's.
    ///
    /// # Errors
    ///
    /// Nothing is told: there is no such event, or `opener` and the wish's token open no session, or the session has
    /// too many streams, or opens them too often.
    pub fn open(
        gateway: &Arc<Gateway>,
        wish: Wish,
        opener: Opener,
        place: &mut Place,
    ) -> Result<Subscriptions, ApiError> {
        let (sender, messages) = mpsc::channel(1);
        let outlet = Outlet::new(sender, place.kind);
        let mut tellers = JoinSet::new();
        let seen = wish.last_event_id;
        if wish.is_own {
            let (buyer, token) = opener.session(gateway, wish.token)?;
            gateway.rates().stream(buyer.0.number)?;
            gateway.feed().places().give_to_session(place, buyer.0.number)?;
            let reader = Reader { session: buyer.0, token_hash: token.hash, wants_figures: wish.is_all, seen };
            tellers.spawn(own::tell(outlet.clone(), Arc::clone(gateway), reader));
        } else if wish.is_all {
            tellers.spawn(programme::tell(outlet.clone(), programme::read(gateway)?));
        }
        // The numbers of what is a session's own and those of an event cannot stand for each other: with "me", only its own count.
        let numbers = if wish.is_own { Numbers::Without } else { Numbers::After(seen) };
        for event in wish.events {
            let reader = figures::read(gateway, &event)?;
            let telling = figures::tell(outlet.clone(), reader, numbers);
            tellers.spawn(tell_event(outlet.clone(), event, telling));
        }
        Ok(Subscriptions { messages, tellers, end: End::Over })
    }

    /// The next message of any of them. May be dropped before it is there.
    ///
    /// # Errors
    ///
    /// The end: all are over; or what is the session's own is, for whatever reason, and with it all others.
    pub async fn next(&mut self) -> Result<Message, End> {
        loop {
            tokio::select! {
                biased;
                Some(message) = self.messages.recv() => return Ok(message),
                // What was told before is still taken; the end is known once all who tell have been asked how theirs was.
                ended = self.tellers.join_next() => match ended {
                    None => return Err(self.end),
                    Some(Ok(end)) if end != End::Over => {
                        self.end = end;
                        self.tellers.abort_all();
                    }
                    Some(_) => {}
                },
            }
        }
    }
}

/// Tells an event's figures, and when that is over while others go on, says so.
async fn tell_event(outlet: Outlet, event: Slug, telling: impl Future<Output = End>) -> End {
    let end = telling.await;
    if end == End::Over {
        let subscription = format!("event:{}", event.as_str());
        let data = json!({ "status": "subscription_ended", "subscription": subscription });
        if let Err(left) = outlet.send(Message::without_id("server", &data)).await {
            return left;
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::message;
    use crate::feed::places::Kind;

    /// A socket on which these have ended, and perhaps another one goes on.
    fn ended(ends: impl IntoIterator<Item = End>, has_another: bool) -> Subscriptions {
        let (sender, messages) = mpsc::channel(1);
        let outlet = Outlet::new(sender, Kind::Socket);
        let mut tellers = JoinSet::new();
        for end in ends {
            let outlet = outlet.clone();
            tellers.spawn(async move {
                let _outlet = outlet;
                end
            });
        }
        if has_another {
            tellers.spawn(async move { outlet.awake_until(std::future::pending()).await.unwrap_or_else(|end| end) });
        }
        Subscriptions { messages, tellers, end: End::Over }
    }

    #[tokio::test]
    async fn a_socket_ends_as_what_is_ones_own_does() {
        for end in [End::SessionExpired, End::TooSlow] {
            for has_another in [false, true] {
                let told = ended([End::Over, end], has_another).next().await;
                assert_eq!(told.err(), Some(end), "with another one: {has_another}");
            }
        }
    }

    #[tokio::test]
    async fn what_was_told_before_the_end_is_heard() {
        let (sender, messages) = mpsc::channel(1);
        let mut tellers = JoinSet::new();
        tellers.spawn(async move {
            Outlet::new(sender, Kind::Socket).send(message::server("current")).await.expect("room");
            End::TooSlow
        });
        let mut subscriptions = Subscriptions { messages, tellers, end: End::Over };
        assert!(subscriptions.next().await.is_ok());
        assert_eq!(subscriptions.next().await.err(), Some(End::TooSlow));
    }

    #[tokio::test]
    async fn one_event_that_is_gone_ends_no_other() {
        use futures_util::FutureExt;
        assert!(ended([End::Over], true).next().now_or_never().is_none());
        assert_eq!(ended([End::Over], false).next().await.err(), Some(End::Over));
    }
}
