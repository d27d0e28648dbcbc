//! What one process took, and the median of several.

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use serde::{Deserialize, Serialize};

/// What one process took from its start to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// Real time, in milliseconds.
    pub(crate) wall_ms: f64,
    /// Processor time in user mode, all threads, in milliseconds.
    pub(crate) user_ms: f64,
    /// Processor time in the kernel, all threads, in milliseconds.
    pub(crate) system_ms: f64,
    /// The largest resident set, in megabytes (10^6 bytes).
    pub(crate) peak_mb: f64,
    /// The exit code; none where a signal ended the process.
    pub(crate) exit: Option<i32>,
}

impl Figures {
    /// Of this process so far.
    pub(crate) fn of_this_process(wall_ms: f64) -> anyhow::Result<Figures> {
        Ok(Figures::from_usage(&getrusage(UsageWho::RUSAGE_SELF)?, wall_ms))
    }

    /// Of the children this process has waited for; the peak is that of the largest.
    pub(crate) fn of_children(wall_ms: f64) -> anyhow::Result<Figures> {
        Ok(Figures::from_usage(&getrusage(UsageWho::RUSAGE_CHILDREN)?, wall_ms))
    }

    fn from_usage(usage: &Usage, wall_ms: f64) -> Figures {
        // The kernel counts kilobytes of 1024; Apple's counts bytes.
        let unit = if cfg!(target_vendor = "apple") { 1.0 } else { 1024.0 };
        Figures {
            wall_ms,
            user_ms: usage.user_time().num_microseconds() as f64 / 1e3,
            system_ms: usage.system_time().num_microseconds() as f64 / 1e3,
            peak_mb: usage.max_rss() as f64 * unit / 1e6,
            exit: None,
        }
    }

    /// Processor time in user mode and kernel, in milliseconds.
    pub(crate) fn cpu_ms(&self) -> f64 {
        self.user_ms + self.system_ms
    }
}

/// The middle of `values`, or the mean of the two middle ones; none of nothing.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_the_mean_of_the_two_middle_values() {
        assert_eq!(median([]), None);
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn this_process_has_used_some_memory() {
        let figures = Figures::of_this_process(1.0).unwrap();
        assert!(figures.peak_mb > 0.1, "{figures:?}");
        assert_eq!(figures.wall_ms, 1.0);
    }
}
