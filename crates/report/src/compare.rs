//! How endpoints or runs differ, for the terminal.

use crate::axis;
use crate::number::{count, p_value, percent, points};
use crate::table::{Cell, Table};
use crate::text::{Ink, Style, clean_line, flow, paragraph, wrap};
use crate::value::json_by_value;
use mocktrial_analysis::Estimate;
use mocktrial_analysis::compare::{
    Compared, Comparison, Divergence, Divergent, Flip, PairVerdict, Ratio, Scope, Side, WhyOut,
};
use mocktrial_analysis::until::Decided;

/// A comparison: a row for each pair, then each pair with what differs, where, and since which call.
#[must_use]
pub fn compared(all: &Compared, style: &Style) -> String {
    let mut out = String::new();
    let same_run = all.pairs.iter().all(|p| p.first.run == p.second.run);
    let name = |side: &Side| {
        let endpoint = clean_line(&side.endpoint);
        if same_run { endpoint } else { format!("{endpoint} ({})", clean_line(&side.run)) }
    };
    let scope = on(all.scope);
    let confidence = percent(all.confidence);
    if all.pairs.len() > 1 {
        title(&mut out, &format!("Differences of the pass rates {scope}, in points"), style);
        let mut rows = vec![heads(&["", "", "difference", &format!("{confidence} %"), "p (Holm)", "verdict"])];
        for pair in &all.pairs {
            let (verdict, ink) = verdict(pair);
            rows.push(vec![
                Cell::inked(name(&pair.first), Ink::Strong),
                Cell::new(format!("against {}", name(&pair.second))),
                Cell::new(pair.delta.map_or_else(|| "–".into(), |d| points(d.value))),
                Cell::new(pair.delta.map_or_else(String::new, |d| ends(&d))),
                Cell::new(pair.p_adjusted.map_or_else(|| "–".into(), |p| p_value(p).replace("= ", ""))),
                Cell::inked(verdict, ink),
            ]);
        }
        out.push_str(&Table { rows, right: false }.render(0, style));
        out.push('\n');
    }
    if !all.ranks.is_empty() {
        title(&mut out, &format!("Ranks, all at once at {confidence} % confidence"), style);
        let mut ranks: Vec<_> = all.ranks.iter().collect();
        ranks.sort_by_key(|r| (r.best, r.worst));
        let rank = |best, worst| if best == worst { format!("{best}") } else { format!("{best} to {worst}") };
        let rows = ranks
            .iter()
            .map(|r| vec![Cell::inked(clean_line(&r.endpoint), Ink::Strong), Cell::new(rank(r.best, r.worst))]);
        out.push_str(&Table { rows: rows.collect(), right: false }.render(0, style));
        out.push('\n');
    }
    for pair in &all.pairs {
        one(&mut out, pair, &name, scope, &confidence, style);
    }
    out
}

/// Where a difference is claimed to hold.
pub(crate) fn on(scope: Scope) -> &'static str {
    match scope {
        Scope::Suite => "on these scenarios",
        Scope::Population => "on scenarios like these: families are the units",
    }
}

fn heads(texts: &[&str]) -> Vec<Cell> {
    texts.iter().map(|t| Cell::inked(*t, Ink::Faint)).collect()
}

fn title(out: &mut String, text: &str, style: &Style) {
    paragraph(out, text, Ink::Strong, style);
}

fn ends(e: &Estimate) -> String {
    format!("{} to {}", points(e.low), points(e.high))
}

fn verdict(pair: &Comparison) -> (&'static str, Ink) {
    match pair.verdict {
        _ if pair.refused.is_some() => ("no answer", Ink::Unsure),
        PairVerdict::Undecided if pair.sequential.is_some() => ("see below", Ink::Strong),
        verdict => word(verdict),
    }
}

