//! What a report says first: its verdicts, in sentences.

use super::{Report, Standing};
use crate::compare::{by_itself, on, sentence};
use crate::gate::{conclusion, remarks};
use crate::number::{count, percent};
use mocktrial_analysis::compare::{Compared, Comparison, Scope};
use mocktrial_analysis::gate::Gated;
use mocktrial_analysis::{EndpointSummary, Estimate};

/// A verdict, with what it rests on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statement {
    /// How it stands.
    pub standing: Standing,
    /// The verdict, a sentence.
    pub head: String,
    /// Its figures, a sentence; empty where the head says it all.
    pub figures: String,
    /// What can be drawn of it.
    pub effect: Option<Effect>,
    /// What would settle it; empty where it is settled, or nobody knows.
    pub settle: String,
    /// What else is to be known of it, in a few words each.
    pub notes: Vec<String>,
}

/// A difference of rates that can be drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    /// The difference, from −1 to 1.
    pub delta: Estimate,
    /// The loss that is still acceptable, as a positive share; `None` where nothing is asked of it.
    pub margin: Option<f64>,
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// Who ranks first among several; nothing where there are two.
pub(crate) fn best(all: &Compared) -> Option<Statement> {
    if all.pairs.len() < 2 || all.ranks.is_empty() {
        return None;
    }
    let best: Vec<&str> = all.ranks.iter().filter(|r| r.best == 1).map(|r| &*r.endpoint).collect();
    let of = count(all.ranks.len() as u64, "endpoint");
    let (standing, head) = match best.as_slice() {
        [one] => (Standing::Good, format!("{one} is the best of {of} {}.", on(all.scope))),
        several => (Standing::Open, format!("Undecided which of {of} is best: {} may each be.", several.join(", "))),
    };
    Some(Statement { standing, head, ..Statement::default() })
}

impl Report {
    /// The verdicts: of each gate; else of each pair, led by who ranks first among several; else each run's rates.
    #[must_use]
    pub fn verdicts(&self) -> Vec<Statement> {
        if !self.gates.is_empty() {
            return self.gates.iter().map(|gate| self.gated(gate)).collect();
        }
        let Some(all) = &self.compared else { return self.passing() };
        let mut said = Vec::new();
        said.extend(best(all));
        let settle = |n: usize| self.settle.get(n).cloned().unwrap_or_default();
        said.extend(all.pairs.iter().enumerate().map(|(n, p)| self.pair(p, all.scope, all.confidence, settle(n))));
        said
    }

    fn passing(&self) -> Vec<Statement> {
        let one = |e: &EndpointSummary| {
            e.pass_rate.map_or_else(
                || format!("Nothing can be said of {}: none of its trials counts.", e.name),
                |r| {
                    let (value, low, high) = (percent(r.value), percent(r.low), percent(r.high));
                    format!("{} passes {value} % ({low}–{high} %) on these scenarios.", e.name)
                },
            )
        };
        let said = self.runs.iter().map(|run| match &run.refused {
            Some(why) => format!("No rates are claimed of {}: {why}.", run.run.name),
            None => run.endpoints.iter().map(one).collect::<Vec<_>>().join(" "),
        });
        said.map(|head| Statement { head, ..Statement::default() }).collect()
    }

    fn pair(&self, pair: &Comparison, scope: Scope, confidence: f64, settle: String) -> Statement {
        let (first, second) = (self.side(&pair.first), self.side(&pair.second));
        let (head, figures) = match (&pair.refused, &pair.delta) {
            (Some(why), _) => (format!("No answer for {first} against {second}: {why}."), String::new()),
            (None, Some(delta)) => {
                let said = sentence(pair, delta, (&first, &second), on(scope), &percent(confidence));
                match said.rsplit_once(": ") {
                    Some((head, figures)) => (format!("{head}."), capital(figures)),
                    None => (said, String::new()),
                }
            }
            (None, None) if pair.sequential.is_some() => (by_itself(pair), String::new()),
            (None, None) => (format!("Nothing of {first} and {second} can be compared."), String::new()),
        };
        let mut notes = vec![if pair.treatment.is_empty() {
            "nothing differs between the endpoints: a difference is chance, or the provider's".to_owned()
        } else {
            format!("what differs: {}", pair.treatment.join(", "))
        }];
        notes.push(format!("{} compared", count(pair.scenarios, "scenario")));
        if !pair.left_out.is_empty() {
            notes.push(format!("{} left out", count(pair.left_out.len() as u64, "scenario")));
        }
        let missing = pair.first.missing + pair.second.missing;
        if missing > 0 {
            notes.push(format!("{} without an outcome", count(missing, "trial")));
        }
        let unfinished = pair.first.unfinished + pair.second.unfinished;
        if unfinished > 0 {
            notes.push(format!("{} did not take place", count(unfinished, "planned trial")));
        }
        let (replayed, counted) =
            (pair.first.replayed + pair.second.replayed, pair.first.counted + pair.second.counted);
        if replayed > 0 {
            let of = count(counted, "trial");
            notes.push(format!("{replayed} of {of} replayed from recordings: no new evidence"));
        }
        let standing = if pair.refused.is_some() { Standing::Open } else { pair.verdict.into() };
        let effect = pair.delta.filter(|_| pair.refused.is_none()).map(|delta| Effect { delta, margin: None });
        Statement { standing, head, figures, effect, settle, notes }
    }

    fn gated(&self, gate: &Gated) -> Statement {
        let (head, settle) = conclusion(gate);
        let rate = &gate.rate;
        let (figures, effect) = match rate.delta.filter(|_| gate.refused.is_none()) {
            Some(d) => (
                format!(
                    "The pass rate differs by {} points ({} to {} at {} % confidence), and a loss of less than {} is accepted; \
                     {} compared.",
                    crate::number::points(d.value),
                    crate::number::points(d.low),
                    crate::number::points(d.high),
                    percent(rate.confidence),
                    crate::number::points(rate.margin).replace('+', ""),
                    super::pairs::units(rate.units, gate.scope),
                ),
                Some(Effect { delta: d, margin: Some(rate.margin) }),
            ),
            None => (String::new(), None),
        };
        Statement { standing: gate.answer.into(), head, figures, effect, settle, notes: remarks(gate) }
    }
}
