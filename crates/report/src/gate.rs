//! The gate's answer, for the terminal.

use crate::axis;
use crate::compare::looked;
use crate::lay::lay_bare;
use crate::model::{Standing, parts, rule_word};
use crate::number::{count, money, p_value, percent, points, time};
use crate::text::{Ink, Style, clean_line, flow, paragraph};
use mocktrial_analysis::compare::{Scope, WhyOut};
use mocktrial_analysis::gate::{Answer, Gated, Needed, Tested};
use mocktrial_analysis::until::Decision;

/// What it is held against, part by part, what is to be known of it, and the answer in a sentence.
#[must_use]
pub fn gated(g: &Gated, style: &Style) -> String {
    let mut out = String::new();
    let sheet = parts(g);
    paragraph(&mut out, &sheet.title, Ink::Strong, style);
    let differs = if g.treatment.is_empty() {
        "nothing differs between the endpoints".to_owned()
    } else {
        format!("what differs: {}", g.treatment.join(", "))
    };
    let facts = [on(g.scope).to_owned(), differs, count(g.trials.0, "trial")];
    for line in flow(&facts.map(|f| clean_line(&f)), style.width()) {
        paragraph(&mut out, &line, Ink::Faint, style);
    }
    out.push('\n');
    if let Some(effect) = g.rate.delta.filter(|_| g.refused.is_none()) {
        out.push_str(&axis::difference(&effect, Some(g.rate.margin), g.answer.into(), style));
    }
    out.push_str(&lay_bare(&sheet, 0, style));
    out.push('\n');
    let remarks = remarks(g);
    for remark in &remarks {
        paragraph(&mut out, remark, Ink::Unsure, style);
    }
    if !remarks.is_empty() {
        out.push('\n');
    }
    let (head, settle) = conclusion(g);
    paragraph(&mut out, &head, Standing::from(g.answer).into(), style);
    if !settle.is_empty() {
        paragraph(&mut out, &settle, Ink::Strong, style);
    }
    out
}

fn on(scope: Scope) -> &'static str {
    match scope {
        Scope::Suite => "on these scenarios",
        Scope::Population => "on scenarios like these",
    }
}

/// What is to be known of a gate's answer, in a few words each.
pub(crate) fn remarks(g: &Gated) -> Vec<String> {
    let mut said: Vec<String> =
        left_out(g, &g.against).into_iter().map(|(why, text)| format!("left out: {text} {why}")).collect();
    if g.unfinished > 0 {
        said.push(format!("{} of the run did not take place: it was stopped", count(g.unfinished, "planned trial")));
    }
    said.extend(g.drift.iter().map(|drift| {
        format!(
            "{drift}: a difference may be the provider's, and cannot be told from the change; `--control` runs both side by side"
        )
    }));
    if let Some(p) = g.p_missing.filter(|p| *p < 0.05) {
        said.push(format!(
            "the sides lack trials unequally often (p {}): what is missing may not be chance",
            p_value(p)
        ));
    }
    let (all, replayed) = g.trials;
    if replayed > 0 {
        let share = if replayed == all { "all".to_owned() } else { replayed.to_string() };
        let of = count(all, "trial");
        said.push(format!("{share} of {of} replayed from cassettes: this tests graders and harness, not the model"));
    }
    said
}

/// The reasons for which scenarios are left out, with how many and which.
fn left_out(g: &Gated, against: &str) -> Vec<(String, String)> {
    let mut reasons: Vec<(String, Vec<String>)> = Vec::new();
    for left in &g.left_out {
        let why = match left.why {
            WhyOut::WorldDiffers => "whose messages, tools, state or behaviour have changed".to_owned(),
            WhyOut::CriteriaDiffer => "whose criteria or references have changed".to_owned(),
            WhyOut::Quarantined => "in quarantine".to_owned(),
            WhyOut::OnlyFirst => "that only the run has".to_owned(),
            WhyOut::OnlySecond => format!("that only {against} has"),
            WhyOut::NoneCountsInFirst => "of which no trial of the run counts".to_owned(),
            WhyOut::NoneCountsInSecond => format!("of which no trial of {against} counts"),
        };
        match reasons.iter_mut().find(|(known, _)| known == &why) {
            Some((_, names)) => names.push(clean_line(&left.scenario)),
            None => reasons.push((why, vec![clean_line(&left.scenario)])),
        }
    }
    let shown = |names: Vec<String>| {
        let more = if names.len() > 5 { format!(" and {} more", names.len() - 5) } else { String::new() };
        let list = names.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
        format!("{} ({list}{more})", count(names.len() as u64, "scenario"))
    };
    reasons.into_iter().map(|(why, names)| (why, shown(names))).collect()
}

