//! What holds for every dialect: a new one is held to it by its line in the list and a folder of fixtures.

mod cassettes;
mod fixtures;

pub(crate) use fixtures::{fixtures, summary};

use crate::Request;
use mocktrial_trajectory::{EpisodeKey, Message};

/// The first request of an episode.
pub(crate) fn ask() -> Request {
    Request { conversation: [Message::user("Hi")].into_iter().collect(), ..Request::default() }
}

/// The episode.
pub(crate) fn key() -> EpisodeKey {
    EpisodeKey { scenario: "retail/refund".into(), variant: "".into(), endpoint: "qwen".into(), trial: 1 }
}
