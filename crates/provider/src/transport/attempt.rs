//! One attempt: reserve, send, receive within its times, read, settle.

use super::client::{Headers, request_id};
use super::{Job, Route, Transport, Understood, milliseconds};
use crate::error::Failure;
use crate::{Context, Kind, Meter, ProviderError, Spend, Ticket};
use bytes::Bytes;
use mocktrial_trajectory::{EndReason, Measurement};
use std::borrow::Cow;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// A body larger than this is refused.
pub(crate) const MAX_BODY: usize = 32 << 20;

/// How long an open connection may outlive a stream that says it is whole.
const GRACE: Duration = Duration::from_millis(500);

/// A whole response.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: Bytes,
    pub(crate) latency_ms: f64,
    pub(crate) first_byte_ms: f64,
}

impl Received {
    pub(super) fn measurement(&self) -> Measurement {
        Measurement {
            latency_ms: Some(self.latency_ms),
            first_byte_ms: Some(self.first_byte_ms),
            request_id: request_id(&self.headers),
            ..Measurement::default()
        }
    }
}

impl Failure {
    /// The error that ends a request to `host`, which is told where the failure is not the model's own.
    pub(crate) fn of(self, received: Option<&Received>, host: Option<&str>) -> ProviderError {
        let told = matches!(self.kind.end_reason(), EndReason::ProviderFailed | EndReason::ProviderRefused);
        let measurement = received.map(Received::measurement).unwrap_or_default();
        ProviderError {
            host: host.filter(|_| told).map(Into::into),
            status: received.map(|r| r.status),
            advice: self.advice,
            measurement: Box::new(Measurement { cost: self.unspent.then_some(0.0), ..measurement }),
            ..ProviderError::new(self.kind, self.message)
        }
    }

    pub(super) fn cancelled() -> Self {
        Self::new(Kind::Cancelled, "cancelled")
    }

    pub(super) fn deadline() -> Self {
        Self::new(Kind::TimeLimit, "the episode's real time ran out")
    }
}

/// A reservation, settled also where the attempt is dropped.
struct Reserved<'a>(Option<(&'a Arc<dyn Meter>, Ticket)>);

impl Reserved<'_> {
    fn settle(&mut self, actual: Option<Spend>) {
        if let Some((meter, ticket)) = self.0.take() {
            meter.settle(ticket, actual);
        }
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        self.settle(None);
    }
}

enum Stopped {
    Cancelled,
    Time,
}

impl Transport {
    /// The response, if there was one, and what came of it. The request is one `among` so many of its
    /// account. `ends` moves by the time spent waiting for the budget, which is not the provider's.
    pub(super) async fn attempt<T: Send>(
        &self,
        job: &Job<'_>,
        route: &Route,
        body: Bytes,
        among: u64,
        ends: &mut Instant,
        read: &(impl Fn(&Received) -> Result<Understood<T>, Failure> + Sync),
    ) -> (Option<Received>, Result<Understood<T>, Failure>) {
        let mut reserved = match self.reserve(job, body.len(), ends).await {
            Ok(reserved) => reserved,
            Err(failure) => return (None, Err(failure.unspent())),
        };
        let received = match self.receive(job, route, body, among, *ends).await {
            Ok(received) => received,
            Err(failure) => {
                reserved.settle(failure.unspent.then_some(Spend::ZERO));
                return (None, Err(failure));
            }
        };
        let result = match understood(&received, read) {
            Ok(understood) => {
                reserved.settle(understood.spent);
                Ok(understood)
            }
            Err(failure) => {
                reserved.settle(failure.unspent.then_some(Spend::ZERO));
                Err(failure)
            }
        };
        (Some(received), result)
    }

