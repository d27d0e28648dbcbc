//! The verdicts as test cases: of gates with their rules, or of a comparison.

use super::cases::{Kind, Names, Piece, Suite};
use super::xml::{Case, Outcome};
use crate::model::{Datum, Report, Standing, Statement, parts};
use crate::text::clip;
use mocktrial_analysis::compare::Side;

/// Test cases of one kind of standing; a rule may be about each of very many scenarios.
const MOST: usize = 1000;

/// The suite of verdicts; without any test case where nothing is compared.
pub(super) fn of(report: &Report, names: &mut Names) -> Suite {
    let gated = !report.gates.is_empty();
    let mut suite = Verdicts {
        class: if gated { "mocktrial.gate" } else { "mocktrial.comparison" },
        names: Names::default(),
        cases: Vec::new(),
        shown: [0; 3],
        more: [0; 3],
    };
    let statements = report.verdicts();
    let mut properties = Vec::new();
    if gated {
        for (gate, said) in report.gates.iter().zip(&statements) {
            let name = format!("gate of {}", gate.endpoint);
            suite.statement(&name, said);
            for row in &parts(gate).rows {
                let [Datum::Name(part), Datum::Verdict(standing, word), found] = row.as_slice() else { continue };
                suite.add(&format!("{name}: {part}"), *standing, word, &found.text(), &[]);
            }
            let against = ("against", clip(&gate.against, 200));
            if !properties.contains(&against) && properties.len() < MOST {
                properties.push(against);
            }
        }
    } else if let Some(all) = &report.compared {
        // Sentences about the whole come before those about pairs.
        let whole = statements.len().saturating_sub(all.pairs.len());
        for (pair, said) in all.pairs.iter().zip(&statements[whole..]) {
            // The name of a run is another every time; its place is not.
            let named = |side: &Side| match report.runs.iter().position(|run| run.run.name == side.run) {
                Some(n) if n > 0 => format!("{}, run {}", side.endpoint, n + 1),
                _ => side.endpoint.to_string(),
            };
            suite.statement(&format!("{} against {}", named(&pair.first), named(&pair.second)), said);
        }
    }
    suite.rest();
    let created = report.runs.first().map(|run| run.run.created.clone()).unwrap_or_default();
    let name = if gated { "gate" } else { "comparison" };
    let empty = suite.cases.is_empty();
    Suite { name: if empty { String::new() } else { names.own(name) }, created, properties, cases: suite.cases }
}

struct Verdicts {
    class: &'static str,
    names: Names,
    cases: Vec<Piece>,
    /// Those that are shown one by one: good, bad, open.
    shown: [usize; 3],
    /// Those beyond.
    more: [usize; 3],
}

impl Verdicts {
    fn statement(&mut self, name: &str, said: &Statement) {
        let lines: Vec<String> = [&said.head, &said.figures, &said.settle]
            .into_iter()
            .filter(|l| !l.is_empty())
            .chain(&said.notes)
            .cloned()
            .collect();
        let mut short = said.head.clone();
        if !said.settle.is_empty() {
            short = format!("{short} {}", said.settle);
        }
        let word = match said.standing {
            Standing::Bad if self.class.ends_with("gate") => "regressed",
            Standing::Bad => "worse",
            _ => "open",
        };
        self.add(name, said.standing, word, &short, &lines);
    }

    fn add(&mut self, name: &str, standing: Standing, word: &str, said: &str, lines: &[String]) {
        let (kind, slot) = match standing {
            Standing::Good | Standing::None => (Kind::Passed, 0),
            Standing::Bad => (Kind::Failed, 1),
            Standing::Open => (Kind::Skipped, 2),
        };
        if self.shown[slot] >= MOST {
            self.more[slot] += 1;
            return;
        }
        self.shown[slot] += 1;
        self.push(name, kind, word, said, lines);
    }

    fn push(&mut self, name: &str, kind: Kind, word: &str, said: &str, lines: &[String]) {
        let said = clip(said, 4000);
        let lines: Vec<String> = lines.iter().take(50).map(|line| clip(line, 2000)).collect();
        let kind_of = format!("gate.{word}").replace(' ', "_");
        let result = match kind {
            Kind::Passed => Outcome::Passed,
            Kind::Skipped => Outcome::Skipped(&said),
            Kind::Failed | Kind::Error => {
                Outcome::Not { element: "failure", kind: &kind_of, said: &said, lines: &lines }
            }
        };
        let mut text = String::new();
        Case { class: self.class, name: &self.names.own(name), file: None, ms: 0.0, result }.write(&mut text);
        let at = (u32::try_from(self.cases.len()).unwrap_or(u32::MAX), 0);
        self.cases.push(Piece { at, text: text.into(), ms: 0.0, kind });
    }

    /// Says how many more there are.
    fn rest(&mut self) {
        let said = ["kept or no worse", "broken or regressed", "unknown or inconclusive"];
        for ((kind, more), said) in [Kind::Passed, Kind::Failed, Kind::Skipped].into_iter().zip(self.more).zip(said) {
            if more > 0 {
                self.push(
                    &format!("and {more} more {said}"),
                    kind,
                    "more",
                    &format!("{more} more are {said}"),
                    &[format!("{more} more are {said}")],
                );
            }
        }
    }
}
