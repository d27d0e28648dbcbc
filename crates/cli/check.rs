//! `mocktrial check`.

mod json;
mod text;

use crate::args::CheckArgs;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::out::Out;
use crate::project;
use mocktrial_core::answering::{Asking, Respondents};
use mocktrial_core::check::{Count, Kind, Proof, prove};
use mocktrial_core::endpoints::{CONCURRENCY, Providers};
use mocktrial_core::purse::Purse;
use mocktrial_core::ready::ReadyScenario;
use mocktrial_core::suite::{Budget, Project};
use mocktrial_provider::{CancelSource, Meter};
use std::fmt::Write as _;
use std::sync::Arc;
use tokio::sync::Semaphore;

pub(crate) async fn check(args: &CheckArgs, out: Out) -> Outcome {
    let (project, _, scenarios) = project::selected(&args.select, out)?;
    let ready = project::ready(scenarios).await?;
    let (proofs, stopped) =
        if args.ask { asked(args, &project, ready, out).await? } else { (proofs(&project, ready, None).await?, false) };
    let judgement = Judgement::of(args, &proofs);
    project::warn(out, proofs.iter().flat_map(|p| &p.warnings));
    if out.json() {
        out.value(&json::document(args, &proofs));
    } else {
        for mistake in proofs.iter().flat_map(|p| &p.mistakes) {
            out.result(format!("{}\n", mistake.render(out.colour)));
        }
        if !out.quiet {
            text::probes(&proofs, out);
            text::scenarios(&proofs, args.verbose, out);
            text::graders(&proofs, out);
            if args.verbose {
                proofs.iter().for_each(|proof| text::every(proof, out));
            }
            text::holes(&proofs, out);
        }
        out.result(judgement.sentence(&proofs));
    }
    Ok(match Asked::of(&proofs) {
        _ if !judgement.holds() => Exit::Failed,
        _ if stopped => Exit::Incomplete,
        Some(asked) if asked.unanswered > 0 => Exit::Infrastructure,
        _ => Exit::Done,
    })
}

/// The proofs with what judges and verifiers say, and whether a budget or an interruption cut them short.
async fn asked(
    args: &CheckArgs,
    project: &Project,
    ready: Vec<Arc<ReadyScenario>>,
    out: Out,
) -> Result<(Vec<Proof>, bool), Failure> {
    let providers = Arc::new(Providers::new(project, project::mode(args.cassettes), None));
    let respondents = Respondents::new(&project.config, &providers, ready.iter().map(|s| &s.grading));
    let respondents = respondents.map_err(Failure::mistake)?;
    let otherwise = project.config.budget;
    let budget = Budget { cost: args.max_cost.or(otherwise.cost), tokens: args.max_tokens.or(otherwise.tokens) };
    let purse = if budget.cost.is_some() || budget.tokens.is_some() {
        if let Some(why) = respondents.unbounded(budget) {
            return Err(Failure::mistake(why));
        }
        Some(Arc::new(Purse::new(budget)))
    } else {
        None
    };
    let (switch, cancel) = CancelSource::new();
    let interrupts = tokio::spawn(crate::run::interrupts(switch, out));
    let asking = Asking {
        respondents,
        meter: purse.clone().map(|purse| purse as Arc<dyn Meter>),
        cancel: cancel.clone(),
        providers,
    };
    let proofs = proofs(project, ready, Some(Arc::new(asking))).await;
    interrupts.abort();
    let spent = purse.is_some_and(|purse| purse.exhausted().is_some());
    Ok((proofs?, spent || cancel.is_cancelled()))
}

/// The proofs, in the order of the scenarios; as many at once as there are threads, or as an endpoint may have
/// episodes where somebody is asked.
async fn proofs(
    project: &Project,
    ready: Vec<Arc<ReadyScenario>>,
    asking: Option<Arc<Asking>>,
) -> Result<Vec<Proof>, Failure> {
    let limits = project.config.limits;
    let at_once = project.config.defaults.concurrency.unwrap_or(CONCURRENCY).max(1);
    let places = asking.as_ref().map(|_| Arc::new(Semaphore::new(at_once as usize)));
    let begun: Vec<_> = ready
        .into_iter()
        .map(|scenario| {
            let (asking, places) = (asking.clone(), places.clone());
            tokio::spawn(async move {
                // A semaphore that nobody closes has a place for everybody in the end.
                let _place = match &places {
                    Some(places) => places.acquire().await.ok(),
                    None => None,
                };
                prove(&scenario, limits, asking.as_deref()).await
            })
        })
        .collect();
    let mut proofs = Vec::with_capacity(begun.len());
    for proof in begun {
        proofs.push(proof.await.map_err(Failure::infrastructure)?);
    }
    Ok(proofs)
}

/// What was asked, over all scenarios.
struct Asked {
    asked: usize,
    unanswered: usize,
    /// In dollars; `None` where a price is unknown.
    cost: Option<f64>,
}

impl Asked {
    /// `None` where nobody was to be asked.
    fn of(proofs: &[Proof]) -> Option<Self> {
        let all = || proofs.iter().filter_map(|p| p.questions.as_ref());
        all().next()?;
        let (asked, unanswered) = (all().map(|q| q.asked).sum(), all().map(|q| q.unanswered).sum());
        Some(Self { asked, unanswered, cost: all().map(|q| q.cost).try_fold(0.0, |sum, cost| Some(sum + cost?)) })
    }
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
        let mut scores = format!("{} mutants are caught, {} equivalents pass", share(self.caught), share(self.passed));
        let of = |kind: Kind| proofs.iter().map(|p| p.unproved(kind)).sum::<usize>();
        let kinds = [
            (Kind::Reference, "reference"),
            (Kind::Probe, "probe"),
            (Kind::Mutant, "mutant"),
            (Kind::Equivalent, "equivalent"),
        ];
        let unproved: Vec<String> =
            kinds.into_iter().filter(|(kind, _)| of(*kind) > 0).map(|(kind, what)| count(of(kind), what)).collect();
        if !unproved.is_empty() {
            let _ = write!(scores, "; unproved: {}", unproved.join(", "));
        }
        if let Some(Asked { asked, unanswered, cost }) = Asked::of(proofs) {
            let _ = write!(scores, "; asked {}", count(asked, "question"));
            if unanswered > 0 {
                let _ = write!(scores, ", {unanswered} of them without an answer");
            }
            if let Some(cost) = cost.filter(|cost| *cost > 0.0) {
                let _ = write!(scores, ", for ${cost:.4}");
            }
        }
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
