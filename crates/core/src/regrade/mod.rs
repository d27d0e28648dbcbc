//! Grading stored episodes anew.
//!
//! A trajectory with its case is enough to grade: no world is run and no model on trial is asked. One
//! thread reads episodes, others grade them, and what has changed is written in one step at the end
//! of which everything is new, or nothing; memory does not grow with the number of episodes.
//!
//! An episode is *stale* where its scenario's tools, initial state or behaviour have changed since: what
//! happened in it says nothing on the world of today, so it keeps its grades.
//!
//! What graders ask is answered from the answers that were stored with the episode. A question that has
//! none leaves its criterion ungraded, unless [`ask`] has asked it before.

mod changes;

pub use changes::{Change, Passed, Regraded};

use crate::answering::{Asking, Known, Occasion, is_same};
use crate::ready::ReadyScenario;
use crate::record::{instrument, stored};
use changes::Counting;
use mocktrial_scoring::{Grading, Subject, total};
use mocktrial_store::{Asked, Regrade, Regrading, RunFile, Store, StoreError, StoredEpisode};
use mocktrial_trajectory::{EpisodeKey, Question, Trajectory};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// Episodes that may wait to be graded, and grades that may wait to be written.
const AHEAD: usize = 64;

/// Scenarios as they are now, by id; those of the run that they can grade.
pub struct Instruments<'a> {
    fresh: HashMap<Arc<str>, &'a Arc<ReadyScenario>>,
    /// Those whose criteria or references differ from the run's.
    changed: Vec<&'a Arc<ReadyScenario>>,
    stale: Vec<Arc<str>>,
    gone: Vec<Arc<str>>,
    /// Those who answer today.
    known: Known,
}

impl<'a> Instruments<'a> {
    /// The scenarios of a run, held against those of today.
    ///
    /// # Errors
    /// When the run cannot be read.
    pub fn new(file: &RunFile, scenarios: &'a [Arc<ReadyScenario>], known: Known) -> Result<Self, StoreError> {
        let now: HashMap<&str, &Arc<ReadyScenario>> = scenarios.iter().map(|s| (&*s.scenario.name, s)).collect();
        let mut found = Self { fresh: HashMap::new(), changed: Vec::new(), stale: Vec::new(), gone: Vec::new(), known };
        for old in file.scenarios()? {
            let name = old.name();
            let Some(ready) = now.get(&*name) else {
                found.gone.push(name);
                continue;
            };
            let today = instrument(ready);
            if today.world != old.instrument.world {
                found.stale.push(name);
                continue;
            }
            if today.criteria != old.instrument.criteria {
                found.changed.push(ready);
            }
            found.fresh.insert(name, ready);
        }
        Ok(found)
    }

    fn of(&self, key: &EpisodeKey) -> Option<&'a Arc<ReadyScenario>> {
        self.fresh.get(&key.scenario_name()).copied()
    }

    /// Leaves only scenarios whose criteria or references have changed.
    #[must_use]
    pub fn only_changed(mut self) -> Self {
        self.fresh = self.changed.iter().map(|s| (Arc::clone(&s.scenario.name), *s)).collect();
        self
    }

    /// The compiled criteria of those that can be graded anew.
    pub fn gradings(&self) -> impl Iterator<Item = &'a Grading> {
        self.fresh.values().map(|s| &s.grading)
    }
}

/// Grades a run's episodes anew. `keep` says whether the new grades are written; either way it is told what
/// has changed.
///
/// # Errors
/// When the run cannot be read or written; then every grade is as it was.
pub fn regrade(file: &RunFile, instruments: &Instruments<'_>, keep: bool) -> Result<Regraded, StoreError> {
    let counting = Mutex::new(Counting::default());
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get().min(8));
    let (episodes, waiting) = sync_channel::<StoredEpisode>(AHEAD);
    let waiting = Mutex::new(waiting);
    let (send, receive) = sync_channel::<Regrading>(AHEAD);
    let scenarios = instruments.changed.iter().map(|ready| stored(ready)).collect();
    let (read, written) = std::thread::scope(|scope| {
        let writer = scope.spawn(move || {
            if keep {
                return file.regrade(scenarios, receive);
            }
            receive.into_iter().for_each(drop);
            Ok(())
        });
        let reader = scope.spawn(move || {
            file.each_episode(&mut |episode| {
                // Nobody takes it where all graders have panicked.
                if episodes.send(episode).is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })
        });
        let graders: Vec<_> = (0..workers)
            .map(|_| {
                let send = send.clone();
                let (waiting, counting) = (&waiting, &counting);
                scope.spawn(move || grade_all(instruments, waiting, &send, counting))
            })
            .collect();
        let graded = graders.into_iter().map(std::thread::ScopedJoinHandle::join).all(|r| r.is_ok());
        let read = reader.join().unwrap_or(Err(StoreError::Abandoned));
        if graded && read.is_ok() {
            // The writer may have failed; then it says so itself.
            let _ = send.send(Regrading::Keep);
        }
        drop(send);
        (read, writer.join().unwrap_or(Err(StoreError::Abandoned)))
    });
    read?;
    written?;
    let counting = counting.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(counting.finish(instruments.stale.clone(), instruments.gone.clone()))
}

