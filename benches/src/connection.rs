//! A keep-alive HTTP connection.

use std::net::SocketAddr;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::error::LoadError;

const HOST_NAME: HeaderValue = HeaderValue::from_static("holdfast");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A connection with one request under way at most.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
}

/// What the server said.
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: Bytes,
    /// After how many seconds to come back, where it says so.
    pub retry_after: Option<u64>,
    /// The journal number of the change that it is about, where it says so.
    pub seq: Option<u64>,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Result<Connection, LoadError> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // Its end is the sender's, who hears of it with the next request.
        tokio::spawn(connection);
        Ok(Connection { sender })
    }

    /// Whether the server has closed it.
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Waits until it takes a request; `false` if it takes none any more.
    pub async fn is_ready(&mut self) -> bool {
        self.sender.ready().await.is_ok()
    }

    /// Sends a request and reads the whole answer. `credential` is the value of the `Authorization` header.
    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        credential: Option<&HeaderValue>,
        key: Option<u64>,
        body: Bytes,
    ) -> Result<Answer, LoadError> {
        let mut request = Request::builder().method(method).uri(path).header(HOST, HOST_NAME);
        if let Some(credential) = credential {
            request = request.header(AUTHORIZATION, credential);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", HeaderValue::from(key));
        }
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, JSON);
        }
        let request = request.body(Full::new(body)).map_err(|error| LoadError::new(error.to_string()))?;
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let status = response.status().as_u16();
        let number = |value: &HeaderValue| value.to_str().ok()?.parse().ok();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(number);
        let seq = response.headers().get("holdfast-seq").and_then(number);
        Ok(Answer { status, body: response.into_body().collect().await?.to_bytes(), retry_after, seq })
    }
}

impl Answer {
    /// The body as JSON, where the status is one of success.
    pub fn json(&self) -> Result<Value, LoadError> {
        let text = String::from_utf8_lossy(&self.body);
        if !(200..300).contains(&self.status) {
            return Err(LoadError::new(format!("the server answered {}: {text}", self.status)));
        }
        serde_json::from_slice(&self.body).map_err(|error| LoadError::new(format!("{error} in {text}")))
    }
}

/// The value of an `Authorization` header.
pub fn bearer(token: &str) -> Result<HeaderValue, LoadError> {
    HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| LoadError::new("a token does not fit a header"))
}
