//! Running a verifier.

use super::{Occasion, Respondents};
use crate::endpoints::Providers;
use crate::suite::Verifier;
use mocktrial_provider::Scrubber;
use mocktrial_trajectory::{Question, parse_untrusted};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

/// The most that is read of a verdict, in bytes.
const MAX_VERDICT: u64 = 1 << 20;
/// The most that is read of its complaints, in bytes, and how much of them is told.
const MAX_COMPLAINT: u64 = 1 << 16;
const TOLD: usize = 500;

/// A program that can be started.
#[derive(Clone)]
pub(crate) struct Program {
    command: Vec<String>,
    folder: PathBuf,
    environment: Vec<(String, String)>,
    time: Duration,
}

impl Providers {
    /// A verifier as a program of this process's surroundings.
    pub(crate) fn program(&self, definition: &Verifier) -> Program {
        self.learn_names(&definition.command.env);
        Program {
            command: definition.command.command.clone(),
            folder: self.root().to_owned(),
            environment: crate::ready::environment(&definition.command.env),
            time: Duration::from_secs_f64(definition.seconds.clamp(0.001, 86_400.0)),
        }
    }
}

impl Respondents {
    pub(super) async fn ask_verifier(&self, question: &Question, occasion: &Occasion<'_>) -> Result<Value, String> {
        let name = question.body.get("verifier").and_then(Value::as_str).unwrap_or_default();
        let Some(program) = self.verifiers.get(name) else {
            return Err(format!("no verifier `{name}` is at hand"));
        };
        let input = occasion.grading.verifier_input(&occasion.subject, question).map_err(|e| e.to_string())?;
        let input = self.scrubber.scrub(&input.to_string()).into_owned();
        tokio::select! {
            biased;
            () = occasion.cancel.cancelled() => Err("the run was stopped".to_owned()),
            answer = program.run(input, &self.scrubber) => answer,
        }
    }
}

/// A child whose whole group is killed when it is dropped.
struct Group {
    child: Child,
    id: Option<Pid>,
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            // An error means that nobody is left in the group.
            let _ = kill_process_group(id, Signal::KILL);
        }
    }
}

impl Program {
    async fn run(&self, input: String, scrubber: &Scrubber) -> Result<Value, String> {
        let (program, arguments) = self.command.split_first().ok_or("its command is empty")?;
        let mut child = Command::new(program)
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .envs(self.environment.iter().map(|(k, v)| (k, v)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("`{program}` cannot be started: {error}"))?;
        let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let mut group = Group { child, id };
        let (Some(mut stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err("its pipes are missing".to_owned());
        };
        let give = async {
            // A program that has seen enough may close its input.
            let _ = stdin.write_all(input.as_bytes()).await;
            drop(stdin);
        };
        let work = async {
            let ((), said, complaints) = tokio::join!(give, read(stdout, MAX_VERDICT), read(stderr, MAX_COMPLAINT));
            let status = group.child.wait().await.map_err(|e| e.to_string())?;
            verdict(status, &said, &scrubber.scrub(&String::from_utf8_lossy(&complaints)), scrubber)
        };
        match tokio::time::timeout(self.time, work).await {
            Ok(verdict) => verdict,
            Err(_) => Err(format!("it took longer than {} s", self.time.as_secs_f64())),
        }
    }
}

/// Reads to the end, and keeps at most so much and one byte more.
async fn read(from: impl AsyncRead + Unpin, most: u64) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut from = from.take(most + 1);
    let _ = from.read_to_end(&mut kept).await;
    // The rest is drained, so that a talkative program does not block.
    let mut rest = from.into_inner();
    let mut chunk = vec![0; 8192];
    while let Ok(1..) = rest.read(&mut chunk).await {}
    kept
}

fn verdict(status: ExitStatus, said: &[u8], complaints: &str, scrubber: &Scrubber) -> Result<Value, String> {
    let complaint = complaints.trim();
    let told: String = complaint.chars().rev().take(TOLD).collect::<Vec<_>>().into_iter().rev().collect();
    let why = |what: String| if told.is_empty() { what } else { format!("{what}; it complained: {told}") };
    if !status.success() {
        return Err(why(format!("it ended with {status}")));
    }
    if said.len() as u64 > MAX_VERDICT {
        return Err(format!("it wrote more than {} MiB", MAX_VERDICT >> 20));
    }
    let text = std::str::from_utf8(said).map_err(|_| why("what it wrote is not UTF-8".to_owned()))?;
    let value = parse_untrusted(&scrubber.scrub(text.trim()));
    value.filter(Value::is_object).ok_or_else(|| why("what it wrote is no JSON object".to_owned()))
}
