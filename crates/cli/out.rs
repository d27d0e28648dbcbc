//! Where everything is printed.

use crate::args::{Colour, Format, Global};
use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};

/// Standard output and error, with what the user wants of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Out {
    pub(crate) format: Format,
    pub(crate) quiet: bool,
    pub(crate) colour: bool,
    pub(crate) colour_errors: bool,
    pub(crate) width: usize,
    pub(crate) live: bool,
    /// Whether results are kept to itself: another command asked for them.
    pub(crate) mute: bool,
}

impl Out {
    pub(crate) fn new(global: Global) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        let wants = |terminal: bool| match global.color {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => terminal && !plain,
        };
        let terminal = std::io::stdout().is_terminal();
        let errors = std::io::stderr().is_terminal();
        // A pipe has no width: 100 columns read well in a file or a CI log.
        let width = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
        let width = width.or_else(|| terminal.then(terminal_width).flatten()).unwrap_or(100);
        Self {
            format: global.format,
            quiet: global.quiet,
            colour: wants(terminal),
            colour_errors: wants(errors),
            width,
            live: errors && !global.quiet,
            mute: false,
        }
    }

    /// Whether results are for programs.
    pub(crate) fn json(self) -> bool {
        self.format == Format::Json
    }

    /// Prints a result. A reader who has gone away is not a mistake.
    pub(crate) fn result(self, text: impl Display) {
        if self.mute {
            return;
        }
        let _ = writeln!(std::io::stdout().lock(), "{text}");
    }

    /// Asks something, beside the results.
    pub(crate) fn prompt(self, text: &str) {
        let mut to = std::io::stderr().lock();
        let _ = write!(to, "{text}");
        let _ = to.flush();
    }

    /// Prints a result as JSON.
    pub(crate) fn value(self, value: &serde_json::Value) {
        let text = serde_json::to_string_pretty(value).unwrap_or_default();
        self.result(text);
    }

    /// Says something beside the results, unless asked to be quiet.
    pub(crate) fn note(self, text: impl Display) {
        if !self.quiet {
            self.error(text);
        }
    }

    /// Says what went wrong.
    pub(crate) fn error(self, text: impl Display) {
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }
}

fn terminal_width() -> Option<usize> {
    terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
}
