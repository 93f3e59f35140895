//! The machine of a run.

use std::fs;
use std::process::Command;

use serde::Serialize;

use crate::disk::Disk;

/// What was measured on, and when.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// When the run began, in RFC 3339.
    pub date: String,
    /// The processors' own name.
    pub processor: String,
    /// How many of them this process may use.
    pub processors: usize,
    /// Memory, in GB.
    pub memory_gb: f64,
    /// The kernel.
    pub kernel: String,
    /// The file system beneath the temporary directory, where all data is that has no other place.
    pub file_system: String,
    /// What was running already, as the kernel's load averages of 1, 5 and 15 minutes.
    pub load_before: String,
    /// The commit of the source tree around, with a star where something in it was changed.
    pub commit: Option<String>,
}

impl Machine {
    /// This one, now.
    pub fn look() -> Machine {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let load = read("/proc/loadavg");
        Machine {
            date: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            processor: field(&read("/proc/cpuinfo"), "model name").unwrap_or("unknown").to_owned(),
            processors: std::thread::available_parallelism().map_or(0, usize::from),
            memory_gb: field(&read("/proc/meminfo"), "MemTotal").and_then(gigabytes).unwrap_or(0.0),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            file_system: Disk::beneath(&std::env::temp_dir()).file_system,
            load_before: load.split(' ').take(3).collect::<Vec<_>>().join(" "),
            commit: commit(),
        }
    }
}

/// The value of the first line `name: value`.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| Some(line.strip_prefix(name)?.trim_start().strip_prefix(':')?.trim()))
}

fn gigabytes(text: &str) -> Option<f64> {
    let kib: f64 = text.strip_suffix(" kB")?.trim().parse().ok()?;
    Some((kib * 1_024.0 / 1e8).round() / 10.0)
}

fn commit() -> Option<String> {
    let output = Command::new("git").args(["describe", "--always", "--dirty=*", "--exclude=*"]).output().ok()?;
    let commit = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !commit.is_empty()).then_some(commit)
}

#[cfg(test)]
mod tests {
    use super::{field, gigabytes};

    #[test]
    fn figures_of_the_kernel_are_read() {
        let told = "MemTotal:       49368164 kB\nMemFree:  1 kB\nmodel name\t: AMD EPYC\n";
        assert_eq!(field(told, "MemTotal").and_then(gigabytes), Some(50.6));
        assert_eq!(field(told, "model name"), Some("AMD EPYC"));
        assert_eq!(field(told, "vendor"), None);
    }
}
