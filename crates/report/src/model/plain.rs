//! What a reader without statistics may take from a report, and forward.

use super::Report;
use crate::number::{count, percent, points};
use mocktrial_analysis::compare::PairVerdict;
use mocktrial_analysis::gate::{Answer, Gated};

/// Endpoints and pairs that are spoken of; the tables have the others.
const SPOKEN: usize = 6;

/// Points without a sign.
fn of(x: f64) -> String {
    points(x.abs()).replace(['+', '\u{2212}'], "")
}

impl Report {
    /// The whole in plain words, a sentence or two each.
    #[must_use]
    pub fn plain(&self) -> Vec<String> {
        let mut said: Vec<String> = Vec::new();
        for (r, run) in self.runs.iter().enumerate() {
            let ends: u64 = run.endpoints.iter().map(|e| e.finished).sum();
            said.push(format!(
                "{} tried {}, {} in all, with tools that were simulated.",
                match run.endpoints.as_slice() {
                    [one] => self.arm(r, &one.name),
                    several => format!("{} endpoints", several.len()),
                },
                count(run.scenarios.len() as u64, "task"),
                count(ends, "attempt")
            ));
            if let Some(why) = &run.refused {
                said.push(format!("No success rate is claimed: {why}."));
            }
            for e in run.endpoints.iter().filter(|e| self.is_asked_of(&run.run.name, &e.name)).take(SPOKEN) {
                if let Some(rate) = e.pass_rate {
                    said.push(format!(
                        "{} gets about {} in 100 attempts at these tasks right; anything from {} to {} would fit what was seen.",
                        self.arm(r, &e.name),
                        percent(rate.value),
                        percent(rate.low),
                        percent(rate.high)
                    ));
                }
            }
        }
        said.extend(self.gates.iter().map(gate));
        for pair in self.compared.iter().flat_map(|c| &c.pairs).take(SPOKEN) {
            let (Some(d), None) = (pair.delta, &pair.refused) else { continue };
            let (first, second) = (self.side(&pair.first), self.side(&pair.second));
            let spread = |low: f64, high: f64| format!("somewhere between {} and {}", of(low), of(high));
            said.push(match pair.verdict {
                PairVerdict::Better => format!(
                    "{first} does better than {second}: in 100 attempts it gets about {} more right ({}).",
                    of(d.value),
                    spread(d.low, d.high)
                ),
                PairVerdict::Worse => format!(
                    "{first} does worse than {second}: in 100 attempts it gets about {} fewer right ({}).",
                    of(d.value),
                    spread(d.high, d.low)
                ),
                PairVerdict::Undecided => format!(
                    "Whether {first} or {second} does better cannot be said from these attempts. That is not the same as saying \
                     that they are equal."
                ),
            });
        }
        let replayed: u64 = self.runs.iter().flat_map(|r| &r.endpoints).map(|e| e.replayed).sum();
        if replayed > 0 {
            said.push(format!(
                "{replayed} of the attempts were played back from recordings: they show how the tasks are graded, and nothing new \
                 of the model."
            ));
        }
        said.push("All of this holds for these tasks; others may turn out otherwise.".into());
        said
    }
}

impl Report {
    /// Whether an endpoint is what the report is about: where gates answer, others only stand by.
    fn is_asked_of(&self, run: &str, endpoint: &str) -> bool {
        let is = |g: &Gated| {
            (g.run == run && *g.endpoint == *endpoint) || (g.standard.run == run && *g.standard.endpoint == *endpoint)
        };
        self.gates.is_empty() || self.gates.iter().any(is)
    }
}

fn gate(gate: &Gated) -> String {
    let (endpoint, against, margin) = (&gate.endpoint, &gate.against, of(gate.rate.margin));
    if let Some(why) = &gate.refused {
        return format!("Whether {endpoint} may ship cannot be said: {why}.");
    }
    match gate.answer {
        Answer::NoWorse => format!(
            "Nothing speaks against shipping {endpoint}: in 100 attempts it does not get {margin} or more fewer right than \
             {against}, as far as these tasks tell."
        ),
        Answer::Regressed => {
            format!("{endpoint} should not ship as it is: it does worse than {against}, or breaks a rule.")
        }
        Answer::Inconclusive => format!(
            "These attempts are too few, or too mixed, to say whether {endpoint} has become worse than {against}. That is not the \
             same as saying that it has not."
        ),
    }
}
