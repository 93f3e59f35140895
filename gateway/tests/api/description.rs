//! The description of the API: that it is whole, and that it is true. Every answer that any test here gets is held against
//! it, see [`check`].

use std::collections::{BTreeSet, HashMap};
use std::sync::{LazyLock, Mutex};

use holdfast::config::AuthMode;
use holdfast::openapi::DESCRIPTION;
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::http::{Answer, Request, get};
use crate::server::TestServer;

static DESCRIBED: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_slice(&DESCRIPTION.json).expect("a description in JSON"));

/// Whether pages load it, and it is no call of the API.
fn is_part_of_pages(path: &str) -> bool {
    path.strip_prefix('/').is_some_and(|file| holdfast::pages::parts().any(|part| part == file))
}

/// Holds an answer against the description: its status is one that the call has, with the content type, the headers and the
/// body that the description gives it.
#[track_caller]
pub fn check(method: &str, target: &str, answer: &Answer) {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    // What is not even passed on to the service is no answer of a call.
    if answer.header("x-request-id").is_none() || is_part_of_pages(path) || method == "OPTIONS" {
        return;
    }
    let method = if method == "HEAD" { "get" } else { &method.to_ascii_lowercase() };
    let Some((template, item)) = item_of(path) else {
        let is_refused = answer.status >= 400;
        return assert!(is_refused, "{method} {path} is answered {}, and is not described", answer.status);
    };
    let Some(operation) = item.get(method) else {
        return assert!(
            answer.status >= 400,
            "{method} {template} is answered {}, and is not described",
            answer.status
        );
    };
    let status = answer.status.to_string();
    let context = format!("{method} {template} → {status}: {}", answer.text);
    let response = operation["responses"].get(&status).unwrap_or_else(|| panic!("not described: {context}"));
    check_headers(response, answer, &context);
    check_body(&format!("{method} {template} {status}"), response, answer, &context);
}

fn item_of(path: &str) -> Option<(&'static str, &'static Value)> {
    let steps: Vec<&str> = path.split('/').collect();
    let fits = |template: &str| {
        let described: Vec<&str> = template.split('/').collect();
        let is_step = |(one, other): (&&str, &&str)| (one.starts_with('{') && !other.is_empty()) || one == other;
        described.len() == steps.len() && described.iter().zip(&steps).all(is_step)
    };
    let mut found: Vec<_> = members(&DESCRIBED["paths"]).filter(|(template, _)| fits(template)).collect();
    found.sort_by_key(|(template, _)| template.matches('{').count());
    found.first().copied()
}

#[track_caller]
fn check_headers(response: &'static Value, answer: &Answer, context: &str) {
    for (name, header) in members(&response["headers"]) {
        let header = resolve(header);
        match answer.header(name) {
            Some(text) => {
                let value = text.parse::<u64>().map_or_else(|_| json!(text), |number| json!(number));
                let schema = &header["schema"];
                let value = if schema["type"] == "string" { json!(text) } else { value };
                assert_eq!(errors(&format!("header {name}"), schema, &value), "", "{name} of {context}");
            }
            None => assert!(header["required"] == false, "no {name} in {context}"),
        }
    }
}

#[track_caller]
fn check_body(id: &str, response: &'static Value, answer: &Answer, context: &str) {
    let Some((media, content)) = members(&response["content"]).next() else {
        return assert_eq!(answer.text, "", "a body that is not described: {context}");
    };
    let given = answer.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default();
    if answer.text.is_empty() && answer.status < 400 {
        return;
    }
    assert_eq!(given, media, "{context}");
    if media.ends_with("json") && !answer.text.is_empty() {
        assert_eq!(errors(id, &content["schema"], &answer.json()), "", "{context}");
    }
}

/// What of `value` does not fit the schema, which is known by `id` from now on.
fn errors(id: &str, schema: &Value, value: &Value) -> String {
    static VALIDATORS: LazyLock<Mutex<HashMap<String, Validator>>> = LazyLock::new(Mutex::default);
    let mut validators = VALIDATORS.lock().expect("nobody panics with it");
    let validator = validators.entry(id.to_owned()).or_insert_with(|| validator_of(schema));
    validator.iter_errors(value).map(|error| format!("{}: {error}\n", error.instance_path())).collect()
}

fn validator_of(schema: &Value) -> Validator {
    let mut whole = schema.clone();
    // The references of a schema are paths in the description.
    whole["components"] = json!({ "schemas": DESCRIBED["components"]["schemas"] });
    jsonschema::draft202012::options().should_validate_formats(true).build(&whole).expect("a schema")
}

