//! Whether endpoints treat variants alike, for the terminal: in sentences that can be read aloud.

use crate::number::{count, p_value, percent, points};
use crate::table::{Cell, Table};
use crate::text::{Ink, Style, clean_line, wrap};
use mocktrial_analysis::Estimate;
use mocktrial_analysis::compare::Scope;
use mocktrial_analysis::fairness::{Disparity, Fairness, Gap, Verdict};

/// How a run's endpoints treat the variants of its scenarios, and what may and may not be concluded from it.
#[must_use]
pub fn fairness(fairness: &Fairness, style: &Style) -> String {
    let mut out = String::new();
    let groups: Vec<String> = fairness.groups.iter().map(|g| clean_line(g)).collect();
    let scope = match fairness.scope {
        Scope::Suite => "on these scenarios",
        Scope::Population => "on scenarios like these",
    };
    let head = format!("Fairness of {}: {} {scope}", clean_line(&fairness.run), groups.join(", "));
    say(&mut out, &head, Some(Ink::Strong), 0, style);
    if !fairness.left_out.is_empty() {
        let them = count(fairness.left_out.len() as u64, "scenario");
        let said = format!("left out: {them} without one of these variants: {}", names(&fairness.left_out));
        say(&mut out, &said, Some(Ink::Unsure), 0, style);
    }
    if !fairness.quarantined.is_empty() {
        let them = count(fairness.quarantined.len() as u64, "scenario");
        let said = format!("left out: {them} in quarantine: {}", names(&fairness.quarantined));
        say(&mut out, &said, Some(Ink::Unsure), 0, style);
    }
    out.push('\n');
    for endpoint in &fairness.endpoints {
        one(&mut out, endpoint, fairness, scope, style);
    }
    if fairness.endpoints.iter().any(|endpoint| endpoint.refused.is_none()) {
        concluded(&mut out, fairness, style);
    }
    out
}

fn say(out: &mut String, text: &str, ink: Option<Ink>, indent: usize, style: &Style) {
    for line in wrap(text, style.width().saturating_sub(indent)) {
        out.push_str(&" ".repeat(indent));
        out.push_str(&ink.map_or_else(|| line.clone(), |ink| style.paint(ink, &line)));
        out.push('\n');
    }
}

