//! The gate's answer, for the terminal.

use crate::compare::looked;
use crate::number::{count, money, p_value, percent, points, time};
use crate::table::{Cell, Table};
use crate::text::{Ink, Style, clean_line, wrap};
use mocktrial_analysis::compare::{Scope, WhyOut};
use mocktrial_analysis::gate::{Answer, Gated, Needed, Tested};
use mocktrial_analysis::until::Decision;

/// The answer in a sentence, what it rests on, and what would decide it.
#[must_use]
pub fn gated(g: &Gated, style: &Style) -> String {
    let mut out = String::new();
    let say = |out: &mut String, text: &str, ink: Ink| {
        for (n, line) in wrap(text, style.width().saturating_sub(2)).iter().enumerate() {
            out.push_str(if n > 0 { "  " } else { "" });
            out.push_str(&style.paint(ink, line));
            out.push('\n');
        }
    };
    let (endpoint, against) = (clean_line(&g.endpoint), clean_line(&g.against));
    say(&mut out, &format!("Gate: {endpoint} of {} against {against}", clean_line(&g.run)), Ink::Strong);
    let scope = match g.scope {
        Scope::Suite => "on these scenarios",
        Scope::Population => "on scenarios like these",
    };
    let differs = if g.treatment.is_empty() {
        "nothing differs between the endpoints".to_owned()
    } else {
        format!("what differs: {}", g.treatment.iter().map(|p| clean_line(p)).collect::<Vec<_>>().join(", "))
    };
    say(&mut out, &format!("{scope} · {differs} · {} trials", g.trials.0), Ink::Faint);
    out.push('\n');
    let mut rows = vec![row("pass rate", &g.rate, g.scope)];
    rows.extend(g.with_quarantined.iter().map(|t| row("with those in quarantine", t, g.scope)));
    rows.extend(g.anchor.iter().map(|t| row("against the anchor", t, g.scope)));
    rows.extend(g.tags.iter().map(|(tag, t)| row(&format!("tag {}", clean_line(tag)), t, g.scope)));
    for rule in &g.rules {
        let about = if rule.about.is_empty() { String::new() } else { format!(" {}", clean_line(&rule.about)) };
        let (word, ink) = kept(rule.answer);
        rows.push(vec![
            Cell::new(format!("{}{about}", rule.rule.replace('_', " "))),
            Cell::inked(word, ink),
            Cell::new(clean_line(&rule.found)),
        ]);
    }
    out.push_str(&Table { rows, right: false }.render(0, style));
    out.push('\n');
    for (why, text) in left_out(g, &against) {
        say(&mut out, &format!("left out: {text} {why}"), Ink::Unsure);
    }
    if g.unfinished > 0 {
        let said = format!("{} of the run did not take place: it was stopped", count(g.unfinished, "planned trial"));
        say(&mut out, &said, Ink::Unsure);
    }
    for drift in &g.drift {
        let said = format!(
            "{}: a difference may be the provider's, and cannot be told from the change; `--control` runs both side by side",
            clean_line(drift)
        );
        say(&mut out, &said, Ink::Unsure);
    }
    if let Some(p) = g.p_missing.filter(|p| *p < 0.05) {
        let said =
            format!("the sides lack trials unequally often (p {}): what is missing may not be chance", p_value(p));
        say(&mut out, &said, Ink::Unsure);
    }
    let (all, replayed) = g.trials;
    if replayed > 0 {
        let share = if replayed == all { "all".to_owned() } else { replayed.to_string() };
        let of = count(all, "trial");
        say(
            &mut out,
            &format!("{share} of {of} replayed from cassettes: this tests graders and harness, not the model"),
            Ink::Unsure,
        );
    }
    if g.anchor.is_none() || !out.ends_with("\n\n") {
        out.push('\n');
    }
    let (text, ink) = sentence(g, &endpoint, &against, scope);
    say(&mut out, &text, ink);
    while out.contains("\n\n\n") {
        out = out.replace("\n\n\n", "\n\n");
    }
    out
}

fn row(name: &str, t: &Tested, scope: Scope) -> Vec<Cell> {
    let (word, ink) = verdict(t.answer);
    vec![Cell::new(name), Cell::inked(word, ink), Cell::new(figures(t, scope))]
}

fn figures(t: &Tested, scope: Scope) -> String {
    let Some(d) = t.delta else { return String::new() };
    format!(
        "{} points ({} to {} at {} %), margin {}, {}",
        points(d.value),
        points(d.low),
        points(d.high),
        percent(t.confidence),
        points(-t.margin),
        match (scope, t.units) {
            (Scope::Suite, n) => count(n, "scenario"),
            (Scope::Population, 1) => "1 family".to_owned(),
            (Scope::Population, n) => format!("{n} families"),
        },
    )
}

fn verdict(answer: Answer) -> (&'static str, Ink) {
    match answer {
        Answer::NoWorse => ("no worse", Ink::Pass),
        Answer::Inconclusive => ("inconclusive", Ink::Unsure),
        Answer::Regressed => ("regressed", Ink::Fail),
    }
}

fn kept(answer: Answer) -> (&'static str, Ink) {
    match answer {
        Answer::NoWorse => ("kept", Ink::Pass),
        Answer::Inconclusive => ("unknown", Ink::Unsure),
        Answer::Regressed => ("broken", Ink::Fail),
    }
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

fn sentence(g: &Gated, endpoint: &str, against: &str, scope: &str) -> (String, Ink) {
    if let Some(why) = &g.refused {
        return (format!("No answer: {}.", clean_line(why)), Ink::Unsure);
    }
    if let Some(decided) = g.sequential.as_ref().filter(|_| g.answer == g.rate.answer) {
        return (looked(decided), verdict(g.answer).1);
    }
    let margin = points(g.rate.margin).replace('+', "");
    let text = match g.answer {
        Answer::Regressed => {
            let broken: Vec<String> = reasons(g, Answer::Regressed);
            format!("Regressed: {}.", broken.join("; "))
        }
        Answer::Inconclusive => {
            let open = reasons(g, Answer::Inconclusive);
            let needed = g.rate.needed.map_or_else(String::new, |n| format!(" {}", more(&n)));
            format!("Inconclusive: {}.{needed}", open.join("; "))
        }
        Answer::NoWorse if g.trials.1 == g.trials.0 => {
            "No worse, as far as graders and harness go: replayed episodes are graded no worse than before. Nothing is said of \
             the model, which was not asked."
                .to_owned()
        }
        Answer::NoWorse if g.rate.surely_below_zero => format!(
            "No worse: {scope}, {endpoint} does pass less often than {against}, but a loss of {margin} points or more is ruled out."
        ),
        Answer::NoWorse => {
            format!(
                "No worse: {scope}, a loss of {margin} points or more of {endpoint} against {against} is ruled out."
            )
        }
    };
    (text, verdict(g.answer).1)
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
        let word = kept(answer).0;
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
