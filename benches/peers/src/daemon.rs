//! A server that is started for one round, on a data directory of its own. Both go with the value, however a run ends.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use holdfast_benches::clock;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::error::PeerError;

/// How often a server is asked whether it is there yet.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How often until it counts as one that does not come.
const LOOKS_MAX: u32 = 1_500;
/// How much of a log an error shows.
const LOG_LINES_SHOWN: usize = 5;

/// A directory under the temporary one, for a server's data and its log.
pub struct Home {
    directory: TempDir,
    /// As whom the server runs, where it refuses to be root.
    user: Option<User>,
}

#[derive(Clone, Copy)]
struct User {
    user: u32,
    group: u32,
}

impl Home {
    /// One for a server that runs as whoever runs this.
    pub fn new() -> Result<Home, PeerError> {
        Ok(Home { directory: tempfile::Builder::new().prefix("holdfast-peers-").tempdir()?, user: None })
    }

    /// One for a server that refuses to be root: where we are, it runs as the first of `names` whom the machine knows.
    pub fn unprivileged(names: &[&str]) -> Result<Home, PeerError> {
        let mut home = Home::new()?;
        if rustix::process::geteuid().is_root() {
            let known = fs::read_to_string("/etc/passwd")?;
            let user = names.iter().find_map(|name| user_of(&known, name));
            let user = user.ok_or_else(|| PeerError::new(format!("none of the users {names:?} is known here")))?;
            chown(home.path(), Some(user.user), Some(user.group))?;
            home.user = Some(user);
        }
        Ok(home)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A command that runs in it, as its user, and writes to its log.
    pub fn command(&self, program: &Path) -> Result<Command, PeerError> {
        let log = fs::File::options().create(true).append(true).open(self.log())?;
        // It runs in another directory than this.
        let has_folder = program.components().count() > 1;
        let program = if has_folder { std::path::absolute(program)? } else { program.to_owned() };
        let mut command = Command::new(program);
        // A group of its own: Ctrl-C is for us, who then stop it as it has to be stopped.
        command.current_dir(self.path()).process_group(0).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        if let Some(User { user, group }) = self.user {
            command.uid(user).gid(group);
        }
        Ok(command)
    }

    /// Runs a command to its end.
    pub fn run(&self, mut command: Command) -> Result<(), PeerError> {
        let name = command.get_program().to_string_lossy().into_owned();
        match command.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(PeerError::new(format!("{name} ended with {status}: {}", self.end_of_log()))),
            Err(error) => Err(PeerError::while_doing(format!("{name} cannot be started"), error)),
        }
    }

    /// Starts a server in it, which `stop` ends at once.
    pub fn start(self, mut command: Command, stop: Signal) -> Result<Daemon, PeerError> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.spawn();
        let child = child.map_err(|error| PeerError::while_doing(format!("{name} cannot be started"), error))?;
        Ok(Daemon { child, name, stop, home: self })
    }

    fn log(&self) -> PathBuf {
        self.path().join("log")
    }

    fn all_of_log(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }

    fn end_of_log(&self) -> String {
        let log = self.all_of_log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join(" / ")
    }
}

/// A server that runs.
pub struct Daemon {
    child: Child,
    name: String,
    stop: Signal,
    home: Home,
}

impl Daemon {
    /// Tries until the server answers.
    ///
    /// # Errors
    ///
    /// It has ended, or does not answer within half a minute.
    pub async fn answer<T, F>(&mut self, mut attempt: impl FnMut() -> F) -> Result<T, PeerError>
    where
        F: Future<Output = Result<T, PeerError>>,
    {
        let mut refused = String::new();
        for _ in 0..LOOKS_MAX {
            match attempt().await {
                Ok(answer) => return Ok(answer),
                Err(error) => refused = error.to_string(),
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(self.ended_with(status));
            }
            clock::pause(LOOK_EVERY).await;
        }
        Err(PeerError::new(format!("{} does not answer: {refused}", self.name)))
    }

    /// Waits until it has ended by itself. Returns what it said.
    ///
    /// # Errors
    ///
    /// It failed.
    pub async fn end(&mut self) -> Result<String, PeerError> {
        loop {
            match self.child.try_wait()? {
                None => clock::pause(LOOK_EVERY).await,
                Some(status) if status.success() => return Ok(self.home.all_of_log()),
                Some(status) => return Err(self.ended_with(status)),
            }
        }
    }

    fn ended_with(&self, status: ExitStatus) -> PeerError {
        PeerError::new(format!("{} ended with {status}: {}", self.name, self.home.end_of_log()))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(process) = Pid::from_raw(self.child.id() as i32) {
            let _ = kill_process(process, self.stop);
        }
        let _ = self.child.wait();
    }
}

/// A port of the loopback that is free now: for servers which cannot be told to choose one themselves.
pub fn free_port() -> Result<u16, PeerError> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// The path of `program`: it is looked for in `PATH` where it is only a name.
pub fn find(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return program.is_file().then(|| program.to_owned());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|found| found.is_file())
}

fn user_of(known: &str, name: &str) -> Option<User> {
    let line = known.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut numbers = line.split(':').skip(2).map(str::parse);
    let (user, group) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    Some(User { user, group })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rustix::process::{Pid, Signal, test_kill_process};

    use super::{Home, find, user_of};
    use crate::error::PeerError;

    #[test]
    fn a_server_and_its_directory_go_with_the_value() {
        let home = Home::new().expect("a directory");
        let path = home.path().to_owned();
        let mut command = home.command(Path::new("sleep")).expect("a log");
        command.arg("3600");
        let daemon = home.start(command, Signal::KILL).expect("sleep is everywhere");
        let process = Pid::from_raw(daemon.child.id() as i32).expect("a process");
        assert!(path.is_dir() && test_kill_process(process).is_ok());
        drop(daemon);
        assert!(!path.exists() && test_kill_process(process).is_err());
    }

    #[test]
    fn a_server_that_ends_says_why() {
        let home = Home::new().expect("a directory");
        let mut command = home.command(Path::new("sh")).expect("a log");
        command.args(["-c", "echo no such key >&2; exit 3"]);
        let mut daemon = home.start(command, Signal::KILL).expect("a shell is everywhere");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let attempt = || async { Err::<(), _>(PeerError::new("refused")) };
        let error = runtime.block_on(daemon.answer(attempt)).expect_err("it is gone").to_string();
        assert!(error.contains("exit status: 3") && error.ends_with("no such key"), "{error}");
    }

    #[test]
    fn a_command_that_fails_says_why() {
        let home = Home::new().expect("a directory");
        let mut command = home.command(Path::new("sh")).expect("a log");
        command.args(["-c", "echo the disk is full; exit 1"]);
        let error = home.run(command).expect_err("it fails").to_string();
        assert!(error.ends_with("the disk is full"), "{error}");
    }

    #[test]
    fn programs_and_users_are_found() {
        assert!(find(Path::new("sh")).is_some_and(|path| path.is_absolute()));
        assert_eq!(find(Path::new("no-such-program")), None);
        assert_eq!(find(Path::new("/no/such/program")), None);
        let known = "root:x:0:0:root:/root:/bin/bash\npostgres:x:103:112::/:/bin/sh\n";
        let found = user_of(known, "postgres").map(|user| (user.user, user.group));
        assert_eq!((found, user_of(known, "post").is_none()), (Some((103, 112)), true));
    }
}
