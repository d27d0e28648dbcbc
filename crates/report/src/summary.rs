//! A run's summary for the terminal.

use crate::model::tables::known;
use crate::number::{count, money, p_value, percent, points, rate, short, time};
use crate::table::{Cell, Table};
use crate::text::{Ink, Style, clean_line, columns, flow, pad_left, wrap};
use crate::{axis, judged};
use mocktrial_analysis::{
    CellSummary, EndpointSummary, Estimate, FailureKind, Outcome, ScenarioSummary, State, Summary,
};
use mocktrial_trajectory::EndReason;

/// The summary of a run: a row per endpoint, what was left out of the rates, the scenarios on
/// which endpoints differ, why episodes failed. The last line is the outcome, and matches the exit
/// code ([`Outcome::exit_code`]).
#[must_use]
pub fn summary(summary: &Summary, style: &Style) -> String {
    let mut out = head(summary, style);
    if let Some(why) = &summary.refused {
        paragraph(&mut out, &format!("No rates: {}.", clean_line(why)), Ink::Unsure, style);
    }
    out.push('\n');
    rates(&mut out, summary, style);
    difference(&mut out, summary, style);
    out.push_str(&judged::rates(summary, style));
    effort(&mut out, summary, style);
    left_out(&mut out, summary, style);
    differing(&mut out, summary, style);
    failures(&mut out, summary, style);
    let (text, ink) = outcome(summary);
    if matches!(summary.outcome, Outcome::Incomplete { .. } | Outcome::NothingRan) {
        let resume = format!("To go on: mocktrial run --resume {}", clean_line(&summary.run.name));
        paragraph(&mut out, &resume, Ink::Faint, style);
    }
    paragraph(&mut out, &text, ink, style);
    out
}

fn paragraph(out: &mut String, text: &str, ink: Ink, style: &Style) {
    for line in wrap(text, style.width()) {
        out.push_str(&style.paint(ink, &line));
        out.push('\n');
    }
}

fn title(out: &mut String, text: &str, style: &Style) {
    paragraph(out, text, Ink::Strong, style);
}

fn head(summary: &Summary, style: &Style) -> String {
    let run = &summary.run;
    let mut out = String::new();
    title(&mut out, &format!("Run {}", clean_line(&run.name)), style);
    let ids: std::collections::BTreeSet<&str> = summary.scenarios.iter().map(|s| &*s.id).collect();
    let (scenarios, endpoints) = (ids.len() as u64, summary.endpoints.len() as u64);
    let rows = summary.scenarios.len() as u64;
    let variants = if rows > scenarios { format!(" ({rows} with their variants)") } else { String::new() };
    let line = format!(
        "{}{variants} × {} × {} · seed {} · begun {} · mocktrial {}",
        count(scenarios, "scenario"),
        count(endpoints, "endpoint"),
        count(u64::from(run.trials), "trial"),
        run.seed,
        clean_line(&run.created),
        clean_line(&run.harness),
    );
    paragraph(&mut out, &line, Ink::Faint, style);
    out
}

fn span(e: &Estimate) -> String {
    format!("{}–{} %", percent(e.low), percent(e.high))
}

/// The row of pass^k that is shown: the largest k, where there is more than one trial.
fn hat(e: &EndpointSummary) -> Option<(u32, Estimate)> {
    e.pass_hat.last().filter(|h| h.k > 1).map(|h| (h.k, h.estimate))
}

