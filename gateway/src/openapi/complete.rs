//! What is the same for all calls of a kind, and so is not said at each: ids in paths, headers, and what any such call
//! can be refused.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::refusals::{CATALOGUE, of_code, problem_schema};

/// Where a route says which codes it is refused with.
const REFUSALS: &str = "x-refusals";

/// A call, as far as its description goes without this.
struct Call<'a> {
    path: &'a str,
    /// In lower case.
    method: &'a str,
    operation: &'a mut Map<String, Value>,
}

/// Completes every call, and the components that they share.
pub(super) fn complete(description: &mut Value) {
    let components = &mut description["components"];
    components["schemas"]["Problem"] = problem_schema();
    components["parameters"] = shared_parameters();
    components["headers"] = shared_headers();
    components["examples"] =
        CATALOGUE.iter().map(|refusal| (refusal.code().to_owned(), json!({ "value": refusal.problem() }))).collect();
    for (path, item) in description["paths"].as_object_mut().into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            let operation = operation.as_object_mut().expect("a call is an object");
            Call { path, method, operation }.complete();
        }
    }
}

impl Call<'_> {
    fn complete(&mut self) {
        self.add_parameters();
        self.add_refusals();
        self.add_headers();
    }

    fn is_api(&self) -> bool {
        self.path.starts_with("/v1/")
    }

    fn is_change(&self) -> bool {
        self.method != "get"
    }

    fn has_body(&self) -> bool {
        self.operation.contains_key("requestBody")
    }

    /// Whether the call needs a credential of this scheme.
    fn needs(&self, scheme: &str) -> bool {
        let ways = self.operation.get("security").and_then(Value::as_array).into_iter().flatten();
        ways.filter_map(Value::as_object).any(|way| way.contains_key(scheme))
    }

    fn parameter(&self, name: &str) -> bool {
        let parameters = self.operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
        parameters.into_iter().any(|parameter| parameter["name"] == name)
    }

    /// The ids in the path come first, and the request id last.
    fn add_parameters(&mut self) {
        let reference = |name: &str| json!({ "$ref": format!("#/components/parameters/{name}") });
        let ids = self.path.split('/').filter_map(|step| step.strip_prefix('{')?.strip_suffix('}'));
        let mut parameters: Vec<Value> = ids.map(reference).collect();
        parameters.extend(
            self.operation.remove("parameters").and_then(|given| given.as_array().cloned()).into_iter().flatten(),
        );
        parameters.push(reference("X-Request-Id"));
        self.operation.insert("parameters".to_owned(), Value::Array(parameters));
    }

    /// The codes with which any call of this kind can be refused.
    fn any_call(&self) -> Vec<&'static str> {
        let id_codes = [
            ("{event}", "event_not_found"),
            ("{hold}", "hold_not_found"),
            ("{booking}", "booking_not_found"),
            ("{session}", "session_not_found"),
            ("{user}", "account_not_found"),
        ];
        let mut codes = vec!["malformed_request", "forbidden", "internal", "overloaded", "timeout"];
        codes.extend(id_codes.iter().filter(|(id, _)| self.path.contains(id)).map(|(_, code)| *code));
        let mut add = |applies: bool, more: &[&'static str]| codes.extend(more.iter().filter(|_| applies));
        let (is_session, is_organiser) = (self.needs("session_token"), self.needs("organiser_token"));
        let is_back_end = self.needs("back_end_token");
        add(self.is_api(), &["not_acceptable", "recovering", "shutting_down"]);
        add(self.is_api() && self.is_change(), &["storage_full"]);
        add(self.has_body(), &["request_timeout", "body_too_large", "unsupported_media_type"]);
        add(is_session || is_organiser || is_back_end, &["unauthenticated"]);
        add(is_session, &["session_expired"]);
        add(is_session && self.is_change() || is_organiser || is_back_end, &["rate_limited"]);
        // Where administration is at an address of its own, each side has its own calls.
        add(!matches!(self.path, "/livez" | "/readyz" | "/version"), &["not_found"]);
        add(self.parameter("Idempotency-Key"), &["idempotency_key_reused"]);
        codes
    }

    fn add_refusals(&mut self) {
        let mut codes: Vec<&str> = self.any_call();
        let own = self.operation.remove(REFUSALS);
        codes.extend(own.as_ref().and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str));
        let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
        for refusal in codes.into_iter().map(of_code) {
            let codes = by_status.entry(refusal.status().as_u16()).or_default();
            if !codes.contains(&refusal.code()) {
                codes.push(refusal.code());
            }
        }
        let responses = self.operation["responses"].as_object_mut().expect("a call is answered");
        responses.extend(by_status.iter().map(|(status, codes)| (status.to_string(), refused(*status, codes))));
    }

    fn add_headers(&mut self) {
        let (is_change, has_key) = (self.is_api() && self.is_change(), self.parameter("Idempotency-Key"));
        let has_etag =
            self.parameter("If-None-Match") || self.parameter("If-Match") || self.path == "/v1/admin/events/{event}";
        for (status, response) in self.operation["responses"].as_object_mut().into_iter().flatten() {
            let mut add = |applies: bool, name: &str| {
                if applies {
                    response["headers"][name] = json!({ "$ref": format!("#/components/headers/{name}") });
                }
            };
            let is_success = status.starts_with(['2', '3']);
            add(true, "X-Request-Id");
            add(is_change, "Holdfast-Seq");
            add(has_key, "Idempotency-Replayed");
            add(has_etag && is_success && !is_change, "ETag");
            add(status == "401", "WWW-Authenticate");
            add(matches!(status.as_str(), "429" | "503"), "Retry-After");
        }
    }
}

