//! Whether reading a response takes time in proportion to it.

use crate::figures::median;
use crate::reply::Dialect;
use crate::report::{Bound, Line, Report};
use anyhow::bail;
use serde_json::{Value, json};
use std::time::Instant;

/// Ten times the arguments may take this many times the time before it counts as more than in proportion.
const TENFOLD: f64 = 12.0;

/// Bytes of arguments.
const SIZES: [usize; 2] = [100_000, 1_000_000];

/// A delta as models write it.
const PIECE: usize = 20;

pub(super) fn measure(repeat: usize, report: &mut Report) -> anyhow::Result<()> {
    for dialect in Dialect::ALL {
        let mut times = Vec::new();
        for size in SIZES {
            let body = stream(dialect, size);
            let mut once = Vec::new();
            for _ in 0..repeat.max(3) * 5 {
                let began = Instant::now();
                let reply = mocktrial_provider::read_response(dialect.word(), body.as_bytes())?;
                once.push(began.elapsed().as_secs_f64() * 1e3);
                let read = reply.calls.first().map_or(0, |call| call.arguments.text.len());
                if read < size {
                    bail!("{}: {read} bytes of {size} were read", dialect.word());
                }
            }
            times.push(median(once));
        }
        let mut line = Line::ratio(
            format!("reading 1 MB of arguments by 100 kB, {}", dialect.word()),
            "ms",
            times[0],
            times[1],
            Bound::at_most(TENFOLD),
        );
        // What it is compared with is not the bare loop.
        line.bare = None;
        report.lines.push(line);
    }
    Ok(())
}

/// A streamed call with so many bytes of arguments, in pieces where the dialect has them.
fn stream(dialect: Dialect, size: usize) -> String {
    let long = "y".repeat(size);
    let pieces = || {
        let text = format!("{{\"x\":\"{long}\"}}");
        let mut pieces = Vec::new();
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(PIECE.min(rest.len()));
            pieces.push(piece.to_owned());
            rest = after;
        }
        pieces
    };
    let events: Vec<Value> = match dialect {
        Dialect::Chat => {
            let delta = |call: Value| json!({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]});
            let first = json!({"index": 0, "id": "c", "function": {"name": "f", "arguments": ""}});
            let more = pieces().into_iter().map(|piece| json!({"index": 0, "function": {"arguments": piece}}));
            let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]});
            std::iter::once(first).chain(more).map(delta).chain([end]).collect()
        }
        Dialect::Responses => {
            let item = |arguments: &str, status: &str| json!({"type": "function_call", "id": "fc", "call_id": "c", "name": "f", "arguments": arguments, "status": status});
            let added =
                json!({"type": "response.output_item.added", "output_index": 0, "item": item("", "in_progress")});
            let more = pieces().into_iter().map(|piece| {
                json!({"type": "response.function_call_arguments.delta", "item_id": "fc", "output_index": 0, "delta": piece})
            });
            let done = item(&pieces().concat(), "completed");
            let last = json!({"type": "response.output_item.done", "output_index": 0, "item": done});
            let end = json!({"type": "response.completed", "response": {"status": "completed", "output": [done]}});
            std::iter::once(added).chain(more).chain([last, end]).collect()
        }
        Dialect::Messages => {
            let message = json!({"type": "message", "role": "assistant", "content": [], "usage": {"input_tokens": 1, "output_tokens": 1}});
            let start = json!({"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "id": "c", "name": "f", "input": {}}});
            let more = pieces().into_iter().map(|piece| {
                json!({"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": piece}})
            });
            let stop =
                json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 1}});
            let end = [json!({"type": "content_block_stop", "index": 0}), stop, json!({"type": "message_stop"})];
            [json!({"type": "message_start", "message": message}), start].into_iter().chain(more).chain(end).collect()
        }
        Dialect::Gemini => {
            let part = json!({"functionCall": {"name": "f", "args": {"x": long}}});
            vec![json!({"candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}]})]
        }
    };
    events.iter().map(|event| format!("data: {event}\n\n")).collect()
}
