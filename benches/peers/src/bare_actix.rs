//! What an actor costs by itself: an actix actor that does nothing, asked by `send`.

use std::thread::JoinHandle;

use actix::{Actor, Addr, Arbiter, Context, Handler, Message, System};
use async_trait::async_trait;

use crate::contender::{About, Contender, Durability, Round, Span, Unit, Way};
use crate::disk::Disk;
use crate::error::PeerError;
use crate::load::{self, Calls, Client};
use crate::locked;

/// The actor, asked by so many tasks.
pub struct BareActix {
    about: About,
    tasks: u32,
}

impl BareActix {
    /// So many tasks, each of which waits for one answer at a time.
    pub fn new(tasks: u32) -> BareActix {
        let about = About {
            name: format!("actix-send-{tasks}"),
            what: format!("send().await of a message that does nothing, {tasks} tasks"),
            way: Way::InProcess,
            durability: Durability::NotAsked,
            unit: Unit::Request,
            // The default of 16 would make senders wait for places, not for answers.
            settings: vec![format!("mailbox capacity {tasks}")],
        };
        BareActix { about, tasks }
    }
}

#[async_trait]
impl Contender for BareActix {
    fn about(&self) -> &About {
        &self.about
    }

    async fn round(&self, span: Span) -> Result<Round, PeerError> {
        let actors = Actors::start(self.tasks as usize)?;
        let senders = (0..self.tasks).map(|_| Sender(actors.idle.clone())).collect();
        let loaded = load::run(senders, span, &Disk::beneath(&std::env::temp_dir())).await?;
        let checked = format!("{} messages were answered", loaded.acknowledged);
        Ok(loaded.round(None, checked, format!("actix {}", locked::version_of("actix"))))
    }
}

struct Sender(Addr<Idle>);

impl Client for Sender {
    async fn turn(&mut self, calls: &mut Calls) -> Result<u64, PeerError> {
        let sent = calls.time(self.0.send(Nothing)).await;
        sent.map_err(|error| PeerError::while_doing("the actor did not answer", error))?;
        Ok(1)
    }
}

struct Idle;

#[derive(Message)]
#[rtype(result = "()")]
struct Nothing;

impl Actor for Idle {
    type Context = Context<Idle>;
}

impl Handler<Nothing> for Idle {
    type Result = ();

    fn handle(&mut self, Nothing: Nothing, _: &mut Context<Idle>) {}
}

/// An actor system on a thread of its own, with the actor on an arbiter as the engine has one. It ends with the value.
struct Actors {
    system: System,
    idle: Addr<Idle>,
    thread: Option<JoinHandle<()>>,
}

impl Actors {
    fn start(mailbox: usize) -> Result<Actors, PeerError> {
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runner = System::new();
            let idle = Idle::start_in_arbiter(&Arbiter::new().handle(), move |context| {
                context.set_mailbox_capacity(mailbox);
                Idle
            });
            // Whoever started it is gone where nobody listens, and stops nothing then.
            if tell.send((System::current(), idle)).is_ok() {
                let _ = runner.run();
            }
        });
        let started = told.recv().map_err(|_| PeerError::new("the actors do not start"))?;
        Ok(Actors { system: started.0, idle: started.1, thread: Some(thread) })
    }
}

impl Drop for Actors {
    fn drop(&mut self) {
        self.system.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
