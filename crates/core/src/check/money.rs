//! Amounts of money in prose, and the other ways to write them.

use super::mutants::facts_of;
use std::ops::Range;

/// Symbol, code and words of a currency.
const CURRENCIES: [(&str, &str, [&str; 2]); 3] =
    [("$", "USD", ["dollars", "dollar"]), ("€", "EUR", ["euros", "euro"]), ("£", "GBP", ["pounds", "pound"])];

/// An amount in a text.
struct Amount {
    /// Where it stands, with what names its currency.
    range: Range<usize>,
    /// Its digits, without thousands' commas.
    number: String,
    currency: usize,
}

/// Other ways to write all amounts of some texts: how the first of them reads then, and the texts. Ways that
/// change nothing are left out.
pub(super) fn spellings(texts: &[&str]) -> Vec<(String, Vec<String>)> {
    let all: Vec<Vec<Amount>> = texts.iter().map(|text| amounts(text)).collect();
    let Some(first) = all.iter().flatten().next() else { return Vec::new() };
    let ways: [fn(&Amount) -> String; 5] = [
        |a| format!("{}{}", CURRENCIES[a.currency].0, cents(&a.number)),
        |a| format!("{} {}", cents(&a.number), CURRENCIES[a.currency].1),
        |a| format!("{} {}", CURRENCIES[a.currency].1, cents(&a.number)),
        |a| format!("{} {}", short(&a.number), CURRENCIES[a.currency].2[0]),
        |a| format!("{}{}", CURRENCIES[a.currency].0, grouped(&cents(&a.number))),
    ];
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for way in ways {
        let rewritten: Vec<String> =
            texts.iter().zip(&all).map(|(text, amounts)| rewrite(text, amounts, way)).collect();
        let known = found.iter().any(|(_, texts)| *texts == rewritten);
        if !known && rewritten.iter().zip(texts).any(|(new, old)| new != old) {
            found.push((way(first), rewritten));
        }
    }
    found
}

fn rewrite(text: &str, amounts: &[Amount], way: fn(&Amount) -> String) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut done = 0;
    for amount in amounts {
        out.push_str(&text[done..amount.range.start]);
        out.push_str(&way(amount));
        done = amount.range.end;
    }
    out.push_str(&text[done..]);
    out
}

fn amounts(text: &str) -> Vec<Amount> {
    let mut found = Vec::new();
    for range in facts_of(text) {
        let number = text[range.clone()].replace(',', "");
        let decimals = number.split_once('.').map_or(0, |(_, part)| part.len());
        if decimals > 2 || !number.bytes().all(|b| b.is_ascii_digit() || b == b'.') || number.matches('.').count() > 1 {
            continue;
        }
        let (before, after) = (&text[..range.start], &text[range.end..]);
        for (currency, (symbol, code, words)) in CURRENCIES.into_iter().enumerate() {
            let names = [code].into_iter().chain(words);
            let named = |name: &str| {
                let rest = after.strip_prefix(' ')?.strip_prefix(name)?;
                (!rest.starts_with(char::is_alphanumeric)).then_some(name.len() + 1)
            };
            let behind = names.into_iter().find_map(named);
            let start = if before.ends_with(symbol) { range.start - symbol.len() } else { range.start };
            if behind.is_some() || start < range.start {
                let range = start..range.end + behind.unwrap_or_default();
                found.push(Amount { range, number, currency });
                break;
            }
        }
    }
    found
}

/// `42` → `42.00`, `88.1` → `88.10`.
fn cents(number: &str) -> String {
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    format!("{whole}.{part:0<2}")
}

/// `42.00` → `42`, `88.10` stays.
fn short(number: &str) -> String {
    let cents = cents(number);
    cents.strip_suffix(".00").map_or_else(|| cents.clone(), str::to_owned)
}

/// `1520.75` → `1,520.75`.
fn grouped(number: &str) -> String {
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let mut out = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if part.is_empty() { out } else { format!("{out}.{part}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_in_every_usual_way() {
        let found = spellings(&["JNT-310098 holds 1520.75 euros, and 20 euros more.", "Bye."]);
        let texts: Vec<&str> = found.iter().map(|(_, texts)| texts[0].as_str()).collect();
        let expected = [
            "JNT-310098 holds €1520.75, and €20.00 more.",
            "JNT-310098 holds 1520.75 EUR, and 20.00 EUR more.",
            "JNT-310098 holds EUR 1520.75, and EUR 20.00 more.",
            "JNT-310098 holds €1,520.75, and €20.00 more.",
        ];
        assert_eq!(texts, expected);
        assert!(found.iter().all(|(_, texts)| texts[1] == "Bye."));
        assert_eq!(found[0].0, "€1520.75");
    }

    #[test]
    fn what_is_no_amount_stays() {
        assert_eq!(spellings(&["At 10:45 on 2026-05-02, 42 kg, version 4.1.9, 10 USDT."]), []);
    }
}
