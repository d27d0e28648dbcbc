//! What a test of these trials would have missed.

use crate::AnalysisError;
use mocktrial_stats::{norm_ppf, standard_error};

/// How probably a gap must be found for it not to count as missed.
const POWER: f64 = 0.8;

/// The gap that is found with a probability of 0.8 by a test that speaks above `critical`: a gap is estimated with the
/// standard error of a difference of two groups (the root of the mean square over all pairs of them), so a true gap of
/// critical + z₀.₈·se is seen above `critical` in four of five cases. `None` where no pair of groups ever differs.
pub(super) fn below(rows: &[Vec<f64>], critical: f64) -> Result<Option<f64>, AnalysisError> {
    let width = rows.first().map_or(0, Vec::len);
    let (mut squares, mut pairs) = (0.0, 0.0);
    for a in 0..width {
        for b in a + 1..width {
            let differences: Vec<f64> = rows.iter().map(|row| row[a] - row[b]).collect();
            squares += standard_error(&differences)?.powi(2);
            pairs += 1.0;
        }
    }
    if squares <= 0.0 {
        return Ok(None);
    }
    Ok(Some((critical + norm_ppf(POWER)? * (squares / pairs).sqrt()).min(1.0)))
}

/// Where no row treats its groups differently: the share s of units that could do so and be missed altogether in one of five
/// cases, (1 − s)ⁿ = 0.2. `None` where some row does.
#[allow(clippy::cast_precision_loss, reason = "few units")]
pub(super) fn share(rows: &[Vec<f64>]) -> Option<f64> {
    let alike = rows.iter().all(|row| row.iter().all(|v| (v - row[0]).abs() < 1e-12));
    (alike && !rows.is_empty()).then(|| 1.0 - (1.0 - POWER).powf(1.0 / rows.len() as f64))
}

/// The fewest units with which any outcome could be significant. The least p-value is that of the same group best and the
/// same group worst in all units: the first unit may have any of G(G − 1) such pairs, and all others have the same by chance.
pub(super) fn least_units(groups: usize, alpha: f64) -> usize {
    #[allow(clippy::cast_precision_loss, reason = "few groups")]
    let pairs = (groups * groups.saturating_sub(1)).max(2) as f64;
    let mut units = 2;
    let mut p = 1.0 / pairs;
    while p > alpha && units < 1000 {
        units += 1;
        p /= pairs;
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;
    use mocktrial_stats::perm_gap_exact;

    #[test]
    fn the_fewest_units_are_those_with_which_the_exact_test_can_speak() {
        for (groups, least) in [(2_u32, 6), (3, 3)] {
            let row: Vec<f64> = (0..groups).map(|g| f64::from(g) / f64::from(groups - 1)).collect();
            let groups = usize::try_from(groups).unwrap();
            assert_eq!(least_units(groups, 0.05), least);
            assert!(perm_gap_exact(&vec![row.clone(); least]).unwrap() <= 0.05);
            assert!(perm_gap_exact(&vec![row; least - 1]).unwrap() > 0.05);
        }
    }

    #[test]
    fn what_is_missed_follows_the_spread_and_the_number_of_units() {
        let rows: Vec<Vec<f64>> = (0..16).map(|i| if i % 2 == 0 { vec![1.0, 0.5] } else { vec![0.5, 1.0] }).collect();
        let narrow = below(&rows, 0.2).unwrap().unwrap();
        assert!((narrow - (0.2 + 0.8416 * (4.0_f64 / 15.0).sqrt() / 4.0)).abs() < 1e-3, "{narrow}");
        assert!(below(&rows[..4], 0.2).unwrap().unwrap() > narrow);
        assert_eq!(below(&[vec![1.0, 1.0], vec![0.0, 0.0]], 0.0).unwrap(), None);
        let alike = share(&[vec![1.0, 1.0], vec![0.0, 0.0]]).unwrap();
        assert!(((1.0 - alike).powi(2) - 0.2).abs() < 1e-12);
        assert_eq!(share(&rows), None);
    }
}
