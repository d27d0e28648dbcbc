//! Who speaks which dialect, where: a provider is a row of data.

use crate::Auth;

/// What is known of a provider. Whatever it says, an endpoint's own table outranks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// The word that stands in `provider`.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// The dialects it speaks with the address of each, the usual one first; an empty address must be
    /// given as `base_url`.
    pub addresses: &'static [(&'static str, &'static str)],
    /// The environment variable that holds the API key; `None` where there is no key.
    pub api_key_env: Option<&'static str>,
    /// How the key is sent.
    pub auth: Auth,
    /// The field of a Chat request that holds the output limit.
    pub output_limit: OutputLimit,
    /// Whether a streamed Chat request may ask for usage (`stream_options`); without it, usage comes unasked.
    pub stream_options: bool,
    /// Parameters that its API refuses or ignores, by name, with why.
    pub lacks: &'static [(&'static str, &'static str)],
}

/// A field of a Chat request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputLimit {
    /// `max_tokens`, which most servers read.
    MaxTokens,
    /// `max_completion_tokens`, which OpenAI's newer models demand.
    MaxCompletionTokens,
}

impl OutputLimit {
    /// The field's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MaxTokens => "max_tokens",
            Self::MaxCompletionTokens => "max_completion_tokens",
        }
    }
}

const ROW: Preset = Preset {
    name: "",
    title: "a server of its own",
    addresses: &[],
    api_key_env: None,
    auth: Auth::Bearer,
    output_limit: OutputLimit::MaxTokens,
    stream_options: true,
    lacks: &[],
};

/// What is assumed of a server that is known by its `base_url` only.
pub(crate) static UNKNOWN: Preset = ROW;

/// Every provider that is known by name.
pub static PRESETS: &[Preset] = &[
    Preset {
        name: "openai",
        title: "OpenAI",
        addresses: &[("chat", "https://api.openai.com/v1"), ("responses", "https://api.openai.com/v1")],
        api_key_env: Some("OPENAI_API_KEY"),
        output_limit: OutputLimit::MaxCompletionTokens,
        ..ROW
    },
    Preset {
        name: "anthropic",
        title: "Anthropic",
        addresses: &[("messages", "https://api.anthropic.com/v1")],
        api_key_env: Some("ANTHROPIC_API_KEY"),
        auth: Auth::Bearer,
        ..ROW
    },
    Preset {
        name: "google",
        title: "Google Gemini",
        addresses: &[
            ("gemini", "https://generativelanguage.googleapis.com/v1beta"),
            ("chat", "https://generativelanguage.googleapis.com/v1beta/openai"),
        ],
        api_key_env: Some("GEMINI_API_KEY"),
        auth: Auth::XGoogApiKey,
        ..ROW
    },
];

/// The provider of this name.
#[must_use]
pub fn preset(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}
