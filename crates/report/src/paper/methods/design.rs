//! What was tried, how it was graded, and what was left out.

use super::{Paragraph, listed};
use crate::model::{Report, tables};
use crate::number::{count, percent};
use crate::paper::references::Work;
use mocktrial_analysis::compare::{LeftOut, WhyOut};
use mocktrial_analysis::{EndpointSummary, Outcome, Summary, Treatment};
use serde_json::Value;
use std::collections::BTreeSet;

/// Parts of a configuration that are said in full; of the others it is said that they were there.
const SAID: usize = 60;

/// A number in a sentence, with its word.
fn days(created: &str) -> String {
    let (day, rest) = created.split_once('T').unwrap_or((created, ""));
    format!("{day} at {} UTC", rest.get(..5).unwrap_or(rest))
}

/// What a run is called in a sentence, where there are several.
fn in_run(report: &Report, run: &Summary) -> String {
    if report.runs.len() > 1 { format!("In the run {}, ", run.run.name) } else { String::new() }
}

fn begin(prefix: &str, text: &str) -> String {
    if !prefix.is_empty() {
        return format!("{prefix}{text}");
    }
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// Scenarios, endpoints, trials, seeds, tools.
pub(super) fn design(report: &Report) -> Paragraph {
    let mut out = Paragraph::new("Design");
    out.say(
        "Endpoints, that is models or agents with all that was configured for them, were tried on scenarios: tasks that a user \
         poses in a conversation, to be solved with tools. One attempt of an endpoint at a scenario is called a trial, and its \
         record an episode.",
    );
    for run in &report.runs {
        plan(&mut out, report, run);
    }
    for counted in &report.accepted {
        out.say(format!(
            "Of {} only the counts of trials were known; its run ({}) was not at hand.",
            counted.name, counted.run
        ));
    }
    let described: Vec<&Treatment> = report.provenance.iter().flat_map(|p| &p.endpoints).collect();
    let mut seen = BTreeSet::new();
    for endpoint in described {
        if seen.insert((&endpoint.name, &endpoint.hash)) {
            treatment(&mut out, endpoint);
        }
    }
    out.say(
        "Tool calls were answered by mocked tools inside a world with a state of its own, which began the same in every episode; \
         arguments were validated against the schemas of the tools first.",
    );
    out.say(
        "The world of a scenario was the same for all endpoints and trials: the values that it made up derived from a seed of \
         the world, the scenario, the tool, the arguments and how often the very call had occurred, and its time moved only by \
         what the tools were declared to take.",
    );
    let seeds: BTreeSet<u64> = report.runs.iter().map(|run| run.run.seed).collect();
    let seeds: Vec<String> = seeds.into_iter().map(|seed| seed.to_string()).collect();
    let of_trial = report
        .provenance
        .iter()
        .flat_map(|p| &p.endpoints)
        .any(|e| e.configuration.pointer("/treatment/parameters/seed").and_then(Value::as_str) == Some("trial"));
    let sent =
        if of_trial { "; it was sent to the provider where an endpoint's parameters say so (seed trial)" } else { "" };
    out.say(format!(
        "The seed of a trial derived from the seed of the run ({}), the scenario and the number of the trial, and so was the same \
         for all endpoints{sent}.",
        listed(&seeds)
    ));
    out
}

fn plan(out: &mut Paragraph, report: &Report, run: &Summary) {
    let ids: BTreeSet<&str> = run.scenarios.iter().map(|s| &*s.id).collect();
    let families: BTreeSet<&str> = run.scenarios.iter().map(|s| &*s.family).collect();
    let rows = run.scenarios.len();
    let mut of = Vec::new();
    if families.len() < ids.len() {
        of.push(format!(
            "of {}",
            if families.len() == 1 { "1 family".into() } else { format!("{} families", families.len()) }
        ));
    }
    if rows > ids.len() {
        of.push(format!("{rows} with their variants"));
    }
    let of = if of.is_empty() { String::new() } else { format!(" ({})", of.join("; ")) };
    let planned: u64 = run.endpoints.iter().map(|e| e.planned).sum();
    let even = planned == rows as u64 * run.endpoints.len() as u64 * u64::from(run.run.trials);
    let trials = count(u64::from(run.run.trials), "trial");
    let text = format!(
        "{}{of} were tried by {}, {trials} each{}: {} in all.",
        count(ids.len() as u64, "scenario"),
        count(run.endpoints.len() as u64, "endpoint"),
        if even { "" } else { " or as planned for them" },
        count(planned, "planned episode"),
    );
    let text = if ids.len() == 1 { text.replacen(" were tried", " was tried", 1) } else { text };
    out.say(begin(&in_run(report, run), &text));
    let missing = match run.outcome {
        Outcome::Decided { missing } => Some((missing, "the run stopped when it had decided what it was to decide")),
        Outcome::Failed { missing } => Some((missing, "something outside kept the run from its end")),
        Outcome::Incomplete { missing } => Some((missing, "the run had not come to its end")),
        Outcome::Complete | Outcome::NothingCounts | Outcome::NothingRan => None,
    };
    if let Some((missing, why)) = missing.filter(|(missing, _)| *missing > 0) {
        out.say(format!("Of these, {} did not take place: {why}.", count(missing, "episode")));
    }
}

/// What an endpoint was, as it was configured.
fn treatment(out: &mut Paragraph, endpoint: &Treatment) {
    let of = &endpoint.configuration;
    let name = &endpoint.name;
    let kind = of["kind"].as_str().unwrap_or("unknown");
    let treatment = &of["treatment"];
    let model = treatment["model"].as_str();
    let parameters: Vec<String> = treatment["parameters"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            if text.chars().count() > SAID { format!("{key} (as configured)") } else { format!("{key} {text}") }
        })
        .collect();
    let what = match (model, kind) {
        (Some(model), kind) => format!("the model {model}, asked through the interface {kind}"),
        (None, "probe") => {
            format!("a built-in agent that asks no model ({})", treatment["probe"].as_str().unwrap_or("probe"))
        }
        (None, kind) => format!("an agent of the kind {kind}"),
    };
    let with = if parameters.is_empty() { String::new() } else { format!(", with {}", listed(&parameters)) };
    out.say(format!("The endpoint {name} was {what}{with}."));
    let own: Vec<String> = treatment
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key.replace('_', " "))
        .filter(|key| !matches!(key.as_str(), "kind" | "model" | "parameters" | "probe"))
        .collect();
    if !own.is_empty() {
        let (were, hashes) = if own.len() == 1 { ("was", "its hash") } else { ("were", "their hashes") };
        out.say(format!("Its {} {were} configured too; the appendix has {hashes}.", listed(&own)));
    }
    let other: Vec<String> = endpoint.served.iter().filter(|s| Some(s.as_str()) != model).cloned().collect();
    if !other.is_empty() {
        out.say(format!("Its provider said that it answered with {}.", listed(&other)));
    }
}

