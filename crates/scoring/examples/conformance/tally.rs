//! How many cases agree, and which do not.

use std::process::ExitCode;

/// So many disagreements are listed.
const LISTED: usize = 10;

/// A count of cases.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    agree: usize,
    disagree: usize,
    skipped: usize,
    listed: Vec<String>,
}

impl Tally {
    /// Counts a case; what was expected and what was got are only asked for where they are listed.
    pub(crate) fn count(&mut self, id: &str, agrees: bool, say: impl FnOnce() -> (String, String)) {
        if agrees {
            self.agree += 1;
            return;
        }
        self.disagree += 1;
        if self.listed.len() < LISTED {
            let (expected, got) = say();
            self.listed.push(format!("{id}: expected {expected}, got {got}"));
        }
    }

    /// Counts a case that does not apply.
    pub(crate) fn skip(&mut self) {
        self.skipped += 1;
    }

    /// Prints all, and says with what code to exit.
    pub(crate) fn finish(self) -> ExitCode {
        for line in &self.listed {
            println!("{line}");
        }
        let skipped = if self.skipped > 0 { format!(" skipped {}", self.skipped) } else { String::new() };
        println!("agree {}/{}{skipped}", self.agree, self.agree + self.disagree);
        if self.disagree == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
