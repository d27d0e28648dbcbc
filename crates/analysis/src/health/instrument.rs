//! Whether a scenario is reliable as an instrument: the same must be measured the same.
//!
//! Two trajectories are rarely equal byte by byte, because requests carry seeds and responses carry ids and token counts.
//! What graders look at is what was said and done: the *conduct*. Episodes of equal conduct must have equal grades, and
//! equal calls, from the first on, must have equal results.

use super::pool::{Item, Pool};
use super::{CONFIDENCE, Finding, SHARE, Sign};
use crate::AnalysisError;
use crate::arm::Arm;
use mocktrial_stats::betainc;
use mocktrial_store::{Store, StoredEpisode};
use mocktrial_trajectory::{Body, Cause, Digest, Outcome, ToolFailure, Trajectory};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Whom questions to judges are to.
const JUDGE: &str = "judge";

/// Graders whose word hangs on tokens and cost too, or may: theirs must be the same only where these are.
const OF_EFFORT: [&str; 9] = ["within", "metric", "efficiency", "script", "verify", "all", "any", "product", "mean"];

/// What episodes of a scenario tell of it.
#[derive(Default)]
struct Seen {
    /// By criterion and conduct: how often it was graded how, and the first episode that was.
    grades: BTreeMap<(String, String), HashMap<Digest, Graded>>,
    /// By criterion: answers of several judges, and how many were split.
    judged: BTreeMap<String, (u64, u64)>,
    /// By the calls up to one: its result.
    results: HashMap<Digest, Digest>,
    /// By tool: how often a result was not that of the same calls before, and an episode where.
    otherwise: BTreeMap<String, (u64, String)>,
    episodes: u64,
}

/// By grade: how often, and the first episode.
type Graded = BTreeMap<String, (u64, String)>;

/// The signs that scenarios are unreliable, by name.
pub(super) fn signs(
    runs: &[(&dyn Store, &[Arm])],
    pool: &Pool,
) -> Result<BTreeMap<Arc<str>, Vec<Sign>>, AnalysisError> {
    let mut seen: BTreeMap<Arc<str>, Seen> = BTreeMap::new();
    for (store, arms) in runs {
        let run = arms.first().map_or("", |arm| &arm.run);
        store.each_episode(&mut |episode| {
            let name = episode.row.key.scenario_name();
            let arm = arms.iter().find(|arm| arm.endpoint == episode.row.key.endpoint);
            let own = arm.and_then(|arm| arm.tasks.get(&name)).map(|task| task.instrument);
            if let Some((name, item)) = pool.items.get_key_value(&name)
                && own == Some(item.instrument)
                && episode.row.counts()
            {
                seen.entry(Arc::clone(name)).or_default().add(run, &episode);
            }
            ControlFlow::Continue(())
        })?;
    }
    let mut found = BTreeMap::new();
    let lost = lost(pool);
    for (name, item) in &pool.items {
        let mut own = seen.get(name).map_or_else(|| Ok(Vec::new()), Seen::signs)?;
        own.extend(infrastructure(item, lost, pool.items.len())?);
        found.insert(Arc::clone(name), own);
    }
    Ok(found)
}

impl Seen {
    fn add(&mut self, run: &str, episode: &StoredEpisode) {
        let named = format!("{run}: {}", episode.row.key);
        self.episodes += 1;
        self.judges(episode);
        let Ok(trajectory) = Trajectory::from_json(&episode.trajectory) else { return };
        let (conduct, effort) = conduct(&trajectory);
        for grade in &episode.grades {
            let word = match &grade.outcome {
                Outcome::Passed => "passed".to_owned(),
                Outcome::Failed => format!("failed with {:.9}", grade.score.unwrap_or(0.0)),
                Outcome::Ungraded { .. } => continue,
            };
            let key = if OF_EFFORT.contains(&grade.grader.as_str()) { effort } else { conduct };
            let by = self.grades.entry((grade.criterion.clone(), grade.grader.clone())).or_default();
            let entry = by.entry(key).or_default().entry(word).or_insert_with(|| (0, named.clone()));
            entry.0 += 1;
        }
        self.world(&trajectory, &named);
    }

    /// Whether judges of one criterion were of one mind.
    fn judges(&mut self, episode: &StoredEpisode) {
        let mut said: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        for asked in episode.asked.iter().filter(|a| a.question.to == JUDGE) {
            if let (Some((criterion, _)), Ok(body)) = (asked.question.id.split_once('/'), &asked.answer.body) {
                said.entry(criterion).or_default().push(body);
            }
        }
        for (criterion, answers) in said.into_iter().filter(|(_, answers)| answers.len() > 1) {
            let met = |body: &Value| -> BTreeMap<String, Option<bool>> {
                let each = body.as_object().into_iter().flatten();
                each.map(|(key, said)| (key.clone(), said.get("met").and_then(Value::as_bool))).collect()
            };
            let first = met(answers[0]);
            let (split, of) = self.judged.entry(criterion.to_owned()).or_default();
            *split += u64::from(answers.iter().any(|body| met(body) != first));
            *of += 1;
        }
    }

