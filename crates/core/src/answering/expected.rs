//! About what judges will be asked, and what that may cost, before anybody is.

use super::{ATTEMPTS, Respondents};
use crate::episode;
use crate::ready::{ReadyEndpoint, ReadyScenario, probe_driver};
use crate::suite::{Limits, Probe};
use mocktrial_provider::Cancel;
use mocktrial_scoring::{JUDGE, Subject};

/// Turns of an episode that nothing limits.
const TURNS: u32 = 30;

/// About what a judge is asked in one episode of a scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected {
    /// The judge.
    pub judge: String,
    /// How many questions.
    pub questions: u64,
    /// In dollars: from what they cost of an episode as long as the reference, to what they may cost of one as long
    /// as its limits allow, each question asked again for an answer that cannot be read. `None` where the price or
    /// the longest answer is not known. As for endpoints it is an estimate: only a budget is a bound.
    pub cost: Option<(f64, f64)>,
}

impl Respondents {
    /// What judges are to be asked in an episode of a scenario, one entry for each judge.
    ///
    /// The first reference is played to know how long a record is; without one, an episode of nothing.
    pub async fn expected(&self, ready: &ReadyScenario, project: Limits) -> Vec<Expected> {
        if !ready.grading.asks().iter().any(|(_, ask)| ask.to == JUDGE) {
            return Vec::new();
        }
        let steps = ready.scenario.references.first().map_or(0, |reference| reference.steps().len());
        let probe = if steps == 0 { Probe::Null } else { Probe::Reference };
        let limits = ReadyEndpoint::limits(&ready.scenario, project);
        let system = ready.scenario.system.as_deref().map(Into::into);
        let (driver, cancel) = (probe_driver(probe, ready), Cancel::never());
        let played = Box::pin(episode::play(ready, driver.as_ref(), system, Limits::default(), &cancel)).await;
        let subject = Subject { trajectory: &played.trajectory, measurements: Some(&played.measurements) };
        let turns = f64::from(limits.turns.unwrap_or(TURNS));
        let steps = f64::from(u32::try_from(steps).unwrap_or(u32::MAX).max(1));
        let mut found: Vec<Expected> = Vec::new();
        for question in ready.grading.questions(&subject).into_iter().filter(|q| q.to == JUDGE) {
            let Some((name, model)) = self.judge_of(&question) else { continue };
            let bound = model.bound(&self.judge_request(&question)).cost;
            // A token is about four bytes of text, and the bound takes one for each byte.
            let cost = bound.map(|bound| (bound / 4.0, bound * (turns / steps).max(1.0) * f64::from(ATTEMPTS)));
            match found.iter_mut().find(|known| known.judge == name) {
                Some(known) => {
                    known.questions += 1;
                    known.cost = known.cost.zip(cost).map(|((a, b), (low, high))| (a + low, b + high));
                }
                None => found.push(Expected { judge: name.to_owned(), questions: 1, cost }),
            }
        }
        found
    }
}
