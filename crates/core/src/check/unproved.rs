//! What only those could decide whom criteria ask, and who have not answered.

use super::Proof;
use super::score::Verdict;
use crate::ready::ReadyScenario;
use crate::suite::{Mistake, Scenario};
use mocktrial_scoring::JUDGE;
use mocktrial_trajectory::Pointer;

/// Plays of which nothing is proved: all that could decide asks somebody. They count neither for the
/// criteria nor against them.
#[derive(Clone, Debug, PartialEq)]
pub struct Unproved {
    /// What they are.
    pub kind: Kind,
    /// Their names.
    pub names: Vec<String>,
    /// Whoever would have to say, such as "the judge `careful`".
    pub whom: Vec<String>,
    /// It in words, at the first criterion that asks.
    pub mistake: Mistake,
}

/// Who plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A reference, which must pass.
    Reference,
    /// A probe, which must fail.
    Probe,
    /// A mutant, which must fail.
    Mutant,
    /// An equivalent, which must pass.
    Equivalent,
}

/// Whom each criterion asks, by its place among all: "the judge `careful`".
pub(super) fn whom(ready: &ReadyScenario) -> Vec<Vec<String>> {
    let mut whom = vec![Vec::new(); ready.scenario.criteria.len()];
    for (criterion, ask) in ready.grading.asks() {
        let word = if ask.to == JUDGE { "the judge" } else { "the verifier" };
        let name = format!("{word} `{}`", ask.name);
        if !whom[criterion].contains(&name) {
            whom[criterion].push(name);
        }
    }
    whom
}

/// What is unproved of a scenario: `open` has the plays of references and probes, each with the criteria that
/// would have to decide.
pub(super) fn all(ready: &ReadyScenario, open: Vec<(Kind, String, Vec<usize>)>, proof: &mut Proof) {
    let mut plays = open;
    for tried in &proof.mutants {
        if let Verdict::Unproved { by } = &tried.verdict {
            plays.push((Kind::Mutant, tried.mutant.name.clone(), by.clone()));
        }
    }
    let equivalents = proof.equivalents.iter().filter(|e| e.passed.is_none());
    plays.extend(equivalents.map(|e| (Kind::Equivalent, e.name.clone(), e.open.clone())));
    let mut groups: Vec<(Kind, Vec<usize>, Vec<String>)> = Vec::new();
    for (kind, name, by) in plays {
        match groups.iter_mut().find(|(known, criteria, _)| *known == kind && *criteria == by) {
            Some((_, _, names)) => names.push(name),
            None => groups.push((kind, by, vec![name])),
        }
    }
    let known = whom(ready);
    let why = proof.questions.as_ref().and_then(|q| q.why.as_deref());
    let asked = proof.questions.is_some();
    let told = |(kind, by, names): (Kind, Vec<usize>, Vec<String>)| {
        let mut whom: Vec<String> = Vec::new();
        for one in by.iter().filter_map(|i| known.get(*i)).flatten() {
            if !whom.contains(one) {
                whom.push(one.clone());
            }
        }
        let hint = match (asked, why) {
            (false, _) => format!("say --ask to ask {}", if whom.len() == 1 { "it" } else { "them" }),
            (true, why) => format!("asked in vain: {}", why.unwrap_or("there was no answer")),
        };
        let mistake = place(&ready.scenario, &by, sentence(kind, &names, &whom), hint);
        Unproved { kind, names, whom, mistake }
    };
    proof.unproved = groups.into_iter().map(told).collect();
}

fn place(scenario: &Scenario, by: &[usize], message: String, hint: String) -> Mistake {
    let criterion = by.first().copied().unwrap_or_default();
    scenario.mistake_at(&Pointer::default().child("expect").child(criterion), message, Some(hint)).warning()
}

fn sentence(kind: Kind, names: &[String], whom: &[String]) -> String {
    let many = |what: &str| format!("{} {what}{}", names.len(), if names.len() == 1 { "" } else { "s" });
    let (what, may) = match kind {
        Kind::Reference if names.len() == 1 => ("the reference".to_owned(), "fail"),
        Kind::Reference => (many("reference"), "fail"),
        Kind::Probe => {
            let quoted: Vec<String> = names.iter().map(|n| format!("`{n}`")).collect();
            (format!("the probe{} {}", if names.len() == 1 { "" } else { "s" }, listed(&quoted, "and")), "fail")
        }
        Kind::Mutant => (many("mutant"), "catch"),
        Kind::Equivalent => (many("equivalent"), "fail"),
    };
    format!("{what} only {} could {may}", listed(whom, "or"))
}

fn listed(items: &[String], word: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [others @ .., last] => format!("{} {word} {last}", others.join(", ")),
    }
}
