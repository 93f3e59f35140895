//! What an attacker sends, case by case: each a request, to the byte where that matters, and the exact answer. After every
//! table the sale must look as it did before.
//!
//! A request is text: the request line without its version, `name: value` lines, an empty line, the body. `{ann}` and the
//! like become tokens, `{host}` the server's address. `host`, `connection: close` and `content-length` are added where
//! they are not given; a request that begins with `raw ` is sent as it stands, with a carriage return before each line
//! break of its head.

mod bodies;
mod credentials;
mod crowd;
mod found;
mod heads;
mod keys;
mod leaks;
mod others;
mod proxies;
mod sites;

use crate::http::send_raw;
use crate::stage::Stage;

/// What is tried, how, and the answer: a status, and the code of the problem where there is one.
type Attack = (&'static str, &'static str, &'static str);

/// Tries every one of `attacks` on a connection of its own.
async fn try_all(stage: &Stage, attacks: &[Attack]) {
    let before = stage.sight().await;
    for (name, request, expected) in attacks {
        let answer = send_raw(stage.server.address(), &bytes_of(stage, request)).await;
        assert_eq!(summary(&answer), *expected, "{name}:\n{request}\n\n{answer}");
    }
    assert_eq!(stage.sight().await, before);
}

/// The status of an answer, and the code of its problem. Nothing at all is `closed`.
fn summary(answer: &str) -> String {
    if answer.is_empty() {
        return "closed".to_owned();
    }
    let status = answer.split(' ').nth(1).unwrap_or_default();
    let code = answer.split("\"code\":\"").nth(1).and_then(|rest| rest.split('"').next());
    code.map_or_else(|| status.to_owned(), |code| format!("{status} {code}"))
}

fn bytes_of(stage: &Stage, request: &str) -> Vec<u8> {
    let request = with_names(stage, request);
    let (head, body) = request.split_once("\n\n").unwrap_or((&request, ""));
    if let Some(head) = head.strip_prefix("raw ") {
        return format!("{}\r\n\r\n{body}", head.replace('\n', "\r\n")).into_bytes();
    }
    let mut lines = head.lines();
    let mut sent = format!("{} HTTP/1.1\r\n", lines.next().expect("a request line"));
    let fields: Vec<&str> = lines.map(str::trim).collect();
    let has = |name: &str| fields.iter().any(|field| field.starts_with(name));
    for (name, value) in [("host", stage.server.address().to_string()), ("connection", "close".to_owned())] {
        if !has(name) {
            sent += &format!("{name}: {value}\r\n");
        }
    }
    if !body.is_empty() && !has("content-length") && !has("transfer-encoding") {
        sent += &format!("content-length: {}\r\n", body.len());
    }
    if !body.is_empty() && !has("content-type") {
        sent += "content-type: application/json\r\n";
    }
    for field in fields {
        sent += &format!("{field}\r\n");
    }
    format!("{sent}\r\n{body}").into_bytes()
}

fn with_names(stage: &Stage, text: &str) -> String {
    let mut text = text.replace("{host}", &stage.server.address().to_string());
    for name in ["ann", "bob", "carl", "dora", "admin"] {
        let place = format!("{{{name}}}");
        if text.contains(&place) {
            text = text.replace(&place, stage.cast.token(name));
        }
    }
    text
}
