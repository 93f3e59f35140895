//! An example for every call: what is asked, and what is answered. The tests hold each against its schema.

use serde_json::Value;

/// By the id of the operation: `request`, and `answers` by status.
const EXAMPLES: &str = include_str!("examples.json");

/// Adds the examples to the calls that they are of.
pub(super) fn add(description: &mut Value) {
    let examples: Value = serde_json::from_str(EXAMPLES).expect("examples are JSON");
    for (_, item) in description["paths"].as_object_mut().into_iter().flatten() {
        for (_, operation) in item.as_object_mut().into_iter().flatten() {
            let example = &examples[operation["operationId"].as_str().expect("a call has an id")];
            if let Some(request) = example.get("request") {
                operation["requestBody"]["content"]["application/json"]["example"] = request.clone();
            }
            for (status, answer) in example["answers"].as_object().into_iter().flatten() {
                let content = operation["responses"][status]["content"].as_object_mut();
                for (_, media) in content.into_iter().flatten() {
                    media["example"] = answer.clone();
                }
            }
        }
    }
}
