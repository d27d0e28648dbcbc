//! Who speaks to the agent.

use async_trait::async_trait;
use std::collections::VecDeque;

/// The other side of the conversation.
#[async_trait]
pub trait User: Send {
    /// The next message, given what the agent last said; `None` ends the conversation.
    async fn next(&mut self, said: Option<&str>) -> Option<String>;
}

/// A user who says a fixed list of messages, whatever the agent answers.
#[derive(Clone, Debug, Default)]
pub struct Scripted {
    messages: VecDeque<String>,
}

impl Scripted {
    /// A user with these messages, in order.
    pub fn new(messages: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { messages: messages.into_iter().map(Into::into).collect() }
    }
}

#[async_trait]
impl User for Scripted {
    async fn next(&mut self, _said: Option<&str>) -> Option<String> {
        self.messages.pop_front()
    }
}
