//! The tables of a run.

use super::{Column, Datum, Report, Sheet};
use crate::number::{count, money, percent, short, time};
use mocktrial_analysis::{CellSummary, EndpointSummary, Estimate, FailureKind, State, Summary};
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

/// What endpoints pass: a row per endpoint, with the intervals of its rates.
pub(crate) fn rates(run: &Summary) -> Sheet {
    let confidence = percent(run.confidence);
    let k = common_k(run);
    let (partial, variants) = (partial_credit(run), run.endpoints.iter().any(|e| e.every_variant.is_some()));
    let rated = run.refused.is_none();
    let mut columns = vec![Column::of("endpoint")];
    if rated {
        columns.push(Column::numbers("pass rate"));
        columns.extend(partial.then(|| Column::numbers("score")));
        columns.extend(variants.then(|| Column::numbers("every variant")));
        columns.extend(k.map(|k| Column::numbers(format!("pass^{k}"))));
    }
    columns.push(Column::numbers("passed"));
    let row = |e: &EndpointSummary| {
        let mut row = vec![Datum::Name(e.name.to_string())];
        if rated {
            row.push(rate(e.pass_rate));
            row.extend(partial.then(|| rate(e.score)));
            row.extend(variants.then(|| rate(e.every_variant)));
            row.extend(k.map(|k| rate(e.pass_hat.iter().find(|h| h.k == k).map(|h| h.estimate))));
        }
        row.push(Datum::Figure(format!("{}/{}", e.passed, e.counted)));
        row
    };
    let mut notes = Vec::new();
    if rated {
        notes.push(format!("interval: the rates that fit these results at {confidence} % confidence"));
        if run.endpoints.iter().any(|e| e.scenarios == 1) {
            notes.push("one scenario alone gives none (0–100 %)".into());
        }
        notes.extend(partial.then(|| "score: with partial credit".to_owned()));
        notes.extend(variants.then(|| "every variant: a trial passes in all variants of its scenario".to_owned()));
        notes.extend(k.map(|k| format!("pass^{k}: the chance that {k} trials of a scenario all pass")));
    }
    notes.push("passed: episodes".into());
    Sheet {
        name: "rates",
        title: "Pass rate on these scenarios (the mean over scenarios of the mean over trials)".into(),
        columns,
        rows: run.endpoints.iter().map(row).collect(),
        notes,
    }
}

/// What an episode takes: a row per endpoint.
pub(crate) fn effort(run: &Summary) -> Sheet {
    let heads = ["turns", "calls", "tokens in", "tokens out", "cost", "latency p50", "p90"];
    let row = |e: &EndpointSummary| {
        let mean = |n: Option<f64>| figure(n.map(|n| format!("{n:.1}")), "–");
        vec![
            Datum::Name(e.name.to_string()),
            mean(e.turns),
            mean(e.calls),
            figure(e.tokens_in.map(short), "–"),
            figure(e.tokens_out.map(short), "–"),
            figure(e.cost.map(money), "unknown"),
            figure(e.latency.map(|l| time(l.median_ms)), "–"),
            figure(e.latency.map(|l| time(l.p90_ms)), "–"),
        ]
    };
    Sheet {
        name: "effort",
        title: "Effort (means per episode; cost of all of them; latency of a model response)".into(),
        columns: std::iter::once(Column::of("endpoint")).chain(heads.map(Column::numbers)).collect(),
        rows: run.endpoints.iter().map(row).collect(),
        notes: run.endpoints.iter().filter_map(price).collect(),
    }
}

/// The price that an endpoint's costs were reckoned with.
fn price(e: &EndpointSummary) -> Option<String> {
    let price = e.price.as_ref()?;
    let rate = |key: &str| price[key].as_f64().map(crate::number::rate);
    let day = price["as_of"].as_str().map_or("without a date".into(), |day| format!("as of {day}"));
    let (input, output) = rate("input").zip(rate("output"))?;
    Some(format!("{}: {input} in and {output} out per million tokens, {day}", e.name))
}

impl Report {
    /// What endpoints pass: a row per endpoint, with the intervals of its rates.
    #[must_use]
    pub fn rates(&self, run: &Summary) -> Sheet {
        self.with_run(rates(run), ", in ", run)
    }

