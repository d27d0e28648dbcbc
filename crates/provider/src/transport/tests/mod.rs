//! A wire of the tests' own, so that time can be paused: with real sockets it would run away.

use super::client::{Headers, Incoming};
use crate::Kind;
use crate::error::Failure;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

/// What the wire does with one attempt.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// A piece of the body.
    Give(&'static str),
    /// Time passes.
    Wait(Duration),
    /// The connection is lost.
    Cut,
    /// Nothing comes any more.
    Hang,
}

/// An attempt's answer; without a head the connection fails at once, or hangs.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) head: Option<(u16, Vec<(&'static str, &'static str)>)>,
    pub(crate) acts: Vec<Act>,
}

impl Answer {
    pub(crate) fn of(status: u16, body: &'static str) -> Self {
        Self { head: Some((status, Vec::new())), acts: vec![Act::Give(body)] }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &'static str) -> Self {
        if let Some((_, headers)) = &mut self.head {
            headers.push((name, value));
        }
        self
    }
}

/// Answers attempts in order and keeps what was sent.
#[derive(Default)]
pub(crate) struct Fake {
    pub(crate) answers: Mutex<VecDeque<Answer>>,
    pub(crate) sent: std::sync::Arc<Mutex<Vec<Bytes>>>,
}

pub(crate) struct FakeIncoming {
    pub(crate) head: (u16, Headers),
    acts: VecDeque<Act>,
}

impl Fake {
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self { answers: Mutex::new(answers.into_iter().collect()), sent: Default::default() }
    }

    pub(super) async fn send(&self, body: &Bytes) -> Result<Incoming, Failure> {
        self.sent.lock().unwrap().push(body.clone());
        let answer = self.answers.lock().unwrap().pop_front();
        let Some(answer) = answer else { return Err(Failure::new(Kind::Bug, "the test expected no further attempt")) };
        let mut acts: VecDeque<Act> = answer.acts.into();
        let dropped = |failure: Failure| Failure { kind: Kind::Dropped, ..failure };
        let Some((status, headers)) = answer.head else {
            perform(&mut acts).await.map_err(dropped)?;
            return Err(Failure::new(Kind::Connection, "no connection could be made").unspent());
        };
        while let Some(Act::Wait(_) | Act::Hang | Act::Cut) = acts.front() {
            perform_one(&mut acts).await.map_err(dropped)?;
        }
        let mut map = Headers::new();
        for (name, value) in headers {
            map.insert(name, value.parse().unwrap());
        }
        Ok(Incoming::Fake(FakeIncoming { head: (status, map), acts }))
    }
}

async fn perform_one(acts: &mut VecDeque<Act>) -> Result<Option<Bytes>, Failure> {
    match acts.pop_front() {
        None => Ok(None),
        Some(Act::Give(text)) => Ok(Some(Bytes::from_static(text.as_bytes()))),
        Some(Act::Wait(time)) => {
            tokio::time::sleep(time).await;
            Ok(Some(Bytes::new()))
        }
        Some(Act::Cut) => Err(Failure::new(Kind::Connection, "the connection was lost")),
        Some(Act::Hang) => std::future::pending().await,
    }
}

async fn perform(acts: &mut VecDeque<Act>) -> Result<(), Failure> {
    while !acts.is_empty() {
        perform_one(acts).await?;
    }
    Ok(())
}

impl FakeIncoming {
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            match perform_one(&mut self.acts).await {
                Ok(Some(bytes)) if bytes.is_empty() => {}
                other => return other,
            }
        }
    }
}

/// A wire that is this.
pub(crate) fn wire(fake: Fake) -> super::client::Wire {
    super::client::Wire::Fake(fake)
}
