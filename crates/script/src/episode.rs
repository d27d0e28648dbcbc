//! Grading scripts: a recorded episode as scripts see it, `episode`.

use crate::record::{Moment, Reading, Record};
use crate::script::{Compiled, evaluator, located, namespace_value};
use crate::world::path;
use crate::{Limits, ScriptError, builtins, convert, guard};
use serde_json::Value as Json;
use starlark::any::ProvidesStaticType;
use starlark::environment::{Globals, GlobalsBuilder, Module};
use starlark::eval::Evaluator;
use starlark::starlark_module;
use starlark::values::tuple::UnpackTuple;
use starlark::values::{OwnedFrozenValue, Value};
use std::fmt;
use std::sync::LazyLock;

/// The largest answer handed out in one go, in bytes as the record counts them.
const MAX_READ: usize = 8 << 20;

static GLOBALS: LazyLock<Globals> = LazyLock::new(|| {
    let mut builder = GlobalsBuilder::standard().with(builtins::builtins).with(guard::guarded);
    builder.namespace("episode", episode);
    builder.build()
});

#[allow(unsafe_code, reason = "the derive expands to an unsafe implementation")]
mod carried {
    use super::{ProvidesStaticType, Record};

    /// What one grading carries along.
    #[derive(ProvidesStaticType)]
    pub(super) struct Carried<'e> {
        pub(super) record: &'e dyn Record,
    }
}
use carried::Carried;

/// A compiled script with a function `grade(episode)`. Cheap to clone and share between threads; every
/// grading has a fresh heap.
///
/// ```
/// use mocktrial_script::{GradingScript, Limits};
/// let source = "def grade(episode):\n  return len(episode.calls()) < 3\n";
/// assert!(GradingScript::compile("short.star", source, &Limits::default()).is_ok());
/// ```
#[derive(Clone)]
pub struct GradingScript {
    compiled: Compiled,
    episode: OwnedFrozenValue,
}

impl fmt::Debug for GradingScript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GradingScript({})", self.compiled.name)
    }
}

impl GradingScript {
    /// The function that it must have.
    pub const FUNCTION: &'static str = "grade";

    /// Compiles a script and runs its top level once, under the same limits as a call.
    ///
    /// # Errors
    /// As [`Script::compile`](crate::Script::compile), and where there is no function `grade`.
    pub fn compile(name: &str, source: &str, limits: &Limits) -> Result<Self, ScriptError> {
        let compiled = Compiled::new(name, source, limits, &GLOBALS)?;
        if !compiled.values.contains_key(Self::FUNCTION) {
            return Err(ScriptError { at: None, message: format!("there is no function `{}`", Self::FUNCTION) });
        }
        Ok(Self { compiled, episode: namespace_value("episode", &GLOBALS)? })
    }

    /// What `grade(episode)` returns.
    ///
    /// # Errors
    /// When it fails, exceeds a limit, or returns what JSON cannot hold.
    pub fn grade(&self, record: &dyn Record, limits: &Limits) -> Result<Json, ScriptError> {
        let function = self.compiled.function(Self::FUNCTION)?;
        let mut carried = Carried { record };
        Module::with_temp_heap(|module| {
            let mut eval = evaluator(&module, limits)?;
            eval.extra_mut = Some(&mut carried);
            let heap = module.heap();
            let function = heap.access_owned_frozen_value(function);
            let episode = heap.access_owned_frozen_value(&self.episode);
            let returned = eval.eval_function(function, &[episode], &[]).map_err(|e| located(&e))?;
            convert::to_json(returned, limits.result_bytes)
                .map_err(|e| ScriptError { at: None, message: format!("its result: {e}") })
        })
    }
}

fn record<'e>(eval: &Evaluator<'_, '_, 'e>) -> anyhow::Result<&'e dyn Record> {
    let carried = eval.extra_mut.as_ref().and_then(|extra| extra.downcast_ref::<Carried<'e>>());
    carried.map(|carried| carried.record).ok_or_else(|| {
        anyhow::anyhow!("`episode` can be used while an episode is graded, not while the script is loaded")
    })
}

