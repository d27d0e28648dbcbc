#![doc = include_str!("README.md")]

pub mod chat;
pub mod gemini;
pub mod messages;
pub mod responses;
#[cfg(test)]
pub(crate) mod tests;

use crate::config::{ConfigError, ModelConfig};
use crate::error::Failure;
use crate::mend::Mender;
use crate::preset::Preset;
use crate::read::unreadable;
use crate::{Auth, Reply, Request, Toolbox};
use mocktrial_trajectory::Part;
use serde_json::Value;
use std::borrow::Cow;

/// Every dialect: the one line of a new one, beside the declaration of its folder above.
static DIALECTS: &[&dyn Dialect] = &[&chat::Chat, &responses::Responses, &messages::Messages, &gemini::Gemini];

/// The dialect of this name.
pub(crate) fn dialect(name: &str) -> Option<&'static dyn Dialect> {
    DIALECTS.iter().find(|dialect| dialect.name() == name).copied()
}

/// The names of all dialects.
pub fn dialects() -> impl Iterator<Item = &'static str> {
    DIALECTS.iter().map(|dialect| dialect.name())
}

/// An endpoint whose configuration holds, with what it leaves to dialect and provider.
pub(crate) struct Setup<'a> {
    pub(crate) dialect: &'static dyn Dialect,
    pub(crate) config: &'a ModelConfig,
    pub(crate) preset: &'static Preset,
    /// The address before the dialect's path.
    pub(crate) address: &'a str,
}

/// The message in which a part stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    User,
    Assistant,
    Tool,
}

/// A model API.
pub(crate) trait Dialect: Send + Sync {
    /// The word that stands in `kind`.
    fn name(&self) -> &'static str;

    /// The API's name for people.
    fn title(&self) -> &'static str;

    /// The provider that is meant where neither provider nor address is given.
    fn default_provider(&self) -> &'static str;

    /// What follows the address, with a query where there is one.
    fn path(&self, setup: &Setup<'_>) -> String;

    /// The headers it wants beside the key.
    fn headers(&self, _setup: &Setup<'_>) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// How the key is sent where the endpoint does not say.
    fn auth(&self, setup: &Setup<'_>) -> Auth {
        setup.preset.auth
    }

    /// The parameters it has no place for, with why.
    fn lacks(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// The keys of an endpoint that are for this dialect only.
    fn own_keys(&self) -> &'static [&'static str] {
        &[]
    }

    /// Why a field may not stand in `extra`: the dialect writes it, or what it says would be unknown to
    /// those who bound, read or record a request.
    fn reserved(&self, key: &str, value: &Value) -> Option<&'static str>;

    /// Finds what else contradicts itself.
    fn check(&self, _setup: &Setup<'_>) -> Result<(), ConfigError> {
        Ok(())
    }

    /// Why a part cannot be sent in such a place, as `takes no …`.
    fn refuses(&self, part: &Part, place: Place) -> Option<&'static str>;

    /// Serialises all that is the same in every request of an endpoint.
    fn encoder(&self, setup: &Setup<'_>) -> Box<dyn Encode>;

    /// A call's name as it is passed back; see [`sendable_name`](crate::wire::sendable_name).
    fn sendable_name<'a>(&self, name: &'a str, tools: &Toolbox) -> Cow<'a, str>;

    /// Reads a body that is one JSON object.
    fn read_whole(&self, body: &[u8], turn: u32) -> Result<Reply, Failure>;

    /// Reads a body that is a JSON list.
    fn read_list(&self, body: &[u8], _turn: u32) -> Result<Reply, Failure> {
        Err(unreadable("the response is a list, which it should not be", body))
    }

    /// What reads a stream of events.
    fn assembler(&self) -> Box<dyn Assemble>;

    /// Whether these bytes of a stream end it, though the connection stays open. It is asked after every
    /// piece: looking at more than what ends the stream would make reading quadratic.
    fn is_whole(&self, body: &[u8]) -> bool;
}

/// Writes the bodies of an endpoint's requests.
pub(crate) trait Encode: Send + Sync {
    /// The body: cached pieces in a row.
    fn body(&self, request: &Request) -> Vec<u8>;
}

/// Makes a reply from the events of a stream.
pub(crate) trait Assemble: Send {
    /// Takes the next event: its name, empty where it has none, and its data, which begins as an object or a
    /// list; whether the stream is whole with it. Errors by name and `[DONE]` never come here.
    fn event(&mut self, name: &[u8], data: &[u8]) -> Result<bool, Failure>;

    /// Where mendings are recorded.
    fn mender(&mut self) -> &mut Mender;

    /// The reply, when the stream has ended; `done` where it said itself that it was whole. `turn` is the
    /// request's number in the episode, for call ids that have to be made.
    fn finish(self: Box<Self>, turn: u32, done: bool) -> Result<Reply, Failure>;
}
