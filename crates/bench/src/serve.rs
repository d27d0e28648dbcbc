//! The mock API server: one thread, connections kept open, every answer after the same latency.

use crate::http;
use crate::limits;
use crate::reply::{Dialect, Model, Turn};
use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The port on 127.0.0.1; 0 takes a free one. The address is printed.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// How long each answer takes.
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// How many tool calls, one a turn, come before the answer.
    #[arg(long, default_value_t = 5)]
    tool_turns: usize,
    /// The tool that is called, with `{"id": n}`.
    #[arg(long, default_value = "take_item", value_parser = identifier)]
    tool: String,
}

fn identifier(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !text.is_empty() && text.chars().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("letters, digits, _ and - only".to_owned())
    }
}

/// What stands before the base URL in the line printed once the server listens.
pub(crate) const LISTENING: &str = "listening on ";

pub(crate) fn main(options: &Options) -> anyhow::Result<()> {
    limits::raise_open_files();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = bind(options.port)?;
        let mut out = std::io::stdout();
        writeln!(out, "{LISTENING}http://{}/v1", listener.local_addr()?)?;
        out.flush()?;
        let model = Model { tool_turns: options.tool_turns, tool: options.tool.clone(), fate: None };
        serve(listener, model, Duration::from_millis(options.latency_ms)).await
    })
}

/// Listens on loopback with room for a thousand connections that come at once.
pub(crate) fn bind(port: u16) -> anyhow::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], port))).with_context(|| format!("cannot listen on port {port}"))?;
    Ok(socket.listen(4096)?)
}

/// How many requests were answered, as `GET /stats` tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// Answered by a tool call.
    pub(crate) tool_turns: u64,
    /// Answered by the final text: one an episode.
    pub(crate) final_turns: u64,
    /// Not understood.
    pub(crate) refused: u64,
    /// Connections taken.
    pub(crate) connections: u64,
}

#[derive(Default)]
struct Counters {
    tool_turns: AtomicU64,
    final_turns: AtomicU64,
    refused: AtomicU64,
    connections: AtomicU64,
}

impl Counters {
    fn read(&self) -> Counts {
        Counts {
            tool_turns: self.tool_turns.load(Ordering::Relaxed),
            final_turns: self.final_turns.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            connections: self.connections.load(Ordering::Relaxed),
        }
    }
}

struct Shared {
    model: Model,
    latency: Duration,
    counters: Counters,
}

/// Answers every connection until the task is dropped.
pub(crate) async fn serve(listener: TcpListener, model: Model, latency: Duration) -> anyhow::Result<()> {
    let shared = Arc::new(Shared { model, latency, counters: Counters::default() });
    loop {
        let (stream, _) = listener.accept().await?;
        add(&shared.counters.connections);
        let shared = Arc::clone(&shared);
        // A connection that breaks is the client's affair.
        tokio::spawn(async move { converse(stream, &shared).await.ok() });
    }
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

async fn converse(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut input = Vec::with_capacity(4096);
    let mut output = Vec::with_capacity(1024);
    loop {
        let taken = match http::frame(&input) {
            Ok(None) => {
                if stream.read_buf(&mut input).await? == 0 {
                    return Ok(());
                }
                continue;
            }
            Ok(Some(frame)) => {
                answer(&frame, shared, &mut output).await;
                frame.length
            }
            Err(refusal) => {
                add(&shared.counters.refused);
                http::write_response(&mut output, refusal.status(), "text/plain", b"");
                return stream.write_all(&output).await;
            }
        };
        input.drain(..taken);
        stream.write_all(&output).await?;
        output.clear();
    }
}

async fn answer(frame: &http::Frame<'_>, shared: &Shared, output: &mut Vec<u8>) {
    let counters = &shared.counters;
    match (frame.method, frame.path) {
        ("POST", path) if let Some(dialect) = Dialect::of(path) => {
            if !shared.latency.is_zero() {
                tokio::time::sleep(shared.latency).await;
            }
            add(match shared.model.respond(dialect, path, frame.body, output) {
                Turn::Tool => &counters.tool_turns,
                Turn::Final => &counters.final_turns,
            });
        }
        ("GET", "/stats") => {
            let body = serde_json::to_vec(&counters.read()).unwrap_or_default();
            http::write_response(output, "200 OK", "application/json", &body);
        }
        ("GET", path) if path.ends_with("/models") => {
            let body = br#"{"object":"list","data":[{"id":"mock","object":"model"}]}"#;
            http::write_response(output, "200 OK", "application/json", body);
        }
        _ => {
            add(&counters.refused);
            let status = "404 Not Found";
            http::write_response(output, status, "application/json", b"{\"error\":{}}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_name_that_would_break_the_json_is_refused() {
        assert!(identifier("take_item").is_ok());
        assert!(identifier("").is_err());
        assert!(identifier("a\"b").is_err());
    }

    #[tokio::test]
    async fn an_unknown_path_is_not_found_and_the_connection_stays_open() {
        let listener = bind(0).unwrap();
        let address = listener.local_addr().unwrap();
        let model = Model { tool_turns: 1, tool: "t".into(), fate: None };
        tokio::spawn(serve(listener, model, Duration::ZERO));
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut text = String::new();
        stream.write_all(b"GET /nothing HTTP/1.1\r\n\r\nGET /stats HTTP/1.1\r\n\r\n").await.unwrap();
        stream.shutdown().await.unwrap();
        stream.read_to_string(&mut text).await.unwrap();
        assert!(text.starts_with("HTTP/1.1 404 "), "{text}");
        assert!(text.contains(r#""refused":1"#), "{text}");
    }
}