fn members(object: &'static Value) -> impl Iterator<Item = (&'static str, &'static Value)> {
    object.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

fn resolve(value: &Value) -> &Value {
    match value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => DESCRIBED.pointer(pointer).unwrap_or_else(|| panic!("{pointer} is not there")),
        None => value,
    }
}

/// Every call: method, path and what is said of it.
fn calls() -> impl Iterator<Item = (&'static str, &'static str, &'static Value)> {
    let of_path = |(path, item)| members(item).map(move |(method, operation)| (method, path, operation));
    members(&DESCRIBED["paths"]).flat_map(of_path)
}

#[tokio::test]
async fn the_description_is_served_once_to_each() {
    let server = TestServer::start().await;
    for (path, content_type) in [
        ("/openapi.json", "application/json"),
        ("/docs", "text/html; charset=utf-8"),
        ("/docs/errors", "text/html; charset=utf-8"),
    ] {
        let answer = server.visitor().get(path).await;
        answer.expect_status(200);
        assert_eq!(answer.header("content-type"), Some(content_type));
        assert_eq!(answer.header("cache-control"), Some("no-cache"));
        let etag = answer.header("etag").expect("an ETag").to_owned();
        let again = server.visitor().send(get(path).with("if-none-match", &etag)).await;
        again.expect_status(304);
        assert_eq!((again.text.as_str(), again.header("etag")), ("", Some(etag.as_str())));
    }
    assert_eq!(server.visitor().get("/openapi.json").await.expect(200), *DESCRIBED);
}

