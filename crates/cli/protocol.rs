//! `mocktrial run --protocol`, and what of it is shown of the run afterwards.

use crate::args::RunArgs;
use crate::failure::Failure;
use crate::out::Out;
use crate::project;
use mocktrial_analysis::compare::Scope;
use mocktrial_analysis::protocol::{self as analysis, FileToday, Held, NOTE, Registration};
use mocktrial_core::suite::{
    Claim, GateRules, GateScope, Picked, Project, Protocol, Scenario, Stopping, protocol_hash,
};
use mocktrial_report::Style;
use mocktrial_store::{Header, NewRun, RunFile};
use std::path::Path;
use std::sync::Arc;

/// What a run is begun by.
pub(crate) struct Registered {
    pub(crate) protocol: Protocol,
    registration: Registration,
}

impl Registered {
    /// Reads a protocol and picks its scenarios; refuses what is typed beside it and says otherwise.
    pub(crate) fn read(
        args: &RunArgs,
        file: &Path,
        project: &Project,
        out: Out,
    ) -> Result<(Self, Vec<Arc<Scenario>>), Failure> {
        let protocol = project.protocol(file)?;
        let settled = [
            ("--seed", args.seed.is_some() && protocol.seed.is_some()),
            ("--max-cost", args.max_cost.is_some() && protocol.budget.is_some()),
            ("--max-tokens", args.max_tokens.is_some() && protocol.budget.is_some()),
        ];
        if let Some((flag, _)) = settled.iter().find(|(_, twice)| *twice) {
            return Err(Failure::mistake(format!("{flag}: {} settles this; leave the flag away", protocol.file)));
        }
        let suite = project.load()?;
        project::warn(out, project.warnings.iter().chain(&suite.warnings));
        let held = crate::compare::quarantine(Some(&project.config));
        let picked = protocol.pick(&suite, |s| held.contains(&*s.name) || held.contains(&*s.id))?;
        if !picked.left_out.is_empty() {
            let names: Vec<&str> = picked.left_out.iter().map(|name| &**name).collect();
            out.note(format!("left out of the protocol, for they are in quarantine: {}", names.join(", ")));
        }
        let registration = registration(&protocol, &picked);
        Ok((Self { protocol, registration }, picked.scenarios))
    }

    /// Puts what is registered into a run before its first episode.
    pub(crate) fn keep(&self, run: &mut NewRun) -> Result<(), Failure> {
        let note = self.registration.to_note().map_err(Failure::infrastructure)?;
        run.header.notes.insert(NOTE.to_owned(), note);
        Ok(())
    }

    /// The rules of its sequential gate, where it stops by one; they do not depend on the project's.
    pub(crate) fn until(&self) -> Option<GateRules> {
        let Claim::NoWorse { margin } = self.protocol.hypotheses.first()?.claim else { return None };
        let rules = GateRules { margin, alpha: self.protocol.alpha, ..GateRules::default() };
        (self.protocol.stopping == Stopping::UntilDecided).then_some(rules)
    }
}

fn registration(protocol: &Protocol, picked: &Picked) -> Registration {
    let hypotheses = protocol.hypotheses.iter().zip(&picked.about).map(|(hypothesis, about)| {
        let (claim, margin) = match hypothesis.claim {
            Claim::NoWorse { margin } => (analysis::Claim::NoWorse, margin),
            Claim::Better => (analysis::Claim::Better, 0.0),
        };
        analysis::Hypothesis {
            claim,
            margin,
            candidate: hypothesis.candidate.as_str().into(),
            control: hypothesis.control.as_str().into(),
            tag: hypothesis.tag.clone(),
            scenarios: about.clone(),
        }
    });
    Registration {
        file: protocol.file.clone(),
        hash: protocol_hash(&protocol.text),
        text: protocol.text.clone(),
        title: protocol.title.clone(),
        hypotheses: hypotheses.collect(),
        trials: protocol.trials,
        sequential: protocol.stopping == Stopping::UntilDecided,
        alpha: protocol.alpha,
        scope: match protocol.scope {
            GateScope::Suite => Scope::Suite,
            GateScope::Population => Scope::Population,
        },
        scenarios: picked.scenarios.iter().map(|s| (Arc::clone(&s.name), s.instrument.criteria)).collect(),
    }
}

/// Says before more trials are run than a protocol has registered, that they are no part of it.
pub(crate) fn warn_of_more(header: &Header, trials: u32, out: Out) -> Result<(), Failure> {
    let found = Registration::of(header).map_err(Failure::infrastructure)?;
    if let Some(registration) = found.filter(|r| trials > r.trials) {
        out.note(format!(
            "the run's protocol ({}) has registered {} trials of every scenario: those beyond are a deviation from it, and its \
             verdicts leave them out",
            registration.file, registration.trials
        ));
    }
    Ok(())
}

/// A run held against its protocol; `None` where it was begun without one.
pub(crate) fn held(file: &RunFile) -> Result<Option<Held>, Failure> {
    use mocktrial_store::Store as _;
    if !file.header()?.notes.contains_key(NOTE) {
        return Ok(None);
    }
    // A run is shown where its project is not, too, or has mistakes.
    let project = project::here().ok().flatten();
    let quarantine = crate::compare::quarantine(project.as_ref().map(|project| &project.config));
    let today = |name: &str| match &project {
        Some(project) => project.protocol_hash(name).map_or(FileToday::Gone, FileToday::Hash),
        None => FileToday::Unseen,
    };
    analysis::held(file, today, &|name| quarantine.contains(name)).map_err(Failure::infrastructure)
}

/// Prints what runs by protocols confirm, before all else on the page; nothing where there are none.
pub(crate) fn print(all: &[Held], out: Out) {
    if !all.is_empty() {
        let style = Style { width: out.width, color: out.colour, limit: None };
        out.result(mocktrial_report::protocols(all, &style));
    }
}