fn names(all: &[std::sync::Arc<str>]) -> String {
    let shown: Vec<String> = all.iter().take(5).map(|n| clean_line(n)).collect();
    let more = if all.len() > 5 { format!(" and {} more", all.len() - 5) } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

fn one(out: &mut String, found: &Disparity, all: &Fairness, scope: &str, style: &Style) {
    let name = clean_line(&found.endpoint);
    let over = format!("{name}: {}, {}", count(found.scenarios, "scenario"), count(found.trials, "trial"));
    say(out, &over, Some(Ink::Strong), 0, style);
    if !found.untried.is_empty() {
        let said = format!("left out: no trial of some variant counts on {}", names(&found.untried));
        say(out, &said, Some(Ink::Unsure), 2, style);
    }
    table(out, found, all, style);
    let missing: u64 = found.groups.iter().map(|g| g.missing).sum();
    if missing > 0 {
        let by: Vec<String> = found.groups.iter().map(|g| format!("{} {}", clean_line(&g.group), g.missing)).collect();
        let said = format!("{} without an outcome, which count in no rate: {}", count(missing, "trial"), by.join(", "));
        say(out, &said, Some(Ink::Unsure), 2, style);
    }
    if found.replayed > 0 {
        let said = format!("{} of {} replayed from cassettes: no new evidence", found.replayed, found.trials);
        say(out, &said, Some(Ink::Faint), 2, style);
    }
    match (&found.refused, &found.gap) {
        (Some(why), _) => say(out, &format!("No answer: {}.", clean_line(why)), Some(Ink::Unsure), 2, style),
        (None, Some(gap)) => sentences(out, found, gap, &name, (all, scope), style),
        (None, None) => {}
    }
    out.push('\n');
}

fn table(out: &mut String, found: &Disparity, all: &Fairness, style: &Style) {
    if found.groups.is_empty() {
        return;
    }
    let head = |text: &str| Cell::inked(text, Ink::Faint);
    let mut rows = vec![vec![head(""), head("passes"), head("(95 %, alone)")]];
    let effects = found.groups.iter().any(|g| g.effect.is_some());
    if effects {
        rows[0].push(head("against the mean"));
        rows[0].push(head(&format!("({} %, all at once)", percent(all.confidence))));
    }
    for group in &found.groups {
        let Estimate { value, low, high } = group.rate;
        let mut row = vec![
            Cell::new(clean_line(&group.group)),
            Cell::new(format!("{} %", percent(value))),
            Cell::new(format!("{} to {}", percent(low), percent(high))),
        ];
        if let Some(e) = group.effect {
            let ink = match () {
                () if !group.named => None,
                () if e.value < 0.0 => Some(Ink::Fail),
                () => Some(Ink::Pass),
            };
            row.push(Cell { text: points(e.value), ink });
            let spread = e.high > e.low;
            row.push(Cell::new(if spread {
                format!("{} to {}", points(e.low), points(e.high))
            } else {
                "no spread".into()
            }));
        }
        rows.push(row);
    }
    out.push_str(&Table { rows, right: true }.render(2, style));
}

fn sentences(
    out: &mut String,
    found: &Disparity,
    gap: &Gap,
    name: &str,
    (all, scope): (&Fairness, &str),
    style: &Style,
) {
    let several = all.endpoints.iter().filter(|e| e.gap.is_some()).count();
    let adjusted = if several > 1 {
        format!(" (p {}, adjusted for {several} endpoints)", p_value(gap.p_adjusted))
    } else {
        String::new()
    };
    let size = plain_points(gap.seen);
    let expected = plain_points(gap.by_chance);
    if found.verdict == Verdict::Matters {
        let said = format!(
            "Which variant it is matters to {name} {scope}: between {} and {} there is a gap of {size}; if it did not matter, \
             a gap as large would come about {}{adjusted}, and the usual gap would be {expected}.",
            clean_line(&gap.worst),
            clean_line(&gap.best),
            often(gap.p)
        );
        say(out, &said, Some(Ink::Fail), 2, style);
        let mut any = false;
        for group in found.groups.iter().filter(|g| g.named) {
            let Some(e) = group.effect else { continue };
            any = true;
            let (word, near, far) = if e.value < 0.0 { ("worse", -e.high, -e.low) } else { ("better", e.low, e.high) };
            let by = plain_points(e.value.abs());
            let range = if far > near { format!(" ({} to {})", whole(near), whole(far)) } else { String::new() };
            let said =
                format!("{} fares {word} than the variants on average, by {by}{range}.", clean_line(&group.group));
            say(out, &said, None, 2, style);
        }
        if !any {
            let said = "Which of them fares better or worse than the average cannot be said from these trials.";
            say(out, said, None, 2, style);
        }
        return;
    }
    let said = if gap.seen <= 1e-9 {
        format!("These trials give no sign that the variant matters to {name}: all variants pass equally often.")
    } else if gap.p < 1.0 - all.confidence {
        format!(
            "These trials give no sign that can be relied on: a gap of {size} or more would come about {} where the variant \
             does not matter{adjusted}, and the more endpoints are looked at, the sooner one shows such a gap.",
            often(gap.p)
        )
    } else {
        format!(
            "These trials give no sign that the variant matters to {name}: if it did not, a gap of {size} or more would come \
             about {}, and the usual gap would be {expected}.",
            often(gap.p)
        )
    };
    say(out, &said, None, 2, style);
    let unseen = match (gap.missed_below, gap.unseen_share) {
        (Some(least), _) if least < 1.0 => Some(format!(
            "No sign is no proof of none: gaps below about {} would likely have gone unseen.",
            plain_points(least)
        )),
        (Some(_), _) => Some(
            "No sign is no proof of none: with so few scenarios, even a large gap would likely have gone unseen."
                .to_owned(),
        ),
        (None, Some(share)) => Some(format!(
            "No sign is no proof of none: no scenario treated the variants differently, but if up to {} % of such scenarios \
             did, that could well have gone unseen.",
            percent(share)
        )),
        (None, None) => None,
    };
    if let Some(said) = unseen {
        say(out, &said, None, 2, style);
    }
}

/// `1 point`, `8 points`, without a sign.
fn plain_points(delta: f64) -> String {
    let whole = whole(delta);
    if whole == "1" { "1 point".into() } else { format!("{whole} points") }
}

fn whole(delta: f64) -> String {
    points(delta).replace('+', "")
}

/// A probability as people say it; never rounded to never or always.
fn often(p: f64) -> String {
    let times = |n: f64, of: u32| match n {
        1.0 => format!("once in {of}"),
        2.0 => format!("twice in {of}"),
        n => format!("{n:.0} times in {of}"),
    };
    match p {
        p if p < 0.001 => "less than once in 1000".into(),
        p if p < 0.0095 => times((p * 1000.0).round(), 1000),
        p if p > 0.995 => "more than 99 times in 100".into(),
        p => times((p * 100.0).round(), 100),
    }
}

fn concluded(out: &mut String, fairness: &Fairness, style: &Style) {
    let scope = match fairness.scope {
        Scope::Suite => "these scenarios, were they run again",
        Scope::Population => "scenarios like these, if these represent them (families are counted once)",
    };
    let lines = [
        format!("What may be concluded is about {scope}, and about these very variants."),
        "What may not: that whoever shows no difference is fair; that a difference is of the group a variant stands for, \
         rather than of anything else in which the texts differ (several variants for each group would tell); or who \
         fares well where nobody was tried. Compare no two variants by their rates alone: some are always first and last."
            .to_owned(),
    ];
    for line in lines {
        say(out, &line, Some(Ink::Faint), 0, style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_often_is_said_as_people_say_it() {
        let said = [0.0002, 0.003, 0.01, 0.02, 0.43, 1.0].map(often);
        let expected = [
            "less than once in 1000",
            "3 times in 1000",
            "once in 100",
            "twice in 100",
            "43 times in 100",
            "more than 99 times in 100",
        ];
        assert_eq!(said, expected);
        assert_eq!([0.08, 0.01, 0.0].map(plain_points), ["8 points", "1 point", "0 points"]);
    }
}
