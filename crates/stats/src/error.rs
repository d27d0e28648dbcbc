//! What a function here cannot do.

/// Why a number cannot be given. A function never answers with NaN instead.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StatsError {
    /// There is no data.
    #[error("there are no values")]
    Empty,
    /// There is too little data.
    #[error("at least {needed} values are needed, and there are {got}")]
    TooFew {
        /// How many are needed.
        needed: usize,
        /// How many there are.
        got: usize,
    },
    /// More trials are asked about than were made.
    #[error("k = {k} is more than the {n} trials there are")]
    KExceedsN {
        /// What is asked.
        k: u64,
        /// The trials.
        n: u64,
    },
    /// The number does not exist for this data.
    #[error("{what} cannot be said: {why}")]
    Undefined {
        /// Which number.
        what: &'static str,
        /// Why.
        why: &'static str,
    },
    /// A parameter lies outside its domain (or is NaN).
    #[error("{name} = {value} is not {domain}")]
    Domain {
        /// Which parameter.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it must be.
        domain: &'static str,
    },
}

/// Refuses a value for which `holds` is false; NaN never holds.
pub(crate) fn require(name: &'static str, value: f64, domain: &'static str, holds: bool) -> Result<(), StatsError> {
    if holds { Ok(()) } else { Err(StatsError::Domain { name, value, domain }) }
}

/// Refuses a significance level outside (0, 1).
pub(crate) fn require_alpha(alpha: f64) -> Result<(), StatsError> {
    require("alpha", alpha, "between 0 and 1, both excluded", alpha > 0.0 && alpha < 1.0)
}

/// Refuses an alpha or a power outside (0, 1).
pub(crate) fn require_error_rates(alpha: f64, power: f64) -> Result<(), StatsError> {
    require_alpha(alpha)?;
    require("power", power, "between 0 and 1, both excluded", power > 0.0 && power < 1.0)
}
