//! `mocktrial run`.

use crate::args::{RunArgs, UntilArg};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::out::Out;
use crate::progress::Progress;
use crate::protocol::Registered;
use crate::show::Shown;
use crate::until::{Decider, Until};
use crate::{confirm, estimate, project, protocol};
use mocktrial_core::answering::{Known, Respondents};
use mocktrial_core::budget::Ledger;
use mocktrial_core::endpoints::Providers;
use mocktrial_core::episode::Circumstances;
use mocktrial_core::plan::{Plan, Slot};
use mocktrial_core::ready::{ReadyEndpoint, ReadyScenario};
use mocktrial_core::record;
use mocktrial_core::regrade::{Instruments, regrade};
use mocktrial_core::runner::{Runner, Stopped};
use mocktrial_core::steer::{Steer, WholePlan};
use mocktrial_core::suite::{Budget, CassetteMode, Project, Scenario};
use mocktrial_provider::CancelSource;
use mocktrial_store::names::{new_path, resolve};
use mocktrial_store::{Header, NewRun, RunFile, Selection, State, Status, Store, StoreError};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

/// What is to be run, before anything is.
struct Intent {
    project: Project,
    scenarios: Vec<Arc<ReadyScenario>>,
    endpoints: Vec<Arc<ReadyEndpoint>>,
    providers: Arc<Providers>,
    mode: CassetteMode,
    seed: u64,
    trials: u32,
    plan: Plan,
    budget: Option<Budget>,
    target: Target,
}

/// Where its episodes go.
enum Target {
    /// A new run, in full or picked by the outcome of another.
    New(Selection),
    /// A new run by what is registered.
    ByProtocol(Box<Registered>),
    /// A run that is there already; its open file and its first free dispatch number.
    Old(Box<RunFile>, u64),
}

pub(crate) async fn run(args: RunArgs, out: Out) -> Outcome {
    let intent = if let Some(name) = &args.resume {
        again(&args, name, None, out).await?
    } else if let Some(words) = &args.add_trials {
        let more: u32 = words[0].parse().ok().filter(|n| *n > 0).ok_or_else(|| {
            Failure::mistake(format!("--add-trials takes a number of trials first, then a run; `{}` is none", words[0]))
        })?;
        let name = words.get(1).map_or("last", String::as_str);
        again(&args, name, Some(more), out).await?
    } else if let Some(name) = &args.failed {
        failed(&args, name, out).await?
    } else if let Some(file) = &args.protocol {
        by_protocol(&args, file, out).await?
    } else {
        fresh(&args, out).await?
    };
    let gradings = intent.scenarios.iter().map(|s| &s.grading);
    let respondents =
        Respondents::new(&intent.project.config, &intent.providers, gradings).map_err(Failure::mistake)?;
    if args.dry_run {
        let estimate = estimated(&intent, &respondents).await;
        if out.json() {
            out.value(&estimate.json());
        } else {
            out.result(estimate.text());
        }
        return Ok(Exit::Done);
    }
    bounded(&intent, &respondents)?;
    let above = args.confirm_above.or(intent.project.config.defaults.confirm_above).filter(|_| !args.yes);
    if above.is_some() {
        let high = estimated(&intent, &respondents).await.high();
        confirm::confirm("this run", above, args.yes, || high)?;
    }
    carry_out(intent, respondents, &args, out).await
}

async fn estimated(intent: &Intent, respondents: &Respondents) -> estimate::Estimate {
    let limits = intent.project.config.limits;
    estimate::of(&intent.scenarios, &intent.endpoints, &intent.plan, limits, intent.mode, respondents).await
}

/// A new run of what is selected.
async fn fresh(args: &RunArgs, out: Out) -> Result<Intent, Failure> {
    let mut readying = project::Readying::default();
    let (project, ..) = project::selected_each(&args.select, out, &mut |s| readying.add(Arc::clone(s)))?;
    let definitions = project::endpoints(&project, &args.endpoint)?;
    let mode = mode(args, &project, None);
    let providers = Arc::new(Providers::new(&project, mode, args.concurrency));
    let endpoints = ready_endpoints(&providers, &definitions)?;
    let scenarios = readying.finish().await?;
    let trials = args.trials.or(project.config.defaults.trials).unwrap_or(1);
    let (plan, trials, seed) = match &args.allocate_from {
        Some(run) => {
            let made = crate::allocate::plan(run, &scenarios, &endpoints, trials, (args.seed, mode), out)?;
            (made.plan, made.trials, made.seed)
        }
        None => {
            let seed = args.seed.or(project.config.defaults.seed).unwrap_or(42);
            (Plan::full(scenarios.len(), endpoints.len(), 1..=trials), trials, seed)
        }
    };
    let budget = budget(args, project.config.budget);
    let target = Target::New(Selection::Full);
    Ok(Intent { project, scenarios, endpoints, providers, mode, seed, trials, plan, budget, target })
}

