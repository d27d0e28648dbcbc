//! Numbers within bounds.

use super::{Random, SynthesisError};
use serde_json::{Map, Number, Value};

/// Bounds of a schema as floats: lower (whether exclusive), upper (whether exclusive).
fn bounds(schema: &Map<String, Value>) -> ((Option<f64>, bool), (Option<f64>, bool)) {
    let side = |plain: &str, exclusive: &str, inner: fn(f64, f64) -> bool| {
        let inclusive = schema.get(plain).and_then(Value::as_f64);
        match schema.get(exclusive) {
            // Draft 4 writes a boolean beside the bound.
            Some(Value::Bool(flag)) => (inclusive, *flag),
            Some(Value::Number(n)) => match (inclusive, n.as_f64()) {
                (Some(i), Some(e)) if inner(i, e) => (Some(i), false),
                (_, e) => (e, true),
            },
            _ => (inclusive, false),
        }
    };
    (side("minimum", "exclusiveMinimum", |i, e| i > e), side("maximum", "exclusiveMaximum", |i, e| i < e))
}

/// The bounds as given or, where open, a hundred from the other one.
fn window(schema: &Map<String, Value>) -> (f64, bool, f64, bool) {
    let ((low, above), (high, below)) = bounds(schema);
    let (low, high) = match (low, high) {
        (Some(low), Some(high)) => (low, high),
        (Some(low), None) => (low, low + 100.0),
        (None, Some(high)) => (if high > 0.0 { 0.0 } else { high - 100.0 }, high),
        (None, None) => (0.0, 100.0),
    };
    (low, above, high, below)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "checked to be within 2^63 before")]
pub(super) fn integer(schema: &Map<String, Value>, random: &mut Random) -> Result<Value, SynthesisError> {
    let (low, above, high, below) = window(schema);
    let step = schema.get("multipleOf").and_then(Value::as_f64).filter(|step| *step > 0.0).unwrap_or(1.0);
    // Whole multiples of a fractional step are multiples of a whole one; no step is longer than the
    // range of what is made.
    let whole = (1..=1000).map(|k| step * f64::from(k)).find(|s| *s > 0.5 && s.fract().abs() < 1e-9);
    let step = whole.unwrap_or(step.ceil()).round().clamp(1.0, 1e19) as i128;
    let mut first = (low.clamp(-9.2e18, 9.2e18).ceil()) as i128;
    let mut last = (high.clamp(-9.2e18, 9.2e18).floor()) as i128;
    if above && first as f64 <= low {
        first += 1;
    }
    if below && last as f64 >= high {
        last -= 1;
    }
    if schema.get("maximum").is_none() && schema.get("exclusiveMaximum").is_none() {
        last = last.max(first + step);
    }
    if schema.get("minimum").is_none() && schema.get("exclusiveMinimum").is_none() {
        first = first.min(last - step);
    }
    let (low_k, high_k) = (first.div_euclid(step) + i128::from(first.rem_euclid(step) != 0), last.div_euclid(step));
    if low_k > high_k {
        let keyword = if step > 1 { "multipleOf" } else { "maximum" };
        return Err(SynthesisError::new(keyword, format!("there is no integer from {low} to {high} that fits")));
    }
    let drawn = random.between(low_k, high_k) * step;
    i64::try_from(drawn).map(Value::from).map_err(|_| SynthesisError::new("maximum", "out of the range of 64 bits"))
}

pub(super) fn number(schema: &Map<String, Value>, random: &mut Random) -> Result<Value, SynthesisError> {
    let (low, above, high, below) = window(schema);
    if low > high || (low >= high && (above || below)) {
        return Err(SynthesisError::new("maximum", format!("there is no number from {low} to {high}")));
    }
    #[allow(clippy::cast_precision_loss, reason = "53 bits fit")]
    let unit = (random.bits() >> 11) as f64 / 9_007_199_254_740_992.0;
    let drawn = low + unit * (high - low);
    let fits = |x: f64| (if above { x > low } else { x >= low }) && (if below { x < high } else { x <= high });
    let candidate = match schema.get("multipleOf").and_then(Value::as_f64).filter(|step| *step > 0.0) {
        Some(step) => {
            let inverse = 1.0 / step;
            let of = |k: f64| if inverse.fract() == 0.0 { k / inverse } else { k * step };
            [
                (drawn / step).floor(),
                (drawn / step).ceil(),
                (low / step).ceil(),
                (high / step).floor(),
                (low / step).floor() + 1.0,
            ]
            .into_iter()
            .map(of)
            .find(|x| fits(*x))
            .ok_or_else(|| {
                SynthesisError::new("multipleOf", format!("there is no multiple of {step} from {low} to {high}"))
            })?
        }
        // Prices and measures have two decimals; a narrow window gets what it needs.
        None => [(drawn * 100.0).round() / 100.0, drawn, low / 2.0 + high / 2.0]
            .into_iter()
            .find(|x| fits(*x))
            .unwrap_or(low),
    };
    Number::from_f64(candidate).map(Value::Number).ok_or_else(|| SynthesisError::new("maximum", "not a finite number"))
}
