//! `mocktrial check`.

use crate::args::CheckArgs;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome, mistake_json};
use crate::out::Out;
use crate::project;
use mocktrial_core::check::{Count, PROBES, Proof, Verdict, name, prove};
use mocktrial_core::suite::{Limits, Mistake, Probe};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) async fn check(args: &CheckArgs, out: Out) -> Outcome {
    let (project, _, scenarios) = project::selected(&args.select, out)?;
    let ready = project::ready(scenarios).await?;
    let proofs = proofs(ready, project.config.limits).await?;
    let judgement = Judgement::of(args, &proofs);
    project::warn(out, proofs.iter().flat_map(|p| &p.warnings));
    if out.json() {
        out.value(&document(args, &proofs));
    } else {
        for mistake in proofs.iter().flat_map(|p| &p.mistakes) {
            out.result(format!("{}\n", mistake.render(out.colour)));
        }
        if !out.quiet {
            probes(&proofs, out);
            scenarios_table(&proofs, args.verbose, out);
            graders(&proofs, out);
            if args.verbose {
                proofs.iter().for_each(|proof| every(proof, out));
            }
            survivors(&proofs, out);
        }
        out.result(judgement.sentence(&proofs));
    }
    Ok(if judgement.holds() { Exit::Done } else { Exit::Failed })
}

/// The proofs, in the order of the scenarios; as many at once as there are threads.
async fn proofs(ready: Vec<Arc<mocktrial_core::ready::ReadyScenario>>, limits: Limits) -> Result<Vec<Proof>, Failure> {
    let begun: Vec<_> =
        ready.into_iter().map(|scenario| tokio::spawn(async move { prove(&scenario, limits).await })).collect();
    let mut proofs = Vec::with_capacity(begun.len());
    for proof in begun {
        proofs.push(proof.await.map_err(Failure::infrastructure)?);
    }
    Ok(proofs)
}

/// What the proofs come to.
struct Judgement {
    mistakes: usize,
    caught: Count,
    passed: Count,
    enough_caught: bool,
    enough_passed: bool,
}

impl Judgement {
    fn of(args: &CheckArgs, proofs: &[Proof]) -> Self {
        let caught: Count = proofs.iter().map(Proof::caught).sum();
        let passed: Count = proofs.iter().map(Proof::passed).sum();
        let enough = |count: Count, least: f64| count.rate() * 100.0 >= least;
        Self {
            mistakes: proofs.iter().map(|p| p.mistakes.len()).sum(),
            caught,
            passed,
            enough_caught: enough(caught, args.min_caught),
            enough_passed: enough(passed, args.min_equivalents),
        }
    }

    fn holds(&self) -> bool {
        self.mistakes == 0 && self.enough_caught && self.enough_passed
    }

    fn sentence(&self, proofs: &[Proof]) -> String {
        let scenarios = count(proofs.len(), "scenario");
        let scores = format!("{} mutants are caught, {} equivalents pass", share(self.caught), share(self.passed));
        if self.holds() {
            return format!("ok: {scenarios}; {scores}");
        }
        let mut why = Vec::new();
        if self.mistakes > 0 {
            let wrong = proofs.iter().filter(|p| !p.mistakes.is_empty()).count();
            why.push(format!("{} in the criteria of {wrong} of {scenarios}", count(self.mistakes, "mistake")));
        }
        if !self.enough_caught {
            why.push("too few mutants are caught".to_owned());
        }
        if !self.enough_passed {
            why.push("too few equivalents pass".to_owned());
        }
        format!("failed: {}; {scores}", why.join(", "))
    }
}

/// `12 of 13 (92.3 %)`.
fn share(count: Count) -> String {
    let Count { part, whole } = count;
    if whole == 0 { "0 of 0".to_owned() } else { format!("{part} of {whole} ({:.1} %)", count.rate() * 100.0) }
}

fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// One row per probe: how many scenarios it passed, and of how many.
fn probes(proofs: &[Proof], out: Out) {
    for probe in PROBES {
        let outcomes: Vec<_> =
            proofs.iter().filter_map(|p| p.probes.iter().find(|(q, _)| *q == probe).map(|(_, o)| *o)).collect();
        let passed = outcomes.iter().filter(|o| **o == Some(true)).count();
        let must = match probe {
            Probe::Reference => "must pass",
            Probe::Null | Probe::Echo | Probe::Refuse => "must fail, unless inaction is right",
            _ => "must fail",
        };
        out.result(format!("  {:9}  passes {passed:>4} of {:<4} {must}", name(probe), outcomes.len()));
    }
}

/// How many scenarios are listed whatever came of them.
const ROWS: usize = 60;

