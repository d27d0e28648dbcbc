//! A run held against its protocol, for the terminal.

use crate::number::{count, p_value, percent, points};
use crate::text::{Ink, Style, clean_line, wrap};
use mocktrial_analysis::compare::Scope;
use mocktrial_analysis::protocol::{Claim, Deviation, Held, Judged, Outcome, Why};
use std::sync::Arc;

/// Names that a list shows before it says how many more there are.
const NAMES: usize = 5;

/// For each run by a protocol the verdicts on what was registered, and in what it departs from that; then a line under
/// which all is exploratory. Nothing where there is no such run.
#[must_use]
pub fn protocols(all: &[Held], style: &Style) -> String {
    let mut out = String::new();
    for held in all {
        one(&mut out, held, all.len() > 1, style);
        out.push('\n');
    }
    if !all.is_empty() {
        out.push_str(&style.paint(Ink::Faint, &"─".repeat(style.width())));
        out.push('\n');
        let line = "Exploratory: nothing below was registered before the run. It may show where to look next; it confirms nothing.";
        say(&mut out, 0, line, Ink::Unsure, style);
    }
    out
}

fn one(out: &mut String, held: &Held, name_run: bool, style: &Style) {
    let run = if name_run { format!(" (run {})", clean_line(&held.run)) } else { String::new() };
    say(out, 0, &format!("Protocol: {}{run}", clean_line(&held.title)), Ink::Strong, style);
    let day = held.registered.get(..10).unwrap_or(&held.registered);
    let most = if held.sequential { "at most " } else { "" };
    let about = format!(
        "{} ({}) · registered with the run on {day}, before its first trial · {most}{} of {} by each endpoint",
        clean_line(&held.file),
        held.hash.get(..8).unwrap_or(&held.hash),
        count(u64::from(held.trials), "trial"),
        count(held.scenarios, "scenario"),
    );
    say(out, 0, &about, Ink::Faint, style);
    for (n, judged) in held.hypotheses.iter().enumerate() {
        out.push('\n');
        say(out, 0, &format!("{}. {}", n + 1, claim(judged)), Ink::Strong, style);
        let (text, ink) = verdict(judged, held);
        say(out, 3, &text, ink, style);
    }
    out.push('\n');
    let error = percent(held.alpha);
    let errors = match held.hypotheses.len() {
        1 => format!(
            "The chance that this claim is confirmed although it is false is at most {error} %, and so is the chance that it \
             is refuted although it is true."
        ),
        _ => format!(
            "The chance that any of these claims is confirmed although it is false is at most {error} % in all, and so is the \
             chance that any is refuted although it is true."
        ),
    };
    say(out, 0, &errors, Ink::Faint, style);
    if !held.file_seen {
        let said = format!("whether {} has changed since cannot be seen from here", clean_line(&held.file));
        say(out, 0, &said, Ink::Faint, style);
    }
    if held.deviations.is_empty() {
        say(out, 0, "Deviations from the protocol: none.", Ink::Pass, style);
    } else {
        let said = format!("Deviations from the protocol: {}", held.deviations.len());
        say(out, 0, &said, Ink::Unsure, style);
        for deviation in &held.deviations {
            say(out, 2, &format!("- {}", departure(deviation, held)), Ink::Unsure, style);
        }
    }
}

fn say(out: &mut String, indent: usize, text: &str, ink: Ink, style: &Style) {
    for (n, line) in wrap(text, style.width().saturating_sub(indent + 2)).iter().enumerate() {
        out.push_str(&" ".repeat(if n > 0 { indent + 2 } else { indent }));
        out.push_str(&style.paint(ink, line));
        out.push('\n');
    }
}

/// What is claimed, and of which scenarios.
pub(crate) fn claim(judged: &Judged) -> String {
    let h = &judged.hypothesis;
    let (candidate, control) = (clean_line(&h.candidate), clean_line(&h.control));
    let what = match h.claim {
        Claim::NoWorse => {
            format!("{candidate} is no worse than {control}, with a margin of {} points", share(h.margin))
        }
        Claim::Better => format!("{candidate} is better than {control}"),
    };
    let scenarios = count(judged.of_scenarios, "scenario");
    match &h.tag {
        Some(tag) => format!("{what}, on the {scenarios} tagged `{}`", clean_line(tag)),
        None => format!("{what}, on all {scenarios}"),
    }
}

