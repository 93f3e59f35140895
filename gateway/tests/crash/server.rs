//! The real binary as a child process.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::disk::Disk;
use crate::watch::Watch;

/// What organisers show.
pub const ADMIN_TOKEN: &str = "the-crash-test-admin-token";

/// A recovery that takes longer has hung.
const START_MAX: Duration = Duration::from_secs(60);
const SIGKILL: i32 = 9;

/// Small files, so that a run of seconds rotates segments and writes snapshots; and buyers who ask as fast as they can.
const SETTINGS: [&str; 5] = [
    "limits.enabled=false",
    "journal.segment_bytes=1048576",
    "journal.batch_bytes_max=524288",
    "snapshot.journal_bytes=1048576",
    "snapshot.interval_seconds=1",
];
/// On a disk that fails, all syncs but those of the start are to be of frames of the journal: no rotation, no snapshot.
const SETTINGS_WHERE_SYNCS_FAIL: [&str; 3] =
    ["journal.segment_bytes=16777216", "snapshot.journal_bytes=1073741824", "snapshot.interval_seconds=3600"];

/// A server that has recovered and serves.
pub struct Server {
    process: Child,
    address: SocketAddr,
    /// Kept open: a program that prints to a closed pipe fails.
    _stdout: BufReader<ChildStdout>,
    /// Of a server on a disk that fails.
    watch: Option<Watch>,
}

/// How a server ended by itself.
#[derive(Debug)]
pub struct End {
    pub code: Option<i32>,
    /// From the failure of its disk.
    pub after: Option<Duration>,
}

impl Server {
    /// Starts the server on `directory` and waits for its first line, which it prints once it has recovered.
    pub async fn start(directory: &Path, disk: &Disk) -> Server {
        let started = Server::start_or_end(directory, disk).await;
        started.unwrap_or_else(|end| panic!("the server did not start: {end:?}\n{}", tail(&log_path(directory))))
    }

    /// The same; it may also end by itself before it has recovered.
    pub async fn start_or_end(directory: &Path, disk: &Disk) -> Result<Server, End> {
        let mut process = spawn(directory, disk);
        let watch = process.stderr.take().map(|stderr| Watch::start(stderr, open_log(directory)));
        let mut stdout = BufReader::new(process.stdout.take().expect("its output is piped"));
        let reading = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            stdout.read_line(&mut line).map(|_| (line, stdout))
        });
        let read = tokio::time::timeout(START_MAX, reading).await;
        let (line, stdout) = read
            .unwrap_or_else(|_| panic!("the server did not recover in {START_MAX:?}\n{}", tail(&log_path(directory))))
            .expect("the reader runs")
            .expect("a readable pipe");
        let address = line.trim().rsplit_once("http://").and_then(|(_, address)| address.parse().ok());
        match address {
            Some(address) => Ok(Server { process, address, _stdout: stdout, watch }),
            None => Err(end(&mut process, watch)),
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        kill(&mut self.process);
    }

    /// Waits until the server has ended by itself.
    pub fn wait(&mut self) -> End {
        end(&mut self.process, self.watch.take())
    }
}

impl Drop for Server {
    /// A failed test leaves no server behind.
    fn drop(&mut self) {
        // One that was killed before is gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts the server and kills it after `looks` looks at its directory, wherever it is by then. Whether it had not
/// recovered yet.
pub fn start_and_kill(directory: &Path, disk: &Disk, looks: u64) -> bool {
    let mut process = spawn(directory, disk);
    for _ in 0..looks {
        let _ = fs::read_dir(directory).expect("the data directory").count();
        std::thread::yield_now();
    }
    kill(&mut process);
    let mut printed = String::new();
    let mut stdout = process.stdout.take().expect("its output is piped");
    stdout.read_to_string(&mut printed).expect("a readable pipe");
    printed.is_empty()
}

fn spawn(directory: &Path, disk: &Disk) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdfast"));
    command.args(["--listen", "127.0.0.1:0", "--set", "metrics.listen=", "--data"]).arg(directory.join("data"));
    let more: &[&str] = if disk.is_failing() { &SETTINGS_WHERE_SYNCS_FAIL } else { &[] };
    for setting in SETTINGS.iter().chain(more) {
        command.args(["--set", setting]);
    }
    // What is set around the test must not reach the server.
    command.env_clear().env("HOLDFAST_ADMIN_TOKEN", ADMIN_TOKEN);
    if let Some(wish) = disk.wish() {
        command.env("HOLDFAST_SIMULATED_DISK", wish);
    }
    let stderr = if disk.is_failing() { Stdio::piped() } else { Stdio::from(open_log(directory)) };
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
    command.spawn().expect("the server can be run")
}

fn open_log(directory: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(log_path(directory)).expect("a log file")
}

fn log_path(directory: &Path) -> PathBuf {
    directory.join("server.log")
}

/// The end of the server's log, for a failure's report.
fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(30).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

fn end(process: &mut Child, watch: Option<Watch>) -> End {
    let status = process.wait().expect("a child can be waited for");
    End { code: status.code(), after: watch.and_then(Watch::finish) }
}

/// Kills, and makes sure that the process was alive until then.
fn kill(process: &mut Child) {
    process.kill().expect("a child can be killed");
    let status = process.wait().expect("a child can be waited for");
    assert_eq!(status.signal(), Some(SIGKILL), "the server ended by itself: {status}");
}
