//! Whole requests over real sockets on loopback: what a wire of the tests' own cannot show.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use mocktrial_provider::{
    Context, Exhausted, Kind, Meter, Model, ProviderError, RemoteModel, Reply, Request, Scrubber, Spend, Ticket,
    Transport,
};
use mocktrial_trajectory::{EpisodeKey, Message};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const GOOD: &str = r#"{"choices":[{"message":{"content":"Hi."},"finish_reason":"stop"}]}"#;

/// A server that answers every request with the same bytes, and closes after it where told so.
struct Server {
    address: String,
    connections: Arc<AtomicUsize>,
}

async fn serve(answer: Vec<u8>, close: bool) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/v1", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let answer = answer.clone();
            tokio::spawn(async move {
                while take_request(&mut socket).await.is_some() {
                    if socket.write_all(&answer).await.is_err() || close {
                        return;
                    }
                }
            });
        }
    });
    Server { address, connections }
}

/// Reads one request with its body.
async fn take_request(socket: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let count = socket.read(&mut piece).await.ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&piece[..count]);
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")?.parse::<usize>().ok());
            if bytes.len() >= end + 4 + length.unwrap_or(0) {
                return Some(bytes);
            }
        }
    }
}

fn http(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn model(address: &str, transport: &Transport) -> RemoteModel {
    model_with(address, transport, &json!({}))
}

fn model_with(address: &str, transport: &Transport, settings: &Value) -> RemoteModel {
    let mut config = json!({"model": "m", "base_url": address, "retries": 0});
    config.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    RemoteModel::new("local", "chat", &serde_json::from_value(config).unwrap(), transport).unwrap()
}

fn context() -> Context {
    Context::new(EpisodeKey { scenario: "a".into(), variant: "".into(), endpoint: "local".into(), trial: 1 })
}

fn request() -> Request {
    Request { conversation: [Message::user("Hi")].into_iter().collect(), ..Request::default() }
}

async fn ask(model: &RemoteModel) -> Result<Reply, ProviderError> {
    model.respond(&request(), &context()).await
}

async fn failure(answer: Vec<u8>) -> ProviderError {
    let server = serve(answer, true).await;
    ask(&model(&server.address, &Transport::live(Scrubber::new()))).await.unwrap_err()
}

#[tokio::test]
async fn models_share_connections_and_keep_them() {
    let server = serve(http("200 OK", "", GOOD), false).await;
    let transport = Transport::live(Scrubber::new());
    for _ in 0..3 {
        let model = model(&server.address, &transport);
        for _ in 0..3 {
            ask(&model).await.unwrap();
        }
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_cut_connection_and_garbage_are_the_connections_failure() {
    let mut cut = http("200 OK", "", GOOD);
    cut.truncate(cut.len() - 10);
    assert_eq!(failure(cut).await.kind, Kind::Connection);
    assert_eq!(failure(b"\x00\x01 what?\r\n\r\n".to_vec()).await.kind, Kind::Connection);
    assert_eq!(failure(Vec::new()).await.kind, Kind::Dropped);
    let error = ask(&model("http://127.0.0.1:1/v1", &Transport::live(Scrubber::new()))).await.unwrap_err();
    assert_eq!(error.kind, Kind::Connection);
    assert!(error.message.starts_with("no connection could be made"), "{error}");
}

/// Keeps what is settled.
#[derive(Default)]
struct Settled(Mutex<Vec<Option<Spend>>>);

#[async_trait::async_trait]
impl Meter for Settled {
    async fn reserve(&self, _bound: Spend) -> Result<Ticket, Exhausted> {
        Ok(Ticket(0))
    }

    fn settle(&self, _ticket: Ticket, actual: Option<Spend>) {
        self.0.lock().unwrap().push(actual);
    }
}

#[tokio::test]
async fn a_refused_connection_spends_nothing_and_of_a_lost_one_nobody_knows() {
    let lost = serve(Vec::new(), true).await.address;
    let refused = "http://127.0.0.1:1/v1".to_owned();
    for (address, spent, kind) in [(refused, Some(Spend::ZERO), Kind::Connection), (lost, None, Kind::Dropped)] {
        let meter = Arc::new(Settled::default());
        let context = Context { meter: Some(meter.clone()), ..context() };
        let error = model(&address, &Transport::live(Scrubber::new())).respond(&request(), &context).await.unwrap_err();
        assert_eq!(error.kind, kind);
        assert_eq!(*meter.0.lock().unwrap(), [spent]);
        assert_eq!(error.measurement.cost, spent.and_then(|s| s.cost));
    }
}

#[tokio::test]
async fn a_connection_that_the_server_closed_after_keeping_it_is_made_anew_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/v1", listener.local_addr().unwrap());
    tokio::spawn(async move {
        // Every connection answers once, and closes when it is asked again.
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                take_request(&mut socket).await;
                socket.write_all(&http("200 OK", "", GOOD)).await.unwrap();
                take_request(&mut socket).await;
            });
        }
    });
    let model = model_with(&address, &Transport::live(Scrubber::new()), &json!({"retries": 1}));
    assert_eq!(ask(&model).await.unwrap().measurement.retries, 0);
    let measured = ask(&model).await.unwrap().measurement;
    assert_eq!((measured.retries, measured.waited_ms), (1, Some(0.0)));
}

