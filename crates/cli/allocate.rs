//! `mocktrial run --allocate-from`: more trials where an earlier run saw more variation.

use crate::compare::find;
use crate::failure::Failure;
use crate::out::Out;
use mocktrial_analysis::Arm;
use mocktrial_analysis::allocation::{Wanted, allocate};
use mocktrial_core::plan::{Plan, Slot};
use mocktrial_core::ready::{ReadyEndpoint, ReadyScenario};
use mocktrial_core::suite::CassetteMode;
use mocktrial_report::clean_line;
use mocktrial_store::{Instrument, RunFile, State, Store as _};
use std::sync::Arc;

/// What a run's trials come to.
pub(crate) struct Shared {
    pub(crate) plan: Plan,
    /// The most trials of any scenario.
    pub(crate) trials: u32,
    pub(crate) seed: u64,
}

/// A plan with as many episodes as `trials` of every scenario, shared out by what `run` saw.
///
/// Its outcomes must be new: with the earlier run's seed, or from a cassette, they could be the very ones that decided how often
/// each scenario is tried, and the rates would be biased.
pub(crate) fn plan(
    run: &str,
    scenarios: &[Arc<ReadyScenario>],
    endpoints: &[Arc<ReadyEndpoint>],
    trials: u32,
    (seed, mode): (Option<u64>, CassetteMode),
    out: Out,
) -> Result<Shared, Failure> {
    let file = RunFile::read(&find(run)?)?;
    let header = file.header()?;
    let refuse = |why: &str| Err(Failure::mistake(format!("--allocate-from {}: {why}", clean_line(&header.name))));
    if !matches!(header.status.state, State::Complete | State::Decided) {
        return refuse("it has not come to its end; `mocktrial run --resume` finishes it");
    }
    if matches!(mode, CassetteMode::Replay | CassetteMode::ReplayOrLive) {
        return refuse(
            "replayed trials may be those that it rests on, and the rates would be biased; say --cassettes live or record",
        );
    }
    if seed == Some(header.seed) {
        return refuse(
            "it has the same seed, so that the same trials could decide how often each scenario is tried, and then count; leave \
             --seed out, or say another",
        );
    }
    if header.selection.is_selected() {
        return Err(Failure::mistake(format!(
            "{} ran only failures again: how trials vary cannot be seen from it; name the run it was selected from",
            header.name
        )));
    }
    let arms = Arm::read(&file)?;
    let same: Vec<&Arm> = arms.iter().filter(|arm| endpoints.iter().any(|e| e.name == arm.endpoint)).collect();
    // Another endpoint's trials say something of how hard a scenario is, where those on trial have not run yet.
    let arms = if same.is_empty() { arms.iter().collect() } else { same };
    let wanted: Vec<Wanted> = scenarios
        .iter()
        .map(|ready| {
            let mocktrial_core::suite::Instrument { world, criteria } = ready.scenario.instrument;
            Wanted { scenario: Arc::clone(&ready.scenario.name), instrument: Instrument { world, criteria } }
        })
        .collect();
    let shares = allocate(&arms, &wanted, trials).map_err(Failure::infrastructure)?;
    if shares.unknown.len() == wanted.len() {
        return Err(Failure::mistake(format!(
            "{} says nothing of these scenarios as they are today: none has a trial there that counts",
            header.name
        )));
    }
    let most = shares.trials.iter().copied().max().unwrap_or(0);
    let least = shares.trials.iter().copied().min().unwrap_or(0);
    let name = clean_line(&header.name);
    out.note(if least == most {
        format!("by what {name} saw, no scenario is worth more trials than another: {trials} each")
    } else {
        format!(
            "by what {name} saw, {least} to {most} trials a scenario in place of {trials}: intervals about {:.0} % as wide, if \
             trials vary as they did there",
            100.0 * shares.width
        )
    });
    if !shares.unknown.is_empty() {
        let names: Vec<String> = shares.unknown.iter().take(5).map(|name| clean_line(name)).collect();
        let more = shares.unknown.len().saturating_sub(5);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        out.note(format!(
            "with the even share, for that run does not have them as they are today: {}{more}",
            names.join(", ")
        ));
    }
    let most = u32::try_from(most).map_err(|_| Failure::mistake("that is more trials than a run can hold"))?;
    let slots = shares.trials.iter().enumerate().flat_map(|(scenario, share)| {
        let share = u32::try_from(*share).unwrap_or(u32::MAX);
        (0..endpoints.len()).flat_map(move |endpoint| (1..=share).map(move |trial| Slot { scenario, endpoint, trial }))
    });
    let plan = Plan::full(scenarios.len(), endpoints.len(), 1..=most).only(slots.collect());
    // One further than the earlier run, so that a chain of runs does not come back to the seed of one of them.
    Ok(Shared { plan, trials: most, seed: seed.unwrap_or(header.seed.wrapping_add(1)) })
}
