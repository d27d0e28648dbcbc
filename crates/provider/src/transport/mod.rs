//! The transport that all dialects share: connections, attempts, time-outs and cassettes.

mod attempt;
mod backoff;
mod client;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use attempt::Received;
pub(crate) use client::Headers;

use crate::cassette::{Found, Neutral, Place};
use crate::error::Failure;
use crate::flow::{Accounts, Member, Outcome, Pass, Said};
use crate::{Action, Cassettes, Context, Kind, ProviderError, Scrubber, Spend};
use bytes::Bytes;
use client::{RouteClients, Wire};
use mocktrial_trajectory::Measurement;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Connections, retries and cassettes: one for a run, shared by all its models. Making one costs
/// nothing: no client exists before the first request that needs the network.
#[derive(Clone, Debug)]
pub struct Transport {
    scrubber: Scrubber,
    cassettes: Option<Arc<Cassettes>>,
    wire: Arc<Wire>,
    accounts: Arc<Accounts>,
}

/// Where and how an endpoint is reached.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) url: reqwest::Url,
    /// Host and port, for messages.
    pub(crate) host: String,
    pub(crate) headers: Headers,
    pub(crate) retries: u32,
    pub(crate) connect: Duration,
    pub(crate) first_byte: Duration,
    pub(crate) idle: Duration,
    pub(crate) total: Duration,
    /// The account that is asked, which other endpoints may share.
    pub(crate) account: Member,
    /// How many tokens a response is taken to have.
    pub(crate) output_tokens: u64,
    pub(crate) clients: RouteClients,
}

/// One request of a dialect.
pub(crate) struct Job<'a> {
    pub(crate) context: &'a Context,
    /// The most that one attempt with a body of so many bytes can spend.
    pub(crate) bound: &'a (dyn Fn(usize) -> Spend + Sync),
    /// The request in no dialect, for cassettes; nothing of it is hashed before they ask.
    pub(crate) neutral: Neutral<'a>,
    /// Where and what to send; not asked for a replay.
    pub(crate) route: &'a (dyn Fn() -> Result<Arc<Route>, Failure> + Sync),
    pub(crate) body: &'a (dyn Fn() -> Vec<u8> + Sync),
    /// Whether the bytes so far are a whole stream, though the connection stays open.
    pub(crate) is_whole: &'a (dyn Fn(&[u8]) -> bool + Sync),
}

/// What a dialect made of a response, and what it spent, as far as it says.
pub(crate) struct Understood<T> {
    pub(crate) value: T,
    pub(crate) spent: Option<Spend>,
    /// Whether its bytes may be kept: a secret that they spell in pieces cannot be taken out of them.
    pub(crate) keep: bool,
}

impl Transport {
    /// A transport to the network only.
    #[must_use]
    pub fn live(scrubber: Scrubber) -> Self {
        Self { scrubber, cassettes: None, wire: Arc::default(), accounts: Arc::default() }
    }

    /// A transport with cassettes.
    #[must_use]
    pub fn with_cassettes(scrubber: Scrubber, cassettes: Arc<Cassettes>) -> Self {
        Self { cassettes: Some(cassettes), ..Self::live(scrubber) }
    }

    /// The scrubber, for other sinks.
    #[must_use]
    pub fn scrubber(&self) -> &Scrubber {
        &self.scrubber
    }

    /// The cassettes, if there are any.
    #[must_use]
    pub fn cassettes(&self) -> Option<&Arc<Cassettes>> {
        self.cassettes.as_ref()
    }

