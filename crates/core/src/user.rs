//! Who speaks to the agent.

use async_trait::async_trait;
use mocktrial_trajectory::{Message, Part};
use std::collections::VecDeque;

/// What a user says at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserMessage {
    /// The text.
    pub text: String,
    /// Pictures, sounds and documents that go with it.
    pub attachments: Vec<Part>,
}

impl UserMessage {
    /// As the message that the model is given: the text, unless it is empty, then what goes with it.
    #[must_use]
    pub fn message(self) -> Message {
        let text = (!self.text.is_empty() || self.attachments.is_empty()).then(|| Part::text(self.text));
        let content = text.into_iter().chain(self.attachments).collect();
        Message::User { content }
    }
}

impl<T: Into<String>> From<T> for UserMessage {
    fn from(text: T) -> Self {
        Self { text: text.into(), attachments: Vec::new() }
    }
}

/// The other side of the conversation.
#[async_trait]
pub trait User: Send {
    /// The next message, given what the agent last said; `None` ends the conversation.
    async fn next(&mut self, said: Option<&str>) -> Option<UserMessage>;
}

/// A user who says a fixed list of messages, whatever the agent answers.
#[derive(Clone, Debug, Default)]
pub struct Scripted {
    messages: VecDeque<UserMessage>,
}

impl Scripted {
    /// A user with these messages, in order.
    pub fn new(messages: impl IntoIterator<Item = impl Into<UserMessage>>) -> Self {
        Self { messages: messages.into_iter().map(Into::into).collect() }
    }
}

#[async_trait]
impl User for Scripted {
    async fn next(&mut self, _said: Option<&str>) -> Option<UserMessage> {
        self.messages.pop_front()
    }
}
