//! Values that are nearly right.

use super::super::schema::{DEPTH, Part};
use super::super::siblings::Siblings;
use jiff::ToSpan as _;
use jiff::civil::Date;
use mocktrial_trajectory::Pointer;
use serde_json::{Number, Value};

/// How many near misses an argument gets.
const EACH: usize = 2;

/// An argument, or a part of one, and what it nearly is.
pub(super) struct NearMiss {
    pub(super) at: Pointer,
    pub(super) from: Value,
    /// `None` where the argument is left out.
    pub(super) to: Option<Value>,
}

/// Near misses of a call's arguments: for each part that is no map at most two, those first that the
/// tool's schema allows, for those reach the world; one that it refuses only where there is no other.
pub(super) fn near_misses(
    args: &Value,
    schema: Option<Part<'_>>,
    siblings: &Siblings,
    choice: u64,
    valid: &dyn Fn(&Value) -> bool,
) -> Vec<NearMiss> {
    let mut parts = Vec::new();
    leaves(args, schema, &Pointer::default(), 0, &mut parts);
    let mut found = Vec::new();
    for (at, value, schema, optional) in parts {
        let mut candidates: Vec<Option<Value>> = near(value, schema, siblings, choice).into_iter().map(Some).collect();
        if optional {
            candidates.push(None);
        }
        let mut once: Vec<Option<Value>> = vec![Some(value.clone())];
        candidates.retain(|c| {
            !once.contains(c) && {
                once.push(c.clone());
                true
            }
        });
        let fits = |c: &Option<Value>| valid(&changed(args, &at, c.as_ref()));
        let (mut good, bad): (Vec<_>, Vec<_>) = candidates.into_iter().partition(fits);
        if good.is_empty() {
            good.extend(bad.into_iter().take(1));
        }
        let chosen = good.into_iter().take(EACH);
        found.extend(chosen.map(|to| NearMiss { at: at.clone(), from: value.clone(), to }));
    }
    found
}

/// Arguments with one part changed, or left out.
pub(super) fn changed(args: &Value, at: &Pointer, to: Option<&Value>) -> Value {
    let mut args = args.clone();
    match (to, at.0.split_last()) {
        (Some(to), _) => {
            if let Some(place) = args.pointer_mut(&at.to_string()) {
                place.clone_from(to);
            }
        }
        (None, Some((key, above))) => {
            let above = args.pointer_mut(&Pointer(above.to_vec()).to_string());
            if let Some(map) = above.and_then(Value::as_object_mut) {
                map.shift_remove(key);
            }
        }
        (None, None) => {}
    }
    args
}

type Leaf<'v, 's> = (Pointer, &'v Value, Option<Part<'s>>, bool);

fn leaves<'v, 's>(
    value: &'v Value,
    schema: Option<Part<'s>>,
    at: &Pointer,
    depth: usize,
    found: &mut Vec<Leaf<'v, 's>>,
) {
    match value {
        Value::Object(map) if depth < DEPTH => {
            for (key, inner) in map {
                let part = schema.and_then(|s| s.property(key));
                let at = at.child(key);
                let optional = schema.is_some_and(|s| s.properties().is_some() && !s.requires(key));
                match inner {
                    Value::Object(_) => leaves(inner, part, &at, depth + 1, found),
                    Value::Array(items) => {
                        found.push((at.clone(), inner, part, optional));
                        // What holds of the first entry mostly holds of all.
                        if let Some(Value::Object(_)) = items.first() {
                            leaves(&items[0], part.and_then(Part::items), &at.child(0), depth + 1, found);
                        }
                    }
                    _ => found.push((at, inner, part, optional)),
                }
            }
        }
        _ => {}
    }
}