fn word(verdict: PairVerdict) -> (&'static str, Ink) {
    match verdict {
        PairVerdict::Better => ("better", Ink::Pass),
        PairVerdict::Worse => ("worse", Ink::Fail),
        PairVerdict::Undecided => ("undecided", Ink::Unsure),
    }
}

fn one(
    out: &mut String,
    pair: &Comparison,
    name: &dyn Fn(&Side) -> String,
    scope: &str,
    confidence: &str,
    style: &Style,
) {
    let (first, second) = (name(&pair.first), name(&pair.second));
    title(out, &format!("{first} against {second}"), style);
    let differs = if pair.treatment.is_empty() {
        "nothing differs between the endpoints: a difference is chance, or the provider's".to_owned()
    } else {
        format!("what differs: {}", pair.treatment.iter().map(|p| clean_line(p)).collect::<Vec<_>>().join(", "))
    };
    let over = format!("{} compared", count(pair.scenarios, "scenario"));
    for line in flow(&[differs, over], style.width()) {
        paragraph(out, &line, Ink::Faint, style);
    }
    match (&pair.refused, &pair.delta) {
        (Some(why), _) => paragraph(out, &format!("No answer: {}.", clean_line(why)), Ink::Unsure, style),
        (None, None) if pair.sequential.is_some() => paragraph(out, &by_itself(pair), Ink::Strong, style),
        (None, Some(delta)) => stated(out, pair, delta, (&first, &second), scope, confidence, style),
        (None, None) => {}
    }
    notes(out, pair, (&first, &second), style);
    for (what, ratio) in [("cost", &pair.cost), ("model time", &pair.latency)] {
        if let Some(r) = ratio {
            paragraph(out, &format!("{what} per episode: {}", times(r)), Ink::Faint, style);
        }
    }
    out.push('\n');
    tags(out, pair, style);
    flips(out, pair, (&first, &second), style);
}

/// What a run decided that looked at itself, and why nothing else is said.
pub(crate) fn by_itself(pair: &Comparison) -> String {
    pair.sequential.as_ref().map_or_else(String::new, looked)
}

/// What a run decided that looked at itself, in a sentence.
pub(crate) fn looked(decided: &Decided) -> String {
    let how = if decided.decision.early { "stopped when it knew" } else { "looked at itself to its end" };
    format!(
        "This run {how}: {}. What a plan of fixed size would say is not shown, for it would be too sure of itself.",
        clean_line(&decided.said)
    )
}

/// The sentence, and the interval drawn.
fn stated(
    out: &mut String,
    pair: &Comparison,
    delta: &Estimate,
    (first, second): (&str, &str),
    scope: &str,
    confidence: &str,
    style: &Style,
) {
    out.push_str(&axis::difference(delta, None, pair.verdict.into(), style));
    paragraph(out, &sentence(pair, delta, (first, second), scope, confidence), verdict(pair).1, style);
}

/// What the comparison comes to, in a sentence.
pub(crate) fn sentence(
    pair: &Comparison,
    delta: &Estimate,
    (first, second): (&str, &str),
    scope: &str,
    confidence: &str,
) -> String {
    let figures = format!(
        "{} points ({} at {confidence} % confidence), p {}{}",
        points(delta.value),
        ends(delta),
        p_value(pair.p.unwrap_or(1.0)),
        pair.p_sign_flip.map_or_else(String::new, |p| format!("; by sign flips p {}", p_value(p))),
    );
    match pair.verdict {
        PairVerdict::Better => format!("Better: {first} passes more often than {second} {scope}: {figures}."),
        PairVerdict::Worse => format!("Worse: {first} passes less often than {second} {scope}: {figures}."),
        PairVerdict::Undecided if pair.turned_by_missing => format!(
            "Undecided: the trials without an outcome could turn the difference of {first} and {second} round: {figures}."
        ),
        PairVerdict::Undecided => format!("Undecided: these trials cannot tell {first} from {second}: {figures}."),
    }
}