/// A share in points without a sign, with the digits that it has.
fn share(margin: f64) -> String {
    format!("{}", (margin * 1000.0).round() / 10.0)
}

fn ink(outcome: Outcome) -> Ink {
    match outcome {
        Outcome::Confirmed => Ink::Pass,
        Outcome::NotConfirmed => Ink::Unsure,
        Outcome::Refuted => Ink::Fail,
    }
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Confirmed => "Confirmed",
        Outcome::NotConfirmed => "Not confirmed",
        Outcome::Refuted => "Refuted",
    }
}

fn would(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Confirmed => "would be confirmed",
        Outcome::NotConfirmed => "would not be confirmed either",
        Outcome::Refuted => "would be refuted",
    }
}

pub(crate) fn verdict(judged: &Judged, held: &Held) -> (String, Ink) {
    let numbers = figures(judged, held);
    let text = match judged.why {
        Some(Why::Unfinished { episodes }) => format!(
            "No verdict yet: {} still to be run, and a plan is judged once, at its end.",
            if episodes == 1 { "1 trial is".to_owned() } else { format!("{episodes} trials are") },
        ),
        Some(Why::TooFew) => {
            let unit = unit(held.scope);
            format!(
                "Not confirmed: fewer than two {unit} have an outcome on both sides, and that is too few for any verdict."
            )
        }
        Some(Why::Replayed { trials, of }) => {
            let share = if trials == of { "all".to_owned() } else { format!("{trials} of") };
            let alone = judged
                .by_numbers
                .map_or_else(String::new, |o| format!(" By the numbers alone it {}{numbers}.", would(o)));
            format!(
                "Not confirmed: {share} {} were replayed from recordings, and what is replayed is no new evidence.{alone}",
                count(of, "trial")
            )
        }
        Some(Why::WithoutOutcome { trials }) => {
            let between = judged.bounds.map_or_else(String::new, |b| {
                format!(": the difference would lie between {} and {} points", points(b.worst), points(b.best))
            });
            let alone = would(judged.by_numbers.unwrap_or(Outcome::NotConfirmed));
            format!(
                "Not confirmed: {} no outcome, and had they all gone one way, there could be another verdict{between}. By the \
                 others alone it {alone}{numbers}.",
                if trials == 1 { "1 trial has".to_owned() } else { format!("{trials} trials have") },
            )
        }
        None => stated(judged, held, &numbers),
    };
    (text, ink(judged.outcome))
}

fn unit(scope: Scope) -> &'static str {
    match scope {
        Scope::Suite => "scenarios",
        Scope::Population => "families",
    }
}

/// The verdict that the numbers give.
fn stated(judged: &Judged, held: &Held, numbers: &str) -> String {
    let h = &judged.hypothesis;
    let (candidate, control) = (clean_line(&h.candidate), clean_line(&h.control));
    let margin = share(h.margin);
    let word = word(judged.outcome);
    let verdict = judged.verdict.replace('_', " ");
    if let Some(decision) = &judged.sequential {
        let said = crate::decision(decision, &candidate, &control);
        let said = said.split_once(": ").map_or(said.as_str(), |(_, rest)| rest).to_owned();
        let open = if judged.outcome == Outcome::NotConfirmed && judged.verdict == "regressed" {
            format!(" That it has lost {margin} points or more is not shown.")
        } else {
            String::new()
        };
        return format!("{word} ({verdict}): {said}.{open}");
    }
    let scope = match held.scope {
        Scope::Suite => "on these scenarios",
        Scope::Population => "on scenarios like these, as far as these represent them",
    };
    let said = match (h.claim, judged.outcome) {
        (Claim::NoWorse, Outcome::Confirmed) => {
            format!("{scope}, a loss of {margin} points or more of {candidate} against {control} is ruled out")
        }
        (Claim::NoWorse, Outcome::Refuted) => {
            format!("{scope}, {candidate} has lost more than {margin} points against {control}")
        }
        (Claim::NoWorse, Outcome::NotConfirmed) => {
            format!(
                "a loss of {margin} points or more of {candidate} against {control} can neither be ruled out nor shown"
            )
        }
        (Claim::Better, Outcome::Confirmed) => format!("{scope}, {candidate} passes more often than {control}"),
        (Claim::Better, Outcome::Refuted) => format!("{scope}, {candidate} passes less often than {control}"),
        (Claim::Better, Outcome::NotConfirmed) => {
            format!(
                "these trials show neither that {candidate} passes more often than {control} nor that it passes less often"
            )
        }
    };
    format!("{word} ({verdict}): {said}{numbers}.")
}