/// What passes.
pub(super) fn grading(report: &Report) -> Paragraph {
    let mut out = Paragraph::new("Grading");
    out.say("An episode passed when the endpoint brought it to its end and all criteria of the scenario's task held.");
    let judged = report.runs.iter().any(|run| !run.judged.is_empty());
    if judged {
        let judges: BTreeSet<String> = report.runs.iter().flat_map(|r| &r.judged).map(|j| j.judge.clone()).collect();
        let judges: Vec<String> = judges.into_iter().collect();
        out.say(format!(
            "Criteria were checked by programs from the record of the episode and the final state of its world, some by the word \
             of a judge ({}).",
            listed(&judges)
        ));
    } else {
        out.say(
            "All criteria were checked by programs from the record of the episode and the final state of its world.",
        );
    }
    for (r, run) in report.runs.iter().enumerate() {
        for e in run.endpoints.iter().filter(|e| e.judged.is_some()) {
            corrected(&mut out, &report.arm(r, &e.name), e);
        }
    }
    out.say(
        "Failures that belong to the endpoint counted as such: malformed, refused and filtered responses, an answer cut by the \
         output limit, a conversation beyond the context, and exceeded limits of turns, calls, errors, tokens or cost.",
    );
    out
}

fn corrected(out: &mut Paragraph, name: &str, e: &EndpointSummary) {
    use mocktrial_analysis::calibration::Correction;
    let Some(judged) = &e.judged else { return };
    let on =
        format!("Of {name}, {} of {} passed or failed by a judge's word", judged.episodes, count(e.counted, "episode"));
    match &judged.correction {
        Correction::LabelsOfTheRun { .. } => {
            out.say(format!("{on}; people labelled a random part of them, from which its pass rate was corrected."));
        }
        Correction::LabelsFromElsewhere { .. } => out.cite(
            format!("{on}; its pass rate was corrected for the judge's errors on labelled episodes from elsewhere."),
            &[Work::LangReiczigel],
        ),
        Correction::Uncalibrated { .. } => {
            out.say(format!("{on}, which was not calibrated against people, and stands for itself."));
        }
    }
}

