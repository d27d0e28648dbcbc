//! The tables of comparisons and gates.

use super::{Column, Datum, Report, Sheet, Standing};
use crate::compare::{on, parting};
use crate::number::{count, p_value, percent, points};
use mocktrial_analysis::compare::{Compared, Comparison, Flip, PairVerdict, Rank, Scope, Side};
use mocktrial_analysis::gate::{Answer, Gated, Tested};

impl Report {
    /// A row per pair that is compared; nothing where none is.
    #[must_use]
    pub fn differences(&self) -> Option<Sheet> {
        self.compared.as_ref().map(|all| differences(all, &|side| self.side(side)))
    }

    /// Ranks that hold all at once; nothing for two endpoints or fewer.
    #[must_use]
    pub fn ranks(&self) -> Option<Sheet> {
        let run = |rank: &Rank| self.runs.iter().position(|run| run.run.name == rank.run).unwrap_or(0);
        let all = self.compared.as_ref().filter(|c| !c.ranks.is_empty())?;
        Some(ranks(all, &|rank| self.arm(run(rank), &rank.endpoint)))
    }

    /// The scenarios on which a pair differs, strongest evidence first; no rows where none does.
    #[must_use]
    pub fn flips_of(&self, pair: &Comparison) -> Sheet {
        flips(&pair.flips, &self.side(&pair.first), &self.side(&pair.second))
    }

    /// The scenarios on which a gate's candidate differs from what it is held against.
    #[must_use]
    pub fn flips_of_gate(&self, gate: &Gated) -> Sheet {
        flips(&gate.flips, &gate.endpoint, &gate.against)
    }

    /// The parts of a gate: each test and each rule, with its answer.
    #[must_use]
    pub fn parts(&self, gate: &Gated) -> Sheet {
        parts(gate)
    }

    /// The pair's difference on the scenarios of each tag that not all share.
    #[must_use]
    pub fn tags_of(&self, pair: &Comparison) -> Sheet {
        tags(pair)
    }
}

/// A row per pair that is compared.
pub(crate) fn differences(all: &Compared, name: &dyn Fn(&Side) -> String) -> Sheet {
    let confidence = percent(all.confidence);
    let rows = all.pairs.iter().map(|pair| {
        vec![
            Datum::Name(name(&pair.first)),
            Datum::Name(name(&pair.second)),
            pair.delta.map_or_else(|| Datum::Figure("–".into()), Datum::Difference),
            Datum::Figure(pair.p_adjusted.map_or_else(|| "–".into(), |p| p_value(p).replace("= ", ""))),
            Datum::Figure(pair.scenarios.to_string()),
            verdict(pair),
        ]
    });
    Sheet {
        name: "differences",
        title: format!("Differences of the pass rates {}, in points", on(all.scope)),
        columns: vec![
            Column::of("endpoint"),
            Column::of("against"),
            Column::numbers(format!("difference ({confidence} % interval)")),
            Column::numbers("p (Holm)"),
            Column::numbers("scenarios"),
            Column::of("verdict"),
        ],
        rows: rows.collect(),
        notes: Vec::new(),
    }
}

/// Ranks that hold all at once.
pub(crate) fn ranks(all: &Compared, name: &dyn Fn(&Rank) -> String) -> Sheet {
    let mut ranks: Vec<_> = all.ranks.iter().collect();
    ranks.sort_by_key(|r| (r.best, r.worst));
    let rows = ranks.iter().map(|r| {
        let rank = if r.best == r.worst { r.best.to_string() } else { format!("{} to {}", r.best, r.worst) };
        vec![Datum::Name(name(r)), Datum::Figure(rank)]
    });
    Sheet {
        name: "ranks",
        title: format!("Ranks, all at once at {} % confidence", percent(all.confidence)),
        columns: vec![Column::of("endpoint"), Column::of("rank")],
        rows: rows.collect(),
        notes: Vec::new(),
    }
}

