//! The cassettes in use: loaded once, shared; recordings gathered by episode.

use super::file::{self, Body, Entry, Key, Parts};
use super::shelf::{Loaded, Shelves, lock};
use super::{CassetteError, CassetteMode, Neutral, miss};
use crate::error::Failure;
use crate::transport::{Headers, Received};
use crate::{Context, Kind, Role, Scrubber};
use mocktrial_trajectory::{Digest, EpisodeKey};
use serde_json::value::{RawValue, to_raw_value};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// The headers that are kept: what the dialect reads, and no more.
const KEPT_HEADERS: &[&str] = &["content-type", "x-request-id", "request-id"];

/// What a look into the cassettes gives.
#[derive(Debug)]
pub(crate) enum Found {
    /// The response.
    Recorded(Received),
    /// Nothing, and nothing else may be asked: why.
    Missing(Failure),
    /// Nothing, and the provider is to be asked.
    Free(Place),
}

/// Where a response is to be kept.
#[derive(Debug)]
pub(crate) struct Place {
    request: Digest,
    occurrence: u32,
    parts: Box<RawValue>,
}

#[derive(Debug)]
pub(super) struct Deck {
    mode: CassetteMode,
    folder: PathBuf,
    scrubber: Scrubber,
    shelves: Shelves,
    episodes: Mutex<HashMap<EpisodeKey, Episode>>,
}

/// What an episode under way has asked and recorded.
#[derive(Debug, Default)]
struct Episode {
    asked: HashMap<(Role, Digest), u32>,
    /// Kept until it ends, so that it is read once for an episode whatever else is read meanwhile.
    tape: Option<Loaded>,
    recorded: Vec<Entry>,
}

impl Deck {
    pub(super) fn new(mode: CassetteMode, folder: PathBuf, scrubber: Scrubber) -> Self {
        Self { mode, folder, scrubber, shelves: Shelves::default(), episodes: Mutex::default() }
    }

    pub(super) fn path(&self, endpoint: &str, scenario: &str) -> PathBuf {
        let mut path = self.folder.join(file::part(endpoint));
        path.extend(scenario.split('/').map(file::part));
        path.as_mut_os_string().push(".jsonl.zst");
        path
    }

    fn load(&self, path: &Path) -> Loaded {
        let shelf = self.shelves.get(path);
        let mut slot = lock(&shelf.0);
        slot.get_or_insert_with(|| match file::read(path, &self.folder) {
            Ok(tape) => Ok(Arc::new(tape.unwrap_or_default())),
            Err(error) => Err(error.to_string()),
        })
        .clone()
    }

    fn with_episode<T>(&self, key: &EpisodeKey, act: impl FnOnce(&mut Episode) -> T) -> T {
        let mut episodes = lock(&self.episodes);
        match episodes.get_mut(key) {
            Some(episode) => act(episode),
            None => act(episodes.entry(key.clone()).or_default()),
        }
    }

    pub(super) fn find(&self, context: &Context, neutral: &Neutral<'_>) -> Found {
        let request = neutral.hash();
        let (occurrence, tape) = self.with_episode(&context.episode, |episode| {
            let asked = episode.asked.entry((context.role, request)).or_default();
            (std::mem::replace(asked, *asked + 1), episode.tape.clone())
        });
        if self.mode != CassetteMode::Record {
            let key = Key {
                role: context.role,
                variant: context.episode.variant.clone(),
                trial: context.episode.trial,
                request,
                occurrence,
            };
            let path = || self.path(&context.episode.endpoint, &context.episode.scenario);
            let tape = tape.unwrap_or_else(|| {
                let tape = self.load(&path());
                self.with_episode(&context.episode, |episode| episode.tape = Some(tape.clone()));
                tape
            });
            match tape {
                Ok(tape) => {
                    if let Some(received) = tape.get(&key).and_then(received) {
                        return Found::Recorded(received);
                    }
                    if self.mode == CassetteMode::Replay {
                        let why = miss::explain(&path(), &tape, &key, context, neutral);
                        return Found::Missing(Failure::new(Kind::CassetteMiss, why));
                    }
                }
                Err(why) => {
                    let advice = "restore it, or delete it and use `--cassettes record`";
                    return Found::Missing(Failure::new(Kind::CassetteMiss, why).advise(advice));
                }
            }
        }
        Found::Free(Place { request, occurrence, parts: parts(neutral) })
    }

    pub(super) fn keep(&self, context: &Context, place: Place, received: &Received) {
        let round = |ms: f64| (ms * 10.0).round() / 10.0;
        let mut headers = BTreeMap::new();
        for name in KEPT_HEADERS {
            if let Some(value) = received.headers.get(*name).and_then(|v| v.to_str().ok()) {
                headers.insert((*name).to_owned(), self.scrubber.scrub(value).into_owned());
            }
        }
        let parts = match self.scrubber.scrub(place.parts.get()) {
            std::borrow::Cow::Borrowed(_) => place.parts,
            std::borrow::Cow::Owned(clean) => RawValue::from_string(clean).unwrap_or_default(),
        };
        let entry = Entry {
            role: context.role,
            variant: context.episode.variant.clone(),
            trial: context.episode.trial,
            index: context.request_index,
            request: place.request,
            occurrence: place.occurrence,
            parts,
            status: received.status,
            headers,
            latency_ms: round(received.latency_ms),
            first_byte_ms: round(received.first_byte_ms),
            body: Body::new(&received.body),
        };
        self.with_episode(&context.episode, |episode| episode.recorded.push(entry));
    }

    pub(super) fn end_episode(&self, key: &EpisodeKey, finished: bool) -> Result<(), CassetteError> {
        let Some(episode) = lock(&self.episodes).remove(key) else { return Ok(()) };
        if !finished || episode.recorded.is_empty() {
            return Ok(());
        }
        let path = self.path(&key.endpoint, &key.scenario);
        let shelf = self.shelves.get(&path);
        let mut slot = lock(&shelf.0);
        let replaced = (self.mode == CassetteMode::Record).then_some((&*key.variant, key.trial));
        file::merge(&path, &self.folder, (&key.endpoint, &key.scenario), episode.recorded, replaced)?;
        // Read anew when it is next asked for.
        *slot = None;
        Ok(())
    }
}

fn received(entry: &Entry) -> Option<Received> {
    let mut headers = Headers::new();
    for name in KEPT_HEADERS {
        if let Some(value) = entry.headers.get(*name).and_then(|v| v.parse().ok()) {
            headers.insert(*name, value);
        }
    }
    Some(Received {
        status: entry.status,
        headers,
        body: entry.body.bytes()?.into(),
        latency_ms: entry.latency_ms,
        first_byte_ms: entry.first_byte_ms,
    })
}

fn parts(neutral: &Neutral<'_>) -> Box<RawValue> {
    let tools = neutral.tools.tools().iter().zip(neutral.tools.hashes());
    let parts = Parts {
        settings: neutral.settings.value.clone(),
        tools: tools.map(|(tool, hash)| (tool.name.clone(), miss::short(*hash).into())).collect(),
        messages: neutral.conversation.entries().iter().map(|e| miss::short(e.hash())).collect(),
    };
    to_raw_value(&parts).unwrap_or_default()
}
