//! A model that plays what its caller gives it: for probes and tests.

use crate::{Context, Kind, Model, ProviderError, Reply, Request};
use async_trait::async_trait;

type Play = dyn Fn(&Request, &Context) -> Result<Reply, ProviderError> + Send + Sync;

/// Plays replies. It keeps nothing between requests, so that episodes cannot disturb each other:
/// what it answers follows from the request and the context alone.
pub struct Scripted(Box<Play>);

impl Scripted {
    /// Answers with what a function makes of request and context.
    pub fn from_fn(play: impl Fn(&Request, &Context) -> Result<Reply, ProviderError> + Send + Sync + 'static) -> Self {
        Self(Box::new(play))
    }

    /// In every episode answers its n-th request with the n-th reply; a request beyond the last is
    /// an error of kind [`Kind::Bug`].
    pub fn from_replies(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies: Vec<Reply> = replies.into_iter().collect();
        Self::from_fn(move |_, context| {
            replies.get(context.request_index as usize).cloned().ok_or_else(|| {
                let text = format!(
                    "the script has {} replies; request {} is one too many",
                    replies.len(),
                    context.request_index
                );
                ProviderError::new(Kind::Bug, text)
            })
        })
    }
}

#[async_trait]
impl Model for Scripted {
    async fn respond(&self, request: &Request, context: &Context) -> Result<Reply, ProviderError> {
        (self.0)(request, context)
    }
}
