//! The service manager that started this process, such as systemd, where it has left a socket to be told by
//! (`NOTIFY_SOCKET`). Without one, nothing happens here.
//!
//! It is told when the server serves and when it stops, and, where it asked for that (`WATCHDOG_USEC`), again and again that
//! the server is alive: [`Watchdog`] says what that means.

use std::sync::Arc;
use std::time::Duration;

use holdfast_engine::engine::Engine;
use sd_notify::NotifyState;
use tokio::task::JoinHandle;

use crate::gateway::Gateway;

/// While the server recovers or stops, the service manager is asked for so much more time …
const EXTENSION: Duration = Duration::from_secs(30);
/// … so often.
const EXTENDED_EVERY: Duration = Duration::from_secs(10);

/// The service manager, told of one phase after the other. A phase that takes time goes on being told until the next one.
#[derive(Default)]
pub struct ServiceManager {
    telling: Option<JoinHandle<()>>,
}

impl ServiceManager {
    /// The server has begun to recover. It may take long, and the service manager is asked to be patient as long as it does:
    /// a start that is cut off would begin anew, and take as long again.
    pub fn recovering(&mut self) {
        tell(&[NotifyState::Status("recovering: requests are answered 503")]);
        self.tell_on(extend());
    }

    /// The server serves.
    pub fn serving(&mut self, gateway: &Arc<Gateway>) {
        tell(&[NotifyState::Ready, NotifyState::Status("serving")]);
        self.tell_on(watch(Arc::clone(gateway)));
    }

    /// The server has begun to stop.
    pub fn stopping(&mut self) {
        tell(&[NotifyState::Stopping, NotifyState::Status("stopping: requests under way may finish")]);
        self.tell_on(extend());
    }

    fn tell_on(&mut self, telling: impl Future<Output = ()> + Send + 'static) {
        let earlier = self.telling.replace(tokio::spawn(telling));
        earlier.iter().for_each(JoinHandle::abort);
    }
}

impl Drop for ServiceManager {
    fn drop(&mut self) {
        self.telling.iter().for_each(JoinHandle::abort);
    }
}

/// Whether the server is alive: the thread that turns the wheels does so, by which holds expire and sales open, and this is
/// asked at all, for which the event loop must turn.
///
/// A slow disk is no reason to end the process, which would only be started on the same disk again: a thread that waits for
/// it counts as alive. What waits for the disk is refused or answered late, and `/readyz` says so.
#[derive(Debug, Default)]
pub struct Watchdog {
    /// How often the wheels had turned at the last look.
    turns: u64,
}

impl Watchdog {
    /// Whether the wheels have turned since the last look, or wait for the disk.
    pub fn is_alive(&mut self, engine: &Engine) -> bool {
        let pulse = engine.wheel_pulse();
        let has_turned = pulse.turns != self.turns;
        self.turns = pulse.turns;
        has_turned || pulse.is_at_disk
    }
}

/// Tells the service manager that the server is alive, as long as it is, twice as often as it wants to hear it.
async fn watch(gateway: Arc<Gateway>) {
    let (Some(period), Ok(engine)) = (sd_notify::watchdog_enabled(), gateway.engine()) else { return };
    let mut interval = tokio::time::interval(period / 2);
    let mut watchdog = Watchdog::default();
    loop {
        interval.tick().await;
        if watchdog.is_alive(engine) {
            tell_aside(NotifyState::Watchdog).await;
        }
    }
}

async fn extend() {
    let mut interval = tokio::time::interval(EXTENDED_EVERY);
    loop {
        interval.tick().await;
        tell_aside(NotifyState::ExtendTimeoutUsec(EXTENSION.as_micros() as u32)).await;
    }
}

/// Tells it where it may block: a service manager that does not read takes no thread from those who serve.
async fn tell_aside(state: NotifyState<'static>) {
    let told = tokio::task::spawn_blocking(move || tell(&[state])).await;
    if let Err(error) = told {
        tracing::error!(%error, "telling the service manager ended abruptly");
    }
}

/// Tells it. One that does not listen changes nothing: the server is there for buyers.
fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager cannot be told");
    }
}
