//! A program of somebody else's that a test runs: what it is told, and what it says, line by line.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How long is waited for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running program, which does not outlive the test.
pub struct Program {
    child: Child,
    input: Option<ChildStdin>,
    /// Its lines, from standard output.
    lines: UnboundedReceiver<String>,
    /// All that it says on standard error, once it has ended.
    complaints: Option<JoinHandle<String>>,
}

/// How a program has ended.
#[derive(Debug)]
pub struct End {
    pub exit_code: i32,
    /// The rest of its lines.
    pub lines: Vec<String>,
    /// What it said on standard error.
    pub complaints: String,
}

impl Program {
    /// Starts a program with nothing of this process's environment but the path.
    pub fn start(command: &mut Command) -> Program {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let (sender, lines) = unbounded_channel();
        pass_on(child.stdout.take().expect("its standard output"), sender);
        let complaints = Some(collect(child.stderr.take().expect("its standard error")));
        let input = child.stdin.take();
        Program { child, input, lines, complaints }
    }

    /// Says a line to it.
    pub fn say(&mut self, line: &str) {
        let input = self.input.as_mut().expect("its standard input");
        writeln!(input, "{line}").expect("a program that reads");
    }

    /// Its next line; `None` at its end.
    pub async fn line(&mut self) -> Option<String> {
        tokio::time::timeout(PATIENCE, self.lines.recv()).await.expect("a line within the time")
    }

    /// All lines up to and including the first one with `words` in it.
    pub async fn lines_until(&mut self, words: &str) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(line) = self.line().await {
            lines.push(line);
            if lines.last().is_some_and(|line| line.contains(words)) {
                return lines;
            }
        }
        panic!("it ended without {words:?}: {lines:#?}, {}", self.complaints());
    }

    /// The first line with `words` in it.
    pub async fn line_with(&mut self, words: &str) -> String {
        self.lines_until(words).await.pop().expect("a line")
    }

    /// Waits for its end.
    pub async fn end(mut self) -> End {
        let mut lines = Vec::new();
        while let Some(line) = self.line().await {
            lines.push(line);
        }
        let status = self.child.wait().expect("its end");
        End { exit_code: status.code().expect("an end by itself"), lines, complaints: self.complaints() }
    }

    /// Waits for its end, which must be a good one: the rest of its lines.
    pub async fn end_well(self) -> Vec<String> {
        let end = self.end().await;
        assert_eq!(end.exit_code, 0, "{end:#?}");
        end.lines
    }

    fn complaints(&mut self) -> String {
        self.complaints.take().map(|collected| collected.join().expect("text")).unwrap_or_default()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // One that has ended already cannot be killed, and need not be.
        self.child.kill().and_then(|()| self.child.wait().map(drop)).unwrap_or_default();
    }
}

fn pass_on(output: impl Read + Send + 'static, sender: UnboundedSender<String>) {
    thread::spawn(move || {
        // Nobody listens any more once the test is over.
        BufReader::new(output).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
    });
}

fn collect(mut output: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        output.read_to_string(&mut text).expect("text");
        text
    })
}
