//! Who speaks which dialect, where: a provider is a row of data.

use crate::Auth;

/// What is known of a provider. Whatever it says, an endpoint's own table outranks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// The word that stands in `provider`.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// The dialects it speaks with the address of each, the usual one first. One with `RESOURCE` in it
    /// shows the form of what must be given as `base_url`.
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

/// What stands in an address in place of what is the user's own.
pub(crate) const OWN: &str = "RESOURCE";

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

/// Every provider that is known by name, as its own documentation describes it (November 2026).
///
#[doc = include_str!("presets.md")]
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
    Preset {
        name: "azure",
        title: "Azure OpenAI",
        addresses: &[
            ("chat", "https://RESOURCE.openai.azure.com/openai/v1"),
            ("responses", "https://RESOURCE.openai.azure.com/openai/v1"),
        ],
        api_key_env: Some("AZURE_OPENAI_API_KEY"),
        auth: Auth::ApiKey,
        output_limit: OutputLimit::MaxCompletionTokens,
        ..ROW
    },
    Preset {
        name: "openrouter",
        title: "OpenRouter",
        addresses: &[
            ("chat", "https://openrouter.ai/api/v1"),
            ("responses", "https://openrouter.ai/api/v1"),
            ("messages", "https://openrouter.ai/api/v1"),
        ],
        api_key_env: Some("OPENROUTER_API_KEY"),
        // Deprecated there, and without effect.
        stream_options: false,
        ..ROW
    },
    Preset {
        name: "mistral",
        title: "Mistral",
        addresses: &[("chat", "https://api.mistral.ai/v1")],
        api_key_env: Some("MISTRAL_API_KEY"),
        // No field of its API, which refuses those that it does not know.
        stream_options: false,
        lacks: &[("seed", "Mistral calls it `random_seed`: put a fixed one into `extra`")],
        ..ROW
    },
    Preset {
        name: "groq",
        title: "Groq",
        addresses: &[("chat", "https://api.groq.com/openai/v1"), ("responses", "https://api.groq.com/openai/v1")],
        api_key_env: Some("GROQ_API_KEY"),
        output_limit: OutputLimit::MaxCompletionTokens,
        lacks: &[("logprobs", "Groq refuses requests that ask for them")],
        ..ROW
    },
    Preset {
        name: "deepseek",
        title: "DeepSeek",
        addresses: &[("chat", "https://api.deepseek.com"), ("messages", "https://api.deepseek.com/anthropic/v1")],
        api_key_env: Some("DEEPSEEK_API_KEY"),
        // Its two APIs document one header each.
        auth: Auth::Both,
        ..ROW
    },
    Preset {
        name: "together",
        title: "Together AI",
        addresses: &[("chat", "https://api.together.ai/v1")],
        api_key_env: Some("TOGETHER_API_KEY"),
        ..ROW
    },
    Preset {
        name: "xai",
        title: "xAI",
        addresses: &[("chat", "https://api.x.ai/v1"), ("responses", "https://api.x.ai/v1")],
        api_key_env: Some("XAI_API_KEY"),
        output_limit: OutputLimit::MaxCompletionTokens,
        ..ROW
    },
    Preset {
        name: "vllm",
        title: "vLLM",
        addresses: &[
            ("chat", "http://127.0.0.1:8000/v1"),
            ("responses", "http://127.0.0.1:8000/v1"),
            ("messages", "http://127.0.0.1:8000/v1"),
        ],
        ..ROW
    },
    Preset {
        name: "llamacpp",
        title: "llama.cpp",
        addresses: &[
            ("chat", "http://127.0.0.1:8080/v1"),
            ("responses", "http://127.0.0.1:8080/v1"),
            ("messages", "http://127.0.0.1:8080/v1"),
        ],
        ..ROW
    },
    Preset {
        name: "ollama",
        title: "Ollama",
        addresses: &[
            ("chat", "http://127.0.0.1:11434/v1"),
            ("responses", "http://127.0.0.1:11434/v1"),
            ("messages", "http://127.0.0.1:11434/v1"),
        ],
        ..ROW
    },
    Preset {
        name: "lmstudio",
        title: "LM Studio",
        addresses: &[
            ("chat", "http://127.0.0.1:1234/v1"),
            ("responses", "http://127.0.0.1:1234/v1"),
            ("messages", "http://127.0.0.1:1234/v1"),
        ],
        ..ROW
    },
];

