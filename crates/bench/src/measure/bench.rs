//! Settings, and runs of the bare loop or the harness in them.

use super::processes::{self, Server};
use crate::figures::{Figures, median};
use crate::project::{self, Responder};
use crate::reply::Dialect;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// One kind of work.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub(super) latency_ms: u64,
    /// Episodes at once, each with its connection.
    pub(super) connections: usize,
    pub(super) scenarios: usize,
    pub(super) trials: usize,
    /// Tool calls of an episode; one request more brings the answer.
    pub(super) calls: usize,
    pub(super) dialect: Dialect,
    pub(super) stream: bool,
    pub(super) responder: Responder,
    pub(super) state_bytes: usize,
}

impl Default for Setting {
    fn default() -> Setting {
        Setting {
            latency_ms: 0,
            connections: 100,
            scenarios: 1000,
            trials: 1,
            calls: 5,
            dialect: Dialect::Chat,
            stream: false,
            responder: Responder::Rules,
            state_bytes: 1000,
        }
    }
}

impl Setting {
    fn episodes(&self) -> usize {
        self.scenarios * self.trials
    }
}

/// Several runs of one kind of work.
#[derive(Clone, Debug)]
pub(super) struct Runs {
    episodes: usize,
    calls: usize,
    figures: Vec<Figures>,
    fault: Option<String>,
    /// The last line that was printed.
    pub(super) last_words: Option<String>,
}

impl Runs {
    fn of(setting: &Setting) -> Runs {
        let (episodes, calls) = (setting.episodes(), setting.calls);
        Runs { episodes, calls, figures: Vec::new(), fault: None, last_words: None }
    }

    pub(super) fn wall_ms(&self) -> Option<f64> {
        median(self.figures.iter().map(|run| run.wall_ms))
    }

    pub(super) fn peak_mb(&self) -> Option<f64> {
        median(self.figures.iter().map(|run| run.peak_mb))
    }

    fn cpu_ms(&self) -> Option<f64> {
        median(self.figures.iter().map(Figures::cpu_ms))
    }

    pub(super) fn cpu_ms_per_request(&self) -> Option<f64> {
        self.cpu_ms().map(|cpu| cpu / (self.episodes * (self.calls + 1)) as f64)
    }

    pub(super) fn cpu_us_per_tool_call(&self) -> Option<f64> {
        self.cpu_ms().map(|cpu| cpu * 1e3 / (self.episodes * self.calls) as f64)
    }

    /// The first thing that went wrong.
    pub(super) fn fault(&self) -> Option<String> {
        self.fault.clone()
    }

    fn blame(&mut self, fault: String) {
        self.fault.get_or_insert(fault);
    }
}

/// Where everything is.
pub(super) struct Bench {
    /// This program.
    pub(super) own: PathBuf,
    /// The harness.
    pub(super) bin: PathBuf,
    /// The command line of another bare loop, with places to fill in.
    pub(super) against: Option<String>,
    /// For projects and logs.
    pub(super) folder: PathBuf,
    /// How many times each is run.
    pub(super) repeat: usize,
}

impl Bench {
    /// The bare loop and the harness in turn, so that what disturbs the machine disturbs both.
    pub(super) fn side_by_side(&self, setting: &Setting) -> anyhow::Result<(Runs, Runs)> {
        let server = Server::start(&self.own, setting.latency_ms, setting.calls)?;
        let project = self.project(setting, &server)?;
        let mut bare = Runs::of(setting);
        let mut harness = Runs::of(setting);
        self.warm_up(setting, &server, &project, &mut harness)?;
        for round in 1..=self.repeat {
            tell(&format!("{}: bare loop, then harness, {round} of {}", named(setting), self.repeat));
            self.run_bare(setting, &server, &mut bare)?;
            self.run_harness(&server, &project, &mut harness)?;
        }
        Ok((bare, harness))
    }

