//! Watches what a server writes to its log: when its disk failed, and when it was gone.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::ChildStderr;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What the simulated disk says when it fails.
const FAILURE: &str = "the simulated disk fails";

pub struct Watch {
    thread: JoinHandle<Option<Duration>>,
}

impl Watch {
    /// Copies the lines to `log` until the process is gone.
    pub fn start(stderr: ChildStderr, mut log: File) -> Watch {
        let thread = std::thread::spawn(move || {
            let mut failed_at = None;
            for line in BufReader::new(stderr).lines() {
                let line = line.expect("a log is text");
                if line.contains(FAILURE) {
                    failed_at = Some(now());
                }
                writeln!(log, "{line}").expect("a writable log");
            }
            // The kernel closes the pipe when the process is gone.
            failed_at.map(|failed_at| now() - failed_at)
        });
        Watch { thread }
    }

    /// How long the process lived after its disk had failed, if it did fail. The process must be gone.
    pub fn finish(self) -> Option<Duration> {
        self.thread.join().expect("the watch does not fail")
    }
}

#[expect(clippy::disallowed_methods, reason = "what is measured is printed, nothing is decided by it")]
pub fn now() -> Instant {
    Instant::now()
}
