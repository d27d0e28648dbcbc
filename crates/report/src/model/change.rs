//! What has changed from one side to the other, beside the rate.

use super::{Column, Datum, Report, Sheet};
use crate::compare::{parting, times};
use crate::number::{money, percent, short, time};
use mocktrial_analysis::compare::Flip;
use mocktrial_analysis::{EndpointSummary, gate::Gated};
use std::sync::Arc;

/// A scenario on which the two sides of a verdict differ.
#[derive(Clone, Debug)]
pub(crate) struct Flipped<'a> {
    /// The scenario's name.
    pub(crate) scenario: &'a str,
    /// Its id.
    pub(crate) id: &'a str,
    /// What is judged, and what it is held against.
    pub(crate) name: String,
    pub(crate) against: String,
    /// k/n of what it is held against, and of what is judged.
    pub(crate) before: String,
    pub(crate) after: String,
    /// Whether what is judged does worse on it.
    pub(crate) worse: bool,
    /// Where their trials part; empty where that is unknown.
    pub(crate) parting: String,
}

/// Whether a scenario passes less often on the first side.
pub(crate) fn worse(flip: &Flip) -> bool {
    u64::from(flip.first.0) * u64::from(flip.second.1) < u64::from(flip.second.0) * u64::from(flip.first.1)
}

/// A scenario that passed every one of several trials, and now passes some and fails others.
fn newly_flaky(flip: &Flip) -> bool {
    let ((k, n), (before, of)) = (flip.first, flip.second);
    k > 0 && k < n && before == of && of > 1
}

impl Sheet {
    /// A table of flips in the order of time: what it is held against, and then what is judged.
    #[must_use]
    pub(crate) fn turned(mut self) -> Self {
        if self.columns.len() > 2 {
            self.columns.swap(1, 2);
            self.rows.iter_mut().filter(|row| row.len() > 2).for_each(|row| row.swap(1, 2));
        }
        self
    }
}

impl Report {
    /// The scenarios on which a gate's or a comparison's sides differ, verdict by verdict, strongest evidence first.
    pub(crate) fn flips(&self) -> impl Iterator<Item = Flipped<'_>> {
        let gates = self
            .gates
            .iter()
            .flat_map(|g| g.flips.iter().map(|flip| flipped(flip, g.endpoint.to_string(), g.against.clone())));
        let pairs = self.compared.iter().filter(|_| self.gates.is_empty()).flat_map(|c| &c.pairs);
        gates.chain(
            pairs.flat_map(|p| p.flips.iter().map(|flip| flipped(flip, self.side(&p.first), self.side(&p.second)))),
        )
    }

    /// The scenarios of which every trial passed in what a gate holds against, and some fail now; no rows where there is none.
    #[must_use]
    pub fn newly_flaky(&self) -> Sheet {
        let all = self.gates.iter().flat_map(|g| &g.flips);
        let row = |f: &Flip| {
            let trials = |(k, n)| Datum::Trials(k, n, 0);
            vec![Datum::Name(f.scenario.to_string()), trials(f.second), trials(f.first)]
        };
        Sheet {
            name: "flaky",
            title: "Newly flaky: every trial passed before, some fail now".into(),
            columns: ["scenario", "before", "now"].map(Column::of).into(),
            rows: all.filter(|f| newly_flaky(f)).map(row).collect(),
            notes: Vec::new(),
        }
    }

    /// What an episode takes on both sides of each verdict; no rows where only counts are known of one.
    #[must_use]
    pub fn takes(&self) -> Sheet {
        let mut rows = Vec::new();
        for gate in &self.gates {
            if let Some((own, other)) = self.of_gate(gate) {
                rows.extend(takes(&gate.endpoint, (own, other)));
            }
        }
        if self.gates.is_empty() {
            for pair in self.compared.iter().flat_map(|c| &c.pairs) {
                let own = self.endpoint(&pair.first.run, &pair.first.endpoint);
                let other = self.endpoint(&pair.second.run, &pair.second.endpoint);
                let name = format!("{} against {}", self.side(&pair.first), self.side(&pair.second));
                rows.extend(own.zip(other).into_iter().flat_map(|sides| takes(&name, sides)));
                for (what, ratio) in [("cost per episode", &pair.cost), ("model time per episode", &pair.latency)] {
                    if let Some(ratio) = ratio {
                        rows.push(vec![
                            Datum::Name(name.clone()),
                            Datum::Text(what.into()),
                            Datum::Blank,
                            Datum::Blank,
                            Datum::Figure(times(ratio)),
                        ]);
                    }
                }
            }
        }
        let heads =
            if self.gates.is_empty() { ["second", "first", "first to second"] } else { ["before", "now", "change"] };
        Sheet {
            name: "takes",
            title: "What an episode takes".into(),
            columns: ["endpoint", "quantity"].map(Column::of).into_iter().chain(heads.map(Column::numbers)).collect(),
            notes: vec![if self.gates.is_empty() {
                "Means over all episodes of both sides, without a test; × with its interval is over what both have."
                    .into()
            } else {
                "Means over all episodes of both sides, without a test.".to_owned()
            }],
            rows,
        }
    }

    fn endpoint(&self, run: &str, endpoint: &str) -> Option<&EndpointSummary> {
        let run = self.runs.iter().find(|r| r.run.name == run)?;
        run.endpoints.iter().find(|e| *e.name == *endpoint)
    }

    fn of_gate(&self, gate: &Gated) -> Option<(&EndpointSummary, &EndpointSummary)> {
        let own = self.endpoint(&gate.run, &gate.endpoint)?;
        Some((own, self.endpoint(&gate.standard.run, &gate.standard.endpoint)?))
    }

    /// A word for what this report is about that is the same from run to run, such as `gate-model-on-shop`: letters, digits,
    /// `.`, `_` and `-`.
    #[must_use]
    pub fn slug(&self) -> String {
        let mut words: Vec<String> = Vec::new();
        let mut add = |kind: &str, names: Vec<&Arc<str>>| {
            words.push(kind.to_owned());
            for name in names {
                if !words.contains(&name.to_string()) {
                    words.push(name.to_string());
                }
            }
        };
        if self.gates.is_empty() {
            let kind = if self.compared.is_some() { "comparison" } else { "run" };
            add(kind, self.runs.iter().flat_map(|r| &r.endpoints).map(|e| &e.name).collect());
        } else {
            let names = self.gates.iter().flat_map(|g| [&g.endpoint, &g.standard.endpoint]);
            add("gate", names.collect());
        }
        // Scenarios of one suite share the folder.
        let suites = self.runs.first().map(|run| run.scenarios.iter().map(|s| s.id.split('/').next().unwrap_or("")));
        let mut suites: Vec<&str> = suites.into_iter().flatten().collect();
        suites.sort_unstable();
        suites.dedup();
        words.push("on".into());
        words.extend(suites.iter().map(|s| (*s).to_owned()));
        plain(&words.join("-"))
    }
}

