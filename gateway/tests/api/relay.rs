//! A relay between a client and the server, which loses answers and cuts connections as networks do.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::http::Address;

/// How long is waited for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A relay on a port that stays, also where the server behind it starts again on another.
pub struct Relay {
    address: SocketAddr,
    lines: Arc<Lines>,
    accepting: JoinHandle<()>,
}

/// What the connections through a relay share.
struct Lines {
    server: Address,
    /// The first lines of all requests, in their order.
    requests: Mutex<Vec<String>>,
    /// The statuses of all answers that were passed on.
    statuses: watch::Sender<Vec<u16>>,
    /// The beginnings of requests of which one answer each is still to be lost.
    losses: Mutex<Vec<String>>,
    /// The open connections; `None` while none is let through.
    open: Mutex<Option<Vec<JoinHandle<()>>>>,
}

impl Relay {
    /// A relay to a server, which is followed where it moves.
    pub async fn to(server: Address) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let lines = Arc::new(Lines {
            server,
            requests: Mutex::default(),
            statuses: watch::Sender::default(),
            losses: Mutex::default(),
            open: Mutex::new(Some(Vec::new())),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&lines)));
        Relay { address, lines, accepting }
    }

    /// Where clients ask.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Loses one answer to a request that begins like this: the server has done it, and the client does not hear so.
    pub fn lose_answer_to(&self, request: &str) {
        self.lines.losses.lock().expect("a list").push(request.to_owned());
    }

    /// Whether everything that was to be lost is.
    pub fn has_lost_all(&self) -> bool {
        self.lines.losses.lock().expect("a list").is_empty()
    }

    /// How many requests have begun like this.
    pub fn count(&self, request: &str) -> usize {
        self.lines.requests.lock().expect("a list").iter().filter(|line| line.starts_with(request)).count()
    }

    /// Waits until so many answers of this status have been passed on.
    pub async fn passed_on(&self, status: u16, times: usize) {
        let mut statuses = self.lines.statuses.subscribe();
        let are_there = statuses.wait_for(|all| all.iter().filter(|passed| **passed == status).count() >= times);
        let waited = tokio::time::timeout(PATIENCE, are_there).await;
        waited.unwrap_or_else(|_| panic!("no {times} answers {status}")).expect("a relay that is there");
    }

    /// Cuts all connections, and lets none through until it is mended.
    pub fn cut(&self) {
        let open = self.lines.open.lock().expect("a list").take();
        open.into_iter().flatten().for_each(|connection| connection.abort());
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        *self.lines.open.lock().expect("a list") = Some(Vec::new());
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, lines: Arc<Lines>) {
    loop {
        let (client, _) = listener.accept().await.expect("a listener");
        let carried = Arc::clone(&lines);
        if let Some(open) = lines.open.lock().expect("a list").as_mut() {
            open.push(tokio::spawn(async move { carried.carry(client).await }));
        }
    }
}

impl Lines {
    /// Carries a connection until one side ends it, or an answer on it is lost.
    async fn carry(&self, client: TcpStream) {
        let Ok(server) = TcpStream::connect(self.server.get()).await else { return };
        for stream in [&client, &server] {
            stream.set_nodelay(true).expect("a connection");
        }
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let is_lost = Mutex::new(false);
        tokio::select! {
            () = self.carry_requests(from_client, to_server, &is_lost) => (),
            () = self.carry_answers(from_server, to_client, &is_lost) => (),
        }
    }

    async fn carry_requests(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf, is_lost: &Mutex<bool>) {
        while let Some(bytes) = read(&mut from).await {
            if let Some(request) = first_line_of_request(&bytes) {
                *is_lost.lock().expect("a flag") = self.is_to_be_lost(&request);
                self.requests.lock().expect("a list").push(request);
            }
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    }

    async fn carry_answers(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf, is_lost: &Mutex<bool>) {
        while let Some(bytes) = read(&mut from).await {
            if *is_lost.lock().expect("a flag") || to.write_all(&bytes).await.is_err() {
                return;
            }
            if let Some(status) = status_of_answer(&bytes) {
                self.statuses.send_modify(|all| all.push(status));
            }
        }
    }

    fn is_to_be_lost(&self, request: &str) -> bool {
        let mut losses = self.losses.lock().expect("a list");
        let found = losses.iter().position(|loss| request.starts_with(loss));
        found.map(|index| losses.remove(index)).is_some()
    }
}

/// What has come; `None` at the end.
async fn read(from: &mut OwnedReadHalf) -> Option<Vec<u8>> {
    let mut bytes = vec![0; 16 << 10];
    let length = from.read(&mut bytes).await.unwrap_or(0);
    bytes.truncate(length);
    (length > 0).then_some(bytes)
}

/// Clients send the head of a request in one piece, and not before the answer to the one before is there.
fn first_line_of_request(bytes: &[u8]) -> Option<String> {
    let is_head = ["GET ", "POST ", "DELETE "].iter().any(|method| bytes.starts_with(method.as_bytes()));
    is_head.then(|| String::from_utf8_lossy(bytes).lines().next().unwrap_or_default().to_owned())
}

fn status_of_answer(bytes: &[u8]) -> Option<u16> {
    std::str::from_utf8(bytes.strip_prefix(b"HTTP/1.1 ")?.get(..3)?).ok()?.parse().ok()
}
