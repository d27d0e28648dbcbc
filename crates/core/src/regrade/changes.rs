//! What grading anew has changed.

use mocktrial_store::{Regrade, StoredEpisode};
use mocktrial_trajectory::{EpisodeKey, Grade, Outcome};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What came of grading a run anew.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Regraded {
    /// Episodes that were graded anew.
    pub episodes: u64,
    /// Those of them whose grades are not what they were.
    pub changed: u64,
    /// Those of them that have a criterion without a grade although they ended by the model's doing: an answer
    /// is missing, say.
    pub ungraded: u64,
    /// Episodes that keep their grades, because their scenario is stale, gone or not meant.
    pub kept: u64,
    /// Episodes whose trajectory cannot be read; they keep their grades.
    pub unreadable: u64,
    /// Scenarios whose world, state or messages have changed.
    pub stale: Vec<Arc<str>>,
    /// Scenarios that the suite does not have.
    pub gone: Vec<Arc<str>>,
    /// What changed, by scenario, endpoint and criterion.
    pub changes: Vec<Change>,
    /// How many episodes of each endpoint passed before and pass now, of how many that count.
    pub endpoints: BTreeMap<Arc<str>, [Passed; 2]>,
}

/// Passed, of those that count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Passed {
    /// How many passed.
    pub passed: u64,
    /// How many have an outcome.
    pub of: u64,
}

/// A criterion's grades that changed in the same way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The scenario.
    pub scenario: Arc<str>,
    /// The endpoint.
    pub endpoint: Arc<str>,
    /// The criterion, such as `expect[0]`.
    pub criterion: String,
    /// Its grader.
    pub grader: String,
    /// The outcome before; `none` where there was no such criterion.
    pub before: &'static str,
    /// The outcome now; `none` where there is no such criterion any more.
    pub after: &'static str,
    /// How many episodes.
    pub episodes: u64,
    /// The first of them.
    pub example: EpisodeKey,
    /// Why, in that one: the first evidence of its new grade.
    pub why: String,
}

type Place = (Arc<str>, Arc<str>, String, String, &'static str, &'static str);

/// What one grader thread has seen.
#[derive(Debug, Default)]
pub(super) struct Counting {
    sum: Regraded,
    changes: BTreeMap<Place, (u64, EpisodeKey, String)>,
}

impl Counting {
    pub(super) fn kept(&mut self, episode: &StoredEpisode) {
        self.sum.kept += 1;
        self.outcomes(&episode.row.key.endpoint, episode.row.passed, episode.row.passed);
    }

    pub(super) fn unreadable(&mut self) {
        self.sum.unreadable += 1;
    }

    /// Counts an episode; returns whether anything about it has changed.
    pub(super) fn add(&mut self, old: &StoredEpisode, new: &Regrade) -> bool {
        self.sum.episodes += 1;
        let infrastructure = old.row.end.is_infrastructure();
        let ungraded = |g: &Grade| matches!(g.outcome, Outcome::Ungraded { .. });
        self.sum.ungraded += u64::from(!infrastructure && new.grades.iter().any(ungraded));
        self.outcomes(&old.row.key.endpoint, old.row.passed, new.total.passed.filter(|_| !infrastructure));
        if old.grades == new.grades && old.asked == new.asked && old.row.score == new.total.score {
            return false;
        }
        let mut changed = false;
        // Criteria are known by what stands at their place: one that moved, or became another, is two.
        let place = |g: &Grade| (g.criterion.clone(), g.grader.clone());
        let before: BTreeMap<_, &Grade> = old.grades.iter().map(|g| (place(g), g)).collect();
        let after: BTreeMap<_, &Grade> = new.grades.iter().map(|g| (place(g), g)).collect();
        let gone = before.iter().filter(|(at, _)| !after.contains_key(*at)).map(|(at, old)| (at, Some(*old), None));
        let rest = after.iter().map(|(at, new)| (at, before.get(at).copied(), Some(*new)));
        for ((criterion, grader), was, is) in gone.chain(rest) {
            let (before, after) = (word(was), word(is));
            if before == after {
                continue;
            }
            changed = true;
            let key = &old.row.key;
            let at = (key.scenario.clone(), key.endpoint.clone(), criterion.clone(), grader.clone(), before, after);
            let why = is.or(was).and_then(|g| g.evidence.first()).map(|e| e.note.clone()).unwrap_or_default();
            merge(&mut self.changes, at, (1, key.clone(), why));
        }
        self.sum.changed += u64::from(changed);
        true
    }

    fn outcomes(&mut self, endpoint: &Arc<str>, before: Option<bool>, after: Option<bool>) {
        let [was, is] = self.sum.endpoints.entry(endpoint.clone()).or_default();
        for (sum, passed) in [(was, before), (is, after)] {
            sum.passed += u64::from(passed == Some(true));
            sum.of += u64::from(passed.is_some());
        }
    }

    pub(super) fn join(&mut self, other: Self) {
        let (sum, more) = (&mut self.sum, other.sum);
        sum.episodes += more.episodes;
        sum.changed += more.changed;
        sum.ungraded += more.ungraded;
        sum.kept += more.kept;
        sum.unreadable += more.unreadable;
        for (endpoint, both) in more.endpoints {
            let own = sum.endpoints.entry(endpoint).or_default();
            for (own, more) in own.iter_mut().zip(both) {
                own.passed += more.passed;
                own.of += more.of;
            }
        }
        for (at, found) in other.changes {
            merge(&mut self.changes, at, found);
        }
    }

    pub(super) fn finish(self, stale: Vec<Arc<str>>, gone: Vec<Arc<str>>) -> Regraded {
        let changes = self.changes.into_iter();
        let changes = changes
            .map(|((scenario, endpoint, criterion, grader, before, after), (episodes, example, why))| Change {
                scenario,
                endpoint,
                criterion,
                grader,
                before,
                after,
                episodes,
                example,
                why,
            })
            .collect();
        Regraded { stale, gone, changes, ..self.sum }
    }
}

/// Adds to a change; its example is the first episode by key, whichever thread saw it when.
fn merge(changes: &mut BTreeMap<Place, (u64, EpisodeKey, String)>, at: Place, found: (u64, EpisodeKey, String)) {
    let (count, key, why) = found;
    changes
        .entry(at)
        .and_modify(|own| {
            own.0 += count;
            if key < own.1 {
                own.1 = key.clone();
                own.2.clone_from(&why);
            }
        })
        .or_insert((count, key, why));
}

fn word(grade: Option<&Grade>) -> &'static str {
    match grade.map(|g| &g.outcome) {
        None => "none",
        Some(Outcome::Passed) => "passed",
        Some(Outcome::Failed) => "failed",
        Some(Outcome::Ungraded { .. }) => "ungraded",
    }
}
