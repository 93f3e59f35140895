//! What a program has logged.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::process::{Place, Process};

/// How often a line is looked for until it must be there: often enough for the slowest machine.
const LOOKS_MAX: u32 = 600;

/// The log of a program, in JSON.
pub struct LogLines {
    path: PathBuf,
}

impl LogLines {
    /// Starts the program with its log in a file of `place`.
    pub fn of(place: &Place, command: &mut std::process::Command) -> (Process, LogLines) {
        let path = place.path("log");
        (Process::start_with_log(command, &path), LogLines { path })
    }

    /// All of it so far, which must be whole lines of JSON.
    pub fn all(&self) -> Vec<Value> {
        let text = read(&self.path);
        // The last one may be about to be written.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
    }

    /// Those that say this.
    pub fn saying(&self, message: &str) -> Vec<Value> {
        self.all().into_iter().filter(|line| line["fields"]["message"] == message).collect()
    }

    /// The first line that says this, once it is there.
    pub async fn once(&self, message: &str, is_as_wished: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..LOOKS_MAX {
            if let Some(line) = self.saying(message).into_iter().find(&is_as_wished) {
                return line;
            }
            tokio::time::timeout(std::time::Duration::from_millis(100), std::future::pending::<()>())
                .await
                .unwrap_or_default();
        }
        panic!("{message:?} is not as wished in {:#?}", self.all());
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("the log")
}