fn notes(out: &mut String, pair: &Comparison, (first, second): (&str, &str), style: &Style) {
    if !pair.left_out.is_empty() {
        let mut reasons: Vec<(WhyOut, Vec<&str>)> = Vec::new();
        for left in &pair.left_out {
            match reasons.iter_mut().find(|(why, _)| *why == left.why) {
                Some((_, names)) => names.push(&left.scenario),
                None => reasons.push((left.why, vec![&left.scenario])),
            }
        }
        for (why, names) in reasons {
            let why = match why {
                WhyOut::WorldDiffers => "whose messages, tools, state or behaviour differ".to_owned(),
                WhyOut::CriteriaDiffer => {
                    "whose criteria or references differ (`mocktrial grade` makes them equal)".to_owned()
                }
                WhyOut::Quarantined => "in quarantine (`mocktrial health` says whether that is justified)".to_owned(),
                WhyOut::OnlyFirst => format!("that only {first} has"),
                WhyOut::OnlySecond => format!("that only {second} has"),
                WhyOut::NoneCountsInFirst => format!("without a trial of {first} that counts"),
                WhyOut::NoneCountsInSecond => format!("without a trial of {second} that counts"),
            };
            let shown: Vec<String> = names.iter().take(5).map(|n| clean_line(n)).collect();
            let more = if names.len() > 5 { format!(" and {} more", names.len() - 5) } else { String::new() };
            let count = count(names.len() as u64, "scenario");
            paragraph(out, &format!("left out: {count} {why}: {}{more}", shown.join(", ")), Ink::Unsure, style);
        }
    }
    if let Some(with) = &pair.with_quarantined {
        let (word, ink) = word(with.verdict);
        let difference = with.delta.map_or_else(
            || "no difference to be stated".into(),
            |d| format!("{} points ({}), {word}", points(d.value), ends(&d)),
        );
        let said = format!("with what is in quarantine, {}: {difference}", count(with.scenarios, "scenario"));
        // What a quarantine turns into another verdict must not be overlooked.
        paragraph(out, &said, if with.verdict == pair.verdict { Ink::Faint } else { ink }, style);
    }
    if let Some(b) = pair.bounds {
        let missing = pair.first.missing + pair.second.missing;
        let them = count(missing, "trial");
        let said = format!(
            "{them} without an outcome; had they all gone one way, the difference would lie between {} and {} points",
            points(b.worst),
            points(b.best)
        );
        paragraph(out, &said, Ink::Unsure, style);
    }
    if let Some(p) = pair.p_missing.filter(|p| *p < 0.05) {
        let said = format!("the two lack trials unequally often (p {}): what is missing may not be chance", p_value(p));
        paragraph(out, &said, Ink::Unsure, style);
    }
    for (side, who) in [(&pair.first, first), (&pair.second, second)] {
        if side.unfinished > 0 {
            let said =
                format!("{} of {who} did not take place: the run was stopped", count(side.unfinished, "planned trial"));
            paragraph(out, &said, Ink::Unsure, style);
        }
        if side.replayed > 0 {
            let share = if side.replayed == side.counted { "all".into() } else { side.replayed.to_string() };
            let of = count(side.counted, "trial");
            paragraph(
                out,
                &format!("{who}: {share} of {of} replayed from cassettes: no new evidence"),
                Ink::Faint,
                style,
            );
        }
    }
}

pub(crate) fn times(r: &Ratio) -> String {
    let shown = |x: f64| match x {
        x if x >= 9.95 => format!("{x:.0}"),
        x => format!("{x:.2}"),
    };
    format!("{} × ({} to {})", shown(r.value), shown(r.low), shown(r.high))
}

