//! What the mock model answers: tool calls until enough results have come back, then a text.

mod chat;
mod gemini;
mod messages;
mod responses;

use crate::fate::Fate;
use crate::http;
use clap::ValueEnum;
use memchr::memmem;
use std::sync::Arc;

/// What the mock model does, the same for every request.
pub(crate) struct Model {
    /// How many tool results it wants before it answers with text.
    pub(crate) tool_turns: usize,
    /// The tool it calls, with `{"id": n}`, n counting from 1. A plain identifier.
    pub(crate) tool: String,
    /// Whether the text is right; always without.
    pub(crate) fate: Option<Arc<Fate>>,
}

/// The kind of turn a reply was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Turn {
    Tool,
    Final,
}

/// The API that is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Dialect {
    #[default]
    Chat,
    Responses,
    Messages,
    Gemini,
}

impl Dialect {
    pub(crate) const ALL: [Dialect; 4] = [Dialect::Chat, Dialect::Responses, Dialect::Messages, Dialect::Gemini];

    /// The word that stands in `kind`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Dialect::Chat => "chat",
            Dialect::Responses => "responses",
            Dialect::Messages => "messages",
            Dialect::Gemini => "gemini",
        }
    }

    /// The dialect of a request's path.
    pub(crate) fn of(path: &str) -> Option<Dialect> {
        let path = path.split('?').next().unwrap_or_default();
        match path.rsplit('/').next()? {
            "completions" => Some(Dialect::Chat),
            "responses" => Some(Dialect::Responses),
            "messages" => Some(Dialect::Messages),
            last if last.to_ascii_lowercase().ends_with("generatecontent") => Some(Dialect::Gemini),
            _ => None,
        }
    }

    /// How many tool results a request holds.
    fn results(self, body: &[u8]) -> usize {
        match self {
            Dialect::Chat => members(body, b"\"role\"", b"\"tool\"").count(),
            Dialect::Responses => members(body, b"\"type\"", b"\"function_call_output\"").count(),
            Dialect::Messages => members(body, b"\"type\"", b"\"tool_result\"").count(),
            Dialect::Gemini => memmem::find_iter(body, b"\"functionResponse\":").count(),
        }
    }
}

/// One answer: a call of `tool` with `{"id": nth}`, or the text, in whole or as the events of a stream.
struct Reply<'a> {
    turn: Turn,
    tool: &'a str,
    nth: usize,
    prompt_tokens: usize,
    /// The text of the last answer, in the pieces in which it is streamed.
    text: [&'static str; 2],
}

/// The right text, and a wrong one.
const RIGHT: [&str; 2] = ["done ", "42"];
const WRONG: [&str; 2] = ["done ", "13"];

impl Model {
    /// Appends the whole HTTP response to the request `body` under a path of `dialect`.
    ///
    /// The body is scanned, not parsed: the server must cost less than what it measures.
    pub(crate) fn respond(&self, dialect: Dialect, path: &str, body: &[u8], out: &mut Vec<u8>) -> Turn {
        let results = dialect.results(body);
        let has_tools = memmem::find(body, b"\"tools\"").is_some();
        let turn = if has_tools && results < self.tool_turns { Turn::Tool } else { Turn::Final };
        let right = turn == Turn::Tool || self.fate.as_ref().is_none_or(|fate| fate.answers(body));
        let text = if right { RIGHT } else { WRONG };
        let reply = Reply { turn, tool: &self.tool, nth: results + 1, prompt_tokens: body.len() / 4, text };
        let streamed = match dialect {
            Dialect::Gemini => path.contains(":streamGenerateContent"),
            _ => members(body, b"\"stream\"", b"true").next().is_some(),
        };
        if streamed {
            http::write_stream_head(out);
            match dialect {
                Dialect::Chat => {
                    chat::stream(&reply, members(body, b"\"include_usage\"", b"true").next().is_some(), out);
                }
                Dialect::Responses => responses::stream(&reply, out),
                Dialect::Messages => messages::stream(&reply, out),
                Dialect::Gemini => http::write_event(out, &gemini::whole(&reply)),
            }
            http::write_stream_end(out);
        } else {
            let text = match dialect {
                Dialect::Chat => chat::whole(&reply),
                Dialect::Responses => responses::whole(&reply),
                Dialect::Messages => messages::whole(&reply),
                Dialect::Gemini => gemini::whole(&reply),
            };
            http::write_response(out, "200 OK", "application/json", text.as_bytes());
        }
        turn
    }
}