/// A new run of exactly what a protocol says.
async fn by_protocol(args: &RunArgs, file: &Path, out: Out) -> Result<Intent, Failure> {
    let project = project::discover(&[])?;
    let (registered, scenarios) = Registered::read(args, file, &project, out)?;
    let protocol = &registered.protocol;
    let definitions = project::endpoints(&project, &protocol.endpoints())?;
    let mode = mode(args, &project, None);
    let providers = Arc::new(Providers::new(&project, mode, args.concurrency));
    let endpoints = ready_endpoints(&providers, &definitions)?;
    let scenarios = project::ready(scenarios).await?;
    let trials = protocol.trials;
    let plan = Plan::full(scenarios.len(), endpoints.len(), 1..=trials);
    let seed = protocol.seed.or(args.seed).or(project.config.defaults.seed).unwrap_or(42);
    let budget = budget(args, protocol.budget.unwrap_or(project.config.budget));
    let target = Target::ByProtocol(Box::new(registered));
    Ok(Intent { project, scenarios, endpoints, providers, mode, seed, trials, plan, budget, target })
}

/// The rest of a run, or more trials of it.
async fn again(args: &RunArgs, name: &str, more: Option<u32>, out: Out) -> Result<Intent, Failure> {
    let project = project::discover(&args.select.paths)?;
    let path = resolve(&runs_folder(&project), name)?;
    let file = RunFile::resume(&path)?;
    let header = file.header()?;
    Until::refuse(&header, more.is_some())?;
    let earlier = earlier(args, project, &file, &header, out).await?;
    if more.is_some() && header.selection.is_selected() {
        return Err(Failure::mistake(
            "trials cannot be added to a run of selected episodes: its rates mean nothing; add them to the run it was selected from",
        ));
    }
    let too_many = || Failure::mistake("that is more trials than a run can hold");
    let trials = header.trials.checked_add(more.unwrap_or(0)).ok_or_else(too_many)?;
    if more.is_some() {
        protocol::warn_of_more(&header, trials, out)?;
    }
    let mut done = HashSet::new();
    let mut first = 0;
    for ended in file.ended()? {
        first = first.max(ended.dispatch + 1);
        if !ended.may_run_again()
            && let Some(slot) = earlier.slot(&ended.key)
        {
            done.insert(slot);
        }
    }
    let mut plan = Plan::full(earlier.scenarios.len(), earlier.endpoints.len(), 1..=trials).without(done);
    let cells = file.cells()?;
    if !header.selection.is_selected() && cells.iter().any(|cell| cell.trials != header.trials) {
        if more.is_some() {
            return Err(Failure::mistake(
                "this run's trials were shared out by an earlier run: make a new run with --allocate-from instead",
            ));
        }
        let slots = cells.iter().flat_map(|cell| {
            let first = mocktrial_trajectory::EpisodeKey {
                scenario: Arc::clone(&cell.scenario),
                variant: Arc::clone(&cell.variant),
                endpoint: Arc::clone(&cell.endpoint),
                trial: 1,
            };
            let slot = earlier.slot(&first);
            (1..=cell.trials).filter_map(move |trial| slot.map(|slot| Slot { trial, ..slot }))
        });
        plan = plan.only(slots.collect());
    }
    if header.selection.is_selected() {
        // The cells of a selection say how many trials, not which: they were numbered from the start.
        let wanted = header.notes.get("only").map(|text| serde_json::from_str::<Vec<(String, String, u32)>>(text));
        let wanted = wanted.transpose().map_err(|e| Failure::infrastructure(format!("{}: {e}", path.display())))?;
        plan = plan.only(wanted.unwrap_or_default().iter().filter_map(|(s, e, t)| earlier.slot_of(s, e, *t)).collect());
    }
    let budget = budget(args, record::budget_of(&header).unwrap_or(earlier.project.config.budget));
    Ok(Intent {
        target: Target::Old(Box::new(file), first),
        plan,
        trials,
        seed: header.seed,
        budget,
        mode: earlier.mode,
        project: earlier.project,
        scenarios: earlier.scenarios,
        endpoints: earlier.endpoints,
        providers: earlier.providers,
    })
}

