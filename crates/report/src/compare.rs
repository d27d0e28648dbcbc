//! How endpoints or runs differ, for the terminal.

use crate::axis;
use crate::lay::{lay, lay_bare};
use crate::model::{Datum, Sheet, Standing, best, pairs};
use crate::number::{count, p_value, percent, points};
use crate::text::{Ink, Style, clean_line, flow, paragraph};
use crate::value::json_by_value;
use mocktrial_analysis::Estimate;
use mocktrial_analysis::compare::{
    Compared, Comparison, Divergence, Divergent, Flip, PairVerdict, Ratio, Scope, Side, WhyOut,
};
use mocktrial_analysis::until::Decided;

/// A comparison: each pair with what differs, where, and since which call; below all of them a row for each pair, and the
/// ranks. The last line is the verdict.
#[must_use]
pub fn compared(all: &Compared, style: &Style) -> String {
    let mut out = String::new();
    let same_run = all.pairs.iter().all(|p| p.first.run == p.second.run);
    let name =
        |side: &Side| if same_run { side.endpoint.to_string() } else { format!("{} ({})", side.endpoint, side.run) };
    for pair in &all.pairs {
        one(&mut out, pair, &name, (on(all.scope), &percent(all.confidence)), style);
    }
    if all.pairs.len() > 1 {
        let mut sheet = pairs::differences(all, &name);
        // Who stands against whom is one name here: a row may be told in parts.
        sheet.columns.remove(1);
        for row in &mut sheet.rows {
            let against = row.remove(1).text();
            row[0] = Datum::Name(format!("{} against {against}", row[0].text()));
        }
        paragraph(&mut out, &sheet.title, Ink::Strong, style);
        out.push_str(&lay(&sheet, 0, style));
        out.push('\n');
    }
    if !all.ranks.is_empty() {
        let sheet = pairs::ranks(all, &|rank| rank.endpoint.to_string());
        paragraph(&mut out, &sheet.title, Ink::Strong, style);
        out.push_str(&lay_bare(&sheet, 0, style));
        out.push('\n');
    }
    if let Some(best) = best(all) {
        paragraph(&mut out, &best.head, best.standing.into(), style);
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

fn ends(e: &Estimate) -> String {
    format!("{} to {}", points(e.low), points(e.high))
}

fn word(verdict: PairVerdict) -> &'static str {
    match verdict {
        PairVerdict::Better => "better",
        PairVerdict::Worse => "worse",
        PairVerdict::Undecided => "undecided",
    }
}

fn one(
    out: &mut String,
    pair: &Comparison,
    name: &dyn Fn(&Side) -> String,
    (scope, confidence): (&str, &str),
    style: &Style,
) {
    let (first, second) = (name(&pair.first), name(&pair.second));
    paragraph(out, &format!("{first} against {second}"), Ink::Strong, style);
    let differs = if pair.treatment.is_empty() {
        "nothing differs between the endpoints: a difference is chance, or the provider's".to_owned()
    } else {
        format!("what differs: {}", pair.treatment.join(", "))
    };
    let facts = [differs, format!("{} compared", count(pair.scenarios, "scenario"))].map(|fact| clean_line(&fact));
    for line in flow(&facts, style.width()) {
        paragraph(out, &line, Ink::Faint, style);
    }
    for (what, ratio) in [("cost", &pair.cost), ("model time", &pair.latency)] {
        if let Some(ratio) = ratio {
            paragraph(out, &format!("{what} per episode: {}", times(ratio)), Ink::Faint, style);
        }
    }
    out.push('\n');
    flips(out, &pairs::flips(&pair.flips, &first, &second), style);
    let tags = pairs::tags(pair);
    if !tags.rows.is_empty() {
        paragraph(out, &tags.title, Ink::Strong, style);
        out.push_str(&lay(&tags, 2, style));
        out.push('\n');
    }
    let before = out.len();
    notes(out, pair, (&first, &second), style);
    if out.len() > before {
        out.push('\n');
    }
    match (&pair.refused, &pair.delta) {
        (Some(why), _) => paragraph(out, &format!("No answer: {why}."), Ink::Unsure, style),
        (None, None) if pair.sequential.is_some() => paragraph(out, &by_itself(pair), Ink::Strong, style),
        (None, Some(delta)) => {
            out.push_str(&axis::difference(delta, None, pair.verdict.into(), style));
            let said = sentence(pair, delta, (&first, &second), scope, confidence);
            paragraph(out, &said, Standing::from(pair.verdict).into(), style);
        }
        (None, None) => {}
    }
    out.push('\n');
}

fn flips(out: &mut String, sheet: &Sheet, style: &Style) {
    let all = sheet.rows.len();
    if all == 0 {
        return;
    }
    paragraph(out, &sheet.title, Ink::Strong, style);
    let shown = style.limit.unwrap_or(all).min(all);
    let some = Sheet { rows: sheet.rows[..shown].to_vec(), ..sheet.clone() };
    out.push_str(&lay(&some, 2, style));
    if shown < all {
        out.push_str(&style.paint(Ink::Faint, &format!("  and {} more", all - shown)));
        out.push('\n');
    }
    out.push('\n');
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
        let word = word(with.verdict);
        let difference = with.delta.map_or_else(
            || "no difference to be stated".into(),
            |d| format!("{} points ({}), {word}", points(d.value), ends(&d)),
        );
        let said = format!("with what is in quarantine, {}: {difference}", count(with.scenarios, "scenario"));
        // What a quarantine turns into another verdict must not be overlooked.
        paragraph(
            out,
            &said,
            if with.verdict == pair.verdict { Ink::Faint } else { Standing::from(with.verdict).into() },
            style,
        );
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

fn times(r: &Ratio) -> String {
    let shown = |x: f64| match x {
        x if x >= 9.95 => format!("{x:.0}"),
        x => format!("{x:.2}"),
    };
    format!("{} × ({} to {})", shown(r.value), shown(r.low), shown(r.high))
}

/// The most frequent way of parting, in words.
pub(crate) fn parting(flip: &Flip) -> String {
    let Some(d) = flip.divergences.first() else { return String::new() };
    format!("{} ({} of {})", way(d), d.trials, d.of)
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
