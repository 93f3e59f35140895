//! The fields of a span as JSON, written as they come. What the library has for this makes a tree of them first, at every
//! request, whether or not anything of it is logged: that took a twentieth of all that a sale's requests take.

use std::fmt::{self, Debug};

use tracing::field::{Field, Visit};
use tracing::span::Record;
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FormatFields, FormattedFields};

/// Longer than the fields of nearly every request.
const LENGTH: usize = 192;

/// Writes the fields of a span as an object of texts. Our spans have no other values.
pub(super) struct SpanFields;

impl<'writer> FormatFields<'writer> for SpanFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut object = String::with_capacity(LENGTH);
        object.push('{');
        fields.record(&mut Members { object: &mut object });
        object.push('}');
        writer.write_str(&object)
    }

    fn add_fields(&self, current: &'writer mut FormattedFields<SpanFields>, fields: &Record<'_>) -> fmt::Result {
        let object = &mut current.fields;
        if object.pop() != Some('}') {
            return Err(fmt::Error);
        }
        fields.record(&mut Members { object });
        object.push('}');
        Ok(())
    }
}

/// An object that is not closed yet.
struct Members<'a> {
    object: &'a mut String,
}

impl Visit for Members<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if !self.object.ends_with('{') {
            self.object.push(',');
        }
        // Names of fields are identifiers.
        self.object.extend(["\"", field.name(), "\":"]);
        let is_plain = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\';
        if value.bytes().all(is_plain) {
            self.object.extend(["\"", value, "\""]);
        } else {
            self.object.push_str(&serde_json::Value::from(value).to_string());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};
    use tracing::field::{Empty, display};
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("nobody panicked").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_has_the_fields_of_its_span_whatever_is_in_them() {
        let page = Page::default();
        let written = page.clone();
        let lines = tracing_subscriber::fmt::layer().json().with_span_list(false).fmt_fields(SpanFields);
        let subscriber = tracing_subscriber::registry().with(lines.with_writer(move || written.clone()));
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::error_span!("request", id = "x\",\"y\\", method = "GET", late = Empty, later = Empty);
            span.record("late", "é\n");
            span.record("later", display(17));
            span.in_scope(|| tracing::info!("said"));
        });
        let text = String::from_utf8(page.0.lock().expect("nobody panicked").clone()).expect("text");
        let line: Value = serde_json::from_str(&text).expect("one line of JSON");
        let expected = json!({ "name": "request", "id": "x\",\"y\\", "method": "GET", "late": "é\n", "later": "17" });
        assert_eq!(line["span"], expected, "{text}");
    }
}