/// What does not count, and what counts as no new evidence.
pub(super) fn left_out(report: &Report) -> Paragraph {
    let mut out = Paragraph::new("Exclusions");
    out.say(
        "An episode left the denominator only where the endpoint could not have caused its end or its missing grade: by the \
         doing of the provider, of the harness, or of the scenario itself.",
    );
    let mut none = true;
    for (r, run) in report.runs.iter().enumerate() {
        if let Some(why) = &run.refused {
            out.say(begin(&in_run(report, run), &format!("no rates were estimated, for {why}.")));
        }
        for e in run.endpoints.iter().filter(|e| !e.excluded.is_empty()) {
            none = false;
            let name = report.arm(r, &e.name);
            let all: u64 = e.excluded.values().sum();
            let were = if all == 1 { "was" } else { "were" };
            let bounds = e.bounds.map_or_else(String::new, |b| {
                format!(
                    "; had all of these failed, its pass rate would be {} %, and had all passed, {} %",
                    percent(b.worst),
                    percent(b.best)
                )
            });
            out.say(format!(
                "Of {name}, {} {were} left out, by cause: {}{bounds}.",
                count(all, "episode"),
                tables::left_out(e)
            ));
        }
    }
    if none {
        out.say("No episode was left out for this reason.");
    }
    for (r, run) in report.runs.iter().enumerate() {
        for e in run.endpoints.iter().filter(|e| e.replayed > 0) {
            let share = if e.replayed == e.finished { "all".to_owned() } else { e.replayed.to_string() };
            out.say(format!(
                "Of {}, {share} of {} were replayed from recorded responses: they are no evidence beyond what was recorded.",
                report.arm(r, &e.name),
                count(e.finished, "episode")
            ));
        }
        let retries: u64 = run.endpoints.iter().map(|e| e.retries).sum();
        if retries > 0 {
            out.say(begin(
                &in_run(report, run),
                &format!(
                    "{} to a provider that had failed for reasons of transport were repeated.",
                    count(retries, "request")
                ),
            ));
        }
    }
    scenarios(&mut out, report);
    out
}

/// Scenarios that comparisons and gates leave out, by reason.
fn scenarios(out: &mut Paragraph, report: &Report) {
    let pairs = report.compared.iter().flat_map(|c| &c.pairs).map(|pair| {
        (format!("the comparison of {} with {}", report.side(&pair.first), report.side(&pair.second)), &pair.left_out)
    });
    let gates = report.gates.iter().map(|g| (format!("the gate of {} against {}", g.endpoint, g.against), &g.left_out));
    for (what, left) in pairs.chain(gates).filter(|(_, left)| !left.is_empty()) {
        out.say(format!(
            "From {what}, {} left out: {}.",
            match left.len() {
                1 => "1 scenario was".to_owned(),
                n => format!("{n} scenarios were"),
            },
            reasons(left)
        ));
    }
}

fn reasons(left: &[LeftOut]) -> String {
    let word = |why| match why {
        WhyOut::WorldDiffers => "whose messages, tools, state or behaviour differed",
        WhyOut::CriteriaDiffer => "whose criteria or references differed",
        WhyOut::Quarantined => "in quarantine as unreliable instruments",
        WhyOut::OnlyFirst => "that only the first side had",
        WhyOut::OnlySecond => "that only the second side had",
        WhyOut::NoneCountsInFirst => "of which no trial of the first side counted",
        WhyOut::NoneCountsInSecond => "of which no trial of the second side counted",
    };
    let whys: BTreeSet<WhyOut> = left.iter().map(|l| l.why).collect();
    let alone = whys.len() == 1;
    let one = |why| {
        let of = left.iter().filter(|l| l.why == why).count();
        if alone { word(why).to_owned() } else { format!("{of} {}", word(why)) }
    };
    listed(&whys.into_iter().map(one).collect::<Vec<_>>())
}

/// What it was done with, and when.
pub(super) fn software(report: &Report) -> Paragraph {
    let mut out = Paragraph::new("Software");
    for run in &report.runs {
        let of = if report.runs.len() > 1 { format!("The run {}", run.run.name) } else { "The run".to_owned() };
        out.say(format!("{of} was begun on {} with mocktrial {}.", days(&run.run.created), run.run.harness));
    }
    out.say("Hashes of what was measured with and of what was measured, and the commands, are in the appendix.");
    out
}
