//! One connection at work: hold one ticket, confirm it, as the next user hold one …

use std::sync::Arc;
use std::time::Instant;

use hyper::Method;
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::arguments::Arguments;
use crate::clock;
use crate::connection::{Answer, Connection};
use crate::error::LoadError;
use crate::report::{Measured, Step};
use crate::sale::Sale;

const CREATED: u16 = 201;

/// When the next request of a connection begins.
pub enum Starts {
    /// As soon as the last one is answered.
    AtOnce,
    /// When it is due.
    Paced(UnboundedReceiver<Instant>),
}

/// What all workers share.
pub struct Plan {
    /// The command line.
    pub arguments: Arguments,
    /// The event and its users.
    pub sale: Sale,
    /// What is due from then on is measured …
    pub measure_from: Instant,
    /// … and nothing begins after that.
    pub end: Instant,
}

/// One connection.
pub struct Worker {
    plan: Arc<Plan>,
    connection: Connection,
    number: usize,
    starts: Starts,
    hold_path: String,
    requests: u64,
    measured: Measured,
}

impl Worker {
    /// Connects the worker `number`.
    pub async fn connect(plan: Arc<Plan>, number: usize, starts: Starts) -> Result<Worker, LoadError> {
        let connection = Connection::open(plan.arguments.address).await?;
        let hold_path = format!("/v1/events/{}/holds", plan.sale.event);
        Ok(Worker { plan, connection, number, starts, hold_path, requests: 0, measured: Measured::new() })
    }

    /// Works until the end; returns what was measured.
    pub async fn run(mut self) -> Result<Measured, LoadError> {
        let plan = Arc::clone(&self.plan);
        for credential in plan.sale.credentials[self.number].iter().cycle() {
            if !self.unit(credential).await? {
                break;
            }
        }
        Ok(self.measured)
    }

    /// A unit of work; `false` at the end. A hold that is refused is not confirmed.
    async fn unit(&mut self, credential: &HeaderValue) -> Result<bool, LoadError> {
        let path = std::mem::take(&mut self.hold_path);
        let held = self.step(Step::Hold, &path, credential, Bytes::from_static(b"{\"quantity\":1}")).await;
        self.hold_path = path;
        let Some(held) = held? else { return Ok(false) };
        if held.status != CREATED {
            return Ok(true);
        }
        let id = id_of(&held.body).ok_or_else(|| LoadError::new("a hold has no id"))?;
        let path = format!("/v1/holds/{id}/confirm");
        Ok(self.step(Step::Confirm, &path, credential, Bytes::new()).await?.is_some())
    }

    /// Sends a request when its time has come, and measures it; `None` at the end.
    async fn step(
        &mut self,
        step: Step,
        path: &str,
        credential: &HeaderValue,
        body: Bytes,
    ) -> Result<Option<Answer>, LoadError> {
        let Some(due) = self.next_start().await else { return Ok(None) };
        self.requests += 1;
        // Unique within a user's session, which only this connection uses.
        let key = self.plan.arguments.keys.then_some(self.requests);
        let started = clock::now();
        let answer = self.connection.send(Method::POST, path, Some(credential), key, body).await?;
        let answered = clock::now();
        self.measured.count(step, answer.status);
        if due >= self.plan.measure_from {
            // What is answered after the end counts for the latency, which it must not flatter, but not for the rate.
            let is_in_time = answered <= self.plan.end;
            self.measured.record(step, answered - due, started.saturating_duration_since(due), is_in_time);
        }
        Ok(Some(answer))
    }

    async fn next_start(&mut self) -> Option<Instant> {
        match &mut self.starts {
            Starts::AtOnce => Some(clock::now()).filter(|now| *now < self.plan.end),
            Starts::Paced(dues) => dues.recv().await,
        }
    }
}

/// The id of the object in `body`. A full parse would cost the generator time that the server then lacks.
pub fn id_of(body: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, from_id) = text.split_once("\"id\":\"")?;
    from_id.split_once('"').map(|(id, _)| id)
}

#[cfg(test)]
mod tests {
    use super::id_of;

    #[test]
    fn the_id_is_found_in_an_answer() {
        assert_eq!(id_of(br#"{"id":"gala.17","event":"gala"}"#), Some("gala.17"));
        assert_eq!(id_of(br#"{"event":"gala"}"#), None);
        assert_eq!(id_of(b"\xff"), None);
    }
}