#[test]
fn the_description_has_the_form_of_openapi() {
    assert_eq!(DESCRIBED["openapi"], "3.1.0");
    each_reference(&DESCRIBED, &mut |reference| {
        let pointer = reference.strip_prefix('#').expect("nothing is elsewhere");
        assert!(DESCRIBED.pointer(pointer).is_some(), "{reference} is not there");
    });
    for (name, schema) in members(&DESCRIBED["components"]["schemas"]) {
        jsonschema::draft202012::meta::validate(schema).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

fn each_reference(value: &Value, visit: &mut impl FnMut(&str)) {
    match value {
        Value::Object(members) => {
            members.get("$ref").and_then(Value::as_str).into_iter().for_each(&mut *visit);
            members.values().for_each(|member| each_reference(member, visit));
        }
        Value::Array(items) => items.iter().for_each(|item| each_reference(item, visit)),
        _ => {}
    }
}

#[test]
fn each_call_says_what_it_is() {
    let names = |list: &Value, key: &str| -> BTreeSet<String> {
        list.as_array().into_iter().flatten().map(|item| item[key].as_str().expect("a text").to_owned()).collect()
    };
    let (tags, mut ids) = (names(&DESCRIBED["tags"], "name"), BTreeSet::new());
    for (method, path, operation) in calls() {
        let call = format!("{method} {path}");
        assert!(ids.insert(operation["operationId"].as_str().expect("an id")), "two have the id of {call}");
        assert!(tags.contains(operation["tags"][0].as_str().expect("a tag")), "{call}");
        assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{call}");
        assert!(operation["responses"]["500"].is_object(), "{call}");
        assert!(operation.get("x-refusals").is_none(), "{call}");
        let parameters = operation["parameters"].as_array().into_iter().flatten().map(resolve);
        let in_path: BTreeSet<&str> =
            parameters.filter(|one| one["in"] == "path").filter_map(|one| one["name"].as_str()).collect();
        let named: BTreeSet<&str> =
            path.split('/').filter_map(|step| step.strip_prefix('{')?.strip_suffix('}')).collect();
        assert_eq!(in_path, named, "{call}");
        for way in operation["security"].as_array().into_iter().flatten().filter_map(Value::as_object) {
            let schemes = &DESCRIBED["components"]["securitySchemes"];
            assert!(way.keys().all(|scheme| schemes[scheme].is_object()), "{call}: {way:?}");
        }
    }
}

#[test]
fn each_call_has_an_example_and_each_example_is_true() {
    for (method, path, operation) in calls() {
        let call = format!("{method} {path}");
        if let Some(body) = operation.get("requestBody") {
            check_example(&format!("request of {call}"), &body["content"]["application/json"]);
        }
        for (status, response) in members(&operation["responses"]).filter(|(status, _)| status.starts_with('2')) {
            // Pages and the description itself are no examples of themselves.
            for (_, content) in members(&response["content"]).filter(|_| operation["tags"][0] != "pages") {
                check_example(&format!("{status} of {call}"), content);
            }
        }
        for (status, response) in members(&operation["responses"]) {
            let problem = &response["content"]["application/problem+json"];
            for (code, example) in members(&problem["examples"]) {
                let example = &resolve(example)["value"];
                assert_eq!(example["code"], code, "{status} of {call}");
                assert_eq!(errors(&format!("{status} of {call}"), &problem["schema"], example), "", "{code} of {call}");
            }
        }
    }
}

#[track_caller]
fn check_example(what: &str, content: &'static Value) {
    let example = content.get("example").unwrap_or_else(|| panic!("no example: {what}"));
    assert_eq!(errors(what, &content["schema"], example), "", "{what}: {example}");
}

#[test]
fn an_answer_has_all_its_members_and_no_other() {
    for (id, path, status) in [("hold", "/v1/holds/{hold}", "200"), ("list", "/v1/holds", "200")] {
        let content = &DESCRIBED["paths"][path]["get"]["responses"][status]["content"]["application/json"];
        let example = content["example"].clone();
        let refuses = |changed: &Value| !errors(id, &content["schema"], changed).is_empty();
        let whole = example.as_object().expect("an object");
        for member in whole.keys() {
            let mut less = whole.clone();
            less.remove(member);
            assert!(refuses(&Value::Object(less)), "{path} without {member}");
        }
        let mut more = whole.clone();
        more.insert("more".to_owned(), json!(1));
        assert!(refuses(&Value::Object(more)), "{path}");
    }
}

/// Registration by its description is what makes a route be described; this is the other way round.
#[tokio::test]
async fn nothing_is_described_that_does_not_exist() {
    let server = TestServer::start_with(|config| config.auth.mode = AuthMode::Accounts).await;
    let visitor = server.visitor();
    assert!(calls().count() >= 50, "{} calls", calls().count());
    for (method, path, _) in calls() {
        let target = path.replace("{event}", "gala").replace("{hold}", "gala.1").replace("{booking}", "gala.1");
        let target = target.replace("{session}", "1").replace("{user}", "ann");
        let answer = visitor.send(Request::new(&method.to_ascii_uppercase(), target)).await;
        assert_ne!(answer.status, 405, "{method} {path}");
        assert!(answer.status != 404 || answer.json()["code"] != "not_found", "{method} {path}: {}", answer.text);
    }
}

#[test]
fn the_page_shows_every_call_and_loads_nothing_from_elsewhere() {
    let pages = [&DESCRIPTION.page, &DESCRIPTION.errors_page].map(|page| str::from_utf8(page).expect("text"));
    for (method, path, operation) in calls() {
        let id = operation["operationId"].as_str().expect("an id");
        let heading = format!("id=\"{id}\"><h3><code>{} {path}</code></h3>", method.to_ascii_uppercase());
        assert!(pages[0].contains(&heading), "{heading}");
    }
    for (name, _) in members(&DESCRIBED["components"]["schemas"]) {
        assert!(pages[0].contains(&format!("id=\"object-{name}\"")), "{name}");
    }
    for code in DESCRIBED["components"]["schemas"]["Problem"]["properties"]["code"]["enum"].as_array().expect("codes") {
        let id = format!("id=\"{}\"", code.as_str().expect("a code"));
        assert!(pages[1].contains(&id), "{id}");
    }
    for page in pages {
        for forbidden in ["style=", "http://", "https://", " on"] {
            assert!(!tags(page).any(|tag| tag.contains(forbidden)), "{forbidden}");
        }
        for forbidden in ["script", "style", "iframe", "object", "base"] {
            assert!(!tags(page).any(|tag| tag.split(' ').next() == Some(forbidden)), "{forbidden}");
        }
        for target in links(page).filter_map(|link| link.strip_prefix('#')) {
            assert!(page.contains(&format!("id=\"{target}\"")), "#{target} leads nowhere");
        }
        for target in links(page).filter_map(|link| link.strip_prefix("/docs/errors#")) {
            assert!(pages[1].contains(&format!("id=\"{target}\"")), "{target} leads nowhere");
        }
    }
}

/// What stands between `<` and `>`: texts have neither, being escaped.
fn tags(page: &str) -> impl Iterator<Item = &str> {
    page.split('<').skip(1).filter_map(|rest| rest.split_once('>').map(|(tag, _)| tag))
}

fn links(page: &str) -> impl Iterator<Item = &str> {
    page.split("href=\"").skip(1).filter_map(|rest| rest.split_once('"').map(|(link, _)| link))
}
