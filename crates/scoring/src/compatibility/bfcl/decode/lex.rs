//! Python's tokens.

use super::super::text::MAX_DIGITS;
use super::super::value::Int;
use super::DecodeError;
use super::strings;
use super::syntax::Constant;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'s> {
    Name(&'s str),
    Constant(Constant),
    Operator(&'static str),
    /// The end of a line outside of brackets.
    Newline,
}

/// Longer ones first.
const OPERATORS: [&str; 37] = [
    "...", "**", "//", "<<", ">>", "<=", ">=", "==", "!=", ":=", "->", "(", ")", "[", "]", "{", "}", ",", ":", ".",
    "=", "+", "-", "*", "/", "%", "@", "&", "|", "^", "~", "<", ">", ";", "!", "?", "$",
];

/// All tokens of a text, each with where it begins.
pub(super) fn lex(text: &str) -> Result<Vec<(usize, Token<'_>)>, DecodeError> {
    let mut tokens = Vec::new();
    let (mut at, mut open) = (0, 0_usize);
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let error = |what| DecodeError { at, what };
        match c {
            ' ' | '\t' | '\u{c}' => at += 1,
            '\n' => {
                if open == 0 {
                    tokens.push((at, Token::Newline));
                }
                at += 1;
            }
            '\\' if rest.starts_with("\\\n") => at += 2,
            '#' => at += rest.find('\n').unwrap_or(rest.len()),
            _ if strings::prefix(rest).is_some() => {
                let (constant, length) = strings::read(rest).map_err(error)?;
                tokens.push((at, Token::Constant(constant)));
                at += length;
            }
            _ if starts_name(c) => {
                let length = rest.find(|c| !continues_name(c)).unwrap_or(rest.len());
                tokens.push((at, Token::Name(&rest[..length])));
                at += length;
            }
            _ if c.is_ascii_digit() || (c == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) => {
                let (constant, length) = number(rest).ok_or_else(|| error("no number is written so"))?;
                tokens.push((at, Token::Constant(constant)));
                at += length;
            }
            _ => {
                let operator = OPERATORS.iter().find(|operator| rest.starts_with(**operator));
                let operator = operator.ok_or_else(|| error("no token begins so"))?;
                match *operator {
                    "(" | "[" | "{" => open += 1,
                    ")" | "]" | "}" => open = open.saturating_sub(1),
                    _ => {}
                }
                let token =
                    if *operator == "..." { Token::Constant(Constant::Ellipsis) } else { Token::Operator(operator) };
                tokens.push((at, token));
                at += operator.len();
            }
        }
    }
    Ok(tokens)
}

fn starts_name(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

fn continues_name(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// Digits with single underscores between them, without these, and how long they are; none is as well.
fn digits(text: &str, radix: u32) -> (String, usize) {
    let mut out = String::new();
    let mut chars = text.char_indices().peekable();
    let mut end = 0;
    while let Some((at, c)) = chars.next() {
        if c.is_digit(radix) {
            out.push(c);
            end = at + 1;
        } else if c != '_' || at == 0 || end != at || !chars.peek().is_some_and(|(_, next)| next.is_digit(radix)) {
            break;
        }
    }
    (out, end)
}

fn number(text: &str) -> Option<(Constant, usize)> {
    let (constant, length) = radix_number(text).or_else(|| decimal_number(text))?;
    // A name does not begin within a number.
    (!text[length..].starts_with(continues_name)).then_some((constant, length))
}

fn radix_number(text: &str) -> Option<(Constant, usize)> {
    let radix = match text.get(..2)? {
        "0x" | "0X" => 16,
        "0o" | "0O" => 8,
        "0b" | "0B" => 2,
        _ => return None,
    };
    let from = 2 + usize::from(text[2..].starts_with('_'));
    let (digits, length) = digits(&text[from..], radix);
    // Larger ones are not read.
    Some((Constant::Int(Int::from_i128(i128::from_str_radix(&digits, radix).ok()?)), from + length))
}

fn decimal_number(text: &str) -> Option<(Constant, usize)> {
    let (whole, mut at) = digits(text, 10);
    let mut plain = whole.clone();
    let mut float = false;
    if text[at..].starts_with('.') {
        let (fraction, length) = digits(&text[at + 1..], 10);
        plain = format!("{plain}.{fraction}");
        at += 1 + length;
        float = true;
    }
    if text[at..].starts_with(['e', 'E']) {
        let sign = usize::from(text[at + 1..].starts_with(['+', '-']));
        let (power, length) = digits(&text[at + 1 + sign..], 10);
        if length > 0 {
            plain = format!("{plain}e{}{power}", &text[at + 1..at + 1 + sign]);
            at += 1 + sign + length;
            float = true;
        }
    }
    if text[at..].starts_with(['j', 'J']) {
        return Some((Constant::Imaginary(plain.parse().ok()?), at + 1));
    }
    if float {
        return Some((Constant::Float(plain.parse().ok()?), at));
    }
    // Only zero may begin with a zero.
    let octal = whole.starts_with('0') && whole.bytes().any(|b| b != b'0');
    if octal || whole.len() > MAX_DIGITS {
        return None;
    }
    Some((Constant::Int(Int::from_decimal(&whole)?), at))
}
