//! The wire itself: one pool of connections behind reqwest.

use super::Route;
use crate::Kind;
use crate::error::Failure;
use bytes::Bytes;
use http_body_util::Full;
use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// The headers of a request or response.
pub(crate) type Headers = reqwest::header::HeaderMap;

/// What carries requests.
pub(crate) enum Wire {
    /// The network.
    Http(Clients),
    /// A test's own.
    #[cfg(test)]
    Fake(super::tests::Fake),
}

/// Clients are made when they are first needed: one for plain addresses and one for encrypted
/// ones, shared by all endpoints, so that connections are shared too. An endpoint that gives the
/// connection another time than the rest has clients of its own, since the time belongs to the client.
///
/// Over TLS, HTTP/2 is spoken with servers that offer it. A client has one such connection to a server, which
/// takes only so many streams at once; others would wait in the client unseen. So each further hundred requests of
/// an account that are under way at once has another client.
#[derive(Default)]
pub(crate) struct Clients(Mutex<HashMap<(bool, Duration, usize), reqwest::Client>>);

/// The requests that share an HTTP/2 connection: servers allow a hundred streams or more.
const STREAMS: u64 = 100;

/// The clients of a route, found when they are first needed.
pub(crate) type RouteClients = [OnceLock<reqwest::Client>; 16];

impl Default for Wire {
    fn default() -> Self {
        Self::Http(Clients::default())
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl Wire {
    /// Sends a request, one `among` so many of its account, and waits for the head of the response.
    pub(super) async fn send(&self, route: &Route, among: u64, body: Bytes) -> Result<Incoming, Failure> {
        match self {
            Self::Http(clients) => {
                let client = clients.for_request(route, among)?;
                let mut request = reqwest::Request::new(reqwest::Method::POST, route.url.clone());
                request.headers_mut().clone_from(&route.headers);
                // A body of this kind is let go once it is sent; of others reqwest keeps a copy until the answer
                // begins, to send it again by itself, which is not its business here.
                *request.body_mut() = Some(reqwest::Body::wrap(Full::new(body)));
                client.execute(request).await.map(|r| Incoming::Http(Box::new(r))).map_err(|e| lost(&e, Some(route)))
            }
            #[cfg(test)]
            Self::Fake(fake) => fake.send(&body).await,
        }
    }
}

impl Clients {
    fn for_request<'a>(&self, route: &'a Route, among: u64) -> Result<&'a reqwest::Client, Failure> {
        let https = route.url.scheme() == "https";
        let hundred = if https { usize::try_from(among.saturating_sub(1) / STREAMS).unwrap_or(usize::MAX) } else { 0 };
        let hundred = hundred.min(route.clients.len() - 1);
        let place = &route.clients[hundred];
        if let Some(client) = place.get() {
            return Ok(client);
        }
        let client = self.shared(https || proxy_is_encrypted(), route.connect, hundred)?;
        Ok(place.get_or_init(|| client))
    }

    fn shared(&self, encrypted: bool, connect: Duration, hundred: usize) -> Result<reqwest::Client, Failure> {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (encrypted, connect, hundred);
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        let client = build(encrypted, connect).map_err(|e| Failure::new(Kind::Bug, format!("no HTTP client: {e}")))?;
        clients.insert(key, client.clone());
        Ok(client)
    }
}

fn proxy_is_encrypted() -> bool {
    ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]
        .iter()
        .any(|name| std::env::var(name).is_ok_and(|value| value.starts_with("https:")))
}

/// Reqwest takes proxies from `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, in capitals or not.
/// The platform's verifier takes the system's authorities; on Linux also those that `SSL_CERT_FILE` and
/// `SSL_CERT_DIR` name.
fn build(encrypted: bool, connect: Duration) -> Result<reqwest::Client, Box<dyn Error>> {
    let builder = reqwest::Client::builder()
        .user_agent(concat!("mocktrial/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(connect)
        .pool_max_idle_per_host(usize::MAX)
        .pool_idle_timeout(Duration::from_secs(60))
        .tcp_nodelay(true)
        .http2_adaptive_window(true)
        // A connection that died without a word is found out while a long answer is waited for.
        .http2_keep_alive_interval(Duration::from_secs(30))
        .http2_keep_alive_timeout(Duration::from_secs(20))
        .http2_keep_alive_while_idle(false);
    let builder = if encrypted {
        // An error says that another provider was chosen before, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        builder
    } else {
        // Plain addresses need no certificates, and reading the system's takes milliseconds.
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        builder.tls_backend_preconfigured(tls)
    };
    Ok(builder.build()?)
}

/// A response whose body is still coming.
pub(super) enum Incoming {
    Http(Box<reqwest::Response>),
    #[cfg(test)]
    Fake(super::tests::FakeIncoming),
}

impl Incoming {
    /// The next piece of the body.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        match self {
            Self::Http(response) => response.chunk().await.map_err(|e| lost(&e, None)),
            #[cfg(test)]
            Self::Fake(fake) => fake.chunk().await,
        }
    }

    /// The status.
    pub(super) fn status(&self) -> u16 {
        match self {
            Self::Http(response) => response.status().as_u16(),
            #[cfg(test)]
            Self::Fake(fake) => fake.head.0,
        }
    }

    /// Status and headers.
    pub(super) fn into_head(self) -> (u16, Headers) {
        match self {
            Self::Http(mut response) => (response.status().as_u16(), std::mem::take(response.headers_mut())),
            #[cfg(test)]
            Self::Fake(fake) => fake.head,
        }
    }
}

const UNREACHABLE: &str = "see whether the server is running and `base_url` is right";

/// What a failure of the connection means; with the route while the response has not begun.
fn lost(error: &reqwest::Error, route: Option<&Route>) -> Failure {
    let mut text = String::new();
    let (mut certificate, mut garbled) = (false, false);
    let mut cause = error.source();
    while let Some(inner) = cause {
        certificate |= is_certificate(inner);
        garbled |= inner.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse);
        text = inner.to_string();
        cause = inner.source();
    }
    if text.is_empty() {
        text = "unknown".into();
    }
    if error.is_builder() {
        return Failure::new(Kind::Bug, format!("the request could not be made: {text}")).unspent();
    }
    if certificate {
        let failure = Failure::new(Kind::Connection, format!("the server's certificate is not trusted: {text}"))
            .advise("where its authority is your own, let `SSL_CERT_FILE` name the file that holds it");
        return Failure { retry: false, ..failure.unspent() };
    }
    if let (true, true, Some(route)) = (error.is_connect(), error.is_timeout(), route) {
        let text = format!("no connection could be made within {} s", route.connect.as_secs_f64());
        return Failure::new(Kind::TimedOut, text).advise(UNREACHABLE).unspent();
    }
    if error.is_connect() {
        let text = format!("no connection could be made: {text}");
        return Failure::new(Kind::Connection, text).advise(UNREACHABLE).unspent();
    }
    let kind = if route.is_some() && !garbled { Kind::Dropped } else { Kind::Connection };
    Failure::new(kind, format!("the connection was lost: {text}"))
}

/// Whether a cause is that the certificate does not hold. An I/O error hides what it wraps, and may wrap another.
fn is_certificate(mut error: &(dyn Error + 'static)) -> bool {
    while let Some(inner) = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        error = inner;
    }
    matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(_)))
}

/// The provider's name for a request.
pub(super) fn request_id(headers: &Headers) -> Option<String> {
    ["x-request-id", "request-id", "apim-request-id", "cf-ray"]
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok())
        .map(|id| id.chars().take(128).collect())
}
