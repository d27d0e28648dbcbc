//! Saying in which part a request differs from the nearest recorded one.

use super::Neutral;
use super::file::{Entry, Key, Parts, Tape};
use crate::Context;
use mocktrial_trajectory::{Digest, Message, same};
use serde_json::{Map, Value};
use std::path::Path;

/// A hash as it stands in `parts`: long enough to tell messages apart.
pub(super) fn short(hash: Digest) -> String {
    let mut text = hash.to_string();
    text.truncate(12);
    text
}

pub(super) fn explain(path: &Path, tape: &Tape, key: &Key, context: &Context, neutral: &Neutral<'_>) -> String {
    let what = format!("request {} of {}", context.request_index, context.episode);
    let whose = match context.role {
        crate::Role::Subject => String::new(),
        role => format!(" ({role})"),
    };
    let reason = if tape.entries.is_empty() {
        "there is no such cassette, or it is empty".to_owned()
    } else {
        nearest(tape, key, context, neutral)
    };
    format!("{what}{whose} is not in the cassette `{}`: {reason}", path.display())
}

fn nearest(tape: &Tape, key: &Key, context: &Context, neutral: &Neutral<'_>) -> String {
    let of_trial: Vec<&Entry> = tape
        .entries
        .iter()
        .filter(|e| e.role == key.role && e.variant == key.variant && e.trial == key.trial)
        .collect();
    if of_trial.is_empty() {
        let mut trials: Vec<String> = tape
            .entries
            .iter()
            .filter(|e| e.role == key.role && e.variant == key.variant)
            .map(|e| e.trial.to_string())
            .collect();
        trials.dedup();
        return if trials.is_empty() {
            format!("nothing is recorded for this role and variant (`{}`)", key.variant)
        } else {
            format!("trial {} is not recorded (recorded: {})", key.trial, trials.join(", "))
        };
    }
    let same_request = of_trial.iter().filter(|e| e.request == key.request).count();
    if same_request > 0 {
        return format!("the same request is recorded {same_request}×, and was made once more");
    }
    let best = of_trial
        .iter()
        .filter_map(|e| Some((e, serde_json::from_str::<Parts>(e.parts.get()).ok()?)))
        .max_by_key(|(e, parts)| {
            let common = common(parts, neutral);
            let exact = common == neutral.conversation.len() && common == parts.messages.len();
            (exact, common, e.index == context.request_index, std::cmp::Reverse(e.index))
        });
    let Some((entry, parts)) = best else { return "no recorded request can be compared with it".into() };
    let mut differences = settings(&parts.settings, &neutral.settings.value);
    differences.extend(tools(&parts, neutral));
    differences.extend(messages(&parts, neutral));
    if differences.is_empty() {
        differences.push("an unnamed part differs".into());
    }
    format!("against recorded request {}, {}", entry.index, differences.join("; "))
}

fn common(parts: &Parts, neutral: &Neutral<'_>) -> usize {
    parts
        .messages
        .iter()
        .zip(neutral.conversation.entries())
        .take_while(|(old, new)| **old == short(new.hash()))
        .count()
}

fn settings(old: &Value, new: &Value) -> Vec<String> {
    let mut out = Vec::new();
    let null = Value::Null;
    // Where no dialect is named it is this one.
    let chat = Value::from("chat");
    let mut parts: Vec<&String> = [old, new].into_iter().filter_map(Value::as_object).flat_map(Map::keys).collect();
    parts.sort();
    parts.dedup();
    for part in parts {
        let absent = if part == "dialect" { &chat } else { &null };
        let (old, new) = (old.get(part).unwrap_or(absent), new.get(part).unwrap_or(absent));
        match (old, new) {
            _ if same(old, new) => {}
            (Value::Object(a), Value::Object(b)) => {
                let mut keys: Vec<&String> = a.keys().chain(b.keys()).collect();
                keys.sort();
                keys.dedup();
                for key in keys {
                    let (old, new) = (a.get(key).unwrap_or(&null), b.get(key).unwrap_or(&null));
                    if !same(old, new) {
                        out.push(format!("{part}.{key} differs (recorded {old}, now {new})"));
                    }
                }
            }
            _ => out.push(format!("{part} differs (recorded {old}, now {new})")),
        }
    }
    out
}

fn tools(parts: &Parts, neutral: &Neutral<'_>) -> Vec<String> {
    let mut out = Vec::new();
    let now: Vec<(&str, String)> =
        neutral.tools.tools().iter().zip(neutral.tools.hashes()).map(|(t, h)| (t.name.as_str(), short(*h))).collect();
    for (name, hash) in &now {
        match parts.tools.get(*name) {
            None => out.push(format!("tool `{name}` is new")),
            Some(old) if old != hash => out.push(format!("tool `{name}` differs")),
            Some(_) => {}
        }
    }
    for name in parts.tools.keys().filter(|name| now.iter().all(|(n, _)| n != name)) {
        out.push(format!("tool `{name}` is gone"));
    }
    if out.is_empty() && !parts.tools.keys().eq(now.iter().map(|(name, _)| name)) {
        out.push("the order of the tools differs".into());
    }
    out
}

fn messages(parts: &Parts, neutral: &Neutral<'_>) -> Option<String> {
    let (old, new) = (parts.messages.len(), neutral.conversation.len());
    let at = common(parts, neutral);
    if at == old && at == new {
        return None;
    }
    let Some(entry) = neutral.conversation.entries().get(at) else {
        return Some(format!("the conversation is shorter ({new} messages, recorded {old})"));
    };
    let what = match entry.message() {
        Message::System { .. } => "system prompt".to_owned(),
        Message::User { .. } => "user".to_owned(),
        Message::Assistant { .. } => "assistant".to_owned(),
        Message::Tool(result) => format!("result of `{}`", result.name),
    };
    Some(if at == old {
        format!("message {at} ({what}) is more than was recorded")
    } else {
        format!("message {at} ({what}) differs")
    })
}
