//! Responses.

use super::{Reply, Turn};
use crate::http;

pub(super) fn whole(reply: &Reply<'_>) -> String {
    response(reply, "completed", &item(reply))
}

pub(super) fn stream(reply: &Reply<'_>, out: &mut Vec<u8>) {
    let Reply { nth, tool, .. } = reply;
    http::write_event(
        out,
        &format!(
            r#"{{"type":"response.created","sequence_number":0,"response":{}}}"#,
            response(reply, "in_progress", "")
        ),
    );
    let added = |item: &str| format!(r#"{{"type":"response.output_item.added","output_index":0,"item":{item}}}"#);
    let delta = |kind: &str, id: &str, delta: &str| {
        format!(
            r#"{{"type":"response.{kind}.delta","item_id":"{id}_{nth}","output_index":0,"content_index":0,"delta":"{delta}"}}"#
        )
    };
    match reply.turn {
        Turn::Tool => {
            http::write_event(
                out,
                &added(&format!(
                    r#"{{"type":"function_call","id":"fc_{nth}","call_id":"call_{nth}","name":"{tool}","arguments":"","status":"in_progress"}}"#
                )),
            );
            for piece in [r#"{\"id\":"#, &format!(" {nth}}}")] {
                http::write_event(out, &delta("function_call_arguments", "fc", piece));
            }
        }
        Turn::Final => {
            http::write_event(
                out,
                &added(&format!(
                    r#"{{"type":"message","id":"msg_{nth}","role":"assistant","status":"in_progress","content":[]}}"#
                )),
            );
            for piece in reply.text {
                http::write_event(out, &delta("output_text", "msg", piece));
            }
        }
    }
    let item = item(reply);
    http::write_event(out, &format!(r#"{{"type":"response.output_item.done","output_index":0,"item":{item}}}"#));
    http::write_event(
        out,
        &format!(r#"{{"type":"response.completed","response":{}}}"#, response(reply, "completed", &item)),
    );
}

fn item(reply: &Reply<'_>) -> String {
    let Reply { nth, tool, .. } = reply;
    match reply.turn {
        Turn::Tool => format!(
            r#"{{"type":"function_call","id":"fc_{nth}","call_id":"call_{nth}","name":"{tool}","arguments":"{{\"id\": {nth}}}","status":"completed"}}"#
        ),
        Turn::Final => format!(
            r#"{{"type":"message","id":"msg_{nth}","role":"assistant","status":"completed","content":[{{"type":"output_text","text":"{}","annotations":[]}}]}}"#,
            reply.text.concat()
        ),
    }
}

fn response(reply: &Reply<'_>, status: &str, output: &str) -> String {
    let (nth, input) = (reply.nth, reply.prompt_tokens);
    format!(
        r#"{{"id":"resp_{nth}","object":"response","created_at":1767225600,"status":"{status}","error":null,"model":"mock","output":[{output}],"usage":{{"input_tokens":{input},"output_tokens":12,"total_tokens":{}}}}}"#,
        input + 12
    )
}
