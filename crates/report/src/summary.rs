//! A run's summary for the terminal.

use crate::lay::lay;
use crate::model::tables::{self, known};
use crate::model::{Datum, Sheet, Standing};
use crate::number::{count, p_value, percent, points};
use crate::text::{Ink, Style, clean_line, flow, wrap};
use crate::{axis, judged};
use mocktrial_analysis::{EndpointSummary, Outcome, State, Summary};

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

fn rates(out: &mut String, summary: &Summary, style: &Style) {
    let mut sheet = tables::rates(summary);
    // What hangs on a judge is marked, and explained below.
    let judged = summary.endpoints.iter().any(|e| e.judged.is_some());
    for (row, e) in sheet.rows.iter_mut().zip(&summary.endpoints) {
        if let (Some(Datum::Name(name)), true) = (row.first_mut(), e.judged.is_some()) {
            name.push('*');
        }
    }
    if summary.refused.is_none() {
        title(out, &sheet.title, style);
    }
    out.push_str(&lay(&sheet, 0, style));
    if summary.refused.is_none() {
        sheet.notes.extend(judged.then(|| "*: hangs on a judge, see below".to_owned()));
        legend(out, &sheet.notes, style);
    }
    out.push('\n');
}

fn legend(out: &mut String, notes: &[String], style: &Style) {
    let notes: Vec<String> = notes.iter().map(|n| clean_line(n)).collect();
    for line in flow(&notes, style.width()) {
        paragraph(out, &line, Ink::Faint, style);
    }
}

/// How two endpoints compare, in a sentence.
fn difference(out: &mut String, summary: &Summary, style: &Style) {
    let Some(d) = &summary.difference else { return };
    let (endpoint, against) = (clean_line(&d.endpoint), clean_line(&d.against));
    let (said, standing) = match d.verdict {
        "better" => (format!("{endpoint} is better than {against}"), Standing::Good),
        "worse" => (format!("{endpoint} is worse than {against}"), Standing::Bad),
        _ => (format!("Undecided: these trials cannot tell {endpoint} from {against}"), Standing::Open),
    };
    let ink = standing.into();
    let over = count(d.scenarios, "scenario");
    title(out, &format!("Difference of the pass rates, paired over {over}"), style);
    out.push_str(&axis::difference(&d.delta, None, standing, style));
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

fn effort(out: &mut String, summary: &Summary, style: &Style) {
    let sheet = tables::effort(summary);
    title(out, &sheet.title, style);
    out.push_str(&lay(&sheet, 0, style));
    legend(out, &sheet.notes, style);
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
    let sheet = tables::scenarios(summary);
    let rows = summary.differing[..shown].iter().filter_map(|at| sheet.rows.get(*at).cloned()).collect();
    out.push_str(&lay(&Sheet { rows, ..sheet }, 2, style));
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
    let sheet = tables::causes(summary);
    title(out, &sheet.title, style);
    out.push_str(&lay(&sheet, 2, style));
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
