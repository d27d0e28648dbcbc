//! Between the engine's values and JSON, within bounds.

use serde_json::{Map, Value as Json};
use starlark::values::dict::DictRef;
use starlark::values::float::UnpackFloat;
use starlark::values::list::ListRef;
use starlark::values::tuple::TupleRef;
use starlark::values::{UnpackValue, Value};

/// How deep a value may nest on its way out of a script: what it read can be handed back.
const MAX_DEPTH: usize = 100;

/// JSON of a value of at most `limit` bytes.
pub(crate) fn to_json(value: Value<'_>, limit: usize) -> anyhow::Result<Json> {
    let mut left = limit;
    convert(value, &mut left, 0, limit)
}

fn convert(value: Value<'_>, left: &mut usize, depth: usize, limit: usize) -> anyhow::Result<Json> {
    let mut spend = |bytes: usize| {
        *left = left.checked_sub(bytes).ok_or_else(|| anyhow::anyhow!("the value is larger than {limit} bytes"))?;
        anyhow::Ok(())
    };
    if depth > MAX_DEPTH {
        anyhow::bail!("the value nests deeper than {MAX_DEPTH} levels");
    }
    if value.is_none() {
        spend(4)?;
        return Ok(Json::Null);
    }
    if let Some(b) = value.unpack_bool() {
        spend(5)?;
        return Ok(Json::Bool(b));
    }
    if let Some(s) = value.unpack_str() {
        spend(s.len() + 2)?;
        return Ok(Json::String(s.to_owned()));
    }
    spend(8)?;
    if let Some(i) = value.unpack_i32() {
        return Ok(Json::from(i));
    }
    if value.get_type() == "int" {
        if let Ok(Some(i)) = i64::unpack_value(value) {
            return Ok(Json::from(i));
        }
        if let Ok(Some(u)) = u64::unpack_value(value) {
            return Ok(Json::from(u));
        }
        anyhow::bail!("an integer is larger than 64 bits");
    }
    if let Ok(Some(UnpackFloat(f))) = UnpackFloat::unpack_value(value) {
        return serde_json::Number::from_f64(f)
            .map(Json::Number)
            .ok_or_else(|| anyhow::anyhow!("{f} is no number in JSON"));
    }
    if let Some(items) = items(value) {
        return items
            .iter()
            .map(|item| convert(*item, left, depth + 1, limit))
            .collect::<anyhow::Result<_>>()
            .map(Json::Array);
    }
    if let Some(dict) = DictRef::from_value(value) {
        let mut map = Map::with_capacity(dict.len());
        for (key, item) in dict.iter() {
            let key = key.unpack_str().ok_or_else(|| anyhow::anyhow!("a key is a {}, not a string", key.get_type()))?;
            *left = left
                .checked_sub(key.len() + 4)
                .ok_or_else(|| anyhow::anyhow!("the value is larger than {limit} bytes"))?;
            map.insert(key.to_owned(), convert(item, left, depth + 1, limit)?);
        }
        return Ok(Json::Object(map));
    }
    anyhow::bail!("a {} cannot be JSON", value.get_type())
}

/// The items of a list or tuple.
pub(crate) fn items<'v>(value: Value<'v>) -> Option<&'v [Value<'v>]> {
    // The references live as long as the heap; only their wrappers are short-lived.
    if let Some(list) = ListRef::from_value(value) {
        return Some(list.content());
    }
    TupleRef::from_value(value).map(|tuple| tuple.content())
}

/// Whether a value, written out, stays within `limit` bytes; walks no further than that.
pub(crate) fn within(value: Value<'_>, limit: usize) -> bool {
    fn fits(value: Value<'_>, left: &mut usize, depth: usize) -> bool {
        let own = value.unpack_str().map_or(8, |s| s.len() + 2);
        let Some(rest) = left.checked_sub(own) else { return false };
        *left = rest;
        if depth > MAX_DEPTH {
            return false;
        }
        if let Some(items) = items(value) {
            return items.iter().all(|item| fits(*item, left, depth + 1));
        }
        if let Some(dict) = DictRef::from_value(value) {
            return dict.iter().all(|(k, v)| fits(k, left, depth + 1) && fits(v, left, depth + 1));
        }
        true
    }
    let mut left = limit;
    fits(value, &mut left, 0)
}
