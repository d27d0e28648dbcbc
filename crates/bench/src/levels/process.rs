//! The harness as a process.

use anyhow::{Context, bail};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The harness.
pub(super) struct Program(PathBuf);

impl Program {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Runs it in a project; an exit code that is none of those expected is a failure, with what it said.
    pub(super) fn run(&self, project: &Path, arguments: &[&str], expected: &[i32]) -> anyhow::Result<Output> {
        let output = Command::new(&self.0)
            .args(arguments)
            .current_dir(project)
            // Loopback needs no proxy.
            .env("NO_PROXY", "127.0.0.1")
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("cannot start {}", self.0.display()))?;
        if !output.status.code().is_some_and(|code| expected.contains(&code)) {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("mocktrial {}: {}: {}", arguments.join(" "), output.status, said.trim());
        }
        Ok(output)
    }

    /// The same with its JSON document, and its exit code.
    pub(super) fn document(
        &self,
        project: &Path,
        arguments: &[&str],
        expected: &[i32],
    ) -> anyhow::Result<(Value, i32)> {
        let arguments = [arguments, &["--format", "json"]].concat();
        let output = self.run(project, &arguments, expected)?;
        let document = serde_json::from_slice(&output.stdout).context("the output is no JSON document")?;
        Ok((document, output.status.code().unwrap_or(-1)))
    }
}
