//! Starlark under limits, over a host object.
//!
//! A [`Script`] is compiled once; each call of one of its functions gets a fresh heap, the arguments
//! as plain values, and `world`, through which it reads and writes what a [`Host`] keeps. Only what
//! a path addresses is converted, so a call costs the same however large the state is.
//!
//! # For authors of scripts
//!
//! ```python
//! def cancel_order(args, world):
//!     id = args["order_id"]
//!     if not world.has("orders", id):
//!         return None                            # does not apply
//!     if world.get("orders", id, "status") == "shipped":
//!         world.error("Order %s has been shipped." % id)
//!     world.set("orders", id, "status", "cancelled")
//!     world.append("log", {"at": world.now(), "cancelled": id})
//!     return {"ok": True}
//! ```
//!
//! A path is a row of keys and list indices (negative ones count from the end), or a list of them.
//!
//! | call | gives or does |
//! |---|---|
//! | `world.get(*path, default=None)` | the value there, converted (at most 1 MiB) |
//! | `world.has(*path)`, `world.len(*path)`, `world.keys(*path)` | without converting; 0 and `[]` where nothing is |
//! | `world.set(*path, value)` | replaces, or adds a key; the parent must exist |
//! | `world.append(*path, value)`, `world.remove(*path)` | at the end of a list; what is there |
//! | `world.now()`, `world.nth()` | virtual now; how often this very call occurred before |
//! | `world.random_int(low, high)` | seeded by world, tool, arguments and `nth`; both bounds included |
//! | `world.add_seconds(time, n)`, `world.add_days(time, n)` | RFC 3339 text, or a date |
//! | `world.error(text_or_value)` | ends the call: the tool answers with this error; writes stay |
//! | `sum`, `round(x, digits=0)`, `money(x)`, `join(separator, items)`, `replace(text, old, new)`, `to_json_text(x)` | beside Starlark's own `len`, `min`, `max`, `sorted`, `any`, `all`, `zip`, `enumerate` … |
//!
//! A [`GradingScript`] is compiled and limited alike; its function `grade(episode)` reads what a [`Record`]
//! holds, and writes nothing:
//!
//! ```python
//! def grade(episode):
//!     refunds = [c for c in episode.calls() if c["tool"] == "refund_order" and c["succeeded"]]
//!     if len(refunds) != 1:
//!         return {"score": 0, "notes": [{"note": "Not refunded once.", "events": [c["seq"] for c in refunds]}]}
//!     return episode.state_after(refunds[0]["seq"], "orders", "W-1001", "status") == "refunded"
//! ```
//!
//! | call | gives |
//! |---|---|
//! | `episode.calls()` | a list of `seq`, `tool`, `args` (None where they are no object), `text` (as written), `result`, `error` (None, or why it failed), `executed`, `succeeded` |
//! | `episode.said()`, `episode.users()` | lists of `seq` and `text`: what the agent said, beside calls too; the messages of the user |
//! | `episode.answer()` | the answer to the last message, or None |
//! | `episode.state(*path, default=None)`, `episode.initial(*path)` | the value there at the end, and before the first call |
//! | `episode.state_after(seq, *path)` | after an event, and after what the call at that event changed |
//! | `episode.changes()` | a list of `seq`, `call` and `patch` (JSON Patch): the states it passed through |
//! | `episode.references()`, `episode.reference_state(i, *path)` | of each reference its `calls` (`tool`, `args`); the state it left, without what is volatile |
//! | `episode.tools()`, `episode.events()` | as they are written |
//!
//! One answer holds at most 8 MiB. Each is made anew: ask once, outside loops.
//!
//! # Limits
//!
//! The engine counts steps (loop iterations and calls) and looks at the count and at its heap once
//! in a thousand of them, so a limit is met up to a thousand steps late; depth of calls is exact.
//! Within one step it bounds nothing. Therefore `+ * % << == !=` look at the sizes first (4 MiB, or
//! 524,288 items), `range` makes at most that many, `str` and `repr` look first, `.join`,
//! `.replace`, `.format`, `.extend`, `getattr`, f-strings, `load` and augmented assignments other
//! than `+=` and `-=` are refused with what to write instead, the heap is looked at before every
//! statement, `fail` shows no value of more than 4 KiB, and none of these functions makes anything
//! more once it holds 64 MiB. What remains unbounded within one step:
//!
//! - `+=` may double a value that the heap limit allows, and slices, `list` and `sorted` inside one
//!   comprehension may copy up to a thousand large values before the engine looks.
//! - A value that holds another one many times over (`x = [x, x]`, sixty times) is small in the heap
//!   and endless to walk. The engine walks it where it compares (`<`, `in`, `sorted`), where it
//!   hashes a tuple (as a key of a dict) and where an error of its own shows the value (`int(x)`).
//! - It walks by recursion: a value nested some hundred thousand levels deep takes the stack of the
//!   process there, and the process with it.
//!
//! The heap is the engine's arena; the tables of dicts and the room that lists reserve are beside
//! it. So a script can take a multiple of its heap limit for a moment; it is no sandbox against an
//! author who means harm. What an agent sends cannot make a script do any of this that does not
//! build such values by itself.
//!
//! ```
//! use mocktrial_script::{Limits, Script};
//! let script = Script::compile("shop.star", "def hello(args, world):\n  return 1\n", &Limits::default())?;
//! assert_eq!(script.functions(), ["hello"]);
//! let error = Script::compile("shop.star", "def hello(:\n", &Limits::default()).unwrap_err();
//! assert_eq!(error.at.map(|at| at.line), Some(1));
//! # Ok::<(), mocktrial_script::ScriptError>(())
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod builtins;
mod convert;
mod episode;
mod guard;
mod host;
mod record;
mod script;
mod world;

pub use episode::GradingScript;
pub use host::{Host, HostError, Shape, Step};
pub use record::{Moment, Reading, Record};
pub use script::Script;

use serde_json::Value;

/// A number with two decimals, rounded half away from zero, as prices are written: `42` is `42.00`.
/// Templates and scripts write the same.
#[must_use]
pub fn money(number: f64) -> String {
    let cents = (number * 100.0).round() / 100.0;
    // Beyond what hundred times it holds there are no cents to round.
    let rounded = if cents.is_finite() { cents } else { number };
    format!("{rounded:.2}")
}

/// What a script may use in one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Steps: loop iterations and calls.
    pub steps: u64,
    /// Calls within calls.
    pub recursion: u32,
    /// Bytes of the script's heap.
    pub heap_bytes: usize,
    /// Bytes of its result.
    pub result_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: 1_000_000, recursion: 50, heap_bytes: 64 << 20, result_bytes: 1 << 20 }
    }
}

/// Where in a script something is; lines and columns from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The script's name.
    pub file: String,
    /// Byte offsets into the source: from, to.
    pub span: (usize, usize),
    /// Line of the start.
    pub line: usize,
    /// Column of the start.
    pub column: usize,
}

/// What is wrong with a script: its author's doing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", .at.as_ref().map(|at| format!("{}:{}:{}: ", at.file, at.line, at.column)).unwrap_or_default())]
pub struct ScriptError {
    /// Where, if known.
    pub at: Option<Location>,
    /// What.
    pub message: String,
}

/// How a function answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// It returned `None`: it does not apply.
    Pass,
    /// It returned this.
    Result(Value),
    /// It called `world.error(…)`: the tool answers with this error.
    Error(Value),
}