/// The difference with its interval, and p.
fn figures(judged: &Judged, held: &Held) -> String {
    let (Some(delta), Some(p), Some(opposite)) = (judged.delta, judged.p_adjusted, judged.p_opposite_adjusted) else {
        return String::new();
    };
    // Of what is said.
    let p = match (judged.by_numbers, judged.hypothesis.claim) {
        (Some(Outcome::Refuted), _) => opposite,
        (Some(Outcome::NotConfirmed), Claim::Better) => p.min(opposite),
        _ => p,
    };
    if delta.low >= delta.high {
        return format!(
            "; the difference is {} points on every scenario, and without spread there is nothing to judge it by",
            points(delta.value)
        );
    }
    let adjusted = match held.hypotheses.len() {
        1 => String::new(),
        n => format!(" after Holm's correction for {n} claims"),
    };
    format!(
        ": {} points ({} to {} at {} % confidence), p {}{adjusted}",
        points(delta.value),
        points(delta.low),
        points(delta.high),
        percent(judged.confidence),
        p_value(p),
    )
}

pub(crate) fn departure(deviation: &Deviation, held: &Held) -> String {
    let file = clean_line(&held.file);
    match deviation {
        Deviation::FileChanged => format!(
            "{file} is not what was registered: it has changed since the run began; the verdicts are by what was registered, \
             which the run keeps"
        ),
        Deviation::FileGone => {
            format!("{file} is gone; the verdicts are by what was registered, which the run keeps")
        }
        Deviation::TextAltered => {
            "the protocol that the run keeps has been altered: it does not match its hash".to_owned()
        }
        Deviation::EndedShort { episodes, why } => {
            let why = if why.is_empty() { String::new() } else { format!(" ({})", clean_line(why)) };
            let them = if *episodes == 1 {
                "1 registered trial has".to_owned()
            } else {
                format!("{episodes} registered trials have")
            };
            format!("{them} not been run to an end{why}; `mocktrial run --resume` goes on with them")
        }
        Deviation::WithoutOutcome { episodes } => {
            format!("{} ended without an outcome", count(*episodes, "registered trial"))
        }
        Deviation::ScenariosLost { scenarios } => format!(
            "left out of the verdicts, for no trial of one of the endpoints has an outcome: {}",
            listed(scenarios, "scenario")
        ),
        Deviation::TrialsAdded { registered, now } => format!(
            "trials were added: {registered} of every scenario were registered, and now there are {now}; the verdicts leave \
             the added ones out"
        ),
        Deviation::CriteriaChanged { scenarios } => format!(
            "graded anew with other criteria or references than were registered: {}",
            listed(scenarios, "scenario")
        ),
        Deviation::QuarantinedSince { scenarios } => format!(
            "in quarantine only since the protocol was registered: {}; the verdicts count what was registered",
            listed(scenarios, "scenario")
        ),
        Deviation::ExtraEndpoints { endpoints } => {
            format!("the run has more than was registered: {}", listed(endpoints, "endpoint"))
        }
        Deviation::Replayed { trials, of } => format!(
            "{trials} of {} were replayed from recordings, which may be older than the protocol",
            count(*of, "trial")
        ),
    }
}

fn listed(names: &[Arc<str>], what: &str) -> String {
    let shown: Vec<String> = names.iter().take(NAMES).map(|n| clean_line(n)).collect();
    let more = if names.len() > NAMES { format!(" and {} more", names.len() - NAMES) } else { String::new() };
    format!("{} ({}{more})", count(names.len() as u64, what), shown.join(", "))
}
