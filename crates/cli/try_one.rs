//! `mocktrial try`: one episode, by an endpoint or by the author.

use crate::args::TryArgs;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::out::Out;
use crate::{project, reference, show};
use mocktrial_core::answering::Respondents;
use mocktrial_core::driver::{Author, AuthorStep, Heard};
use mocktrial_core::endpoints::Providers;
use mocktrial_core::episode::{self, Circumstances, Graded};
use mocktrial_core::ready::{ReadyEndpoint, ReadyScenario};
use mocktrial_core::seed::trial_seed;
use mocktrial_provider::Cancel;
use mocktrial_trajectory::{EpisodeKey, Trajectory};
use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::sync::mpsc;

pub(crate) async fn try_one(args: TryArgs, out: Out) -> Outcome {
    let project = project::discover(&[])?;
    let suite = project.load_under(&[])?;
    project::warn(out, project.warnings.iter().chain(&suite.warnings));
    let scenario = project::scenario(&suite, &args.scenario)?;
    let ready = project::ready(vec![Arc::clone(&scenario)]).await?.remove(0);
    let seed = project.config.defaults.seed.unwrap_or(42);
    let graded = if args.author {
        by_author(&ready, out).await?
    } else {
        let named: Vec<_> = args.endpoint.into_iter().collect();
        let definition = project::endpoints(&project, &named)?.remove(0);
        let providers = Providers::new(&project, project::mode(args.cassettes), None);
        let endpoint = providers.ready(&definition).map_err(Failure::mistake)?;
        let respondents = Respondents::new(&project.config, &providers, [&ready.grading]).map_err(Failure::mistake)?;
        let limits = project.config.limits;
        let circumstances = Circumstances { seed, limits, cancel: Cancel::never(), meter: None, respondents };
        let graded = episode::run(&ready, &endpoint, args.trial, 0, &circumstances).await;
        let whole = !graded.record.row.end.is_infrastructure();
        providers.end_episode(&graded.record.row.key, whole).map_err(Failure::infrastructure)?;
        graded
    };
    let trajectory = Trajectory::from_json(&graded.record.trajectory).map_err(Failure::infrastructure)?;
    let (ended, passed) = (graded.record.row.end, graded.record.row.passed);
    show::print_episode(graded.record, out)?;
    if args.save_reference {
        reference::save(&project, &scenario, &trajectory, out)?;
        return Ok(Exit::Done);
    }
    Ok(match passed {
        Some(true) => Exit::Done,
        Some(false) => Exit::Failed,
        None if ended.cause() == mocktrial_trajectory::Cause::Scenario => Exit::Mistake,
        None => Exit::Infrastructure,
    })
}

/// The author types calls and answers; each line is one step.
async fn by_author(ready: &Arc<ReadyScenario>, out: Out) -> Result<Graded, Failure> {
    let (steps, steps_in) = mpsc::channel(1);
    let (heard_out, mut heard) = mpsc::channel(1);
    let author = Author::new(steps_in, heard_out);
    let tools: Vec<_> = ready.tools.iter().map(|t| t.name.as_str()).collect();
    out.note(format!("You play the agent. Tools: {}.", tools.join(", ")));
    out.note("Type `TOOL {arguments}` to call a tool, or `say TEXT` to answer; an empty line is ignored.");
    let talk = async move {
        let mut lines = BufReader::new(tokio::io::stdin()).lines();
        while let Some(message) = heard.recv().await {
            match message {
                Heard::User(said) => {
                    out.note(format!("user: {}", mocktrial_report::clean(&said.text)));
                    for media in said.attachments.iter().filter_map(|part| part.media()) {
                        out.note(format!("with: {}", mocktrial_report::clean(&media.describe())));
                    }
                }
                Heard::Result(text, failed) => {
                    let word = if failed { "error" } else { "result" };
                    out.note(format!("{word}: {}", mocktrial_report::clean(&text)));
                }
            }
            loop {
                if out.live && std::io::stdin().is_terminal() {
                    let _ = write!(std::io::stderr(), "> ");
                }
                let Ok(Some(line)) = lines.next_line().await else { return };
                if let Some(step) = step(&line) {
                    let _ = steps.send(step).await;
                    break;
                }
            }
        }
    };
    let limits = ReadyEndpoint::limits(&ready.scenario, mocktrial_core::suite::Limits::default());
    let limits = mocktrial_core::suite::Limits { real_seconds: None, ..limits };
    let system = ready.scenario.system.as_deref().map(Arc::from);
    let never = Cancel::never();
    let play = episode::play(ready, &author, system, limits, &never);
    tokio::pin!(play);
    tokio::pin!(talk);
    // The talk ends first when the author leaves; then the driver sees the closed channel.
    let finished = tokio::select! {
        finished = &mut play => finished,
        () = &mut talk => {
            return Err(Failure { exit: Exit::Incomplete, ..Failure::mistake("the author left before the episode ended") });
        }
    };
    let key = EpisodeKey {
        scenario: Arc::clone(&ready.scenario.id),
        variant: Arc::clone(&ready.scenario.variant),
        endpoint: "author".into(),
        trial: 1,
    };
    Ok(episode::graded(ready, key, 0, trial_seed(0, &ready.scenario.id, 1), finished))
}

fn step(line: &str) -> Option<AuthorStep> {
    let line = line.trim();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    match word {
        "" => None,
        "say" => Some(AuthorStep::Say(rest.trim().to_owned())),
        tool => {
            let arguments = if rest.trim().is_empty() { "{}" } else { rest.trim() };
            Some(AuthorStep::Call { tool: tool.to_owned(), arguments: arguments.to_owned() })
        }
    }
}