    async fn reserve<'a>(&self, job: &Job<'a>, bytes: usize, ends: &mut Instant) -> Result<Reserved<'a>, Failure> {
        let context = job.context;
        let Some(meter) = &context.meter else { return Ok(Reserved(None)) };
        let began = Instant::now();
        let reserving = meter.reserve((job.bound)(bytes));
        let ticket = tokio::select! {
            biased;
            ticket = reserving => ticket,
            () = context.cancel.cancelled() => return Err(Failure::cancelled()),
            () = sleep_until_some(context.deadline) => return Err(Failure::deadline()),
        };
        *ends += began.elapsed();
        let ticket = ticket.map_err(|exhausted| Failure::new(Kind::Budget, exhausted.to_string()))?;
        Ok(Reserved(Some((meter, ticket))))
    }

    async fn receive(
        &self,
        job: &Job<'_>,
        route: &Route,
        body: Bytes,
        among: u64,
        ends: Instant,
    ) -> Result<Received, Failure> {
        let context = job.context;
        let began = Instant::now();
        let latest = context.deadline.map_or(ends, |deadline| deadline.min(ends));
        let limit = latest.min(began + route.first_byte);
        let cancelled = pin!(context.cancel.cancelled());
        let timer = pin!(tokio::time::sleep_until(limit));
        let mut watch = Watch { cancelled, timer };
        let sent = watch.within(limit, self.wire.send(route, among, body)).await;
        let mut incoming = match sent {
            Ok(Ok(incoming)) => incoming,
            Ok(Err(failure)) => return Err(failure),
            Err(stopped) => {
                return Err(stopped.failure(context, route, ends, || {
                    let text = format!("no answer began within {} s", route.first_byte.as_secs_f64());
                    Failure::new(Kind::TimedOut, text)
                        .advise("raise `timeout_seconds.first_byte`, or set `stream = true`")
                }));
            }
        };
        let first_byte_ms = milliseconds(began.elapsed());
        let mut body = Collected::default();
        loop {
            let whole = (job.is_whole)(body.so_far());
            let limit = latest.min(Instant::now() + if whole { GRACE } else { route.idle });
            match watch.within(limit, incoming.chunk()).await {
                Ok(Ok(Some(chunk))) => match body.push(chunk) {
                    Err(_) if incoming.status() >= 300 => break,
                    pushed => pushed?,
                },
                Ok(Ok(None)) => break,
                // What the stream had to say is said; and an error's status says enough without the rest of it.
                Ok(Err(_)) | Err(Stopped::Time) if whole || incoming.status() >= 300 => break,
                Ok(Err(failure)) => return Err(failure),
                Err(stopped) => {
                    // A long answer may be the model's own doing: not a failure of the provider.
                    if matches!(stopped, Stopped::Time) && Instant::now() >= ends && latest == ends {
                        let text = format!("the answer was not whole within {} s", route.total.as_secs_f64());
                        return Err(Failure::new(Kind::TimeLimit, text).advise("raise `timeout_seconds.total`"));
                    }
                    return Err(stopped.failure(context, route, ends, || {
                        let text = format!("the answer stood still for {} s", route.idle.as_secs_f64());
                        Failure::new(Kind::TimedOut, text).advise("raise `timeout_seconds.idle`")
                    }));
                }
            }
        }
        let latency_ms = milliseconds(began.elapsed());
        let (status, headers) = incoming.into_head();
        // Before anything is read, so that a live reply is the one that its cassette will give.
        let whole = body.whole();
        let body = match self.scrubber.scrub_bytes(&whole) {
            Cow::Borrowed(_) => whole,
            Cow::Owned(clean) => Bytes::from(clean),
        };
        Ok(Received { status, headers, body, latency_ms, first_byte_ms })
    }
}

/// What the dialect makes of a response. One with an error status has cost nothing.
pub(super) fn understood<T>(
    received: &Received,
    read: impl Fn(&Received) -> Result<Understood<T>, Failure>,
) -> Result<Understood<T>, Failure> {
    read(received).map_err(|failure| Failure { unspent: received.status >= 300, ..failure })
}

pub(super) async fn sleep_until_some(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// What may end an attempt from outside: one listener and one timer for all the pieces of a
/// response, since a stream has thousands.
struct Watch<'a, C> {
    cancelled: Pin<&'a mut C>,
    timer: Pin<&'a mut Sleep>,
}

impl<C: Future<Output = ()>> Watch<'_, C> {
    /// Waits for something, but not beyond a moment or a cancellation. What is there already wins.
    async fn within<F: Future>(&mut self, limit: Instant, future: F) -> Result<F::Output, Stopped> {
        let mut future = pin!(future);
        // A timer that fires too early is set anew only then; one that would fire too late, now.
        if limit < self.timer.deadline() {
            self.timer.as_mut().reset(limit);
        }
        loop {
            tokio::select! {
                biased;
                output = &mut future => return Ok(output),
                () = &mut self.cancelled => return Err(Stopped::Cancelled),
                () = &mut self.timer => {
                    if Instant::now() >= limit {
                        return Err(Stopped::Time);
                    }
                    self.timer.as_mut().reset(limit);
                }
            }
        }
    }
}

impl Stopped {
    fn failure(self, context: &Context, route: &Route, ends: Instant, otherwise: impl FnOnce() -> Failure) -> Failure {
        let now = Instant::now();
        match self {
            Self::Cancelled => Failure::cancelled(),
            Self::Time if context.deadline.is_some_and(|deadline| now >= deadline) => Failure::deadline(),
            Self::Time if now >= ends => {
                let text = format!("no answer within {} s, all attempts together", route.total.as_secs_f64());
                let failure = Failure::new(Kind::TimedOut, text).advise("raise `timeout_seconds.total`");
                Failure { retry: false, ..failure }
            }
            Self::Time => otherwise(),
        }
    }
}

/// A body in the making: the one piece of a short response is not copied.
#[derive(Default)]
struct Collected {
    first: Bytes,
    rest: Vec<u8>,
}

impl Collected {
    fn push(&mut self, chunk: Bytes) -> Result<(), Failure> {
        if self.first.is_empty() && self.rest.is_empty() {
            self.first = chunk;
        } else {
            if self.rest.is_empty() {
                self.rest.extend_from_slice(&self.first);
            }
            self.rest.extend_from_slice(&chunk);
        }
        if self.first.len().max(self.rest.len()) > MAX_BODY {
            let text = format!("the answer is larger than {} MiB", MAX_BODY >> 20);
            return Err(Failure { retry: false, advice: None, ..Failure::new(Kind::Unreadable, text) });
        }
        Ok(())
    }

    fn so_far(&self) -> &[u8] {
        if self.rest.is_empty() { &self.first } else { &self.rest }
    }

    fn whole(self) -> Bytes {
        if self.rest.is_empty() { self.first } else { self.rest.into() }
    }
}
