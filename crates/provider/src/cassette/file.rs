//! The file: reading, merging, writing.

use super::CassetteError;
use crate::Role;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mocktrial_trajectory::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashMap};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

/// The version of the format.
const VERSION: u32 = 1;
/// The most that is read, compressed and not.
const MAX_FILE: usize = 256 << 20;
const MAX_TEXT: usize = 512 << 20;
/// Small files are written often; higher levels cost much and gain little.
const LEVEL: i32 = 9;

#[derive(Serialize, Deserialize)]
struct Header {
    mocktrial_cassette: u32,
    #[serde(default)]
    endpoint: String,
    #[serde(default)]
    scenario: String,
}

/// A recorded response with its key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) role: Role,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub(super) variant: Arc<str>,
    pub(super) trial: u32,
    #[serde(default)]
    pub(super) index: u32,
    pub(super) request: Digest,
    #[serde(default)]
    pub(super) occurrence: u32,
    /// [`Parts`], read only to explain a miss.
    pub(super) parts: Box<RawValue>,
    pub(super) status: u16,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) latency_ms: f64,
    #[serde(default)]
    pub(super) first_byte_ms: f64,
    #[serde(flatten)]
    pub(super) body: Body,
}

/// A body as text where it is text.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Body {
    #[serde(rename = "body")]
    Text(String),
    #[serde(rename = "body_base64")]
    Base64(String),
}

impl Body {
    pub(super) fn new(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Base64(STANDARD.encode(bytes)),
        }
    }

    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.as_bytes().to_vec()),
            Self::Base64(text) => STANDARD.decode(text).ok(),
        }
    }
}

/// What a request was made of, to say what differs.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Parts {
    #[serde(default)]
    pub(super) settings: Value,
    /// The hash of each tool, by name, in the order in which they were presented.
    #[serde(default)]
    pub(super) tools: serde_json::Map<String, Value>,
    /// The hash of each message.
    #[serde(default)]
    pub(super) messages: Vec<String>,
}

impl Entry {
    fn order(&self) -> (Role, &str, u32, u32, Digest, u32) {
        (self.role, &self.variant, self.trial, self.index, self.request, self.occurrence)
    }

    fn same_key(&self, other: &Self) -> bool {
        (self.role, &self.variant, self.trial, self.request, self.occurrence)
            == (other.role, &other.variant, other.trial, other.request, other.occurrence)
    }
}

/// By what a response is found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) role: Role,
    pub(super) variant: Arc<str>,
    pub(super) trial: u32,
    pub(super) request: Digest,
    pub(super) occurrence: u32,
}

/// A file's content.
#[derive(Debug, Default)]
pub(super) struct Tape {
    pub(super) entries: Vec<Entry>,
    index: HashMap<Key, usize>,
}

impl Tape {
    fn new(entries: Vec<Entry>) -> Self {
        let key = |e: &Entry| Key {
            role: e.role,
            variant: e.variant.clone(),
            trial: e.trial,
            request: e.request,
            occurrence: e.occurrence,
        };
        let index = entries.iter().enumerate().map(|(i, e)| (key(e), i)).collect();
        Self { entries, index }
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Entry> {
        self.index.get(key).and_then(|i| self.entries.get(*i))
    }
}

/// Whether a path, links resolved, lies below a folder. What does not exist lies nowhere.
fn is_below(path: &Path, folder: &Path) -> std::io::Result<bool> {
    Ok(path.canonicalize()?.starts_with(folder.canonicalize()?))
}

/// Reads a cassette; one that does not exist is `None`.
pub(super) fn read(path: &Path, folder: &Path) -> Result<Option<Tape>, CassetteError> {
    let io = |source| CassetteError::Io { path: path.to_owned(), source };
    let too_large = |limit: usize| CassetteError::TooLarge { path: path.to_owned(), limit: limit >> 20 };
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(io(e)),
    };
    if !is_below(path, folder).map_err(io)? {
        return Err(CassetteError::Outside { path: path.to_owned() });
    }
    if file.metadata().map_err(io)?.len() > MAX_FILE as u64 {
        return Err(too_large(MAX_FILE));
    }
    let mut text = Vec::new();
    let decoder = zstd::stream::read::Decoder::new(file).map_err(io)?;
    decoder.take(MAX_TEXT as u64 + 1).read_to_end(&mut text).map_err(io)?;
    if text.len() > MAX_TEXT {
        return Err(too_large(MAX_TEXT));
    }
    parse(path, &text).map(Some)
}

