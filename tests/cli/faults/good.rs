//! A model that takes the lamp and says so, in every dialect.

use serde_json::{Value, json};

/// Its answer to a request under this path.
pub(crate) fn answer(path: &str, body: &Value) -> Value {
    let path = path.split('?').next().unwrap();
    let answered =
        |list: &str, is_result: &dyn Fn(&Value) -> bool| body[list].as_array().unwrap().iter().any(is_result);
    if path.ends_with("/chat/completions") {
        chat(answered("messages", &|m| m["role"] == "tool"))
    } else if path.ends_with("/responses") {
        responses(answered("input", &|item| item["type"] == "function_call_output"))
    } else if path.ends_with("/messages") {
        messages(answered("messages", &|m| m["content"][0]["type"] == "tool_result"))
    } else {
        gemini(answered("contents", &|c| c["parts"][0].get("functionResponse").is_some()))
    }
}

fn chat(answered: bool) -> Value {
    let (message, finish) = if answered {
        (json!({"role": "assistant", "content": "Here is the lamp."}), "stop")
    } else {
        let call = json!({"id": "c1", "type": "function", "function": {"name": "take", "arguments": "{\"id\": 1}"}});
        (json!({"role": "assistant", "content": null, "tool_calls": [call]}), "tool_calls")
    };
    json!({"model": "m-1", "choices": [{"index": 0, "message": message, "finish_reason": finish}],
           "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}})
}

fn responses(answered: bool) -> Value {
    let item = if answered {
        let text = json!({"type": "output_text", "text": "Here is the lamp.", "annotations": []});
        json!({"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [text]})
    } else {
        json!({"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "take", "arguments": "{\"id\": 1}", "status": "completed"})
    };
    json!({"id": "resp_1", "object": "response", "status": "completed", "model": "m-1", "output": [item], "error": null,
           "usage": {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}})
}

fn messages(answered: bool) -> Value {
    let (block, stop) = if answered {
        (json!({"type": "text", "text": "Here is the lamp."}), "end_turn")
    } else {
        (json!({"type": "tool_use", "id": "toolu_1", "name": "take", "input": {"id": 1}}), "tool_use")
    };
    json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "m-1", "content": [block],
           "stop_reason": stop, "stop_sequence": null, "usage": {"input_tokens": 10, "output_tokens": 5}})
}

fn gemini(answered: bool) -> Value {
    let part = if answered {
        json!({"text": "Here is the lamp."})
    } else {
        json!({"functionCall": {"name": "take", "args": {"id": 1}}})
    };
    json!({"candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}],
           "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15}, "modelVersion": "m-1"})
}
