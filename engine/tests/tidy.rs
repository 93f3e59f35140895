//! The style of the house, as a test: who may import what, and words that do not stay. It names the line.

use std::fs;
use std::path::{Path, PathBuf};

/// A text that only some files may contain.
struct Fence {
    /// The text.
    text: &'static str,
    /// Where it may stand: the ends of paths.
    allowed: &'static [&'static str],
    /// Where it is looked for: the beginnings of paths.
    within: &'static [&'static str],
    /// Why.
    reason: &'static str,
}

const FENCES: &[Fence] = &[
    Fence {
        text: "actix",
        allowed: &["engine/src/actor.rs"],
        within: &["engine/src", "gateway/src"],
        reason: "actors are thin shells in one file",
    },
    Fence {
        text: "dashmap",
        allowed: &["engine/src/directory.rs", "engine/src/session_table.rs"],
        within: &["engine/src", "gateway/src"],
        reason: "no guard of a map leaves these types",
    },
    Fence {
        text: "bincode",
        allowed: &["engine/src/record.rs"],
        within: &["engine/src", "gateway/src"],
        reason: "one file decides how values become bytes",
    },
    Fence {
        text: "StatusCode::",
        allowed: &["gateway/src/error.rs"],
        within: &["gateway/src"],
        reason: "one file decides statuses",
    },
    Fence {
        text: ".route(",
        allowed: &["gateway/src/routes/pages.rs"],
        within: &["gateway/src/routes"],
        reason: "a route is registered with its description, by `routes!`",
    },
    Fence {
        text: "std::fs",
        allowed: &["engine/src/storage.rs", "engine/src/storage/"],
        within: &["engine/src"],
        reason: "storage.rs is the only door to the disk",
    },
    Fence {
        text: "HashMap",
        allowed: &["engine/src/core/number_map.rs", "engine/src/core/user.rs"],
        within: &["engine/src/core"],
        reason: "no hash order in the core: use NumberMap, or a BTreeMap where order shows",
    },
    Fence { text: "holdfast_engine", allowed: &[], within: &["engine/src"], reason: "the engine is its own crate" },
];

/// What the core may import of this crate: itself. And of other crates: serde.
const CORE_IMPORTS: &[&str] = &["crate::core", "super", "self", "std", "serde"];

const STRAY_WORDS: &[&str] = &["TODO", "FIXME", "XXX", "todo!(", "unimplemented!(", "dbg!("];

#[test]
fn imports_run_one_way() {
    let mut broken = Vec::new();
    // What is built for tests alone is outside the fences.
    let is_shipped = |path: &str| !path.contains("/tests") && !path.contains("/simulation");
    for (path, text) in sources().into_iter().filter(|(path, _)| is_shipped(path)) {
        for fence in FENCES.iter().filter(|fence| is_fenced(fence, &path)) {
            report(&mut broken, &path, &text, fence.reason, |line| code(line).contains(fence.text));
        }
        if path.starts_with("engine/src/core") {
            let reason = "core imports nothing outside core but std and serde";
            report(&mut broken, &path, &text, reason, is_foreign_to_core);
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn no_stray_words() {
    let mut broken = Vec::new();
    for (path, text) in sources().into_iter().filter(|(path, _)| !path.ends_with("tests/tidy.rs")) {
        for word in STRAY_WORDS {
            report(&mut broken, &path, &text, "a word that does not stay", |line| line.contains(word));
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn no_file_is_named_after_nothing() {
    let vague = ["utils", "util", "common", "helpers", "types", "prelude", "misc"];
    let named: Vec<_> = sources().into_iter().filter(|(path, _)| vague.contains(&stem(path))).collect();
    assert!(named.is_empty(), "{:?}", named.iter().map(|(path, _)| path).collect::<Vec<_>>());
}

fn is_fenced(fence: &Fence, path: &str) -> bool {
    let is_within = fence.within.iter().any(|folder| path.starts_with(folder));
    is_within && !fence.allowed.iter().any(|allowed| path.starts_with(allowed))
}

fn is_foreign_to_core(line: &str) -> bool {
    let line = code(line);
    let Some(imported) = line.strip_prefix("use ").or(line.strip_prefix("pub use ")) else {
        return line.contains("crate::") && !line.contains("crate::core");
    };
    // A module of the core itself is imported by its bare name where it is declared.
    let first = imported.split("::").next().unwrap_or_default();
    let folders = ["", "event", "flow", "outcome", "queue"].map(|folder| root().join("engine/src/core").join(folder));
    let is_local = folders.iter().any(|folder| folder.join(format!("{first}.rs")).exists());
    !is_local && !CORE_IMPORTS.iter().any(|allowed| imported.starts_with(allowed))
}

/// The line without its comment.
fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

fn stem(path: &str) -> &str {
    Path::new(path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
}

fn report(broken: &mut Vec<String>, path: &str, text: &str, reason: &str, is_broken: impl Fn(&str) -> bool) {
    for (number, line) in text.lines().enumerate().filter(|(_, line)| is_broken(line)) {
        broken.push(format!("{path}:{}: {reason}: {}", number + 1, line.trim()));
    }
}

/// All Rust files with their paths from the root of the repository.
fn sources() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for folder in ["engine", "gateway", "benches"] {
        collect(&root().join(folder), &mut files);
    }
    assert!(files.len() > 50, "the sources were not found");
    files
}

fn collect(folder: &Path, files: &mut Vec<(String, String)>) {
    let entries = fs::read_dir(folder).unwrap();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            files.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