#[tokio::test]
async fn connection_first_byte_and_further_bytes_have_their_times() {
    let times = |name: &str| json!({"timeout_seconds": {name: 0.2}});
    let transport = Transport::live(Scrubber::new());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = format!("http://{}/v1", listener.local_addr().unwrap());
    let error = ask(&model_with(&silent, &transport, &times("first_byte"))).await.unwrap_err();
    assert_eq!((error.kind, &*error.message), (Kind::TimedOut, "no answer began within 0.2 s"));
    let begun = serve(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_vec(), false).await.address;
    let error = ask(&model_with(&begun, &transport, &times("idle"))).await.unwrap_err();
    assert_eq!((error.kind, &*error.message), (Kind::TimedOut, "the answer stood still for 0.2 s"));
    let error = ask(&model_with(&begun, &transport, &times("total"))).await.unwrap_err();
    assert_eq!((error.kind, &*error.message), (Kind::TimeLimit, "the answer was not whole within 0.2 s"));
}

/// Linux lets nobody in where the line before a listener is full.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_connection_that_is_never_made_is_not_waited_for_longer_than_its_time() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut line = Vec::new();
    for _ in 0..4 {
        line.push(tokio::spawn(TcpStream::connect(address)));
        tokio::task::yield_now().await;
    }
    let settings = json!({"timeout_seconds": {"connect": 0.2}});
    let model = model_with(&format!("http://{address}/v1"), &Transport::live(Scrubber::new()), &settings);
    let error = ask(&model).await.unwrap_err();
    assert_eq!((error.kind, &*error.message), (Kind::TimedOut, "no connection could be made within 0.2 s"));
    assert_eq!(error.measurement.cost, Some(0.0));
    drop(line);
}

#[tokio::test]
async fn a_cut_chunked_stream_is_a_lost_connection_and_an_error_in_it_is_the_servers() {
    let stream = |data: &str| {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        format!("{head}{:x}\r\n{data}\r\n", data.len()).into_bytes()
    };
    assert_eq!(
        failure(stream("data: {\"choices\":[{\"delta\":{\"content\":\"H\"}}]}\n\n")).await.kind,
        Kind::Connection
    );
    let mut failed = stream("data: {\"error\":{\"message\":\"overloaded\",\"code\":503}}\n\n");
    failed.extend_from_slice(b"0\r\n\r\n");
    assert_eq!(failure(failed).await.kind, Kind::RateLimited);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let error = failure(http("302 Found", "location: http://127.0.0.1:1/\r\n", "")).await;
    assert_eq!((error.kind, error.status), (Kind::NotFound, Some(302)));
    assert!(error.to_string().contains("base_url"), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_refused() {
    let mut answer = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    answer.resize(33 << 20, b' ');
    let error = failure(answer).await;
    assert_eq!(error.kind, Kind::Unreadable);
    assert!(error.message.contains("32 MiB"), "{error}");
}
