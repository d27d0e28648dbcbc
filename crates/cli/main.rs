//! The command `mocktrial`: arguments in, exit code out. All that is printed is printed here.
#![cfg_attr(test, allow(clippy::unwrap_used))]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command prints")]

mod accept;
mod allocate;
mod args;
mod audit;
mod call;
mod check;
mod compare;
mod confirm;
mod endpoints;
mod estimate;
mod exit;
mod failure;
mod fairness;
mod gate;
mod grade;
mod health;
mod init;
mod judge;
mod list;
mod out;
mod power;
mod progress;
mod project;
mod protocol;
mod reference;
mod report;
mod review;
mod run;
mod scaling;
mod schema;
mod show;
mod try_one;
mod until;
mod view;

use args::{Cli, Command};
use clap::{CommandFactory as _, Parser as _};
use exit::Exit;
use failure::{Failure, Outcome};
use out::Out;
use std::process::ExitCode;

// Named so that it is linked: it is the allocator of all.
use mocktrial_allocator as _;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let out = Out::new(cli.global);
    start_logging();
    match dispatch(cli.command, out) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            explain(&failure, out);
            failure.exit.into()
        }
    }
}

fn dispatch(command: Command, out: Out) -> Outcome {
    match command {
        Command::Schema(args) => return schema::schema(&args, out),
        Command::Init(args) => return init::init(&args, out),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "mocktrial", &mut std::io::stdout());
            return Ok(Exit::Done);
        }
        _ => {}
    }
    // An episode's own work takes microseconds: two threads outpace any provider, and more would pass
    // episodes around for nothing. But one alone would stand still while it grades a huge answer.
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(2));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .map_err(|e| Failure::infrastructure(format!("cannot start: {e}")))?;
    let outcome = runtime.block_on(async {
        match command {
            Command::Run(args) => run::run(*args, out).await,
            Command::List(args) => list::list(&args, out),
            Command::Show(args) => show::show(&args, out),
            Command::Try(args) => try_one::try_one(args, out).await,
            Command::Call(args) => call::call(&args, out).await,
            Command::Check(args) => check::check(&args, out).await,
            Command::Grade(args) => grade::grade(&args, out).await,
            Command::Compare(args) => compare::compare(&args, out),
            Command::Report(args) => report::report(&args, out),
            Command::View(args) => view::view(args, out).await,
            Command::Gate(args) => gate::gate(&args, out).await,
            Command::Audit(args) => audit::audit(&args, out).await,
            Command::Accept(args) => accept::accept(&args, out),
            Command::Power(args) => power::power(&args, out),
            Command::Scaling(args) => scaling::scaling(args, out),
            Command::Fairness(args) => fairness::fairness(&args, out),
            Command::Health(args) => health::health(&args, out),
            Command::Review(args) => review::review(&args, out),
            Command::Judge(args) => judge::judge(&args, out),
            Command::Endpoints(args) => endpoints::endpoints(&args, out).await,
            Command::Schema(_) | Command::Init(_) | Command::Completions { .. } => Ok(Exit::Done),
        }
    });
    // What is left are idle connections: the process's end closes a thousand of them sooner.
    runtime.shutdown_background();
    outcome
}

fn explain(failure: &Failure, out: Out) {
    if out.json() {
        out.value(&failure.json());
    }
    if let Some(mistakes) = &failure.mistakes {
        for mistake in &mistakes.0 {
            out.error(mistake.render(out.colour_errors));
        }
        let errors = mistakes.0.iter().filter(|m| m.severity == mocktrial_core::suite::Severity::Error).count();
        out.error(format!("{errors} mistake{} found", if errors == 1 { "" } else { "s" }));
    }
    if !failure.message.is_empty() {
        out.error(format!("mocktrial: {}", failure.message));
    }
}

/// Diagnostics go to standard error, and only where `MOCKTRIAL_LOG` asks for them.
fn start_logging() {
    if let Ok(filter) = std::env::var("MOCKTRIAL_LOG") {
        let filter = tracing_subscriber::EnvFilter::new(filter);
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    }
}
