//! How schemas are told on the page.

use std::fmt::Write;

use serde_json::Value;

use super::{escape, members, prose, text};

/// A named schema: its members, or what it is.
pub(super) fn render(name: &str, schema: &Value, out: &mut String) {
    let _ = write!(out, "<article class=\"glass card\" id=\"object-{name}\"><h3>{}</h3>", escape(name));
    let _ = write!(out, "<p class=\"quiet\">{}</p>", prose(text(&schema["description"])));
    if schema["properties"].is_null() {
        let _ = write!(out, "<p>{}</p></article>", kind(schema));
        return;
    }
    out.push_str(&fields(schema));
    out.push_str("</article>");
}

fn fields(schema: &Value) -> String {
    let mut out = "<dl class=\"members\">".to_owned();
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (field, schema) in members(&schema["properties"]) {
        let optional = if required.contains(&field) { "" } else { " <span class=\"quiet\">optional</span>" };
        let _ = write!(out, "<div><dt><code>{}</code>{optional}</dt><dd>{}", escape(field), kind(schema));
        let _ = write!(out, " <span class=\"quiet\">{}</span></dd></div>", prose(text(&schema["description"])));
    }
    out + "</dl>"
}

/// What a value may be, in a few words.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return format!("<a href=\"#object-{name}\">{}</a>", escape(name));
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        return choices.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    if let Some(values) = schema["enum"].as_array() {
        let value = |value: &Value| format!("<code>{}</code>", escape(&value.to_string()));
        return values.iter().map(value).collect::<Vec<_>>().join(" ");
    }
    if !schema["items"].is_null() {
        return format!("list of {}{}", kind(&schema["items"]), bounds(schema));
    }
    if !schema["properties"].is_null() {
        return fields(schema);
    }
    format!("{}{}", escape(&types(&schema["type"])), bounds(schema))
}

fn types(kind: &Value) -> String {
    match kind {
        Value::Array(kinds) => kinds.iter().map(types).collect::<Vec<_>>().join(" or "),
        Value::String(kind) => kind.clone(),
        _ => "any".to_owned(),
    }
}

fn bounds(schema: &Value) -> String {
    let named = [
        ("format", ""),
        ("minimum", "at least "),
        ("maximum", "at most "),
        ("minLength", "characters at least "),
        ("maxLength", "characters at most "),
        ("minItems", "items at least "),
        ("maxItems", "items at most "),
        ("pattern", ""),
    ];
    let mut out = String::new();
    for (key, words) in named {
        let Some(bound) = schema.get(key).filter(|bound| !bound.is_null()) else { continue };
        let bound = bound.as_str().map_or_else(|| bound.to_string(), str::to_owned);
        let _ = write!(out, ", {words}<code>{}</code>", escape(&bound));
    }
    out
}

/// A parameter that all calls of a kind share stands among the components.
pub(super) fn resolve<'a>(components: &'a Value, parameter: &'a Value) -> &'a Value {
    match parameter["$ref"].as_str().and_then(|path| path.strip_prefix("#/components/parameters/")) {
        Some(name) => &components["parameters"][name],
        None => parameter,
    }
}
