//! Pictures, sounds and documents.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a part holds that is not text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// Its media type (RFC 6838), such as `image/png`.
    pub mime: String,
    /// The name of its file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its bytes, or where they are.
    #[serde(flatten)]
    pub source: MediaSource,
}

/// The bytes of a part, or where they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaSource {
    /// The bytes in base64 (RFC 4648, with padding).
    Base64(Arc<str>),
    /// An address that the provider fetches.
    Url(String),
}

impl Media {
    /// Media of bytes in base64.
    pub fn base64(mime: impl Into<String>, data: impl Into<Arc<str>>) -> Self {
        Self { mime: mime.into(), name: None, source: MediaSource::Base64(data.into()) }
    }

    /// Media at an address.
    pub fn url(mime: impl Into<String>, url: impl Into<String>) -> Self {
        Self { mime: mime.into(), name: None, source: MediaSource::Url(url.into()) }
    }

    /// The same with the name of its file.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    /// As one address: the URL, or a `data:` URL (RFC 2397) that holds the bytes.
    #[must_use]
    pub fn to_url(&self) -> String {
        match &self.source {
            MediaSource::Base64(data) => format!("data:{};base64,{data}", self.mime),
            MediaSource::Url(url) => url.clone(),
        }
    }

    /// A line for people: its name, where it has one, its type, and its size or address.
    #[must_use]
    pub fn describe(&self) -> String {
        let name = self.name.as_ref().map(|name| format!("{name}, ")).unwrap_or_default();
        match &self.source {
            MediaSource::Base64(data) => {
                let padding = data.bytes().rev().take_while(|byte| *byte == b'=').count();
                format!("{name}{}, {} bytes", self.mime, (data.len() / 4 * 3).saturating_sub(padding))
            }
            MediaSource::Url(url) => format!("{name}{} at {url}", self.mime),
        }
    }
}
