//! What an HTTP answer costs by itself: a minimal axum server that reads what a hold is asked with, and answers JSON
//! like Holdfast's, without deciding or keeping anything.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use async_trait::async_trait;
use axum::extract::Path as InPath;
use axum::http::StatusCode;
use axum::routing::post;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use hyper::header::HeaderValue;
use rustix::process::Signal;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::contender::{About, Contender, Durability, Round, Span, Unit, Way};
use crate::daemon::Home;
use crate::disk::Disk;
use crate::error::PeerError;
use crate::http::{Buyer, CONNECTIONS};
use crate::load;
use crate::locked;

/// The argument with which this program is that server.
pub const SERVE: &str = "serve-echo";
/// What it says before its address.
const LISTENS: &str = "listens on ";

/// The echo.
pub struct Echo {
    about: About,
}

impl Echo {
    /// The echo.
    pub fn new() -> Echo {
        let about = About {
            name: "axum-echo".to_owned(),
            what: format!("JSON in, JSON out, {CONNECTIONS} connections; a unit is two requests"),
            way: Way::Http,
            durability: Durability::NotAsked,
            unit: Unit::Ticket,
            settings: vec!["nodelay".to_owned(), "a tokio worker a processor".to_owned(), "mimalloc".to_owned()],
        };
        Echo { about }
    }
}

impl Default for Echo {
    fn default() -> Echo {
        Echo::new()
    }
}

#[async_trait]
impl Contender for Echo {
    fn about(&self) -> &About {
        &self.about
    }

    async fn round(&self, span: Span) -> Result<Round, PeerError> {
        let home = Home::new()?;
        let (disk, log) = (Disk::beneath(home.path()), home.path().join("log"));
        let mut command = home.command(&std::env::current_exe()?)?;
        command.arg(SERVE);
        let mut daemon = home.start(command, Signal::KILL)?;
        let address = daemon.answer(|| said(&log)).await?;
        let mut buyers = Vec::new();
        for number in 0..CONNECTIONS {
            // As long as a token of Holdfast's.
            let user = HeaderValue::try_from(format!("Bearer {number:064x}"));
            let user = user.map_err(|_| PeerError::new("a token does not fit a header"))?;
            buyers.push(Buyer::connect(address, vec![user]).await?);
        }
        let loaded = load::run(buyers, span, &disk).await?;
        let checked = format!("{} units were answered 201", loaded.acknowledged);
        Ok(loaded.round(None, checked, format!("axum {}", locked::version_of("axum"))))
    }
}

async fn said(log: &Path) -> Result<SocketAddr, PeerError> {
    let said = std::fs::read_to_string(log)?;
    let address = said.lines().find_map(|line| line.strip_prefix(LISTENS)?.parse().ok());
    address.ok_or_else(|| PeerError::new("it does not say where it listens"))
}

/// Serves until the process ends, and says where.
pub async fn serve() -> Result<(), PeerError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("{LISTENS}{}", listener.local_addr()?);
    let listener = listener.tap_io(|connection| {
        // What goes wrong with a connection shows in its answers.
        let _ = connection.set_nodelay(true);
    });
    Ok(axum::serve(listener, routes()).await?)
}

fn routes() -> Router {
    Router::new().route("/v1/events/{event}/holds", post(hold)).route("/v1/holds/{hold}/confirm", post(confirm))
}

#[derive(Deserialize)]
struct Wish {
    quantity: u32,
}

/// As long as what Holdfast answers, and of the same kinds of values.
#[derive(Serialize)]
struct Hold {
    id: String,
    event: String,
    ticket_type: &'static str,
    quantity: u32,
    state: &'static str,
    source: &'static str,
    created_at: &'static str,
    expires_at: &'static str,
    expires_in_ms: u64,
    extensions_left: u32,
    server_time: &'static str,
}

#[derive(Serialize)]
struct Booking {
    id: String,
    ticket_type: &'static str,
    quantity: u32,
    state: &'static str,
    booked_at: &'static str,
    cancelled_at: Option<&'static str>,
    refund_due: bool,
    server_time: &'static str,
    from_hold: bool,
}

async fn hold(InPath(event): InPath<String>, Json(wish): Json<Wish>) -> (StatusCode, Json<Hold>) {
    let hold = Hold {
        id: format!("{event}.1234567"),
        event,
        ticket_type: "general",
        quantity: wish.quantity,
        state: "held",
        source: "request",
        created_at: "2026-11-22T15:42:37.430Z",
        expires_at: "2026-11-22T15:52:37.430Z",
        expires_in_ms: 600_000,
        extensions_left: 2,
        server_time: "2026-11-22T15:42:37.430Z",
    };
    (StatusCode::CREATED, Json(hold))
}

async fn confirm(InPath(id): InPath<String>) -> (StatusCode, Json<Booking>) {
    let booking = Booking {
        id,
        ticket_type: "general",
        quantity: 1,
        state: "booked",
        booked_at: "2026-11-22T15:42:37.448Z",
        cancelled_at: None,
        refund_due: false,
        server_time: "2026-11-22T15:42:37.448Z",
        from_hold: true,
    };
    (StatusCode::CREATED, Json(booking))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use holdfast_benches::connection::Connection;
    use hyper::Method;
    use hyper::body::Bytes;
    use tokio::net::TcpListener;

    use super::routes;
    use crate::http::{HOLD_PATH, Identified, read};

    #[test]
    fn the_echo_answers_as_holdfast_does() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let asked = runtime.block_on(async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
            let address = listener.local_addr().expect("an address");
            tokio::spawn(async move { axum::serve(listener, routes()).await });
            let mut connection = Connection::open(address).await.expect("it listens");
            let body = Bytes::from_static(b"{\"quantity\":1}");
            let hold = connection.send(Method::POST, HOLD_PATH, None, None, body).await.expect("it answers");
            let id = read::<Identified<'_>>(&hold.body).expect("a hold").id.to_owned();
            let path = format!("/v1/holds/{id}/confirm");
            let booking = connection.send(Method::POST, &path, None, None, Bytes::new()).await.expect("it answers");
            (hold.status, id, booking.status, booking.json().expect("JSON")["state"].clone())
        });
        assert_eq!(asked, (201, "hot.1234567".to_owned(), 201, "booked".into()));
    }
}
