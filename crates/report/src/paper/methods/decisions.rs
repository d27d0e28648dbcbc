//! How it was decided: gates, runs that looked at themselves, and what was registered before.

use super::analysis::share;
use super::{Paragraph, listed};
use crate::model::Report;
use crate::number::count;
use crate::paper::references::Work;
use crate::protocol::departure;
use mocktrial_analysis::compare::Scope;
use mocktrial_analysis::until::{Decided, Decision};

/// Tests of non-inferiority.
pub(super) fn gates(report: &Report) -> Paragraph {
    let mut out = Paragraph::new("Non-inferiority");
    for gate in &report.gates {
        let (endpoint, against) = (&gate.endpoint, &gate.against);
        if let Some(why) = &gate.refused {
            out.say(format!("Whether {endpoint} is no worse than {against} was not tested: {why}."));
            continue;
        }
        let rate = &gate.rate;
        let scope = match gate.scope {
            Scope::Suite => "on these scenarios",
            Scope::Population => "on scenarios like these, families being the units",
        };
        out.say(format!(
            "The endpoint {endpoint}, of the run {}, was held against {against} {scope}, with a margin of {} points.",
            gate.run,
            share(rate.margin)
        ));
        if gate.sequential.is_none() {
            out.say(format!(
                "It was to be called no worse where the {} % interval of the difference of the pass rates lay above −{} points, \
                 and regressed where it lay below: a one-sided test at {} % on either side.",
                share(rate.confidence),
                share(rate.margin),
                share((1.0 - rate.confidence) / 2.0)
            ));
        }
        if let Some(anchor) = &gate.anchor {
            out.say(format!(
                "It was held against the anchor too, the results accepted for the long run, with a margin of {} points.",
                share(anchor.margin)
            ));
        }
        if let [(_, first), ..] = gate.tags.as_slice() {
            let tags: Vec<String> =
                gate.tags.iter().map(|(tag, t)| format!("{tag} ({} points)", share(t.margin))).collect();
            out.say(format!(
                "The same was tested for the scenarios of the tag{} {}, at {} % on either side{}.",
                if tags.len() == 1 { "" } else { "s" },
                listed(&tags),
                share((1.0 - first.confidence) / 2.0),
                if tags.len() == 1 { "" } else { " each" }
            ));
        }
        if !gate.rules.is_empty() {
            out.say(format!(
                "Beside that, {} had to be kept, which the table of the gate lists.",
                count(gate.rules.len() as u64, "rule")
            ));
        }
        if gate.trials.1 == gate.trials.0 && gate.trials.0 > 0 {
            out.say("All of its trials were replayed: the test is one of the graders and the harness.");
        }
    }
    if report.gates.iter().any(|g| g.refused.is_none() && g.sequential.is_none()) {
        let unseen = |scope| match scope {
            Scope::Suite => "the root of half the sum of the shares that one trial has on either side",
            Scope::Population => "1, for a scenario that breaks entirely may not have been drawn",
        };
        let scope = report.gates.first().map_or(Scope::Suite, |g| g.scope);
        out.cite(
            format!(
                "The interval was Student's, of the scenarios' (or families') differences and two more beside them, one above and \
                 one below 0 by e, so that it cannot lose its width; e was {}.",
                unseen(scope)
            ),
            &[Work::BonettPrice],
        );
    }
    out
}

/// Runs that stopped when they knew enough.
pub(super) fn sequential(report: &Report) -> Paragraph {
    let mut out = Paragraph::new("Sequential analysis");
    let gates = report.gates.iter().filter_map(|g| g.sequential.as_ref());
    let pairs = report.compared.iter().flat_map(|c| &c.pairs).filter_map(|p| p.sequential.as_ref());
    let runs: Vec<Decided> = report.runs.iter().filter_map(|run| Decided::of(&run.run)).collect();
    let mut told: Vec<&Decision> = gates.chain(pairs).chain(&runs).map(|d| &d.decision).collect();
    told.extend(report.protocols.iter().flat_map(|p| &p.hypotheses).filter_map(|h| h.sequential.as_ref()));
    let mut seen: Vec<&Decision> = Vec::new();
    for decision in told {
        if seen.contains(&decision) {
            continue;
        }
        seen.push(decision);
        let ended = if decision.early { "stopped" } else { "was looked at to its end," };
        let rounds = count(u64::from(decision.rounds), "trial");
        out.say(format!(
            "A run {ended} after {rounds} of every scenario by both endpoints ({} of outcomes), at an error of {} %.",
            count(decision.pairs, "pair"),
            share(decision.alpha)
        ));
    }
    if !seen.is_empty() {
        out.cite(
            "It was looked at whenever every scenario had one more trial by both, in the order in which trials were begun: half of \
             the error was spent on mixtures of constant wagers against the hypotheses, whose worth reaches 1/α with probability \
             at most α however often one looks, and the other half on the test of a plan of fixed size at its end.",
            &[Work::Ville, Work::WaudbySmith],
        );
        if seen.iter().any(|decision| decision.early) {
            out.say(
                "The rates of a run that stopped early lean towards what it decided, and their intervals, which are those of a \
                 plan of fixed size, are not made for that.",
            );
        }
    }
    out
}

/// What was registered before the first trial.
pub(super) fn protocols(report: &Report) -> Paragraph {
    let mut out = Paragraph::new("Registration");
    for held in &report.protocols {
        let day = held.registered.get(..10).unwrap_or(&held.registered);
        out.say(format!(
            "The run {} was registered before its first trial, on {day}, by the protocol “{}” (hash {}): {}{} of {} by each \
             endpoint, and {}.",
            held.run,
            held.title,
            held.hash,
            if held.sequential { "at most " } else { "" },
            count(u64::from(held.trials), "trial"),
            count(held.scenarios, "scenario"),
            match held.hypotheses.len() {
                1 => "one hypothesis".to_owned(),
                n => format!("{n} hypotheses"),
            }
        ));
        let corrected = held.hypotheses.len() > 1;
        let works: &[Work] = if corrected { &[Work::Holm] } else { &[] };
        let together = if corrected { " over all of them together, by Holm's method" } else { "" };
        out.cite(format!("The error was {} % on either side{together}.", share(held.alpha)), works);
        if held.deviations.is_empty() {
            out.say("The run did not depart from its protocol.");
        }
        let departures: Vec<String> = held.deviations.iter().map(|d| departure(d, held)).collect();
        if !departures.is_empty() {
            out.say(format!("The run departed from its protocol: {}.", departures.join("; ")));
        }
        out.say("What was not registered is exploratory.");
    }
    out
}
