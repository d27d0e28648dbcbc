//! Gemini: a call comes whole, streamed or not.

use super::{Reply, TEXT, Turn};

pub(super) fn whole(reply: &Reply<'_>) -> String {
    let Reply { nth, tool, prompt_tokens: input, .. } = reply;
    let part = match reply.turn {
        Turn::Tool => format!(r#"{{"functionCall":{{"name":"{tool}","args":{{"id":{nth}}}}}}}"#),
        Turn::Final => format!(r#"{{"text":"{}"}}"#, TEXT.concat()),
    };
    format!(
        r#"{{"candidates":[{{"content":{{"role":"model","parts":[{part}]}},"finishReason":"STOP","index":0}}],"usageMetadata":{{"promptTokenCount":{input},"candidatesTokenCount":12,"totalTokenCount":{}}},"modelVersion":"mock"}}"#,
        input + 12
    )
}
