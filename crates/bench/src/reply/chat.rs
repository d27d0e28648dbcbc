//! Chat Completions.

use super::{Reply, Turn};
use crate::http;

pub(super) fn whole(reply: &Reply<'_>) -> String {
    let Reply { nth, tool, .. } = reply;
    let (message, stop) = match reply.turn {
        Turn::Tool => (
            format!(
                r#"{{"role":"assistant","content":null,"tool_calls":[{{"id":"call_{nth}","type":"function","function":{{"name":"{tool}","arguments":"{{\"id\": {nth}}}"}}}}]}}"#
            ),
            "tool_calls",
        ),
        Turn::Final => (format!(r#"{{"role":"assistant","content":"{}"}}"#, reply.text.concat()), "stop"),
    };
    format!(
        r#"{{"id":"chatcmpl-{nth}","object":"chat.completion","created":1767225600,"model":"mock","choices":[{{"index":0,"message":{message},"logprobs":null,"finish_reason":"{stop}"}}],"usage":{}}}"#,
        usage(reply)
    )
}

pub(super) fn stream(reply: &Reply<'_>, with_usage: bool, out: &mut Vec<u8>) {
    let Reply { nth, tool, .. } = reply;
    let chunk = |choices: &str, usage: &str| {
        format!(
            r#"{{"id":"chatcmpl-{nth}","object":"chat.completion.chunk","created":1767225600,"model":"mock","choices":[{choices}]{usage}}}"#
        )
    };
    let delta = |delta: &str| chunk(&format!(r#"{{"index":0,"delta":{delta},"finish_reason":null}}"#), "");
    let stop = match reply.turn {
        Turn::Tool => {
            http::write_event(out, &delta(r#"{"role":"assistant","content":null}"#));
            http::write_event(
                out,
                &delta(&format!(
                    r#"{{"tool_calls":[{{"index":0,"id":"call_{nth}","type":"function","function":{{"name":"{tool}","arguments":""}}}}]}}"#
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
            for piece in reply.text {
                http::write_event(out, &delta(&format!(r#"{{"content":"{piece}"}}"#)));
            }
            "stop"
        }
    };
    let end = format!(r#"{{"index":0,"delta":{{}},"finish_reason":"{stop}"}}"#);
    http::write_event(out, &chunk(&end, ""));
    if with_usage {
        http::write_event(out, &chunk("", &format!(r#","usage":{}"#, usage(reply))));
    }
    http::write_event(out, "[DONE]");
}

fn usage(reply: &Reply<'_>) -> String {
    let input = reply.prompt_tokens;
    format!(r#"{{"prompt_tokens":{input},"completion_tokens":12,"total_tokens":{}}}"#, input + 12)
}
