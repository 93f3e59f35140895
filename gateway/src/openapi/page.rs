//! The description as a page for people. It loads nothing but the server's own style sheets, and needs no script.

mod schema;

use std::fmt::Write;

use serde_json::Value;

use super::TAGS;
use super::refusals::CATALOGUE;
use crate::error::ApiError;

/// `GET /docs`.
pub(super) fn render(description: &Value) -> String {
    let mut main = contents();
    for (tag, text) in TAGS {
        let _ = write!(main, "<section id=\"{tag}\"><h2>{}</h2><p class=\"quiet\">{}</p>", heading(tag), prose(text));
        calls(description).filter(|call| call.operation["tags"][0] == **tag).for_each(|call| call.render(&mut main));
        main.push_str("</section>");
    }
    main.push_str("<section id=\"objects\"><h2>Objects</h2>");
    for (name, schema) in members(&description["components"]["schemas"]) {
        schema::render(name, schema, &mut main);
    }
    main.push_str("</section>");
    let introduction = description["info"]["description"].as_str().unwrap_or_default();
    page("The HTTP API", &format!("<p>{}</p>{main}", prose(introduction)))
}

/// `GET /docs/errors`: where the `type` of a problem points.
pub(super) fn render_errors() -> String {
    let mut main = "<p>Every refusal is problem details (RFC 9457). <code>code</code> is stable.</p>".to_owned();
    let mut refusals: Vec<&ApiError> = CATALOGUE.iter().collect();
    refusals.sort_by_key(|refusal| (refusal.status(), refusal.code()));
    for refusal in refusals {
        let code = refusal.code();
        let _ = write!(
            main,
            "<article class=\"glass card\" id=\"{code}\"><h2><code>{code}</code> <span class=\"badge\">{}</span></h2>",
            refusal.status().as_u16()
        );
        let _ = write!(main, "<p>{}</p>{}</article>", prose(&refusal.detail()), block("Example", &refusal.problem()));
    }
    page("Refusals", &main)
}

fn page(title: &str, main: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title} · Holdfast</title>\n\
         <link rel=\"icon\" href=\"/icon.svg\" type=\"image/svg+xml\">\n\
         <link rel=\"stylesheet\" href=\"/style.css\">\n<link rel=\"stylesheet\" href=\"/docs.css\">\n</head>\n\
         <body class=\"docs\">\n<header class=\"page-head\"><div><p class=\"brand\">Holdfast</p><h1>{title}</h1></div></header>\n\
         <main>{main}</main>\n<footer class=\"quiet\"><a href=\"/\">Events</a> <a href=\"/docs\">The HTTP API</a> \
         <a href=\"/docs/errors\">Refusals</a> <a href=\"/openapi.json\">OpenAPI 3.1</a></footer>\n</body>\n</html>\n"
    )
}

fn contents() -> String {
    let item = |id: &str| format!("<li><a href=\"#{id}\">{}</a></li>", heading(id));
    let items: String = TAGS.iter().map(|(tag, _)| *tag).chain(["objects"]).map(item).collect();
    format!("<nav aria-label=\"Contents\"><ul class=\"contents\">{items}</ul></nav>")
}

struct Call<'a> {
    path: &'a str,
    method: &'a str,
    operation: &'a Value,
    components: &'a Value,
}

fn calls(description: &Value) -> impl Iterator<Item = Call<'_>> {
    let components = &description["components"];
    members(&description["paths"]).flat_map(move |(path, item)| {
        members(item).map(move |(method, operation)| Call { path, method, operation, components })
    })
}

