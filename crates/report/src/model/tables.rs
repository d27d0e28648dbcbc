//! The tables of a report.

use super::{Column, Datum, Report, Sheet, Standing};
use crate::compare::parting;
use crate::number::{count, money, p_value, percent, points, short, time};
use mocktrial_analysis::compare::{Comparison, Flip, Scope};
use mocktrial_analysis::gate::{Answer, Gated, Tested};
use mocktrial_analysis::{CellSummary, EndpointSummary, Estimate, FailureKind, Summary};
use mocktrial_trajectory::EndReason;

fn rate(estimate: Option<Estimate>) -> Datum {
    estimate.map_or_else(|| Datum::Text("–".into()), Datum::Rate)
}

fn figure(text: Option<String>, none: &str) -> Datum {
    Datum::Figure(text.unwrap_or_else(|| none.to_owned()))
}

/// One k for all endpoints, so that a column compares like with like: the largest that all have.
pub(crate) fn common_k(run: &Summary) -> Option<u32> {
    let largest = run.endpoints.iter().filter_map(|e| e.pass_hat.last()).filter(|h| h.k > 1).map(|h| h.k);
    largest.min()
}

/// Whether any endpoint's score tells more than its pass rate.
pub(crate) fn partial_credit(run: &Summary) -> bool {
    let more = |e: &EndpointSummary| e.score.zip(e.pass_rate).is_some_and(|(s, r)| (s.value - r.value).abs() > 1e-9);
    run.endpoints.iter().any(more)
}

/// How many episodes are left out of an endpoint's rate, by whose doing.
pub(crate) fn left_out(e: &EndpointSummary) -> String {
    let all: Vec<String> = e.excluded.iter().map(|(cause, n)| format!("{n} {cause}")).collect();
    if all.is_empty() { "none".into() } else { all.join(", ") }
}

impl Report {
    /// A row per endpoint of a run: rates with their intervals, and what an episode takes.
    #[must_use]
    pub fn endpoints(&self, run: &Summary) -> Sheet {
        let confidence = percent(run.confidence);
        let k = common_k(run);
        let (partial, variants) = (partial_credit(run), run.endpoints.iter().any(|e| e.every_variant.is_some()));
        let costs = run.endpoints.iter().any(|e| e.cost.is_some_and(|c| c > 0.0));
        let rated = run.refused.is_none();
        let mut columns = vec![Column::of("endpoint")];
        if rated {
            columns.push(Column::of("pass rate"));
            columns.extend(partial.then(|| Column::of("score")));
            columns.extend(variants.then(|| Column::of("every variant")));
            columns.extend(k.map(|k| Column::of(format!("pass^{k}"))));
        }
        columns.push(Column::numbers("passed"));
        columns.extend(costs.then(|| Column::numbers("cost")));
        columns.extend(["turns", "tokens in", "tokens out", "median response", "left out"].map(Column::numbers));
        let row = |e: &EndpointSummary| {
            let mut row = vec![Datum::Name(e.name.to_string())];
            if rated {
                row.push(rate(e.pass_rate));
                row.extend(partial.then(|| rate(e.score)));
                row.extend(variants.then(|| rate(e.every_variant)));
                row.extend(k.map(|k| rate(e.pass_hat.iter().find(|h| h.k == k).map(|h| h.estimate))));
            }
            row.push(Datum::Figure(format!("{}/{}", e.passed, e.counted)));
            row.extend(costs.then(|| figure(e.cost.map(money), "unknown")));
            row.push(figure(e.turns.map(|t| format!("{t:.1}")), "–"));
            row.push(figure(e.tokens_in.map(short), "unknown"));
            row.push(figure(e.tokens_out.map(short), "unknown"));
            row.push(figure(e.latency.map(|l| time(l.median_ms)), "–"));
            row.push(Datum::Figure(left_out(e)));
            row
        };
        let mut notes = Vec::new();
        if rated {
            notes.push(format!(
                "In brackets: the rates that fit these results at {confidence} % confidence; on these scenarios, nothing is \
                 claimed of others."
            ));
            notes.extend(partial.then(|| "score: with partial credit.".to_owned()));
            notes.extend(variants.then(|| "every variant: a trial passes in all variants of its scenario.".to_owned()));
            notes.extend(k.map(|k| format!("pass^{k}: the chance that {k} trials of a scenario all pass.")));
        }
        notes.push("Turns and tokens are means per episode; a cost is that of all episodes.".into());
        let of = if self.runs.len() > 1 { format!(" of {}", run.run.name) } else { String::new() };
        Sheet {
            name: "endpoints",
            title: format!("Endpoints{of}"),
            columns,
            rows: run.endpoints.iter().map(row).collect(),
            notes,
        }
    }

