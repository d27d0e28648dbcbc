//! The server: one request a connection, few connections, and none that lasts.

use super::pages::Pages;
use super::visitor::{Door, Wanted};
use crate::out::Out;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read as _};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Connections at once; others wait to be accepted.
const CONNECTIONS: usize = 32;
/// How long a visitor may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long an answer may take, with the page made anew.
const LONGEST: Duration = Duration::from_secs(300);
/// The largest head of a request, in bytes; hyper's own minimum.
const HEAD: usize = 16 * 1024;
/// What is read of a file at once.
const PIECE: usize = 64 * 1024;

/// Answers until it is dropped.
pub(super) async fn serve(listener: TcpListener, door: Arc<Door>, pages: Arc<Pages>, out: Out) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    while let Ok(place) = places.clone().acquire_owned().await {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            // Too many open files, say: they will be fewer.
            Err(_) => {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let (door, pages) = (door.clone(), pages.clone());
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let (door, pages) = (door.clone(), pages.clone());
                async move { Ok::<_, Infallible>(answer(&request, &door, &pages, out).await) }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(PATIENCE)
                .max_buf_size(HEAD)
                .max_headers(64)
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), service);
            // A visitor who breaks off, or is too slow, is not heard of again.
            let _ = tokio::time::timeout(LONGEST, connection).await;
            drop(place);
        });
    }
}

async fn answer(request: &Request<Incoming>, door: &Door, pages: &Arc<Pages>, out: Out) -> Response<Text> {
    let wanted = match door.admit(request) {
        Ok(wanted) => wanted,
        Err((status, why)) => return said(status, why),
    };
    let head = *request.method() == Method::HEAD;
    let pages = pages.clone();
    // Making a page takes as long as the run is large.
    let worked = tokio::task::spawn_blocking(move || match wanted {
        Wanted::Way(path) => way(&path),
        Wanted::Page => match pages.page() {
            Ok(file) => file_of(file, "text/html; charset=utf-8", head),
            Err(failure) => {
                out.error(format!("mocktrial: {}", failure.message));
                said(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "the report cannot be made; mocktrial says why where it was started",
                )
            }
        },
        Wanted::Chunk(page, chunk) => match pages.chunk(page, chunk) {
            Ok(file) => file_of(file, "text/javascript; charset=utf-8", head),
            Err(_) => said(StatusCode::NOT_FOUND, "there is nothing here; the page has been made anew, reload it"),
        },
    });
    worked.await.unwrap_or_else(|_| said(StatusCode::INTERNAL_SERVER_ERROR, "the report cannot be made"))
}

/// What every answer says: nothing is kept, framed, guessed at or told to others.
fn guarded(status: StatusCode, kind: &'static str, policy: &str, body: Text) -> Response<Text> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let fixed: [(HeaderName, &'static str); 8] = [
        (header::CONTENT_TYPE, kind),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (header::CONNECTION, "close"),
    ];
    let headers = response.headers_mut();
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";

fn said(status: StatusCode, text: &'static str) -> Response<Text> {
    let mut response = guarded(status, "text/plain; charset=utf-8", NOTHING, Text::Said(Some(text)));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}

fn way(path: &str) -> Response<Text> {
    let mut response = said(StatusCode::SEE_OTHER, "");
    if let Ok(path) = HeaderValue::from_str(path) {
        response.headers_mut().insert(header::LOCATION, path);
    }
    response
}

fn file_of(file: File, kind: &'static str, head: bool) -> Response<Text> {
    let Ok(left) = file.metadata().map(|m| m.len()) else {
        return said(StatusCode::INTERNAL_SERVER_ERROR, "the page cannot be read");
    };
    let policy = format!("{}; frame-ancestors 'none'", mocktrial_report::page_policy());
    let body = if head { Text::Said(None) } else { Text::File { file, left } };
    let mut response = guarded(StatusCode::OK, kind, &policy, body);
    response.headers_mut().insert(header::CONTENT_LENGTH, left.into());
    response
}

/// The body of an answer.
enum Text {
    Said(Option<&'static str>),
    /// A file, read piece by piece: it may be large.
    File {
        file: File,
        left: u64,
    },
}

impl Body for Text {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(match self.get_mut() {
            Self::Said(text) => text.take().map(|text| Ok(Frame::data(Bytes::from_static(text.as_bytes())))),
            Self::File { left: 0, .. } => None,
            Self::File { file, left } => {
                let mut piece = vec![0; PIECE.min(usize::try_from(*left).unwrap_or(PIECE))];
                Some(file.read_exact(&mut piece).map(|()| {
                    *left -= piece.len() as u64;
                    Frame::data(Bytes::from(piece))
                }))
            }
        })
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Self::Said(text) => text.map_or(0, |t| t.len() as u64),
            Self::File { left, .. } => *left,
        })
    }
}