/// The pair's difference on the scenarios of each tag that not all share.
pub(crate) fn tags(pair: &Comparison) -> Sheet {
    // One tag that all have says the same again.
    let own = pair.tags.iter().filter(|t| t.units < pair.units);
    let rows = own.map(|t| {
        vec![
            Datum::Name(t.tag.clone()),
            Datum::Figure(t.units.to_string()),
            Datum::Difference(t.delta),
            Datum::Figure(p_value(t.p_adjusted).replace("= ", "")),
        ]
    });
    Sheet {
        name: "tags",
        title: "By tag (where to look; p adjusted for the number of tags)".into(),
        columns: vec![
            Column::of("tag"),
            Column::numbers("units"),
            Column::numbers("difference (interval)"),
            Column::numbers("p"),
        ],
        rows: rows.collect(),
        notes: Vec::new(),
    }
}

/// The parts of a gate: each test and each rule, with its answer.
pub(crate) fn parts(gate: &Gated) -> Sheet {
    let tested = |name: String, t: &Tested| {
        let (units, margin) = (units(t.units, gate.scope), points(-t.margin));
        let figures = match t.delta {
            Some(d) => format!(
                "{} points ({} to {} at {} %), margin {margin}, {units}",
                points(d.value),
                points(d.low),
                points(d.high),
                percent(t.confidence)
            ),
            None => String::new(),
        };
        vec![Datum::Name(name), Datum::Verdict(t.answer.into(), tested_word(t.answer).into()), Datum::Text(figures)]
    };
    let mut rows = vec![tested("pass rate".into(), &gate.rate)];
    rows.extend(gate.with_quarantined.iter().map(|t| tested("with those in quarantine".into(), t)));
    rows.extend(gate.anchor.iter().map(|t| tested("against the anchor".into(), t)));
    rows.extend(gate.tags.iter().map(|(tag, t)| tested(format!("tag {tag}"), t)));
    for rule in &gate.rules {
        let about = if rule.about.is_empty() { String::new() } else { format!(" {}", rule.about) };
        rows.push(vec![
            Datum::Name(format!("{}{about}", rule.rule.replace('_', " "))),
            Datum::Verdict(rule.answer.into(), rule_word(rule.answer).into()),
            Datum::Text(rule.found.clone()),
        ]);
    }
    Sheet {
        name: "gate",
        title: format!("Gate: {} of {} against {}", gate.endpoint, gate.run, gate.against),
        columns: vec![Column::of("part"), Column::of("answer"), Column::of("found")],
        rows,
        notes: Vec::new(),
    }
}

pub(crate) fn flips(all: &[Flip], first: &str, second: &str) -> Sheet {
    let trials = |(k, n): (u32, u32)| Datum::Trials(k, n, 0);
    let row = |f: &Flip| {
        vec![Datum::Name(f.scenario.to_string()), trials(f.first), trials(f.second), Datum::Text(parting(f))]
    };
    Sheet {
        name: "flips",
        title: format!("Scenarios on which they differ: {}, strongest evidence first", all.len()),
        columns: vec![
            Column::of("scenario"),
            Column::of(first),
            Column::of(second),
            Column::of("where they part (in how many trials)"),
        ],
        rows: all.iter().map(row).collect(),
        notes: Vec::new(),
    }
}

fn verdict(pair: &Comparison) -> Datum {
    use PairVerdict::{Better, Undecided, Worse};
    let (standing, word) = match pair.verdict {
        _ if pair.refused.is_some() => (Standing::Open, "no answer"),
        Undecided if pair.sequential.is_some() => (Standing::Open, "see the sentence"),
        Better => (Standing::Good, "better"),
        Worse => (Standing::Bad, "worse"),
        Undecided => (Standing::Open, "undecided"),
    };
    Datum::Verdict(standing, word.into())
}

/// The answer of a test, in words.
pub(crate) fn tested_word(answer: Answer) -> &'static str {
    match answer {
        Answer::NoWorse => "no worse",
        Answer::Inconclusive => "inconclusive",
        Answer::Regressed => "regressed",
    }
}

/// The answer of a rule, in words.
pub(crate) fn rule_word(answer: Answer) -> &'static str {
    match answer {
        Answer::NoWorse => "kept",
        Answer::Inconclusive => "unknown",
        Answer::Regressed => "broken",
    }
}

/// Units of the statistics, in words.
pub(crate) fn units(n: u64, scope: Scope) -> String {
    match (scope, n) {
        (Scope::Suite, n) => count(n, "scenario"),
        (Scope::Population, 1) => "1 family".to_owned(),
        (Scope::Population, n) => format!("{n} families"),
    }
}
