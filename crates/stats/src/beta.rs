//! The beta function, its incomplete integral and the inverse of that.
//!
//! Own code where a library would do: the ones at hand lose digits in ln B for large arguments (a difference of large
//! logarithms), and intervals for thousands of trials need them.

use crate::StatsError;
use crate::describe::float;
use crate::error::require;

/// ½·ln 2π.
const HALF_LN_TAU: f64 = 0.918_938_533_204_672_7;

/// The largest parameter whose products with itself are numbers.
pub(crate) const LARGEST: f64 = 1e100;

/// Terms of the continued fraction before it is taken as it is; it needs about the root of the larger parameter.
const MOST_TERMS: u32 = 20_000;

/// ln Γ(x) − ((x − ½)·ln x − x + ½·ln 2π) for x ≥ 10, to the last digit.
fn stirling(x: f64) -> f64 {
    let y = 1.0 / (x * x);
    let series = [-691.0 / 360_360.0, 1.0 / 1188.0, -1.0 / 1680.0, 1.0 / 1260.0, -1.0 / 360.0, 1.0 / 12.0];
    series.iter().fold(1.0 / 156.0, |sum, term| sum * y + term) / x
}

/// ln B(a, b) = ln Γ(a) + ln Γ(b) − ln Γ(a + b), for a, b > 0, without the difference of large numbers.
pub(crate) fn ln_beta(a: f64, b: f64) -> f64 {
    let (a, b) = (a.min(b), a.max(b));
    let sum = a + b;
    if b < 10.0 {
        libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(sum)
    } else if a < 10.0 {
        libm::lgamma(a) + stirling(b) - stirling(sum) - (b - 0.5) * (a / b).ln_1p() - a * (sum.ln() - 1.0)
    } else {
        HALF_LN_TAU + stirling(a) + stirling(b) - stirling(sum) + (a - 0.5) * (a / sum).ln()
            - 0.5 * sum.ln()
            - (b - 0.5) * (a / b).ln_1p()
    }
}

/// ln C(n, k) for 0 ≤ k ≤ n.
pub(crate) fn ln_choose(n: f64, k: f64) -> f64 {
    -(n + 1.0).ln() - ln_beta(n - k + 1.0, k + 1.0)
}

/// e − ln(1 + e), exact where e is small.
fn excess(e: f64) -> f64 {
    if e.abs() > 0.1 {
        return e - e.ln_1p();
    }
    // Σ (−e)ⁱ/i from i = 2; eighteen terms leave less than 1e-18.
    let mut sum = 0.0;
    for i in (2..=19_u32).rev() {
        sum = 1.0 / f64::from(i) - e * sum;
    }
    e * e * sum
}

/// xᵃ·yᵇ / B(a, b) with y = 1 − x, both above 0.
fn power_term(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let sum = a + b;
    if a < 10.0 || b < 10.0 {
        let (ln_x, ln_y) = (if x > 0.5 { (-y).ln_1p() } else { x.ln() }, if y > 0.5 { (-x).ln_1p() } else { y.ln() });
        return (a * ln_x + b * ln_y - ln_beta(a, b)).exp();
    }
    // Around the peak at a/(a + b) the large logarithms cancel; said as deviations from it, they never appear.
    let off = x * b - y * a;
    let fall = a * excess(off / a) + b * excess(-off / b);
    let scale = (a / sum * b / std::f64::consts::TAU).sqrt();
    scale * (stirling(sum) - stirling(a) - stirling(b) - fall).exp()
}

/// The continued fraction of Iₓ(a, b) (DiDonato and Morris 1992), by Lentz's method.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    let safe = |v: f64| if v.abs() < 1e-300 { 1e-300 } else { v };
    let (mut c, mut d) = (1.0, 1.0 / safe(1.0 - (a + b) * x / (a + 1.0)));
    let mut h = d;
    for m in 1..=MOST_TERMS {
        let m = f64::from(m);
        for term in [
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        ] {
            d = 1.0 / safe(1.0 + term * d);
            c = safe(1.0 + term / c);
            h *= d * c;
        }
        if (d * c - 1.0).abs() < 1e-16 {
            break;
        }
    }
    h
}

