//! Whole requests: method, path, query, header fields and body, through every layer and handler to an engine on a disk.
//!
//! The input is a request as text: `METHOD /path`, then `name: value` lines, an empty line, the body; or several of them, with
//! `%%` on a line between. `{buyer}`, `{other}` and `{admin}` in a head or body become credentials, so that what stands behind them is
//! reached too. Whatever is sent, the server must answer in the form of the contract, and never with a fault of its own.

#![no_main]

use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use holdfast::config::{AuthMode, Config};
use holdfast::gateway::Gateway;
use holdfast::layers;
use holdfast::listener::Side;
use holdfast::login::Login;
use holdfast::metrics::Exposition;
use holdfast::tokens::Tokens;
use holdfast_engine::clock::{Clock, ManualClock};
use holdfast_engine::engine::{Engine, Wheels};
use http_body_util::BodyExt;
use libfuzzer_sys::{Corpus, fuzz_target};
use metrics_exporter_prometheus::PrometheusBuilder;
use tempfile::TempDir;
use tower::ServiceExt;

const ADMIN_TOKEN: &str = "an-admin-token-for-fuzzing";
/// A server serves so many inputs before a fresh one takes its place, so that neither its state nor its disk grows for ever.
const INPUTS_PER_SERVER: u32 = 1_000;
/// The most requests of one input.
const REQUESTS_MAX: usize = 4;
const BETWEEN: &[u8] = b"\n%%\n";

struct Target {
    runtime: tokio::runtime::Runtime,
    server: Option<Server>,
}

struct Server {
    service: Router,
    gateway: Arc<Gateway>,
    /// The tokens of two sessions.
    tokens: [String; 2],
    inputs_left: u32,
    _data: TempDir,
}

thread_local! {
    /// Never dropped: at the end of the process, what an engine needs for its own end is gone already.
    static TARGET: ManuallyDrop<RefCell<Target>> = ManuallyDrop::new(RefCell::new(Target::new()));
}

fuzz_target!(|input: &[u8]| -> Corpus { TARGET.with(|target| target.borrow_mut().send(input)) });

impl Target {
    fn new() -> Target {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        Target { runtime, server: None }
    }

    fn send(&mut self, input: &[u8]) -> Corpus {
        self.runtime.block_on(async {
            let mut server = match self.server.take() {
                Some(server) if server.inputs_left > 0 => server,
                Some(server) => {
                    server.gateway.engine().expect("an engine").shutdown().await;
                    Server::start().await
                }
                None => Server::start().await,
            };
            server.inputs_left -= 1;
            let mut kept = Corpus::Reject;
            for part in parts(input).take(REQUESTS_MAX) {
                if let Some(request) = server.request(part) {
                    server.check(request).await;
                    kept = Corpus::Keep;
                }
            }
            self.server = Some(server);
            kept
        })
    }
}

/// The requests of an input.
fn parts(input: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(input);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = text.windows(BETWEEN.len()).position(|window| window == BETWEEN);
        rest = end.map(|end| &text[end + BETWEEN.len()..]);
        Some(&text[..end.unwrap_or(text.len())])
    })
}

