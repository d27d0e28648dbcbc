//! Who acts in a session.
//!
//! A driver knows the session and nothing else of the episode. Adding one touches this folder and
//! the place that reads `kind` from the configuration.

mod command;
mod model;
mod probe;

pub use command::CommandDriver;
pub use model::ModelDriver;
pub use probe::{Author, AuthorStep, Heard, ProbeDriver};

use crate::session::{Ended, Session};
use async_trait::async_trait;

/// An agent, as far as a session is concerned.
#[async_trait]
pub trait Driver: Send + Sync {
    /// Acts until the conversation is over.
    ///
    /// May be dropped at any await when real time, a budget or a person ends the episode, and then
    /// leaves nothing running.
    ///
    /// # Errors
    /// With the end, where it is anything but the agent's having answered the last message.
    async fn drive(&self, session: &mut Session) -> Result<(), Ended>;
}
