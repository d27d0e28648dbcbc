//! The host object as scripts see it: `world`.

use crate::convert::{items, to_json};
use crate::host::{Host, HostError, Shape, Step};
use serde_json::Value as Json;
use starlark::any::ProvidesStaticType;
use starlark::environment::GlobalsBuilder;
use starlark::eval::Evaluator;
use starlark::starlark_module;
use starlark::values::none::NoneType;
use starlark::values::tuple::UnpackTuple;
use starlark::values::{UnpackValue, Value};

/// The largest value read from the state in one go, in bytes as they are counted here: strings by
/// their length, everything else by a few bytes.
pub(crate) const MAX_READ: usize = 1 << 20;
/// The most keys handed out at once.
const MAX_KEYS: usize = 100_000;

/// What one call of a script carries along.
#[allow(unsafe_code, reason = "the derive expands to an unsafe implementation")]
mod carried {
    use super::{Host, Json, ProvidesStaticType};

    #[derive(ProvidesStaticType)]
    pub(crate) struct Carried<'e> {
        pub(crate) host: &'e mut dyn Host,
        pub(crate) error: Option<Json>,
    }
}
pub(crate) use carried::Carried;

fn carried<'x, 'e>(eval: &'x mut Evaluator<'_, '_, 'e>) -> anyhow::Result<&'x mut Carried<'e>> {
    eval.extra_mut
        .as_mut()
        .and_then(|extra| extra.downcast_mut::<Carried<'e>>())
        .ok_or_else(|| anyhow::anyhow!("`world` can be used while a tool is called, not while the script is loaded"))
}

/// The steps of a path; a list among them stands for its items. Lists within lists are refused: a
/// list may hold itself.
pub(crate) fn path(steps: &[Value<'_>]) -> anyhow::Result<Vec<Step>> {
    let mut path = Vec::with_capacity(steps.len());
    for value in steps {
        match items(*value) {
            Some(inner) => inner.iter().try_for_each(|value| step(*value).map(|step| path.push(step)))?,
            None => path.push(step(*value)?),
        }
    }
    Ok(path)
}

fn step(value: Value<'_>) -> anyhow::Result<Step> {
    if let Some(key) = value.unpack_str() {
        return Ok(Step::Key(key.to_owned()));
    }
    match i64::unpack_value(value) {
        Ok(Some(index)) => Ok(Step::Index(index)),
        _ => anyhow::bail!("a step of a path is a string or an int, not a {}", value.get_type()),
    }
}

fn path_and_value(mut steps: Vec<Value<'_>>) -> anyhow::Result<(Vec<Step>, Json)> {
    let value = steps.pop().ok_or_else(|| anyhow::anyhow!("expected a path and a value"))?;
    Ok((path(&steps)?, to_json(value, MAX_READ)?))
}

fn words(path: &[Step]) -> String {
    let steps: Vec<_> = path
        .iter()
        .map(|step| match step {
            Step::Key(key) => format!("{key:?}"),
            Step::Index(index) => index.to_string(),
        })
        .collect();
    steps.join(", ")
}

/// The functions of `world`.
#[starlark_module]
pub(crate) fn world(builder: &mut GlobalsBuilder) {
    /// The value at a path, converted; `default` (None) where nothing is.
    fn get<'v>(
        #[starlark(args)] at: UnpackTuple<Value<'v>>,
        #[starlark(require = named)] default: Option<Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<Value<'v>> {
        let found = carried(eval)?.host.get(&path(&at.items)?, MAX_READ)?;
        Ok(found.map_or_else(|| default.unwrap_or_else(Value::new_none), |value| eval.heap().alloc(&value)))
    }

    /// Whether something is at a path.
    fn has<'v>(#[starlark(args)] at: UnpackTuple<Value<'v>>, eval: &mut Evaluator<'v, '_, '_>) -> anyhow::Result<bool> {
        Ok(carried(eval)?.host.shape(&path(&at.items)?).is_some())
    }

    /// How many items or members are at a path; 0 where nothing is.
    fn len<'v>(#[starlark(args)] at: UnpackTuple<Value<'v>>, eval: &mut Evaluator<'v, '_, '_>) -> anyhow::Result<i32> {
        let at = path(&at.items)?;
        match carried(eval)?.host.shape(&at) {
            Some(Shape::List(n) | Shape::Object(n)) => Ok(i32::try_from(n)?),
            Some(Shape::Scalar) => anyhow::bail!("what is at ({}) has no length", words(&at)),
            None => Ok(0),
        }
    }

    /// The keys of the object at a path, in its order; none where nothing is.
    fn keys<'v>(
        #[starlark(args)] at: UnpackTuple<Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<Vec<String>> {
        let at = path(&at.items)?;
        let host = &carried(eval)?.host;
        match host.shape(&at) {
            None => Ok(Vec::new()),
            Some(_) => Ok(host.keys(&at, MAX_KEYS)?),
        }
    }

    /// Writes a value (the last argument) at a path: replaces what is there, or adds a key.
    fn set<'v>(
        #[starlark(args)] at: UnpackTuple<Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<NoneType> {
        let (at, value) = path_and_value(at.items)?;
        carried(eval)?.host.set(&at, value)?;
        Ok(NoneType)
    }

    /// Appends a value (the last argument) to the list at a path.
    fn append<'v>(
        #[starlark(args)] at: UnpackTuple<Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<NoneType> {
        let (at, value) = path_and_value(at.items)?;
        carried(eval)?.host.append(&at, value)?;
        Ok(NoneType)
    }

    /// Removes what is at a path.
    fn remove<'v>(
        #[starlark(args)] at: UnpackTuple<Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<NoneType> {
        let at = path(&at.items)?;
        carried(eval)?.host.remove(&at)?;
        Ok(NoneType)
    }

    /// Virtual now, as RFC 3339 text.
    fn now(eval: &mut Evaluator<'_, '_, '_>) -> anyhow::Result<String> {
        Ok(carried(eval)?.host.now())
    }

    /// How often this very call (tool and arguments) occurred before, from 0.
    fn nth(eval: &mut Evaluator<'_, '_, '_>) -> anyhow::Result<i32> {
        Ok(i32::try_from(carried(eval)?.host.nth()).unwrap_or(i32::MAX))
    }

    /// A number between two bounds (both included), seeded by world, tool, arguments and `nth`.
    fn random_int<'v>(
        #[starlark(require = pos)] low: i64,
        #[starlark(require = pos)] high: i64,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<i64> {
        if low > high {
            anyhow::bail!("random_int needs low <= high, got {low} and {high}");
        }
        Ok(carried(eval)?.host.random_int(low, high))
    }

    /// The RFC 3339 time some seconds later.
    fn add_seconds(
        #[starlark(require = pos)] time: &str,
        #[starlark(require = pos)] seconds: i64,
        eval: &mut Evaluator<'_, '_, '_>,
    ) -> anyhow::Result<String> {
        Ok(carried(eval)?.host.add_seconds(time, seconds)?)
    }

    /// The RFC 3339 time some days later; a plain date stays one.
    fn add_days(
        #[starlark(require = pos)] time: &str,
        #[starlark(require = pos)] days: i32,
        eval: &mut Evaluator<'_, '_, '_>,
    ) -> anyhow::Result<String> {
        Ok(carried(eval)?.host.add_seconds(time, i64::from(days) * 86_400)?)
    }

    /// Ends the call: the tool answers with this error (a text, or a value of the author's shape).
    /// What was written before stays written.
    fn error<'v>(
        #[starlark(require = pos)] what: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<NoneType> {
        let what = to_json(what, MAX_READ)?;
        let carried = carried(eval)?;
        let message = HostError(format!("the tool answers with an error: {what}"));
        carried.error = Some(what);
        Err(message.into())
    }
}
