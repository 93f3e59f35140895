//! What is there before a stream is opened: the event, its neighbours, and the sessions of who reads and who buys.

use std::net::SocketAddr;

use hyper::Method;
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use serde_json::json;
use tokio::task::JoinSet;

use crate::connection::{Connection, bearer};
use crate::error::LoadError;
use crate::sale::Offering;
use crate::streams::arguments::Kind;
use crate::streams::reading::Door;

/// How many log in at once.
const AT_ONCE: usize = 32;

/// Puts the event that everybody watches on sale, and besides it as many as make `events` of them.
///
/// # Errors
///
/// The server refused it, or cannot be reached.
pub async fn put_events_on_sale(
    address: SocketAddr,
    admin_token: &str,
    watched: &str,
    events: u32,
) -> Result<(), LoadError> {
    let admin = bearer(admin_token)?;
    let mut connection = Connection::open(address).await?;
    Offering::new(watched).put_on_sale(&mut connection, &admin).await?;
    for number in 1..events {
        Offering::new(format!("{watched}-neighbour-{number}")).put_on_sale(&mut connection, &admin).await?;
    }
    Ok(())
}

/// Logs `count` users in, each for a session of its own. Returns their `Authorization` headers.
///
/// # Errors
///
/// The server refused one, or cannot be reached.
pub async fn log_in(address: SocketAddr, prefix: &str, count: u32) -> Result<Vec<HeaderValue>, LoadError> {
    let mut tasks = JoinSet::new();
    for first in 0..AT_ONCE as u32 {
        let prefix = prefix.to_owned();
        tasks.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut credentials = Vec::new();
            for number in (first..count).step_by(AT_ONCE) {
                let body = Bytes::from(json!({ "user": format!("{prefix}-{number}"), "intents": [] }).to_string());
                let login = connection.send(Method::POST, "/v1/sessions", None, None, body).await?.json()?;
                let token = login["token"].as_str().ok_or_else(|| LoadError::new("a login has no token"))?;
                credentials.push(bearer(token)?);
            }
            Ok(credentials)
        });
    }
    let credentials: Result<Vec<Vec<HeaderValue>>, LoadError> = tasks.join_all().await.into_iter().collect();
    Ok(credentials?.into_iter().flatten().collect())
}

/// The ways in of `count` streams of `kind`, which tell of the event `watched`. Where those are of sessions, these are logged in.
///
/// # Errors
///
/// The server refused a login, or cannot be reached.
pub async fn doors(address: SocketAddr, kind: Kind, watched: &str, count: u32) -> Result<Vec<Door>, LoadError> {
    let all = |door: Door| vec![door; count as usize];
    match kind {
        Kind::Event => Ok(all(Door::Event(watched.into()))),
        Kind::Socket => Ok(all(Door::Socket(watched.into()))),
        Kind::Session => {
            let readers = log_in(address, &format!("{watched}-reader"), count).await?;
            Ok(readers.into_iter().map(Door::Session).collect())
        }
    }
}
