//! Which suites and test cases there are, and what they are called.

use super::xml::{attribute, seconds};
use crate::model::{Report, tables};
use crate::number::{count, percent};
use crate::text::clip;
use mocktrial_analysis::{EndpointSummary, EpisodeRow, Summary};
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::io::{self, Write};

/// A longer name is cut: some parsers keep 255 characters.
const NAME: usize = 200;

/// Names that are taken, so that none stands for two.
#[derive(Debug, Default)]
pub(super) struct Names {
    taken: HashSet<String>,
    next: HashMap<String, u32>,
}

impl Names {
    /// A text as a name that no other has; never empty.
    pub(super) fn own(&mut self, text: &str) -> String {
        let name = clip(text.trim(), NAME);
        let name = if name.is_empty() { "unnamed".to_owned() } else { name };
        if self.taken.insert(name.clone()) {
            return name;
        }
        let next = self.next.entry(name.clone()).or_insert(1);
        loop {
            *next += 1;
            let other = format!("{name} ({next})");
            if self.taken.insert(other.clone()) {
                return other;
            }
        }
    }
}

/// A suite: its head, and its test cases as text.
#[derive(Clone, Debug, Default)]
pub(super) struct Suite {
    pub(super) name: String,
    /// When it was begun, RFC 3339 in UTC.
    pub(super) created: String,
    pub(super) properties: Vec<(&'static str, String)>,
    pub(super) cases: Vec<Piece>,
}

/// A test case as text, with its place among the others.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) at: (u32, u32),
    pub(super) text: Box<str>,
    pub(super) ms: f64,
    pub(super) kind: Kind,
}

/// What a test case counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Passed,
    Skipped,
    Failed,
    Error,
}

impl Suite {
    pub(super) fn wanted(&self) -> bool {
        !self.cases.is_empty() || !self.properties.is_empty()
    }

    /// How many bytes it takes, and some room.
    pub(super) fn size(&self) -> usize {
        let properties: usize = self.properties.iter().map(|(_, value)| 100 + 6 * value.len()).sum();
        1000 + 6 * self.name.len() + properties + self.cases.iter().map(|c| c.text.len()).sum::<usize>()
    }

    pub(super) fn write(mut self, id: usize, out: &mut dyn Write) -> io::Result<()> {
        self.cases.sort_by_key(|c| (c.at, c.kind));
        let of = |kind| self.cases.iter().filter(|c| c.kind == kind).count().to_string();
        let mut head = String::from("<testsuite");
        attribute(&mut head, "name", &self.name);
        attribute(&mut head, "package", "mocktrial");
        attribute(&mut head, "id", &id.to_string());
        attribute(&mut head, "timestamp", timestamp(&self.created));
        // Ant's schema wants a host, and has a word for one that is nobody's business.
        attribute(&mut head, "hostname", "localhost");
        attribute(&mut head, "tests", &self.cases.len().to_string());
        attribute(&mut head, "failures", &of(Kind::Failed));
        attribute(&mut head, "errors", &of(Kind::Error));
        attribute(&mut head, "skipped", &of(Kind::Skipped));
        attribute(&mut head, "time", &seconds(self.cases.iter().map(|c| c.ms).sum()));
        head.push_str(">\n<properties>\n");
        for (name, value) in &self.properties {
            let _ = write!(head, "<property name=\"{name}\"");
            attribute(&mut head, "value", value);
            head.push_str("/>\n");
        }
        head.push_str("</properties>\n");
        out.write_all(head.as_bytes())?;
        for case in &self.cases {
            out.write_all(case.text.as_bytes())?;
        }
        out.write_all(b"<system-out></system-out>\n<system-err></system-err>\n</testsuite>\n")
    }
}

/// A moment without its zone, as Ant's schema wants it.
fn timestamp(created: &str) -> &str {
    let pattern = "0000-00-00T00:00:00";
    let fits = |c: u8, p: u8| if p == b'0' { c.is_ascii_digit() } else { c == p };
    match created.get(..pattern.len()) {
        Some(moment) if moment.bytes().zip(pattern.bytes()).all(|(c, p)| fits(c, p)) => moment,
        _ => "1970-01-01T00:00:00",
    }
}

/// A scenario of a suite.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) name: String,
    pub(super) class: String,
    pub(super) file: Option<String>,
    pub(super) quarantined: bool,
}

/// An endpoint of a run, whose episodes are a suite's.
#[derive(Debug)]
pub(super) struct Own {
    /// The place of the run.
    pub(super) run: usize,
    pub(super) suite: Suite,
    /// Its scenarios, in the run's order.
    pub(super) places: Vec<Place>,
}

