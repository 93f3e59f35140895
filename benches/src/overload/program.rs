//! The server under load: a process of its own, on a data directory of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::error::LoadError;
use crate::overload::arguments::{Arguments, Mode};

/// The admin token of the server, which only loopback reaches and which goes with the run.
pub const ADMIN_TOKEN: &str = "admin-token-of-an-overload-run";

/// A server that runs. It and its data go with this value.
pub struct Program {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// Read by nobody any more, but a closed pipe would be an error there.
    _stdout: BufReader<ChildStdout>,
    _data: tempfile::TempDir,
}

impl Program {
    /// Starts it, and waits until it has said where it listens.
    pub fn start(arguments: &Arguments) -> Result<Program, LoadError> {
        let data = tempfile::tempdir()?;
        let mut command = command(arguments)?;
        let mode = if arguments.mode == Mode::Accounts { "accounts" } else { "open" };
        let own = [
            "server.listen=127.0.0.1:0".to_owned(),
            format!("server.data={}", data.path().join("data").display()),
            format!("auth.mode={mode}"),
            // All buyers come from one address.
            "limits.enabled=false".to_owned(),
        ];
        for setting in own.iter().chain(&arguments.settings) {
            command.arg("--set").arg(setting);
        }
        command.env("HOLDFAST_ADMIN_TOKEN", ADMIN_TOKEN).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().ok_or_else(|| LoadError::new("the server has no output"))?;
        let mut stdout = BufReader::new(stdout);
        let mut said = String::new();
        stdout.read_line(&mut said)?;
        let address = said.split_once("http://").and_then(|(_, address)| address.trim().parse().ok());
        let Some(address) = address else {
            return Err(LoadError::new(format!("the server does not say where it listens, but {said:?}")));
        };
        Ok(Program { child, address, _stdout: stdout, _data: data })
    }

    /// How much memory it has in use, in MB.
    pub fn memory_mb(&self) -> Result<f64, LoadError> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
        kib.map(|kib| kib * 1_024.0 / 1e6).ok_or_else(|| LoadError::new("the server's memory cannot be told"))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Its data goes with it: nothing is to be saved.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(arguments: &Arguments) -> Result<Command, LoadError> {
    let program = match &arguments.program {
        Some(program) => program.clone(),
        None => beside_this_one()?,
    };
    if !program.is_file() {
        let path = program.display();
        return Err(LoadError::new(format!("{path} is missing: build it with cargo build --release")));
    }
    if arguments.server_processors.is_empty() {
        return Ok(Command::new(program));
    }
    let mut command = Command::new("taskset");
    command.arg("--cpu-list").arg(&arguments.server_processors).arg(program);
    Ok(command)
}

fn beside_this_one() -> Result<PathBuf, LoadError> {
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
