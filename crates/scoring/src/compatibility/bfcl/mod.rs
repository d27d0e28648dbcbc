//! BFCL's single-turn checker, with all its quirks.
//!
//! Reproduces the verdicts, and the error types, of the abstract-syntax checker of the Berkeley Function Calling
//! Leaderboard (`bfcl-eval` 2026.3.23, Apache-2.0): the categories simple, multiple, parallel, and both, live or not,
//! for Python, Java and JavaScript, and (ir)relevance. Where the official checker ends with an exception, the
//! verdict is [`Failure::Crash`]: invalid, and told apart.
//!
//! ```
//! use mocktrial_scoring::compatibility::bfcl::{Failure, Item, Names, Value, decode_python};
//!
//! let functions = Value::from_json(
//!     r#"[{"name": "shop.find", "parameters": {
//!         "properties": {"town": {"type": "string"}, "open": {"type": "boolean"}}, "required": ["town"]}}]"#,
//! )?;
//! let answers = Value::from_json(r#"[{"shop.find": {"town": ["New York", "NYC"], "open": [true, ""]}}]"#)?;
//! let item = Item::new("simple_python", &functions, &answers)?;
//!
//! let output = decode_python("shop.find(town='new-york')")?;
//! assert_eq!(item.check(&output, Names::AsDescribed), Ok(()));
//! let output = decode_python("[shop_find(town='NYC', open=1)]")?;
//! assert_eq!(item.check(&output, Names::Underscored), Err(Failure::WrongType));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is quirky
//!
//! - Kinds are exact (`true` is no integer, `1` no float, but for a float parameter itself), while equality is
//!   Python's: `True == 1 == 1.0`.
//! - Texts are compared in lower case and without `space , . / - _ * ^`, one level deep in lists and dicts; a value
//!   of another kind than the declared one, where the answer has that kind (a variable), exactly.
//! - In parallel categories each answer takes the first call that fits, and no other ever gets it back.
//!
//! # What is left out
//!
//! Java and JavaScript *source* is not decoded (the original parses it with tree-sitter; the arguments of calls
//! that have been decoded are checked). Multi-turn and agentic items run code of their own and have no place here.
//! Digits are those of Unicode 14, letters those of the Unicode that Rust knows. Half a surrogate pair is U+FFFD.

mod aggregate;
mod alternatives;
mod declared;
mod decode;
mod failure;
mod item;
mod java;
mod js;
mod json;
#[cfg(test)]
mod tests;
mod text;
mod value;

pub use aggregate::{Accuracy, Overall, overall};
pub use declared::Language;
pub use decode::{DecodeError, decode_calls, decode_python};
pub use failure::{Exception, Failure};
pub use item::{Item, ItemError, Names, check_relevance, is_call};
pub use json::JsonError;
pub use value::{Int, Key, Value};

/// How deep values nest at most. Python stops at about a thousand levels.
pub const MAX_DEPTH: usize = 200;
