//! A model, in the loop that everyone writes: ask, run its calls, ask again.

use super::Driver;
use crate::session::{Ended, Session};
use crate::suite::ParallelCalls;
use async_trait::async_trait;
use mocktrial_provider::{Context, Conversation, Model, Request, Toolbox};
use mocktrial_trajectory::{Added, Message};
use std::sync::Arc;

/// A model on trial in one episode.
pub struct ModelDriver {
    /// The model behind its provider.
    pub model: Arc<dyn Model>,
    /// The tools as this endpoint presents them.
    pub tools: Arc<Toolbox>,
    /// Which of a response's calls are run.
    pub parallel: ParallelCalls,
    /// The trial seed.
    pub seed: u64,
    /// What the provider is told beside the request; the index of the request is filled in.
    pub context: Context,
}

#[async_trait]
impl Driver for ModelDriver {
    async fn drive(&self, session: &mut Session) -> Result<(), Ended> {
        let mut request =
            Request { conversation: Conversation::default(), tools: Arc::clone(&self.tools), seed: Some(self.seed) };
        let mut context = self.context.clone();
        let mut parameters = Some(self.model.parameters(&request));
        let mut added = Vec::new();
        if let Some(system) = session.system() {
            added.push(Added::System { text: system.to_string() });
            request.conversation.push(Message::System { text: system.to_string() });
        }
        while let Some((event, said)) = session.next_user().await {
            added.push(Added::User { event });
            request.conversation.push(said.message());
            loop {
                let asked = session.request(parameters.take(), std::mem::take(&mut added))?;
                let reply = self.model.respond(&request, &context).await.map_err(|error| {
                    session.failed_request(asked, &error.measurement);
                    Ended::new(error.end_reason(), error.cause_text())
                })?;
                context.request_index += 1;
                let event = session.response(&reply)?;
                added.push(Added::Assistant { event });
                request.conversation.push(reply.message());
                if reply.calls.is_empty() {
                    break;
                }
                for (i, call) in reply.calls.iter().enumerate() {
                    let (event, result) = if i > 0 && self.parallel == ParallelCalls::First {
                        session.skip(call)
                    } else {
                        session.call(call).await?
                    };
                    added.push(Added::Tool { event });
                    request.conversation.push(Message::Tool(result));
                }
            }
        }
        Ok(())
    }
}