fn rates(out: &mut String, summary: &Summary, style: &Style) {
    let name = |e: &EndpointSummary| Cell::inked(clean_line(&e.name), Ink::Strong);
    let passed = |e: &EndpointSummary| format!("{}/{}", e.passed, e.counted);
    if summary.refused.is_some() {
        let mut rows = vec![vec![Cell::default(), Cell::inked("passed", Ink::Faint)]];
        rows.extend(summary.endpoints.iter().map(|e| vec![name(e), Cell::new(passed(e))]));
        let table = Table { rows, right: true };
        if table.width() <= style.width() {
            out.push_str(&table.render(0, style));
        } else {
            for e in &summary.endpoints {
                paragraph(out, &clean_line(&e.name), Ink::Strong, style);
                out.push_str(&format!("  passed {}\n", passed(e)));
            }
        }
        out.push('\n');
        return;
    }
    let confidence = percent(summary.confidence);
    title(out, "Pass rate on these scenarios (the mean over scenarios of the mean over trials)", style);
    // One k for all, so that the column compares like with like: the largest that all have.
    let k = summary.endpoints.iter().filter_map(hat).map(|(k, _)| k).min().filter(|k| *k > 1);
    let shows_more =
        |e: &EndpointSummary| e.score.zip(e.pass_rate).is_some_and(|(s, r)| (s.value - r.value).abs() > 1e-9);
    let partial = summary.endpoints.iter().any(shows_more);
    let variants = summary.endpoints.iter().any(|e| e.every_variant.is_some());
    let at_k = |e: &EndpointSummary| k.and_then(|k| e.pass_hat.iter().find(|h| h.k == k)).map(|h| h.estimate);
    let figures = |e: &EndpointSummary| -> Vec<Cell> {
        let mark = if e.judged.is_some() { "*" } else { "" };
        let rate = e.pass_rate.map_or_else(|| "–".to_owned(), |r| format!("{} %{mark}", percent(r.value)));
        let mut row =
            vec![Cell::inked(rate, Ink::Strong), Cell::new(e.pass_rate.map_or_else(String::new, |r| span(&r)))];
        if partial {
            let score = e.score.map_or_else(|| "–".into(), |s| format!("{} % ({})", percent(s.value), span(&s)));
            row.push(Cell::new(score));
        }
        if variants {
            let every =
                e.every_variant.map_or_else(|| "–".into(), |v| format!("{} % ({})", percent(v.value), span(&v)));
            row.push(Cell::new(every));
        }
        if k.is_some() {
            let hat = at_k(e).map_or_else(|| "–".into(), |h| format!("{} % ({})", percent(h.value), span(&h)));
            row.push(Cell::new(hat));
        }
        row.push(Cell::new(passed(e)));
        row
    };
    let mut heads = vec!["rate".to_owned(), "interval".to_owned()];
    heads.extend(partial.then(|| "score".to_owned()));
    heads.extend(variants.then(|| "every variant".to_owned()));
    heads.extend(k.map(|k| format!("pass^{k}")));
    heads.push("passed".into());
    let mut rows = vec![heads.iter().map(|h| Cell::inked(h, Ink::Faint)).collect::<Vec<_>>()];
    rows[0].insert(0, Cell::default());
    for e in &summary.endpoints {
        let mut row = figures(e);
        row.insert(0, name(e));
        rows.push(row);
    }
    let table = Table { rows: rows.clone(), right: true };
    let room = style.width().saturating_sub(table.width() + 4);
    if table.width() > style.width() {
        stacked(out, summary, &heads, &figures, style);
    } else {
        let axis_width = room.min(41);
        if axis_width >= 13 {
            let odd = axis_width - (1 - axis_width % 2);
            rows[0].insert(1, Cell::inked(axis::scale(odd), Ink::Faint));
            for (row, e) in rows[1..].iter_mut().zip(&summary.endpoints) {
                let drawn = e.pass_rate.map_or_else(String::new, |r| axis::interval(&r, odd));
                row.insert(1, Cell::new(drawn));
            }
        }
        out.push_str(&Table { rows, right: true }.render(0, style));
    }
    let mut legend = vec![format!("interval: the rates that fit these results at {confidence} % confidence")];
    if summary.endpoints.iter().any(|e| e.scenarios == 1) {
        legend.push("one scenario alone gives none (0–100 %)".into());
    }
    legend.extend(partial.then(|| "score: with partial credit".to_owned()));
    legend.extend(variants.then(|| "every variant: a trial passes in all variants of its scenario".to_owned()));
    legend.extend(k.map(|k| format!("pass^{k}: the chance that {k} trials of a scenario all pass")));
    legend.push("passed: episodes".into());
    if summary.endpoints.iter().any(|e| e.judged.is_some()) {
        legend.push("*: hangs on a judge, see below".into());
    }
    for line in flow(&legend, style.width()) {
        paragraph(out, &line, Ink::Faint, style);
    }
    out.push('\n');
}

