//! What a suite is worth as an instrument, for the terminal.

use crate::number::{count, percent};
use crate::table::{Cell, Table};
use crate::text::{Ink, Style, clean_line, wrap};
use mocktrial_analysis::Estimate;
use mocktrial_analysis::health::{
    CellHealth, Class, Finding, Health, HeldHealth, Outcomes, Reliability, ScenarioHealth, Telling,
};

/// A suite's health: what is unreliable and must be mended; apart from that, what merely varies, and what tells nothing;
/// and whether what is in quarantine should be.
#[must_use]
pub fn health(health: &Health, style: &Style) -> String {
    let mut out = String::new();
    head(&mut out, health, style);
    unreliable(&mut out, health, style);
    sections(&mut out, health, style);
    redundant(&mut out, health, style);
    consistency(&mut out, health, style);
    quarantine(&mut out, health, style);
    out
}

fn say(out: &mut String, text: &str, ink: Option<Ink>, indent: usize, style: &Style) {
    for (n, line) in wrap(text, style.width().saturating_sub(indent + 2)).iter().enumerate() {
        out.push_str(&" ".repeat(indent + if n > 0 { 2 } else { 0 }));
        out.push_str(&ink.map_or_else(|| line.clone(), |ink| style.paint(ink, line)));
        out.push('\n');
    }
}

fn title(out: &mut String, text: &str, style: &Style) {
    say(out, text, Some(Ink::Strong), 0, style);
}

fn head(out: &mut String, health: &Health, style: &Style) {
    let runs: Vec<String> = health.runs.iter().map(|r| clean_line(r)).collect();
    let over = format!(
        "Health of {}: {} under {}, {}",
        runs.join(", "),
        count(health.scenarios.len() as u64, "scenario"),
        count(health.endpoints.len() as u64, "endpoint"),
        count(health.trials, "trial"),
    );
    title(out, &over, style);
    if health.missing > 0 {
        let said = format!("{} without an outcome, which count in nothing here", count(health.missing, "trial"));
        say(out, &said, Some(Ink::Unsure), 0, style);
    }
    let apart: u64 = health.apart.iter().map(|a| a.trials).sum();
    if apart > 0 {
        let mut names: Vec<String> = health.apart.iter().map(|a| clean_line(&a.scenario)).collect();
        names.sort();
        names.dedup();
        let said = format!(
            "left out: {} of older runs whose world or criteria differ: {}",
            count(apart, "trial"),
            some(&names)
        );
        say(out, &said, Some(Ink::Unsure), 0, style);
    }
    if health.repeated > 0 {
        let said = format!("left out: {} that replay what another run has already", count(health.repeated, "trial"));
        say(out, &said, Some(Ink::Faint), 0, style);
    }
    out.push('\n');
}

/// The first names of a list.
fn some(names: &[String]) -> String {
    let more = if names.len() > 8 { format!(" and {} more", names.len() - 8) } else { String::new() };
    format!("{}{more}", names.iter().take(8).cloned().collect::<Vec<_>>().join(", "))
}

fn unreliable(out: &mut String, health: &Health, style: &Style) {
    let of = |wanted| health.scenarios.iter().filter(move |s| s.reliability == wanted);
    let bad = of(Reliability::Unreliable).count();
    if bad == 0 && health.trials == 0 {
        say(out, "No answer: no trial counts.", Some(Ink::Unsure), 0, style);
    } else if bad == 0 {
        let said = format!("Unreliable as an instrument: no sign of it in {}", count(health.trials, "trial"));
        title(out, &said, style);
    } else {
        let said =
            format!("Unreliable as an instrument: {bad} (defects of the scenario, its judges or what serves it)");
        title(out, &said, style);
        of(Reliability::Unreliable).for_each(|s| signs(out, s, Ink::Fail, style));
        let open = of(Reliability::Unreliable).filter(|s| !s.quarantined).count();
        if open > 0 {
            let said = "Mend them. Until then, `[[quarantine]]` in mocktrial.toml (scenario, until, why) keeps them out of \
                        verdicts.";
            say(out, said, Some(Ink::Faint), 2, style);
        }
    }
    out.push('\n');
    let unsure = of(Reliability::Undetermined).count();
    if unsure > 0 {
        title(out, &format!("Perhaps unreliable: {unsure} (there are signs; more trials would tell)"), style);
        of(Reliability::Undetermined).for_each(|s| signs(out, s, Ink::Unsure, style));
        out.push('\n');
    }
}

fn signs(out: &mut String, scenario: &ScenarioHealth, ink: Ink, style: &Style) {
    let held = if scenario.quarantined { " (in quarantine)" } else { "" };
    say(out, &format!("{}{held}", clean_line(&scenario.scenario)), Some(ink), 2, style);
    for sign in &scenario.signs {
        let doubt = if sign.established { "" } else { " (not enough trials to say)" };
        say(out, &format!("{}{doubt}", finding(&sign.finding)), None, 4, style);
    }
}

