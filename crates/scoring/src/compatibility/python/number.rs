//! Numbers as Python's `json` reads them: an integer of any size where there is neither fraction nor
//! exponent, else a float.

use serde_json::Number;

/// A number, read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Numeric {
    /// Its decimal digits, with a sign where it is negative. There is one zero.
    Integer(String),
    /// May be infinite (`1e999`), never NaN.
    Float(f64),
}

impl Numeric {
    pub(super) fn of(number: &Number) -> Self {
        let text = number.as_str();
        if text.bytes().any(|b| matches!(b, b'.' | b'e' | b'E')) {
            // JSON's grammar of numbers is within Rust's, so this reads all there are.
            return Self::Float(text.parse().unwrap_or(0.0));
        }
        Self::Integer(if text == "-0" { "0" } else { text }.to_owned())
    }

    /// A text that two numbers share exactly where Python calls them equal, however large they are.
    pub(super) fn class(&self) -> String {
        match self {
            Self::Integer(digits) => digits.clone(),
            // Whole floats are equal to the integer that they are exactly.
            Self::Float(f) if f.fract() == 0.0 => {
                let digits = format!("{f:.0}");
                if digits == "-0" { "0".to_owned() } else { digits }
            }
            Self::Float(f) => format!("{f:e}"),
        }
    }

    /// As `repr` writes it.
    pub(super) fn repr(&self) -> String {
        match self {
            Self::Integer(digits) => digits.clone(),
            Self::Float(f) => float_repr(*f),
        }
    }
}

/// The shortest digits that read back as the same float; with an exponent below 1e-4 and from 1e16.
fn float_repr(f: f64) -> String {
    if f.is_infinite() {
        return if f > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{f:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = format!("{f}");
        return if plain.contains('.') { plain } else { plain + ".0" };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Numeric {
        Numeric::of(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn floats_are_written_as_python_writes_them() {
        // Each pair as `repr(json.loads(text))` of CPython 3.11 has it.
        for (text, repr) in [
            ("1.0", "1.0"),
            ("-0.0", "-0.0"),
            ("-0", "0"),
            ("1e0", "1.0"),
            ("0.1", "0.1"),
            ("0.30000000000000004", "0.30000000000000004"),
            ("1e15", "1000000000000000.0"),
            ("1e16", "1e+16"),
            ("123456789012345680.0", "1.2345678901234568e+17"),
            ("9999999999999998.0", "9999999999999998.0"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("0.000123", "0.000123"),
            ("1.5e-7", "1.5e-07"),
            ("1e100", "1e+100"),
            ("5e-324", "5e-324"),
            ("1.7976931348623157e308", "1.7976931348623157e+308"),
            ("1e999", "inf"),
            ("-1e999", "-inf"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
        ] {
            assert_eq!(read(text).repr(), repr, "{text}");
        }
    }

    #[test]
    fn integers_and_floats_are_equal_only_where_they_are_so_exactly() {
        let same = |a: &str, b: &str| read(a).class() == read(b).class();
        for (a, b) in [("1", "1.0"), ("0", "-0.0"), ("100", "1e2"), ("10000000000000000", "1e16"), ("1e999", "2e999")] {
            assert!(same(a, b), "{a} {b}");
        }
        // 2^53 + 1 is no float; a float's neighbour is another number.
        for (a, b) in [("9007199254740993", "9007199254740992.0"), ("1e999", "1"), ("0.1", "0.10000000000000002")] {
            assert!(!same(a, b), "{a} {b}");
        }
        assert!(same("9007199254740992", "9007199254740993.0"));
    }
}
