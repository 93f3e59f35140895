//! The web pages as they are served, and what their files say.

use std::io::Read;

use flate2::read::GzDecoder;
use holdfast::openapi::DESCRIPTION;
use holdfast::pages;
use http_body_util::BodyExt;
use hyper::body::Bytes;
use serde_json::Value;

use crate::http::{get, post};
use crate::server::TestServer;

const PAGES: [&str; 2] = ["/", "/admin"];

/// Every page and all that pages load.
fn all_paths() -> Vec<String> {
    let parts = pages::parts().map(|part| format!("/{part}"));
    parts.chain(PAGES.map(str::to_owned)).collect()
}

#[tokio::test]
async fn the_web_pages_load_nothing_from_elsewhere() {
    let server = TestServer::start().await;
    for path in all_paths() {
        let page = server.visitor().get(&path).await;
        page.expect_status(200);
        assert!(!page.text.is_empty(), "{path}");
        let content_type = match path.rsplit_once('.') {
            None => "text/html; charset=utf-8",
            Some((_, "js")) => "text/javascript; charset=utf-8",
            Some((_, "css")) => "text/css; charset=utf-8",
            Some(_) => "image/svg+xml",
        };
        assert_eq!(page.header("content-type"), Some(content_type), "{path}");
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"), "{path}");
        let policy = page.header("content-security-policy").expect("a policy");
        for rule in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(rule), "{path}: {rule} is not in {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        let elsewhere = page.text.replace("http://www.w3.org/2000/svg", "");
        assert!(!elsewhere.contains("http://") && !elsewhere.contains("https://"), "{path} names another site");
    }
}

#[tokio::test]
async fn pages_have_nothing_inline_and_make_no_markup_of_data() {
    let server = TestServer::start().await;
    for path in PAGES {
        let page = server.visitor().get(path).await.text;
        for inline in ["<style", " style=", " onclick=", " onload=", "<script>"] {
            assert!(!page.contains(inline), "{path}: {inline} would be blocked");
        }
    }
    for path in all_paths().iter().filter(|path| path.ends_with(".js")) {
        let script = server.visitor().get(path).await.text;
        for forbidden in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"] {
            assert!(!script.contains(forbidden), "{path}: {forbidden}");
        }
    }
}

#[tokio::test]
async fn a_browser_that_has_a_file_is_told_so() {
    let server = TestServer::start().await;
    for path in all_paths() {
        let first = server.visitor().get(&path).await;
        assert_eq!(first.header("cache-control"), Some("no-cache"), "{path}");
        assert_eq!(first.header("vary"), Some("accept-encoding"), "{path}");
        let etag = first.header("etag").expect("an ETag").to_owned();
        for accepted in ["identity", "gzip"] {
            let known = get(&path).with("if-none-match", &etag).with("accept-encoding", accepted);
            let answer = server.visitor().send(known).await;
            assert_eq!((answer.status, answer.text.as_str()), (304, ""), "{path}");
            assert_eq!(answer.header("etag"), Some(etag.as_str()), "{path}");
            assert!(answer.header("content-security-policy").is_some(), "{path}");
        }
        server.visitor().send(get(&path).with("if-none-match", "W/\"other\"")).await.expect_status(200);
    }
}

#[tokio::test]
async fn who_takes_gzip_gets_the_same_in_fewer_bytes() {
    let server = TestServer::start().await;
    let (mut sent, mut source) = (0, 0);
    for path in all_paths() {
        let plain = server.visitor().get(&path).await;
        assert_eq!(plain.header("content-encoding"), None, "{path}");
        let compressed = compressed(&server, &path).await;
        let mut content = String::new();
        GzDecoder::new(&compressed[..]).read_to_string(&mut content).expect("gzip of a text");
        assert_eq!(content, plain.text, "{path}");
        sent += compressed.len();
        source += content.len();
    }
    assert!(sent < 100_000, "both pages are {sent} bytes as sent, and {source} as written");
}

/// The bytes of a file as a browser gets them.
async fn compressed(server: &TestServer, path: &str) -> Bytes {
    let answer = server.connection().begin(get(path).with("accept-encoding", "gzip, deflate, br")).await;
    assert_eq!(answer.headers()["content-encoding"], "gzip", "{path}");
    answer.into_body().collect().await.expect("a body").to_bytes()
}

#[tokio::test]
async fn files_are_had_by_their_own_path_alone() {
    let server = TestServer::start().await;
    for path in ["/index.html", "/admin.html", "/package.json", "/none.js", "/buyer", "/buyer/", "/buyer/none.js"] {
        server.visitor().get(path).await.expect_refusal(404, "not_found");
    }
    for path in ["/buyer/../style.css", "/buyer/%2e%2e/style.css", "/..%2fCargo.toml", "//style.css", "/admin/"] {
        server.visitor().get(path).await.expect_refusal(404, "not_found");
    }
    for path in ["/", "/admin", "/style.css"] {
        let request = post(path, serde_json::json!({}));
        server.visitor().send(request).await.expect_refusal(405, "method_not_allowed");
    }
}

/// `refusals.js` has a line `  code: …` for each.
#[tokio::test]
async fn each_refusal_has_its_sentence() {
    let server = TestServer::start().await;
    let script = server.visitor().get("/refusals.js").await.text;
    let (_, list) = script.split_once("const SENTENCES = {\n").expect("the list");
    let (list, _) = list.split_once("\n};").expect("its end");
    let mut told: Vec<&str> =
        list.lines().filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' '))).collect();
    for line in &mut told {
        *line = line.split_once(':').expect("a code and its sentence").0;
    }
    told.sort_unstable();
    let described: Value = serde_json::from_slice(&DESCRIPTION.json).expect("a description");
    let codes = described["components"]["schemas"]["Problem"]["properties"]["code"]["enum"].as_array().expect("codes");
    let mut codes: Vec<&str> = codes.iter().filter_map(Value::as_str).collect();
    codes.sort_unstable();
    assert_eq!(told, codes);
}
