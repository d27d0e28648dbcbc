//! What the environment sets: authorities and proxies; and HTTP/2, which needs an authority.
//!
//! The environment belongs to a whole process, so each test runs itself again as a child, which asks what
//! its variables say, over loopback.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request as Asked, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use mocktrial_provider::{Context, Model, ProviderError, RemoteModel, Request, Scrubber, Transport};
use mocktrial_trajectory::{EpisodeKey, Message};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use serde_json::json;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;

const GOOD: &str = r#"{"choices":[{"message":{"content":"Hi."},"finish_reason":"stop"}]}"#;

// The child.

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Asks once, and then as often at once as it is told to, and prints what came of it.
#[tokio::test]
#[ignore = "runs as a child of the other tests"]
async fn child() {
    let config = json!({"model": "m", "base_url": variable("ASK_ADDRESS").unwrap(), "retries": 0});
    let transport = Transport::live(Scrubber::new());
    let model = RemoteModel::new("local", "chat", &serde_json::from_value(config).unwrap(), &transport).unwrap();
    let model = Arc::new(model);
    if let Err(error) = ask(&model).await {
        println!("failed: {error}");
        return;
    }
    let count: usize = variable("ASK_AT_ONCE").map_or(0, |count| count.parse().unwrap());
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..count {
        let model = Arc::clone(&model);
        asking.spawn(async move { ask(&model).await });
    }
    while let Some(asked) = asking.join_next().await {
        asked.unwrap().unwrap();
    }
    println!("answered: {}", count + 1);
}

async fn ask(model: &RemoteModel) -> Result<(), ProviderError> {
    let key = EpisodeKey { scenario: "a".into(), variant: "".into(), endpoint: "local".into(), trial: 1 };
    let request = Request { conversation: [Message::user("Hi")].into_iter().collect(), ..Request::default() };
    model.respond(&request, &Context::new(key)).await.map(drop)
}

// The parent.

/// What a child with these variables says.
async fn child_says(address: &str, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--ignored", "--nocapture"]).env("ASK_ADDRESS", address);
    for name in ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUEST_METHOD"] {
        command.env_remove(name);
    }
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command.envs(variables.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn says(output: &str, text: &str) {
    assert!(output.contains(text), "no `{text}` in:\n{output}");
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tls").join(name)
}

fn authority() -> String {
    fixture("authority.pem").to_str().unwrap().to_owned()
}

/// A server that answers every request alike. A request after the first is answered when so many wait.
#[derive(Default)]
struct Server {
    port: u16,
    connections: Mutex<u32>,
    /// The versions spoken, and the addresses asked for.
    seen: Mutex<BTreeSet<(String, String)>>,
    requests: Mutex<u32>,
    gather: Option<Barrier>,
}

impl Server {
    /// Serves TLS, with HTTP/2 if told so.
    async fn encrypted(http2: bool, gather: Option<usize>) -> Arc<Self> {
        let chain = CertificateDer::pem_file_iter(fixture("server.pem")).unwrap().map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(fixture("server.key")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        config.alpn_protocols = if http2 { vec![b"h2".to_vec(), b"http/1.1".to_vec()] } else { vec![] };
        Self::start(Some(tokio_rustls::TlsAcceptor::from(Arc::new(config))), gather).await
    }

    async fn start(tls: Option<tokio_rustls::TlsAcceptor>, gather: Option<usize>) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Arc::new(Self { port, gather: gather.map(Barrier::new), ..Self::default() });
        let serving = Arc::clone(&server);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (server, tls) = (Arc::clone(&serving), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => {
                            if let Ok(socket) = tls.accept(socket).await {
                                server.serve(socket).await;
                            }
                        }
                        None => server.serve(socket).await,
                    }
                });
            }
        });
        server
    }

    async fn serve(
        self: Arc<Self>,
        socket: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    ) {
        *self.connections.lock().unwrap() += 1;
        let answer = |asked: Asked<Incoming>| {
            let server = Arc::clone(&self);
            async move {
                let version = if asked.version() == Version::HTTP_2 { "HTTP/2" } else { "HTTP/1.1" };
                server.seen.lock().unwrap().insert((version.into(), asked.uri().to_string()));
                let before = {
                    let mut requests = server.requests.lock().unwrap();
                    *requests += 1;
                    *requests - 1
                };
                asked.into_body().collect().await.unwrap();
                if let (Some(gather), 1..) = (&server.gather, before) {
                    gather.wait().await;
                }
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(GOOD.as_bytes()))))
            }
        };
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http2().max_concurrent_streams(100);
        let _ = builder.serve_connection(TokioIo::new(socket), hyper::service::service_fn(answer)).await;
    }

    fn address(&self, scheme: &str) -> String {
        format!("{scheme}://127.0.0.1:{}/v1", self.port)
    }

    fn seen(&self) -> Vec<(String, String)> {
        self.seen.lock().unwrap().iter().cloned().collect()
    }

    fn connections(&self) -> u32 {
        *self.connections.lock().unwrap()
    }
}