/// One row per scenario; of many, one for each that is not in order.
fn scenarios_table(proofs: &[Proof], verbose: bool, out: Out) {
    let head = ["scenario", "probes", "mutants caught", "equivalent", "accepted", "equivalents pass"];
    let mut rows = vec![head.map(str::to_owned)];
    // Nobody reads a long table to find what is not in order.
    let sound = |p: &&Proof| p.mistakes.is_empty() && p.survivors.is_empty() && p.equivalents.iter().all(|e| e.passed);
    let left_out = if verbose || proofs.len() <= ROWS { 0 } else { proofs.iter().filter(sound).count() };
    rows.extend(proofs.iter().filter(|p| left_out == 0 || !sound(p)).map(row));
    let (caught, passed) = (proofs.iter().map(Proof::caught).sum(), proofs.iter().map(Proof::passed).sum());
    let sum = |of: fn(&Verdict) -> bool| proofs.iter().map(|p| verdicts(p, of)).sum();
    if proofs.len() > 1 {
        rows.push(cells("all", "", caught, passed, sum(is_equivalent), sum(is_accepted)));
    }
    out.result("");
    print_table(&rows, out);
    if left_out > 0 {
        out.result(format!("  ({} without a hole not listed; --verbose lists all)", count(left_out, "scenario")));
    }
}

fn row(proof: &Proof) -> [String; 6] {
    let wrong: Vec<&str> = proof
        .probes
        .iter()
        .filter(|(probe, passed)| (*probe == Probe::Reference) != (*passed == Some(true)))
        .map(|(probe, _)| name(*probe))
        .collect();
    let probes = match wrong.as_slice() {
        [] => "ok".to_owned(),
        ["reference", ..] => "reference fails".to_owned(),
        // Doing nothing is right, and does pass.
        passing if proof.mistakes.is_empty() => format!("ok ({})", passing.join(", ")),
        passing => format!("{} pass", passing.join(", ")),
    };
    let (equivalent, accepted) = (verdicts(proof, is_equivalent), verdicts(proof, is_accepted));
    cells(&proof.scenario, &probes, proof.caught(), proof.passed(), equivalent, accepted)
}

fn cells(name: &str, probes: &str, caught: Count, passed: Count, equivalent: usize, accepted: usize) -> [String; 6] {
    let part = |c: Count| if c.whole == 0 { "–".to_owned() } else { format!("{} of {}", c.part, c.whole) };
    let number = |n: usize| if n == 0 { String::new() } else { n.to_string() };
    [name.to_owned(), probes.to_owned(), part(caught), number(equivalent), number(accepted), part(passed)]
}

fn is_equivalent(verdict: &Verdict) -> bool {
    *verdict == Verdict::Equivalent
}

fn is_accepted(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Accepted { .. })
}

fn verdicts(proof: &Proof, of: fn(&Verdict) -> bool) -> usize {
    proof.mutants.iter().filter(|m| of(&m.verdict)).count()
}

/// What the criteria of each grader are worth together.
fn graders(proofs: &[Proof], out: Out) {
    let mut worth: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for score in proofs.iter().flat_map(|p| &p.criteria).filter(|c| c.measure == "task" && c.grader != "end") {
        let [criteria, caught, alone] = worth.entry(&score.grader).or_default();
        *criteria += 1;
        *caught += score.caught;
        *alone += score.alone;
    }
    if worth.is_empty() {
        return;
    }
    let mut rows = vec![["grader", "criteria", "mutants caught", "only by it"].map(str::to_owned)];
    let mut worth: Vec<_> = worth.into_iter().collect();
    worth.sort_by_key(|(_, [_, caught, _])| std::cmp::Reverse(*caught));
    rows.extend(worth.iter().map(|(grader, [criteria, caught, alone])| {
        [(*grader).to_owned(), criteria.to_string(), caught.to_string(), alone.to_string()]
    }));
    out.result("");
    print_table(&rows, out);
}

/// The first column to the left, all others to the right; the first row is the head.
fn print_table<const N: usize>(rows: &[[String; N]], out: Out) {
    let width = |i: usize| rows.iter().map(|r| r[i].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..N).map(width).collect();
    for row in rows {
        let mut line = String::from("  ");
        for (i, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let pad = " ".repeat(width - cell.chars().count());
            line.push_str(&if i == 0 { format!("{cell}{pad}") } else { format!("  {pad}{cell}") });
        }
        out.result(line.trim_end());
    }
}

/// What survived and which equivalents fail, by scenario, each with its place.
fn survivors(proofs: &[Proof], out: Out) {
    let place = |m: &Mistake| if m.line > 0 { format!("{}:{}", m.file, m.line) } else { m.file.clone() };
    for proof in proofs {
        let failing = proof.equivalents.iter().filter_map(|e| e.mistake.as_ref());
        let found: Vec<(&Mistake, Option<&str>)> = (proof.survivors.iter())
            .map(|s| (&s.mistake, Some(s.subject.as_str())))
            .chain(failing.map(|m| (m, None)))
            .collect();
        if found.is_empty() {
            continue;
        }
        out.result(format!("\n{}", proof.scenario));
        for (mistake, subject) in found {
            out.result(format!("  {}: {}", place(mistake), mistake.message));
            if let Some(subject) = subject {
                out.result(format!("      accept it as: {subject}"));
            }
        }
        if proof.untried > 0 {
            out.result(format!("  {} more mutants were not tried", proof.untried));
        }
    }
    if proofs.iter().any(|p| !p.survivors.is_empty()) {
        out.result("\nAdd a criterion that sees it; or, where any agent may do it, accept it in the scenario:");
        out.result("  check: {accept: [{mutant: NAME, why: REASON}]}");
    }
    out.result("");
}

