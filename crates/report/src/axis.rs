//! An interval drawn on the axis from 0 to 100 %.

use mocktrial_analysis::Estimate;

/// `│  ├──●──┤  │`, in `width` columns of which the ends are 0 and 100 %.
pub(crate) fn interval(estimate: &Estimate, width: usize) -> String {
    let last = width.max(11) - 1;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "columns")]
    let at = |rate: f64| (rate.clamp(0.0, 1.0) * last as f64).round() as usize;
    let (low, value, high) = (at(estimate.low), at(estimate.value), at(estimate.high));
    (0..=last)
        .map(|column| match column {
            c if c == value => '●',
            c if c == low => '├',
            c if c == high => '┤',
            c if c > low && c < high => '─',
            0 => '│',
            c if c == last => '│',
            c if c * 2 == last => '·',
            _ => ' ',
        })
        .collect()
}

/// The labels above such an axis, as wide as it is.
pub(crate) fn scale(width: usize) -> String {
    let width = width.max(11);
    let middle = (width / 2).saturating_sub(1);
    format!("0{}50{}100 %", " ".repeat(middle - 1), " ".repeat(width.saturating_sub(middle + 2 + 5)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_stands_where_it_is_on_the_axis() {
        let draw = |value, low, high| interval(&Estimate { value, low, high }, 21);
        assert_eq!(draw(0.5, 0.25, 0.75), "│    ├────●────┤    │");
        assert_eq!(draw(0.0, 0.0, 0.1), "●─┤       ·         │");
        assert_eq!(draw(1.0, 0.8, 1.0), "│         ·     ├───●");
        assert_eq!(scale(21), "0        50     100 %");
    }
}
