//! Live progress: a bar per endpoint on a terminal, plain lines elsewhere.

use crate::out::Out;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use mocktrial_core::runner::RunEvent;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Shows a run while it goes on. Takes events from several threads.
pub(crate) struct Progress {
    out: Out,
    started: Instant,
    bars: Option<(MultiProgress, Vec<ProgressBar>)>,
    lines: Mutex<Vec<Line>>,
}

struct Line {
    name: String,
    planned: u64,
    finished: u64,
    passed: u64,
    ungraded: u64,
    /// `None` once an episode's cost was unknown: a part of the sum would mislead.
    cost: Option<f64>,
    /// The last tenth that was announced, and when (in seconds of the run).
    tenth: u64,
    said: f64,
}

impl Progress {
    /// Progress of endpoints: their names and how many episodes each is to run.
    pub(crate) fn new(out: Out, endpoints: &[(String, u64)]) -> Self {
        let longest = endpoints.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        let bars = out.live.then(|| {
            let multi = MultiProgress::new();
            let bar = if out.colour_errors { "{bar:24.cyan/dim}" } else { "{bar:24}" };
            let template = format!("  {{prefix}} {bar} {{pos:>6}}/{{len:<6}} {{per_sec:>9}} {{msg}} {{eta:>6}} left");
            let style = ProgressStyle::with_template(&template)
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("━╸─");
            let bars = endpoints
                .iter()
                .map(|(name, planned)| {
                    let bar = multi.add(ProgressBar::new(*planned));
                    bar.set_style(style.clone());
                    bar.set_prefix(format!("{name:longest$}"));
                    bar
                })
                .collect();
            (multi, bars)
        });
        let line = |(name, planned): &(String, u64)| Line {
            name: name.clone(),
            planned: *planned,
            finished: 0,
            passed: 0,
            ungraded: 0,
            cost: Some(0.0),
            tenth: 0,
            said: 0.0,
        };
        Self { out, started: Instant::now(), bars, lines: Mutex::new(endpoints.iter().map(line).collect()) }
    }

    /// Takes an event.
    pub(crate) fn event(&self, event: &RunEvent) {
        match event {
            RunEvent::Started { .. } => {}
            RunEvent::EndpointStopped { endpoint, why } => {
                let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
                let text = format!("  {}: given up: {}", lines[*endpoint].name, mocktrial_report::clean_line(why));
                match &self.bars {
                    Some((multi, _)) => {
                        let _ = multi.println(text);
                    }
                    None => self.out.note(text),
                }
            }
            RunEvent::Finished { slot, row } => {
                let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
                let line = &mut lines[slot.endpoint];
                line.finished += 1;
                line.passed += u64::from(row.passed == Some(true));
                line.ungraded += u64::from(row.passed.is_none());
                line.cost = line.cost.zip(row.cost).map(|(all, one)| all + one);
                if let Some((_, bars)) = &self.bars {
                    let bar = &bars[slot.endpoint];
                    bar.set_message(line.message());
                    bar.inc(1);
                } else if !self.out.quiet {
                    let tenth = line.finished * 10 / line.planned.max(1);
                    let now = self.started.elapsed().as_secs_f64();
                    // A run of seconds needs no line for every tenth of it.
                    let due = now - line.said >= 1.0 || line.finished == line.planned;
                    if tenth > line.tenth && due {
                        (line.tenth, line.said) = (tenth, now);
                        self.out.note(line.plain(now));
                    }
                }
            }
        }
    }

    /// Takes the bars away.
    pub(crate) fn done(&self) {
        if let Some((multi, bars)) = &self.bars {
            bars.iter().for_each(ProgressBar::finish_and_clear);
            let _ = multi.clear();
        }
    }
}

impl Line {
    fn message(&self) -> String {
        let mut text = format!("{} passed", self.passed);
        if self.ungraded > 0 {
            text += &format!(", {} ungraded", self.ungraded);
        }
        match self.cost {
            None => text += ", cost unknown",
            Some(0.0) => {}
            Some(cost) => text += &format!(", ${cost:.4}"),
        }
        text
    }

    #[allow(clippy::cast_precision_loss, reason = "counts of episodes")]
    fn plain(&self, seconds: f64) -> String {
        let rate = self.finished as f64 / seconds.max(1e-3);
        let left = (self.planned - self.finished) as f64 / rate;
        let left = if left >= 0.5 { format!(", {left:.0} s left") } else { String::new() };
        format!("  {}: {}/{} episodes, {}, {rate:.1}/s{left}", self.name, self.finished, self.planned, self.message())
    }
}
