//! A wave of logins: everybody wants a ticket of one event, which has fewer; the others stand in line.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::bench::request::Offer;
use crate::bench::scenario::Notes;
use crate::bench::stage::Stage;
use crate::bench::worker::{Limit, Worker};
use crate::error::LoadError;

pub(super) async fn run(stage: &Stage<'_>, title: &str) -> Result<Notes, LoadError> {
    stage.begin(title).await?;
    let wave = Wave { next: Arc::default(), logins: stage.arguments.users, name: stage.name.as_str().into() };
    let limit = Limit::default();
    stage.run(limit, |worker, _| log_in(worker, wave.clone(), stage.offers[0].clone())).await?;
    Ok(Notes::new())
}

/// Who logs in: all connections take the next one.
#[derive(Clone)]
struct Wave {
    next: Arc<AtomicU32>,
    logins: u32,
    name: Arc<str>,
}

async fn log_in(mut worker: Worker, wave: Wave, offer: Offer) -> Result<(), LoadError> {
    loop {
        let number = wave.next.fetch_add(1, Ordering::Relaxed);
        if number >= wave.logins {
            return Ok(());
        }
        if worker.log_in("login", &format!("{}-{number}", wave.name), &offer).await?.is_none() {
            return Ok(());
        }
    }
}
