//! Asks a server one question, with a tool or not, streamed and not, and shows what came.
//!
//! `cargo run -p mocktrial-provider --example ask -- http://127.0.0.1:8080/v1 MODEL [DIALECT]`
#![allow(clippy::print_stdout, reason = "that is what it is for")]

use mocktrial_provider::{Context, Model, RemoteModel, Request, Scrubber, Toolbox, Transport};
use mocktrial_trajectory::{EpisodeKey, Message};
use serde_json::json;
use std::error::Error;
use std::time::Instant;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().ok_or("which address?")?;
    let name = arguments.next().ok_or("which model?")?;
    let dialect = arguments.next().unwrap_or_else(|| "chat".into());
    let transport = Transport::live(Scrubber::new());
    let tool = json!({"name": "get_weather", "description": "The weather in a city.", "input_schema":
        {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}});
    let toolbox = Toolbox::new(vec![serde_json::from_value(tool)?]);
    for (stream, tools) in [(false, false), (true, false), (false, true), (true, true)] {
        let config = json!({"base_url": address, "model": name, "stream": stream, "tool_choice": if tools { "required" } else { "auto" },
            "parameters": {"max_tokens": 64, "temperature": 0.0}});
        let model = RemoteModel::new("example", &dialect, &serde_json::from_value(config)?, &transport)?;
        let mut request = Request::default();
        request.conversation.push(Message::user("What is the weather in Paris?"));
        if tools {
            request.tools = toolbox.clone();
        }
        let key = EpisodeKey { scenario: "ask".into(), variant: "".into(), endpoint: "example".into(), trial: 1 };
        let began = Instant::now();
        let reply = model.respond(&request, &Context::new(key)).await;
        println!("stream {stream}, tools {tools}, {:?}: {reply:#?}", began.elapsed());
    }
    Ok(())
}
