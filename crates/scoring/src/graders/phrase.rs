//! What a message must say, for graders that look for messages.

use crate::Fault;
use crate::parameters::{self, OneOrMany, read};
use crate::text::{Found, Needle, plain};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::fmt;

/// What one message says: all that is given must hold in it. Texts and pattern without regard to
/// case; a text that is only mentioned to be denied is not said, as in `answer`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PhraseParameters {
    /// Texts that all occur.
    #[serde(default)]
    contains: Option<OneOrMany<String>>,
    /// Texts of which one occurs.
    #[serde(default)]
    any_of: Option<Vec<String>>,
    /// A regular expression that matches somewhere in the message as written (linear time).
    #[serde(default)]
    regex: Option<String>,
}

/// A compiled phrase.
#[derive(Debug)]
pub(super) struct Phrase {
    all: Vec<(String, Needle)>,
    any: Vec<(String, Needle)>,
    regex: Option<regex::Regex>,
}

impl Phrase {
    /// Reads and checks the value at `at`.
    pub(super) fn read(value: &Value, at: &str) -> Result<Self, Vec<Fault>> {
        let below = |faults: Vec<Fault>| faults.into_iter().map(|f| f.below(&[at])).collect::<Vec<_>>();
        Self::compile(read(value).map_err(below)?).map_err(below)
    }

    fn compile(p: PhraseParameters) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut needles = |key: &str, texts: Vec<String>, many: bool| {
            if texts.is_empty() {
                faults.push(Fault::at(&[key], format!("`{key}` is empty")));
            }
            let mut out = Vec::with_capacity(texts.len());
            for (i, text) in texts.into_iter().enumerate() {
                let needle = Needle::new(&text, true);
                if needle.is_empty() {
                    let place = i.to_string();
                    let at: &[&str] = if many { &[key, &place] } else { &[key] };
                    faults.push(Fault::at(at, "every text contains the empty text").hint("name what is to be found"));
                }
                out.push((text, needle));
            }
            out
        };
        let many = p.contains.as_ref().is_some_and(OneOrMany::is_many);
        let all = p.contains.map(|t| needles("contains", t.into_vec(), many)).unwrap_or_default();
        let any = p.any_of.map(|t| needles("any_of", t, true)).unwrap_or_default();
        let mut regex = None;
        match p.regex.as_deref().map(|pattern| parameters::regex(pattern, true)) {
            Some(Ok(found)) if found.is_match("") => {
                faults.push(Fault::at(&["regex"], "this matches the empty text, so it matches every message"));
            }
            Some(Ok(found)) => regex = Some(found),
            Some(Err(why)) => faults.push(Fault::at(&["regex"], format!("this is not a regular expression: {why}"))),
            None => {}
        }
        if faults.is_empty() && all.is_empty() && any.is_empty() && regex.is_none() {
            faults.push(
                Fault::at(&[], "this names nothing to be said, so every message says it")
                    .hint("such as `{contains: …}`, `{any_of: […]}` or `{regex: …}`"),
            );
        }
        if faults.is_empty() { Ok(Self { all, any, regex }) } else { Err(faults) }
    }

    /// Whether a message says it: asserted where all of it is, denied where some of it is only
    /// mentioned to be denied, else nowhere.
    pub(super) fn find(&self, text: &str) -> Found {
        if self.regex.as_ref().is_some_and(|regex| !regex.is_match(text)) {
            return Found::Nowhere;
        }
        if self.all.is_empty() && self.any.is_empty() {
            return Found::Asserted;
        }
        let text = plain(text, true);
        let find = |(_, needle): &(String, Needle)| needle.find(&text, true);
        let mut worst = Found::Asserted;
        for needle in &self.all {
            match find(needle) {
                Found::Nowhere => return Found::Nowhere,
                Found::Denied => worst = Found::Denied,
                Found::Asserted => {}
            }
        }
        if !self.any.is_empty() {
            let found: Vec<Found> = self.any.iter().map(find).collect();
            if !found.contains(&Found::Asserted) {
                worst = if found.contains(&Found::Denied) { Found::Denied } else { return Found::Nowhere };
            }
        }
        worst
    }

    /// Whether a message says it, and not to deny it.
    pub(super) fn said_in(&self, text: &str) -> bool {
        self.find(text) == Found::Asserted
    }
}

impl fmt::Display for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |texts: &[(String, Needle)], word: &str| {
            texts.iter().map(|(t, _)| format!("\"{t}\"")).collect::<Vec<_>>().join(word)
        };
        let mut parts = Vec::new();
        if !self.all.is_empty() {
            parts.push(quoted(&self.all, " and "));
        }
        if !self.any.is_empty() {
            parts.push(quoted(&self.any, " or "));
        }
        parts.extend(self.regex.as_ref().map(|r| format!("what matches `{}`", r.as_str())));
        f.write_str(&parts.join(", and "))
    }
}
