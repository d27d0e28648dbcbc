//! Which trials are a test case each, and which are folded into one, so that the file stays below its limit.

use super::cases::{Kind, Own, Piece, Place, Suite, Suites};
use super::xml::{Case, Outcome};
use crate::model::why::{Fate, Why, kind};
use crate::number::count;
use crate::output::{OutputError, Sources};
use mocktrial_analysis::EpisodeRow;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Reasons that a folded test case names.
const REASONS: usize = 5;

/// How far trials are folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fold {
    /// A trial is a test case.
    None,
    /// The trials of a scenario are.
    Scenario,
    /// Those of an endpoint are.
    Endpoint,
}

/// What the trials of a scenario, or of an endpoint, come to.
#[derive(Clone, Debug, Default)]
struct Tally {
    trials: u64,
    ms: f64,
    reasons: BTreeMap<String, u64>,
}

impl Tally {
    fn add(&mut self, row: &EpisodeRow, what: Kind) {
        self.trials += 1;
        self.ms += if row.wall_ms.is_finite() { row.wall_ms } else { 0.0 };
        if what != Kind::Passed {
            *self.reasons.entry(kind(row)).or_default() += 1;
        }
    }

    fn join(&mut self, other: &Self) {
        self.trials += other.trials;
        self.ms += other.ms;
        for (reason, n) in &other.reasons {
            *self.reasons.entry(reason.clone()).or_default() += n;
        }
    }
}

/// Passing (and quarantined) trials need nothing but figures; the others need their texts.
fn needs_text(kind: Kind) -> bool {
    matches!(kind, Kind::Failed | Kind::Error)
}

fn kind_of(place: &Place, row: &EpisodeRow) -> Kind {
    match Fate::of(row) {
        _ if place.quarantined => Kind::Skipped,
        Fate::Passed => Kind::Passed,
        Fate::Failed => Kind::Failed,
        Fate::NoOutcome => Kind::Error,
    }
}

/// The suites with their test cases, in no more than so many bytes where that can be.
pub(super) fn filled(mut suites: Suites, sources: &Sources<'_>, room: usize) -> Result<Vec<Suite>, OutputError> {
    let tallies = tallied(&suites, sources)?;
    // The folded ones are few: it is cheapest to have them written.
    let folded = |needs: bool, fold: Fold| folded(&suites.all, &tallies.cells, needs, fold);
    let (quiet, loud) = (folded(false, Fold::Scenario), folded(true, Fold::Scenario));
    let (few, fewer) = (folded(false, Fold::Endpoint), folded(true, Fold::Endpoint));
    let single = tallies.quiet;
    let size = |pieces: &[(usize, Piece)]| pieces.iter().map(|(_, p)| p.text.len()).sum::<usize>();
    // Failures stay single as long as they fit beside the others, folded as they may be.
    let singles = with_texts(&suites, sources, room.saturating_sub(size(&quiet).min(single)))?;
    let (failures, fold) = match singles {
        Some(pieces) => (pieces, Fold::None),
        None if size(&loud) + size(&few) <= room => (loud, Fold::Scenario),
        None => (fewer, Fold::Endpoint),
    };
    let left = room.saturating_sub(size(&failures));
    let (passes, quiet_fold) = match left {
        left if single <= left => (rows(&suites, sources)?, Fold::None),
        left if size(&quiet) <= left => (quiet, Fold::Scenario),
        _ => (few, Fold::Endpoint),
    };
    for (fold, what) in [(quiet_fold, "passed or are in quarantine"), (fold, "did not pass")] {
        let each = match fold {
            Fold::None => continue,
            Fold::Scenario => "of a scenario",
            Fold::Endpoint => "of this endpoint",
        };
        let said = format!(
            "the trials {each} that {what} are one test case, for as single ones they do not fit into the file"
        );
        suites.all.iter_mut().for_each(|own| own.suite.properties.push(("folded", said.clone())));
    }
    for (suite, piece) in failures.into_iter().chain(passes) {
        suites.all[suite].suite.cases.push(piece);
    }
    Ok(suites.all.into_iter().map(|own| own.suite).collect())
}

struct Tallies {
    /// By suite, scenario and kind.
    cells: BTreeMap<(usize, u32, Kind), Tally>,
    /// Bytes of all that need no text, as single test cases.
    quiet: usize,
}

fn tallied(suites: &Suites, sources: &Sources<'_>) -> Result<Tallies, OutputError> {
    let mut tallies = Tallies { cells: BTreeMap::new(), quiet: 0 };
    each_row(suites, sources, &mut |suite, scenario, row| {
        let place = &suites.all[suite].places[scenario as usize];
        let kind = kind_of(place, row);
        tallies.cells.entry((suite, scenario, kind)).or_default().add(row, kind);
        if !needs_text(kind) {
            tallies.quiet += quietly(place, row).text.len();
        }
    })?;
    Ok(tallies)
}

fn each_row(
    suites: &Suites,
    sources: &Sources<'_>,
    visit: &mut dyn FnMut(usize, u32, &EpisodeRow),
) -> Result<(), OutputError> {
    for (run, store) in sources.stores.iter().enumerate() {
        if suites.all.iter().all(|own| own.run != run) {
            continue;
        }
        store.each_row(&mut |row| {
            if let Some((suite, scenario)) = suites.place(run, &row) {
                visit(suite, scenario, &row);
            }
            ControlFlow::Continue(())
        })?;
    }
    Ok(())
}

