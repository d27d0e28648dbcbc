//! The user's own agent, as a command.
//!
//! The command is started once per episode and spoken to in JSON Lines. It is sent
//!
//! ```json
//! {"user": "Where is my order?", "tools": [{"name": "…", "description": "…", "input_schema": {}}], "system": "…"}
//! ```
//!
//! and later `{"user": "…"}` for each further message; what goes with a message is in `attachments`, each as
//! `{"type": "image", "media": {"mime": "image/png", "base64": "…"}}`. It writes `{"call": "get_order", "args": {…}}`
//! and is sent `{"result": …}` (with `"error": true` where the call failed); or it writes
//! `{"say": "…"}`, which ends its turn. It may write `{"usage": {"input": 120, "output": 30}}` at
//! any time. After its last answer its standard input is closed, and for two seconds at most it may
//! still say what it has used. Then it is killed together with every process of its group; only a
//! child that has left the group (a session of its own) is out of reach. When the agent itself ends,
//! its children are ended with it.
//!
//! What the harness cannot see (turns, reasoning, tokens that are not reported) is absent from the
//! trajectory, never guessed.

use super::Driver;
use crate::session::{Ended, Session, numbered_call};
use async_trait::async_trait;
use mocktrial_provider::Scrubber;
use mocktrial_trajectory::{Arguments, EndReason, ToolSpec, Usage};
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, timeout_at};

/// The longest line an agent may write, in bytes.
const MAX_LINE: usize = 1 << 20;
/// The most an agent may write in an episode, in bytes.
const MAX_OUTPUT: usize = 16 << 20;
/// How much of the end of its standard error is kept to explain its death, in bytes.
const STDERR_TAIL: usize = 2048;
/// How long an agent may take to say what it has used, once it has given its last answer.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How the agent is started.
#[derive(Clone, Debug)]
pub struct CommandDriver {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The folder it runs in.
    pub folder: std::path::PathBuf,
    /// The environment it sees, and nothing else.
    pub environment: Vec<(String, String)>,
    /// The tools as this endpoint presents them.
    pub tools: Arc<[ToolSpec]>,
    /// Takes the secrets of its environment out of all that it writes.
    pub scrubber: Scrubber,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    call: Option<String>,
    #[serde(borrow)]
    args: Option<&'a RawValue>,
    say: Option<String>,
    usage: Option<Usage>,
}

#[async_trait]
impl Driver for CommandDriver {
    async fn drive(&self, session: &mut Session) -> Result<(), Ended> {
        let mut agent = Agent::start(self)?;
        let mut first = true;
        let mut number = 0;
        while let Some((_, user)) = session.next_user().await {
            let mut message = json!({"user": user.text});
            if !user.attachments.is_empty() {
                message["attachments"] = json!(user.attachments);
            }
            if first {
                message["tools"] = self.tools.iter().map(presented).collect();
                if let Some(system) = session.system() {
                    message["system"] = Value::String(system.to_string());
                }
                first = false;
            }
            agent.send(&message).await?;
            loop {
                let text = agent.line().await?;
                let line: Line<'_> =
                    serde_json::from_str(&text).map_err(|error| agent_broke(&text, &error.to_string()))?;
                if let Some(usage) = line.usage {
                    session.report(usage)?;
                }
                match (line.call, line.say) {
                    (Some(tool), None) => {
                        number += 1;
                        let arguments = Arguments::parse(line.args.map_or("{}", RawValue::get));
                        let (event, result) = session.call(&numbered_call(number, &tool, arguments)).await?;
                        let content = session.trajectory().result(event).cloned().unwrap_or_default();
                        let answer = if result.is_error {
                            json!({"result": content, "error": true})
                        } else {
                            json!({ "result": content })
                        };
                        agent.send(&answer).await?;
                    }
                    (None, Some(said)) => {
                        session.say(said);
                        break;
                    }
                    (None, None) if line.usage.is_some() => {}
                    (Some(_), Some(_)) => return Err(agent_broke(&text, "one line both calls and says")),
                    (None, None) => return Err(agent_broke(&text, "a line must call, say or report usage")),
                }
            }
        }
        agent.last_words(session).await
    }
}

fn presented(tool: &ToolSpec) -> Value {
    json!({"name": tool.name, "description": tool.description, "input_schema": tool.input_schema})
}

fn agent_broke(line: &str, why: &str) -> Ended {
    let shown: String = line.chars().take(200).collect();
    Ended::new(EndReason::AgentFailed, format!("the agent broke the protocol: {why}; it wrote: {shown}"))
}

/// A running agent; dropping it kills it and its children.
struct Agent {
    child: Child,
    group: Option<Pid>,
    /// `None` once closed.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    written: usize,
    ended: bool,
    scrubber: Scrubber,
    complaints: Arc<Mutex<Vec<u8>>>,
    reader: tokio::task::JoinHandle<()>,
}

