//! A server with a fault under each path, and a good model beside every fault.

use super::good;
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// What the server does with one request.
pub(super) struct Answer {
    bytes: Vec<u8>,
    then: Then,
}

/// What it does after the bytes.
enum Then {
    /// Waits for the next request.
    Keep,
    /// Closes the connection.
    Close,
    /// Leaves it open and says nothing more.
    Silent,
    /// Says the same thing until the client has enough.
    Repeat(&'static [u8]),
}

impl Answer {
    /// These bytes, and the connection closed.
    pub(super) fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), then: Then::Close }
    }

    /// A whole response.
    pub(super) fn of(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let mut bytes =
            format!("HTTP/1.1 {status} Status\r\n{headers}content-length: {}\r\n\r\n", body.len()).into_bytes();
        bytes.extend_from_slice(body);
        Self { bytes, then: Then::Keep }
    }

    /// A stream of events that ends with the connection.
    pub(super) fn stream(events: &[Value]) -> Self {
        let mut text = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n".to_owned();
        for event in events {
            if let Some(name) = event["type"].as_str() {
                text.push_str(&format!("event: {name}\n"));
            }
            text.push_str(&format!("data: {event}\n\n"));
        }
        Self::raw(text)
    }

    pub(super) fn then_silent(self) -> Self {
        Self { then: Then::Silent, ..self }
    }

    pub(super) fn then_for_ever(self, piece: &'static [u8]) -> Self {
        Self { then: Then::Repeat(piece), ..self }
    }
}

/// Serves `faults[n]` under `/n/…` to conversations that hold `marker`, and a good model to all others.
pub(super) fn serve(faults: Vec<fn() -> Answer>, marker: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let faults = Arc::new(faults);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let faults = Arc::clone(&faults);
            std::thread::spawn(move || talk(&stream, &faults, marker));
        }
    });
    format!("http://{address}")
}

fn talk(mut stream: &TcpStream, faults: &[fn() -> Answer], marker: &str) {
    let mut reader = BufReader::new(stream);
    while let Some((path, body)) = request(&mut reader) {
        let at: usize = path.split('/').nth(1).unwrap().parse().unwrap();
        let Answer { bytes, then } = if String::from_utf8_lossy(&body).contains(marker) {
            faults[at]()
        } else {
            Answer::of(200, "", good::answer(&path, &serde_json::from_slice(&body).unwrap()).to_string())
        };
        if stream.write_all(&bytes).is_err() {
            return;
        }
        match then {
            Then::Keep => {}
            Then::Close => return,
            Then::Silent => {
                let _ = reader.read(&mut [0]);
                return;
            }
            Then::Repeat(piece) => {
                let _ = stream.set_write_timeout(Some(Duration::from_secs(20)));
                while stream.write_all(piece).is_ok() {}
                return;
            }
        }
    }
}

/// The path and body of the next request.
fn request(reader: &mut BufReader<&TcpStream>) -> Option<(String, Vec<u8>)> {
    let mut first = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if first.is_empty() {
            first.clone_from(&line);
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((first.split(' ').nth(1)?.to_owned(), body))
}