/// The suites of all endpoints of all runs that are tests of this report.
#[derive(Debug)]
pub(super) struct Suites {
    pub(super) all: Vec<Own>,
    by_endpoint: HashMap<(usize, String), usize>,
    by_scenario: HashMap<(usize, String), u32>,
}

impl Suites {
    pub(super) fn new(report: &Report, names: &mut Names, files: bool) -> Self {
        let mut suites = Self { all: Vec::new(), by_endpoint: HashMap::new(), by_scenario: HashMap::new() };
        let mut arms = Names::default();
        for (r, run) in report.runs.iter().enumerate() {
            // What a gate held its candidate against has been reported with its own build.
            if !report.gates.is_empty() && report.gates.iter().all(|gate| gate.run != run.run.name) {
                continue;
            }
            // Whatever a scenario is called, what stands in the last brackets is the endpoint.
            let plain = |name: &str| name.replace('[', "(").replace(']', ")");
            let scenarios: Vec<String> = {
                let mut own = Names::default();
                run.scenarios.iter().map(|s| own.own(&scenario_name(&s.id, &s.variant))).collect()
            };
            for (n, s) in run.scenarios.iter().enumerate() {
                let place = u32::try_from(n).unwrap_or(u32::MAX);
                suites.by_scenario.insert((r, scenario_name(&s.id, &s.variant)), place);
            }
            for endpoint in &run.endpoints {
                // The name of a run is another every time; its place is not.
                let known = report.runs[..r].iter().any(|run| run.endpoints.iter().any(|e| e.name == endpoint.name));
                let more = if known { format!(", run {}", r + 1) } else { String::new() };
                let arm = arms.own(&plain(&format!("{}{more}", endpoint.name)));
                let places = run.scenarios.iter().zip(&scenarios).map(|(s, name)| Place {
                    name: format!("{name} [{arm}]"),
                    class: format!("{}.{}", arm.replace('.', "_"), name.replace('.', "_")),
                    file: report.files.get(&s.id).filter(|_| files).map(|file| clip(file, 1000)),
                    quarantined: report.quarantined.contains(&*scenario_name(&s.id, &s.variant))
                        || report.quarantined.contains(&s.id),
                });
                let suite = Suite {
                    name: names.own(&arm),
                    created: run.run.created.clone(),
                    properties: properties(run, endpoint),
                    cases: Vec::new(),
                };
                suites.by_endpoint.insert((r, endpoint.name.to_string()), suites.all.len());
                suites.all.push(Own { run: r, suite, places: places.collect() });
            }
        }
        suites
    }

    /// The suite and the scenario that an episode belongs to.
    pub(super) fn place(&self, run: usize, row: &EpisodeRow) -> Option<(usize, u32)> {
        let suite = self.by_endpoint.get(&(run, row.key.endpoint.to_string()))?;
        let scenario = self.by_scenario.get(&(run, scenario_name(&row.key.scenario, &row.key.variant)))?;
        Some((*suite, *scenario))
    }

    /// How many bytes they take without any test case, and room for a line that says what was folded.
    pub(super) fn heads(&self) -> usize {
        self.all.iter().map(|own| own.suite.size() + 1000).sum()
    }
}

fn scenario_name(id: &str, variant: &str) -> String {
    if variant.is_empty() { id.to_owned() } else { format!("{id}~{variant}") }
}

fn properties(run: &Summary, e: &EndpointSummary) -> Vec<(&'static str, String)> {
    let mut all = vec![
        ("run", clip(&run.run.name, NAME)),
        ("endpoint", clip(&e.name, NAME)),
        ("seed", run.run.seed.to_string()),
        ("suite_hash", run.run.suite.to_string()),
        ("harness", format!("mocktrial {}", clip(&run.run.harness, NAME))),
    ];
    match (&run.refused, e.pass_rate) {
        (Some(why), _) => all.push(("pass_rate", format!("none is claimed: {}", clip(why, NAME)))),
        (None, None) => all.push(("pass_rate", "none: no trial counts".to_owned())),
        (None, Some(r)) => {
            let (value, low, high) = (percent(r.value), percent(r.low), percent(r.high));
            let confidence = percent(run.confidence);
            all.push((
                "pass_rate",
                format!("{value} % ({low}–{high} % at {confidence} % confidence), on these scenarios"),
            ));
        }
    }
    all.push(("passed", format!("{} of {} that count", e.passed, count(e.counted, "trial"))));
    if !e.excluded.is_empty() {
        all.push(("left_out", tables::left_out(e)));
    }
    if e.planned > e.finished {
        all.push(("did_not_run", count(e.planned - e.finished, "trial")));
    }
    if e.replayed > 0 {
        all.push(("replayed", format!("{}: no new evidence", count(e.replayed, "trial"))));
    }
    all
}
