//! Cancellation: one switch, many listeners.

use tokio::sync::watch;

/// The switch. Dropping it without [`cancel`](Self::cancel) cancels nothing.
#[derive(Debug)]
pub struct CancelSource(watch::Sender<bool>);

/// A listener: cheap to clone.
#[derive(Clone, Debug)]
pub struct Cancel(Option<watch::Receiver<bool>>);

impl CancelSource {
    /// A switch and its first listener.
    #[must_use]
    pub fn new() -> (Self, Cancel) {
        let (sender, receiver) = watch::channel(false);
        (Self(sender), Cancel(Some(receiver)))
    }

    /// Cancels all that listens, now and later.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }

    /// Another listener.
    #[must_use]
    pub fn listen(&self) -> Cancel {
        Cancel(Some(self.0.subscribe()))
    }
}

impl Cancel {
    /// A listener that never hears anything.
    #[must_use]
    pub fn never() -> Self {
        Self(None)
    }

    /// Whether it was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.as_ref().is_some_and(|r| *r.borrow())
    }

    /// Waits for the cancellation; forever where none comes.
    pub async fn cancelled(&self) {
        if let Some(receiver) = &self.0
            && receiver.clone().wait_for(|cancelled| *cancelled).await.is_ok()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}