/// What a value nearly is, the likeliest first.
fn near(value: &Value, schema: Option<Part<'_>>, siblings: &Siblings, choice: u64) -> Vec<Value> {
    let options = schema.map_or(&[] as &[Value], Part::options);
    if options.len() > 1 {
        let at = options.iter().position(|o| o == value).map_or(0, |i| i + 1);
        return (0..options.len()).map(|i| options[(at + i) % options.len()].clone()).filter(|o| o != value).collect();
    }
    match value {
        Value::Bool(b) => vec![Value::Bool(!b)],
        Value::Number(number) => near_number(&number.to_string()).into_iter().map(Value::Number).collect(),
        Value::String(text) => {
            let sibling = siblings.another(text, choice).map(str::to_owned);
            sibling.into_iter().chain(near_text(text)).map(Value::from).collect()
        }
        Value::Array(items) if !items.is_empty() => vec![Value::from(items[..items.len() - 1].to_vec())],
        _ => Vec::new(),
    }
}

/// One more in the last place, ten times as much, one less, the other sign.
fn near_number(text: &str) -> Vec<Number> {
    let bumped = bump(text);
    let tenfold = match text.split_once('.') {
        Some((whole, part)) if part.len() > 1 => format!("{whole}{}.{}", &part[..1], &part[1..]),
        Some((whole, part)) => format!("{whole}{part}"),
        None => format!("{text}0"),
    };
    let sign = text.strip_prefix('-').map_or_else(|| format!("-{text}"), str::to_owned);
    let less = text.parse::<i64>().ok().and_then(|n| n.checked_sub(1)).map(|n| n.to_string());
    let plain = |text: &String| text.parse::<f64>().is_ok_and(f64::is_finite);
    let all = bumped.into_iter().chain([tenfold]).chain(less).chain([sign]);
    all.filter(plain).filter_map(|text| serde_json::from_str(strip(&text)).ok()).collect()
}

/// A number without zeros before it, as JSON wants it.
fn strip(text: &str) -> &str {
    let rest = text.trim_start_matches('0');
    if rest.is_empty() || rest.starts_with('.') { &text[text.len() - rest.len() - 1..] } else { rest }
}

/// Digits, perhaps with a point, one higher in their last place: `42` → `43`, `137.85` → `137.86`.
/// `None` where there is anything else in the text.
pub(super) fn bump(text: &str) -> Option<String> {
    let digits = |c: &char| c.is_ascii_digit();
    let sound = text.chars().filter(|c| !c.is_ascii_digit()).count() <= 1 && text.ends_with(|c: char| digits(&c));
    if !sound || !text.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let mut out: Vec<char> = text.chars().collect();
    for c in out.iter_mut().rev().filter(|c| **c != '.') {
        match *c {
            '9' => *c = '0',
            digit => {
                *c = char::from_digit(digit.to_digit(10)? + 1, 10)?;
                return Some(out.into_iter().collect());
            }
        }
    }
    Some(std::iter::once('1').chain(out).collect())
}

/// What a text nearly is: a day later, an hour later, another digit, without its last letter.
pub(super) fn near_text(text: &str) -> Vec<String> {
    let day = text.parse::<Date>().ok().filter(|_| text.len() == 10).and_then(|d| d.checked_add(1.day()).ok());
    if let Some(day) = day {
        return vec![day.to_string()];
    }
    if let Some(time) = an_hour_later(text) {
        return vec![time];
    }
    let shorter: String = text.chars().take(text.chars().count().saturating_sub(1)).collect();
    let shorter = Some(shorter).filter(|s| !s.trim().is_empty());
    let digit = other_digit(text);
    let letter = other_letter(text);
    // An id is most easily mistaken by a digit, prose by a letter.
    let id = text.len() <= 24 && !text.contains(' ') && digit.is_some();
    let order = if id { [digit, shorter, letter] } else { [shorter, letter, digit] };
    order.into_iter().flatten().filter(|other| other != text).collect()
}

fn an_hour_later(text: &str) -> Option<String> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    let hour = hours.parse::<u32>().ok().filter(|h| two(hours) && two(minutes) && *h < 24)?;
    Some(format!("{:02}:{minutes}", (hour + 1) % 24))
}

/// The text with its last digit one higher.
pub(super) fn other_digit(text: &str) -> Option<String> {
    let at = text.rfind(|c: char| c.is_ascii_digit())?;
    let digit = (text[at..].chars().next()?.to_digit(10)? + 1) % 10;
    Some(format!("{}{digit}{}", &text[..at], &text[at + 1..]))
}