    pub(crate) fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Whether every reply comes from a cassette, so that neither address nor key is needed.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        self.cassettes.as_ref().is_some_and(|c| c.mode() == crate::CassetteMode::Replay)
    }

    #[cfg(test)]
    pub(crate) fn on(wire: Wire, scrubber: Scrubber, cassettes: Option<Arc<Cassettes>>) -> Self {
        Self { scrubber, cassettes, wire: Arc::new(wire), accounts: Arc::default() }
    }

    /// Gets a response, from a cassette or from the wire, and what the dialect's `read` makes of it.
    pub(crate) async fn exchange<T>(
        &self,
        job: &Job<'_>,
        read: impl Fn(&Received) -> Result<Understood<T>, Failure> + Sync,
    ) -> Result<(T, Measurement), ProviderError>
    where
        T: Send,
    {
        let clean = |text: &mut String| {
            self.scrubber.clean(text);
        };
        match self.find_or_ask(job, &read).await {
            Ok((value, mut measurement)) => {
                measurement.request_id.iter_mut().for_each(clean);
                Ok((value, measurement))
            }
            Err(mut error) => {
                clean(&mut error.message);
                error.measurement.request_id.iter_mut().for_each(clean);
                Err(error)
            }
        }
    }

    async fn find_or_ask<T: Send>(
        &self,
        job: &Job<'_>,
        read: &(impl Fn(&Received) -> Result<Understood<T>, Failure> + Sync),
    ) -> Result<(T, Measurement), ProviderError> {
        if job.context.cancel.is_cancelled() {
            return Err(Failure::cancelled().unspent().of(None, None));
        }
        let mut place = None;
        if let Some(cassettes) = self.cassettes.as_ref().filter(|c| c.is_in_use()) {
            match cassettes.find(job.context, &job.neutral) {
                Found::Recorded(received) => {
                    let mut measurement = received.measurement();
                    measurement.replayed = true;
                    return match attempt::understood(&received, read) {
                        Ok(understood) => Ok((understood.value, measurement)),
                        Err(failure) => {
                            let mut error = failure.of(Some(&received), None);
                            error.measurement.replayed = true;
                            Err(error)
                        }
                    };
                }
                Found::Missing(miss) => return Err(miss.unspent().of(None, None)),
                Found::Free(free) => place = Some((cassettes, free)),
            }
        }
        let route = (job.route)().map_err(|f| f.unspent().of(None, None))?;
        self.ask(job, &route, read, place).await
    }

    /// Attempts until one succeeds or nothing more may be tried.
    async fn ask<T: Send>(
        &self,
        job: &Job<'_>,
        route: &Route,
        read: &(impl Fn(&Received) -> Result<Understood<T>, Failure> + Sync),
        mut place: Option<(&Arc<Cassettes>, Place)>,
    ) -> Result<(T, Measurement), ProviderError> {
        let mut ends = Instant::now() + route.total;
        let mut past = Past { retries: 0, waited: Duration::ZERO, dropped: false, unspent: true };
        loop {
            // Written anew for each attempt, so that nobody holds it while the answer is awaited.
            let body = Bytes::from((job.body)());
            let pass = match self.enter(job, route, body.len(), &mut ends, &mut past).await {
                Ok(pass) => pass,
                Err(failure) => return Err(past.of(failure.unspent().of(None, Some(&route.host)))),
            };
            let (received, result) = self.attempt(job, route, body, pass.among(), &mut ends, read).await;
            let headers = received.as_ref().map(|received| &received.headers);
            let said = headers.map(Said::of);
            let (received, failure) = match (received, result) {
                (Some(received), Ok(Understood { value, spent, keep })) => {
                    // Lets the connection return to its pool before whoever is next asks for one; else a new one
                    // would be made for a third of all requests.
                    tokio::task::yield_now().await;
                    pass.end(Outcome::Answered, spent.and_then(|spent| spent.tokens), said.as_ref());
                    if !keep {
                        tracing::warn!("an answer spells a secret in pieces: it is not kept in the cassette");
                    } else if let Some((cassettes, place)) = place {
                        cassettes.keep(job.context, place, &received);
                    }
                    return Ok((value, past.with(received.measurement())));
                }
                (received, Err(failure)) => (received, failure),
                (None, Ok(_)) => (None, Failure::new(Kind::Bug, "a reply without a response")),
            };
            past.unspent &= failure.unspent;
            let headers = received.as_ref().map(|received| &received.headers);
            let wait = backoff::wait(&failure, headers, job.context, past.retries, past.dropped);
            past.dropped |= failure.kind == Kind::Dropped;
            let outcome = match failure.kind {
                Kind::RateLimited => Outcome::Throttled { asked: backoff::asked(&failure, headers), wait },
                _ if received.is_none() && failure.unspent => Outcome::Unsent,
                _ if received.is_none() || failure.kind.is_retryable() => Outcome::Failed,
                _ => Outcome::Answered,
            };
            pass.end(outcome, failure.unspent.then_some(0), said.as_ref());
            let last = match wait {
                _ if past.retries >= route.retries => true,
                None => true,
                Some(wait) => {
                    let until = Instant::now() + wait;
                    if until >= ends || job.context.deadline.is_some_and(|d| until >= d) {
                        true
                    } else {
                        tokio::select! {
                            biased;
                            () = job.context.cancel.cancelled() => {
                                return Err(past.of(Failure::cancelled().of(None, None)));
                            }
                            () = tokio::time::sleep_until(until) => {}
                        }
                        past.waited += wait;
                        false
                    }
                }
            };
            if last {
                if let (Some((cassettes, place)), Some(received)) = (place.take(), &received)
                    && failure.kind.action() == Action::CountAgainstModel
                {
                    cassettes.keep(job.context, place, received);
                }
                return Err(past.of(failure.of(received.as_ref(), Some(&route.host))));
            }
            past.retries += 1;
            tracing::debug!(retries = past.retries, status = received.as_ref().map(|r| r.status), "trying again");
        }
    }

    /// Waits at the account's gate. `ends` moves by the time spent there, which is not the provider's.
    async fn enter<'a>(
        &self,
        job: &Job<'_>,
        route: &'a Route,
        bytes: usize,
        ends: &mut Instant,
        past: &mut Past,
    ) -> Result<Pass<'a>, Failure> {
        let tokens = (bytes as u64 / 4).saturating_add(route.output_tokens);
        if let Some(pass) = route.account.try_enter(tokens) {
            return Ok(pass);
        }
        let began = Instant::now();
        let entered = tokio::select! {
            biased;
            entered = route.account.enter(tokens, route.total) => entered.map_err(|_| {
                let text = format!("the provider did nothing but limit the rate for {} s", route.total.as_secs_f64());
                Failure::new(Kind::RateLimited, text)
            }),
            () = job.context.cancel.cancelled() => Err(Failure::cancelled()),
            () = attempt::sleep_until_some(job.context.deadline) => Err(Failure::deadline()),
        };
        let waited = began.elapsed();
        *ends += waited;
        past.waited += waited;
        entered
    }
}

/// The attempts so far.
struct Past {
    retries: u32,
    /// At the gate, and between attempts.
    waited: Duration,
    /// Whether the connection of one was lost before any byte of the answer came.
    dropped: bool,
    /// Whether it is known that none of them spent anything.
    unspent: bool,
}

impl Past {
    /// A measurement of the last attempt with what came before it.
    fn with(&self, last: Measurement) -> Measurement {
        let waited_ms = (self.retries > 0 || !self.waited.is_zero()).then(|| milliseconds(self.waited));
        Measurement { retries: self.retries, waited_ms, ..last }
    }

    /// The error that the last attempt ends in.
    fn of(&self, mut error: ProviderError) -> ProviderError {
        *error.measurement = Measurement { cost: self.unspent.then_some(0.0), ..self.with(*error.measurement) };
        error
    }
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