fn parse(path: &Path, text: &[u8]) -> Result<Tape, CassetteError> {
    let malformed = |line: usize, why: String| CassetteError::Malformed { path: path.to_owned(), line: line + 1, why };
    let mut entries = Vec::new();
    for (at, line) in text.split(|b| *b == b'\n').enumerate() {
        if at == 0 {
            let header: Header = serde_json::from_slice(line)
                .map_err(|e| malformed(at, format!("not the header of a cassette ({e})")))?;
            if header.mocktrial_cassette > VERSION {
                let version = header.mocktrial_cassette;
                return Err(malformed(
                    at,
                    format!("version {version} is newer than {VERSION}, the newest this mocktrial reads"),
                ));
            }
        } else if !line.is_empty() {
            entries.push(serde_json::from_slice(line).map_err(|e| malformed(at, format!("not an entry ({e})")))?);
        }
    }
    Ok(Tape::new(entries))
}

/// Keeps other processes from merging into the files of a folder, until dropped. The folder itself is
/// locked, since the files are replaced and a lock file would stay behind; where the system cannot
/// lock it there is no lock.
fn hold(folder: &Path) -> Option<std::fs::File> {
    let folder = std::fs::File::open(folder).ok()?;
    loop {
        match folder.lock() {
            Ok(()) => return Some(folder),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => {
                tracing::debug!(%error, "no lock on the folder of cassettes");
                return None;
            }
        }
    }
}

/// Merges entries into a file: those of `replaced` (variant and trial) go first, whatever their role.
pub(super) fn merge(
    path: &Path,
    folder: &Path,
    (endpoint, scenario): (&str, &str),
    fresh: Vec<Entry>,
    replaced: Option<(&str, u32)>,
) -> Result<(), CassetteError> {
    let io = |source| CassetteError::Io { path: path.to_owned(), source };
    let parent = path.parent().unwrap_or(folder);
    std::fs::create_dir_all(parent).map_err(io)?;
    if !is_below(parent, folder).map_err(io)? {
        return Err(CassetteError::Outside { path: path.to_owned() });
    }
    let _held = hold(parent);
    let mut entries = read(path, folder)?.unwrap_or_default().entries;
    entries.retain(|old| replaced != Some((&*old.variant, old.trial)) && !fresh.iter().any(|new| new.same_key(old)));
    entries.extend(fresh);
    entries.sort_by(|a, b| a.order().cmp(&b.order()));

    let header = Header { mocktrial_cassette: VERSION, endpoint: endpoint.into(), scenario: scenario.into() };
    let mut text = Vec::new();
    let line = |text: &mut Vec<u8>, result: serde_json::Result<()>| {
        text.push(b'\n');
        result.map_err(|e| io(e.into()))
    };
    let result = serde_json::to_writer(&mut text, &header);
    line(&mut text, result)?;
    for entry in &entries {
        let result = serde_json::to_writer(&mut text, entry);
        line(&mut text, result)?;
    }
    let bytes = zstd::stream::encode_all(&text[..], LEVEL).map_err(io)?;

    // Written beside and renamed over, so that a reader sees the old file or the new one, whole.
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.tmp", std::process::id()));
    let beside = Path::new(&beside);
    let written = std::fs::File::create(beside)
        .and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(beside, path));
    written.map_err(|e| {
        let _ = std::fs::remove_file(beside);
        io(e)
    })
}

/// A name as one part of a path: letters, digits and `.-_` as they are, all else as `%XX`.
pub(super) fn part(name: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for (at, byte) in name.bytes().enumerate() {
        // A dot at the beginning would hide the file, or name a folder above.
        if byte.is_ascii_alphanumeric() || b"-_".contains(&byte) || byte == b'.' && at > 0 {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    if out.len() > 180 {
        let hash = Digest::of_bytes(b"name", name.as_bytes());
        out.truncate(140);
        let _ = write!(out, "-{hash}");
    }
    if out.is_empty() { "%".into() } else { out }
}