/// The answer of this status, which has one of these codes.
fn refused(status: u16, codes: &[&str]) -> Value {
    let members = |code: &str| {
        let problem = of_code(code).problem();
        let more: Vec<String> =
            problem.as_object().into_iter().flatten().skip(5).map(|(member, _)| format!("`{member}`")).collect();
        if more.is_empty() { format!("`{code}`") } else { format!("`{code}` ({})", more.join(", ")) }
    };
    let examples: Map<String, Value> = codes
        .iter()
        .map(|code| ((*code).to_owned(), json!({ "$ref": format!("#/components/examples/{code}") })))
        .collect();
    json!({
        "description": codes.iter().map(|code| members(code)).collect::<Vec<_>>().join(" · "),
        "content": { "application/problem+json": {
            "schema": { "allOf": [
                { "$ref": "#/components/schemas/Problem" },
                { "properties": { "status": { "const": status }, "code": { "enum": codes } } },
            ] },
            "examples": examples,
        } },
    })
}

/// The ids of the examples: one sale, in which ann has the hold 17.
const ID_EXAMPLES: [(&str, &str); 5] = [
    ("event", "spring-gala"),
    ("hold", "spring-gala.17"),
    ("booking", "spring-gala.17"),
    ("session", "1"),
    ("user", "ann"),
];

fn shared_parameters() -> Value {
    let id = |name: &str, text: &str, schema: Value| {
        let example = ID_EXAMPLES.iter().find(|(id, _)| *id == name).map(|(_, example)| example);
        json!({
            "name": name, "in": "path", "required": true, "description": text, "schema": schema, "example": example,
        })
    };
    let numbered = json!({ "$ref": "#/components/schemas/NumberedId" });
    json!({
        "event": id("event", "The event's id.", json!({ "$ref": "#/components/schemas/EventId" })),
        "hold": id("hold", "The hold's id.", numbered.clone()),
        "booking": id("booking", "The booking's id.", numbered),
        "session": id("session", "The session's id.", json!({ "type": "string", "pattern": "^[1-9][0-9]{0,18}$" })),
        "user": id("user", "The user's name.", json!({ "type": "string", "minLength": 1, "maxLength": 128 })),
        "X-Request-Id": {
            "name": "X-Request-Id",
            "in": "header",
            "description": "1 to 128 visible characters come back with the answer, and stand in the log. Instead of \
                            anything else, the server makes one.",
            "schema": { "type": "string" },
        },
    })
}

fn shared_headers() -> Value {
    let header = |text: &str, is_always: bool, schema: Value| json!({ "description": text, "required": is_always, "schema": schema });
    let number = || json!({ "type": "integer", "minimum": 0 });
    let text = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    json!({
        "X-Request-Id": header("The caller's, or a new one.", true, text("^[!-~]{1,128}$")),
        "Holdfast-Seq": header(
            "The number of the change in the journal; of a refusal, the number at which it was true.", false, number(),
        ),
        "Idempotency-Replayed": header("The answer repeats the first one to this key.", false, text("^true$")),
        "ETag": header("The version of what is shown.", true, text(r#"^(W/)?"[!#-~]*"$"#)),
        "Retry-After": header("In seconds. Nothing was done.", true, number()),
        "WWW-Authenticate": header("How to authenticate.", true, text("^Bearer$")),
    })
}