    /// Whether the world answers the same calls alike. Where faults were injected, it is not asked to.
    fn world(&mut self, trajectory: &Trajectory, named: &str) {
        if trajectory.events().iter().any(|e| matches!(e.body, Body::Fault { .. })) {
            return;
        }
        let mut results = HashMap::new();
        for event in trajectory.events() {
            if let Body::Result { call, content, failure, .. } = &event.body {
                results.insert(*call, (content, *failure));
            }
        }
        let mut calls = Digest::of_bytes(b"calls", b"");
        for event in trajectory.events() {
            let Body::Call { tool, arguments, .. } = &event.body else { continue };
            let Some((content, failure)) = results.get(&event.seq) else { break };
            if *failure == Some(ToolFailure::Skipped) {
                continue;
            }
            calls = Digest::of(&json!([calls.to_string(), tool, arguments.text]));
            let result = Digest::of(&json!([content, failure]));
            if *self.results.entry(calls).or_insert(result) != result {
                let entry = self.otherwise.entry(tool.clone()).or_insert_with(|| (0, named.to_owned()));
                entry.0 += 1;
                // What follows hangs on it.
                break;
            }
        }
    }

    fn signs(&self) -> Result<Vec<Sign>, AnalysisError> {
        let mut found = Vec::new();
        for ((criterion, grader), by) in &self.grades {
            let twice = || by.values().filter(|graded| graded.values().map(|(n, _)| n).sum::<u64>() > 1);
            let of: u64 = twice().flat_map(|graded| graded.values()).map(|(n, _)| n).sum();
            let minority = |graded: &Graded| {
                let most = graded.values().map(|(n, _)| *n).max().unwrap_or(0);
                graded.values().map(|(n, _)| n).sum::<u64>() - most
            };
            let otherwise: u64 = twice().map(minority).sum();
            if otherwise > 0 {
                let mut apart: Vec<&Graded> = twice().filter(|graded| graded.len() > 1).collect();
                // The order of a hash must not matter.
                apart.sort_by(|a, b| a.values().map(|(_, e)| e).min().cmp(&b.values().map(|(_, e)| e).min()));
                let examples = apart.first().map(|g| g.values().map(|(_, e)| e.clone()).take(2).collect());
                let finding = Finding::GradedOtherwise {
                    criterion: criterion.clone(),
                    grader: grader.clone(),
                    otherwise,
                    of,
                    examples: examples.unwrap_or_default(),
                };
                found.push(Sign { finding, established: true });
            }
        }
        for (tool, (episodes, example)) in &self.otherwise {
            let finding = Finding::WorldOtherwise {
                tool: tool.clone(),
                otherwise: *episodes,
                of: self.episodes,
                example: example.clone(),
            };
            found.push(Sign { finding, established: true });
        }
        for (criterion, (split, of)) in &self.judged {
            if *split > 0 {
                let probability = above(*split, *of, SHARE)?;
                let finding =
                    Finding::JudgesSplit { criterion: criterion.clone(), split: *split, of: *of, probability };
                found.push(Sign { finding, established: probability >= CONFIDENCE });
            }
        }
        Ok(found)
    }
}

/// A hash of what was said and done, and one with the tokens that it took.
fn conduct(trajectory: &Trajectory) -> (Digest, Digest) {
    let (mut said, mut effort) = (Vec::new(), Vec::new());
    for event in trajectory.events() {
        let kept = match &event.body {
            Body::Response { content, reasoning, calls, stop, usage, .. } => {
                effort.push(json!(usage));
                json!(["response", content, reasoning, calls, stop])
            }
            Body::Reported { usage } => {
                effort.push(json!(usage));
                continue;
            }
            Body::Call { tool, arguments, .. } => json!(["call", tool, arguments.text]),
            Body::Result { content, failure, .. } => json!(["result", content, failure]),
            Body::State { hash, .. } => json!(["state", hash]),
            Body::End { reason, .. } => json!(["end", reason, event.time_ms]),
            Body::User { .. } | Body::Say { .. } | Body::Fault { .. } | Body::Limit { .. } => json!(event.body),
            Body::Request { .. } | Body::Repair { .. } => continue,
            // What a later version wrote may matter to graders.
            _ => json!("unknown"),
        };
        said.push(kept);
    }
    let conduct = Digest::of(&Value::Array(said));
    (conduct, Digest::of(&json!([conduct.to_string(), effort])))
}