impl Call<'_> {
    fn render(&self, out: &mut String) {
        let (id, operation) = (text(&self.operation["operationId"]), self.operation);
        let method = self.method.to_ascii_uppercase();
        let _ = write!(
            out,
            "<article class=\"glass card\" id=\"{id}\"><h3><code>{method} {}</code></h3>",
            escape(self.path)
        );
        let _ = write!(out, "<p>{}</p>", prose(text(&operation["summary"])));
        for paragraph in text(&operation["description"]).split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
            let _ = write!(out, "<p class=\"quiet\">{}</p>", prose(paragraph));
        }
        self.render_credentials(out);
        self.render_parameters(out);
        self.render_request(out);
        self.render_answers(out);
        out.push_str("</article>");
    }

    fn render_credentials(&self, out: &mut String) {
        let ways = self.operation["security"].as_array().into_iter().flatten();
        let schemes: Vec<&str> = ways.flat_map(members).map(|(scheme, _)| scheme).collect();
        let Some(scheme) = schemes.first() else { return };
        let told = text(&self.components["securitySchemes"][*scheme]["description"]);
        let _ = write!(out, "<p><span class=\"badge\">Authorization</span> {}</p>", prose(told));
    }

    fn render_parameters(&self, out: &mut String) {
        out.push_str("<dl class=\"members\">");
        for parameter in self.operation["parameters"].as_array().into_iter().flatten() {
            let parameter = schema::resolve(self.components, parameter);
            let (name, place) = (text(&parameter["name"]), text(&parameter["in"]));
            let _ = write!(out, "<div><dt><code>{}</code> <span class=\"quiet\">{place}</span></dt>", escape(name));
            let kind = schema::kind(&parameter["schema"]);
            let _ = write!(
                out,
                "<dd>{kind} <span class=\"quiet\">{}</span></dd></div>",
                prose(text(&parameter["description"]))
            );
        }
        out.push_str("</dl>");
    }

    fn render_request(&self, out: &mut String) {
        let content = &self.operation["requestBody"]["content"]["application/json"];
        if content.is_null() {
            return;
        }
        let _ = write!(out, "<h4>Body</h4><p>{}</p>", schema::kind(&content["schema"]));
        if let Some(example) = content.get("example") {
            out.push_str(&block("Example of a request", example));
        }
    }

    fn render_answers(&self, out: &mut String) {
        out.push_str("<h4>Answers</h4><dl class=\"members\">");
        for (status, answer) in members(&self.operation["responses"]) {
            let _ = write!(out, "<div><dt><span class=\"badge\">{status}</span></dt><dd>");
            let content = members(&answer["content"]).next();
            match content.filter(|(media, _)| *media != "application/problem+json") {
                Some((media, content)) => {
                    let _ = write!(
                        out,
                        "{}: {} <span class=\"quiet\">{media}</span>",
                        prose(text(&answer["description"])),
                        schema::kind(&content["schema"])
                    );
                    if let Some(example) = content.get("example") {
                        out.push_str(&block("Example of an answer", example));
                    }
                }
                None if content.is_some() => out.push_str(&codes(answer)),
                None => out.push_str(&prose(text(&answer["description"]))),
            }
            out.push_str("</dd></div>");
        }
        out.push_str("</dl>");
    }
}

/// The codes of a refusal, each with the way to what it means.
fn codes(answer: &Value) -> String {
    let examples = members(&answer["content"]["application/problem+json"]["examples"]);
    let links: Vec<String> =
        examples.map(|(code, _)| format!("<a href=\"/docs/errors#{code}\"><code>{code}</code></a>")).collect();
    links.join(" · ")
}

/// JSON as it may stand in a request or an answer.
fn block(label: &str, json: &Value) -> String {
    let shown = json.as_str().map_or_else(|| format!("{json:#}"), str::to_owned);
    format!("<pre tabindex=\"0\" role=\"region\" aria-label=\"{label}\"><code>{}</code></pre>", escape(&shown))
}

fn members(object: &Value) -> impl Iterator<Item = (&str, &Value)> {
    object.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn heading(id: &str) -> String {
    let mut heading = id.to_owned();
    if let Some(first) = heading.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    heading
}

/// Text for people as HTML. What stands between backticks is what stands in code, too.
fn prose(text: &str) -> String {
    let pieces = escape(text);
    let mut shown = String::with_capacity(pieces.len());
    for (index, piece) in pieces.split('`').enumerate() {
        if index > 0 {
            shown.push_str(if index % 2 == 1 { "<code>" } else { "</code>" });
        }
        shown.push_str(piece);
    }
    shown
}

/// Text as it may stand in HTML, also within quotes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_comes_from_outside_stays_text() {
        let hostile = "<script>alert('1')</script>&\"";
        let call = json!({
            "operationId": "call", "tags": ["events"], "summary": hostile, "description": hostile,
            "parameters": [{ "name": hostile, "in": "query", "description": hostile, "schema": { "enum": [hostile] } }],
            "requestBody": { "content": { "application/json": { "schema": {}, "example": { "text": hostile } } } },
            "responses": { "200": { "description": hostile, "content": { "application/json": { "example": hostile } } } },
        });
        let schema = json!({ "description": hostile, "properties": { hostile: { "pattern": hostile } } });
        let description = json!({
            "info": { "description": hostile },
            "paths": { "/<b>": { "get": call } },
            "components": { "schemas": { "Thing": schema } },
        });
        let page = render(&description);
        assert!(page.contains("GET /&lt;b&gt;"), "{page}");
        assert!(page.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;"), "{page}");
        assert!(!page.contains("<script") && !page.contains("<b>"), "{page}");
    }

    #[test]
    fn what_stands_between_backticks_is_shown_as_code() {
        assert_eq!(prose("with `\"me\"` & `b`, see"), "with <code>&quot;me&quot;</code> &amp; <code>b</code>, see");
        let page = std::str::from_utf8(&super::super::DESCRIPTION.page).expect("text");
        assert_eq!(page.matches("<code>").count(), page.matches("</code>").count());
        assert!(page.contains("depends on <code>auth.mode</code>"), "{page}");
    }
}
