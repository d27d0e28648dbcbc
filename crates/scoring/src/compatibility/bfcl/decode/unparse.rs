//! Source text of expressions, as `ast.unparse` of Python 3.11 writes it.

use super::super::value::Int;
use super::syntax::{Arguments, Constant, Expression, Node, binding};
use std::fmt::Write;

/// The source text of an expression.
pub(super) fn source(node: &Node<'_>) -> String {
    let mut out = String::new();
    write(node, binding::TEST, &mut out);
    out
}

/// That of a subscript, as the official decoder puts it together: a tuple of indices keeps its parentheses.
pub(super) fn source_of_subscript(node: &Node<'_>) -> String {
    match &node.expression {
        Expression::Subscript(value, index) => format!("{}[{}]", source(value), source(index)),
        _ => source(node),
    }
}

/// Writes an expression where operators bind so tight.
fn write(node: &Node<'_>, around: u8, out: &mut String) {
    let own = tightness(node);
    let closed = around > own;
    out.push_str(if closed { "(" } else { "" });
    write_plain(node, own, out);
    out.push_str(if closed { ")" } else { "" });
}

fn tightness(node: &Node<'_>) -> u8 {
    match &node.expression {
        Expression::Conditional(_) => binding::TEST,
        Expression::Logic("or", _) => binding::OR,
        Expression::Logic(..) => binding::AND,
        Expression::Unary("not", _) => binding::NOT,
        Expression::Compare(..) => binding::COMPARE,
        Expression::Unary(..) => binding::FACTOR,
        Expression::Binary(operator, ..) => binding::of(operator).unwrap_or(binding::ATOM),
        _ => binding::ATOM,
    }
}

fn write_plain(node: &Node<'_>, own: u8, out: &mut String) {
    match &node.expression {
        Expression::Constant(constant) => constant_source(constant, out),
        Expression::Name(name) => out.push_str(name),
        Expression::Attribute(value, name) => {
            write(value, binding::ATOM, out);
            // Without the space the dot would be the number's.
            let integer = matches!(value.expression, Expression::Constant(Constant::Int(_) | Constant::Bool(_)));
            out.push_str(if integer { " ." } else { "." });
            out.push_str(name);
        }
        Expression::Subscript(value, index) => {
            write(value, binding::ATOM, out);
            out.push('[');
            match &index.expression {
                Expression::Tuple(items) if !items.is_empty() => tuple_items(items, out),
                _ => write(index, binding::TEST, out),
            }
            out.push(']');
        }
        Expression::Slice([from, to, step]) => {
            optional(from.as_deref(), "", out);
            out.push(':');
            optional(to.as_deref(), "", out);
            optional(step.as_deref(), ":", out);
        }
        Expression::Call(function, arguments) => {
            write(function, binding::ATOM, out);
            call_arguments(arguments, out);
        }
        Expression::List(items) => listed("[", items, "]", out),
        Expression::Set(items) => listed("{", items, "}", out),
        Expression::Tuple(items) => {
            out.push('(');
            tuple_items(items, out);
            out.push(')');
        }
        Expression::Dict(entries) => dict(entries, out),
        Expression::Starred(value) => {
            out.push('*');
            write(value, binding::BIT_OR, out);
        }
        Expression::Unary(operator, operand) => {
            out.push_str(operator);
            out.push_str(if *operator == "not" { " " } else { "" });
            write(operand, own, out);
        }
        Expression::Binary(operator, left, right) => {
            let (left_least, right_least) = if *operator == "**" { (own + 1, own) } else { (own, own + 1) };
            write(left, left_least, out);
            let _ = write!(out, " {operator} ");
            write(right, right_least, out);
        }
        Expression::Logic(word, operands) => {
            // Each operand is written as if it had to bind tighter than the one before it.
            for (at, (operand, least)) in operands.iter().zip(own + 1..).enumerate() {
                if at > 0 {
                    let _ = write!(out, " {word} ");
                }
                write(operand, least.min(binding::ATOM), out);
            }
        }
        Expression::Compare(first, others) => {
            write(first, own + 1, out);
            for (operator, other) in others {
                let _ = write!(out, " {operator} ");
                write(other, own + 1, out);
            }
        }
        Expression::Conditional(parts) => {
            let [value, condition, otherwise] = parts.as_ref();
            write(value, own + 1, out);
            out.push_str(" if ");
            write(condition, own + 1, out);
            out.push_str(" else ");
            write(otherwise, own, out);
        }
    }
}

