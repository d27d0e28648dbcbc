//! What `mocktrial check` tells people.

use super::count;
use crate::out::Out;
use mocktrial_core::check::{Came, Count, Kind, PROBES, Proof, Unproved, Verdict, name};
use mocktrial_core::suite::{Mistake, Probe};
use std::collections::BTreeMap;

/// One row per probe: how many scenarios it passed, and of how many.
pub(super) fn probes(proofs: &[Proof], out: Out) {
    for probe in PROBES {
        let outcomes: Vec<_> =
            proofs.iter().filter_map(|p| p.probes.iter().find(|(q, _)| *q == probe).map(|(_, o)| *o)).collect();
        let passed = outcomes.iter().filter(|o| **o == Came::Passed).count();
        let unproved = outcomes.iter().filter(|o| **o == Came::Unproved).count();
        let must = match probe {
            Probe::Reference => "must pass",
            Probe::Null | Probe::Echo | Probe::Refuse => "must fail, unless inaction is right",
            _ => "must fail",
        };
        let known = outcomes.len() - unproved;
        let note = if unproved == 0 { String::new() } else { format!("; {unproved} unproved") };
        out.result(format!("  {:9}  passes {passed:>4} of {known:<4} {must}{note}", name(probe)));
    }
}

/// How many scenarios are listed whatever came of them.
const ROWS: usize = 60;

/// One row per scenario; of many, one for each that is not in order.
pub(super) fn scenarios(proofs: &[Proof], verbose: bool, out: Out) {
    let sum = |of: fn(&Proof) -> usize| proofs.iter().map(of).sum::<usize>();
    let unproved = sum(unproved_of) > 0;
    let head = ["scenario", "probes", "mutants caught", "equivalent", "accepted", "equivalents pass"];
    let head = head.into_iter().chain(unproved.then_some("unproved"));
    let mut rows: Vec<Vec<String>> = vec![head.map(str::to_owned).collect()];
    // Nobody reads a long table to find what is not in order.
    let sound = |p: &&Proof| {
        p.mistakes.is_empty() && p.survivors.is_empty() && p.unproved.is_empty() && p.passed().part == p.passed().whole
    };
    let left_out = if verbose || proofs.len() <= ROWS { 0 } else { proofs.iter().filter(sound).count() };
    rows.extend(proofs.iter().filter(|p| left_out == 0 || !sound(p)).map(|p| row(p, unproved)));
    if proofs.len() > 1 {
        let (caught, passed) = (proofs.iter().map(Proof::caught).sum(), proofs.iter().map(Proof::passed).sum());
        let (equivalent, accepted) = (sum(|p| verdicts(p, is_equivalent)), sum(|p| verdicts(p, is_accepted)));
        let unproved = unproved.then(|| sum(unproved_of));
        rows.push(cells(&Row { name: "all", probes: "", caught, passed, equivalent, accepted, unproved }));
    }
    out.result("");
    print_table(&rows, out);
    if left_out > 0 {
        out.result(format!("  ({} without a hole not listed; --verbose lists all)", count(left_out, "scenario")));
    }
}

/// Mutants and equivalents of which nothing is proved.
fn unproved_of(proof: &Proof) -> usize {
    proof.unproved(Kind::Mutant) + proof.unproved(Kind::Equivalent)
}

struct Row<'a> {
    name: &'a str,
    probes: &'a str,
    caught: Count,
    passed: Count,
    equivalent: usize,
    accepted: usize,
    /// `None` where there is no such column.
    unproved: Option<usize>,
}

fn row(proof: &Proof, unproved: bool) -> Vec<String> {
    let of = |came: Came, is_reference: bool| {
        let found = proof.probes.iter().filter(move |(p, c)| *c == came && (*p == Probe::Reference) == is_reference);
        found.map(|(probe, _)| name(*probe)).collect::<Vec<_>>()
    };
    let fails = proof.probes.iter().any(|(p, c)| *p == Probe::Reference && matches!(c, Came::Failed | Came::Ungraded));
    let passing = of(Came::Passed, false);
    let open = of(Came::Unproved, true).len() + of(Came::Unproved, false).len();
    let probes = match passing.as_slice() {
        _ if fails => "reference fails".to_owned(),
        [] if open > 0 => format!("{open} unproved"),
        [] => "ok".to_owned(),
        // Doing nothing is right, and does pass.
        passing if proof.mistakes.is_empty() => format!("ok ({})", passing.join(", ")),
        passing => format!("{} pass", passing.join(", ")),
    };
    cells(&Row {
        name: &proof.scenario,
        probes: &probes,
        caught: proof.caught(),
        passed: proof.passed(),
        equivalent: verdicts(proof, is_equivalent),
        accepted: verdicts(proof, is_accepted),
        unproved: unproved.then(|| unproved_of(proof)),
    })
}

fn cells(row: &Row<'_>) -> Vec<String> {
    let part = |c: Count| if c.whole == 0 { "–".to_owned() } else { format!("{} of {}", c.part, c.whole) };
    let number = |n: usize| if n == 0 { String::new() } else { n.to_string() };
    let known = [
        row.name.to_owned(),
        row.probes.to_owned(),
        part(row.caught),
        number(row.equivalent),
        number(row.accepted),
        part(row.passed),
    ];
    known.into_iter().chain(row.unproved.map(number)).collect()
}

