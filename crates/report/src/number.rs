//! Numbers as people read them.

/// A rate as a percentage without decimals; never rounded to certainty.
pub(crate) fn percent(rate: f64) -> String {
    let whole = (rate * 100.0).round();
    if rate > 0.0 && whole < 1.0 {
        return "<1".into();
    }
    if rate < 1.0 && whole > 99.0 {
        return ">99".into();
    }
    format!("{whole:.0}")
}

/// A difference of rates in percentage points, with its sign.
pub(crate) fn points(delta: f64) -> String {
    let whole = (delta * 100.0).round();
    if whole == 0.0 { "0".into() } else { format!("{whole:+.0}").replace('-', "\u{2212}") }
}

/// A p-value with the digits that matter.
pub(crate) fn p_value(p: f64) -> String {
    match p {
        p if p < 0.001 => "< 0.001".into(),
        p if p < 0.095 => format!("= {p:.3}"),
        p => format!("= {p:.2}"),
    }
}

/// A count with a thousands sign: 950, 1.2k, 35k, 1.2M.
pub(crate) fn short(n: f64) -> String {
    match n {
        n if n >= 999_500.0 => format!("{:.1}M", n / 1e6),
        n if n >= 9_950.0 => format!("{:.0}k", n / 1e3),
        n if n >= 999.5 => format!("{:.1}k", n / 1e3),
        n if n >= 9.95 || n == n.trunc() => format!("{n:.0}"),
        n => format!("{n:.1}"),
    }
}

/// US dollars with the digits that matter.
pub(crate) fn money(dollars: f64) -> String {
    match dollars {
        0.0 => "$0".into(),
        d if d < 0.0001 => "<$0.0001".into(),
        d if d < 0.1 => format!("${d:.4}"),
        d if d < 100.0 => format!("${d:.2}"),
        d => format!("${d:.0}"),
    }
}

/// A price with all its digits.
pub(crate) fn rate(dollars: f64) -> String {
    let plain = format!("{dollars}");
    match plain.split_once('.') {
        Some((_, cents)) if cents.len() == 1 => format!("${plain}0"),
        _ => format!("${plain}"),
    }
}

/// A time from milliseconds.
pub(crate) fn time(ms: f64) -> String {
    match ms {
        m if m < 0.05 => "0 ms".into(),
        m if m < 9.95 && m != m.trunc() => format!("{m:.1} ms"),
        m if m < 999.5 => format!("{m:.0} ms"),
        m if m < 59_950.0 => format!("{:.1} s", m / 1e3),
        m if m < 3_600_000.0 => format!("{:.0} min {:.0} s", (m / 6e4).floor(), (m % 6e4 / 1e3).floor()),
        m => format!("{:.1} h", m / 3.6e6),
    }
}

/// `1 episode`, `2 episodes`.
pub(crate) fn count(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_the_digits_that_matter() {
        let shorts: Vec<_> = [0.0, 2.25, 12.4, 950.0, 1234.0, 35_000.0, 1_200_000.0].map(short).into();
        assert_eq!(shorts, ["0", "2.2", "12", "950", "1.2k", "35k", "1.2M"]);
        assert_eq!([0.0, 0.001, 0.5, 0.999, 1.0].map(percent), ["0", "<1", "50", ">99", "100"]);
        assert_eq!([0.0, 0.00001, 0.0123, 4.5, 250.0].map(money), ["$0", "<$0.0001", "$0.0123", "$4.50", "$250"]);
        assert_eq!([0.0, 3.0, 4.5, 1.25, 0.0375].map(rate), ["$0", "$3", "$4.50", "$1.25", "$0.0375"]);
        let times = [0.0, 0.04, 0.4, 2.0, 812.0, 2140.0, 95_000.0].map(time);
        assert_eq!(times, ["0 ms", "0 ms", "0.4 ms", "2 ms", "812 ms", "2.1 s", "1 min 35 s"]);
    }
}