    /// The harness in two settings in turn.
    pub(super) fn in_turn(&self, first: &Setting, second: &Setting) -> anyhow::Result<(Runs, Runs)> {
        let server = Server::start(&self.own, first.latency_ms, first.calls)?;
        let projects = [self.project(first, &server)?, self.project(second, &server)?];
        let mut runs = [Runs::of(first), Runs::of(second)];
        for round in 1..=self.repeat {
            tell(&format!("{} and {}, {round} of {}", named(first), named(second), self.repeat));
            for (project, runs) in projects.iter().zip(&mut runs) {
                self.run_harness(&server, project, runs)?;
            }
        }
        let [first, second] = runs;
        Ok((first, second))
    }

    /// The harness alone, `times` over.
    pub(super) fn harness_alone(&self, setting: &Setting, times: usize) -> anyhow::Result<Runs> {
        let server = Server::start(&self.own, setting.latency_ms, setting.calls)?;
        let project = self.project(setting, &server)?;
        let mut runs = Runs::of(setting);
        for round in 1..=times {
            tell(&format!("{}: harness, {round} of {times}", named(setting)));
            self.run_harness(&server, &project, &mut runs)?;
        }
        Ok(runs)
    }

    /// Grading the episodes of one run anew: with the criteria that they have been graded with, and with one
    /// that every episode now fails.
    pub(super) fn grading(&self, setting: &Setting) -> anyhow::Result<(Runs, Runs)> {
        let server = Server::start(&self.own, setting.latency_ms, setting.calls)?;
        let project = self.project(setting, &server)?;
        tell(&format!("{}: the run to be graded anew", named(setting)));
        let mut run = Runs::of(setting);
        self.run_harness(&server, &project, &mut run)?;
        let command = [self.bin.clone().into_os_string(), "grade".into(), "--quiet".into()];
        let mut same = Runs { fault: run.fault.clone(), ..Runs::of(setting) };
        let mut other = same.clone();
        for round in 1..=self.repeat {
            tell(&format!("{}: grading anew, {round} of {}", named(setting), self.repeat));
            self.take(&project, &command, &mut same)?;
            project::other_criteria(&project, round % 2 == 1)?;
            self.take(&project, &command, &mut other)?;
        }
        Ok((same, other))
    }

    /// Each kind of output of one run, by its name.
    pub(super) fn reporting(&self, setting: &Setting) -> anyhow::Result<Vec<(&'static str, Runs)>> {
        let server = Server::start(&self.own, setting.latency_ms, setting.calls)?;
        let project = self.project(setting, &server)?;
        tell(&format!("{}: the run to be reported", named(setting)));
        let mut run = Runs::of(setting);
        self.run_harness(&server, &project, &mut run)?;
        let mut all = Vec::new();
        for kind in mocktrial_report::OUTPUTS {
            let mut runs = Runs { fault: run.fault.clone(), ..Runs::of(setting) };
            let output = format!("{}={}", kind.name, project.join(format!("out.{}", kind.name)).display());
            let command =
                [self.bin.clone().into_os_string(), "report".into(), "--quiet".into(), "-o".into(), output.into()];
            for round in 1..=self.repeat {
                tell(&format!("{}: {}, {round} of {}", named(setting), kind.name, self.repeat));
                self.take(&project, &command, &mut runs)?;
            }
            all.push((kind.name, runs));
        }
        Ok(all)
    }

    /// `mocktrial --version`, several times.
    pub(super) fn version(&self) -> anyhow::Result<Runs> {
        tell("--version");
        let mut runs = Runs::of(&Setting::default());
        for _ in 0..10 {
            let command = [self.bin.clone().into_os_string(), "--version".into()];
            self.take(&self.folder, &command, &mut runs)?;
        }
        Ok(runs)
    }

    /// A new project for `setting`.
    fn project(&self, setting: &Setting, server: &Server) -> anyhow::Result<PathBuf> {
        let dir = tempfile::Builder::new().prefix("project-").tempdir_in(&self.folder)?.keep();
        project::write(&project::Options {
            dir: dir.clone(),
            scenarios: setting.scenarios,
            base_url: server.base_url.clone(),
            concurrency: setting.connections,
            trials: setting.trials,
            calls: setting.calls,
            dialect: setting.dialect,
            stream: setting.stream,
            responder: setting.responder,
            state_bytes: setting.state_bytes,
        })?;
        Ok(dir)
    }