/// Every mutant with what came of it, and every criterion with what it is worth.
fn every(proof: &Proof, out: Out) {
    out.result(format!("\n{}", proof.scenario));
    for tried in &proof.mutants {
        let came = match &tried.verdict {
            Verdict::Caught { by } => {
                let at = |i: &usize| proof.criteria.get(*i).map(|c| format!("{} {}", c.at, c.grader));
                format!("caught by {}", by.iter().filter_map(at).collect::<Vec<_>>().join(", "))
            }
            Verdict::Survived => "SURVIVES".to_owned(),
            Verdict::Equivalent => "equivalent".to_owned(),
            Verdict::Accepted { why } => format!("accepted: {why}"),
            Verdict::Ungraded { why } => format!("not graded: {why}"),
        };
        out.result(format!("  {}  —  {came}", tried.mutant.name));
    }
    for alike in &proof.equivalents {
        out.result(format!("  {}  —  {}", alike.name, if alike.passed { "passes" } else { "FAILS" }));
    }
    for score in proof.criteria.iter().filter(|c| c.grader != "end") {
        let redundant = score.measure == "task" && score.alone == 0;
        let note = if redundant { ", nothing that others do not" } else { "" };
        out.result(format!("  {} {}: catches {}, alone {}{note}", score.at, score.grader, score.caught, score.alone));
    }
}

fn document(args: &CheckArgs, proofs: &[Proof]) -> Value {
    let scenarios: Vec<_> = proofs.iter().map(scenario).collect();
    let judgement = Judgement::of(args, proofs);
    json!({
        "version": 1,
        "holds": judgement.holds(),
        "mutants": score(judgement.caught, args.min_caught),
        "equivalents": score(judgement.passed, args.min_equivalents),
        "scenarios": scenarios,
    })
}

fn score(count: Count, least: f64) -> Value {
    json!({"part": count.part, "of": count.whole, "rate": count.rate(), "least": least / 100.0})
}

fn scenario(proof: &Proof) -> Value {
    let probes: serde_json::Map<_, _> =
        proof.probes.iter().map(|(probe, passed)| (name(*probe).to_owned(), json!(passed))).collect();
    let list = |mistakes: &[Mistake]| mistakes.iter().map(mistake_json).collect::<Vec<_>>();
    let mutants: Vec<_> = proof
        .mutants
        .iter()
        .map(|tried| {
            let mut entry = json!({"name": tried.mutant.name, "kind": tried.mutant.fault.word()});
            let (word, key, value) = match &tried.verdict {
                Verdict::Caught { by } => {
                    let at: Vec<_> = by.iter().filter_map(|i| proof.criteria.get(*i)).map(|c| &c.at).collect();
                    ("caught", "by", json!(at))
                }
                Verdict::Survived => ("survived", "", Value::Null),
                Verdict::Equivalent => ("equivalent", "", Value::Null),
                Verdict::Accepted { why } => ("accepted", "why", json!(why)),
                Verdict::Ungraded { why } => ("ungraded", "why", json!(why)),
            };
            entry["verdict"] = word.into();
            if !key.is_empty() {
                entry[key] = value;
            }
            entry
        })
        .collect();
    let survivors: Vec<_> = proof
        .survivors
        .iter()
        .map(|s| json!({"accept_as": s.subject, "mutants": s.mutants, "hole": mistake_json(&s.mistake)}))
        .collect();
    let equivalents: Vec<_> = proof
        .equivalents
        .iter()
        .map(|e| json!({"name": e.name, "passed": e.passed, "why": e.mistake.as_ref().map(|m| &m.message)}))
        .collect();
    let criteria: Vec<_> = proof
        .criteria
        .iter()
        .map(|c| json!({"at": c.at, "grader": c.grader, "measure": c.measure, "caught": c.caught, "alone": c.alone}))
        .collect();
    let (caught, passed) = (proof.caught(), proof.passed());
    json!({
        "scenario": proof.scenario,
        "probes": probes,
        "caught": {"part": caught.part, "of": caught.whole},
        "equivalent": verdicts(proof, is_equivalent),
        "accepted": verdicts(proof, is_accepted),
        "untried": proof.untried,
        "equivalents_passed": {"part": passed.part, "of": passed.whole},
        "mutants": mutants,
        "survivors": survivors,
        "equivalents": equivalents,
        "criteria": criteria,
        "mistakes": list(&proof.mistakes),
        "warnings": list(&proof.warnings),
    })
}
