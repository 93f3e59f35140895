//! The stream of a session: what is the user's, and the figures of all public events.
//!
//! In reading order: this is how one goes, `things.rs` what it tells of the user's, `news.rs` in which order and with which
//! numbers, [`resume`] what somebody missed who comes back.

mod news;
pub mod resume;
mod things;

use std::sync::Arc;

use holdfast_engine::session_table::LiveSession;

use super::programme::{self, Told};
use super::stream::{End, Outlet};
use crate::gateway::Gateway;
use things::Things;

/// Whose stream it is.
#[derive(Clone, Debug)]
pub struct Reader {
    /// The session.
    pub session: Arc<LiveSession>,
    /// The SHA-256 of the token that opened the stream, and without which it ends.
    pub token_hash: [u8; 32],
    /// Whether the figures of all public events are told, too.
    pub wants_figures: bool,
    /// The id of the newest message that the client says it has.
    pub seen: Option<u64>,
}

/// Tells a user what is theirs, and of all public events, as long as the token opens the session.
pub async fn tell(outlet: Outlet, gateway: Arc<Gateway>, reader: Reader) -> End {
    tell_on(&outlet, &gateway, reader).await.map_or_else(|end| end, |()| End::SessionExpired)
}

async fn tell_on(outlet: &Outlet, gateway: &Arc<Gateway>, reader: Reader) -> Result<(), End> {
    let engine = gateway.engine().map_err(|_| End::Over)?;
    // Watched first, so that nothing changes unseen after the first look.
    let mut things = Things::watch(outlet, engine, reader.session.user);
    // Whoever has this stream open waits in line, however long without a request.
    let _attendance = engine.attend(&reader.session);
    let mut programme = programme::read(gateway).map_err(|_| End::Over)?;
    // Figures that are not told are looked at all the same: what is the user's depends on them.
    let (mut figures, reads_them) = (Told::default(), reader.wants_figures.then_some(outlet));
    let shown = programme.borrow_and_update().clone();
    figures.renew(&shown, reads_them).await?;
    // Reading what was missed costs far more than telling the present state. Whoever comes back all the time gets the latter.
    let seen = reader.seen.filter(|_| gateway.rates().resume(reader.session.number).is_ok());
    things.begin(gateway, seen).await?;
    while engine.is_opened_by(&reader.token_hash) {
        let next = async {
            tokio::select! {
                touches = things.touched() => Some(touches),
                _ = programme.changed() => None,
            }
        };
        match outlet.awake_until(next).await? {
            Some(touches) => things.tell(touches).await?,
            None => {
                let shown = programme.borrow_and_update().clone();
                let renewed = figures.renew(&shown, reads_them).await?;
                things.look_again(&renewed).await?;
            }
        }
    }
    Ok(())
}