/// How two endpoints compare, in a sentence.
fn difference(out: &mut String, summary: &Summary, style: &Style) {
    let Some(d) = &summary.difference else { return };
    let (endpoint, against) = (clean_line(&d.endpoint), clean_line(&d.against));
    let (said, ink) = match d.verdict {
        "better" => (format!("{endpoint} is better than {against}"), Ink::Pass),
        "worse" => (format!("{endpoint} is worse than {against}"), Ink::Fail),
        _ => (format!("Undecided: these trials cannot tell {endpoint} from {against}"), Ink::Unsure),
    };
    let over = count(d.scenarios, "scenario");
    title(out, &format!("Difference of the pass rates, paired over {over}"), style);
    let line = format!(
        "{said}: {} points ({} to {} at {} % confidence), p {}",
        points(d.delta.value),
        points(d.delta.low),
        points(d.delta.high),
        percent(summary.confidence),
        p_value(d.p),
    );
    for (n, text) in wrap(&line, style.width() - 2).iter().enumerate() {
        out.push_str(&format!("{}{}\n", if n > 0 { "  " } else { "" }, style.paint(ink, text)));
    }
    out.push('\n');
}

/// One block per endpoint, for narrow terminals.
fn stacked(
    out: &mut String,
    summary: &Summary,
    heads: &[String],
    figures: &dyn Fn(&EndpointSummary) -> Vec<Cell>,
    style: &Style,
) {
    for e in &summary.endpoints {
        paragraph(out, &clean_line(&e.name), Ink::Strong, style);
        if let Some(rate) = &e.pass_rate {
            let width = (style.width() - 6).min(41);
            let odd = width - (1 - width % 2);
            out.push_str(&format!("  {}\n", style.paint(Ink::Faint, &axis::scale(odd))));
            out.push_str(&format!("  {}\n", axis::interval(rate, odd)));
        }
        let rows = heads.iter().zip(figures(e)).map(|(h, c)| vec![Cell::inked(h, Ink::Faint), c]).collect();
        out.push_str(&Table { rows, right: false }.render(2, style));
    }
}

/// The price that an endpoint's costs were reckoned with.
fn price(e: &EndpointSummary) -> Option<String> {
    let price = e.price.as_ref()?;
    let rate = |key: &str| price[key].as_f64().map(rate);
    let day = price["as_of"].as_str().map_or("without a date".into(), |day| format!("as of {}", clean_line(day)));
    let (input, output) = rate("input").zip(rate("output"))?;
    Some(format!("{}: {input} in and {output} out per million tokens, {day}", clean_line(&e.name)))
}

fn effort(out: &mut String, summary: &Summary, style: &Style) {
    let unknown = || "–".to_owned();
    let heads = ["turns", "calls", "tokens in", "tokens out", "cost", "latency p50", "p90"];
    let row = |e: &EndpointSummary| -> Vec<String> {
        let number = |n: Option<f64>| n.map_or_else(unknown, short);
        let mean = |n: Option<f64>| n.map_or_else(unknown, |n| format!("{n:.1}"));
        vec![
            mean(e.turns),
            mean(e.calls),
            number(e.tokens_in),
            number(e.tokens_out),
            e.cost.map_or_else(|| "unknown".into(), money),
            e.latency.map_or_else(unknown, |l| time(l.median_ms)),
            e.latency.map_or_else(unknown, |l| time(l.p90_ms)),
        ]
    };
    title(out, "Effort (means per episode; cost of all of them; latency of a model response)", style);
    let mut rows =
        vec![std::iter::once(Cell::default()).chain(heads.map(|h| Cell::inked(h, Ink::Faint))).collect::<Vec<_>>()];
    for e in &summary.endpoints {
        let name = Cell::inked(clean_line(&e.name), Ink::Strong);
        rows.push(std::iter::once(name).chain(row(e).into_iter().map(Cell::new)).collect());
    }
    let table = Table { rows, right: true };
    if table.width() <= style.width() {
        out.push_str(&table.render(0, style));
    } else {
        for e in &summary.endpoints {
            paragraph(out, &clean_line(&e.name), Ink::Strong, style);
            let pairs = heads.iter().zip(row(e)).map(|(h, v)| vec![Cell::inked(*h, Ink::Faint), Cell::new(v)]);
            out.push_str(&Table { rows: pairs.collect(), right: true }.render(2, style));
        }
    }
    let prices: Vec<String> = summary.endpoints.iter().filter_map(price).collect();
    if !prices.is_empty() {
        for line in flow(&prices, style.width()) {
            paragraph(out, &line, Ink::Faint, style);
        }
    }
    out.push('\n');
}