/// (Iₓ(a, b), 1 − Iₓ(a, b)), each exact where it is small; y = 1 − x.
pub(crate) fn tails(a: f64, b: f64, x: f64, y: f64) -> (f64, f64) {
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if y <= 0.0 {
        return (1.0, 0.0);
    }
    let term = power_term(a, b, x, y);
    if x < (a + 1.0) / (a + b + 2.0) {
        let lower = (term * fraction(a, b, x) / a).min(1.0);
        (lower, 1.0 - lower)
    } else {
        let upper = (term * fraction(b, a, y) / b).min(1.0);
        (1.0 - upper, upper)
    }
}

pub(crate) fn parameters(a: f64, b: f64) -> Result<(), StatsError> {
    require("a", a, "above 0 and at most 1e100", a > 0.0 && a <= LARGEST)?;
    require("b", b, "above 0 and at most 1e100", b > 0.0 && b <= LARGEST)
}

/// The regularised incomplete beta function Iₓ(a, b): the distribution function of Beta(a, b) at `x`.
///
/// By its continued fraction (DiDonato and Morris 1992, TOMS 708), to about 1e-14. Unit: a probability.
///
/// Domain: `a`, `b` > 0, 0 ≤ `x` ≤ 1.
///
/// # Errors
/// When a parameter is outside its domain.
pub fn betainc(a: f64, b: f64, x: f64) -> Result<f64, StatsError> {
    parameters(a, b)?;
    require("x", x, "between 0 and 1", (0.0..=1.0).contains(&x))?;
    Ok(tails(a, b, x, 1.0 - x).0)
}

/// The quantile of Beta(a, b): the x with Iₓ(a, b) = `p`, by Newton's method kept within a shrinking bracket.
///
/// Domain: 0 ≤ `p` ≤ 1, `a`, `b` > 0. Unit: that of a rate.
///
/// # Errors
/// When a parameter is outside its domain.
pub fn beta_ppf(p: f64, a: f64, b: f64) -> Result<f64, StatsError> {
    parameters(a, b)?;
    require("p", p, "between 0 and 1", (0.0..=1.0).contains(&p))?;
    Ok(quantile(p, 1.0 - p, a, b))
}

/// The x with Iₓ(a, b) = `p`, where `rest` is 1 − p: the smaller of the two says how exact it can be.
pub(crate) fn quantile(p: f64, rest: f64, a: f64, b: f64) -> f64 {
    if p <= 0.0 || rest <= 0.0 {
        return if p <= 0.0 { 0.0 } else { 1.0 };
    }
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    let mut x = a / (a + b);
    for _ in 0..200 {
        let (lower, upper) = tails(a, b, x, 1.0 - x);
        let miss = if p < rest { lower - p } else { rest - upper };
        if miss == 0.0 {
            break;
        }
        if miss < 0.0 {
            low = x;
        } else {
            high = x;
        }
        let slope = power_term(a, b, x, 1.0 - x) / (x * (1.0 - x));
        let newton = x - miss / slope;
        let next = match () {
            () if newton > low && newton < high => newton,
            // Many powers of ten below: four at a time.
            () if low < 1e-8 * high => 1e-4 * high,
            () => f64::midpoint(low, high),
        };
        let step = (next - x).abs();
        x = next;
        if step <= 1e-16 * x || high - low <= f64::EPSILON * low {
            break;
        }
    }
    x
}

/// (P(X ≤ k), P(X = k)) for the binomial of `n` tries with chance ½.
pub(crate) fn fair_binomial(k: u64, n: u64) -> (f64, f64) {
    let (k, n) = (float(k), float(n));
    let at = power_term(k + 1.0, n - k + 1.0, 0.5, 0.5) / (0.25 * (n + 1.0));
    (if k >= n { 1.0 } else { tails(n - k, k + 1.0, 0.5, 0.5).0 }, at)
}

/// ln P(X = k) of the beta-binomial distribution: ln C(n, k) + ln B(k + a, n − k + b) − ln B(a, b).
///
/// Domain: k ≤ n, `a`, `b` > 0. Unit: a natural logarithm.
///
/// # Errors
/// When a parameter is outside its domain.
pub fn betabinom_logpmf(k: u64, n: u64, a: f64, b: f64) -> Result<f64, StatsError> {
    parameters(a, b)?;
    let (k, n) = (float(k), float(n));
    require("k", k, "at most n", k <= n)?;
    Ok(ln_choose(n, k) + ln_beta(k + a, n - k + b) - ln_beta(a, b))
}
