//! The wire itself: one pool of connections behind reqwest.

use super::Route;
use crate::Kind;
use crate::error::Failure;
use bytes::Bytes;
use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::sync::{Mutex, PoisonError};
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
#[derive(Default)]
pub(crate) struct Clients(Mutex<HashMap<(bool, Duration), reqwest::Client>>);

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
    /// Sends a request and waits for the head of the response.
    pub(super) async fn send(&self, route: &Route, body: Bytes) -> Result<Incoming, Failure> {
        match self {
            Self::Http(clients) => {
                let client = match route.client.get() {
                    Some(client) => client,
                    None => {
                        let client = clients.for_route(route)?;
                        route.client.get_or_init(|| client)
                    }
                };
                let mut request = reqwest::Request::new(reqwest::Method::POST, route.url.clone());
                request.headers_mut().clone_from(&route.headers);
                *request.body_mut() = Some(body.into());
                client.execute(request).await.map(|r| Incoming::Http(Box::new(r))).map_err(|e| lost(&e, Some(route)))
            }
            #[cfg(test)]
            Self::Fake(fake) => fake.send(&body).await,
        }
    }
}

impl Clients {
    fn for_route(&self, route: &Route) -> Result<reqwest::Client, Failure> {
        let encrypted = route.url.scheme() == "https" || proxy_is_encrypted();
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&(encrypted, route.connect)) {
            return Ok(client.clone());
        }
        let client =
            build(encrypted, route.connect).map_err(|e| Failure::new(Kind::Bug, format!("no HTTP client: {e}")))?;
        clients.insert((encrypted, route.connect), client.clone());
        Ok(client)
    }
}

fn proxy_is_encrypted() -> bool {
    ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]
        .iter()
        .any(|name| std::env::var(name).is_ok_and(|value| value.starts_with("https:")))
}

/// The platform's verifier takes the system's authorities; on Linux also those that `SSL_CERT_FILE` and
/// `SSL_CERT_DIR` name.
fn build(encrypted: bool, connect: Duration) -> Result<reqwest::Client, Box<dyn Error>> {
    let builder = reqwest::Client::builder()
        .user_agent(concat!("mocktrial/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(connect)
        .pool_max_idle_per_host(usize::MAX)
        .pool_idle_timeout(Duration::from_secs(60))
        .tcp_nodelay(true);
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
    let mut certificate = false;
    let mut cause = error.source();
    while let Some(inner) = cause {
        certificate |= is_certificate(inner);
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
    Failure::new(Kind::Connection, format!("the connection was lost: {text}"))
}

/// Whether a cause, or what an I/O error wraps, is that the certificate does not hold.
fn is_certificate(error: &(dyn Error + 'static)) -> bool {
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(|e| e.get_ref()?.downcast_ref::<rustls::Error>());
    matches!(wrapped.or_else(|| error.downcast_ref()), Some(rustls::Error::InvalidCertificate(_)))
}

/// The provider's name for a request.
pub(super) fn request_id(headers: &Headers) -> Option<String> {
    ["x-request-id", "request-id", "apim-request-id", "cf-ray"]
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok())
        .map(|id| id.chars().take(128).collect())
}