/// A probability in percent; the trials make nothing certain.
fn probable(p: f64) -> String {
    percent(p.clamp(1e-9, 1.0 - 1e-9))
}

fn finding(finding: &Finding) -> String {
    let is_are = |n: u64| if n == 1 { "is" } else { "are" };
    match finding {
        Finding::GradedOtherwise { criterion, grader, otherwise, of, examples } => {
            let examples: Vec<String> = examples.iter().map(|e| clean_line(e)).collect();
            format!(
                "the same was said and done, and graded differently: {} ({}) in {otherwise} of {of} episodes that are \
                 like others; compare {}",
                clean_line(criterion),
                clean_line(grader),
                examples.join(" with ")
            )
        }
        Finding::WorldOtherwise { tool, otherwise, of, example } => format!(
            "the world answered the same calls differently: {} in {otherwise} of {}; see {}",
            clean_line(tool),
            count(*of, "episode"),
            clean_line(example)
        ),
        Finding::JudgesSplit { criterion, split, of, probability } => format!(
            "the judges of {} disagreed on {split} of {}; that they do on more than 10 % is {} % probable",
            clean_line(criterion),
            count(*of, "episode"),
            probable(*probability)
        ),
        Finding::Infrastructure { lost, of, others, probability } => format!(
            "{lost} of {} {} lost to the provider or this machine, against {} % on the other scenarios; that it is more \
             than 10 %, and more than there, is {} % probable",
            count(*of, "trial"),
            is_are(*lost),
            percent(*others),
            probable(*probability)
        ),
        Finding::ScenarioFault { faults, of } => format!(
            "{faults} of {} without an outcome by the scenario's own fault (`mocktrial check` may find it)",
            count(*of, "trial")
        ),
    }
}

fn sections(out: &mut String, health: &Health, style: &Style) {
    let nearly = percent(health.nearly);
    let needed = health.trials_to_settle;
    let sections = [
        (
            Outcomes::Stochastic,
            "Stochastic",
            "the model passes now and fails then: information, no defect, and no reason for a quarantine".to_owned(),
        ),
        (Outcomes::Stable, "Stable, and not the same under every endpoint", String::new()),
        (
            Outcomes::NeverFailed,
            "Never failed",
            format!(
                "a floor that must hold, or too easy; {needed} trials without a failure say \"more than {nearly} %\""
            ),
        ),
        (
            Outcomes::NeverPassed,
            "Never passed",
            "too hard, or its criteria ask for what nobody can do; `mocktrial check` proves the reference".to_owned(),
        ),
        (Outcomes::Undetermined, "Undetermined", "the trials cannot tell".to_owned()),
        (Outcomes::None, "Without a trial that counts", String::new()),
    ];
    let mut doubted = false;
    for (outcomes, name, why) in sections {
        let own: Vec<&ScenarioHealth> = health
            .scenarios
            .iter()
            .filter(|s| s.outcomes == outcomes && s.reliability != Reliability::Unreliable)
            .collect();
        if own.is_empty() {
            continue;
        }
        let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
        title(out, &format!("{name}: {}{why}", own.len()), style);
        let shown = style.limit.unwrap_or(own.len()).min(own.len());
        let mut rows = Vec::new();
        if health.endpoints.len() > 1 {
            let mut heads = vec![Cell::default()];
            heads.extend(health.endpoints.iter().map(|e| Cell::inked(clean_line(e), Ink::Faint)));
            rows.push(heads);
        }
        for scenario in &own[..shown] {
            doubted |= scenario.cells.iter().any(|c| c.class == Class::Undetermined);
            let mut row = vec![Cell::new(clean_line(&scenario.scenario))];
            for endpoint in &health.endpoints {
                row.push(scenario.cells.iter().find(|c| c.endpoint == *endpoint).map_or_else(|| Cell::new("–"), cell));
            }
            match &scenario.telling {
                Telling::Apart { .. } => row.push(Cell::inked("tells them apart", Ink::Pass)),
                Telling::Alike => row.push(Cell::inked("tells nothing of them", Ink::Faint)),
                Telling::Undetermined | Telling::OneEndpoint => {}
            }
            rows.push(row);
        }
        out.push_str(&Table { rows, right: false }.render(2, style));
        if shown < own.len() {
            say(out, &format!("and {} more", own.len() - shown), Some(Ink::Faint), 2, style);
        }
        out.push('\n');
    }
    if doubted {
        let said = format!(
            "\"?\": the trials cannot tell; with its probability stands what is likeliest: passes (more than {nearly} % of \
             the time), fails (likewise) or varies (between)."
        );
        say(out, &said, Some(Ink::Faint), 0, style);
        out.push('\n');
    }
}

