//! Where something begins to hold.

use crate::AnalysisError;

/// The least number from `first` to `last` for which `holds`, where it holds for all numbers from there on; `None` where it
/// does not hold for `last`.
pub(super) fn least(
    first: u64,
    last: u64,
    holds: impl Fn(u64) -> Result<bool, AnalysisError>,
) -> Result<Option<u64>, AnalysisError> {
    if holds(first)? {
        return Ok(Some(first));
    }
    let (mut without, mut with) = (first, first.saturating_mul(2).min(last));
    while !holds(with)? {
        if with == last {
            return Ok(None);
        }
        (without, with) = (with, with.saturating_mul(2).min(last));
    }
    while with - without > 1 {
        let middle = without + (with - without) / 2;
        if holds(middle)? { with = middle } else { without = middle }
    }
    Ok(Some(with))
}

/// The end in [0, 1] of where a true difference is `missed`, where everything above it is not.
pub(super) fn greatest_missed(missed: impl Fn(f64) -> Result<bool, AnalysisError>) -> Result<f64, AnalysisError> {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if missed(middle)? { low = middle } else { high = middle }
    }
    Ok(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_number_is_found_from_the_first_to_the_last() {
        let of = |from: u64| least(2, 1000, |n| Ok(n >= from)).unwrap();
        assert_eq!([0, 2, 3, 4, 5, 37, 512, 999, 1000].map(of), [2, 2, 3, 4, 5, 37, 512, 999, 1000].map(Some));
        assert_eq!(of(1001), None);
        assert!((greatest_missed(|x| Ok(x < 0.3)).unwrap() - 0.3).abs() < 1e-9);
    }
}