fn grade_all(
    instruments: &Instruments<'_>,
    waiting: &Mutex<Receiver<StoredEpisode>>,
    send: &SyncSender<Regrading>,
    counting: &Mutex<Counting>,
) {
    let mut own = Counting::default();
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(episode) = next else { break };
        let Some(ready) = instruments.of(&episode.row.key) else {
            own.kept(&episode);
            continue;
        };
        match regraded(&ready.grading, &instruments.known, &episode) {
            None => own.unreadable(),
            Some(new) => {
                let changed = own.add(&episode, &new);
                if changed && send.send(Regrading::Episode(Box::new(new))).is_err() {
                    break;
                }
            }
        }
    }
    counting.lock().unwrap_or_else(PoisonError::into_inner).join(own);
}

/// An episode's new grades; `None` where its trajectory cannot be read.
fn regraded(grading: &Grading, known: &Known, episode: &StoredEpisode) -> Option<Regrade> {
    let trajectory = Trajectory::from_json(&episode.trajectory).ok()?;
    let subject = Subject { trajectory: &trajectory, measurements: Some(&episode.measurements) };
    let (mut asked, open) = known.kept(grading.questions(&subject), &episode.asked);
    asked.extend(open.into_iter().map(|question| unanswered(question, &episode.asked)));
    let answers: Vec<_> = asked.iter().map(|a| a.answer.clone()).collect();
    let grades = grading.grade(&subject, &answers);
    let total = total(&grades);
    Some(Regrade { key: episode.row.key.clone(), grades, total, asked })
}

/// What is known of a question without an answer: why there was none, where the very same was asked.
fn unanswered(question: Question, before: &[Asked]) -> Asked {
    let same = before.iter().find(|a| is_same(&a.question, &question));
    let why = match same.map(|a| &a.answer.body) {
        Some(Err(why)) => why.clone(),
        _ => "there is no stored answer; `mocktrial grade --ask` asks".to_owned(),
    };
    let answer = mocktrial_trajectory::Answer { question: question.id.clone(), body: Err(why) };
    Asked { question, answer, respondent: None, measurement: None }
}

/// Asks what no stored answer tells, and stores the answers as they come. Returns how many questions were
/// asked, and how many of them have no answer still.
///
/// # Errors
/// When the run cannot be read or written; answers that were stored stay.
pub async fn ask(file: &RunFile, instruments: &Instruments<'_>, asking: &Asking) -> Result<(u64, u64), StoreError> {
    let (mut asked, mut failed) = (0, 0);
    for key in open(file, instruments)? {
        if asking.cancel.is_cancelled() {
            break;
        }
        let Some(ready) = instruments.of(&key) else { continue };
        let Some(episode) = file.episode(&key)? else { continue };
        let Ok(trajectory) = Trajectory::from_json(&episode.trajectory) else { continue };
        let subject = Subject { trajectory: &trajectory, measurements: Some(&episode.measurements) };
        let (_, questions) = instruments.known.kept(ready.grading.questions(&subject), &episode.asked);
        let occasion = Occasion {
            episode: &key,
            grading: &ready.grading,
            subject,
            meter: asking.meter.clone(),
            cancel: asking.cancel.clone(),
        };
        let answers = asking.respondents.answer(questions, &occasion).await;
        asked += answers.len() as u64;
        failed += answers.iter().filter(|a| a.answer.body.is_err()).count() as u64;
        let good: Vec<Asked> = answers.into_iter().filter(|a| a.answer.body.is_ok()).collect();
        if !good.is_empty() {
            file.keep_answers(&key, good)?;
        }
        // A cassette that cannot be written costs no answer: they are in the run file.
        if let Err(why) = asking.providers.end_episode(&key, true) {
            tracing::warn!(episode = %key, why, "the cassette cannot be written");
        }
    }
    Ok((asked, failed))
}

/// The episodes that have a question without a stored answer.
fn open(file: &RunFile, instruments: &Instruments<'_>) -> Result<Vec<EpisodeKey>, StoreError> {
    let mut found = Vec::new();
    file.each_episode(&mut |episode| {
        if let Some(ready) = instruments.of(&episode.row.key)
            && !ready.grading.asks().is_empty()
            && let Ok(trajectory) = Trajectory::from_json(&episode.trajectory)
        {
            let subject = Subject { trajectory: &trajectory, measurements: Some(&episode.measurements) };
            let (_, open) = instruments.known.kept(ready.grading.questions(&subject), &episode.asked);
            if !open.is_empty() {
                found.push(episode.row.key);
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}
