//! From what a model wrote to calls.

mod arithmetic;
mod lex;
mod parse;
mod resolve;
mod strings;
mod syntax;
mod unparse;

use super::value::{Key, Value};

/// Why nothing could be read from what a model wrote; the official error is
/// [`Failure::DecoderFailed`](super::Failure::DecoderFailed), whatever the cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no calls can be read at byte {at} (`[` added where it was missing): {what}")]
pub struct DecodeError {
    /// Where, in bytes from the beginning of the text as it is parsed: stripped, its brackets added, `\r\n` and `\r`
    /// read as `\n`. The text's beginning for what is only found out later.
    pub at: usize,
    /// What is wrong there.
    pub what: &'static str,
}

/// Reads the text of a prompted model as Python: a list of calls, whose brackets may be missing.
///
/// Only keyword arguments are kept; names stand for themselves, nested calls without keywords and subscripts for
/// their source text, nested calls with keywords for `{name: {…}}`; `-`, and for the original every other unary
/// operator too, negates a literal; binary operators are computed.
///
/// Three limits are this reader's own. Brackets and operators nest at most 100 deep. Binary operators are computed
/// on literals only: integers below 2^127, floats, texts to 10 000 bytes, lists and tuples that are joined; the
/// original has Python compute whatever stands there. And lambdas, comprehensions, `:=`, `await`, `yield`,
/// f-strings and `\N{…}` are refused wherever they stand, though the original drops them with the positional
/// argument they are. Identifiers are not normalised (NFKC).
///
/// # Errors
///
/// Where the text is no such list.
pub fn decode_python(text: &str) -> Result<Value<'static>, DecodeError> {
    let text = text.trim_matches(['`', '\n', ' ']);
    let opening = if text.starts_with('[') { "" } else { "[" };
    let closing = if text.ends_with(']') { "" } else { "]" };
    let whole = format!("{opening}{text}{closing}").replace("\r\n", "\n").replace('\r', "\n");
    resolve::calls(&parse::parse(&lex::lex(&whole)?)?)
}

/// Reads the calls of a model with native tool calls, as its handlers store them: a list of
/// `{name: "arguments as JSON"}`.
///
/// # Errors
///
/// Where it is no such list, or arguments are no JSON. What the JSON is, is for the checker.
pub fn decode_calls<'v>(output: &'v Value<'_>) -> Result<Value<'v>, DecodeError> {
    let failed = |what| DecodeError { at: 0, what };
    let calls = output.as_list().ok_or_else(|| failed("it is no list of calls"))?;
    let read = |call: &'v Value<'_>| {
        let Some([(Key::Text(name), Value::Str(arguments)), ..]) = call.as_dict() else {
            return Err(failed("a call is no dict of a name and arguments as a JSON text"));
        };
        let arguments = Value::from_json(arguments).map_err(|e| failed(e.what))?;
        Ok(Value::Dict(vec![(Key::Text(name.as_ref().into()), arguments)]))
    };
    Ok(Value::List(calls.iter().map(read).collect::<Result<_, _>>()?))
}
