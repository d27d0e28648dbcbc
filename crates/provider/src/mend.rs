//! The record of what had to be mended, and the mendings that every dialect shares.

use crate::Repair;
use mocktrial_trajectory::Arguments;
use serde_json::json;
use std::collections::HashSet;

/// Repairs of one kind beyond this many are only counted.
const MOST_OF_A_KIND: usize = 16;

/// What was mended in one response.
#[derive(Debug, Default)]
pub(crate) struct Mender {
    repairs: Vec<Repair>,
    /// How often each kind of repair was made.
    mended: Vec<(&'static str, usize)>,
    ids: HashSet<String>,
}

impl Mender {
    /// Records a repair that is made once in a response, or once in a call.
    pub(crate) fn mend(&mut self, what: &'static str, detail: impl Into<String>) {
        self.mend_up_to(MOST_OF_A_KIND, what, || detail.into());
    }

    /// Records a repair that each piece of a stream may need: the first of its kind is told.
    pub(crate) fn mend_piece(&mut self, what: &'static str, detail: impl FnOnce() -> String) {
        self.mend_up_to(1, what, detail);
    }

    /// Records a repair that is told once, however often it is made.
    pub(crate) fn mend_once(&mut self, what: &'static str, detail: impl Into<String>) {
        if !self.mended.iter().any(|(kind, _)| *kind == what) {
            self.mend(what, detail);
        }
    }

    fn mend_up_to(&mut self, kept: usize, what: &'static str, detail: impl FnOnce() -> String) {
        let at = self.mended.iter().position(|(kind, _)| *kind == what).unwrap_or_else(|| {
            self.mended.push((what, 0));
            self.mended.len() - 1
        });
        let count = &mut self.mended[at].1;
        *count += 1;
        if *count <= kept {
            self.repairs.push(Repair { what, detail: detail() });
        }
    }

    /// All repairs; the last of a kind says how many more there were.
    pub(crate) fn told(&mut self) -> Vec<Repair> {
        let mut repairs = std::mem::take(&mut self.repairs);
        for (what, count) in &self.mended {
            let more = count - repairs.iter().filter(|r| r.what == *what).count();
            if let (true, Some(last)) = (more > 0, repairs.iter_mut().rfind(|r| r.what == *what)) {
                last.detail.push_str(&format!(" (and {more} more)"));
            }
        }
        repairs
    }

    /// The id of call `at`: its own, or one made from `turn`, the request's number in the episode. Made ids
    /// are nine letters and digits long, as the strictest server demands.
    pub(crate) fn id(&mut self, id: String, turn: u32, at: usize) -> String {
        // Mistral's servers write a missing id as the word `null`.
        let missing = id.is_empty() || id == "null";
        if !missing && self.ids.insert(id.clone()) {
            return id;
        }
        let made = self.made_id(turn, at);
        if missing {
            self.mend("missing_call_id", format!("call {at} came without an id; it is `{made}` here"));
        } else {
            self.mend(
                "duplicate_call_id",
                format!("call {at} came with the id `{id}` of another; it is `{made}` here"),
            );
        }
        made
    }

    /// An id for a call of a dialect in which calls have none.
    pub(crate) fn made_id(&mut self, turn: u32, at: usize) -> String {
        let mut made = format!("mt{turn:04}{at:03}");
        while !self.ids.insert(made.clone()) {
            made.push('x');
        }
        made
    }

    /// The arguments of a call from their text.
    pub(crate) fn arguments(&mut self, id: &str, text: String) -> Arguments {
        let trimmed = text.trim();
        if trimmed.is_empty() || trimmed == "null" {
            self.mend("empty_arguments", format!("the arguments of `{id}` are `{trimmed}`; read as `{{}}`"));
            return Arguments::parse(text).mended(json!({}));
        }
        let mut arguments = Arguments::parse(text);
        if arguments.value().is_none()
            && let Some(rest) = arguments.text.trim().strip_suffix("\"\"")
            && let Some(value) = Arguments::parse(rest).value().cloned()
        {
            self.mend("trailing_quotes", format!("the arguments of `{id}` end with a stray `\"\"`, which is left out"));
            arguments = arguments.mended(value);
        }
        if arguments.value().is_none() {
            let detail = format!(
                "the arguments of `{id}` are not a JSON object; servers refuse such a text, so the model gets it back inside one"
            );
            self.mend("malformed_arguments_wrapped", detail);
        }
        arguments
    }
}

/// Whether an id is one that [`Mender::made_id`] gives, so that no server knows it.
pub(crate) fn is_made_id(id: &str) -> bool {
    let number = id.strip_prefix("mt").map(|rest| rest.trim_end_matches('x'));
    number.is_some_and(|n| n.len() >= 7 && n.bytes().all(|b| b.is_ascii_digit()))
}

/// The beginning of a text, for messages.
pub(crate) fn excerpt(text: &str) -> String {
    let mut out: String = text.chars().take(200).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}