impl Server {
    async fn start() -> Server {
        let data = tempfile::tempdir().expect("a temporary directory");
        let mut config = Config::default();
        config.limits.enabled = false;
        config.metrics.listen = String::new();
        config.journal.segment_bytes = 1 << 20;
        config.journal.batch_bytes_max = 512 << 10;
        config.snapshot.on_stop = false;
        config.auth.mode = AuthMode::Accounts;
        // As cheap as a hash can be: it is not the hashes that are tried here.
        config.accounts.hash_memory_kib = 8;
        config.accounts.hash_passes = 1;
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(1_795_341_600_000));
        let login = Login::start(&config).expect("threads that hash");
        let metrics = Exposition::new(Some(PrometheusBuilder::new().build_recorder().handle()), 100);
        let gateway = Arc::new(Gateway::new(config.clone(), login, None, None, &clock, metrics));
        let engine = Engine::open(config.engine(), data.path(), clock, Wheels::ByHand).expect("an engine");
        let (tokens, _) = Tokens::open(Some(ADMIN_TOKEN), data.path()).expect("a usable admin token");
        gateway.serve(engine, tokens);
        let service = layers::service(Arc::clone(&gateway), Side::Both);
        let mut server =
            Server { service, gateway, tokens: Default::default(), inputs_left: INPUTS_PER_SERVER, _data: data };
        server.set_the_stage().await;
        server
    }

    /// Two who are logged in; an event with enough for both, and one of which one has the only ticket and the other waits.
    async fn set_the_stage(&mut self) {
        for (event, capacity) in [("gala", 100_000), ("tiny", 1)] {
            let event = format!(
                "POST /v1/admin/events\nauthorization: Bearer {{admin}}\ncontent-type: application/json\n\n\
                 {{\"id\":\"{event}\",\"name\":\"An event\",\"capacity\":{capacity},\"status\":\"on_sale\"}}"
            );
            self.answer(event.as_bytes()).await;
        }
        for (index, user) in ["ann", "bob"].iter().enumerate() {
            let account = format!("{{\"user\":\"{user}\",\"password\":\"a long password\"}}");
            let request = format!("POST /v1/accounts\ncontent-type: application/json\n\n{account}");
            self.answer(request.as_bytes()).await;
            let request = format!("POST /v1/sessions\ncontent-type: application/json\n\n{account}");
            let body = self.answer(request.as_bytes()).await;
            let login: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
            self.tokens[index] = login["token"].as_str().expect("a token").to_owned();
        }
    }

    async fn answer(&self, input: &[u8]) -> Vec<u8> {
        let request = self.request(input).expect("a request");
        self.check(request).await
    }

    /// The request that the text stands for, if hyper would let such a one through. Lines that are no field are left out.
    fn request(&self, input: &[u8]) -> Option<Request<Body>> {
        let end_of_head = input.windows(2).position(|pair| pair == b"\n\n");
        let (head, body) = match end_of_head {
            Some(end) => (&input[..end], &input[end + 2..]),
            None => (input, &b""[..]),
        };
        let mut lines = head.split(|byte| *byte == b'\n');
        let (method, target) = std::str::from_utf8(lines.next()?).ok()?.split_once(' ')?;
        let method = Method::from_bytes(method.as_bytes()).ok()?;
        let target: Uri = target.parse().ok().filter(|target: &Uri| target.path().starts_with('/'))?;
        let mut request = Request::new(Body::from(self.with_credentials(body)));
        *request.method_mut() = method;
        *request.uri_mut() = target;
        request.headers_mut().insert("host", HeaderValue::from_static("holdfast.example"));
        for line in lines {
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
            let name = HeaderName::from_bytes(&line[..colon]);
            let value = HeaderValue::from_bytes(&self.with_credentials(line[colon + 1..].trim_ascii()));
            if let (Ok(name), Ok(value)) = (name, value) {
                request.headers_mut().append(name, value);
            }
        }
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 4_711))));
        Some(request)
    }

    fn with_credentials(&self, value: &[u8]) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(value) else { return value.to_owned() };
        let [buyer, other] = &self.tokens;
        text.replace("{buyer}", buyer).replace("{other}", other).replace("{admin}", ADMIN_TOKEN).into_bytes()
    }

    async fn check(&self, request: Request<Body>) -> Vec<u8> {
        let engine = self.gateway.engine().expect("an engine");
        let seq_before = engine.durable_seq();
        let Ok(response) = self.service.clone().oneshot(request).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a body that does not break off").to_bytes();
        assert!(!parts.status.is_server_error() || parts.status == StatusCode::SERVICE_UNAVAILABLE, "{}", parts.status);
        assert!(parts.headers.contains_key("x-request-id"), "an answer without its request id");
        if parts.status.is_client_error() || parts.status.is_server_error() {
            let problem: serde_json::Value = serde_json::from_slice(&body).expect("problem details");
            assert_eq!(problem["status"], parts.status.as_u16());
            assert!(problem["code"].is_string() && problem["title"].is_string(), "{problem}");
            // A refusal by the rules may be remembered under its key, and says so; anything else has left no trace.
            let has_seq = parts.headers.contains_key("holdfast-seq");
            assert!(has_seq || engine.durable_seq() == seq_before, "{} changed something", parts.status);
        }
        body.to_vec()
    }
}
