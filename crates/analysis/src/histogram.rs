//! Quantiles of times in constant memory.

/// Counts of times in classes whose bounds grow by half a per cent: a quantile is within a quarter
/// of a per cent of the exact one, however many times there are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Histogram {
    classes: Vec<u64>,
    count: u64,
}

const GROWTH: f64 = 1.005;
/// Milliseconds below which times are not told apart.
const SMALLEST: f64 = 0.001;
/// A class more than any time that can be stored needs: 2^64 ms.
const MOST: usize = 10_300;

impl Histogram {
    pub(crate) fn add(&mut self, ms: f64) {
        if !ms.is_finite() || ms < 0.0 {
            return;
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, and cut at MOST")]
        let class = (((ms / SMALLEST).max(1.0).ln() / GROWTH.ln()).round() as usize).min(MOST);
        if self.classes.len() <= class {
            self.classes.resize(class + 1, 0);
        }
        self.classes[class] += 1;
        self.count += 1;
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The smallest time that at least a share `q` of the times do not exceed.
    pub(crate) fn quantile(&self, q: f64) -> Option<f64> {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a count"
        )]
        let wanted = ((q * self.count as f64).ceil() as u64).max(1);
        let mut seen = 0;
        for (class, n) in self.classes.iter().enumerate() {
            seen += n;
            if seen >= wanted {
                return Some(SMALLEST * GROWTH.powi(i32::try_from(class).unwrap_or(i32::MAX)));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_within_half_a_per_cent_of_the_exact_one() {
        let mut h = Histogram::default();
        for ms in 1..=1000_u32 {
            h.add(f64::from(ms));
        }
        for (q, exact) in [(0.5, 500.0), (0.9, 900.0), (1.0, 1000.0), (0.0, 1.0)] {
            let got = h.quantile(q).unwrap();
            assert!((got / exact - 1.0_f64).abs() < 0.005, "{q}: {got}");
        }
        assert_eq!(Histogram::default().quantile(0.5), None);
    }
}