pub(super) fn is_equivalent(verdict: &Verdict) -> bool {
    *verdict == Verdict::Equivalent
}

pub(super) fn is_accepted(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Accepted { .. })
}

pub(super) fn verdicts(proof: &Proof, of: fn(&Verdict) -> bool) -> usize {
    proof.mutants.iter().filter(|m| of(&m.verdict)).count()
}

/// What the criteria of each grader are worth together.
pub(super) fn graders(proofs: &[Proof], out: Out) {
    let mut worth: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    for score in proofs.iter().flat_map(|p| &p.criteria).filter(|c| c.measure == "task" && c.grader != "end") {
        let [criteria, caught, alone, open] = worth.entry(&score.grader).or_default();
        *criteria += 1;
        *caught += score.caught;
        *alone += score.alone;
        *open += score.open;
    }
    if worth.is_empty() {
        return;
    }
    let mut rows = vec![["grader", "criteria", "mutants caught", "only by it"].map(str::to_owned).to_vec()];
    let mut worth: Vec<_> = worth.into_iter().collect();
    worth.sort_by_key(|(_, [_, caught, ..])| std::cmp::Reverse(*caught));
    rows.extend(worth.iter().map(|(grader, [criteria, caught, alone, open])| {
        // What it might catch is not known, and is not nothing.
        let known = |n: &usize| if *n == 0 && *open > 0 { "unproved".to_owned() } else { n.to_string() };
        vec![(*grader).to_owned(), criteria.to_string(), known(caught), known(alone)]
    }));
    out.result("");
    print_table(&rows, out);
}

/// The first column to the left, all others to the right; the first row is the head.
fn print_table(rows: &[Vec<String>], out: Out) {
    let width = |i: usize| rows.iter().map(|r| r[i].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..rows.first().map_or(0, Vec::len)).map(width).collect();
    for row in rows {
        let mut line = String::from("  ");
        for (i, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let pad = " ".repeat(width - cell.chars().count());
            line.push_str(&if i == 0 { format!("{cell}{pad}") } else { format!("  {pad}{cell}") });
        }
        out.result(line.trim_end());
    }
}

/// What survived, which equivalents fail and what is unproved, by scenario, each with its place.
pub(super) fn holes(proofs: &[Proof], out: Out) {
    let place = |m: &Mistake| if m.line > 0 { format!("{}:{}", m.file, m.line) } else { m.file.clone() };
    for proof in proofs {
        let failing = proof.equivalents.iter().filter_map(|e| e.mistake.as_ref());
        let found: Vec<(&Mistake, Option<&str>)> = (proof.survivors.iter())
            .map(|s| (&s.mistake, Some(s.subject.as_str())))
            .chain(failing.map(|m| (m, None)))
            .collect();
        if found.is_empty() && proof.unproved.is_empty() {
            continue;
        }
        out.result(format!("\n{}", proof.scenario));
        for (mistake, subject) in found {
            out.result(format!("  {}: {}", place(mistake), mistake.message));
            if let Some(subject) = subject {
                out.result(format!("      accept it as: {subject}"));
            }
        }
        for Unproved { mistake, .. } in &proof.unproved {
            let hint = mistake.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
            out.result(format!("  {}: {}{hint}", place(mistake), mistake.message));
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
pub(super) fn every(proof: &Proof, out: Out) {
    out.result(format!("\n{}", proof.scenario));
    for tried in &proof.mutants {
        let came = match &tried.verdict {
            Verdict::Caught { by } => {
                let at = |i: &usize| proof.criteria.get(*i).map(|c| format!("{} {}", c.at, c.grader));
                format!("caught by {}", by.iter().filter_map(at).collect::<Vec<_>>().join(", "))
            }
            Verdict::Survived => "SURVIVES".to_owned(),
            Verdict::Unproved { by } => format!("unproved: asks {}", asks(proof, by)),
            Verdict::Equivalent => "equivalent".to_owned(),
            Verdict::Accepted { why } => format!("accepted: {why}"),
            Verdict::Ungraded { why } => format!("not graded: {why}"),
        };
        out.result(format!("  {}  —  {came}", tried.mutant.name));
    }
    for alike in &proof.equivalents {
        let came = match alike.passed {
            Some(true) => "passes".to_owned(),
            Some(false) => "FAILS".to_owned(),
            None => format!("unproved: asks {}", asks(proof, &alike.open)),
        };
        out.result(format!("  {}  —  {came}", alike.name));
    }
    for score in proof.criteria.iter().filter(|c| c.grader != "end") {
        let note = match score.open {
            0 if score.measure == "task" && score.alone == 0 => ", nothing that others do not".to_owned(),
            0 => String::new(),
            open => format!(", unproved on {open}"),
        };
        out.result(format!("  {} {}: catches {}, alone {}{note}", score.at, score.grader, score.caught, score.alone));
    }
}

/// Whom criteria ask, by their places.
fn asks(proof: &Proof, criteria: &[usize]) -> String {
    let mut whom: Vec<&str> = Vec::new();
    for one in criteria.iter().filter_map(|i| proof.criteria.get(*i)).flat_map(|c| &c.asks) {
        if !whom.contains(&one.as_str()) {
            whom.push(one);
        }
    }
    whom.join(", ")
}