fn read<'v>(what: Reading, eval: &mut Evaluator<'v, '_, '_>) -> anyhow::Result<Value<'v>> {
    guard::room(eval.heap())?;
    let value = record(eval)?.read(what, MAX_READ)?;
    Ok(eval.heap().alloc(&value))
}

fn state<'v>(
    when: Moment,
    at: &[Value<'v>],
    default: Option<Value<'v>>,
    eval: &mut Evaluator<'v, '_, '_>,
) -> anyhow::Result<Value<'v>> {
    guard::room(eval.heap())?;
    let found = record(eval)?.state(when, &path(at)?, MAX_READ)?;
    Ok(found.map_or_else(|| default.unwrap_or_else(Value::new_none), |value| eval.heap().alloc(&value)))
}

/// The functions of `episode`.
#[starlark_module]
fn episode(builder: &mut GlobalsBuilder) {
    /// The calls, in order.
    fn calls<'v>(eval: &mut Evaluator<'v, '_, '_>) -> anyhow::Result<Value<'v>> {
        read(Reading::Calls, eval)
    }

    /// What the agent said, in order.
    fn said<'v>(eval: &mut Evaluator<'v, '_, '_>) -> anyhow::Result<Value<'v>> {
        read(Reading::Said, eval)
    }

    /// The answer to the last user message, or None.
    fn answer<'v>(eval: &mut Evaluator<'v, '_, '_>) -> anyhow::Result<Value<'v>> {
        read(Reading::Answer, eval)
    }

    /// The messages of the user, in order.
    fn users<'v>(eval: &mut Evaluator<'v, '_, '_>) -> anyhow::Result<Value<'v>> {
        read(Reading::Users, eval)
    }

    /// All events, as they are written.
    fn events<'v>(eval: &mut Evaluator<'v, '_, '_>) -> anyhow::Result<Value<'v>> {
        read(Reading::Events, eval)
    }

    /// The changes of the state, in order.
    fn changes<'v>(eval: &mut Evaluator<'v, '_, '_>) -> anyhow::Result<Value<'v>> {
        read(Reading::Changes, eval)
    }

    /// The world's tools.
    fn tools<'v>(eval: &mut Evaluator<'v, '_, '_>) -> anyhow::Result<Value<'v>> {
        read(Reading::Tools, eval)
    }

    /// What the accepted references did.
    fn references<'v>(eval: &mut Evaluator<'v, '_, '_>) -> anyhow::Result<Value<'v>> {
        read(Reading::References, eval)
    }

    /// The value at a path of the final state; `default` (None) where nothing is.
    fn state<'v>(
        #[starlark(args)] at: UnpackTuple<Value<'v>>,
        #[starlark(require = named)] default: Option<Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<Value<'v>> {
        self::state(Moment::Final, &at.items, default, eval)
    }

    /// The value at a path of the initial state.
    fn initial<'v>(
        #[starlark(args)] at: UnpackTuple<Value<'v>>,
        #[starlark(require = named)] default: Option<Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<Value<'v>> {
        self::state(Moment::Initial, &at.items, default, eval)
    }

    /// The value at a path of the state after an event.
    fn state_after<'v>(
        #[starlark(require = pos)] seq: i32,
        #[starlark(args)] at: UnpackTuple<Value<'v>>,
        #[starlark(require = named)] default: Option<Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<Value<'v>> {
        let seq = u32::try_from(seq).map_err(|_| anyhow::anyhow!("there is no event {seq}"))?;
        self::state(Moment::After(seq), &at.items, default, eval)
    }

    /// The value at a path of the state that a reference left.
    fn reference_state<'v>(
        #[starlark(require = pos)] index: i32,
        #[starlark(args)] at: UnpackTuple<Value<'v>>,
        #[starlark(require = named)] default: Option<Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<Value<'v>> {
        let index = usize::try_from(index).map_err(|_| anyhow::anyhow!("there is no reference {index}"))?;
        self::state(Moment::Reference(index), &at.items, default, eval)
    }
}
