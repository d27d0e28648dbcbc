//! Scenarios and endpoints made ready to be run: everything that is the same for all episodes is
//! made once, here.

use crate::driver::{CommandDriver, Driver, ModelDriver, ProbeDriver};
use crate::limits;
use crate::session::{Ended, Finished, Session};
use crate::suite::{self, Budget, EndpointKind, Limits, Mistake, Probe, Reference, Scenario, Step};
use crate::user::Scripted;
use mocktrial_provider::{Context, Conversation, Model, Request, Scrubber, Spend, Toolbox};
use mocktrial_scoring::Grading;
use mocktrial_trajectory::{Body, Case, EndReason, Message, Part, Pointer, ReferenceRun, ToolFailure, ToolSpec};
use mocktrial_world::{Instance, Opening};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// A scenario whose references have been walked and whose criteria are compiled.
pub struct ReadyScenario {
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// Its criteria, compiled, with its case.
    pub grading: Grading,
    /// The tools the agent has, in the world's order.
    pub tools: Arc<[ToolSpec]>,
    /// Its world seed.
    pub world_seed: u64,
}

impl ReadyScenario {
    /// Walks the references and compiles the criteria.
    ///
    /// # Errors
    /// With the mistakes of a reference that does not run through, or of criteria that cannot be used.
    pub async fn new(scenario: Arc<Scenario>) -> Result<Self, Vec<Mistake>> {
        let world_seed = scenario.world_seed();
        let all = scenario.world.world.tools();
        let tools = match &scenario.tools {
            None => Arc::clone(all),
            Some(names) => all.iter().filter(|tool| names.contains(&tool.name)).cloned().collect(),
        };
        let mut mistakes = Vec::new();
        let mut references = Vec::new();
        for (index, reference) in scenario.references.iter().enumerate() {
            match walk_reference(&scenario, reference.steps(), world_seed).await {
                Ok(run) => references.push(run),
                Err((step, why)) => {
                    let at = reference_pointer(&scenario, index, step);
                    mistakes.push(scenario.mistake_at(
                        &at,
                        format!("the reference does not run through: {why}"),
                        Some(ADVICE.to_owned()),
                    ));
                }
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let case = Arc::new(Case {
            scenario: Arc::clone(&scenario.id),
            criteria: Arc::clone(&scenario.criteria),
            tools: Arc::clone(all),
            initial: Arc::clone(scenario.initial.value()),
            initial_hash: scenario.initial.digest,
            comparison: scenario.world.world.comparison().clone(),
            references,
            inaction: scenario.inaction,
        });
        let grading = Grading::new(case)
            .map_err(|mistakes| mistakes.into_iter().map(|m| scenario.mistake_of(m)).collect::<Vec<_>>())?;
        Ok(Self { scenario, grading, tools, world_seed })
    }

    /// A fresh session on this scenario's world.
    #[must_use]
    pub fn session(&self, system: Option<Arc<str>>, limits: Limits) -> Session {
        open(&self.scenario, self.world_seed, system, limits)
    }
}

/// What to do about a call of a reference that comes out otherwise than the author thought.
const ADVICE: &str = "a reference is an accepted way through, so its calls succeed; where the tool's own error belongs to \
    the way, write `fails: true` beside the call";

fn open(scenario: &Scenario, seed: u64, system: Option<Arc<str>>, limits: Limits) -> Session {
    let opening = Opening { state: &scenario.initial.state, seed, tools: scenario.tools.clone() };
    let instance = Instance::open(&scenario.world.world, &opening);
    Session::new(instance, Box::new(Scripted::new(scenario.user.iter().cloned())), system, limits)
}

/// Walks a reference; where it fails, says at which step and why.
async fn walk_reference(
    scenario: &Scenario,
    steps: Vec<Step>,
    seed: u64,
) -> Result<ReferenceRun, (Option<usize>, String)> {
    let mut session = open(scenario, seed, None, Limits::default());
    // The probe takes the steps: what is to be compared with them is kept.
    let called = steps.iter().enumerate().filter_map(|(i, step)| step.fails().map(|fails| (i, fails)));
    let mut calls = called.collect::<Vec<_>>().into_iter();
    let probe = ProbeDriver::new(Probe::Reference, steps, Vec::new(), seed);
    let ended = probe.drive(&mut session).await.err().unwrap_or(Ended::from(EndReason::Completed));
    let Finished { trajectory, world, .. } = session.finish(ended.clone());
    for event in trajectory.events() {
        if let Body::Result { failure, content, .. } = &event.body
            && let Some((step, fails)) = calls.next()
            && *failure != fails.then_some(ToolFailure::Tool)
        {
            // Of a fault of the world, the agent is told nothing: the end knows more.
            let told = format!("the call was answered with {content}");
            let fault = ended.detail.filter(|_| *failure == Some(ToolFailure::Scenario));
            return Err((Some(step), fault.unwrap_or(told)));
        }
    }
    if ended.reason != EndReason::Completed {
        return Err((None, ended.detail.unwrap_or_else(|| ended.reason.meaning().to_owned())));
    }
    Ok(ReferenceRun::new(&trajectory, world.state().digest()))
}

fn reference_pointer(scenario: &Scenario, index: usize, step: Option<usize>) -> Pointer {
    let mut at = if scenario.references.len() > 1 {
        Pointer::default().child("references").child(index)
    } else {
        Pointer::default().child("reference")
    };
    if let Some(step) = step {
        at = at.child(step);
    }
    at
}

/// An endpoint with its model built.
pub struct ReadyEndpoint {
    /// Its name.
    pub name: Arc<str>,
    /// Its definition.
    pub definition: suite::Endpoint,
    /// Episodes at once.
    pub concurrency: usize,
    /// Whether all that its model says comes from cassettes: then no episode is new evidence, not
    /// even one that ends before the model has answered.
    pub replays: bool,
    scrubber: Scrubber,
    agent: Agent,
    toolboxes: Mutex<HashMap<String, Arc<Toolbox>>>,
}

/// What an endpoint is made ready with beside its definition.
pub struct Surroundings {
    /// Where a command runs.
    pub folder: PathBuf,
    /// Knows the secrets that must not leave the process.
    pub scrubber: Scrubber,
    /// Episodes at once; at least 1 is taken.
    pub concurrency: usize,
    /// Whether cassettes alone answer.
    pub offline: bool,
}

enum Agent {
    Model(Arc<dyn Model>),
    Command { folder: PathBuf, environment: Vec<(String, String)> },
    Probe,
}

impl ReadyEndpoint {
    /// An endpoint whose model is `model`; a command or a probe has none. A command's environment is
    /// what [`suite::CommandConfig`] lets through of this process's.
    #[must_use]
    pub fn new(definition: suite::Endpoint, model: Option<Arc<dyn Model>>, surroundings: Surroundings) -> Self {
        let Surroundings { folder, scrubber, concurrency, offline } = surroundings;
        let replays = offline && model.is_some();
        let agent = match (&definition.kind, model) {
            (EndpointKind::Command(command), _) => Agent::Command { folder, environment: environment(&command.env) },
            (_, Some(model)) => Agent::Model(model),
            _ => Agent::Probe,
        };
        let name = Arc::from(definition.name.as_str());
        let (concurrency, toolboxes) = (concurrency.max(1), Mutex::default());
        Self { name, definition, concurrency, replays, scrubber, agent, toolboxes }
    }

    /// The system prompt that this endpoint gets in a scenario.
    #[must_use]
    pub fn system(&self, scenario: &Scenario) -> Option<Arc<str>> {
        let own = scenario.system.as_deref();
        self.definition.prompt.as_ref().map_or_else(|| own.map(Arc::from), |p| Some(Arc::from(p.apply(own))))
    }

    /// The tools as this endpoint presents them in a scenario.
    #[must_use]
    pub fn present(&self, scenario: &ReadyScenario) -> Arc<Toolbox> {
        let mut key = scenario.scenario.world.id.clone();
        for name in scenario.scenario.tools.iter().flat_map(|names| names.iter()) {
            key.push('\n');
            key.push_str(name);
        }
        let mut toolboxes = self.toolboxes.lock().unwrap_or_else(PoisonError::into_inner);
        let toolbox = toolboxes.entry(key).or_insert_with(|| {
            let mut tools = scenario.tools.to_vec();
            for tool in &mut tools {
                if let Some(description) = self.definition.tools.get(&tool.name).and_then(|t| t.description.clone()) {
                    tool.description = Some(description);
                }
                tool.strict = self.definition.strict_tools.or(tool.strict);
            }
            Toolbox::new(tools)
        });
        Arc::clone(toolbox)
    }

    /// The model, where there is one.
    #[must_use]
    pub fn model(&self) -> Option<&Arc<dyn Model>> {
        if let Agent::Model(model) = &self.agent { Some(model) } else { None }
    }

    /// The most that one request of this endpoint can spend at the start of a scenario; `None`
    /// where it makes none of its own.
    #[must_use]
    pub fn first_bound(&self, scenario: &ReadyScenario) -> Option<Spend> {
        let model = self.model()?;
        let mut conversation = Conversation::default();
        if let Some(system) = self.system(&scenario.scenario) {
            conversation.push(Message::System { text: system.to_string() });
        }
        for said in &scenario.scenario.user {
            conversation.push(said.clone().message());
        }
        Some(model.bound(&Request { conversation, tools: self.present(scenario), seed: Some(0) }))
    }

    /// Why nothing bounds what this endpoint may spend, if nothing does.
    #[must_use]
    pub fn unbounded(&self, scenarios: &[Arc<ReadyScenario>], budget: Budget) -> Option<String> {
        if matches!(self.agent, Agent::Command { .. }) {
            return Some("what a command spends cannot be bounded from outside".into());
        }
        // Only what is attached makes one scenario's bound another than the next one's.
        let plain = scenarios.iter().find(|scenario| !attaches(scenario));
        let mut to_look_at = scenarios.iter().filter(|scenario| attaches(scenario)).chain(plain);
        to_look_at.find_map(|scenario| {
            let bound = self.first_bound(scenario)?;
            let id = &scenario.scenario.name;
            match (bound.tokens, bound.cost) {
                (None, _) if attaches(scenario) && plain.is_none_or(|plain| self.is_bounded(plain)) => {
                    Some(format!("nobody can bound what the files cost that go with a message of {id}"))
                }
                (None, _) => Some("nothing bounds its answers; set parameters.max_tokens".into()),
                (_, None) if budget.cost.is_some() => Some(
                    "its price is unknown; set price = {input = …, output = …} in dollars per million tokens".into(),
                ),
                _ => None,
            }
        })
    }

    fn is_bounded(&self, scenario: &ReadyScenario) -> bool {
        self.first_bound(scenario).is_none_or(|bound| bound.tokens.is_some())
    }

    /// Whether it is a built-in probe, which asks nobody and costs nothing.
    #[must_use]
    pub fn is_probe(&self) -> bool {
        matches!(self.agent, Agent::Probe)
    }

    /// Whether it is a command of the user's own.
    #[must_use]
    pub fn is_command(&self) -> bool {
        matches!(self.agent, Agent::Command { .. })
    }

    /// Whether nobody can say what an episode of this endpoint costs: its model has no price, or none for
    /// sounds, or it is a command, whose requests the harness does not see.
    #[must_use]
    pub fn cost_is_hidden(&self, scenario: &ReadyScenario) -> bool {
        let listed = self.definition.price_from == Some(suite::PriceFrom::Table);
        let sound = |part: &Part| matches!(part, Part::Audio { .. });
        let sounds = || scenario.scenario.user.iter().any(|said| said.attachments.iter().any(sound));
        match self.agent {
            Agent::Model(_) => self.definition.price.is_none() || listed && sounds(),
            Agent::Command { .. } => true,
            Agent::Probe => false,
        }
    }

    /// Who acts in an episode of this endpoint.
    #[must_use]
    pub fn driver(&self, scenario: &ReadyScenario, context: Context, seed: u64) -> Box<dyn Driver> {
        match (&self.agent, &self.definition.kind) {
            (Agent::Model(model), _) => Box::new(ModelDriver {
                model: Arc::clone(model),
                tools: self.present(scenario),
                parallel: self.definition.parallel_calls,
                seed,
                context,
            }),
            (Agent::Command { folder, environment }, EndpointKind::Command(command)) => Box::new(CommandDriver {
                command: command.command.clone(),
                folder: folder.clone(),
                environment: environment.clone(),
                tools: self.present(scenario).tools().into(),
                scrubber: self.scrubber.clone(),
            }),
            (_, kind) => {
                let probe = if let EndpointKind::Probe(probe) = kind { *probe } else { Probe::Null };
                probe_driver(probe, scenario)
            }
        }
    }

    /// The limits of an episode: the scenario's, then the project's, then the standard ones.
    #[must_use]
    pub fn limits(scenario: &Scenario, project: Limits) -> Limits {
        scenario.limits.or(project).or(limits::standard())
    }
}

/// A probe on a scenario.
#[must_use]
pub fn probe_driver(probe: Probe, scenario: &ReadyScenario) -> Box<dyn Driver> {
    let reference = scenario.scenario.references.first().map(Reference::steps).unwrap_or_default();
    Box::new(ProbeDriver::new(probe, reference, scenario.tools.to_vec(), scenario.world_seed))
}

/// What a command sees of our environment: what it needs to find programs, and what it was given.
pub(crate) fn environment(passed: &[String]) -> Vec<(String, String)> {
    ["PATH", "HOME", "LANG"]
        .into_iter()
        .chain(passed.iter().map(String::as_str))
        .filter_map(|name| std::env::var(name).ok().map(|value| (name.to_owned(), value)))
        .collect()
}

/// Whether files go with what the user says.
fn attaches(scenario: &ReadyScenario) -> bool {
    scenario.scenario.user.iter().any(|said| !said.attachments.is_empty())
}
