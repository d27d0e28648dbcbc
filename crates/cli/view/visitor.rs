//! Who may see the report, and what was asked for.
//!
//! Other people's pages in the same browser must not read it: the host must be this machine by one of three names (so that no
//! foreign name which is made to point here, *DNS rebinding*, gets an answer), no foreign origin may ask, and nothing but a
//! navigation may come from elsewhere. Other users of this machine must not read it either, and can connect as well as anybody:
//! the address holds a secret of 128 random bits. The arguments of a started browser can be seen by them; it is sent to another
//! address, which leads to the secret one once and then nowhere.

use hyper::header::{HOST, HeaderMap, HeaderValue, ORIGIN};
use hyper::{Method, Request, StatusCode};
use std::sync::atomic::{AtomicBool, Ordering};

/// What the address must hold.
pub(super) struct Door {
    port: u16,
    secret: String,
    once: String,
    used: AtomicBool,
}

/// What may be answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The page.
    Page,
    /// A file beside a page: the page's number, and its own.
    Chunk(u32, u32),
    /// The way to the page.
    Way(String),
}

/// Why nothing is answered.
pub(super) type Refusal = (StatusCode, &'static str);

fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}

impl Door {
    pub(super) fn new(port: u16) -> Result<Self, getrandom::Error> {
        Ok(Self { port, secret: random()?, once: random()?, used: AtomicBool::new(false) })
    }

    /// Where the page is.
    pub(super) fn address(&self) -> String {
        format!("http://127.0.0.1:{}{}", self.port, self.path())
    }

    /// What leads there, once.
    pub(super) fn once(&self) -> String {
        format!("http://127.0.0.1:{}/open/{}", self.port, self.once)
    }

    fn path(&self) -> String {
        format!("/{}/", self.secret)
    }

    /// What a request is for.
    pub(super) fn admit<B>(&self, request: &Request<B>) -> Result<Wanted, Refusal> {
        let headers = request.headers();
        let host = self.host(headers).filter(|_| request.uri().authority().is_none());
        let host = host.ok_or((StatusCode::MISDIRECTED_REQUEST, "this address is not served here"))?;
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Err((StatusCode::METHOD_NOT_ALLOWED, "there is only something to read"));
        }
        let foreign = (StatusCode::FORBIDDEN, "other pages may not read this");
        if headers.get_all(ORIGIN).iter().any(|o| o.as_bytes() != format!("http://{host}").as_bytes()) {
            return Err(foreign);
        }
        let says = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
        let own = matches!(says("sec-fetch-site"), None | Some(b"same-origin" | b"none"));
        let navigates = says("sec-fetch-mode") == Some(b"navigate") && says("sec-fetch-dest") == Some(b"document");
        if !own && !navigates {
            return Err(foreign);
        }
        self.read(request.uri().path())
    }

    /// The host that is named, where it is this one.
    fn host<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let mut all = headers.get_all(HOST).iter();
        let (Some(only), None) = (all.next(), all.next()) else { return None };
        let host = only.to_str().ok()?;
        let known = ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| host == format!("{name}:{}", self.port));
        known.then_some(host)
    }

    fn read(&self, path: &str) -> Result<Wanted, Refusal> {
        let nothing = (StatusCode::NOT_FOUND, "there is nothing here; the address that mocktrial printed is complete");
        let (first, rest) = path.strip_prefix('/').and_then(|p| p.split_once('/')).ok_or(nothing)?;
        if first == "open" && same(rest, &self.once) {
            if self.used.swap(true, Ordering::SeqCst) {
                return Err((
                    StatusCode::GONE,
                    "this way was used already; if not by you, by another user of this machine",
                ));
            }
            return Ok(Wanted::Way(self.path()));
        }
        if !same(first, &self.secret) {
            return Err(nothing);
        }
        if rest.is_empty() {
            return Ok(Wanted::Page);
        }
        // A path on disk is only ever made of two numbers.
        let names = rest.strip_suffix(".js").and_then(|r| r.split_once(".html.data/"));
        let number =
            |text: &str| (text.len() < 10 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?;
        match names.and_then(|(page, chunk)| Some((number(page)?, number(chunk)?))) {
            Some((page, chunk)) => Ok(Wanted::Chunk(page, chunk)),
            None => Err(nothing),
        }
    }
}

/// Whether they are the same; how long that takes says nothing of where they differ.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}