/// The places of `value` in JSON text where it stands under `key`, both with their quotes.
///
/// Quotes inside a JSON string are escaped, so what a message says is never taken for a member.
fn members(text: &[u8], key: &'static [u8], value: &'static [u8]) -> impl Iterator<Item = usize> {
    memmem::find_iter(text, value).filter(move |&at| {
        text[..at].trim_ascii_end().strip_suffix(b":").is_some_and(|before| before.trim_ascii_end().ends_with(key))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn model() -> Model {
        Model { tool_turns: 2, tool: "take_item".into(), fate: None }
    }

    fn answer(body: &Value) -> (Turn, String) {
        let mut out = Vec::new();
        let turn = model().respond(Dialect::Chat, "/v1/chat/completions", body.to_string().as_bytes(), &mut out);
        let text = String::from_utf8(out).unwrap();
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        (turn, body.to_owned())
    }

    fn request(results: usize) -> Value {
        let mut messages = vec![json!({"role": "user", "content": r#"not "role":"tool""#})];
        messages.extend(
            (0..results).map(|n| json!({"role": "tool", "tool_call_id": format!("call_{n}"), "content": "{}"})),
        );
        json!({"model": "m", "messages": messages, "tools": [{"type": "function"}]})
    }

    #[test]
    fn a_request_with_too_few_results_is_answered_by_the_next_call() {
        let (turn, body) = answer(&request(1));
        assert_eq!(turn, Turn::Tool);
        let body: Value = serde_json::from_str(&body).unwrap();
        let call = &body["choices"][0]["message"]["tool_calls"][0]["function"];
        assert_eq!(call["name"], "take_item");
        assert_eq!(call["arguments"], r#"{"id": 2}"#);
        assert_eq!(body["choices"][0]["finish_reason"], "tool_calls");
    }

    #[test]
    fn a_request_with_enough_results_or_without_tools_is_answered_by_the_text() {
        let mut without = request(0);
        without.as_object_mut().unwrap().shift_remove("tools");
        for body in [request(2), without] {
            let (turn, body) = answer(&body);
            assert_eq!(turn, Turn::Final);
            let body: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(body["choices"][0]["message"]["content"], "done 42");
        }
    }

    #[test]
    fn spaces_between_key_and_value_do_not_matter() {
        let text = serde_json::to_string_pretty(&request(2)).unwrap();
        let mut out = Vec::new();
        let turn = model().respond(Dialect::Chat, "/v1/chat/completions", text.as_bytes(), &mut out);
        assert_eq!(turn, Turn::Final);
    }

    #[test]
    fn a_streamed_call_comes_in_pieces_that_make_the_same_arguments() {
        let mut body = request(0);
        body["stream"] = json!(true);
        body["stream_options"] = json!({"include_usage": true});
        let (turn, text) = answer(&body);
        assert_eq!(turn, Turn::Tool);
        let data: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
        assert_eq!(data.last(), Some(&"[DONE]"));
        let chunks: Vec<Value> =
            data[..data.len() - 1].iter().map(|chunk| serde_json::from_str(chunk).unwrap()).collect();
        let arguments: String = chunks
            .iter()
            .filter_map(|chunk| {
                chunk.pointer("/choices/0/delta/tool_calls/0/function/arguments")?.as_str().map(str::to_owned)
            })
            .collect();
        assert_eq!(arguments, r#"{"id": 1}"#);
        assert!(chunks.last().unwrap()["usage"]["total_tokens"].is_u64());
    }

    /// What the harness itself makes of an answer.
    fn read(dialect: Dialect, path: &str, body: &Value) -> mocktrial_provider::Reply {
        let mut out = Vec::new();
        model().respond(dialect, path, body.to_string().as_bytes(), &mut out);
        let text = String::from_utf8(out).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        // Without the lengths of the chunks.
        let body: String = if head.contains("chunked") {
            body.lines().filter(|line| line.starts_with("data: ")).map(|line| format!("{line}\n\n")).collect()
        } else {
            body.to_owned()
        };
        mocktrial_provider::read_response(dialect.word(), body.as_bytes()).unwrap()
    }

    #[test]
    fn every_dialect_streamed_or_not_calls_the_tool_until_the_results_are_there() {
        let tools = json!([{}]);
        let paths = ["/v1/chat/completions", "/v1/responses", "/v1/messages", "/v1/models/m:generateContent"];
        let result = [
            json!({"messages": [{"role": "tool"}, {"role": "tool"}]}),
            json!({"input": [{"type": "function_call_output"}, {"type": "function_call_output"}]}),
            json!({"messages": [{"content": [{"type": "tool_result"}, {"type": "tool_result"}]}]}),
            json!({"contents": [{"parts": [{"functionResponse": {}}, {"functionResponse": {}}]}]}),
        ];
        for ((dialect, path), results) in Dialect::ALL.into_iter().zip(paths).zip(result) {
            assert_eq!(Dialect::of(path), Some(dialect));
            for stream in [false, true] {
                let path = if stream { path.replace(":generate", ":streamGenerate") } else { path.to_owned() };
                let reply = read(dialect, &path, &json!({"tools": tools, "stream": stream}));
                let calls: Vec<_> =
                    reply.calls.iter().map(|c| (&*c.name, c.arguments.value().cloned().unwrap())).collect();
                assert_eq!(calls, [("take_item", json!({"id": 1}))], "{dialect:?} {stream}");
                assert!(reply.repairs.is_empty(), "{dialect:?} {stream}: {:?}", reply.repairs);
                let mut more = json!({"tools": tools, "stream": stream, "stream_options": {"include_usage": true}});
                more.as_object_mut().unwrap().extend(results.as_object().unwrap().clone());
                let reply = read(dialect, &path, &more);
                assert_eq!(mocktrial_trajectory::text_of(&reply.content), "done 42", "{dialect:?} {stream}");
                assert_eq!(reply.usage.unwrap().output, 12, "{dialect:?} {stream}");
            }
        }
    }
}
