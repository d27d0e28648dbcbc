//! Pure functions that scripts need and the language lacks, and bounded ones in place of its own.

use crate::convert::{items, to_json, within};
use crate::guard::{MAX_BYTES, MAX_ITEMS, room};
use starlark::environment::GlobalsBuilder;
use starlark::starlark_module;
use starlark::values::float::UnpackFloat;
use starlark::values::list::AllocList;
use starlark::values::none::NoneType;
use starlark::values::tuple::UnpackTuple;
use starlark::values::{Heap, Value};

/// The largest value that a message of `fail` shows, and about the longest such message, in bytes.
const MAX_MESSAGE: usize = 4096;

fn elements<'v>(value: Value<'v>) -> anyhow::Result<&'v [Value<'v>]> {
    items(value).ok_or_else(|| anyhow::anyhow!("expected a list, got a {}", value.get_type()))
}

fn bounded(value: Value<'_>) -> anyhow::Result<()> {
    if within(value, MAX_BYTES) {
        Ok(())
    } else {
        anyhow::bail!("the value is larger than {MAX_BYTES} bytes or nests too deep")
    }
}

#[starlark_module]
pub(crate) fn builtins(builder: &mut GlobalsBuilder) {
    /// The sum of a list of numbers; 0 for an empty one.
    fn sum<'v>(#[starlark(require = pos)] numbers: Value<'v>, heap: Heap<'v>) -> starlark::Result<Value<'v>> {
        let mut total = heap.alloc(0);
        for number in elements(numbers)? {
            if !matches!(number.get_type(), "int" | "float") {
                return Err(anyhow::anyhow!("cannot sum a {}", number.get_type()).into());
            }
            total = total.add(*number, heap)?;
        }
        Ok(total)
    }

    /// A number rounded half away from zero to `digits` decimals; an int without decimals.
    fn round<'v>(
        #[starlark(require = pos)] number: UnpackFloat,
        #[starlark(default = 0)] digits: i32,
        heap: Heap<'v>,
    ) -> anyhow::Result<Value<'v>> {
        let scale = 10f64.powi(digits.clamp(0, 12));
        let rounded = (number.0 * scale).round() / scale;
        if !rounded.is_finite() {
            anyhow::bail!("{} cannot be rounded", number.0);
        }
        if digits > 0 {
            return Ok(heap.alloc(rounded));
        }
        if rounded.abs() > 9e15 {
            anyhow::bail!("{rounded} is too large for round");
        }
        #[allow(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
        Ok(heap.alloc(rounded as i64))
    }

    /// A number with two decimals, as prices are written: `money(42)` is `"42.00"`.
    fn money(#[starlark(require = pos)] number: UnpackFloat) -> anyhow::Result<String> {
        Ok(crate::money(number.0))
    }

    /// The strings of a list with a separator between them.
    fn join<'v>(
        #[starlark(require = pos)] separator: &str,
        #[starlark(require = pos)] strings: Value<'v>,
        heap: Heap<'v>,
    ) -> anyhow::Result<String> {
        room(heap)?;
        let mut out = String::new();
        for (i, item) in elements(strings)?.iter().enumerate() {
            let text = item.unpack_str().ok_or_else(|| anyhow::anyhow!("cannot join a {}", item.get_type()))?;
            if out.len() + separator.len() + text.len() > MAX_BYTES {
                anyhow::bail!("the text would be larger than {MAX_BYTES} bytes");
            }
            if i > 0 {
                out.push_str(separator);
            }
            out.push_str(text);
        }
        Ok(out)
    }

    /// A text with every `old` replaced by `new`.
    fn replace<'v>(
        #[starlark(require = pos)] text: &str,
        #[starlark(require = pos)] old: &str,
        #[starlark(require = pos)] new: &str,
        heap: Heap<'v>,
    ) -> anyhow::Result<String> {
        room(heap)?;
        let grown = text.matches(old).count().saturating_mul(new.len());
        if grown.saturating_add(text.len()) > MAX_BYTES {
            anyhow::bail!("the text would be larger than {MAX_BYTES} bytes");
        }
        Ok(text.replace(old, new))
    }

    /// The integers from `start` (0) up to `stop`, by `step`, as a list.
    fn range<'v>(
        #[starlark(require = pos)] a: i32,
        #[starlark(require = pos)] b: Option<i32>,
        #[starlark(require = pos, default = 1)] step: i32,
        heap: Heap<'v>,
    ) -> anyhow::Result<Value<'v>> {
        room(heap)?;
        let (start, stop) = b.map_or((0, i64::from(a)), |b| (i64::from(a), i64::from(b)));
        let step = i64::from(step);
        if step == 0 {
            anyhow::bail!("the step of a range cannot be 0");
        }
        let count = if step > 0 { (stop - start + step - 1) / step } else { (start - stop - step - 1) / -step };
        let count = usize::try_from(count.max(0))?;
        if count > MAX_ITEMS {
            anyhow::bail!("a range has at most {MAX_ITEMS} numbers");
        }
        Ok(heap.alloc(AllocList((0..count as i64).map(|i| start + i * step))))
    }

    /// A value as text.
    fn str<'v>(#[starlark(require = pos)] value: Value<'v>, heap: Heap<'v>) -> anyhow::Result<String> {
        room(heap)?;
        bounded(value)?;
        Ok(value.to_str())
    }

    /// A value as it is written in source.
    fn repr<'v>(#[starlark(require = pos)] value: Value<'v>, heap: Heap<'v>) -> anyhow::Result<String> {
        room(heap)?;
        bounded(value)?;
        Ok(value.to_repr())
    }

    /// A value as JSON text.
    fn to_json_text<'v>(#[starlark(require = pos)] value: Value<'v>, heap: Heap<'v>) -> anyhow::Result<String> {
        room(heap)?;
        Ok(to_json(value, MAX_BYTES)?.to_string())
    }

    /// Ends the script with a message: its author's own error. A value too large to be shown is
    /// named by its type.
    fn fail<'v>(#[starlark(args)] values: UnpackTuple<Value<'v>>) -> anyhow::Result<NoneType> {
        let mut message = String::from("fail:");
        for value in values.items {
            if message.len() > MAX_MESSAGE {
                message.push_str(" …");
                break;
            }
            message.push(' ');
            match value.unpack_str() {
                _ if !within(value, MAX_MESSAGE) => message.push_str(&format!("a large {}", value.get_type())),
                Some(text) => message.push_str(text),
                None => message.push_str(&value.to_repr()),
            }
        }
        Err(anyhow::Error::msg(message))
    }

    fn getattr<'v>(#[starlark(args)] _args: UnpackTuple<Value<'v>>) -> anyhow::Result<Value<'v>> {
        anyhow::bail!("getattr is not available")
    }
}