fn cell(cell: &CellHealth) -> Cell {
    let CellHealth { passed, counted, class, p_stable_pass, p_stable_fail, p_stochastic, .. } = cell;
    let (mark, ink) = match (passed, counted) {
        (k, n) if k == n => ("✓", Ink::Pass),
        (0, _) => ("✗", Ink::Fail),
        _ => ("~", Ink::Unsure),
    };
    let word = match class {
        Class::StablePass => "passes".to_owned(),
        Class::StableFail => "fails".to_owned(),
        Class::Stochastic => "varies".to_owned(),
        Class::Undetermined => {
            let likeliest = [(p_stable_pass, "passes"), (p_stable_fail, "fails"), (p_stochastic, "varies")];
            let best = likeliest.iter().max_by(|a, b| a.0.total_cmp(b.0));
            best.map_or_else(String::new, |(p, word)| format!("{word}? {} %", probable(**p)))
        }
    };
    Cell::inked(format!("{mark} {passed}/{counted} {word}"), ink)
}

fn redundant(out: &mut String, health: &Health, style: &Style) {
    if health.redundant.is_empty() {
        return;
    }
    let said = format!(
        "Redundant: {} (the same endpoints pass and fail them in the same trials)",
        count(health.redundant.len() as u64, "group")
    );
    title(out, &said, style);
    for group in &health.redundant {
        let names: Vec<String> = group.scenarios.iter().map(|s| clean_line(s)).collect();
        let chance = percent(group.chance);
        let said = format!("{} (that any two would agree so by accident: {chance} %)", names.join(", "));
        say(out, &said, None, 2, style);
    }
    out.push('\n');
}

fn consistency(out: &mut String, health: &Health, style: &Style) {
    let Some(found) = &health.consistency else {
        let said = "Whether scenarios measure one thing (item-rest correlation, Cronbach's α) is not said: that takes three \
                    scenarios and endpoints, and 20 trials over all of them.";
        return say(out, said, Some(Ink::Faint), 0, style);
    };
    if let Some(alpha) = found.alpha {
        let said = format!(
            "The scenarios measure one thing with Cronbach's α {alpha:.2} over {} of endpoints and trials.",
            count(found.rows, "row")
        );
        say(out, &said, None, 0, style);
    }
    if !found.against.is_empty() {
        let named = found.against.iter().map(|id| {
            let r = found.item_rest.get(id).copied().unwrap_or(0.0);
            format!("{} (r {r:.2})", clean_line(id)).replace('-', "\u{2212}")
        });
        let said = format!(
            "Against the rest: {}. Whoever passes the others fails these: look at their criteria. (Rows cluster in \
             endpoints: a hint, no proof.)",
            named.collect::<Vec<_>>().join(", ")
        );
        say(out, &said, Some(Ink::Unsure), 0, style);
    }
    out.push('\n');
}

fn quarantine(out: &mut String, health: &Health, style: &Style) {
    if health.quarantine.is_empty() {
        return;
    }
    title(out, &format!("In quarantine: {}", health.quarantine.len()), style);
    for held in &health.quarantine {
        let (said, ink) = justified(held);
        let over = if held.over { "over since" } else { "until" };
        let head =
            format!("{} ({over} {}: {})", clean_line(&held.scenario), clean_line(&held.until), clean_line(&held.why));
        say(out, &head, None, 2, style);
        say(out, said, Some(ink), 4, style);
    }
    if health.quarantine.iter().any(|h| !h.over) {
        for rate in &health.rates {
            let shown = |e: &Option<Estimate>| {
                e.map_or_else(
                    || "no rate".to_owned(),
                    |e| format!("{} % ({} to {})", percent(e.value), percent(e.low), percent(e.high)),
                )
            };
            let said = format!(
                "{} passes {} without them, {} with them",
                clean_line(&rate.endpoint),
                shown(&rate.without_quarantined),
                shown(&rate.with_quarantined)
            );
            say(out, &said, None, 2, style);
        }
    }
    out.push('\n');
}

fn justified(held: &HeldHealth) -> (&'static str, Ink) {
    match held.reliability {
        Some(Reliability::Unreliable) if held.over => ("still unreliable, and verdicts count it: mend it", Ink::Fail),
        _ if held.over => ("over: verdicts count it again; remove the entry", Ink::Faint),
        Some(Reliability::Unreliable) => ("justified: it is unreliable as an instrument", Ink::Faint),
        Some(Reliability::Undetermined) => ("these trials cannot tell whether it is unreliable", Ink::Unsure),
        Some(Reliability::NoSign) => (
            "not justified by these trials: no sign that it is unreliable; that a model fails it, or varies, is none",
            Ink::Fail,
        ),
        None => ("no run given here has tried it", Ink::Unsure),
    }
}
