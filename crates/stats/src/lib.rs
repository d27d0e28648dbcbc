//! Pure numbers: what a pass rate is, how sure one may be of it, and whether two differ.
//!
//! Everything here is a pure function of numbers and knows nothing of episodes. The unit is the
//! *scenario*: an estimate is a mean over scenarios of one value each, and trials of one scenario
//! are never counted as independent scenarios.
//!
//! | to say | take |
//! |---|---|
//! | a rate and how sure it is | [`ci_wilson_stat`]; of families [`cluster_means`] first |
//! | what k tries bring | [`repeated_rate`], [`maj_at_k`], [`best_of_k`] |
//! | whether two endpoints differ | [`compare_floored`], with [`signflip_exact`] beside it |
//! | of many comparisons: claims, candidates, ranks | [`holm`], [`bh`], [`maxt_pairwise_crit`] with [`rank_sets`] |
//! | whether a change may ship | [`gate_ni`]; stopping early [`hybrid_gate_ni`], [`hybrid_compare`] |
//! | how much more data is needed | [`power_n_scenarios`], [`power_mde`], [`ni_k_trials_suite`], and `more` of a gate |
//! | where trials are worth most | [`neyman`] |
//! | whether trials are independent draws | [`perm_overdispersion`], [`perm_trend`] |
//! | whether groups fare alike | [`perm_gap_exact`] or [`perm_gap`], then [`maxt_vs_mean`] |
//! | what an imperfect judge's rate is worth | [`stratified_rate`], [`ppi_mean`], [`rogan_gladen_ci`] |
//! | how a scenario varies, and what it tells | [`flaky_class`], [`item_rest_corr`], [`never_discriminating`] |
//!
//! Every function is checked against numpy and scipy: `cargo run --release -p mocktrial-stats --example vectors -- FILE`.
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
mod allocation;
mod beta;
mod betabinomial;
mod classify;
mod clustered;
mod describe;
mod disparity;
mod distribution;
mod error;
mod exchangeable;
mod foreseen;
mod gate;
mod items;
mod judged;
mod mcnemar;
mod multiplicity;
mod paired;
mod power;
mod proportion;
mod ranks;
mod repeated;
mod resample;
mod sequential;
mod signflip;
mod voting;

pub use agreement::{
    Agreement, Level, Weights, alpha_nominal, cohen_kappa, cohen_kappa_se, gwet_ac1, kappa, krippendorff_alpha,
};
pub use allocation::{neyman, shrunk_within_sd, suite_variance};
pub use beta::{beta_ppf, betabinom_logpmf, betainc};
pub use betabinomial::{BetaBinomial, betabinom_mle, betabinom_pass_at_k, betabinom_pass_hat_k};
pub use classify::{FlakyClass, FlakyRule, Stability, flaky_class};
pub use clustered::{
    Icc, VarianceComponents, ci_clustered, cluster_means, clustered_se_cr0, clustered_se_cr1, clustered_se_miller,
    icc_anova_ci, optimal_trials_per_scenario, variance_components,
};
pub use describe::{mean, paired_se, quantile7, standard_error, unpaired_se};
pub use disparity::{GapStats, GroupEffects, gap_stats, maxt_vs_mean, null_gaps, perm_gap, perm_gap_exact};
pub use distribution::{chi2_sf, norm_cdf, norm_ppf, norm_sf, t_cdf, t_ppf};
pub use error::StatsError;
pub use exchangeable::{Overdispersion, Placed, Trend, perm_overdispersion, perm_trend};
pub use foreseen::{Spread, foreseen_comparison, foreseen_gate};
pub use gate::{Gate, GateRule, GateVerdict, Scope, ci_pseudo_t, gate_ni};
pub use items::{cronbach_alpha, item_rest_corr, never_discriminating, spearman_brown};
pub use judged::{
    Accuracy, Ppi, Rate, Stratum, ppi_lambda, ppi_mean, rogan_gladen, rogan_gladen_ci, rogan_gladen_unclipped,
    stratified_rate, weighted_rate,
};
pub use mcnemar::{mcnemar_exact, mcnemar_midp};
pub use multiplicity::{bh, by, ebh, holm};
pub use paired::{
    PairedComparison, PairedT, Verdict, ci_mean_t, compare_floored, compare_paired, paired_t, unseen_difference,
};
pub use power::{
    Decision, Design, ThresholdVerdict, ni_k_trials_suite, ni_n_scenarios, power_at, power_mde, power_n_scenarios,
    verdict,
};
pub use proportion::{
    Interval, ci_clopper_pearson, ci_jeffreys, ci_wilson, ci_wilson_deff, ci_wilson_stat, zero_failure_n,
};
pub use ranks::{Pairwise, maxt_pairwise_crit, pareto_front, rank_sets};
pub use repeated::{
    Estimate, Repeated, g_pass_at_k, maj_at_k_binary, mg_pass_at_k, outcome_consistency, pass_at_k, pass_hat_k,
    repeated_rate,
};
pub use resample::{Random, Resampling};
pub use sequential::{
    C_GRID, Cap, HybridComparison, HybridGate, Look, SequentialGate, hybrid_compare, hybrid_gate_ni, mix_cs,
    mix_log_e_diff_greater, mix_log_e_greater, mix_log_e_less, seq_gate, seq_gate_ni,
};
pub use signflip::{SignFlip, signflip_exact};
pub use voting::{best_of_k, maj_at_k, voted_rate};