/// Trials that the provider or this machine kept from an outcome, of all that ended.
fn lost(pool: &Pool) -> (u64, u64) {
    pool.items.values().map(lost_of).fold((0, 0), |(a, b), (lost, of)| (a + lost, b + of))
}

fn lost_of(item: &Item) -> (u64, u64) {
    let lost = |cause: &Cause| matches!(cause, Cause::Provider | Cause::Harness);
    let count = |of: &dyn Fn(&Cause) -> bool| -> u64 {
        item.cells.iter().flat_map(|c| &c.excluded).filter(|(c, _)| of(c)).map(|(_, n)| u64::from(*n)).sum()
    };
    let counted: u64 = item.cells.iter().map(super::pool::Cell::counted).sum();
    (count(&lost), counted + count(&|_| true))
}

/// Whether trials are lost on this scenario: by its own fault, or more often than on the others, whose share is the
/// provider's. Where a provider loses trials at random, some of many scenarios loses most: so that it is called unreliable in
/// one of twenty such suites at most, and not for one in twenty of its scenarios, doubt is shared among them (Bonferroni). What
/// is less probable than not is no sign at all.
#[allow(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn infrastructure(item: &Item, (all_lost, all): (u64, u64), scenarios: usize) -> Result<Vec<Sign>, AnalysisError> {
    let mut found = Vec::new();
    let (lost, of) = lost_of(item);
    let faults: u64 = item.cells.iter().filter_map(|c| c.excluded.get(&Cause::Scenario)).map(|n| u64::from(*n)).sum();
    if faults > 0 {
        found.push(Sign { finding: Finding::ScenarioFault { faults, of }, established: true });
    }
    if lost > 0 {
        let others = if all > of { (all_lost - lost) as f64 / (all - of) as f64 } else { 0.0 };
        let probability = above(lost, of, others.max(SHARE))?;
        let finding = Finding::Infrastructure { lost, of, others, probability };
        let established = 1.0 - probability <= (1.0 - CONFIDENCE) / scenarios.max(1) as f64;
        if probability >= 0.5 {
            found.push(Sign { finding, established });
        }
    }
    Ok(found)
}

/// How probable it is that a share is above a threshold, after `k` of `n` and before that Jeffreys' prior.
#[allow(clippy::cast_precision_loss, reason = "counts far below 2^52")]
pub(super) fn above(k: u64, n: u64, threshold: f64) -> Result<f64, AnalysisError> {
    if threshold >= 1.0 {
        return Ok(0.0);
    }
    Ok(betainc((n - k) as f64 + 0.5, k as f64 + 0.5, 1.0 - threshold)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trajectory(events: Vec<Body>) -> Trajectory {
        let mut trajectory = Trajectory::default();
        events.into_iter().for_each(|body| {
            trajectory.push(0, body);
        });
        trajectory
    }

    fn call(order: &str) -> Body {
        let arguments = mocktrial_trajectory::Arguments::from_value(json!({"order": order}));
        Body::Call { id: "c".into(), tool: "get".into(), arguments }
    }

    fn result(call: u32, content: &str) -> Body {
        Body::Result { call, content: content.into(), failure: None, responder: None }
    }

    #[test]
    fn the_world_must_answer_the_same_calls_alike_and_other_calls_as_it_likes() {
        let mut seen = Seen::default();
        seen.world(&trajectory(vec![call("1"), result(0, "sent")]), "first");
        seen.world(&trajectory(vec![call("2"), result(0, "lost")]), "second");
        // After other calls, the state may be another.
        seen.world(&trajectory(vec![call("2"), result(0, "lost"), call("1"), result(2, "gone")]), "third");
        assert!(seen.otherwise.is_empty());
        seen.world(&trajectory(vec![call("1"), result(0, "gone")]), "fourth");
        assert_eq!(seen.otherwise["get"], (1, "fourth".to_owned()));
        let faulty = Body::Fault { fault: "timeout".into(), call: None };
        seen.world(&trajectory(vec![faulty, call("1"), result(1, "nothing")]), "fifth");
        assert_eq!(seen.otherwise["get"].0, 1);
    }

    #[test]
    fn how_probable_a_share_is_follows_the_trials() {
        assert!(above(3, 8, 0.1).unwrap() > 0.95);
        assert!(above(1, 8, 0.1).unwrap() < 0.95);
        assert!(above(0, 8, 0.1).unwrap() < 0.3);
        assert_eq!(above(8, 8, 1.0).unwrap(), 0.0);
    }
}
