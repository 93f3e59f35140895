//! The server under load: a process of its own, on a data directory of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::param::clock_ticks_per_second;

use crate::error::LoadError;

/// The admin token of the server, which only loopback reaches and which goes with the run.
pub const ADMIN_TOKEN: &str = "admin-token-of-a-load-run";

/// Which server is started, and where.
pub struct Launch<'a> {
    /// The server's program; otherwise the one beside this one.
    pub program: Option<&'a PathBuf>,
    /// The processors of the server, as for taskset; an empty text means all.
    pub processors: &'a str,
    /// Keys of the server's configuration, section.key=value. The last one counts where a key is there twice.
    pub settings: &'a [String],
    /// In which directory its data directory is made; otherwise in the temporary one.
    pub directory: Option<&'a Path>,
}

/// A server that runs. It and its data go with this value.
pub struct Program {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// Where it tells what it counts, where it counts anything.
    pub metrics: Option<SocketAddr>,
    /// Read by nobody any more, but a closed pipe would be an error there.
    _stdout: BufReader<ChildStdout>,
    _data: tempfile::TempDir,
}

impl Program {
    /// Starts it, and waits until it has said where it listens.
    pub fn start(launch: &Launch<'_>) -> Result<Program, LoadError> {
        let data = temporary_directory(launch.directory)?;
        let mut command = launch.command()?;
        let own = [
            "server.listen=127.0.0.1:0".to_owned(),
            "metrics.listen=127.0.0.1:0".to_owned(),
            format!("server.data={}", data.path().join("data").display()),
            // All clients come from one address.
            "limits.enabled=false".to_owned(),
        ];
        for setting in own.iter().chain(launch.settings) {
            command.arg("--set").arg(setting);
        }
        command.env("HOLDFAST_ADMIN_TOKEN", ADMIN_TOKEN).stdout(Stdio::piped());
        // As a service's log goes somewhere.
        let log = data.path().join("log");
        command.stderr(std::fs::File::create(&log)?);
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().ok_or_else(|| LoadError::new("the server has no output"))?;
        let mut stdout = BufReader::new(stdout);
        let (address, metrics) = match listeners(&mut stdout) {
            Ok(listeners) => listeners,
            Err(error) => {
                drop((child.kill(), child.wait()));
                let log = std::fs::read_to_string(log).unwrap_or_default();
                return Err(log.lines().last().map_or(error, |last| LoadError::new(format!("no server: {last}"))));
            }
        };
        Ok(Program { child, address, metrics, _stdout: stdout, _data: data })
    }

    /// How much memory it has in use, in MB.
    pub fn memory_mb(&self) -> Result<f64, LoadError> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
        kib.map(|kib| kib * 1_024.0 / 1e6).ok_or_else(|| LoadError::new("the server's memory cannot be told"))
    }

    /// How long processors have worked for it so far, to a hundredth of a second.
    pub fn processor_time(&self) -> Result<Duration, LoadError> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let ticks = processor_ticks(&stat).ok_or_else(|| LoadError::new("the server's time cannot be told"))?;
        Ok(Duration::from_secs_f64(ticks as f64 / clock_ticks_per_second() as f64))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Its data goes with it: nothing is to be saved.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Launch<'_> {
    fn command(&self) -> Result<Command, LoadError> {
        let program = match self.program {
            Some(program) => program.clone(),
            None => beside_this_one()?,
        };
        if !program.is_file() {
            let path = program.display();
            return Err(LoadError::new(format!("{path} is missing: build it with cargo build --release")));
        }
        if self.processors.is_empty() {
            return Ok(Command::new(program));
        }
        let mut command = Command::new("taskset");
        command.arg("--cpu-list").arg(self.processors).arg(program);
        Ok(command)
    }
}

/// The sum of `utime` and `stime`, the 14th and the 15th field of `/proc/<pid>/stat` (proc(5)). The name of the program, the
/// 2nd, is in brackets and may have spaces in it.
fn processor_ticks(stat: &str) -> Option<u64> {
    let (_, from_third) = stat.rsplit_once(") ")?;
    let mut fields = from_third.split(' ').skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

/// Where the server says that it listens, and where it tells what it counts.
fn listeners(said: &mut impl BufRead) -> Result<(SocketAddr, Option<SocketAddr>), LoadError> {
    let (mut all, mut addresses) = (String::new(), [None, None]);
    loop {
        let begin = all.len();
        let is_over = said.read_line(&mut all)? == 0;
        let line = all[begin..].trim();
        // Nothing that is looked for comes after this line.
        if is_over || line.starts_with("Data directory: ") {
            break;
        }
        let address = line.split_once("http://").and_then(|(_, address)| address.split('/').next()?.parse().ok());
        for (place, start) in ["Holdfast ", "Metrics: "].into_iter().enumerate() {
            if line.starts_with(start) {
                addresses[place] = address;
            }
        }
    }
    match addresses {
        [Some(address), metrics] => Ok((address, metrics)),
        _ => Err(LoadError::new(format!("the server does not say where it listens, but {all:?}"))),
    }
}

/// An empty directory that goes with its value: in `parent`, or in the temporary one.
pub fn temporary_directory(parent: Option<&Path>) -> Result<tempfile::TempDir, LoadError> {
    let made = match parent {
        Some(parent) => tempfile::tempdir_in(parent),
        None => tempfile::tempdir(),
    };
    made.map_err(|error| LoadError::new(format!("a data directory cannot be made: {error}")))
}

/// The server's program where it stands beside this one, as cargo puts them.
///
/// # Errors
///
/// The system does not tell where this one is.
pub fn beside_this_one() -> Result<PathBuf, LoadError> {
    Ok(std::env::current_exe()?.with_file_name("holdfast"))
}

/// Keeps this process to the generator's processors. To be called while it has only one thread.
pub fn keep_to(processors: &str) -> Result<(), LoadError> {
    if processors.is_empty() {
        return Ok(());
    }
    let own = std::process::id().to_string();
    let output = Command::new("taskset").args(["--pid", "--cpu-list", processors, &own]).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(LoadError::new(format!("taskset: {}", String::from_utf8_lossy(&output.stderr).trim())))
}

#[cfg(test)]
mod tests {
    use super::{listeners, processor_ticks};

    #[test]
    fn a_server_says_where_it_listens() {
        let said = "Holdfast 0.1.0 listens on http://127.0.0.1:8080\nAdministration: http://127.0.0.1:1\n\
                    Metrics: http://127.0.0.1:9/metrics\nData directory: d\nand more that never comes";
        let expected = ("127.0.0.1:8080".parse().expect("an address"), "127.0.0.1:9".parse().ok());
        assert_eq!(listeners(&mut said.as_bytes()).expect("addresses"), expected);
        let without = "Holdfast 0.1.0 listens on http://127.0.0.1:8080\n";
        assert_eq!(listeners(&mut without.as_bytes()).expect("an address").1, None);
        let error = listeners(&mut &b"Something else\n"[..]).expect_err("no address");
        assert!(error.to_string().contains("Something else"), "{error}");
    }

    #[test]
    fn the_time_of_a_process_is_that_of_itself_and_of_the_system_for_it() {
        let stat = "42 (a (bad) name) S 1 42 42 0 -1 4194560 5000 0 3 0 170 25 7 8 20 0 9 0 100";
        assert_eq!(processor_ticks(stat), Some(195));
        assert_eq!(processor_ticks("42 (cut off) S 1"), None);
    }
}