/// A gate's answer in a sentence, and what would settle it where it is open.
pub(crate) fn conclusion(g: &Gated) -> (String, String) {
    let said = |head: String| (head, String::new());
    if let Some(why) = &g.refused {
        return said(format!("No answer: {why}."));
    }
    if let Some(decided) = g.sequential.as_ref().filter(|_| g.answer == g.rate.answer) {
        return said(looked(decided));
    }
    let (endpoint, against, scope) = (&g.endpoint, &g.against, on(g.scope));
    let margin = points(g.rate.margin).replace('+', "");
    match g.answer {
        Answer::Regressed => said(format!("Regressed: {}.", reasons(g, Answer::Regressed).join("; "))),
        Answer::Inconclusive => (
            format!("Inconclusive: {}.", reasons(g, Answer::Inconclusive).join("; ")),
            g.rate.needed.map_or_else(String::new, |n| more(&n)),
        ),
        Answer::NoWorse if g.trials.1 == g.trials.0 => said(
            "No worse, as far as graders and harness go: replayed episodes are graded no worse than before. Nothing is said of \
             the model, which was not asked."
                .to_owned(),
        ),
        Answer::NoWorse if g.rate.surely_below_zero => said(format!(
            "No worse: {scope}, {endpoint} does pass less often than {against}, but a loss of {margin} points or more is ruled out."
        )),
        Answer::NoWorse => said(format!(
            "No worse: {scope}, a loss of {margin} points or more of {endpoint} against {against} is ruled out."
        )),
    }
}

/// What a run decided that looked at itself, in a sentence.
#[must_use]
pub fn decision(d: &Decision, candidate: &str, control: &str) -> String {
    let margin = points(d.margin.unwrap_or(0.0)).replace('+', "");
    let by = d.difference.map_or_else(String::new, |e| {
        let confidence = percent(1.0 - d.alpha);
        format!(" ({} points, {} to {} at {confidence} %)", points(e.value), points(e.low), points(e.high))
    });
    let (candidate, control) = (clean_line(candidate), clean_line(control));
    let verdict = match (d.answer.as_str(), d.early) {
        ("no_worse", _) => {
            format!("no worse: a loss of {margin} points or more of {candidate} against {control} is ruled out")
        }
        ("regressed", true) => format!("regressed: {candidate} passes less often than {control}"),
        ("regressed", false) => format!("regressed: {candidate} has lost more than {margin} points against {control}"),
        ("better", _) => format!("better: {candidate} passes more often than {control}{by}"),
        ("worse", _) => format!("worse: {candidate} passes less often than {control}{by}"),
        ("undecided", _) => format!("undecided: these trials cannot tell {candidate} from {control}{by}"),
        _ => format!("inconclusive: a loss of {margin} points of {candidate} can neither be ruled out nor shown"),
    };
    let rounds = count(u64::from(d.rounds), "trial");
    format!(
        "{verdict}; a sequential verdict after {rounds} of every scenario, valid at an error of {} %",
        percent(d.alpha)
    )
}

/// The parts with this answer, in words.
fn reasons(g: &Gated, answer: Answer) -> Vec<String> {
    let mut found = Vec::new();
    let mut tested = |name: &str, t: &Tested| {
        if t.answer != answer {
            return;
        }
        let margin = points(t.margin).replace('+', "");
        found.push(match (answer, &t.why) {
            (Answer::Regressed, _) => format!("{name} has fallen by more than {margin} points"),
            (_, Some(why)) => format!("{name}: {}", clean_line(why)),
            (_, None) => format!("a loss of {margin} points of {name} can neither be ruled out nor shown"),
        });
    };
    tested("the pass rate", &g.rate);
    if let Some(anchor) = &g.anchor {
        tested("the pass rate since the anchor", anchor);
    }
    for (tag, t) in &g.tags {
        tested(&format!("the pass rate of tag {}", clean_line(tag)), t);
    }
    // Each rule once, however many scenarios it is about.
    let own: Vec<_> = g.rules.iter().filter(|r| r.answer == answer).collect();
    for (n, rule) in own.iter().enumerate() {
        if own[..n].iter().any(|r| r.rule == rule.rule) {
            continue;
        }
        let alike: Vec<_> = own.iter().filter(|r| r.rule == rule.rule).collect();
        let name = rule.rule.replace('_', " ");
        let word = rule_word(answer);
        found.push(match alike.as_slice() {
            [_] if rule.about.is_empty() => format!("the rule “{name}” is {word}: {}", clean_line(&rule.found)),
            [_] => format!("the rule “{name} {}” is {word}: {}", clean_line(&rule.about), clean_line(&rule.found)),
            several => {
                let about: Vec<String> = several.iter().take(3).map(|r| clean_line(&r.about)).collect();
                let more = if several.len() > 3 { format!(" and {} more", several.len() - 3) } else { String::new() };
                format!("the rule “{name}” is {word} for {}{more}", about.join(", "))
            }
        });
    }
    found
}

/// What would decide it.
fn more(n: &Needed) -> String {
    let what = if n.scenarios {
        count(n.more, "more scenario")
    } else {
        format!("{} of every scenario on both sides", count(n.more, "more trial"))
    };
    let cost = match n.cost {
        Some(cost) => format!(", about {}", money(cost)),
        None => String::new(),
    };
    let time = n.seconds.map_or_else(String::new, |s| format!(", {} of the model's time", time(1000.0 * s)));
    format!(
        "About {what} ({}{cost}{time}) would decide it, if the difference stays as it is.",
        count(n.episodes, "episode")
    )
}
