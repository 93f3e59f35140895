//! The web pages: the files of `ui/`, embedded in the binary. A debug build reads them from the folder at each request, so
//! that whoever works on them reloads and sees.

mod comments;

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Write;
use std::sync::{LazyLock, Mutex, PoisonError};

use axum::body::Bytes;
use axum::http::HeaderValue;
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::RustEmbed;

use comments::without_comments;

#[derive(RustEmbed)]
#[folder = "ui"]
struct Files;

/// A file of the pages, as it can be sent.
pub struct Page {
    /// What it is, with the character set of texts.
    pub content_type: &'static str,
    /// The file, of a module or a style sheet without its comments.
    pub content: Bytes,
    /// The same, by gzip.
    pub compressed: Bytes,
    /// Of both; weak, because their bytes differ.
    pub etag: String,
}

/// The names of all that pages load, and of no page itself: `style.css`, `buyer/page.js`.
pub fn parts() -> impl Iterator<Item = String> {
    Files::iter().map(String::from).filter(|file| content_type(file).is_some() && !file.ends_with(".html"))
}

/// The file of this name, and of no other way to say where it is.
pub fn read(file: &str) -> Option<Page> {
    if file.split('/').any(|step| step == "..") {
        return None;
    }
    let (content_type, embedded) = (content_type(file)?, Files::get(file)?);
    let hash = embedded.metadata.sha256_hash();
    let Prepared { content, compressed } = prepared(hash, content_type, embedded.data);
    let digits: String = hash[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    Some(Page { content_type, content, compressed, etag: format!("W/\"{digits}\"") })
}

/// Whether `path` is a page, or can be what a page loads.
pub fn is_page(path: &str) -> bool {
    path == "/" || path.starts_with("/buyer/") || is_admin_page(path) || is_shared(path)
}

/// Whether `path` is the organisers' page, or is loaded by it alone.
pub fn is_admin_page(path: &str) -> bool {
    path == "/admin" || path.starts_with("/admin/")
}

/// Whether `path` can be a file that both pages load.
pub fn is_shared(path: &str) -> bool {
    let name = path.trim_start_matches('/');
    !name.contains('/') && content_type(name).is_some() && !name.ends_with(".html")
}

fn content_type(file: &str) -> Option<&'static str> {
    match file.rsplit_once('.')?.1 {
        "html" => Some("text/html; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        _ => None,
    }
}

/// Each file that has been asked for as it is sent, plain and compressed, by its hash. There are as many as there are files,
/// and in a debug build as often as they were edited.
static PREPARED: LazyLock<Mutex<HashMap<[u8; 32], Prepared>>> = LazyLock::new(Mutex::default);

/// What is sent, plain and compressed.
#[derive(Clone)]
struct Prepared {
    content: Bytes,
    compressed: Bytes,
}

fn prepared(hash: [u8; 32], content_type: &str, written: Cow<'static, [u8]>) -> Prepared {
    let mut known = PREPARED.lock().unwrap_or_else(PoisonError::into_inner);
    let prepare = || {
        let content = as_sent(content_type, written);
        Prepared { compressed: gzip(&content), content }
    };
    known.entry(hash).or_insert_with(prepare).clone()
}

fn as_sent(content_type: &str, written: Cow<'static, [u8]>) -> Bytes {
    let has_comments = content_type.starts_with("text/javascript") || content_type.starts_with("text/css");
    match written {
        written if has_comments => without_comments(&String::from_utf8_lossy(&written)).into(),
        Cow::Borrowed(content) => Bytes::from_static(content),
        Cow::Owned(content) => content.into(),
    }
}

fn gzip(content: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(content).and_then(|()| encoder.finish());
    written.expect("memory takes what is written").into()
}

/// Whether a client with these `Accept-Encoding` takes gzip: RFC 9110, section 12.5.3.
pub fn takes_gzip<'a>(accepted: impl IntoIterator<Item = &'a HeaderValue>) -> bool {
    let texts = accepted.into_iter().filter_map(|value| value.to_str().ok());
    let mut any = false;
    for (coding, is_wanted) in texts.flat_map(|text| text.split(',')).map(read_coding) {
        match coding.as_str() {
            "gzip" | "x-gzip" => return is_wanted,
            "*" => any = is_wanted,
            _ => {}
        }
    }
    any
}

/// A coding, and whether its weight is above 0.
fn read_coding(text: &str) -> (String, bool) {
    let mut parts = text.split(';').map(str::trim);
    let coding = parts.next().unwrap_or_default().to_ascii_lowercase();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    (coding, weight.is_none_or(|weight| weight.parse::<f32>().is_ok_and(|weight| weight > 0.0)))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use axum::http::HeaderValue;
    use flate2::read::GzDecoder;

    use super::{is_admin_page, is_shared, parts, read, takes_gzip};

    #[test]
    fn what_is_compressed_is_the_same() {
        for file in parts().chain(["index.html".to_owned(), "admin.html".to_owned()]) {
            let page = read(&file).expect("a file");
            let mut content = Vec::new();
            GzDecoder::new(&page.compressed[..]).read_to_end(&mut content).expect("gzip");
            assert_eq!(content, page.content, "{file}");
        }
    }

    /// A text that goes on in the next line could have one that looks like a comment.
    #[test]
    fn no_text_of_a_module_goes_over_several_lines() {
        for file in parts().filter(|file| file.ends_with(".js")) {
            let page = read(&file).expect("a file");
            let content = String::from_utf8(page.content.to_vec()).expect("text");
            let odd = content.lines().find(|line| line.matches('`').count() % 2 == 1);
            assert_eq!(odd, None, "{file}");
        }
    }

    #[test]
    fn there_is_no_other_file() {
        for file in ["", "none.js", "../Cargo.toml", "buyer", "buyer/", "/style.css", "buyer/../style.css"] {
            assert!(read(file).is_none(), "{file}");
        }
    }

    #[test]
    fn gzip_is_sent_to_who_takes_it() {
        let rows: [(&[&'static str], bool); 13] = [
            (&[], false),
            (&[""], false),
            (&["gzip"], true),
            (&["GZIP"], true),
            (&["gzip, deflate, br"], true),
            (&["br;q=1.0, gzip;q=0.5"], true),
            (&["br", "gzip"], true),
            (&["gzip;q=0"], false),
            (&["gzip;q=0.000, *"], false),
            (&["*"], true),
            (&["*;q=0"], false),
            (&["identity"], false),
            (&["gzip;q=nonsense"], false),
        ];
        for (accepted, expected) in rows {
            let values: Vec<HeaderValue> = accepted.iter().map(|value| HeaderValue::from_static(value)).collect();
            assert_eq!(takes_gzip(&values), expected, "{accepted:?}");
        }
    }

    #[test]
    fn the_organisers_page_and_what_both_load_are_told_apart() {
        for (path, expected) in [
            ("/admin", (true, false)),
            ("/admin/page.js", (true, false)),
            ("/style.css", (false, true)),
            ("/render.js", (false, true)),
            ("/icons.js", (false, true)),
            ("/buyer/page.js", (false, false)),
            ("/index.html", (false, false)),
            ("/administration", (false, false)),
            ("/", (false, false)),
            ("/docs", (false, false)),
        ] {
            assert_eq!((is_admin_page(path), is_shared(path)), expected, "{path}");
        }
    }
}
