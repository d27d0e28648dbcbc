//! Cassettes: responses kept in files, so that a run can be had again without the provider.
//!
//! There is one file per endpoint and scenario, `<folder>/<endpoint>/<scenario>.jsonl.zst`. It is JSON
//! Lines within zstd, made deterministically: a header, then one line per response, sorted.
//!
//! ```json
//! {"mocktrial_cassette":1,"endpoint":"qwen","scenario":"retail/refund"}
//! {"role":"subject","trial":1,"index":0,"request":"9f…","occurrence":0,"parts":{"settings":{"model":"…","parameters":{},"tool_choice":null,"extra":{}},"tools":{"get_order":"5c…"},"messages":["ab…","01…"]},"status":200,"headers":{"content-type":"application/json"},"latency_ms":812.4,"first_byte_ms":811.9,"body":"…"}
//! ```
//!
//! A response is found by role, `request` (the hash of the request in no dialect: settings, tools,
//! conversation; never the derived seed, the stream flag, the address or credentials), `variant`,
//! `trial`, and `occurrence`: how often the same request was made before in the same episode. `index`
//! (the request's number in the episode) orders the lines, and `parts` serve to say what differs
//! when a request is not found. `body` is the response as it came, streams included; `body_base64`
//! stands instead where it is not UTF-8. Headers are kept by an allowlist, and known secrets are
//! scrubbed from all of it.
//!
//! What is kept is what the endpoint said: replies, and errors that are the model's own (context
//! overflow, unreadable output, content filter). A rate limit or a lost connection is not kept, nor an answer
//! that spells a known secret in the pieces of a stream, since nothing can take it out of them.
//!
//! Files are read when they are first asked for. The 256 that were used last stay in memory, and those of
//! episodes under way; any other is read anew. A recording is merged into its file when the episode
//! ends. Processes that record into one folder wait for each other by a lock on the folder of the
//! file; where the system has no such lock (Windows, some network file systems), only one process at a
//! time may record the same endpoint and scenario.

mod deck;
mod file;
mod miss;
mod shelf;
#[cfg(test)]
mod tests;

pub(crate) use deck::{Found, Place};

use crate::{Conversation, Scrubber, Toolbox};
use deck::Deck;
use mocktrial_trajectory::{Digest, EpisodeKey, canonical_text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::PathBuf;

/// Where replies come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CassetteMode {
    /// From the provider; cassettes are not touched.
    #[default]
    Live,
    /// From the provider; the trials that are run replace their entries in the cassettes.
    Record,
    /// From the cassettes alone; a request that is not there fails.
    Replay,
    /// From the cassettes where they have the request, else from the provider, and recorded.
    ReplayOrLive,
}

/// Why a cassette could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CassetteError {
    /// The file system refused.
    #[error("cassette `{path}`: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It lies, links resolved, outside the folder of cassettes.
    #[error("cassette `{path}` is outside the folder of cassettes", path = path.display())]
    Outside {
        /// The file.
        path: PathBuf,
    },
    /// It is larger than is ever written.
    #[error("cassette `{path}` is larger than {limit} MiB", path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in MiB.
        limit: usize,
    },
    /// It is no cassette, or one of a later version.
    #[error("cassette `{path}`, line {line}: {why}", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
}

/// The cassettes of a run. Every method may be called from many tasks at once.
#[derive(Debug)]
pub struct Cassettes {
    mode: CassetteMode,
    deck: Deck,
}

impl Cassettes {
    /// The cassettes below a folder, which need not exist before something is recorded. Nothing is
    /// read before it is asked for.
    #[must_use]
    pub fn new(mode: CassetteMode, folder: impl Into<PathBuf>, scrubber: Scrubber) -> Self {
        Self { mode, deck: Deck::new(mode, folder.into(), scrubber) }
    }

    /// Where replies come from.
    #[must_use]
    pub fn mode(&self) -> CassetteMode {
        self.mode
    }

    pub(crate) fn is_in_use(&self) -> bool {
        self.mode != CassetteMode::Live
    }

    pub(crate) fn find(&self, context: &crate::Context, neutral: &Neutral<'_>) -> Found {
        self.deck.find(context, neutral)
    }

    pub(crate) fn keep(&self, context: &crate::Context, place: Place, received: &crate::transport::Received) {
        self.deck.keep(context, place, received);
    }

    /// Where the cassette of an episode's endpoint and scenario lies.
    #[must_use]
    pub fn path(&self, episode: &EpisodeKey) -> PathBuf {
        self.deck.path(&episode.endpoint, &episode.scenario)
    }

    /// To be called once for every episode that ends: writes what it recorded if it is `finished`, and
    /// forgets it otherwise, so that a trial cut short never replaces a whole one. It blocks while
    /// it writes; in a live or replayed run it costs nothing.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn end_episode(&self, episode: &EpisodeKey, finished: bool) -> Result<(), CassetteError> {
        if self.is_in_use() { self.deck.end_episode(episode, finished) } else { Ok(()) }
    }
}

/// What is the same in every request of an endpoint, in no dialect.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) value: Value,
    pub(crate) hash: Digest,
}

impl Settings {
    pub(crate) fn new(value: Value) -> Self {
        let hash = Digest::of_bytes(b"settings", canonical_text(&value).as_bytes());
        Self { value, hash }
    }
}

/// A request in no dialect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Neutral<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) conversation: &'a Conversation,
    pub(crate) tools: &'a Toolbox,
}

impl Neutral<'_> {
    pub(crate) fn hash(&self) -> Digest {
        let mut bytes = self.settings.hash.as_bytes().to_vec();
        for tool in self.tools.hashes() {
            bytes.extend_from_slice(tool.as_bytes());
        }
        // The number of tools keeps tools and messages apart.
        bytes.extend_from_slice(&(self.tools.tools().len() as u64).to_le_bytes());
        for entry in self.conversation.entries() {
            bytes.extend_from_slice(entry.hash().as_bytes());
        }
        Digest::of_bytes(b"request", &bytes)
    }
}