fn optional(node: Option<&Node<'_>>, before: &str, out: &mut String) {
    if let Some(node) = node {
        out.push_str(before);
        write(node, binding::TEST, out);
    }
}

fn listed(opening: &str, items: &[Node<'_>], closing: &str, out: &mut String) {
    out.push_str(opening);
    separated(items, out);
    out.push_str(closing);
}

fn separated(items: &[Node<'_>], out: &mut String) {
    for (at, item) in items.iter().enumerate() {
        out.push_str(if at > 0 { ", " } else { "" });
        write(item, binding::TEST, out);
    }
}

fn tuple_items(items: &[Node<'_>], out: &mut String) {
    separated(items, out);
    out.push_str(if items.len() == 1 { "," } else { "" });
}

fn dict(entries: &[(Option<Node<'_>>, Node<'_>)], out: &mut String) {
    out.push('{');
    for (at, (key, value)) in entries.iter().enumerate() {
        out.push_str(if at > 0 { ", " } else { "" });
        match key {
            Some(key) => {
                write(key, binding::TEST, out);
                out.push_str(": ");
                write(value, binding::TEST, out);
            }
            None => {
                out.push_str("**");
                write(value, binding::BIT_OR, out);
            }
        }
    }
    out.push('}');
}

fn call_arguments(arguments: &Arguments<'_>, out: &mut String) {
    out.push('(');
    separated(&arguments.positional, out);
    for (at, (name, value)) in arguments.keywords.iter().enumerate() {
        out.push_str(if at > 0 || !arguments.positional.is_empty() { ", " } else { "" });
        match name {
            Some(name) => {
                let _ = write!(out, "{name}=");
            }
            None => out.push_str("**"),
        }
        write(value, binding::TEST, out);
    }
    out.push(')');
}

fn constant_source(constant: &Constant, out: &mut String) {
    match constant {
        Constant::None => out.push_str("None"),
        Constant::Bool(b) => out.push_str(if *b { "True" } else { "False" }),
        Constant::Int(Int::Small(i)) => {
            let _ = write!(out, "{i}");
        }
        Constant::Int(Int::Big(digits)) => out.push_str(digits),
        Constant::Float(f) => float(*f, true, out),
        Constant::Imaginary(f) => {
            float(*f, false, out);
            out.push('j');
        }
        Constant::Text(text, prefixed) => {
            out.push_str(if *prefixed { "u" } else { "" });
            quoted(&text.chars(), is_printable, out);
        }
        Constant::Bytes(bytes) => {
            out.push('b');
            quoted(&bytes.iter().map(|byte| char::from(*byte)), |c| c.is_ascii() && !c.is_ascii_control(), out);
        }
        Constant::Ellipsis => out.push_str("..."),
    }
}

/// As `repr` does: the shortest digits that read back; with an exponent below 1e-4 and from 1e16.
fn float(f: f64, pointed: bool, out: &mut String) {
    if f.is_infinite() {
        // No literal is infinite; this one is read as if it were.
        out.push_str("1e309");
        return;
    }
    let scientific = format!("{f:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let _ = if (-4..16).contains(&exponent) {
        let plain = format!("{f}");
        write!(out, "{plain}{}", if pointed && !plain.contains('.') { ".0" } else { "" })
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        write!(out, "{mantissa}e{sign}{:02}", exponent.unsigned_abs())
    };
}

/// In single quotes; in double ones where that saves escapes.
fn quoted(chars: &(impl Iterator<Item = char> + Clone), printable: impl Fn(char) -> bool, out: &mut String) {
    let has = |quote: char| chars.clone().any(|c| c == quote);
    let quote = if has('\'') && !has('"') { '"' } else { '\'' };
    out.push(quote);
    for c in chars.clone() {
        let code = u32::from(c);
        let _ = match c {
            '\n' => write!(out, "\\n"),
            '\r' => write!(out, "\\r"),
            '\t' => write!(out, "\\t"),
            '\\' => write!(out, "\\\\"),
            c if c == quote => write!(out, "\\{c}"),
            c if printable(c) => write!(out, "{c}"),
            _ if code < 0x100 => write!(out, "\\x{code:02x}"),
            _ if code < 0x1_0000 => write!(out, "\\u{code:04x}"),
            _ => write!(out, "\\U{code:08x}"),
        };
    }
    out.push(quote);
}

/// Neither control, unassigned nor a separator but the space. Rust escapes by the same rule, and marks where a text
/// begins with one.
fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_control();
    }
    format!("a{c}").escape_debug().skip(1).eq([c])
}
