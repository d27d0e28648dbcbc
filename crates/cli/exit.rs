//! Exit codes: an interface as much as any option.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// A check failed.
    Failed = 1,
    /// Usage, configuration or suite mistake.
    Mistake = 2,
    /// Infrastructure prevented an answer.
    Infrastructure = 3,
    /// Nothing ran, or the run was stopped by budget or interruption and can be resumed.
    Incomplete = 4,
    /// The data cannot tell.
    Inconclusive = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
