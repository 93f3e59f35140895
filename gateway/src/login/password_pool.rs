//! Threads that hash passwords, and the bounded line in front of them.
//!
//! A wave of logins must starve nobody: the threads are few and step back behind all others, and who finds the line full is
//! refused before anything has been hashed. Who hangs up leaves the line.

use std::collections::VecDeque;
use std::io;
use std::num::NonZero;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use holdfast_engine::error::Unavailable;
use tokio::sync::oneshot;

use super::passwords::{Hasher, Password};
use crate::config::AccountsConfig;
use crate::error::ApiError;

/// How far the threads step back, in the units of `nice(2)`: as far as the one that writes snapshots, see there.
const NICENESS: i32 = 10;

/// The threads and their line. When it goes, who still waits is told that the server stops.
pub struct PasswordPool {
    line: Arc<Line>,
}

struct Line {
    waiting_max: usize,
    waiting: Mutex<Waiting>,
    /// Rung for each task, and when the pool goes.
    bell: Condvar,
}

#[derive(Default)]
struct Waiting {
    tasks: VecDeque<Task>,
    is_closed: bool,
}

enum Task {
    Hash { password: Password, answer: oneshot::Sender<Result<String, HashFailure>> },
    Verify { password: Password, hash: Option<String>, answer: oneshot::Sender<Result<bool, HashFailure>> },
}

type HashFailure = argon2::password_hash::Error;

impl Task {
    /// Whether nobody waits for the answer any more.
    fn is_given_up(&self) -> bool {
        match self {
            Task::Hash { answer, .. } => answer.is_closed(),
            Task::Verify { answer, .. } => answer.is_closed(),
        }
    }

    /// Who hung up in the meantime is not there to read the answer.
    fn run(self, hasher: &Hasher) {
        match self {
            Task::Hash { password, answer } => drop(answer.send(hasher.hash(&password))),
            Task::Verify { password, hash, answer } => drop(answer.send(hasher.verify(&password, hash.as_deref()))),
        }
    }
}

impl PasswordPool {
    /// Starts the threads.
    ///
    /// # Errors
    ///
    /// Where the system gives no thread, no memory for a hash, or no random bytes.
    pub fn start(config: &AccountsConfig) -> io::Result<PasswordPool> {
        let hasher = Hasher::new(config).map_err(io::Error::other)?;
        let pool = PasswordPool::without_threads(config);
        for _ in 0..threads(config.hash_threads) {
            let (line, hasher) = (Arc::clone(&pool.line), hasher.clone());
            let thread = std::thread::Builder::new().name("holdfast-password".to_owned());
            thread.spawn(move || serve(&line, &hasher))?;
        }
        Ok(pool)
    }

    /// A new hash of the password.
    ///
    /// # Errors
    ///
    /// `overloaded` where the line is full; `internal` where the system has no memory or random bytes for it.
    pub async fn hash(&self, password: Password) -> Result<String, ApiError> {
        let (answer, answered) = oneshot::channel();
        self.line.join(Task::Hash { password, answer })?;
        receive(answered).await
    }

    /// Whether `hash` is that of the password. Without a hash it takes as long, and is not.
    ///
    /// # Errors
    ///
    /// `overloaded` where the line is full; `internal` where the system has no memory for it.
    pub async fn verify(&self, password: Password, hash: Option<String>) -> Result<bool, ApiError> {
        let (answer, answered) = oneshot::channel();
        self.line.join(Task::Verify { password, hash, answer })?;
        receive(answered).await
    }

    fn without_threads(config: &AccountsConfig) -> PasswordPool {
        let line =
            Line { waiting_max: config.hash_waiting_max as usize, waiting: Mutex::default(), bell: Condvar::new() };
        PasswordPool { line: Arc::new(line) }
    }
}

impl Drop for PasswordPool {
    fn drop(&mut self) {
        let mut waiting = self.line.lock();
        waiting.is_closed = true;
        waiting.tasks.clear();
        self.line.bell.notify_all();
    }
}

impl Line {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join(&self, task: Task) -> Result<(), ApiError> {
        let mut waiting = self.lock();
        if waiting.tasks.len() >= self.waiting_max {
            waiting.tasks.retain(|task| !task.is_given_up());
        }
        if waiting.tasks.len() >= self.waiting_max {
            return Err(Unavailable::Overloaded.into());
        }
        waiting.tasks.push_back(task);
        self.bell.notify_one();
        Ok(())
    }