impl Agent {
    fn start(driver: &CommandDriver) -> Result<Self, Ended> {
        let unstartable = |why: String| {
            Ended::new(EndReason::AgentUnstartable, format!("cannot start `{}`: {why}", driver.command.join(" ")))
        };
        let (program, arguments) = driver.command.split_first().ok_or_else(|| unstartable("no program".into()))?;
        let mut child = Command::new(program)
            .args(arguments)
            .current_dir(&driver.folder)
            .env_clear()
            .envs(driver.environment.iter().map(|(k, v)| (k, v)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own, so that what it starts can be ended with it.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| unstartable(error.to_string()))?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let (Some(input), Some(output), Some(mut errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(unstartable("its pipes are missing".into()));
        };
        let complaints = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&complaints);
        // Standard error is drained so that a talkative agent does not block, and only its end is kept.
        let reader = tokio::spawn(async move {
            let mut chunk = [0; 1024];
            while let Ok(n @ 1..) = errors.read(&mut chunk).await {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&chunk[..n]);
                let excess = kept.len().saturating_sub(STDERR_TAIL);
                kept.drain(..excess);
            }
        });
        let (input, output) = (Some(input), BufReader::new(output));
        let scrubber = driver.scrubber.clone();
        Ok(Self { child, group, input, output, written: 0, ended: false, scrubber, complaints, reader })
    }

    async fn send(&mut self, message: &Value) -> Result<(), Ended> {
        let mut line = message.to_string();
        line.push('\n');
        let sent = match &mut self.input {
            Some(input) => input.write_all(line.as_bytes()).await.is_ok() && input.flush().await.is_ok(),
            None => false,
        };
        if sent { Ok(()) } else { Err(self.died().await) }
    }

    /// Takes reports of usage that come after the last answer; anything else ends the listening.
    async fn last_words(&mut self, session: &mut Session) -> Result<(), Ended> {
        self.input = None;
        let until = Instant::now() + LAST_WORDS;
        while let Ok(Ok(Some(text))) = timeout_at(until, self.next_line()).await {
            match serde_json::from_str(&text) {
                Ok(Line { call: None, say: None, usage: Some(usage), .. }) => session.report(usage)?,
                _ => break,
            }
        }
        Ok(())
    }

    /// The next line that holds something.
    async fn line(&mut self) -> Result<String, Ended> {
        match self.next_line().await? {
            Some(line) => Ok(line),
            None => Err(self.died().await),
        }
    }

    /// The next line that holds something, without secrets; `None` when the agent has ended.
    async fn next_line(&mut self) -> Result<Option<String>, Ended> {
        let mut line = Vec::new();
        while self.fill().await {
            let chunk = self.output.buffer();
            let end = chunk.iter().position(|b| *b == b'\n');
            let taken = end.map_or(chunk.len(), |i| i + 1);
            line.extend_from_slice(&chunk[..end.unwrap_or(taken)]);
            self.output.consume(taken);
            self.written += taken;
            if line.len() > MAX_LINE || self.written > MAX_OUTPUT {
                let (bound, of) = if line.len() > MAX_LINE { (MAX_LINE, "line") } else { (MAX_OUTPUT, "episode") };
                let text = format!("the agent wrote more than {} MiB in one {of}", bound >> 20);
                return Err(Ended::new(EndReason::AgentFlooded, text));
            }
            if end.is_none() {
                continue;
            }
            if !line.trim_ascii().is_empty() {
                let text = String::from_utf8(line)
                    .map_err(|e| agent_broke(&String::from_utf8_lossy(e.as_bytes()), "its line is not UTF-8"))?;
                return Ok(Some(self.scrubber.scrub(&text).into_owned()));
            }
            line.clear();
        }
        Ok(None)
    }

    /// Waits until some output is buffered; `false` at its end.
    async fn fill(&mut self) -> bool {
        loop {
            tokio::select! {
                biased;
                filled = self.output.fill_buf() => return filled.is_ok_and(|chunk| !chunk.is_empty()),
                // A child may hold the pipe open for ever; what the agent itself wrote is still read.
                _ = self.child.wait(), if !self.ended => {}
            }
            self.ended = true;
            self.kill();
        }
    }

    /// Says how the agent died. Its group is killed first, so that a pipe held open by one of its
    /// children cannot keep us waiting.
    async fn died(&mut self) -> Ended {
        let status = tokio::time::timeout(Duration::from_secs(1), self.child.wait()).await;
        self.kill();
        let how = match status {
            Ok(Ok(status)) => format!("the agent ended before it had answered: {status}"),
            _ => "the agent closed its output before it had answered".to_owned(),
        };
        let _ = tokio::time::timeout(Duration::from_secs(1), &mut self.reader).await;
        let complaints = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        let complaints = String::from_utf8_lossy(&complaints);
        let complaints = self.scrubber.scrub(complaints.trim());
        let detail = if complaints.is_empty() { how } else { format!("{how}; it complained: {complaints}") };
        Ended::new(EndReason::AgentFailed, detail)
    }

    fn kill(&self) {
        if let Some(group) = self.group {
            // An error means that nobody is left in the group.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.kill();
        self.reader.abort();
    }
}