/// The text with its last Latin letter replaced by the next one.
fn other_letter(text: &str) -> Option<String> {
    let at = text.rfind(|c: char| c.is_ascii_alphabetic())?;
    let letter = match text[at..].chars().next()? {
        'z' => 'a',
        'Z' => 'A',
        c => char::from_u32(u32::from(c) + 1)?,
    };
    Some(format!("{}{letter}{}", &text[..at], &text[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mocktrial_trajectory::ToolSpec;
    use proptest::prelude::*;
    use serde_json::json;

    fn texts(number: &str) -> Vec<String> {
        near_number(number).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn numbers_are_missed_by_one_in_their_last_place_by_ten_times_and_by_sign() {
        assert_eq!(texts("42"), ["43", "420", "41", "-42"]);
        assert_eq!(texts("137.85"), ["137.86", "1378.5", "-137.85"]);
        assert_eq!(texts("0.5"), ["0.6", "5", "-0.5"]);
        assert_eq!(texts("9.99"), ["10.00", "99.9", "-9.99"]);
        assert_eq!(texts("0"), ["1", "0", "-1", "-0"]);
        assert_eq!(texts("-3"), ["-30", "-4", "3"]);
    }

    #[test]
    fn texts_are_missed_by_a_day_an_hour_a_digit_or_a_letter() {
        assert_eq!(near_text("2026-02-28"), ["2026-03-01"]);
        assert_eq!(near_text("23:15"), ["00:15"]);
        assert_eq!(near_text("W-1001"), ["W-1002", "W-100", "X-1001"]);
        assert_eq!(near_text("Dentist"), ["Dentis", "Dentisu"]);
        assert_eq!(near_text("é"), [] as [&str; 0]);
    }

    #[test]
    fn what_the_schema_allows_comes_first_and_what_is_optional_may_be_left_out() {
        let tool = ToolSpec {
            name: "order".into(),
            description: None,
            input_schema: json!({
                "type": "object",
                "properties": {
                    "count": {"type": "integer", "maximum": 12},
                    "size": {"enum": ["s", "m", "l"]},
                    "gift": {"type": "boolean"},
                    "items": {"type": "array", "items": {"type": "object", "properties": {"sku": {"type": "string"}}, "required": ["sku"]}},
                },
                "required": ["count", "size", "items"],
            }),
            output_schema: None,
            strict: None,
            freeform: None,
            annotations: mocktrial_trajectory::ToolAnnotations::default(),
        };
        let args = json!({"count": 12, "size": "m", "gift": true, "items": [{"sku": "lamp"}, {"sku": "pan"}]});
        let validator = jsonschema::validator_for(&tool.input_schema).unwrap();
        let found =
            near_misses(&args, Some(Part::of(&tool)), &Siblings::default(), 0, &|value| validator.is_valid(value));
        let shown: Vec<String> = found
            .iter()
            .map(|m| format!("{} {}", m.at, m.to.as_ref().map_or_else(|| "nothing".to_owned(), Value::to_string)))
            .collect();
        let expected = [
            "/count 11",
            "/count -12",
            "/size \"l\"",
            "/size \"s\"",
            "/gift false",
            "/gift nothing",
            "/items [{\"sku\":\"lamp\"}]",
            "/items/0/sku \"lam\"",
            "/items/0/sku \"lamq\"",
        ];
        assert_eq!(shown, expected);
    }

    proptest! {
        #[test]
        fn a_near_miss_is_never_the_value_itself(text in ".{0,30}", number in any::<f64>()) {
            prop_assert!(near_text(&text).iter().all(|other| *other != text));
            let args = json!({"text": text, "number": number, "list": [text, number]});
            for miss in near_misses(&args, None, &Siblings::of(&args), 3, &|_| true) {
                prop_assert_ne!(miss.to.as_ref(), Some(&miss.from));
                prop_assert_ne!(changed(&args, &miss.at, miss.to.as_ref()), args.clone());
            }
        }
    }
}