    /// The first one still waited for; `None` when the pool has gone.
    fn next(&self) -> Option<Task> {
        let is_idle = |waiting: &mut Waiting| waiting.tasks.is_empty() && !waiting.is_closed;
        loop {
            let waiting = self.bell.wait_while(self.lock(), is_idle);
            let task = waiting.unwrap_or_else(PoisonError::into_inner).tasks.pop_front()?;
            if !task.is_given_up() {
                return Some(task);
            }
        }
    }
}

/// Half the cores, so that the others are left to those who hold tickets; one at least.
fn threads(configured: u32) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    if configured == 0 { (cores / 2).max(1) } else { configured as usize }
}

fn serve(line: &Line, hasher: &Hasher) {
    // On Linux, "this process" means the calling thread alone.
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::warn!(%error, "logins compete with holds for the processor");
    }
    while let Some(task) = line.next() {
        task.run(hasher);
    }
}

async fn receive<T>(answered: oneshot::Receiver<Result<T, HashFailure>>) -> Result<T, ApiError> {
    let answer = answered.await.map_err(|_| ApiError::from(Unavailable::ShuttingDown))?;
    answer.map_err(|error| {
        tracing::error!(%error, "a password cannot be hashed");
        ApiError::Internal
    })
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn config(hash_threads: u32) -> AccountsConfig {
        AccountsConfig {
            hash_memory_kib: 8 << 10,
            hash_passes: 1,
            hash_threads,
            hash_waiting_max: 2,
            ..AccountsConfig::default()
        }
    }

    fn password() -> Password {
        Password::from("correct horse".to_owned())
    }

    #[tokio::test]
    async fn what_was_hashed_is_known_again() {
        let pool = PasswordPool::start(&config(2)).expect("threads");
        let hash = pool.hash(password()).await.expect("a hash");
        assert!(pool.verify(password(), Some(hash.clone())).await.expect("a verdict"));
        assert!(!pool.verify("wrong horse".to_owned().into(), Some(hash)).await.expect("a verdict"));
        assert!(!pool.verify(password(), None).await.expect("a verdict"));
    }

    #[test]
    fn a_full_line_refuses_until_somebody_hangs_up() {
        let pool = PasswordPool::without_threads(&config(1));
        let mut context = Context::from_waker(Waker::noop());
        let mut is_waiting = |future: &mut std::pin::Pin<Box<dyn Future<Output = Result<bool, ApiError>> + '_>>| {
            matches!(future.as_mut().poll(&mut context), Poll::Pending)
        };
        let verify = || -> std::pin::Pin<Box<dyn Future<Output = _>>> { Box::pin(pool.verify(password(), None)) };
        let (mut first, mut second) = (verify(), verify());
        assert!(is_waiting(&mut first) && is_waiting(&mut second));
        let refused = pin!(pool.verify(password(), None)).poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(refused, Poll::Ready(Err(ApiError::Unavailable(Unavailable::Overloaded)))));
        drop(first);
        let mut third = verify();
        assert!(is_waiting(&mut third), "the place of who hung up is free");
    }

    #[test]
    fn who_hung_up_costs_no_hash() {
        let pool = PasswordPool::without_threads(&config(1));
        let (answer, answered) = oneshot::channel();
        pool.line.join(Task::Verify { password: password(), hash: None, answer }).expect("a place");
        let (other_answer, _other_answered) = oneshot::channel();
        pool.line.join(Task::Hash { password: password(), answer: other_answer }).expect("a place");
        drop(answered);
        assert!(matches!(pool.line.next(), Some(Task::Hash { .. })));
    }

    #[tokio::test]
    async fn who_waits_when_the_pool_goes_is_told_so() {
        let pool = PasswordPool::without_threads(&config(1));
        let (answer, answered) = oneshot::channel();
        pool.line.join(Task::Verify { password: password(), hash: None, answer }).expect("a place");
        drop(pool);
        assert!(matches!(receive(answered).await, Err(ApiError::Unavailable(Unavailable::ShuttingDown))));
    }
}
