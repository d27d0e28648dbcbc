//! Finding the project and what of it is meant.

use crate::args::{Cassettes, SelectArgs};
use crate::failure::Failure;
use crate::out::Out;
use mocktrial_core::ready::ReadyScenario;
use mocktrial_core::suite::{
    CONFIG_FILE, CassetteMode, Endpoint, EndpointKind, Mistake, Mistakes, Probe, Project, Scenario, Selection, Suite,
    select,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::task::JoinHandle;

/// The project that the paths, or else the current folder, belong to.
pub(crate) fn discover(paths: &[PathBuf]) -> Result<Project, Failure> {
    let from = paths.first().map_or(Path::new("."), PathBuf::as_path);
    if !from.exists() {
        return Err(Failure::mistake(format!("{}: there is no such file or folder", from.display())));
    }
    Ok(Project::discover(from)?)
}

/// The project of the current folder; `None` where it belongs to none.
pub(crate) fn here() -> Result<Option<Project>, Failure> {
    let here = Path::new(".").canonicalize().map_err(Failure::infrastructure)?;
    let marked = here.ancestors().any(|folder| folder.join(CONFIG_FILE).is_file());
    if marked { discover(&[]).map(Some) } else { Ok(None) }
}

/// The file that a scenario is in, as CI names it: from the root of the repository, else of the project.
pub(crate) fn file_of(project: &Project, scenario: &str) -> Option<String> {
    let stem = scenario.split('#').next().unwrap_or(scenario);
    let folder = project.root.join(&project.config.folders.scenarios);
    let path =
        ["yaml", "yml"].map(|end| folder.join(format!("{stem}.{end}"))).into_iter().find(|path| path.is_file())?;
    let checkout = std::env::var_os("GITHUB_WORKSPACE").or_else(|| std::env::var_os("CI_PROJECT_DIR"));
    let root = checkout.and_then(|root| PathBuf::from(root).canonicalize().ok()).filter(|root| path.starts_with(root));
    let inside = path.strip_prefix(root.as_ref().unwrap_or(&project.root)).ok()?;
    Some(inside.to_string_lossy().into_owned())
}

/// The project, and the scenarios that are selected of it.
pub(crate) fn selected(args: &SelectArgs, out: Out) -> Result<(Project, Suite, Vec<Arc<Scenario>>), Failure> {
    selected_each(args, out, &mut |_| {})
}

/// As [`selected`], and hands out each scenario as soon as it is known to be selected.
pub(crate) fn selected_each(
    args: &SelectArgs,
    out: Out,
    each: &mut dyn FnMut(&Arc<Scenario>),
) -> Result<(Project, Suite, Vec<Arc<Scenario>>), Failure> {
    let project = discover(&args.paths)?;
    let all = args.globs.is_empty() && args.tag.is_none();
    let suite = if all { project.load_each(&args.paths, each) } else { project.load_under(&args.paths) }?;
    warn(out, project.warnings.iter().chain(&suite.warnings));
    let scenarios = select(&suite, &Selection { globs: args.globs.clone(), tags: args.tag.clone() })?;
    if scenarios.is_empty() {
        return Err(Failure::mistake(format!(
            "none of the {} scenarios is selected; `mocktrial list` shows their ids and tags",
            suite.scenarios.len()
        )));
    }
    if !all {
        scenarios.iter().for_each(each);
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
    let found = suite.scenarios.iter().find(|s| *s.name == *id);
    let found = found.or_else(|| {
        // An id may be shortened to its end where that is one scenario only.
        let mut ends =
            suite.scenarios.iter().filter(|s| s.name.strip_suffix(id).is_some_and(|front| front.ends_with('/')));
        ends.next().filter(|_| ends.next().is_none())
    });
    found.cloned().ok_or_else(|| {
        let near: Vec<&str> = suite.scenarios.iter().map(|s| &*s.name).filter(|s| s.contains(id)).take(3).collect();
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

type Portion = Vec<Result<ReadyScenario, Vec<Mistake>>>;

async fn portion(scenarios: Vec<Arc<Scenario>>) -> Portion {
    let mut ready = Vec::with_capacity(scenarios.len());
    for scenario in scenarios {
        ready.push(ReadyScenario::new(scenario).await);
    }
    ready
}

/// Scenarios that are being made ready, in portions, while others are still loaded.
#[derive(Default)]
pub(crate) struct Readying {
    begun: Vec<JoinHandle<Portion>>,
    next: Vec<Arc<Scenario>>,
}

impl Readying {
    pub(crate) fn add(&mut self, scenario: Arc<Scenario>) {
        self.next.push(scenario);
        if self.next.len() == AT_ONCE {
            self.begin();
        }
    }

    fn begin(&mut self) {
        self.begun.push(tokio::spawn(portion(std::mem::take(&mut self.next))));
    }

    /// The scenarios, in the order in which they were added, or every mistake.
    pub(crate) async fn finish(mut self) -> Result<Vec<Arc<ReadyScenario>>, Failure> {
        self.begin();
        let mut ready = Vec::with_capacity(self.begun.len() * AT_ONCE);
        let mut mistakes = Vec::new();
        for portion in self.begun {
            for result in portion.await.map_err(Failure::infrastructure)? {
                match result {
                    Ok(scenario) => ready.push(Arc::new(scenario)),
                    Err(found) => mistakes.extend(found),
                }
            }
        }
        if mistakes.is_empty() { Ok(ready) } else { Err(Mistakes(mistakes).into()) }
    }
}

/// Makes scenarios ready, in their order, collecting every mistake.
pub(crate) async fn ready(scenarios: Vec<Arc<Scenario>>) -> Result<Vec<Arc<ReadyScenario>>, Failure> {
    let mut readying = Readying::default();
    scenarios.into_iter().for_each(|scenario| readying.add(scenario));
    readying.finish().await
}

/// The endpoints meant: those named, else the project's defaults, else all. A name of a probe is
/// known even where the project does not configure it, and `NAME@2` is the endpoint NAME under another label.
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
        let known = |name: &str| config.endpoints.get(name).cloned().or_else(|| probe(name));
        let labelled = || Some(Endpoint { name: name.clone(), ..known(unlabelled(&name)?)? });
        let endpoint = known(&name).or_else(labelled).ok_or_else(|| {
            let known: Vec<_> = config.endpoints.keys().map(String::as_str).collect();
            Failure::mistake(format!("there is no endpoint `{name}`; mocktrial.toml has: {}", known.join(", ")))
        })?;
        chosen.push(endpoint);
    }
    Ok(chosen)
}

/// The name of the endpoint that is meant by `NAME@2`, or another digit from 2. No endpoint's own name has an `@`.
fn unlabelled(name: &str) -> Option<&str> {
    name.split_once('@').filter(|(_, label)| matches!(label.as_bytes(), [b'2'..=b'9'])).map(|(name, _)| name)
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
