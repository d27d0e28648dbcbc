//! What the mock model answers: tool calls until enough results have come back, then a text.

use crate::http;
use memchr::memmem;

/// What the mock model does, the same for every request.
pub(crate) struct Model {
    /// How many tool results it wants before it answers with text.
    pub(crate) tool_turns: usize,
    /// The tool it calls, with `{"id": n}`, n counting from 1. A plain identifier.
    pub(crate) tool: String,
}

/// The kind of turn a reply was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Turn {
    Tool,
    Final,
}

impl Model {
    /// Appends the whole HTTP response to the request `body`.
    ///
    /// The body is scanned, not parsed: the server must cost less than what it measures.
    pub(crate) fn respond(&self, body: &[u8], out: &mut Vec<u8>) -> Turn {
        let results = members(body, b"\"role\"", b"\"tool\"").count();
        let has_tools = memmem::find(body, b"\"tools\"").is_some();
        let turn = if has_tools && results < self.tool_turns { Turn::Tool } else { Turn::Final };
        let prompt_tokens = body.len() / 4;
        if members(body, b"\"stream\"", b"true").next().is_some() {
            let with_usage = members(body, b"\"include_usage\"", b"true").next().is_some();
            self.stream(turn, results + 1, with_usage.then_some(prompt_tokens), out);
        } else {
            let text = self.whole(turn, results + 1, prompt_tokens);
            http::write_response(out, "200 OK", "application/json", text.as_bytes());
        }
        turn
    }

    fn whole(&self, turn: Turn, nth: usize, prompt_tokens: usize) -> String {
        let (message, stop) = match turn {
            Turn::Tool => (
                format!(
                    r#"{{"role":"assistant","content":null,"tool_calls":[{{"id":"call_{nth}","type":"function","function":{{"name":"{}","arguments":"{{\"id\": {nth}}}"}}}}]}}"#,
                    self.tool
                ),
                "tool_calls",
            ),
            Turn::Final => (r#"{"role":"assistant","content":"done 42"}"#.to_owned(), "stop"),
        };
        format!(
            r#"{{"id":"chatcmpl-{nth}","object":"chat.completion","created":1767225600,"model":"mock","choices":[{{"index":0,"message":{message},"logprobs":null,"finish_reason":"{stop}"}}],"usage":{}}}"#,
            usage(prompt_tokens)
        )
    }

    fn stream(&self, turn: Turn, nth: usize, usage_for: Option<usize>, out: &mut Vec<u8>) {
        let chunk = |choices: &str, usage: &str| {
            format!(
                r#"{{"id":"chatcmpl-{nth}","object":"chat.completion.chunk","created":1767225600,"model":"mock","choices":[{choices}]{usage}}}"#
            )
        };
        let delta = |delta: &str| chunk(&format!(r#"{{"index":0,"delta":{delta},"finish_reason":null}}"#), "");
        http::write_stream_head(out);
        let stop = match turn {
            Turn::Tool => {
                http::write_event(out, &delta(r#"{"role":"assistant","content":null}"#));
                http::write_event(
                    out,
                    &delta(&format!(
                        r#"{{"tool_calls":[{{"index":0,"id":"call_{nth}","type":"function","function":{{"name":"{}","arguments":""}}}}]}}"#,
                        self.tool
                    )),
                );
                for piece in [r#"{\"id\":"#, &format!(" {nth}}}")] {
                    http::write_event(
                        out,
                        &delta(&format!(r#"{{"tool_calls":[{{"index":0,"function":{{"arguments":"{piece}"}}}}]}}"#)),
                    );
                }
                "tool_calls"
            }
            Turn::Final => {
                http::write_event(out, &delta(r#"{"role":"assistant","content":""}"#));
                http::write_event(out, &delta(r#"{"content":"done "}"#));
                http::write_event(out, &delta(r#"{"content":"42"}"#));
                "stop"
            }
        };
        let end = format!(r#"{{"index":0,"delta":{{}},"finish_reason":"{stop}"}}"#);
        http::write_event(out, &chunk(&end, ""));
        if let Some(prompt_tokens) = usage_for {
            let usage = format!(r#","usage":{}"#, usage(prompt_tokens));
            http::write_event(out, &chunk("", &usage));
        }
        http::write_event(out, "[DONE]");
        http::write_stream_end(out);
    }
}

fn usage(prompt_tokens: usize) -> String {
    format!(r#"{{"prompt_tokens":{prompt_tokens},"completion_tokens":12,"total_tokens":{}}}"#, prompt_tokens + 12)
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
        Model { tool_turns: 2, tool: "take_item".into() }
    }

    fn answer(body: &Value) -> (Turn, String) {
        let mut out = Vec::new();
        let turn = model().respond(body.to_string().as_bytes(), &mut out);
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
        assert_eq!(model().respond(text.as_bytes(), &mut out), Turn::Final);
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
}