    /// What an episode takes: a row per endpoint.
    #[must_use]
    pub fn effort(&self, run: &Summary) -> Sheet {
        self.with_run(effort(run), ", in ", run)
    }

    /// A row per endpoint of a run: rates with their intervals, and what an episode takes.
    #[must_use]
    pub fn endpoints(&self, run: &Summary) -> Sheet {
        let (mut sheet, effort) = (rates(run), effort(run));
        sheet.name = "endpoints";
        sheet.title = if self.runs.len() > 1 { format!("Endpoints of {}", run.run.name) } else { "Endpoints".into() };
        sheet.columns.extend(effort.columns.into_iter().skip(1));
        for (row, more) in sheet.rows.iter_mut().zip(effort.rows) {
            row.extend(more.into_iter().skip(1));
        }
        if run.endpoints.iter().any(|e| !e.excluded.is_empty()) {
            sheet.columns.push(Column::numbers("left out"));
            let left = run.endpoints.iter().map(left_out);
            sheet.rows.iter_mut().zip(left).for_each(|(row, left)| row.push(Datum::Figure(left)));
        }
        sheet.notes.push("effort: means per episode; cost of all of them; latency of a model response".into());
        sheet.notes.extend(effort.notes);
        sheet
    }

    /// Why episodes of a run failed, most frequent first; no rows where none did.
    #[must_use]
    pub fn causes(&self, run: &Summary) -> Sheet {
        self.with_run(causes(run), " in ", run)
    }

    /// A row per scenario of a run, a column per endpoint.
    #[must_use]
    pub fn scenarios(&self, run: &Summary) -> Sheet {
        self.with_run(scenarios(run), " of ", run)
    }

    /// A sheet whose title names the run, where there are several.
    fn with_run(&self, mut sheet: Sheet, word: &str, run: &Summary) -> Sheet {
        if self.runs.len() > 1 {
            sheet.title.push_str(&format!("{word}{}", run.run.name));
        }
        sheet
    }
}

/// Why episodes of a run failed, most frequent first; no rows where none did.
pub(crate) fn causes(run: &Summary) -> Sheet {
    let mut columns = vec![Column::of("reason")];
    columns.extend(run.endpoints.iter().map(|e| Column::numbers(e.name.to_string())));
    columns.extend([Column::of("meaning"), Column::of("example")]);
    let rows = run.failures.iter().map(|f| {
        let meaning = match f.kind {
            FailureKind::Grader => "",
            FailureKind::End => EndReason::ALL.iter().find(|e| e.as_str() == f.reason).map_or("", |e| e.meaning()),
        };
        let mut row = vec![Datum::Name(f.reason.clone())];
        row.extend(f.episodes.iter().map(|n| Datum::Figure(n.to_string())));
        row.extend([Datum::Text(meaning.into()), Datum::Text(f.example.to_string())]);
        row
    });
    Sheet {
        name: "causes",
        title: "Why episodes failed".into(),
        columns,
        rows: rows.collect(),
        notes: vec!["a reason without a meaning is the grader of the first criterion that failed".into()],
    }
}

/// A row per scenario, a column per endpoint.
pub(crate) fn scenarios(run: &Summary) -> Sheet {
    let mut columns = vec![Column::of("scenario")];
    columns.extend(run.endpoints.iter().map(|e| Column::of(e.name.to_string())));
    let cell =
        |c: &Option<CellSummary>| c.map_or_else(|| Datum::Figure("–".into()), |c| Datum::Trials(c.k, c.n, c.excluded));
    let rows = run.scenarios.iter().map(|s| {
        let name = if s.variant.is_empty() { s.id.to_string() } else { format!("{}~{}", s.id, s.variant) };
        std::iter::once(Datum::Name(name)).chain(s.cells.iter().map(cell)).collect()
    });
    Sheet {
        name: "scenarios",
        title: "Scenarios".into(),
        columns,
        rows: rows.collect(),
        notes: vec!["trials passed of those that count; +n? are trials without an outcome".into()],
    }
}

/// What is to be known of a run's rates, a sentence each.
pub(crate) fn known(run: &Summary) -> Vec<String> {
    let mut said = Vec::new();
    if run.run.status.state == State::Decided {
        said.push("the run stopped when it knew enough: its rates lean towards what it decided".to_owned());
    }
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