/// All that need no text, as single test cases.
fn rows(suites: &Suites, sources: &Sources<'_>) -> Result<Vec<(usize, Piece)>, OutputError> {
    let mut pieces = Vec::new();
    each_row(suites, sources, &mut |suite, scenario, row| {
        let place = &suites.all[suite].places[scenario as usize];
        if !needs_text(kind_of(place, row)) {
            let piece = quietly(place, row);
            pieces.push((suite, Piece { at: (scenario, row.key.trial), ..piece }));
        }
    })?;
    Ok(pieces)
}

fn quietly(place: &Place, row: &EpisodeRow) -> Piece {
    let why = match Fate::of(row) {
        Fate::Passed => "in quarantine; it passed".to_owned(),
        Fate::Failed => format!("in quarantine; it failed: {}", kind(row)),
        Fate::NoOutcome => format!("in quarantine; it has no outcome: {}", kind(row)),
    };
    let (kind, result) = match kind_of(place, row) {
        Kind::Passed => (Kind::Passed, Outcome::Passed),
        _ => (Kind::Skipped, Outcome::Skipped(&why)),
    };
    single(place, row, kind, result)
}

/// Those that need their texts as single test cases; nothing where they do not fit.
fn with_texts(suites: &Suites, sources: &Sources<'_>, room: usize) -> Result<Option<Vec<(usize, Piece)>>, OutputError> {
    let (mut pieces, mut taken) = (Vec::new(), 0);
    for (run, store) in sources.stores.iter().enumerate() {
        if suites.all.iter().all(|own| own.run != run) {
            continue;
        }
        store.each_text(&mut |episode| {
            let row = &episode.row;
            let Some((suite, scenario)) = suites.place(run, row) else { return ControlFlow::Continue(()) };
            let place = &suites.all[suite].places[scenario as usize];
            let kind = kind_of(place, row);
            if !needs_text(kind) {
                return ControlFlow::Continue(());
            }
            let why = Why::of(&episode);
            let element = if kind == Kind::Failed { "failure" } else { "error" };
            let result = Outcome::Not { element, kind: &why.kind, said: &why.said, lines: &why.lines };
            let piece = single(place, row, kind, result);
            taken += piece.text.len();
            pieces.push((suite, Piece { at: (scenario, row.key.trial), ..piece }));
            if taken > room { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if taken > room {
            return Ok(None);
        }
    }
    Ok(Some(pieces))
}

fn single(place: &Place, row: &EpisodeRow, kind: Kind, result: Outcome<'_>) -> Piece {
    let name = format!("{} trial {}", place.name, row.key.trial);
    let case = Case { class: &place.class, name: &name, file: place.file.as_deref(), ms: row.wall_ms, result };
    let mut text = String::new();
    case.write(&mut text);
    Piece { at: (0, row.key.trial), text: text.into(), ms: row.wall_ms, kind }
}

/// The tallies as test cases, of scenarios or of endpoints.
fn folded(all: &[Own], cells: &BTreeMap<(usize, u32, Kind), Tally>, needs: bool, fold: Fold) -> Vec<(usize, Piece)> {
    let mut joined: BTreeMap<(usize, u32, Kind), Tally> = BTreeMap::new();
    for ((suite, scenario, kind), tally) in cells.iter().filter(|((.., kind), _)| needs_text(*kind) == needs) {
        let scenario = if fold == Fold::Endpoint { 0 } else { *scenario };
        joined.entry((*suite, scenario, *kind)).or_default().join(tally);
    }
    let piece = |((suite, scenario, kind), tally): (&(usize, u32, Kind), &Tally)| {
        let own = &all[*suite];
        let whole = Place {
            name: format!("all [{}]", own.suite.name),
            class: own.suite.name.replace('.', "_"),
            file: None,
            quarantined: false,
        };
        let place = if fold == Fold::Endpoint { Some(&whole) } else { own.places.get(*scenario as usize) };
        let text = written(place.unwrap_or(&whole), *kind, tally);
        (*suite, Piece { at: (*scenario, 0), text: text.into(), ms: tally.ms, kind: *kind })
    };
    joined.iter().map(piece).collect()
}

fn written(place: &Place, kind: Kind, tally: &Tally) -> String {
    let trials = count(tally.trials, "trial");
    let mut reasons: Vec<_> = tally.reasons.iter().collect();
    reasons.sort_by_key(|(reason, n)| (std::cmp::Reverse(**n), *reason));
    let rest: u64 = reasons.iter().skip(REASONS).map(|(_, n)| **n).sum();
    let mut list: Vec<String> = reasons.iter().take(REASONS).map(|(reason, n)| format!("{n} {reason}")).collect();
    list.extend((rest > 0).then(|| format!("{rest} for other reasons")));
    let list = list.join(", ");
    let (what, said) = match kind {
        Kind::Passed => ("trials that passed", String::new()),
        Kind::Skipped => ("trials in quarantine", format!("{trials} in quarantine: {list}")),
        Kind::Failed => ("trials that failed", format!("{trials} failed: {list}")),
        Kind::Error => ("trials without an outcome", format!("{trials} without an outcome: {list}")),
    };
    let name = format!("{} {what}", place.name);
    let first = reasons.first().map_or("unknown", |(reason, _)| reason.as_str());
    let result = match kind {
        Kind::Passed => Outcome::Passed,
        Kind::Skipped => Outcome::Skipped(&said),
        Kind::Failed => {
            Outcome::Not { element: "failure", kind: first, said: &said, lines: std::slice::from_ref(&said) }
        }
        Kind::Error => Outcome::Not { element: "error", kind: first, said: &said, lines: std::slice::from_ref(&said) },
    };
    let case = Case { class: &place.class, name: &name, file: place.file.as_deref(), ms: tally.ms, result };
    let mut text = String::new();
    case.write(&mut text);
    text
}
