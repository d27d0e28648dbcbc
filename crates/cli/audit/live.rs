//! `mocktrial audit --live` and `--from`: one endpoint under two labels, and what comes of it.

use crate::args::{AuditArgs, Cassettes, RunArgs};
use crate::compare::{find, hold};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::health::document;
use crate::out::Out;
use crate::project;
use mocktrial_analysis::Arm;
use mocktrial_analysis::audit::{live as tested, twins};
use mocktrial_core::suite::Project;
use mocktrial_report::{Style, clean_line};
use mocktrial_store::{RunFile, State, Store as _};

/// Trials of each label, where nobody says otherwise: one alone has no rounds to tell apart.
const TRIALS: u32 = 4;

/// Runs an endpoint twice, side by side, and tests that run.
pub(crate) async fn run(args: &AuditArgs, out: Out) -> Outcome {
    let project = project::discover(&[])?;
    let name = endpoint(&project, &args.endpoint)?;
    let labels = vec![name.clone(), format!("{name}@2")];
    let run = RunArgs {
        endpoint: labels.clone(),
        trials: Some(args.trials.unwrap_or(TRIALS)),
        seed: args.seed,
        cassettes: Some(Cassettes::Live),
        max_cost: args.max_cost,
        yes: args.yes,
        name: Some("audit".to_owned()),
        ..RunArgs::default()
    };
    let ran = crate::run::run(run, Out { mute: true, ..out }).await?;
    if ran != Exit::Done {
        return Ok(ran);
    }
    test("last", &labels, args, out)
}

/// Tests a run that is there already.
pub(crate) fn from(run: &str, args: &AuditArgs, out: Out) -> Outcome {
    test(run, &args.endpoint, args, out)
}

fn test(run: &str, named: &[String], args: &AuditArgs, out: Out) -> Outcome {
    let file = RunFile::read(&find(run)?)?;
    let mut arms = Arm::read(&file)?;
    hold(&mut arms, out)?;
    let (first, second) = twins(&arms, named).map_err(|why| Failure::mistake(clean_line(&why.to_string())))?;
    let decided = file.header()?.status.state == State::Decided;
    let found = tested(first, second, decided, args.alpha.unwrap_or(0.05)).map_err(Failure::infrastructure)?;
    if out.json() {
        out.value(&document("live_audit", &found));
    } else {
        let style = Style { width: out.width, color: out.colour, limit: None };
        out.result(mocktrial_report::live_audit(&found, &style).trim_end());
    }
    Ok(match () {
        () if found.has_finding() => Exit::Failed,
        () if found.is_tested() => Exit::Done,
        () => Exit::Inconclusive,
    })
}

/// The one endpoint that is meant.
fn endpoint(project: &Project, named: &[String]) -> Result<String, Failure> {
    let names: Vec<String> = project::endpoints(project, named)?.into_iter().map(|e| e.name).collect();
    match names.as_slice() {
        [one] if !one.contains('@') => Ok(one.clone()),
        [one] => Err(Failure::mistake(format!("`{}` is a label already: name the endpoint itself", clean_line(one)))),
        many => Err(Failure::mistake(format!(
            "a live audit runs one endpoint under two labels; say with --endpoint which of {}",
            many.iter().map(|n| clean_line(n)).collect::<Vec<_>>().join(", ")
        ))),
    }
}