/// The failures of a run, into a new one.
async fn failed(args: &RunArgs, name: &str, out: Out) -> Result<Intent, Failure> {
    let project = project::discover(&args.select.paths)?;
    let path = resolve(&runs_folder(&project), name)?;
    let file = RunFile::read(&path)?;
    let header = file.header()?;
    let earlier = earlier(args, project, &file, &header, out).await?;
    let slots: HashSet<Slot> = file
        .ended()?
        .into_iter()
        // What was cut short has not failed: resuming runs it.
        .filter(|ended| ended.passed != Some(true) && !ended.is_unfinished())
        .filter_map(|ended| earlier.slot(&ended.key))
        .collect();
    if slots.is_empty() {
        return Err(Failure::mistake(format!("{} has no failures to run again", header.name)));
    }
    let why = format!("the {} episodes that did not pass", slots.len());
    let plan = Plan::full(earlier.scenarios.len(), earlier.endpoints.len(), 1..=header.trials).only(slots);
    let budget = budget(args, earlier.project.config.budget);
    Ok(Intent {
        target: Target::New(Selection::Selected { from: header.name, why }),
        plan,
        trials: header.trials,
        seed: header.seed,
        budget,
        mode: earlier.mode,
        project: earlier.project,
        scenarios: earlier.scenarios,
        endpoints: earlier.endpoints,
        providers: earlier.providers,
    })
}

/// An earlier run's scenarios and endpoints, as the files say they are today.
struct Earlier {
    project: Project,
    scenarios: Vec<Arc<ReadyScenario>>,
    /// Where each scenario stands among them.
    places: HashMap<Arc<str>, usize>,
    endpoints: Vec<Arc<ReadyEndpoint>>,
    providers: Arc<Providers>,
    mode: CassetteMode,
}

impl Earlier {
    fn slot(&self, key: &mocktrial_trajectory::EpisodeKey) -> Option<Slot> {
        self.slot_of(&key.scenario_name(), &key.endpoint, key.trial)
    }

    fn slot_of(&self, scenario: &str, endpoint: &str, trial: u32) -> Option<Slot> {
        let scenario = *self.places.get(scenario)?;
        let endpoint = self.endpoints.iter().position(|e| *e.name == *endpoint)?;
        Some(Slot { scenario, endpoint, trial })
    }
}

/// Finds the scenarios and endpoints of a run again, and makes sure that they are still the same.
async fn earlier(
    args: &RunArgs,
    project: Project,
    file: &RunFile,
    header: &Header,
    out: Out,
) -> Result<Earlier, Failure> {
    let suite = project.load_under(&[])?;
    project::warn(out, project.warnings.iter().chain(&suite.warnings));
    let mut scenarios = Vec::new();
    let mut stale = Vec::new();
    let now: HashMap<&str, &Arc<Scenario>> = suite.scenarios.iter().map(|s| (&*s.name, s)).collect();
    for stored in file.scenarios()? {
        let name = stored.name();
        match now.get(&*name) {
            Some(scenario) if scenario.instrument.world == stored.instrument.world => {
                scenarios.push(Arc::clone(scenario));
            }
            Some(_) => stale.push(format!("{name}: its world, state or messages have changed")),
            None => stale.push(format!("{name}: it is gone")),
        }
    }
    let names: Vec<String> = file.endpoints()?.iter().map(|e| e.name.to_string()).collect();
    let definitions = project::endpoints(&project, &names)?;
    for (stored, now) in file.endpoints()?.iter().zip(&definitions) {
        if stored.treatment != record::treatment(now) {
            stale
                .push(format!("endpoint {}: what it is has changed (model, prompt, tools or parameters)", stored.name));
        }
    }
    if !stale.is_empty() {
        return Err(Failure::mistake(format!(
            "{} cannot go on, because the files are not what they were:\n  {}\nput them back, or begin a new run",
            header.name,
            stale.join("\n  ")
        )));
    }
    let mode = mode(args, &project, header.notes.get("cassettes").map(String::as_str));
    let providers = Arc::new(Providers::new(&project, mode, args.concurrency));
    let endpoints = ready_endpoints(&providers, &definitions)?;
    let scenarios = project::ready(scenarios).await?;
    let places = scenarios.iter().enumerate().map(|(at, s)| (Arc::clone(&s.scenario.name), at)).collect();
    Ok(Earlier { project, scenarios, places, endpoints, providers, mode })
}

fn ready_endpoints(
    providers: &Providers,
    definitions: &[mocktrial_core::suite::Endpoint],
) -> Result<Vec<Arc<ReadyEndpoint>>, Failure> {
    definitions.iter().map(|d| providers.ready(d).map(Arc::new).map_err(Failure::mistake)).collect()
}

