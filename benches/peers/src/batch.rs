//! Buying over HTTP as a sale's own back end does: a hold for each of many users in one call, and their confirmations in
//! the next.

use std::fmt::Write as _;
use std::net::SocketAddr;

use holdfast_benches::clock;
use holdfast_benches::connection::Connection;
use hyper::Method;
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use serde::Deserialize;

use crate::error::PeerError;
use crate::http::{AGAIN_AFTER, CREATED, OVERLOADED, REFUSALS_MAX, read};
use crate::load::{Calls, Client};

/// The status of a batch that was run.
const DONE: u16 = 200;

/// A connection of a back end.
pub struct BackEnd {
    connection: Connection,
    credential: HeaderValue,
    /// The session tokens of those whom it buys for, in turns.
    tokens: Vec<String>,
    next: usize,
    size: usize,
}

/// What a batch was answered.
#[derive(Deserialize)]
struct Answers<'a> {
    #[serde(borrow)]
    results: Vec<Answer<'a>>,
}

#[derive(Deserialize)]
struct Answer<'a> {
    status: u16,
    #[serde(borrow)]
    body: Body<'a>,
}

#[derive(Deserialize)]
struct Body<'a> {
    /// A refusal has none.
    #[serde(default)]
    id: &'a str,
}

impl BackEnd {
    /// Connects one that shows `credential` and asks for `size` things in a call.
    pub async fn connect(
        address: SocketAddr,
        credential: HeaderValue,
        tokens: Vec<String>,
        size: usize,
    ) -> Result<BackEnd, PeerError> {
        Ok(BackEnd { connection: Connection::open(address).await?, credential, tokens, next: 0, size })
    }

    fn next_tokens(&mut self) -> Vec<usize> {
        let first = self.next;
        self.next = (first + self.size) % self.tokens.len();
        (first..first + self.size).map(|number| number % self.tokens.len()).collect()
    }

    /// Sends operations in a batch, and those again that were not done for want of room; all others must succeed. Returns the
    /// ids of what they made, in their order, and how many were not done at first.
    async fn send(&mut self, operations: Vec<String>) -> Result<(Vec<String>, u64), PeerError> {
        let mut ids = vec![String::new(); operations.len()];
        let mut left: Vec<usize> = (0..operations.len()).collect();
        let mut refused = 0;
        for _ in 0..REFUSALS_MAX {
            let body = Bytes::from(body(left.iter().map(|place| operations[*place].as_str())));
            let answer = self.connection.send(Method::POST, "/v1/batch", Some(&self.credential), None, body).await?;
            if answer.status == DONE {
                left = file(&answer.body, &left, &mut ids)?;
            } else if answer.status != OVERLOADED {
                let told = String::from_utf8_lossy(&answer.body);
                return Err(PeerError::new(format!("a batch was answered {}: {told}", answer.status)));
            }
            if left.is_empty() {
                return Ok((ids, refused));
            }
            refused += left.len() as u64;
            clock::pause(AGAIN_AFTER).await;
        }
        Err(PeerError::new(format!("a batch was refused for want of room {REFUSALS_MAX} times")))
    }
}

/// Files the ids of what was made for the operations at `places`; returns the places of those that were not done.
fn file(answer: &[u8], places: &[usize], ids: &mut [String]) -> Result<Vec<usize>, PeerError> {
    let mut left = Vec::new();
    let answers: Answers<'_> = read(answer)?;
    if answers.results.len() != places.len() {
        let (count, asked) = (answers.results.len(), places.len());
        return Err(PeerError::new(format!("a batch of {asked} operations has {count} answers")));
    }
    for (result, place) in answers.results.iter().zip(places) {
        match result.status {
            CREATED => result.body.id.clone_into(&mut ids[*place]),
            OVERLOADED => left.push(*place),
            status => return Err(PeerError::new(format!("an operation was answered {status}"))),
        }
    }
    Ok(left)
}

impl Client for BackEnd {
    async fn turn(&mut self, calls: &mut Calls) -> Result<u64, PeerError> {
        let users = self.next_tokens();
        let tokens: Vec<String> = users.iter().map(|user| self.tokens[*user].clone()).collect();
        let holds = tokens.iter().map(|token| format!(r#""op":"hold","event":"hot","token":"{token}""#));
        let (holds, refused) = calls.time(self.send(holds.collect())).await?;
        calls.count_refusals(refused);
        let pairs = holds.iter().zip(&tokens);
        let confirms = pairs.map(|(hold, token)| format!(r#""op":"confirm","hold":"{hold}","token":"{token}""#));
        let (bookings, refused) = calls.time(self.send(confirms.collect())).await?;
        calls.count_refusals(refused);
        Ok(bookings.len() as u64)
    }
}

fn body<'a>(operations: impl Iterator<Item = &'a str>) -> String {
    let mut body = String::from("{\"operations\":[");
    for (index, operation) in operations.enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(body, "{comma}{{{operation}}}").expect("a text takes everything");
    }
    body.push_str("]}");
    body
}

#[cfg(test)]
mod tests {
    use super::{body, file};

    #[test]
    fn a_batch_is_json() {
        let text = body(["\"op\":\"a\"", "\"op\":\"b\""].into_iter());
        assert_eq!(text, r#"{"operations":[{"op":"a"},{"op":"b"}]}"#);
    }

    #[test]
    fn what_was_not_done_is_left() {
        let answer = |status| {
            let text = r#"{"results":[{"status":201,"seq":"4","body":{"event":"hot","id":"hot.1"}},
                {"status":STATUS,"body":{"code":"overloaded"}}]}"#;
            text.replace("STATUS", status).into_bytes()
        };
        let mut ids = vec![String::new(); 4];
        assert_eq!(file(&answer("503"), &[1, 3], &mut ids).expect("it is an answer"), [3]);
        assert_eq!(ids, ["", "hot.1", "", ""]);
        assert!(file(&answer("409"), &[1, 3], &mut ids).is_err(), "a refusal by the rules");
        assert!(file(&answer("503"), &[1], &mut ids).is_err(), "too many answers");
    }
}