/// The provider of this name.
#[must_use]
pub fn preset(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ModelConfig, dialects};
    use serde_json::json;
    use std::collections::BTreeSet;
    use std::fmt::Write as _;

    fn config(settings: serde_json::Value) -> ModelConfig {
        serde_json::from_value(settings).unwrap()
    }

    /// The rows as a table of Markdown.
    fn table() -> String {
        let mut out = String::from("| `provider` | | speaks, at | key | sent as |\n|---|---|---|---|---|\n");
        for row in PRESETS {
            let mut places: Vec<(&str, Vec<&str>)> = Vec::new();
            for (dialect, address) in row.addresses {
                match places.iter_mut().find(|(at, _)| at == address) {
                    Some((_, speaks)) => speaks.push(dialect),
                    None => places.push((address, vec![dialect])),
                }
            }
            let places: Vec<String> =
                places.iter().map(|(address, speaks)| format!("`{}` at `{address}`", speaks.join("`, `"))).collect();
            let key = row.api_key_env.map_or("none".into(), |name| format!("`{name}`"));
            let auth = match row.auth {
                _ if row.api_key_env.is_none() => "",
                Auth::Bearer => "bearer token",
                Auth::XApiKey => "`x-api-key`",
                Auth::Both => "bearer token and `x-api-key`",
                Auth::ApiKey => "`api-key`",
                Auth::XGoogApiKey => "`x-goog-api-key`",
            };
            let _ = writeln!(out, "| `{}` | {} | {} | {key} | {auth} |", row.name, row.title, places.join("; "));
        }
        out
    }

    #[test]
    fn the_table_in_the_docs_is_what_the_rows_say() {
        let shown = include_str!("presets.md");
        assert_eq!(shown, table(), "put this into presets.md and into the guide:\n{}", table());
    }

    #[test]
    fn names_are_unique_and_addresses_parse() {
        let names: BTreeSet<&str> = PRESETS.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), PRESETS.len());
        for row in PRESETS {
            assert!(row.name.bytes().all(|b| b.is_ascii_lowercase()), "{}", row.name);
            assert!(!row.addresses.is_empty(), "{}", row.name);
            let speaks: BTreeSet<&str> = row.addresses.iter().map(|(dialect, _)| *dialect).collect();
            assert_eq!(speaks.len(), row.addresses.len(), "{}", row.name);
            for (dialect, address) in row.addresses {
                assert!(["chat", "responses", "messages", "gemini"].contains(dialect), "{dialect}");
                let url = reqwest::Url::parse(address).unwrap();
                let local = url.host_str() == Some("127.0.0.1");
                assert_eq!((url.scheme() == "http", row.api_key_env.is_none()), (local, local), "{address}");
                assert!(!address.ends_with('/'), "{address}");
            }
        }
    }

    #[test]
    fn an_endpoint_of_each_is_asked_where_its_vendor_says() {
        let documented = [
            ("openai", "chat", "https://api.openai.com/v1/chat/completions"),
            ("openai", "responses", "https://api.openai.com/v1/responses"),
            ("anthropic", "messages", "https://api.anthropic.com/v1/messages"),
            ("google", "gemini", "https://generativelanguage.googleapis.com/v1beta/models/m:generateContent"),
            ("google", "chat", "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions"),
            ("azure", "chat", "https://mine.openai.azure.com/openai/v1/chat/completions"),
            ("azure", "responses", "https://mine.openai.azure.com/openai/v1/responses"),
            ("openrouter", "chat", "https://openrouter.ai/api/v1/chat/completions"),
            ("openrouter", "responses", "https://openrouter.ai/api/v1/responses"),
            ("openrouter", "messages", "https://openrouter.ai/api/v1/messages"),
            ("mistral", "chat", "https://api.mistral.ai/v1/chat/completions"),
            ("groq", "chat", "https://api.groq.com/openai/v1/chat/completions"),
            ("groq", "responses", "https://api.groq.com/openai/v1/responses"),
            ("deepseek", "chat", "https://api.deepseek.com/chat/completions"),
            ("deepseek", "messages", "https://api.deepseek.com/anthropic/v1/messages"),
            ("together", "chat", "https://api.together.ai/v1/chat/completions"),
            ("xai", "chat", "https://api.x.ai/v1/chat/completions"),
            ("xai", "responses", "https://api.x.ai/v1/responses"),
            ("vllm", "chat", "http://127.0.0.1:8000/v1/chat/completions"),
            ("vllm", "responses", "http://127.0.0.1:8000/v1/responses"),
            ("vllm", "messages", "http://127.0.0.1:8000/v1/messages"),
            ("llamacpp", "chat", "http://127.0.0.1:8080/v1/chat/completions"),
            ("llamacpp", "responses", "http://127.0.0.1:8080/v1/responses"),
            ("llamacpp", "messages", "http://127.0.0.1:8080/v1/messages"),
            ("ollama", "chat", "http://127.0.0.1:11434/v1/chat/completions"),
            ("ollama", "responses", "http://127.0.0.1:11434/v1/responses"),
            ("ollama", "messages", "http://127.0.0.1:11434/v1/messages"),
            ("lmstudio", "chat", "http://127.0.0.1:1234/v1/chat/completions"),
            ("lmstudio", "responses", "http://127.0.0.1:1234/v1/responses"),
            ("lmstudio", "messages", "http://127.0.0.1:1234/v1/messages"),
        ];
        let spoken = || PRESETS.iter().flat_map(|row| row.addresses.iter().map(|(dialect, _)| (row.name, *dialect)));
        assert!(spoken().eq(documented.iter().map(|(name, dialect, _)| (*name, *dialect))), "a row for each");
        for (name, dialect, url) in documented.into_iter().filter(|(_, dialect, _)| dialects().any(|d| d == *dialect)) {
            let mut settings = json!({"provider": name, "model": "m", "parameters": {"max_tokens": 9}});
            if name == "azure" {
                let error = config(settings.clone()).check(dialect).unwrap_err();
                assert_eq!(error.key, "base_url");
                assert!(error.message.contains("https://RESOURCE.openai.azure.com/openai/v1"), "{error}");
                settings["base_url"] = "https://mine.openai.azure.com/openai/v1".into();
            }
            let config = config(settings);
            assert_eq!(config.setup(dialect).unwrap().url().unwrap().as_str(), url, "{name}");
            assert_eq!(config.provider_name(dialect), Some(name));
        }
    }

    #[test]
    fn what_a_provider_refuses_is_a_mistake_that_says_what_to_do() {
        let with = |name: &str, parameters| config(json!({"provider": name, "model": "m", "parameters": parameters}));
        let error = with("mistral", json!({"seed": 7})).check("chat").unwrap_err();
        assert_eq!(error.key, "parameters.seed");
        assert!(error.message.contains("random_seed"), "{error}");
        assert_eq!(with("groq", json!({"logprobs": 2})).check("chat").unwrap_err().key, "parameters.logprobs");
        with("groq", json!({"seed": 7})).check("chat").unwrap();
        let lacking = PRESETS.iter().flat_map(|row| row.lacks);
        let known = serde_json::to_value(schemars::schema_for!(crate::Parameters)).unwrap();
        lacking.for_each(|(key, _)| assert!(known["properties"].get(key).is_some(), "{key} is no parameter"));
    }
}