fn mode(args: &RunArgs, project: &Project, earlier: Option<&str>) -> CassetteMode {
    let earlier = earlier.and_then(|word| serde_json::from_value(word.into()).ok());
    let typed = args.cassettes.map(project::mode);
    typed.or(earlier).or(project.config.defaults.cassettes).unwrap_or(CassetteMode::Live)
}

/// The budget as typed, else as the run or the project has it.
fn budget(args: &RunArgs, otherwise: Budget) -> Option<Budget> {
    let budget = Budget { cost: args.max_cost.or(otherwise.cost), tokens: args.max_tokens.or(otherwise.tokens) };
    (budget.cost.is_some() || budget.tokens.is_some()).then_some(budget)
}

/// A run with a budget needs bounds, an episode with a limit of cost needs a price.
fn bounded(intent: &Intent, respondents: &Respondents) -> Result<(), Failure> {
    if let Some(budget) = intent.budget.filter(|_| intent.mode != CassetteMode::Replay)
        && let Some(why) = respondents.unbounded(budget)
    {
        return Err(Failure::mistake(why));
    }
    for endpoint in &intent.endpoints {
        if endpoint.replays {
            continue;
        }
        let unbounded = intent.budget.and_then(|budget| endpoint.unbounded(&intent.scenarios, budget));
        if let Some(why) = unbounded {
            return Err(Failure::mistake(format!("endpoint `{}`: the run has a budget, and {why}", endpoint.name)));
        }
        let limited =
            |s: &&Arc<ReadyScenario>| ReadyEndpoint::limits(&s.scenario, intent.project.config.limits).cost.is_some();
        let hidden = |s: &&Arc<ReadyScenario>| limited(s) && endpoint.cost_is_hidden(s);
        if let Some(scenario) = intent.scenarios.iter().find(hidden) {
            return Err(Failure::mistake(format!(
                "endpoint `{}`: {} limits the cost of an episode, and nobody knows what this endpoint costs; set \
                 price = {{input = …, output = …}} in dollars per million tokens, or take the limit away",
                endpoint.name, scenario.scenario.name
            )));
        }
    }
    Ok(())
}

fn runs_folder(project: &Project) -> PathBuf {
    project.root.join(&project.config.folders.runs)
}

async fn carry_out(intent: Intent, respondents: Respondents, args: &RunArgs, out: Out) -> Outcome {
    let mut rules = args.until.map(|arg| (arg, intent.project.config.gate.clone()));
    let (file, first_dispatch) = match intent.target {
        Target::Old(file, first) => {
            // The cells of a selection want fewer trials than the run they were selected from.
            if intent.trials > file.header()?.trials {
                file.set_trials(intent.trials)?;
            }
            let instruments =
                Instruments::new(&file, &intent.scenarios, Known::of(&intent.project.config))?.only_changed();
            regrade(&file, &instruments, true)?;
            (*file, first)
        }
        Target::New(ref selection) => (create(&intent, selection.clone(), None, args)?, 0),
        Target::ByProtocol(ref registered) => {
            rules = registered.until().map(|rules| (UntilArg::Decided, rules));
            (create(&intent, Selection::Full, Some(registered), args)?, 0)
        }
    };
    let path = file.path().to_owned();
    if let Some(from) = &args.allocate_from {
        file.set_note("allocated_from", from)?;
    }
    let until = match rules {
        Some((arg, rules)) => {
            let names: Vec<_> = intent.endpoints.iter().map(|e| Arc::clone(&e.name)).collect();
            let until = Until::new(arg, &names, &rules)?;
            until.keep(&file)?;
            Some(until)
        }
        None => Until::of(&file.header()?),
    };
    let (steer, decision): (Box<dyn Steer>, _) = match until {
        Some(until) => {
            let (decider, decision) = Decider::new(until, &intent.scenarios, intent.trials, &file)?;
            (Box::new(decider), Some(decision))
        }
        None => (Box::new(WholePlan), None),
    };
    let file = Arc::new(file);
    let store: Arc<dyn Store> = file.clone();
    let (switch, cancel) = CancelSource::new();
    let ledger = match intent.budget.filter(|_| intent.mode != CassetteMode::Replay) {
        Some(budget) => Some(Ledger::open(budget, Arc::clone(&store))?),
        None => None,
    };
    let planned: Vec<_> =
        intent.endpoints.iter().enumerate().map(|(i, e)| (e.name.to_string(), intent.plan.count_of(i))).collect();
    let progress = Arc::new(Progress::new(out, &planned));
    let observer = Arc::clone(&progress);
    let providers = Arc::clone(&intent.providers);
    let runner = Runner {
        circumstances: Circumstances {
            seed: intent.seed,
            limits: intent.project.config.limits,
            cancel,
            meter: ledger.clone().map(|l| l as Arc<dyn mocktrial_provider::Meter>),
            respondents,
        },
        scenarios: intent.scenarios,
        endpoints: intent.endpoints.clone(),
        plan: intent.plan,
        ledger,
        store: Arc::clone(&store),
        observer: Arc::new(move |event| observer.event(&event)),
        ended: Arc::new(move |key, finished| providers.end_episode(key, finished)),
        first_dispatch,
    };
    let interrupts = tokio::spawn(interrupts(switch, out));
    let stopped = runner.run(steer).await;
    interrupts.abort();
    progress.done();
    let (state, mut reason) = meaning(&stopped, &intent.endpoints);
    let decided = decision.and_then(|d| d.lock().unwrap_or_else(PoisonError::into_inner).clone());
    if let (Some(decision), State::Decided | State::Complete, [candidate, control]) =
        (decided, state, &*intent.endpoints)
    {
        reason = crate::until::keep(&*store, decision, [&candidate.name, &control.name])?;
    }
    store.set_status(Status { state, reason: reason.clone() })?;
    drop(store);
    crate::judge::keep_known(&intent.project, &file, out)?;
    // While the summary is read, the log goes into the file.
    file.checkpoint();
    let shown = Shown::read(&file)?;
    if let Some(file) = Arc::into_inner(file) {
        file.close()?;
    }
    let exit = finish(&shown, &path, &reason, &stopped, out);
    crate::report::of_run(&path, &args.outputs, out)?;
    Ok(exit)
}