    /// Why episodes of a run failed, most frequent first; no rows where none did.
    #[must_use]
    pub fn causes(&self, run: &Summary) -> Sheet {
        let mut columns = vec![Column::of("reason")];
        columns.extend(run.endpoints.iter().map(|e| Column::numbers(e.name.to_string())));
        columns.extend([Column::of("meaning"), Column::of("example")]);
        let rows = run.failures.iter().map(|f| {
            let meaning = match f.kind {
                FailureKind::Grader => "the first of its criteria to fail",
                FailureKind::End => EndReason::ALL.iter().find(|e| e.as_str() == f.reason).map_or("", |e| e.meaning()),
            };
            let mut row = vec![Datum::Name(f.reason.clone())];
            row.extend(f.episodes.iter().map(|n| Datum::Figure(n.to_string())));
            row.extend([Datum::Text(meaning.into()), Datum::Text(f.example.to_string())]);
            row
        });
        let of = if self.runs.len() > 1 { format!(" in {}", run.run.name) } else { String::new() };
        Sheet {
            name: "causes",
            title: format!("Why episodes failed{of}"),
            columns,
            rows: rows.collect(),
            notes: Vec::new(),
        }
    }

    /// A row per scenario of a run, a column per endpoint.
    #[must_use]
    pub fn scenarios(&self, run: &Summary) -> Sheet {
        let mut columns = vec![Column::of("scenario")];
        columns.extend(run.endpoints.iter().map(|e| Column::of(e.name.to_string())));
        let cell = |c: &Option<CellSummary>| {
            c.map_or_else(|| Datum::Text("–".into()), |c| Datum::Trials(c.k, c.n, c.excluded))
        };
        let rows = run.scenarios.iter().map(|s| {
            let name = if s.variant.is_empty() { s.id.to_string() } else { format!("{}~{}", s.id, s.variant) };
            std::iter::once(Datum::Name(name)).chain(s.cells.iter().map(cell)).collect()
        });
        let of = if self.runs.len() > 1 { format!(" of {}", run.run.name) } else { String::new() };
        Sheet {
            name: "scenarios",
            title: format!("Scenarios{of}"),
            columns,
            rows: rows.collect(),
            notes: vec!["Trials passed of those that count; +n? are trials without an outcome.".into()],
        }
    }

    /// A row per pair that is compared; nothing where none is.
    #[must_use]
    pub fn differences(&self) -> Option<Sheet> {
        let all = self.compared.as_ref()?;
        let confidence = percent(all.confidence);
        let rows = all.pairs.iter().map(|pair| {
            vec![
                Datum::Name(self.side(&pair.first)),
                Datum::Name(self.side(&pair.second)),
                pair.delta.map_or_else(|| Datum::Text("–".into()), Datum::Difference),
                figure(pair.p_adjusted.map(|p| p_value(p).replace("= ", "")), "–"),
                Datum::Figure(pair.scenarios.to_string()),
                verdict(pair),
            ]
        });
        Some(Sheet {
            name: "differences",
            title: format!("Differences of the pass rates {}, in points", crate::compare::on(all.scope)),
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
        })
    }

