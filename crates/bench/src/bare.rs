//! The loop a programmer writes in ten minutes, to weigh the harness against.
//!
//! It builds the request as a JSON value, parses the reply, appends to the messages and goes on.
//! It validates, records, grades and stores nothing. One thread.

use crate::figures::Figures;
use crate::limits;
use crate::project;
use anyhow::{Context, bail};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The server's address up to and with `/v1`.
    #[arg(long)]
    pub(crate) base_url: String,
    /// How many episodes to run.
    #[arg(long, default_value_t = 1000)]
    pub(crate) episodes: u64,
    /// How many episodes run at once.
    #[arg(long, default_value_t = 100)]
    pub(crate) concurrency: u64,
}

pub(crate) fn main(options: &Options) -> anyhow::Result<()> {
    limits::raise_open_files();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let start = Instant::now();
    let requests = runtime.block_on(run(options))?;
    let figures = Figures::of_this_process(start.elapsed().as_secs_f64() * 1e3)?;
    println!(
        "{} episodes, {requests} requests, {} at once: wall {:.0} ms, CPU {:.0} ms, \
         {:.4} ms a request, peak {:.1} MB",
        options.episodes,
        options.concurrency,
        figures.wall_ms,
        figures.cpu_ms(),
        figures.cpu_ms() / requests as f64,
        figures.peak_mb,
    );
    Ok(())
}

/// Runs all episodes; the number of requests they took.
pub(crate) async fn run(options: &Options) -> anyhow::Result<u64> {
    // Where another package of the build asks for TLS, the client wants a provider even for http.
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    // No certificates are loaded: nothing here is https, and loading them would be counted.
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
    let url: Arc<str> = format!("{}/chat/completions", options.base_url).into();
    let next = Arc::new(AtomicU64::new(0));
    let tools = Arc::new(project::tools());
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..options.concurrency.min(options.episodes) {
        let (client, url) = (client.clone(), Arc::clone(&url));
        let (next, tools) = (Arc::clone(&next), Arc::clone(&tools));
        let episodes = options.episodes;
        workers.spawn(async move {
            let mut requests = 0;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed) + 1;
                if number > episodes {
                    return anyhow::Ok(requests);
                }
                requests += episode(&client, &url, &tools, number).await?;
            }
        });
    }
    let mut requests = 0;
    while let Some(worker) = workers.join_next().await {
        requests += worker??;
    }
    Ok(requests)
}

async fn episode(client: &reqwest::Client, url: &str, tools: &Value, number: u64) -> anyhow::Result<u64> {
    let mut body = json!({
        "model": project::MODEL,
        "messages": [
            {"role": "system", "content": project::SYSTEM},
            {"role": "user", "content": project::user(number)},
        ],
        "tools": tools,
    });
    for requests in 1.. {
        let response = client
            .post(url)
            .header("content-type", "application/json")
            .body(serde_json::to_vec(&body)?)
            .send()
            .await?
            .error_for_status()?;
        let mut reply: Value = serde_json::from_slice(&response.bytes().await?)?;
        let message = reply.pointer_mut("/choices/0/message").context("a reply without a message")?.take();
        let mut results = Vec::new();
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            let arguments = call["function"]["arguments"].as_str().unwrap_or_default();
            let arguments: Value = serde_json::from_str(arguments)?;
            let result = json!({"id": arguments["id"], "name": "A thing on the shelf", "taken": true});
            results.push(json!({
                "role": "tool",
                "tool_call_id": call["id"],
                "content": result.to_string(),
            }));
        }
        if results.is_empty() {
            let text = message["content"].as_str().unwrap_or_default();
            if !text.contains("42") {
                bail!("episode {number} ended with {text:?}");
            }
            return Ok(requests);
        }
        let messages = body["messages"].as_array_mut().context("a request without messages")?;
        messages.push(message);
        messages.append(&mut results);
    }
    bail!("an endless episode came to its end")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::Model;
    use crate::serve;
    use std::time::Duration;

    #[tokio::test]
    async fn the_loop_drives_the_server_through_every_episode() {
        let listener = serve::bind(0).unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let model = Model { tool_turns: 5, tool: project::TOOL.into(), fate: None };
        tokio::spawn(serve::serve(listener, model, Duration::ZERO));
        let options = Options { base_url, episodes: 20, concurrency: 4 };
        assert_eq!(run(&options).await.unwrap(), 20 * 6);
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_an_error() {
        let listener = serve::bind(0).unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        drop(listener);
        let options = Options { base_url, episodes: 1, concurrency: 1 };
        assert!(run(&options).await.is_err());
    }
}
