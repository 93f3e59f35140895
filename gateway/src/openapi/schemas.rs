//! What the schemas of all objects have in common: nothing but what is named, and in answers all of it.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

const SCHEMAS: &str = "#/components/schemas/";

/// Says of every object that it has no other members, and of those in answers that they have all of theirs.
pub(super) fn tighten(description: &mut Value) {
    name_items(&mut description["components"]["schemas"]);
    let mut answered = BTreeSet::new();
    for operation in operations(description) {
        references(description, &operation["responses"], &mut answered);
    }
    let names: Vec<String> = keys(&description["components"]["schemas"]);
    for name in &names {
        let merged = merged(description, &description["components"]["schemas"][name]);
        description["components"]["schemas"][name] = merged;
    }
    for name in names.iter().filter(|name| *name != "Problem") {
        let schema = &mut description["components"]["schemas"][name];
        close(schema, answered.contains(name));
    }
    close(&mut description["components"]["schemas"]["Problem"], false);
    requests(description);
}

/// The items of a list are objects that have a name of their own.
fn name_items(schemas: &mut Value) {
    for list in keys(schemas) {
        let Some(name) = list.strip_prefix("List_") else { continue };
        let reference = json!({ "$ref": format!("{SCHEMAS}{name}") });
        let item = std::mem::replace(&mut schemas[&list]["properties"]["items"]["items"], reference);
        if schemas[name].is_null() {
            schemas[name] = item;
        }
    }
}

fn operations(description: &Value) -> impl Iterator<Item = &Value> {
    let items = description["paths"].as_object().into_iter().flatten();
    items.filter_map(|(_, item)| item.as_object()).flatten().map(|(_, operation)| operation)
}

fn keys(object: &Value) -> Vec<String> {
    object.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect()
}

/// The names of all schemas that `value` needs.
fn references(description: &Value, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            let name = members.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix(SCHEMAS));
            if let Some(name) = name.filter(|name| found.insert((*name).to_owned())) {
                references(description, &description["components"]["schemas"][name], found);
            }
            members.values().for_each(|member| references(description, member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(description, item, found)),
        _ => {}
    }
}

/// An object that is put together of others, as one: so that it can be said that there is nothing else in it.
fn merged(description: &Value, schema: &Value) -> Value {
    let Some(parts) = schema["allOf"].as_array() else { return schema.clone() };
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for part in parts {
        let part = match part["$ref"].as_str().and_then(|path| path.strip_prefix(SCHEMAS)) {
            Some(name) => merged(description, &description["components"]["schemas"][name]),
            None => part.clone(),
        };
        properties.extend(part["properties"].as_object().cloned().into_iter().flatten());
        required.extend(part["required"].as_array().cloned().into_iter().flatten());
    }
    let mut whole = json!({ "type": "object", "required": required, "properties": properties });
    if let Some(text) = schema.get("description") {
        whole["description"] = text.clone();
    }
    whole
}

/// Nothing but what is named; `is_whole` says that all of it is there.
fn close(schema: &mut Value, is_whole: bool) {
    match schema {
        Value::Object(members) => {
            if let Some(properties) = members.get("properties").and_then(Value::as_object) {
                let names: Vec<Value> = properties.keys().cloned().map(Value::String).collect();
                members.insert("additionalProperties".to_owned(), Value::Bool(false));
                if is_whole {
                    members.insert("required".to_owned(), Value::Array(names));
                }
            }
            members.values_mut().for_each(|member| close(member, is_whole));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| close(item, is_whole)),
        _ => {}
    }
}

/// A body that has nothing it must say may be left out. A parameter is a text or is not there: none is null.
fn requests(description: &mut Value) {
    let schemas = description["components"]["schemas"].clone();
    for (_, item) in description["paths"].as_object_mut().into_iter().flatten() {
        for (_, operation) in item.as_object_mut().into_iter().flatten() {
            if let Some(body) = operation.get_mut("requestBody") {
                let schema = &body["content"]["application/json"]["schema"];
                let name = schema["$ref"].as_str().and_then(|path| path.strip_prefix(SCHEMAS)).unwrap_or_default();
                body["required"] = Value::Bool(schemas[name]["required"].as_array().is_some_and(|all| !all.is_empty()));
            }
            for parameter in operation["parameters"].as_array_mut().into_iter().flatten() {
                // Numbers of the journal have 64 bits without a sign, which no format is named for.
                parameter["schema"].as_object_mut().map(|schema| schema.remove("format"));
                if let Some(kind) = parameter.pointer_mut("/schema/type").filter(|kind| kind.is_array()) {
                    *kind = kind[0].clone();
                }
            }
        }
    }
}
