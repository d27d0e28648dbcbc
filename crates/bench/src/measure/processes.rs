//! The processes of a measurement: the server for a while, and one command at a time.

use crate::figures::Figures;
use crate::serve::{Counts, LISTENING};
use anyhow::{Context, bail};
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The mock API server as a process of its own, ended with this value.
pub(super) struct Server {
    process: Child,
    /// Up to and with `/v1`.
    pub(super) base_url: String,
}

impl Server {
    pub(super) fn start(own: &Path, latency_ms: u64, calls: usize) -> anyhow::Result<Server> {
        let mut process = Command::new(own)
            .args(["serve", "--port", "0", "--latency-ms", &latency_ms.to_string(), "--tool-turns", &calls.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the server")?;
        let mut line = String::new();
        if let Some(out) = process.stdout.as_mut() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let base_url = line.strip_prefix(LISTENING).unwrap_or_default().trim().to_owned();
        let server = Server { process, base_url };
        if server.base_url.is_empty() {
            bail!("the server did not start: {line:?}");
        }
        Ok(server)
    }

    /// The port in digits.
    pub(super) fn port(&self) -> &str {
        let address = self.base_url.trim_end_matches("/v1");
        address.rsplit(':').next().unwrap_or_default()
    }

    /// How many requests it has answered so far.
    pub(super) fn counts(&self) -> anyhow::Result<Counts> {
        let address = self.base_url.trim_start_matches("http://").trim_end_matches("/v1");
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(b"GET /stats HTTP/1.1\r\nhost: bench\r\n\r\n")?;
        stream.shutdown(std::net::Shutdown::Write)?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let (_, body) = text.split_once("\r\n\r\n").context("the server gave no statistics")?;
        Ok(serde_json::from_str(body)?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone_already = self.process.kill();
        let _reaped = self.process.wait();
    }
}

/// Runs `command` in `folder` under a small parent that measures it; what it prints goes to the
/// file `log`.
pub(super) fn measured(own: &Path, folder: &Path, log: &Path, command: &[OsString]) -> anyhow::Result<Figures> {
    let out = log.with_extension("figures.json");
    let log_file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let status = Command::new(own)
        .args(["child".as_ref(), "--out".as_ref(), out.as_os_str(), "--".as_ref()])
        .args(command)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        // Loopback needs no proxy, and the environment's would falsify the figures.
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::null())
        .stderr(log_file.try_clone()?)
        .stdout(log_file)
        .status()
        .context("cannot start the measuring process")?;
    if !status.success() {
        bail!("{}: {}", status, last_words(log).unwrap_or_default());
    }
    let text = std::fs::read_to_string(&out).with_context(|| format!("no figures in {}", out.display()))?;
    Ok(serde_json::from_str(&text)?)
}

/// The last line of a log that says something.
pub(super) fn last_words(log: &Path) -> Option<String> {
    let text = std::fs::read(log).ok()?;
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().rev().find(|line| !line.trim().is_empty())?;
    let printable: String = line.chars().filter(|c| !c.is_control()).collect();
    Some(printable.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_of_a_log_are_its_last_line_that_says_something() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        std::fs::write(&log, "one\n\u{1b}[31mtwo\n\n  \n").unwrap();
        assert_eq!(last_words(&log).as_deref(), Some("[31mtwo"));
        std::fs::write(&log, "").unwrap();
        assert_eq!(last_words(&log), None);
    }
}
