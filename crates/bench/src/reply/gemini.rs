//! Gemini: a call comes whole, streamed or not.

use super::{Reply, Turn};

pub(super) fn whole(reply: &Reply<'_>) -> String {
    let Reply { nth, tool, prompt_tokens: input, .. } = reply;
    let part = match reply.turn {
        Turn::Tool => format!(r#"{{"functionCall":{{"name":"{tool}","args":{{"id":{nth}}}}}}}"#),
        Turn::Final => format!(r#"{{"text":"{}"}}"#, reply.text.concat()),
    };
    format!(
        r#"{{"candidates":[{{"content":{{"role":"model","parts":[{part}]}},"finishReason":"STOP","index":0}}],"usageMetadata":{{"promptTokenCount":{input},"candidatesTokenCount":12,"totalTokenCount":{}}},"modelVersion":"mock"}}"#,
        input + 12
    )
}
