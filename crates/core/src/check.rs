//! Proves a scenario's criteria on agents that must pass or fail.
//!
//! The reference must pass, within the limits of an episode. The probes must fail; only `null`,
//! `echo` and `refuse` may pass, and only where the scenario says that inaction is right. It is the
//! criteria that must fail them, so no limit but that on real time ends their episodes.

use crate::episode::{self, Graded};
use crate::ready::{ReadyEndpoint, ReadyScenario, probe_driver};
use crate::suite::{Limits, Mistake, Probe, Scenario, Step};
use mocktrial_provider::Cancel;
use mocktrial_trajectory::{EpisodeKey, Grade, Outcome, Pointer};
use std::sync::Arc;

/// The probes in the order in which they are run.
pub const PROBES: [Probe; 6] = [Probe::Reference, Probe::Null, Probe::Echo, Probe::Refuse, Probe::Spam, Probe::Dump];

/// What a scenario's criteria made of the probes.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The scenario's id.
    pub scenario: Arc<str>,
    /// Whether each probe passed; `None` where it could not be graded. `reference` is left out
    /// where the scenario has none.
    pub probes: Vec<(Probe, Option<bool>)>,
    /// What is wrong with that.
    pub mistakes: Vec<Mistake>,
    /// What could not be proved, and is no mistake.
    pub warnings: Vec<Mistake>,
}

/// Runs the probes on a scenario, each reference included.
pub async fn prove(ready: &ReadyScenario, project: Limits) -> Proof {
    let scenario = &ready.scenario;
    let limits = ReadyEndpoint::limits(scenario, project);
    let unlimited = Limits { real_seconds: limits.real_seconds, ..Limits::default() };
    let mut probes = Vec::new();
    let mut mistakes = Vec::new();
    for probe in PROBES {
        if probe == Probe::Reference {
            let Some(passed) = prove_references(ready, limits, &mut mistakes).await else { continue };
            probes.push((probe, passed));
            continue;
        }
        let record = play(ready, probe_driver(probe, ready).as_ref(), unlimited).await;
        let passed = record.record.row.passed;
        probes.push((probe, passed));
        let allowed = scenario.inaction && matches!(probe, Probe::Null | Probe::Echo | Probe::Refuse);
        let at = Pointer::default().child("expect");
        if passed == Some(true) && !allowed {
            mistakes.push(scenario.mistake_at(
                &at,
                format!("the probe `{}` passes: {}", name(probe), meaning(probe)),
                Some(advice(probe).to_owned()),
            ));
        } else if passed.is_none() {
            mistakes.push(scenario.mistake_at(
                &at,
                format!("the probe `{}` could not be graded: {}", name(probe), why(&record)),
                Some("what any agent may do must end in a grade: the world must answer every valid call".to_owned()),
            ));
        }
    }
    Proof { scenario: Arc::clone(&scenario.id), probes, mistakes, warnings: unproved(scenario).into_iter().collect() }
}

/// What nothing shows of a scenario without a reference.
fn unproved(scenario: &Scenario) -> Option<Mistake> {
    scenario.references.is_empty().then(|| {
        let message = "there is no reference, so nothing shows that any agent can pass";
        let hint = "add an accepted way through under `reference`; `check` walks it";
        scenario.mistake_at(&Pointer::default().child("expect"), message, Some(hint.to_owned())).warning()
    })
}

async fn prove_references(ready: &ReadyScenario, limits: Limits, mistakes: &mut Vec<Mistake>) -> Option<Option<bool>> {
    let scenario = &ready.scenario;
    let mut all = None;
    for (index, steps) in scenario.references.iter().enumerate() {
        let driver = reference(ready, steps.clone());
        let record = play(ready, driver.as_ref(), limits).await;
        let passed = record.record.row.passed;
        if passed != Some(true) {
            let at = if scenario.references.len() > 1 {
                Pointer::default().child("references").child(index)
            } else {
                Pointer::default().child("reference")
            };
            mistakes.push(scenario.mistake_at(
                &at,
                format!("the reference does not pass: {}", why(&record)),
                Some("either the criterion asks for more than the author accepts, or the reference leaves something out".to_owned()),
            ));
        }
        all = Some(match (all, passed) {
            (None, passed) => passed,
            (Some(Some(true)), passed) => passed,
            (Some(earlier), _) => earlier,
        });
    }
    all
}

fn reference(ready: &ReadyScenario, steps: Vec<Step>) -> Box<dyn crate::driver::Driver> {
    Box::new(crate::driver::ProbeDriver::new(Probe::Reference, steps, Vec::new(), ready.world_seed))
}

async fn play(ready: &ReadyScenario, driver: &dyn crate::driver::Driver, limits: Limits) -> Graded {
    let scenario = &ready.scenario;
    let finished =
        episode::play(ready, driver, scenario.system.as_deref().map(Arc::from), limits, &Cancel::never()).await;
    let key = EpisodeKey { scenario: Arc::clone(&scenario.id), variant: "".into(), endpoint: "probe".into(), trial: 1 };
    episode::graded(ready, key, 0, ready.world_seed, finished)
}

/// Why an episode did not pass: its first failed or ungraded criterion, in words.
fn why(Graded { record, detail }: &Graded) -> String {
    let said = |grade: &Grade| {
        let note = grade.evidence.first().map_or("no evidence", |e| e.note.as_str());
        format!("`{}` ({}): {note}", grade.criterion, grade.grader)
    };
    let first = record.grades.iter().find(|g| g.outcome == Outcome::Failed);
    let first = first.or_else(|| record.grades.iter().find(|g| !g.outcome.passed()));
    let detail = detail.as_ref().map(|d| format!(" ({d})")).unwrap_or_default();
    first.map_or_else(|| "it has no grade".to_owned(), said) + &detail
}

/// The word for a probe.
#[must_use]
pub fn name(probe: Probe) -> &'static str {
    match probe {
        Probe::Reference => "reference",
        Probe::Null => "null",
        Probe::Echo => "echo",
        Probe::Refuse => "refuse",
        Probe::Spam => "spam",
        Probe::Dump => "dump",
    }
}

fn meaning(probe: Probe) -> &'static str {
    match probe {
        Probe::Reference => "the criteria accept what the author accepts",
        Probe::Null => "an agent that does and says nothing meets every criterion",
        Probe::Echo => "an agent that repeats the user meets every criterion",
        Probe::Refuse => "an agent that declines whatever it is asked meets every criterion",
        Probe::Spam => "an agent that calls every tool with made-up arguments meets every criterion",
        Probe::Dump => "an agent that recites the whole world without a call meets every criterion",
    }
}

fn advice(probe: Probe) -> &'static str {
    match probe {
        Probe::Null | Probe::Echo | Probe::Refuse => {
            "add a criterion that needs the work to be done, or say `inaction: true` if doing nothing is right"
        }
        _ => "add a criterion that forbids it, such as `format: clean`, `at_most`, `within`, or `calls: as_reference`",
    }
}
