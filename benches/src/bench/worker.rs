//! One connection at work: when each of its requests begins, and how long it takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedReceiver;

use crate::bench::books::Books;
use crate::bench::door::Door;
use crate::bench::record::{Label, Measured, Record};
use crate::bench::request::{Answer, Asked, Meaning, Offer, Request, User};
use crate::clock;
use crate::error::LoadError;

/// How long somebody who waits for something does not ask again after a refusal.
const AFTER_A_REFUSAL: Duration = Duration::from_millis(20);

/// How long a load goes on. Where nothing of this says so, it ends when its work is done.
#[derive(Clone, Debug, Default)]
pub struct Limit {
    /// How long it runs before it is measured.
    pub warm_up: Duration,
    /// How long it is measured.
    pub length: Option<Duration>,
    /// Ends it as soon as it is true.
    pub over: Option<Arc<AtomicBool>>,
}

/// A load while it runs.
#[derive(Clone, Debug)]
pub struct Span {
    /// What is due from then on is measured …
    pub measure_from: Instant,
    /// … and nothing begins after that.
    pub end: Option<Instant>,
    over: Option<Arc<AtomicBool>>,
}

impl Span {
    /// A span that begins now.
    pub fn begin(limit: Limit) -> Span {
        let measure_from = clock::now() + limit.warm_up;
        Span { measure_from, end: limit.length.map(|length| measure_from + length), over: limit.over }
    }

    /// How long it was measured, if it ends now.
    pub fn measured(&self) -> Duration {
        match self.end {
            Some(end) => end - self.measure_from,
            None => self.measure_from.elapsed(),
        }
    }

    fn is_over(&self, due: Instant) -> bool {
        self.end.is_some_and(|end| due >= end) || self.over.as_ref().is_some_and(|over| over.load(Ordering::SeqCst))
    }
}

/// When the next call of a connection begins.
pub enum Starts {
    /// As soon as the last one is answered.
    AtOnce,
    /// When it is due.
    Paced(UnboundedReceiver<Instant>),
}

/// One connection.
pub struct Worker {
    door: Door,
    starts: Starts,
    span: Span,
    /// The key of the next change, where changes have keys.
    next_key: Option<u64>,
    record: Arc<Record>,
    books: Arc<Books>,
}

impl Worker {
    /// A connection that asks by `door`. Where there is a `first_key`, its changes have idempotency keys from there on.
    pub fn new(
        door: Door,
        starts: Starts,
        span: Span,
        first_key: Option<u64>,
        (record, books): (Arc<Record>, Arc<Books>),
    ) -> Worker {
        Worker { door, starts, span, next_key: first_key, record, books }
    }

    /// Sends a request when its time has come, and files it as a step `label`; `None` at the end.
    ///
    /// # Errors
    ///
    /// There is no answer.
    pub async fn ask(&mut self, label: Label, user: &User, request: Request<'_>) -> Result<Option<Answer>, LoadError> {
        let Some(due) = self.next_start().await else { return Ok(None) };
        let key = self.keys(u64::from(request.is_change())).filter(|_| request.is_change());
        let sent = clock::now();
        let answer = self.door.ask((user, request), key).await?;
        self.file(label, (due, sent), &answer, 1);
        self.books.enter(&request, answer.meaning);
        Ok(Some(answer))
    }

    /// Sends changes in one call when its time has come, and files each of them with the latency of the call; `None` at the
    /// end. One alone is no batch.
    ///
    /// # Errors
    ///
    /// There is no answer.
    pub async fn ask_all(&mut self, label: Label, asked: &[Asked<'_>]) -> Result<Option<Vec<Answer>>, LoadError> {
        let Some(due) = self.next_start().await else { return Ok(None) };
        let first_key = self.keys(asked.len() as u64);
        let sent = clock::now();
        let answers = self.door.ask_all(asked, first_key).await?;
        let answered = clock::now();
        for ((_, request), answer) in asked.iter().zip(&answers) {
            self.file_at(label, (due, sent, answered), answer);
            self.books.enter(request, answer.meaning);
        }
        self.record.finish(answers.len() as u64);
        Ok(Some(answers))
    }

    /// Logs a user in when the time has come, who wants a ticket with it; `None` at the end.
    ///
    /// # Errors
    ///
    /// There is no answer.
    pub async fn log_in(&mut self, label: Label, name: &str, wish: &Offer) -> Result<Option<()>, LoadError> {
        let Some(due) = self.next_start().await else { return Ok(None) };
        let sent = clock::now();
        let (_, answer) = self.door.log_in(name, Some(wish)).await?;
        self.file(label, (due, sent), &answer, 1);
        self.books.enter_wish(wish, answer.meaning);
        Ok(Some(()))
    }

    /// Asks at once, as often as it takes until `is_it` of the answer. Files the time from `since` until then as a step
    /// `label`; none of the asking is.
    ///
    /// # Errors
    ///
    /// There is no answer.
    pub async fn wait_for(
        &mut self,
        label: Label,
        since: Instant,
        asked: Asked<'_>,
        is_it: impl Fn(&Answer) -> bool,
    ) -> Result<Answer, LoadError> {
        loop {
            let answer = self.door.ask(asked, None).await?;
            if is_it(&answer) {
                self.file(label, (since, since), &answer, 0);
                return Ok(answer);
            }
            if answer.meaning == Meaning::Refused {
                // A server that has too much to do is not helped by more.
                clock::pause(AFTER_A_REFUSAL).await;
            }
        }
    }

    /// The books in which this connection enters what is acknowledged.
    pub fn books(&self) -> &Books {
        &self.books
    }

    fn file(&self, label: Label, (due, sent): (Instant, Instant), answer: &Answer, requests: u64) {
        self.file_at(label, (due, sent, clock::now()), answer);
        self.record.finish(requests);
    }

    fn file_at(&self, label: Label, (due, sent, answered): (Instant, Instant, Instant), answer: &Answer) {
        // What is answered after the end counts for the latency, which it must not flatter, but not for the rate.
        let is_in_time = self.span.end.is_none_or(|end| answered <= end);
        let (latency, sent_late) = (answered - due, sent.saturating_duration_since(due));
        let measured = (due >= self.span.measure_from).then_some(Measured { latency, sent_late, is_in_time });
        self.record.file(label, measured.as_ref(), &answer.status);
    }

    /// The first of `count` keys that are used now.
    fn keys(&mut self, count: u64) -> Option<u64> {
        let first = self.next_key?;
        self.next_key = Some(first + count);
        Some(first)
    }

    async fn next_start(&mut self) -> Option<Instant> {
        let due = match &mut self.starts {
            Starts::AtOnce => clock::now(),
            Starts::Paced(dues) => dues.recv().await?,
        };
        (!self.span.is_over(due)).then_some(due)
    }
}
