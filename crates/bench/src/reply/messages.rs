//! Messages.

use super::{Reply, Turn};
use crate::http;

pub(super) fn whole(reply: &Reply<'_>) -> String {
    let Reply { nth, tool, .. } = reply;
    let block = match reply.turn {
        Turn::Tool => {
            format!(r#"{{"type":"tool_use","id":"toolu_{nth}","name":"{tool}","input":{{"id":{nth}}}}}"#)
        }
        Turn::Final => format!(r#"{{"type":"text","text":"{}"}}"#, reply.text.concat()),
    };
    message(reply, &block, &format!("\"{}\"", stop(reply)))
}

pub(super) fn stream(reply: &Reply<'_>, out: &mut Vec<u8>) {
    let Reply { nth, tool, .. } = reply;
    http::write_event(out, &format!(r#"{{"type":"message_start","message":{}}}"#, message(reply, "", "null")));
    let start = |block: &str| format!(r#"{{"type":"content_block_start","index":0,"content_block":{block}}}"#);
    let delta = |delta: &str| format!(r#"{{"type":"content_block_delta","index":0,"delta":{delta}}}"#);
    match reply.turn {
        Turn::Tool => {
            let block = format!(r#"{{"type":"tool_use","id":"toolu_{nth}","name":"{tool}","input":{{}}}}"#);
            http::write_event(out, &start(&block));
            for piece in [r#"{\"id\":"#, &format!(" {nth}}}")] {
                http::write_event(out, &delta(&format!(r#"{{"type":"input_json_delta","partial_json":"{piece}"}}"#)));
            }
        }
        Turn::Final => {
            http::write_event(out, &start(r#"{"type":"text","text":""}"#));
            for piece in reply.text {
                http::write_event(out, &delta(&format!(r#"{{"type":"text_delta","text":"{piece}"}}"#)));
            }
        }
    }
    http::write_event(out, r#"{"type":"content_block_stop","index":0}"#);
    http::write_event(
        out,
        &format!(
            r#"{{"type":"message_delta","delta":{{"stop_reason":"{}","stop_sequence":null}},"usage":{{"output_tokens":12}}}}"#,
            stop(reply)
        ),
    );
    http::write_event(out, r#"{"type":"message_stop"}"#);
}

fn stop(reply: &Reply<'_>) -> &'static str {
    match reply.turn {
        Turn::Tool => "tool_use",
        Turn::Final => "end_turn",
    }
}

fn message(reply: &Reply<'_>, block: &str, stop: &str) -> String {
    let (nth, input) = (reply.nth, reply.prompt_tokens);
    format!(
        r#"{{"id":"msg_{nth}","type":"message","role":"assistant","model":"mock","content":[{block}],"stop_reason":{stop},"stop_sequence":null,"usage":{{"input_tokens":{input},"output_tokens":12}}}}"#
    )
}
