//! Pure numbers: what a pass rate is, how sure one may be of it, and whether two differ.
//!
//! Everything here is a pure function of numbers and knows nothing of episodes. The unit is the
//! *scenario*: an estimate is a mean over scenarios of one value each, and trials of one scenario
//! are never counted as independent scenarios.
//!
//! ```
//! use mocktrial_stats::{ci_wilson_stat, mean};
//!
//! // Pass rates of eight scenarios, each tried four times.
//! let rates = [1.0, 0.5, 0.75, 0.0, 1.0, 1.0, 0.25, 1.0];
//! let interval = ci_wilson_stat(&rates, 32.0, 0.05).expect("the rates are rates");
//! assert!((mean(&rates).expect("there are some") - 0.6875).abs() < 1e-12);
//! assert!((interval.low - 0.3479).abs() < 1e-4 && (interval.high - 0.9007).abs() < 1e-4);
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod agreement;
mod describe;
mod distribution;
mod error;
mod judged;
mod paired;
mod proportion;
mod repeated;

pub use agreement::{
    Agreement, Level, Weights, alpha_nominal, cohen_kappa, cohen_kappa_se, gwet_ac1, kappa, krippendorff_alpha,
};
pub use describe::{mean, quantile7, standard_error};
pub use distribution::{norm_ppf, t_cdf, t_ppf};
pub use error::StatsError;
pub use judged::{
    Accuracy, Ppi, Rate, Stratum, ppi_lambda, ppi_mean, rogan_gladen, rogan_gladen_ci, stratified_rate, weighted_rate,
};
pub use paired::{PairedComparison, PairedT, SignFlip, Verdict, ci_mean_t, compare_paired, paired_t, signflip_exact};
pub use proportion::{Interval, ci_wilson, ci_wilson_stat};
pub use repeated::{pass_at_k, pass_hat_k};
