//! What the engine does not bound by itself.
//!
//! It counts steps and looks at its heap once in a thousand of them; within one step an operator or
//! a method can make a value of any size. So the operators that can are replaced by functions that
//! look first, the methods that can are refused in favour of bounded builtins, and the heap is
//! looked at before every statement.

use crate::convert::within;
use starlark::codemap::FileSpanRef;
use starlark::environment::GlobalsBuilder;
use starlark::eval::{BeforeStmtFuncDyn, Evaluator};
use starlark::starlark_module;
use starlark::syntax::AstModule;
use starlark::syntax::ast::{AssignOp, AstExpr, AstStmt, ExprP, StmtP};
use starlark::values::list::ListRef;
use starlark::values::{Heap, Value};
use std::collections::HashMap;

/// The largest string, in bytes, and eight times the longest list that one operation may make.
pub(crate) const MAX_BYTES: usize = 4 << 20;
/// The longest list or range that one operation may make.
pub(crate) const MAX_ITEMS: usize = MAX_BYTES / 8;

/// The heap beyond which no operation or builtin here makes anything more, whatever the limits.
const MAX_HEAP: usize = 64 << 20;

/// Attributes that could make something huge in one step, and what to use instead.
const REFUSED: &[(&str, &str)] = &[
    ("join", "write join(separator, items)"),
    ("replace", "write replace(text, old, new)"),
    ("format", "write \"… %s …\" % value"),
    ("extend", "write list += items"),
];

/// Operators and the functions in their place.
const OPERATORS: &[(&str, &str)] = &[
    ("+", "__add"),
    ("*", "__multiply"),
    ("%", "__percent"),
    ("<<", "__shift"),
    ("==", "__equal"),
    ("!=", "__unequal"),
];

/// Replaces the operators; finds what is refused, with its byte span.
pub(crate) fn prepare(module: &mut AstModule) -> Result<(), (std::ops::Range<usize>, String)> {
    let mut found = None;
    visit_statement(module.statement(), &mut found);
    if let Some((span, message)) = found {
        return Err((span.begin().get() as usize..span.end().get() as usize, message));
    }
    let operators: HashMap<_, _> =
        OPERATORS.iter().map(|(op, function)| ((*op).to_owned(), (*function).to_owned())).collect();
    module.replace_binary_operators(&operators);
    Ok(())
}

type Found = Option<(starlark::codemap::Span, String)>;

fn visit_statement(statement: &AstStmt, found: &mut Found) {
    statement.visit_expr(|expression| visit_expression(expression, found));
    visit_assignments(statement, found);
}

fn visit_assignments(statement: &AstStmt, found: &mut Found) {
    if let StmtP::AssignModify(_, op, _) = &statement.node
        && !matches!(op, AssignOp::Add | AssignOp::Subtract)
    {
        *found = Some((statement.span, "only += and -= are available: write x = x * y".to_owned()));
    }
    statement.visit_stmt(|inner| visit_assignments(inner, found));
}

fn visit_expression(expression: &AstExpr, found: &mut Found) {
    if let ExprP::Dot(_, name) = &expression.node
        && let Some((_, instead)) = REFUSED.iter().find(|(refused, _)| *refused == name.node)
    {
        *found =
            Some((name.span, format!("`.{}` is not available, because its result has no bound: {instead}", name.node)));
    }
    expression.visit_expr(|inner| visit_expression(inner, found));
}

/// Looks at the heap before every statement.
pub(crate) struct HeapWatch {
    pub(crate) limit: usize,
}

impl<'e> BeforeStmtFuncDyn<'e> for HeapWatch {
    fn call<'v>(&mut self, _: FileSpanRef<'_>, _: bool, eval: &mut Evaluator<'v, '_, 'e>) -> starlark::Result<()> {
        if eval.heap().allocated_bytes() > self.limit {
            return Err(starlark::Error::new_other(anyhow::anyhow!(
                "the heap limit of {} bytes was exceeded",
                self.limit
            )));
        }
        Ok(())
    }
}

/// Refuses when the heap is full already. Within one comprehension there is no statement before
/// which [`HeapWatch`] could look.
pub(crate) fn room(heap: Heap<'_>) -> anyhow::Result<()> {
    if heap.allocated_bytes() > MAX_HEAP {
        anyhow::bail!("the heap limit of {MAX_HEAP} bytes was exceeded");
    }
    Ok(())
}

fn refuse(what: &str) -> starlark::Error {
    starlark::Error::new_other(anyhow::anyhow!("{what} would be larger than {MAX_BYTES} bytes"))
}

fn size(value: Value<'_>) -> usize {
    match (value.unpack_str(), ListRef::from_value(value)) {
        (Some(s), _) => s.len(),
        (None, Some(list)) => list.content().len() * 8,
        _ => crate::convert::items(value).map_or(0, |items| items.len() * 8),
    }
}

/// Whether it is a number whose arithmetic stays small: integers may have up to 64 digits.
fn huge_integer(value: Value<'_>) -> bool {
    value.get_type() == "int" && value.unpack_i32().is_none() && value.to_str().len() > 64
}

#[starlark_module]
pub(crate) fn guarded(builder: &mut GlobalsBuilder) {
    fn __add<'v>(a: Value<'v>, b: Value<'v>, heap: Heap<'v>) -> starlark::Result<Value<'v>> {
        room(heap)?;
        if size(a) + size(b) > MAX_BYTES {
            return Err(refuse("the sum"));
        }
        a.add(b, heap)
    }

    fn __multiply<'v>(a: Value<'v>, b: Value<'v>, heap: Heap<'v>) -> starlark::Result<Value<'v>> {
        room(heap)?;
        if huge_integer(a) || huge_integer(b) {
            return Err(refuse("the product"));
        }
        let times = |sized: Value<'v>, count: Value<'v>| {
            let count = count.unpack_i32().unwrap_or(0).max(0);
            size(sized).saturating_mul(usize::try_from(count).unwrap_or(usize::MAX))
        };
        if times(a, b).max(times(b, a)) > MAX_BYTES {
            return Err(refuse("the product"));
        }
        a.mul(b, heap)
    }

    fn __percent<'v>(a: Value<'v>, b: Value<'v>, heap: Heap<'v>) -> starlark::Result<Value<'v>> {
        room(heap)?;
        if a.unpack_str().is_some() {
            // Each place of the format takes one value at most.
            let places = a.unpack_str().map_or(0, |s| s.matches('%').count());
            let limit = if crate::convert::items(b).is_some() { MAX_BYTES } else { MAX_BYTES / places.max(1) };
            if size(a) > MAX_BYTES || !within(b, limit) {
                return Err(refuse("the text"));
            }
        }
        a.percent(b, heap)
    }

    fn __shift<'v>(a: Value<'v>, b: Value<'v>, heap: Heap<'v>) -> starlark::Result<Value<'v>> {
        if huge_integer(a) || b.unpack_i32().is_none_or(|n| n > 64) {
            return Err(refuse("the shifted number"));
        }
        a.left_shift(b, heap)
    }

    fn __equal<'v>(a: Value<'v>, b: Value<'v>) -> starlark::Result<bool> {
        if !within(a, MAX_BYTES) && !within(b, MAX_BYTES) {
            return Err(refuse("what is compared"));
        }
        a.equals(b)
    }

    fn __unequal<'v>(a: Value<'v>, b: Value<'v>) -> starlark::Result<bool> {
        if !within(a, MAX_BYTES) && !within(b, MAX_BYTES) {
            return Err(refuse("what is compared"));
        }
        a.equals(b).map(|equal| !equal)
    }
}
