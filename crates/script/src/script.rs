//! Compiling a script once, and calling its functions.

use crate::world::{Carried, world};
use crate::{Host, Limits, Location, Reply, ScriptError, builtins, convert, guard};
use serde_json::Value as Json;
use starlark::environment::{FrozenModule, Globals, GlobalsBuilder, Module};
use starlark::eval::{BeforeStmtFunc, Evaluator};
use starlark::syntax::{AstModule, Dialect};
use starlark::values::{OwnedFrozenValue, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

static GLOBALS: LazyLock<Globals> = LazyLock::new(|| {
    let mut builder = GlobalsBuilder::standard().with(builtins::builtins).with(guard::guarded);
    builder.namespace("world", world);
    builder.build()
});

/// A frozen module and its functions.
#[derive(Clone)]
pub(crate) struct Compiled {
    functions: Arc<[String]>,
    pub(crate) values: Arc<BTreeMap<String, OwnedFrozenValue>>,
    pub(crate) name: Arc<str>,
    // Keeps what the values point into.
    _module: FrozenModule,
}

impl Compiled {
    pub(crate) fn new(name: &str, source: &str, limits: &Limits, globals: &Globals) -> Result<Self, ScriptError> {
        let dialect = Dialect { enable_load: false, enable_f_strings: false, ..Dialect::Standard };
        let mut ast = AstModule::parse(name, source.to_owned(), &dialect).map_err(|e| located(&e))?;
        guard::prepare(&mut ast)
            .map_err(|(span, message)| ScriptError { at: Some(locate(name, source, span)), message })?;
        let module = Module::with_temp_heap(|module| {
            evaluator(&module, limits)?.eval_module(ast, globals).map_err(|e| located(&e))?;
            module.freeze().map_err(|e| ScriptError { at: None, message: format!("{e:?}") })
        })?;
        let mut values = BTreeMap::new();
        for name in module.names() {
            if let Ok(value) = module.get(name.as_str())
                && value.value().get_type() == "function"
            {
                values.insert(name.as_str().to_owned(), value);
            }
        }
        let functions = values.keys().cloned().collect();
        Ok(Self { functions, values: Arc::new(values), name: name.into(), _module: module })
    }

    pub(crate) fn function(&self, function: &str) -> Result<&OwnedFrozenValue, ScriptError> {
        let missing = || ScriptError { at: None, message: format!("{} has no function `{function}`", self.name) };
        self.values.get(function).ok_or_else(missing)
    }
}

/// A compiled script: a frozen module. Cheap to clone and share between threads; every call has a
/// fresh heap, so that nothing a call does is seen by another.
#[derive(Clone)]
pub struct Script {
    compiled: Compiled,
    world: OwnedFrozenValue,
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Script({}: {})", self.compiled.name, self.functions().join(", "))
    }
}

impl Script {
    /// Compiles a script and runs its top level once, under the same limits as a call.
    ///
    /// # Errors
    /// With place and message: a syntax error, an unknown name, something refused, a limit reached.
    pub fn compile(name: &str, source: &str, limits: &Limits) -> Result<Self, ScriptError> {
        let compiled = Compiled::new(name, source, limits, &GLOBALS)?;
        Ok(Self { compiled, world: namespace_value("world", &GLOBALS)? })
    }

    /// The names of its functions, sorted.
    #[must_use]
    pub fn functions(&self) -> &[String] {
        &self.compiled.functions
    }

    /// Calls a function with `(args, world)`.
    ///
    /// # Errors
    /// When it fails, exceeds a limit, or returns what JSON cannot hold. What it wrote until then
    /// stays written; the caller rolls back.
    pub fn call(
        &self,
        function: &str,
        args: &Json,
        host: &mut dyn Host,
        limits: &Limits,
    ) -> Result<Reply, ScriptError> {
        let function = self.compiled.function(function)?;
        let mut carried = Carried { host, error: None };
        let answer = Module::with_temp_heap(|module| {
            let mut eval = evaluator(&module, limits)?;
            eval.extra_mut = Some(&mut carried);
            let heap = module.heap();
            let function = heap.access_owned_frozen_value(function);
            let world = heap.access_owned_frozen_value(&self.world);
            let args: Value<'_> = heap.alloc(args);
            let returned = eval.eval_function(function, &[args, world], &[]).map_err(|e| located(&e))?;
            convert::to_json(returned, limits.result_bytes)
                .map_err(|e| ScriptError { at: None, message: format!("its result: {e}") })
        });
        match (carried.error, answer) {
            (Some(error), Err(_)) => Ok(Reply::Error(error)),
            (_, Ok(Json::Null)) => Ok(Reply::Pass),
            (_, Ok(result)) => Ok(Reply::Result(result)),
            (None, Err(error)) => Err(error),
        }
    }
}

/// A namespace as a value, by way of a module that names it.
pub(crate) fn namespace_value(name: &str, globals: &Globals) -> Result<OwnedFrozenValue, ScriptError> {
    let fail = |message: String| ScriptError { at: None, message };
    let ast = AstModule::parse(name, format!("host = {name}"), &Dialect::Standard).map_err(|e| located(&e))?;
    let module = Module::with_temp_heap(|module| {
        Evaluator::new(&module).eval_module(ast, globals).map_err(|e| located(&e))?;
        module.freeze().map_err(|e| fail(format!("{e:?}")))
    })?;
    module.get("host").map_err(|e| fail(e.to_string()))
}

/// An evaluator under limits.
pub(crate) fn evaluator<'v, 'a, 'e>(
    module: &'a Module<'v>,
    limits: &Limits,
) -> Result<Evaluator<'v, 'a, 'e>, ScriptError> {
    let fail = |e: anyhow::Error| ScriptError { at: None, message: e.to_string() };
    let mut eval = Evaluator::new(module);
    eval.set_max_callstack_size(limits.recursion.max(2) as usize).map_err(fail)?;
    eval.set_max_heap_size(limits.heap_bytes.max(1)).map_err(fail)?;
    eval.set_max_tick_count(limits.steps.max(1)).map_err(fail)?;
    eval.before_stmt_for_dap(BeforeStmtFunc::from_dyn(Box::new(guard::HeapWatch { limit: limits.heap_bytes })));
    Ok(eval)
}

pub(crate) fn located(error: &starlark::Error) -> ScriptError {
    let span = error
        .span()
        .cloned()
        .or_else(|| error.call_stack().frames.iter().rev().find_map(|frame| frame.location.clone()));
    let at = span.map(|span| {
        let begin = span.resolve_span().begin;
        Location {
            file: span.filename().to_owned(),
            span: (span.span.begin().get() as usize, span.span.end().get() as usize),
            line: begin.line + 1,
            column: begin.column + 1,
        }
    });
    ScriptError { at, message: error.without_diagnostic().to_string() }
}

fn locate(name: &str, source: &str, span: std::ops::Range<usize>) -> Location {
    let before = source.get(..span.start).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    Location {
        file: name.to_owned(),
        span: (span.start, span.end),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}