#[tokio::test]
async fn many_requests_share_one_http2_connection() {
    let server = Server::encrypted(true, Some(60)).await;
    let variables = [("SSL_CERT_FILE", &*authority()), ("ASK_AT_ONCE", "60")];
    says(&child_says(&server.address("https"), &variables).await, "answered: 61");
    assert_eq!(server.connections(), 1);
    assert!(server.seen().iter().all(|(version, _)| version == "HTTP/2"));
}

#[tokio::test]
async fn more_requests_than_a_connection_takes_are_under_way_at_once_all_the_same() {
    let server = Server::encrypted(true, Some(250)).await;
    let variables = [("SSL_CERT_FILE", &*authority()), ("ASK_AT_ONCE", "250")];
    says(&child_says(&server.address("https"), &variables).await, "answered: 251");
}

#[tokio::test]
async fn a_server_without_http2_is_spoken_to_all_the_same() {
    let server = Server::encrypted(false, None).await;
    let variables = [("SSL_CERT_FILE", &*authority()), ("ASK_AT_ONCE", "5")];
    says(&child_says(&server.address("https"), &variables).await, "answered: 6");
    assert!(server.seen().iter().all(|(version, _)| version == "HTTP/1.1"));
}

#[tokio::test]
async fn an_authority_of_ones_own_is_taken_from_a_file_or_a_folder() {
    let server = Server::encrypted(true, None).await;
    let address = server.address("https");
    let folder = tempfile::tempdir().unwrap();
    // The name by which OpenSSL looks the authority up.
    std::fs::copy(fixture("authority.pem"), folder.path().join("d16d9218.0")).unwrap();
    let folder = folder.path().to_str().unwrap();
    for variable in [("SSL_CERT_FILE", &*authority()), ("SSL_CERT_DIR", folder)] {
        says(&child_says(&address, &[variable]).await, "answered: 1");
    }
    let other = fixture("another-authority.pem");
    let said = child_says(&address, &[("SSL_CERT_FILE", other.to_str().unwrap())]).await;
    says(&said, "failed: the server's certificate is not trusted");
    says(&said, "let `SSL_CERT_FILE` name the file");
}

/// A proxy that opens tunnels to one server, whoever is asked for, and keeps the first line of what it is told.
async fn tunnels(to: u16) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let told = Arc::new(Mutex::new(Vec::new()));
    let keeping = Arc::clone(&told);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let told = Arc::clone(&keeping);
            tokio::spawn(async move {
                let head = head_of(&mut socket).await;
                told.lock().unwrap().push(head.lines().next().unwrap_or_default().to_owned());
                let mut server = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
                socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut socket, &mut server).await;
            });
        }
    });
    (address, told)
}

/// Reads a head byte by byte, so that nothing of what follows is taken.
async fn head_of(socket: &mut TcpStream) -> String {
    use tokio::io::AsyncReadExt as _;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match socket.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

#[tokio::test]
async fn an_encrypted_address_is_reached_through_a_tunnel_of_the_proxy() {
    let server = Server::encrypted(true, None).await;
    let (proxy, told) = tunnels(server.port).await;
    let authority = authority();
    let names = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    for name in names {
        let said = child_says("https://model.test/v1", &[(name, &proxy), ("SSL_CERT_FILE", &authority)]).await;
        says(&said, "answered: 1");
    }
    assert_eq!(*told.lock().unwrap(), names.map(|_| "CONNECT model.test:443 HTTP/1.1"));
    assert_eq!(server.seen(), [("HTTP/2".to_owned(), "https://model.test/v1/chat/completions".to_owned())]);
}

#[tokio::test]
async fn a_plain_address_is_asked_for_at_the_proxy() {
    let proxy = Server::start(None, None).await;
    let address = format!("http://127.0.0.1:{}", proxy.port);
    let names = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
    for name in names {
        says(&child_says("http://model.test/v1", &[(name, &address)]).await, "answered: 1");
    }
    assert_eq!(proxy.seen(), [("HTTP/1.1".to_owned(), "http://model.test/v1/chat/completions".to_owned())]);
    assert_eq!(*proxy.requests.lock().unwrap(), 4);
}

#[tokio::test]
async fn what_needs_no_proxy_is_reached_directly() {
    let server = Server::start(None, None).await;
    let nobody = "http://127.0.0.1:1";
    for name in ["NO_PROXY", "no_proxy"] {
        let said = child_says(&server.address("http"), &[("HTTP_PROXY", nobody), (name, "127.0.0.1")]).await;
        says(&said, "answered: 1");
    }
    says(&child_says(&server.address("http"), &[("HTTP_PROXY", nobody)]).await, "failed: no connection could be made");
}
