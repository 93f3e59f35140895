//! Tables of requests and their answers, a line each:
//!
//! ```text
//! ann POST /v1/events/gala/holds {"quantity":2} → 201
//! bob GET  /v1/holds/gala.1                     → 404 hold_not_found
//! ```

use std::collections::HashMap;

use crate::http::{Answer, Connection, Request};
use crate::server::{ADMIN_TOKEN, TestServer};

/// A line of a table.
pub struct Row<'table> {
    /// The line as it stands there.
    pub line: &'table str,
    /// Who asks, what, and how it must be answered.
    who: &'table str,
    method: &'table str,
    path: &'table str,
    body: &'table str,
    status: u16,
    code: Option<&'table str>,
}

/// The rows of a table; empty lines part groups.
pub fn rows(table: &str) -> impl Iterator<Item = Row<'_>> {
    table.lines().map(str::trim).filter(|line| !line.is_empty()).map(Row::read)
}

impl<'table> Row<'table> {
    fn read(line: &'table str) -> Row<'table> {
        let (request, answer) = line.rsplit_once('→').unwrap_or_else(|| panic!("no answer: {line}"));
        let mut rest = request.trim();
        let mut word = || {
            let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
            rest = after.trim_start();
            word
        };
        let (who, method, path) = (word(), word(), word());
        let mut answer = answer.split_whitespace();
        let status = answer.next().and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status: {line}"));
        Row { line, who, method, path, body: rest, status, code: answer.next() }
    }

    fn request(&self) -> Request {
        let request = Request::new(self.method, self.path);
        if self.body.is_empty() { request } else { request.json(self.body) }
    }
}

/// Those who ask in a table, by name.
pub struct Cast {
    connection: Connection,
    tokens: HashMap<String, String>,
}

impl Cast {
    /// `admin`, and `nobody`, who has no token.
    pub fn of(server: &TestServer) -> Cast {
        let tokens = HashMap::from([("admin".to_owned(), ADMIN_TOKEN.to_owned())]);
        Cast { connection: server.connection(), tokens }
    }

    /// And `name`, with this token.
    pub fn with(mut self, name: &str, token: &str) -> Cast {
        self.tokens.insert(name.to_owned(), token.to_owned());
        self
    }

    /// Asks what the row says, and checks the answer.
    pub async fn play(&self, row: &Row<'_>) -> Answer {
        let answer = self.connection.send(self.sign(row.who, row.request())).await;
        assert_eq!(answer.status, row.status, "{}\nanswer: {}", row.line, answer.text);
        if let Some(code) = row.code {
            answer.expect_refusal(row.status, code);
        }
        answer
    }

    /// The token of `who`.
    pub fn token(&self, who: &str) -> &str {
        self.tokens.get(who).unwrap_or_else(|| panic!("{who} is not in the cast"))
    }

    /// The request with the token of `who`.
    pub fn sign(&self, who: &str, request: Request) -> Request {
        if who == "nobody" {
            return request;
        }
        let token = self.token(who);
        request.with("authorization", format!("Bearer {token}"))
    }
}