fn tags(out: &mut String, pair: &Comparison, style: &Style) {
    // One tag that all have says the same again.
    let own: Vec<_> = pair.tags.iter().filter(|t| t.units < pair.units).collect();
    if own.is_empty() {
        return;
    }
    title(out, "By tag (where to look; p adjusted for the number of tags)", style);
    let mut rows = vec![heads(&["", "units", "difference", "interval", "p"])];
    for tag in own {
        rows.push(vec![
            Cell::new(clean_line(&tag.tag)),
            Cell::new(tag.units.to_string()),
            Cell::new(points(tag.delta.value)),
            Cell::new(ends(&tag.delta)),
            Cell::new(p_value(tag.p_adjusted).replace("= ", "")),
        ]);
    }
    out.push_str(&Table { rows, right: true }.render(2, style));
    out.push('\n');
}

fn flips(out: &mut String, pair: &Comparison, (first, second): (&str, &str), style: &Style) {
    if pair.flips.is_empty() {
        return;
    }
    let all = pair.flips.len();
    title(out, &format!("Scenarios on which they differ: {all}, strongest evidence first"), style);
    let shown = style.limit.unwrap_or(all).min(all);
    let mut rows = vec![heads(&["", first, second, "where they part"])];
    for flip in &pair.flips[..shown] {
        rows.push(vec![
            Cell::new(clean_line(&flip.scenario)),
            mark(flip.first),
            mark(flip.second),
            Cell::inked(parting(flip), Ink::Faint),
        ]);
    }
    let table = Table { rows, right: false };
    if table.width() + 2 <= style.width() {
        out.push_str(&table.render(2, style));
    } else {
        for row in &table.rows[1..] {
            let [name, a, b, part] = row.as_slice() else { continue };
            wrap(&name.text, style.width() - 2).iter().for_each(|l| out.push_str(&format!("  {l}\n")));
            let line = format!("{first} {} · {second} {}", a.text, b.text);
            wrap(&line, style.width() - 4).iter().for_each(|l| out.push_str(&format!("    {l}\n")));
            for l in wrap(&part.text, style.width() - 4).iter().filter(|l| !l.trim().is_empty()) {
                out.push_str(&format!("    {}\n", style.paint(Ink::Faint, l)));
            }
        }
    }
    if shown < all {
        out.push_str(&style.paint(Ink::Faint, &format!("  and {} more", all - shown)));
        out.push('\n');
    }
    out.push('\n');
}

fn mark((k, n): (u32, u32)) -> Cell {
    let text = |mark: &str| format!("{mark} {k}/{n}");
    match (k, n) {
        (k, n) if k == n => Cell::inked(text("✓"), Ink::Pass),
        (0, _) => Cell::inked(text("✗"), Ink::Fail),
        _ => Cell::inked(text("~"), Ink::Unsure),
    }
}

/// The most frequent way of parting, in words.
pub(crate) fn parting(flip: &Flip) -> String {
    let Some(d) = flip.divergences.first() else { return String::new() };
    format!("{} ({} of {})", way(d), d.trials, count(d.of.into(), "trial"))
}

fn way(d: &Divergence) -> String {
    let short = |v: &Option<serde_json::Value>| {
        let text = v.as_ref().map_or_else(|| "nothing".to_owned(), json_by_value);
        if text.chars().count() > 30 { text.chars().take(29).chain(['…']).collect() } else { text }
    };
    match &d.how {
        Divergent::Tool { first, second } => {
            format!("call {}: {} instead of {}", d.call, clean_line(first), clean_line(second))
        }
        Divergent::Arguments { tool, path, first, second } => {
            let at =
                if path.is_empty() { String::new() } else { format!(" {}", clean_line(path.trim_start_matches('/'))) };
            format!("call {}: {}{at} {} instead of {}", d.call, clean_line(tool), short(first), short(second))
        }
        Divergent::OnlyFirst { tool } => format!("call {}: {} on top", d.call, clean_line(tool)),
        Divergent::OnlySecond { tool } => format!("call {}: no {}", d.call, clean_line(tool)),
        Divergent::Answer => "the calls are the same, the answer differs".to_owned(),
    }
}