    /// Ranks that hold all at once; nothing for two endpoints or fewer.
    #[must_use]
    pub fn ranks(&self) -> Option<Sheet> {
        let all = self.compared.as_ref().filter(|c| !c.ranks.is_empty())?;
        let mut ranks: Vec<_> = all.ranks.iter().collect();
        ranks.sort_by_key(|r| (r.best, r.worst));
        let rows = ranks.iter().map(|r| {
            let run = self.runs.iter().position(|run| run.run.name == r.run).unwrap_or(0);
            let rank = if r.best == r.worst { r.best.to_string() } else { format!("{} to {}", r.best, r.worst) };
            vec![Datum::Name(self.arm(run, &r.endpoint)), Datum::Figure(rank)]
        });
        Some(Sheet {
            name: "ranks",
            title: format!("Ranks, all at once at {} % confidence", percent(all.confidence)),
            columns: vec![Column::of("endpoint"), Column::of("rank")],
            rows: rows.collect(),
            notes: Vec::new(),
        })
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

    /// The pair's difference on the scenarios of each tag that not all share.
    #[must_use]
    pub fn tags_of(&self, pair: &Comparison) -> Sheet {
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

fn flips(all: &[Flip], first: &str, second: &str) -> Sheet {
    let trials = |(k, n): (u32, u32)| Datum::Trials(k, n, 0);
    let row = |f: &Flip| {
        vec![Datum::Name(f.scenario.to_string()), trials(f.first), trials(f.second), Datum::Text(parting(f))]
    };
    Sheet {
        name: "flips",
        title: format!("Scenarios on which they differ: {}, strongest evidence first", all.len()),
        columns: vec![Column::of("scenario"), Column::of(first), Column::of(second), Column::of("where they part")],
        rows: all.iter().map(row).collect(),
        notes: Vec::new(),
    }
}

fn verdict(pair: &Comparison) -> Datum {
    use mocktrial_analysis::compare::PairVerdict::{Better, Undecided, Worse};
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

/// What is to be known of a run's rates, a sentence each.
pub(crate) fn known(run: &Summary) -> Vec<String> {
    let mut said = Vec::new();
    for e in &run.endpoints {
        let name = &e.name;
        if !e.excluded.is_empty() {
            said.push(format!("{name}: {}", excluded(e)));
        }
        said.extend(crate::judged::pass(e).map(|text| format!("{name}: {text}")));
        if e.replayed > 0 {
            let share = if e.replayed == e.finished { "all".to_owned() } else { e.replayed.to_string() };
            let of = count(e.finished, "episode");
            said.push(format!("{name}: {share} of {of} replayed from cassettes: no new evidence"));
        }
    }
    said
}

/// How many episodes are left out of an endpoint's rate, by whose doing and by what end.
fn excluded(e: &EndpointSummary) -> String {
    let causes: Vec<String> = e
        .excluded
        .iter()
        .map(|(cause, n)| {
            let cut: Vec<_> =
                e.ends.iter().filter(|(end, _)| end.is_infrastructure() && end.cause() == *cause).collect();
            let mut why: Vec<String> = cut.iter().map(|(end, n)| format!("{n} {end}")).collect();
            let ungraded = n.saturating_sub(cut.iter().map(|(_, n)| n).sum());
            if ungraded > 0 {
                why.push(format!("{ungraded} ungraded"));
            }
            format!("{cause} {n} ({})", why.join(", "))
        })
        .collect();
    let all = e.excluded.values().sum::<u64>();
    let bounds = e.bounds.map_or_else(String::new, |b| {
        let them = if all == 1 { "an outcome for it" } else { "outcomes for them" };
        format!("; with {them} it would be {}–{} %", percent(b.worst), percent(b.best))
    });
    format!("{} left out of the rate, by cause: {}{bounds}", count(all, "episode"), causes.join(", "))
}