/// A text in letters, digits, `.`, `_` and `-`; what is lost stays apart by a hash.
fn plain(text: &str) -> String {
    let kept = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let short: String = text.chars().map(|c| if kept(c) { c } else { '-' }).take(80).collect();
    // Two dashes may not stand within a comment.
    let short = short.split('-').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
    if short == text {
        return short;
    }
    use sha2::Digest as _;
    let hash = sha2::Sha256::digest(text.as_bytes());
    format!("{short}-{:02x}{:02x}{:02x}{:02x}", hash[0], hash[1], hash[2], hash[3])
}

fn flipped(flip: &Flip, name: String, against: String) -> Flipped<'_> {
    let trials = |(k, n)| Datum::Trials(k, n, 0).text();
    Flipped {
        scenario: &flip.scenario,
        id: flip.scenario.split('~').next().unwrap_or_default(),
        name,
        against,
        before: trials(flip.second),
        after: trials(flip.first),
        worse: worse(flip),
        parting: parting(flip),
    }
}

fn takes(name: &str, (own, other): (&EndpointSummary, &EndpointSummary)) -> Vec<Vec<Datum>> {
    let per = |e: &EndpointSummary| {
        #[allow(clippy::cast_precision_loss, reason = "episodes of a run")]
        let episodes = e.finished as f64;
        e.cost.filter(|c| *c > 0.0 && episodes > 0.0).map(|c| c / episodes)
    };
    let median = |e: &EndpointSummary| e.latency.map(|l| l.median_ms);
    type Quantity = (&'static str, Option<f64>, Option<f64>, fn(f64) -> String);
    let quantities: [Quantity; 4] = [
        ("cost", per(other), per(own), money),
        ("median response", median(other), median(own), time),
        ("tokens in", other.tokens_in, own.tokens_in, short),
        ("tokens out", other.tokens_out, own.tokens_out, short),
    ];
    let row = |(what, before, now, way): Quantity| {
        let (before, now) = before.zip(now)?;
        let change = if before > 0.0 { now / before - 1.0 } else { 0.0 };
        let sign = if change < 0.0 { "−" } else { "+" };
        let change = if change.abs() < 0.005 { "same".into() } else { format!("{sign}{} %", percent_of(change.abs())) };
        Some(vec![
            Datum::Name(name.to_owned()),
            Datum::Text(what.into()),
            Datum::Figure(way(before)),
            Datum::Figure(way(now)),
            Datum::Figure(change),
        ])
    };
    quantities.into_iter().filter_map(row).collect()
}

fn percent_of(share: f64) -> String {
    if share < 1.0 { percent(share) } else { format!("{:.0}", share * 100.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_holds_nothing_that_could_end_a_comment_and_stays_apart() {
        assert_eq!(plain("gate-model-on-shop"), "gate-model-on-shop");
        let hostile = plain("gate--><script>-on-x");
        assert!(hostile.starts_with("gate-script-on-x-") && !hostile.contains("--"), "{hostile}");
        assert_ne!(plain("a/b"), plain("a b"));
        assert!(plain(&"é".repeat(500)).len() < 100);
    }

    #[test]
    fn flaky_is_what_passed_always_and_now_passes_sometimes() {
        let flip = |first, second| Flip { scenario: "s".into(), first, second, divergences: vec![], evidence: 1.0 };
        assert!(newly_flaky(&flip((2, 4), (4, 4))));
        for (first, second) in
            [((0, 4), (4, 4)), ((2, 4), (3, 4)), ((2, 4), (1, 1)), ((4, 4), (2, 4)), ((0, 0), (4, 4))]
        {
            assert!(!newly_flaky(&flip(first, second)), "{first:?} {second:?}");
        }
    }
}
