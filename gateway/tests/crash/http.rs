//! A keep-alive connection that can be cut.

use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// A server that takes longer to answer has hung.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// The connection broke before the answer was there: nobody knows what was done.
#[derive(Debug)]
pub struct Cut;

/// A request, ready to be sent again.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    pub path: String,
    pub token: Option<String>,
    pub key: Option<String>,
    pub body: Option<Value>,
}

impl Request {
    /// The event that it is about.
    pub fn event(&self) -> Option<&str> {
        let (what, id) = self.subject()?;
        if what == "events" { Some(id) } else { id.split_once('.').map(|(event, _)| event) }
    }

    /// The hold that its path names.
    pub fn hold(&self) -> Option<&str> {
        self.subject().filter(|(what, _)| *what == "holds").map(|(_, id)| id)
    }

    /// The ticket type that its body wishes for.
    pub fn ticket_type(&self) -> Option<&str> {
        self.body.as_ref()?["ticket_type"].as_str()
    }

    /// A number of its body.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.body.as_ref()?[name].as_u64()
    }

    /// `holds` and `gala.7` of `/v1/holds/gala.7/confirm`.
    fn subject(&self) -> Option<(&str, &str)> {
        let mut parts = self.path.strip_prefix("/v1/")?.split(['/', '?']);
        parts.next().zip(parts.next()).filter(|(what, _)| ["events", "holds", "bookings"].contains(what))
    }
}

/// An acknowledged answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// `Holdfast-Seq`.
    pub seq: Option<u64>,
    /// `Idempotency-Replayed`.
    pub is_replay: bool,
    /// `null` where there is none.
    pub body: Value,
}

pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Connection, Cut> {
        let stream = TcpStream::connect(address).await.map_err(|_| Cut)?;
        stream.set_nodelay(true).map_err(|_| Cut)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|_| Cut)?;
        // It ends with the sender, or with the server; whoever waits for an answer learns of that.
        tokio::spawn(connection);
        Ok(Connection { sender })
    }

    pub async fn send(&mut self, request: &Request) -> Result<Answer, Cut> {
        let answered = async {
            self.sender.ready().await.map_err(|_| Cut)?;
            read(self.sender.send_request(assemble(request)).await.map_err(|_| Cut)?).await
        };
        tokio::time::timeout(ANSWER_MAX, answered).await.unwrap_or_else(|_| panic!("no answer to {request:?}"))
    }

    /// Sends, and hangs up after a number of turns of the scheduler, with or without an answer by then.
    pub async fn send_and_hang_up(mut self, request: &Request, turns: u64) {
        let turning = async {
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = self.send(request) => {}
            () = turning => {}
        }
    }
}

fn assemble(request: &Request) -> hyper::Request<Full<Bytes>> {
    let mut builder = hyper::Request::builder().method(&request.method).uri(&request.path).header(HOST, "holdfast");
    if let Some(token) = &request.token {
        builder = builder.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    if let Some(key) = &request.key {
        builder = builder.header("idempotency-key", key);
    }
    let body = request.body.as_ref().map(|body| Bytes::from(body.to_string()));
    if body.is_some() {
        builder = builder.header(CONTENT_TYPE, "application/json");
    }
    builder.body(Full::new(body.unwrap_or_default())).expect("a well-formed request")
}

async fn read(response: Response<hyper::body::Incoming>) -> Result<Answer, Cut> {
    let status = response.status().as_u16();
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let seq = header("holdfast-seq").map(|seq| seq.parse().expect("a number"));
    let is_replay = header("idempotency-replayed") == Some("true");
    let bytes = response.into_body().collect().await.map_err(|_| Cut)?.to_bytes();
    let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).expect("JSON") };
    Ok(Answer { status, seq, is_replay, body })
}
