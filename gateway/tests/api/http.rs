//! Requests and answers.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex as PlainMutex};

use http_body_util::{BodyExt, Full};
use hyper::HeaderMap;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use crate::description;

/// Where a server listens: shared, because a restarted one listens elsewhere.
#[derive(Clone)]
pub struct Address(Arc<PlainMutex<SocketAddr>>);

impl Address {
    pub fn new(address: SocketAddr) -> Address {
        Address(Arc::new(PlainMutex::new(address)))
    }

    pub fn get(&self) -> SocketAddr {
        *self.0.lock().expect("an address")
    }

    pub fn set(&self, address: SocketAddr) {
        *self.0.lock().expect("an address") = address;
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    path: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

pub fn get(path: impl Into<String>) -> Request {
    Request::new("GET", path)
}

pub fn post(path: impl Into<String>, body: Value) -> Request {
    Request::new("POST", path).json(body.to_string())
}

pub fn patch(path: impl Into<String>, body: Value) -> Request {
    Request::new("PATCH", path).json(body.to_string())
}

pub fn put(path: impl Into<String>, body: Value) -> Request {
    Request::new("PUT", path).json(body.to_string())
}

pub fn delete(path: impl Into<String>) -> Request {
    Request::new("DELETE", path)
}

impl Request {
    pub fn new(method: &str, path: impl Into<String>) -> Request {
        Request { method: method.to_owned(), path: path.into(), headers: Vec::new(), body: Vec::new() }
    }

    /// With a header more.
    pub fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Request {
        self.headers.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// With this body, called JSON whether or not it is.
    pub fn json(self, body: impl Into<Vec<u8>>) -> Request {
        self.body("application/json", body)
    }

    /// With a body of this type.
    pub fn body(self, content_type: &str, body: impl Into<Vec<u8>>) -> Request {
        Request { body: body.into(), ..self.with("content-type", content_type) }
    }

    /// With a body that does not say what it is.
    pub fn untyped_body(self, body: impl Into<Vec<u8>>) -> Request {
        Request { body: body.into(), ..self }
    }

    fn into_hyper(self, host: SocketAddr) -> hyper::Request<Full<Bytes>> {
        let mut request = hyper::Request::builder().method(self.method.as_str()).uri(&self.path);
        request = request.header("host", host.to_string());
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        request.body(Full::from(self.body)).expect("a request that can be written")
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    /// What was asked, for messages.
    request: String,
}

impl Answer {
    /// All of an answer, once it is there; `request` is what was asked, for messages.
    pub async fn whole(answer: hyper::Response<Incoming>, request: String) -> Answer {
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.unwrap_or_else(|error| panic!("{request}: {error:?}")).to_bytes();
        let text = String::from_utf8(bytes.to_vec()).expect("an answer in UTF-8");
        Answer { status: parts.status.as_u16(), headers: parts.headers, text, request }
    }

    /// The text of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a header of visible characters"))
    }

    /// The JSON of the body.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{self:?}: {error}"))
    }

    /// The JSON of an answer that must have this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        self.expect_status(status);
        self.json()
    }

    /// Checks the status of an answer whose body does not matter.
    #[track_caller]
    pub fn expect_status(&self, status: u16) {
        assert_eq!(self.status, status, "{}: {}", self.request, self.text);
    }

    /// The problem of a refusal that must have this status and code.
    #[track_caller]
    pub fn expect_refusal(&self, status: u16, code: &str) -> Value {
        let problem = self.expect(status);
        assert_eq!(problem["code"], code, "{}: {}", self.request, self.text);
        assert_eq!(problem["status"], status, "{}: {}", self.request, self.text);
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.request);
        problem
    }
}

/// A connection that is opened when it is first used, and again where the server has closed it or moved.
pub struct Connection {
    address: Address,
    open: Mutex<Option<Open>>,
}

struct Open {
    address: SocketAddr,
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    pub fn to(address: Address) -> Connection {
        Connection { address, open: Mutex::new(None) }
    }

    /// Another connection to the same server.
    pub fn another(&self) -> Connection {
        Connection::to(self.address.clone())
    }

    /// Asks, and waits for the whole answer, which must be one that the API's description has.
    pub async fn send(&self, request: Request) -> Answer {
        let (method, path) = (request.method.clone(), request.path.clone());
        let description = format!("{method} {path}");
        let mut open = self.ready().await;
        let Open { address, sender } = open.as_mut().expect("an open connection");
        let answer = sender.send_request(request.into_hyper(*address)).await;
        let answer = answer.unwrap_or_else(|error| panic!("{description}: {error:?}"));
        let answer = Answer::whole(answer, description).await;
        description::check(&method, &path, &answer);
        answer
    }

    /// Asks for an answer that goes on. What comes back is to be read with this connection kept.
    pub async fn begin(&self, request: Request) -> hyper::Response<Incoming> {
        let mut open = self.ready().await;
        let Open { address, sender } = open.as_mut().expect("an open connection");
        sender.send_request(request.into_hyper(*address)).await.expect("the head of an answer")
    }

    async fn ready(&self) -> tokio::sync::MutexGuard<'_, Option<Open>> {
        let mut open = self.open.lock().await;
        let address = self.address.get();
        let is_usable = match open.as_mut().filter(|open| open.address == address) {
            Some(open) => open.sender.ready().await.is_ok(),
            None => false,
        };
        if !is_usable {
            *open = Some(Open { address, sender: connect(address).await });
        }
        open
    }
}

async fn connect(address: SocketAddr) -> SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(address).await.expect("a server that listens");
    stream.set_nodelay(true).expect("a connection");
    let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("a handshake");
    tokio::spawn(connection);
    sender
}

/// Sends bytes as they are and returns all that comes back until the server closes: for what no client would send.
pub async fn send_raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a server that listens");
    stream.write_all(bytes).await.expect("a server that reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("a server that closes in good order");
    String::from_utf8(answer).expect("an answer in UTF-8")
}
