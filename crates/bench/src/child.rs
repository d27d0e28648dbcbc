//! Runs one command and tells what it took.
//!
//! The kernel gives the figures of a child once it has been waited for, without a race, but only
//! summed over all children of the process that asks. So each command gets a parent of its own:
//! this one, which is small, so that what the command inherits at its start is small too.

use crate::figures::Figures;
use crate::limits;
use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The file for the figures (JSON); standard error without it.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Kill the command after this many seconds.
    #[arg(long, default_value_t = 900)]
    timeout_seconds: u64,
    /// The command and its arguments.
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

pub(crate) fn main(options: &Options) -> anyhow::Result<()> {
    limits::raise_open_files();
    let figures = run(&options.command, Duration::from_secs(options.timeout_seconds))?;
    let text = serde_json::to_string(&figures)?;
    match &options.out {
        Some(file) => std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?,
        None => eprintln!("{text}"),
    }
    Ok(())
}

fn run(command: &[OsString], timeout: Duration) -> anyhow::Result<Figures> {
    let (program, arguments) = command.split_first().context("no command given")?;
    let start = Instant::now();
    let mut child =
        Command::new(program).args(arguments).spawn().with_context(|| format!("cannot start {}", program.display()))?;
    let (ended, watch) = mpsc::channel::<()>();
    let pid = Pid::from_child(&child);
    let watchdog = std::thread::spawn(move || {
        if watch.recv_timeout(timeout) == Err(mpsc::RecvTimeoutError::Timeout) {
            let _gone_already = kill_process(pid, Signal::KILL);
        }
    });
    let status = child.wait()?;
    let wall_ms = start.elapsed().as_secs_f64() * 1e3;
    drop(ended);
    let _watchdog_cannot_fail = watchdog.join();
    let mut figures = Figures::of_children(wall_ms)?;
    figures.exit = status.code();
    if status.signal().is_some() {
        eprintln!("{} was ended by {status}", program.display());
    }
    Ok(figures)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(line: &str) -> Vec<OsString> {
        ["sh", "-c", line].iter().map(OsString::from).collect()
    }

    #[test]
    fn a_command_is_waited_for_and_its_exit_code_kept() {
        let figures = run(&shell("exit 3"), Duration::from_secs(60)).unwrap();
        assert_eq!(figures.exit, Some(3));
        assert!(figures.wall_ms > 0.0 && figures.peak_mb > 0.0);
    }

    #[test]
    fn a_command_that_takes_too_long_is_killed() {
        let figures = run(&shell("while :; do :; done"), Duration::from_millis(1)).unwrap();
        assert_eq!(figures.exit, None);
    }

    #[test]
    fn a_command_that_does_not_exist_is_named() {
        let error = run(&[OsString::from("/no/such/command")], Duration::from_secs(1)).unwrap_err();
        assert!(error.to_string().contains("/no/such/command"), "{error}");
    }
}
