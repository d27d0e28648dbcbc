//! How often a gate is wrong, for the terminal.

use crate::number::{count, percent};
use crate::table::{Cell, Table};
use crate::text::{Ink, Style, clean_line, wrap};
use mocktrial_analysis::audit::Audit;

/// The error rates of a gate, each with the interval of the simulation.
#[must_use]
pub fn audit(a: &Audit, style: &Style) -> String {
    let mut out = String::new();
    let say = |out: &mut String, text: &str, ink: Ink| {
        for (n, line) in wrap(text, style.width().saturating_sub(2)).iter().enumerate() {
            out.push_str(if n > 0 { "  " } else { "" });
            out.push_str(&style.paint(ink, line));
            out.push('\n');
        }
    };
    let endpoint = clean_line(&a.endpoint);
    say(&mut out, &format!("How often the gate is right about {endpoint}"), Ink::Strong);
    let times = count(u64::from(a.replications), "simulated gate");
    say(&mut out, &format!("{times} each; pass rates are drawn from what the baseline leaves possible"), Ink::Faint);
    out.push('\n');
    let head = ["what is true", "the gate says", "of 100", "interval", "at most"];
    let mut rows = vec![head.iter().map(|h| Cell::inked(*h, Ink::Faint)).collect::<Vec<_>>()];
    for rate in &a.rates {
        let truth = match rate.truth.as_str() {
            "nothing_changed" => "nothing has changed",
            "margin_lost_everywhere" => "the margin is lost, a little everywhere",
            "margin_lost_by_breaks" => "the margin is lost, some scenarios break",
            "effect_lost_everywhere" => "the effect is lost",
            other => other,
        };
        let ink = match () {
            () if rate.is_broken() => Ink::Fail,
            () if rate.limit.is_some() => Ink::Pass,
            () => Ink::Faint,
        };
        let wrong = if rate.wrong { " (wrong)" } else { "" };
        rows.push(vec![
            Cell::new(clean_line(truth)),
            Cell::new(format!("{}{wrong}", clean_line(&rate.answer.replace('_', " ")))),
            Cell::inked(tenths(rate.rate), ink),
            Cell::new(format!("{} to {}", tenths(rate.low), tenths(rate.high))),
            Cell::new(rate.limit.map_or_else(String::new, percent)),
        ]);
    }
    out.push_str(&Table { rows, right: false }.render(0, style));
    let broken = a.rates.iter().any(mocktrial_analysis::audit::AuditRate::is_broken);
    let (text, ink) = if broken {
        (
            "The gate is wrong too often on this suite: it will answer nothing until rules, trials or scenarios change.",
            Ink::Fail,
        )
    } else {
        ("No error is more frequent than is allowed, as far as this simulation can tell.", Ink::Pass)
    };
    out.push('\n');
    say(&mut out, text, ink);
    // A gate that never answers is never wrong either.
    let passes = a.rates.iter().find(|rate| rate.truth == "nothing_changed" && rate.answer == "no_worse");
    if let Some(passes) = passes.filter(|rate| rate.rate < 0.5) {
        let said = format!(
            "But where nothing has changed it says no worse in only {} of 100 cases: most of its answers will be that it cannot \
             tell. `mocktrial power` says what more trials, or a wider margin, would do.",
            tenths(passes.rate)
        );
        say(&mut out, &said, Ink::Unsure);
    }
    out
}

/// A share in percent, to the tenth.
fn tenths(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}