    /// One run that is not counted, whose last line shows what the harness made of it.
    fn warm_up(&self, setting: &Setting, server: &Server, project: &Path, harness: &mut Runs) -> anyhow::Result<()> {
        tell(&format!("{}: warming up", named(setting)));
        let mut not_counted = Runs::of(setting);
        self.run_bare(setting, server, &mut not_counted)?;
        self.harness_once(server, project, &[], &mut not_counted)?;
        harness.last_words = not_counted.last_words;
        Ok(())
    }

    fn run_bare(&self, setting: &Setting, server: &Server, runs: &mut Runs) -> anyhow::Result<()> {
        const OWN: &str = "bare --base-url {base_url} --episodes {episodes} --concurrency {concurrency}";
        let fill = |word: &str| -> OsString {
            word.replace("{base_url}", &server.base_url)
                .replace("{port}", server.port())
                .replace("{episodes}", &setting.episodes().to_string())
                .replace("{concurrency}", &setting.connections.to_string())
                .into()
        };
        let command: Vec<OsString> = match &self.against {
            Some(line) => line.split_whitespace().map(fill).collect(),
            None => std::iter::once(self.own.clone().into()).chain(OWN.split_whitespace().map(fill)).collect(),
        };
        self.take_checked(server, &self.folder, &command, runs)
    }

    fn run_harness(&self, server: &Server, project: &Path, runs: &mut Runs) -> anyhow::Result<()> {
        self.harness_once(server, project, &["--quiet"], runs)
    }

    fn harness_once(&self, server: &Server, project: &Path, flags: &[&str], runs: &mut Runs) -> anyhow::Result<()> {
        let mut command: Vec<OsString> = vec![self.bin.clone().into()];
        command.extend(["run", "scenarios"].iter().chain(flags).map(OsString::from));
        // Each run starts with an empty store.
        let store = project.join(".mocktrial");
        if store.exists() {
            std::fs::remove_dir_all(&store)?;
        }
        self.take_checked(server, project, &command, runs)
    }

    /// Runs a command, and asks the server whether it did the work.
    fn take_checked(
        &self,
        server: &Server,
        folder: &Path,
        command: &[OsString],
        runs: &mut Runs,
    ) -> anyhow::Result<()> {
        let before = server.counts()?;
        self.take(folder, command, runs)?;
        let after = server.counts()?;
        let answers = after.final_turns - before.final_turns;
        let calls = after.tool_turns - before.tool_turns;
        let expected = (runs.episodes as u64, (runs.episodes * runs.calls) as u64);
        if (answers, calls) != expected {
            runs.blame(format!(
                "the server gave {answers} answers and {calls} tool calls, not {} and {}",
                expected.0, expected.1
            ));
        }
        Ok(())
    }

    fn take(&self, folder: &Path, command: &[OsString], runs: &mut Runs) -> anyhow::Result<()> {
        // The harness may not be there: that is for the report to say, not an error.
        if command.first().is_none_or(|program| !Path::new(program).is_file()) {
            runs.blame("there is no such program".to_owned());
            return Ok(());
        }
        let log = self.folder.join("last.log");
        let figures = processes::measured(&self.own, folder, &log, command)?;
        runs.last_words = processes::last_words(&log);
        if figures.exit == Some(0) {
            runs.figures.push(figures);
        } else {
            let code = figures.exit.map_or("a signal".to_owned(), |code| format!("exit code {code}"));
            let words = runs.last_words.clone().unwrap_or_default();
            runs.blame(format!("ended with {code}: {words}"));
        }
        Ok(())
    }
}

fn named(setting: &Setting) -> String {
    format!(
        "{}{}, {} ms × {}, {} episodes, {:?}, {} bytes of state",
        setting.dialect.word(),
        if setting.stream { " streamed" } else { "" },
        setting.latency_ms,
        setting.connections,
        setting.episodes(),
        setting.responder,
        setting.state_bytes
    )
}

fn tell(what: &str) {
    eprintln!("… {what}");
}
