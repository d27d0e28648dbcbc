//! What `mocktrial check` tells programs.

use super::Judgement;
use super::text::{is_accepted, is_equivalent, verdicts};
use crate::args::CheckArgs;
use crate::failure::mistake_json;
use mocktrial_core::check::{Came, Count, Kind, Proof, Verdict, name};
use mocktrial_core::suite::Mistake;
use serde_json::{Value, json};

pub(super) fn document(args: &CheckArgs, proofs: &[Proof]) -> Value {
    let scenarios: Vec<_> = proofs.iter().map(scenario).collect();
    let judgement = Judgement::of(args, proofs);
    json!({
        "version": 1,
        "holds": judgement.holds(),
        "mutants": score(judgement.caught, args.min_caught),
        "equivalents": score(judgement.passed, args.min_equivalents),
        "unproved": unproved(proofs),
        "questions": super::Asked::of(proofs).map(|a| json!({"asked": a.asked, "unanswered": a.unanswered, "cost": a.cost})),
        "scenarios": scenarios,
    })
}

/// How many plays of each kind are unproved.
fn unproved(proofs: &[Proof]) -> Value {
    let of = |kind: Kind| proofs.iter().map(|p| p.unproved(kind)).sum::<usize>();
    json!({
        "references": of(Kind::Reference),
        "probes": of(Kind::Probe),
        "mutants": of(Kind::Mutant),
        "equivalents": of(Kind::Equivalent),
    })
}

fn score(count: Count, least: f64) -> Value {
    json!({"part": count.part, "of": count.whole, "rate": count.rate(), "least": least / 100.0})
}

fn scenario(proof: &Proof) -> Value {
    let probes: serde_json::Map<_, _> =
        proof.probes.iter().map(|(probe, came)| (name(*probe).to_owned(), outcome(*came))).collect();
    let list = |mistakes: &[Mistake]| mistakes.iter().map(mistake_json).collect::<Vec<_>>();
    let mutants: Vec<_> = proof
        .mutants
        .iter()
        .map(|tried| {
            let mut entry = json!({"name": tried.mutant.name, "kind": tried.mutant.fault.word()});
            let at = |by: &[usize]| by.iter().filter_map(|i| proof.criteria.get(*i)).map(|c| &c.at).collect::<Vec<_>>();
            let (word, key, value) = match &tried.verdict {
                Verdict::Caught { by } => ("caught", "by", json!(at(by))),
                Verdict::Unproved { by } => ("unproved", "by", json!(at(by))),
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
        .map(|c| {
            json!({
                "at": c.at, "grader": c.grader, "measure": c.measure, "caught": c.caught, "alone": c.alone,
                "unproved": c.open,
            })
        })
        .collect();
    let (caught, passed) = (proof.caught(), proof.passed());
    json!({
        "scenario": proof.scenario,
        "probes": probes,
        "caught": {"part": caught.part, "of": caught.whole},
        "equivalent": verdicts(proof, is_equivalent),
        "accepted": verdicts(proof, is_accepted),
        "untried": proof.untried,
        "unproved": unproved(std::slice::from_ref(proof)),
        "equivalents_passed": {"part": passed.part, "of": passed.whole},
        "mutants": mutants,
        "survivors": survivors,
        "equivalents": equivalents,
        "criteria": criteria,
        "mistakes": list(&proof.mistakes),
        "warnings": list(&proof.warnings),
    })
}

/// Whether a probe passed; `null` where nobody can say, be it a mistake or unproved.
fn outcome(came: Came) -> Value {
    match came {
        Came::Passed => true.into(),
        Came::Failed => false.into(),
        Came::Ungraded | Came::Unproved => Value::Null,
    }
}