fn left_out(out: &mut String, summary: &Summary, style: &Style) {
    let lines = known(summary);
    if lines.is_empty() {
        return;
    }
    title(out, "What to know of these rates", style);
    for line in lines {
        for (n, text) in wrap(&clean_line(&line), style.width() - 4).iter().enumerate() {
            out.push_str(&format!("  {}{}\n", if n > 0 { "  " } else { "" }, style.paint(Ink::Unsure, text)));
        }
    }
    out.push('\n');
}

fn mark(cell: Option<CellSummary>) -> Cell {
    let Some(c) = cell else { return Cell::inked("–", Ink::Faint) };
    let aside = if c.excluded > 0 { format!(" +{}?", c.excluded) } else { String::new() };
    let text = |mark: &str| format!("{mark} {}/{}{aside}", c.k, c.n);
    match c.rate() {
        None => Cell::inked(text("?"), Ink::Unsure),
        Some(rate) if rate >= 1.0 => Cell::inked(text("✓"), Ink::Pass),
        Some(rate) if rate <= 0.0 => Cell::inked(text("✗"), Ink::Fail),
        Some(_) => Cell::inked(text("~"), Ink::Unsure),
    }
}

fn scenario_name(s: &ScenarioSummary) -> String {
    let variant = if s.variant.is_empty() { String::new() } else { format!("~{}", clean_line(&s.variant)) };
    format!("{}{variant}", clean_line(&s.id))
}

fn differing(out: &mut String, summary: &Summary, style: &Style) {
    // Episodes that were picked by outcome say nothing on how endpoints differ.
    if summary.endpoints.len() < 2 || summary.refused.is_some() {
        return;
    }
    let all = summary.differing.len();
    let of = summary.scenarios.len();
    if all == 0 {
        title(out, "The endpoints differ on no scenario", style);
        out.push('\n');
        return;
    }
    title(out, &format!("Scenarios on which endpoints differ: {all} of {of}, largest difference first"), style);
    let shown = style.limit.unwrap_or(all).min(all);
    let names = || summary.endpoints.iter().map(|e| clean_line(&e.name));
    let mut rows =
        vec![std::iter::once(Cell::default()).chain(names().map(|n| Cell::inked(n, Ink::Faint))).collect::<Vec<_>>()];
    for s in summary.differing[..shown].iter().filter_map(|at| summary.scenarios.get(*at)) {
        rows.push(std::iter::once(Cell::new(scenario_name(s))).chain(s.cells.iter().map(|c| mark(*c))).collect());
    }
    let table = Table { rows, right: false };
    if table.width() + 2 <= style.width() {
        out.push_str(&table.render(2, style));
    } else {
        // The name on its own line, the cells below it, one per line.
        for row in &table.rows[1..] {
            wrap(&row[0].text, style.width() - 2).iter().for_each(|l| out.push_str(&format!("  {l}\n")));
            let pairs = names().zip(&row[1..]).map(|(n, c)| vec![Cell::inked(n, Ink::Faint), c.clone()]);
            out.push_str(&Table { rows: pairs.collect(), right: false }.render(4, style));
        }
    }
    if shown < all {
        out.push_str(&style.paint(Ink::Faint, &format!("  and {} more", all - shown)));
        out.push('\n');
    }
    out.push('\n');
}