fn create(
    intent: &Intent,
    selection: Selection,
    registered: Option<&Registered>,
    args: &RunArgs,
) -> Result<RunFile, Failure> {
    let created = record::now();
    let folder = runs_folder(&intent.project);
    std::fs::create_dir_all(&folder).map_err(|e| Failure::infrastructure(format!("{}: {e}", folder.display())))?;
    let about = args.name.clone().unwrap_or_else(|| match &selection {
        Selection::Full => record::about(&intent.scenarios),
        Selection::Selected { .. } => "failed".to_owned(),
    });
    let mut run: NewRun = record::new_run(
        &intent.scenarios,
        &intent.endpoints,
        &record::Terms {
            created: created.clone(),
            seed: intent.seed,
            trials: intent.trials,
            selection,
            cassettes: intent.mode,
            budget: intent.budget,
            plan: &intent.plan,
        },
    );
    if let Some(registered) = registered {
        registered.keep(&mut run)?;
    }
    // Another process may begin a run in this very second: then the next number is tried.
    let mut attempts = 0;
    loop {
        attempts += 1;
        match RunFile::create(&new_path(&folder, &created, &about), &run) {
            Err(StoreError::Locked { .. } | StoreError::Exists { .. }) if attempts < 100 => {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            made => return Ok(made?),
        }
    }
}

/// What a stop means for the run's state, and in words.
fn meaning(stopped: &Stopped, endpoints: &[Arc<ReadyEndpoint>]) -> (State, String) {
    match stopped {
        Stopped::Complete => (State::Complete, String::new()),
        Stopped::Steered => (State::Decided, String::new()),
        Stopped::Interrupted => (State::Interrupted, "interrupted".to_owned()),
        Stopped::Budget(why) => (State::Budget, why.clone()),
        Stopped::Refused(refused) => {
            let why: Vec<_> = refused.iter().map(|(i, why)| format!("{}: {why}", endpoints[*i].name)).collect();
            (State::Failed, why.join("; "))
        }
        Stopped::Store(error) => (State::Failed, error.to_string()),
        Stopped::Failed(why) => (State::Failed, why.clone()),
    }
}

/// Shows what came of the run; the last line is the outcome.
fn finish(shown: &Shown, path: &Path, reason: &str, stopped: &Stopped, out: Out) -> Exit {
    let exit = shown.print(out);
    if matches!(stopped, Stopped::Complete | Stopped::Steered) {
        return exit;
    }
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let reason = mocktrial_report::clean_line(reason);
    let line = format!("stopped: {reason}; go on with: mocktrial run --resume {name}");
    if out.json() || out.mute {
        out.error(line);
    } else {
        out.result(line);
    }
    exit
}

/// The first interruption ends the run cleanly, the second at once.
pub(crate) async fn interrupts(switch: CancelSource, out: Out) {
    wait_for_signal().await;
    out.error("stopping: episodes under way are ended and what is finished is kept (once more to leave at once)");
    switch.cancel();
    wait_for_signal().await;
    std::process::exit(Exit::Incomplete as i32);
}

async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
