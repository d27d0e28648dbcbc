//! The distributions that intervals rest on.

use crate::StatsError;
use crate::beta::{LARGEST, quantile, tails};
use crate::error::require;
use statrs::distribution::{ContinuousCDF, Normal};
use statrs::function::gamma::checked_gamma_ur;

/// The quantile of the standard normal distribution: the z with Φ(z) = `p`.
///
/// Domain: 0 < `p` < 1. Good to 1e-10 relative to scipy's `ndtri`.
///
/// # Errors
/// When `p` is outside its domain.
pub fn norm_ppf(p: f64) -> Result<f64, StatsError> {
    require("p", p, "between 0 and 1, both excluded", p > 0.0 && p < 1.0)?;
    Ok(Normal::standard().inverse_cdf(p))
}

/// The standard normal distribution function Φ(`x`), exact where it is small. NaN for NaN alone.
#[must_use]
pub fn norm_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// The upper tail 1 − Φ(`x`), exact where it is small. NaN for NaN alone.
#[must_use]
pub fn norm_sf(x: f64) -> f64 {
    norm_cdf(-x)
}

/// The upper tail of the χ² distribution: P(X > `x`).
///
/// Domain: `x` ≥ 0, `df` > 0. Unit: a probability.
///
/// # Errors
/// When a parameter is outside its domain.
pub fn chi2_sf(x: f64, df: f64) -> Result<f64, StatsError> {
    require("x", x, "at least 0", x >= 0.0)?;
    degrees(df)?;
    if x == 0.0 || x.is_infinite() {
        return Ok(if x == 0.0 { 1.0 } else { 0.0 });
    }
    checked_gamma_ur(df / 2.0, x / 2.0).map_err(|_| StatsError::Domain { name: "df", value: df, domain: "above 0" })
}

/// The quantile of Student's t with `df` degrees of freedom.
///
/// Domain: 0 < `p` < 1, `df` > 0. Good to 1e-12 relative to its size for the degrees of freedom that suites have.
///
/// # Errors
/// When a parameter is outside its domain.
pub fn t_ppf(p: f64, df: f64) -> Result<f64, StatsError> {
    require("p", p, "between 0 and 1, both excluded", p > 0.0 && p < 1.0)?;
    degrees(df)?;
    // Both tails together, and what is between them; 1 − 2p loses nothing near ½.
    let (both, between) = (2.0 * p.min(1.0 - p), (1.0 - 2.0 * p).abs());
    let y = quantile(between, both, 0.5, df / 2.0);
    // t²/df = y/(1 − y); where y is near 1, from the other end.
    let ratio = if y <= 0.5 {
        y / (1.0 - y)
    } else {
        let x = quantile(both, between, df / 2.0, 0.5);
        (1.0 - x) / x
    };
    Ok((df * ratio).sqrt().copysign(p - 0.5))
}

/// Student's t distribution function with `df` degrees of freedom. Domain: `df` > 0, `t` not NaN. Unit: a probability.
///
/// # Errors
/// When a parameter is outside its domain.
pub fn t_cdf(t: f64, df: f64) -> Result<f64, StatsError> {
    t_sf(-t, df)
}

/// The upper tail of Student's t, exact where it is small.
pub(crate) fn t_sf(t: f64, df: f64) -> Result<f64, StatsError> {
    degrees(df)?;
    require("t", t, "a number", !t.is_nan())?;
    let square = t * t / df;
    // Half of both tails together: I(df/(df + t²); df/2, ½).
    let beyond = 0.5 * tails(df / 2.0, 0.5, 1.0 / (1.0 + square), 1.0 / (1.0 + 1.0 / square)).0;
    Ok(if t > 0.0 { beyond } else { 1.0 - beyond })
}

fn degrees(df: f64) -> Result<(), StatsError> {
    require("df", df, "above 0 and at most 1e100", df > 0.0 && df <= LARGEST)
}