fn failures(out: &mut String, summary: &Summary, style: &Style) {
    if summary.failures.is_empty() {
        return;
    }
    title(out, "Why episodes failed", style);
    let names: Vec<String> = summary.endpoints.iter().map(|e| clean_line(&e.name)).collect();
    let widths: Vec<usize> = names.iter().map(|n| columns(n).max(4)).collect();
    let figures: usize = widths.iter().map(|w| w + 2).sum();
    let room = style.width().saturating_sub(figures + 2);
    let side_by_side = room >= 24;
    if side_by_side {
        let line: String = names.iter().zip(&widths).map(|(n, w)| format!("{}  ", pad_left(n, *w))).collect();
        out.push_str(&format!("  {}\n", style.paint(Ink::Faint, line.trim_end())));
    }
    for f in &summary.failures {
        let reason = clean_line(&f.reason);
        let what = match f.kind {
            FailureKind::Grader => format!("{reason}: the first of its criteria to fail"),
            FailureKind::End => match EndReason::ALL.iter().find(|e| e.as_str() == f.reason) {
                Some(end) => format!("{reason}: {}", end.meaning()),
                None => reason,
            },
        };
        let what = format!("{what}; see {}", clean_line(&f.example.to_string()));
        if side_by_side {
            let numbers: String =
                f.episodes.iter().zip(&widths).map(|(n, w)| format!("{}  ", pad_left(&n.to_string(), *w))).collect();
            for (n, line) in wrap(&what, room).iter().enumerate() {
                let left = if n == 0 { numbers.clone() } else { " ".repeat(figures) };
                out.push_str(format!("  {left}{line}").trim_end());
                out.push('\n');
            }
        } else {
            let numbers: Vec<String> = names.iter().zip(&f.episodes).map(|(n, k)| format!("{n} {k}")).collect();
            wrap(&what, style.width() - 2).iter().for_each(|l| out.push_str(&format!("  {l}\n")));
            let numbers = numbers.join(", ");
            wrap(&numbers, style.width() - 4).iter().for_each(|l| out.push_str(&format!("    {l}\n")));
        }
    }
    out.push('\n');
}

fn outcome(summary: &Summary) -> (String, Ink) {
    let sum = |of: fn(&EndpointSummary) -> u64| summary.endpoints.iter().map(of).sum::<u64>();
    let planned = sum(|e| e.planned);
    let run = &summary.run;
    let reason = match (run.status.state, run.status.reason.as_str()) {
        (_, reason) if !reason.is_empty() => format!(" ({})", clean_line(reason)),
        (State::Budget, _) => " (its budget was spent)".into(),
        (State::Interrupted, _) => " (it was interrupted)".into(),
        (State::Open, _) => " (it is running, or was killed)".into(),
        _ => String::new(),
    };
    match summary.outcome {
        Outcome::Complete => {
            let excluded: u64 = sum(|e| e.excluded.values().sum());
            let aside =
                if excluded > 0 { format!(", {excluded} of them left out of the rates") } else { String::new() };
            (format!("Complete: {}{aside}.", count(planned, "episode")), Ink::Pass)
        }
        Outcome::Decided { missing } => {
            let text = format!("Decided: {missing} of {} were not needed{reason}.", count(planned, "episode"));
            (text, Ink::Pass)
        }
        Outcome::NothingCounts => {
            let text = format!(
                "No verdict: {} ended, and none of them says anything about its endpoint.",
                count(planned, "episode")
            );
            (text, Ink::Unsure)
        }
        Outcome::Failed { missing } => {
            (format!("Failed: {missing} of {} missing{reason}.", count(planned, "episode")), Ink::Fail)
        }
        Outcome::Incomplete { missing } => {
            (format!("Incomplete: {missing} of {} missing{reason}.", count(planned, "episode")), Ink::Unsure)
        }
        Outcome::NothingRan => (format!("Nothing ran{reason}: {} planned.", count(planned, "episode")), Ink::Unsure),
    }
}
