//! A row per endpoint, and a row per difference of two.

use super::Table;
use super::cell::{Cell, known};
use crate::model::{Report, tables};
use crate::output::{OutputError, Sources};
use mocktrial_analysis::compare::{Comparison, PairVerdict, Scope};
use mocktrial_analysis::gate::{Answer, Gated};
use mocktrial_analysis::{Bounds, EndpointSummary, Estimate, Summary};
use mocktrial_trajectory::Cause;
use std::io::Write;

const COLUMNS: [&str; 37] = [
    "run",
    "endpoint",
    "confidence",
    "refused",
    "planned",
    "finished",
    "counted",
    "passed",
    "scenarios",
    "pass_rate",
    "pass_rate_low",
    "pass_rate_high",
    "pass_rate_worst",
    "pass_rate_best",
    "score",
    "score_low",
    "score_high",
    "every_variant",
    "every_variant_low",
    "every_variant_high",
    "pass_hat_k",
    "pass_hat",
    "pass_hat_low",
    "pass_hat_high",
    "excluded_model",
    "excluded_provider",
    "excluded_harness",
    "excluded_scenario",
    "turns",
    "calls",
    "tokens_in",
    "tokens_out",
    "cost",
    "latency_median_ms",
    "latency_p90_ms",
    "replayed",
    "retries",
];

fn interval(estimate: Option<Estimate>) -> [Cell; 3] {
    [
        known(estimate, |e| Cell::number(e.value)),
        known(estimate, |e| Cell::number(e.low)),
        known(estimate, |e| Cell::number(e.high)),
    ]
}

fn bounds(bounds: Option<Bounds>) -> [Cell; 2] {
    [known(bounds, |b| Cell::number(b.worst)), known(bounds, |b| Cell::number(b.best))]
}

pub(super) fn write(report: &Report, _: &Sources<'_>, out: &mut dyn Write) -> Result<(), OutputError> {
    let mut table = Table::begin(out, &COLUMNS)?;
    for run in &report.runs {
        let k = tables::common_k(run);
        for endpoint in &run.endpoints {
            table.row(&row(run, endpoint, k))?;
        }
    }
    table.end()
}

fn row(run: &Summary, e: &EndpointSummary, k: Option<u32>) -> Vec<Cell> {
    let mut row = vec![
        Cell::text(&run.run.name),
        Cell::text(&e.name),
        Cell::number(run.confidence),
        known(run.refused.as_deref(), Cell::text),
        Cell::whole(e.planned),
        Cell::whole(e.finished),
        Cell::whole(e.counted),
        Cell::whole(e.passed),
        Cell::whole(e.scenarios),
    ];
    row.extend(interval(e.pass_rate));
    row.extend(bounds(e.bounds));
    row.extend(interval(e.score));
    row.extend(interval(e.every_variant));
    row.push(known(k, Cell::whole));
    row.extend(interval(k.and_then(|k| e.pass_hat.iter().find(|h| h.k == k)).map(|h| h.estimate)));
    row.extend(Cause::ALL.map(|cause| Cell::whole(e.excluded.get(&cause).copied().unwrap_or(0))));
    row.extend([e.turns, e.calls, e.tokens_in, e.tokens_out, e.cost].map(|x| known(x, Cell::number)));
    row.push(known(e.latency, |l| Cell::number(l.median_ms)));
    row.push(known(e.latency, |l| Cell::number(l.p90_ms)));
    row.extend([Cell::whole(e.replayed), Cell::whole(e.retries)]);
    row
}

const DIFFERENCES: [&str; 20] = [
    "kind",
    "run",
    "endpoint",
    "against_run",
    "against",
    "scope",
    "confidence",
    "scenarios",
    "units",
    "left_out",
    "difference",
    "difference_low",
    "difference_high",
    "worst",
    "best",
    "p",
    "p_adjusted",
    "margin",
    "verdict",
    "refused",
];

pub(super) fn differences(report: &Report, _: &Sources<'_>, out: &mut dyn Write) -> Result<(), OutputError> {
    let mut table = Table::begin(out, &DIFFERENCES)?;
    if let Some(all) = &report.compared {
        for pair in &all.pairs {
            table.row(&compared(pair, all.scope, all.confidence))?;
        }
    }
    for gate in &report.gates {
        table.row(&gated(gate))?;
    }
    table.end()
}

fn scope(scope: Scope) -> Cell {
    Cell::text(match scope {
        Scope::Suite => "suite",
        Scope::Population => "population",
    })
}

fn compared(pair: &Comparison, of: Scope, confidence: f64) -> Vec<Cell> {
    let verdict = match pair.verdict {
        PairVerdict::Better => "better",
        PairVerdict::Worse => "worse",
        PairVerdict::Undecided => "undecided",
    };
    let mut row = vec![
        Cell::text("comparison"),
        Cell::text(&pair.first.run),
        Cell::text(&pair.first.endpoint),
        Cell::text(&pair.second.run),
        Cell::text(&pair.second.endpoint),
        scope(of),
        Cell::number(confidence),
        Cell::whole(pair.scenarios),
        Cell::whole(pair.units),
        Cell::whole(pair.left_out.len() as u64),
    ];
    row.extend(interval(pair.delta.filter(|_| pair.refused.is_none())));
    row.extend(bounds(pair.bounds));
    row.extend([known(pair.p, Cell::number), known(pair.p_adjusted, Cell::number), Cell::EMPTY]);
    row.push(Cell::text(if pair.refused.is_some() { "" } else { verdict }));
    row.push(known(pair.refused.as_deref(), Cell::text));
    row
}

fn gated(gate: &Gated) -> Vec<Cell> {
    let rate = &gate.rate;
    let mut row = vec![
        Cell::text("gate"),
        Cell::text(&gate.run),
        Cell::text(&gate.endpoint),
        Cell::text(&gate.standard.run),
        Cell::text(&gate.standard.endpoint),
        scope(gate.scope),
        Cell::number(rate.confidence),
        Cell::EMPTY,
        Cell::whole(rate.units),
        Cell::whole(gate.left_out.len() as u64),
    ];
    row.extend(interval(rate.delta.filter(|_| gate.refused.is_none())));
    row.extend(bounds(rate.bounds));
    row.extend([Cell::EMPTY, Cell::EMPTY, Cell::number(rate.margin)]);
    row.push(Cell::text(match gate.answer {
        Answer::NoWorse => "no_worse",
        Answer::Inconclusive => "inconclusive",
        Answer::Regressed => "regressed",
    }));
    row.push(known(gate.refused.as_deref(), Cell::text));
    row
}
