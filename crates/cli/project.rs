//! Finding the project and what of it is meant.

use crate::args::{Cassettes, SelectArgs};
use crate::failure::Failure;
use crate::out::Out;
use mocktrial_core::ready::ReadyScenario;
use mocktrial_core::suite::{
    CassetteMode, Endpoint, EndpointKind, Mistake, Mistakes, Probe, Project, Scenario, Selection, Suite, select,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The project that the paths, or else the current folder, belong to.
pub(crate) fn discover(paths: &[PathBuf]) -> Result<Project, Failure> {
    let from = paths.first().map_or(Path::new("."), PathBuf::as_path);
    if !from.exists() {
        return Err(Failure::mistake(format!("{}: there is no such file or folder", from.display())));
    }
    Ok(Project::discover(from)?)
}

/// The project, and the scenarios that are selected of it.
pub(crate) fn selected(args: &SelectArgs, out: Out) -> Result<(Project, Suite, Vec<Arc<Scenario>>), Failure> {
    let project = discover(&args.paths)?;
    let suite = project.load_under(&args.paths)?;
    warn(out, project.warnings.iter().chain(&suite.warnings));
    let scenarios = select(&suite, &Selection { globs: args.globs.clone(), tags: args.tag.clone() })?;
    if scenarios.is_empty() {
        return Err(Failure::mistake(format!(
            "none of the {} scenarios is selected; `mocktrial list` shows their ids and tags",
            suite.scenarios.len()
        )));
    }
    Ok((project, suite, scenarios))
}

/// Shows warnings.
pub(crate) fn warn<'a>(out: Out, warnings: impl Iterator<Item = &'a Mistake>) {
    for warning in warnings {
        out.note(warning.render(out.colour_errors));
    }
}

/// One scenario by its id.
pub(crate) fn scenario(suite: &Suite, id: &str) -> Result<Arc<Scenario>, Failure> {
    let found = suite.scenarios.iter().find(|s| *s.id == *id);
    let found = found.or_else(|| {
        // An id may be shortened to its end where that is one scenario only.
        let mut ends =
            suite.scenarios.iter().filter(|s| s.id.ends_with(id) && s.id[..s.id.len() - id.len()].ends_with('/'));
        ends.next().filter(|_| ends.next().is_none())
    });
    found.cloned().ok_or_else(|| {
        let near: Vec<&str> = suite.scenarios.iter().map(|s| &*s.id).filter(|s| s.contains(id)).take(3).collect();
        let hint = if near.is_empty() {
            "`mocktrial list` shows them".to_owned()
        } else {
            format!("did you mean {}?", near.join(" or "))
        };
        Failure::mistake(format!("there is no scenario `{id}`; {hint}"))
    })
}

/// Scenarios that one task makes ready: enough that their work outweighs the task's.
const AT_ONCE: usize = 32;

async fn portion(scenarios: Vec<Arc<Scenario>>) -> Vec<Result<ReadyScenario, Vec<Mistake>>> {
    let mut ready = Vec::with_capacity(scenarios.len());
    for scenario in scenarios {
        ready.push(ReadyScenario::new(scenario).await);
    }
    ready
}

/// Makes scenarios ready, in their order, collecting every mistake.
pub(crate) async fn ready(scenarios: Vec<Arc<Scenario>>) -> Result<Vec<Arc<ReadyScenario>>, Failure> {
    let mut ready = Vec::with_capacity(scenarios.len());
    let mut mistakes = Vec::new();
    let portions: Vec<_> = scenarios.chunks(AT_ONCE).map(|some| tokio::spawn(portion(some.to_vec()))).collect();
    for portion in portions {
        for result in portion.await.map_err(Failure::infrastructure)? {
            match result {
                Ok(scenario) => ready.push(Arc::new(scenario)),
                Err(found) => mistakes.extend(found),
            }
        }
    }
    if mistakes.is_empty() { Ok(ready) } else { Err(Mistakes(mistakes).into()) }
}

/// The endpoints meant: those named, else the project's defaults, else all. A name of a probe is
/// known even where the project does not configure it.
pub(crate) fn endpoints(project: &Project, named: &[String]) -> Result<Vec<Endpoint>, Failure> {
    let config = &project.config;
    let names: Vec<String> = match (named, config.defaults.endpoints.as_slice()) {
        ([], []) => config.endpoints.keys().cloned().collect(),
        ([], defaults) => defaults.to_vec(),
        (named, _) => named.to_vec(),
    };
    if names.is_empty() {
        return Err(Failure::mistake(
            "no endpoint is configured; add one to mocktrial.toml as [endpoints.NAME], or try a probe: --endpoint reference",
        ));
    }
    let mut chosen: Vec<Endpoint> = Vec::new();
    for name in names {
        if chosen.iter().any(|e| e.name == name) {
            continue;
        }
        let endpoint = config.endpoints.get(&name).cloned().or_else(|| probe(&name)).ok_or_else(|| {
            let known: Vec<_> = config.endpoints.keys().map(String::as_str).collect();
            Failure::mistake(format!("there is no endpoint `{name}`; mocktrial.toml has: {}", known.join(", ")))
        })?;
        chosen.push(endpoint);
    }
    Ok(chosen)
}

fn probe(name: &str) -> Option<Endpoint> {
    let probe: Probe = serde_json::from_value(name.into()).ok()?;
    Some(Endpoint {
        name: name.to_owned(),
        kind: EndpointKind::Probe(probe),
        prompt: None,
        tools: std::collections::BTreeMap::new(),
        strict_tools: None,
        parallel_calls: mocktrial_core::suite::ParallelCalls::All,
        concurrency: None,
        price: None,
        price_from: None,
        secrets: std::collections::BTreeSet::new(),
        treatment: serde_json::json!({"kind": "probe", "probe": name}),
    })
}

/// The cassette mode as typed.
pub(crate) fn mode(typed: Cassettes) -> CassetteMode {
    match typed {
        Cassettes::Live => CassetteMode::Live,
        Cassettes::Record => CassetteMode::Record,
        Cassettes::Replay => CassetteMode::Replay,
        Cassettes::ReplayOrLive => CassetteMode::ReplayOrLive,
    }
}
