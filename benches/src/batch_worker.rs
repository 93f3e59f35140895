//! One connection of a sale's own back end: it holds a ticket for each of many users in one call, and confirms them in the next.

use std::fmt::Write as _;
use std::sync::Arc;

use hyper::Method;
use hyper::body::Bytes;

use crate::clock;
use crate::connection::Connection;
use crate::error::LoadError;
use crate::report::{Measured, Step};
use crate::worker::{Plan, id_of};

const CREATED: u16 = 201;

/// One connection, in a closed loop.
pub struct BatchWorker {
    plan: Arc<Plan>,
    connection: Connection,
    /// The session tokens of this connection's users, in turns.
    tokens: Vec<String>,
    next_token: usize,
    requests: u64,
    measured: Measured,
}

impl BatchWorker {
    /// Connects the worker `number`.
    pub async fn connect(plan: Arc<Plan>, number: usize) -> Result<BatchWorker, LoadError> {
        let connection = Connection::open(plan.arguments.address).await?;
        let token =
            |header: &hyper::header::HeaderValue| header.to_str().ok()?.strip_prefix("Bearer ").map(str::to_owned);
        let tokens = plan.sale.credentials[number].iter().filter_map(token).collect();
        Ok(BatchWorker { plan, connection, tokens, next_token: 0, requests: 0, measured: Measured::new() })
    }

    /// Works until the end; returns what was measured. `size` is the number of operations of a batch.
    pub async fn run(mut self, size: u32) -> Result<Measured, LoadError> {
        while clock::now() < self.plan.end {
            let users: Vec<usize> = (0..size).map(|_| self.next_user()).collect();
            let holds = users.iter().map(|user| (*user, format!("\"hold\",\"event\":\"{}\"", self.plan.sale.event)));
            let body = self.body(holds.collect());
            let held = self.step(Step::Hold, body).await?;
            let confirms = users
                .iter()
                .zip(&held)
                .filter_map(|(user, id)| id.as_ref().map(|id| (*user, format!("\"confirm\",\"hold\":\"{id}\""))));
            let confirms: Vec<_> = confirms.collect();
            if confirms.is_empty() {
                continue;
            }
            let body = self.body(confirms);
            self.step(Step::Confirm, body).await?;
        }
        Ok(self.measured)
    }

    fn next_user(&mut self) -> usize {
        self.next_token = (self.next_token + 1) % self.tokens.len();
        self.next_token
    }

    /// A batch of operations, each with its user and the rest of its JSON.
    fn body(&mut self, operations: Vec<(usize, String)>) -> Bytes {
        let mut body = String::from("{\"operations\":[");
        for (index, (user, operation)) in operations.iter().enumerate() {
            self.requests += 1;
            let comma = if index == 0 { "" } else { "," };
            let written = write!(body, "{comma}{{\"op\":{operation},\"token\":\"{}\"", self.tokens[*user]);
            let written = written.and_then(|()| match self.plan.arguments.keys {
                true => write!(body, ",\"idempotency_key\":\"{}\"}}", self.requests),
                false => body.write_str("}"),
            });
            written.expect("a text takes everything");
        }
        body.push_str("]}");
        body.into()
    }

    /// Sends a batch, and measures it for each of its operations. Returns the id that each was answered, where it succeeded.
    async fn step(&mut self, step: Step, body: Bytes) -> Result<Vec<Option<String>>, LoadError> {
        let started = clock::now();
        let admin = Some(self.plan.sale.admin());
        let answer = self.connection.send(Method::POST, "/v1/batch", admin, None, body).await?;
        let answered = clock::now();
        let text = std::str::from_utf8(&answer.body).unwrap_or_default();
        if answer.status != 200 {
            return Err(LoadError::new(format!("a batch was answered {}: {text}", answer.status)));
        }
        let mut ids = Vec::new();
        for (status, body) in results(text) {
            self.measured.count(step, status);
            if started >= self.plan.measure_from {
                let is_in_time = answered <= self.plan.end;
                self.measured.record(step, answered - started, std::time::Duration::ZERO, is_in_time);
            }
            ids.push(id_of(body.as_bytes()).filter(|_| status == CREATED).map(str::to_owned));
        }
        Ok(ids)
    }
}

/// Status and rest of each result. A full parse would cost the generator time that the server then lacks.
fn results(text: &str) -> impl Iterator<Item = (u16, &str)> {
    let results = text.split("{\"status\":").skip(1);
    results.map(|result| {
        let (status, body) = result.split_once(',').unwrap_or_default();
        (status.parse().unwrap_or_default(), body)
    })
}

#[cfg(test)]
mod tests {
    use super::results;

    #[test]
    fn each_result_has_its_status() {
        let text =
            r#"{"results":[{"status":201,"body":{"id":"gala.1"}},{"status":409,"body":{"type":"x","status":409}}]}"#;
        let statuses: Vec<_> = results(text).map(|(status, _)| status).collect();
        assert_eq!(statuses, [201, 409]);
    }
}
