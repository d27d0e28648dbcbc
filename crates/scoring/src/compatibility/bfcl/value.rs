//! Values as the checker sees them: Python's, with its equality.

use std::borrow::Cow;

/// An integer of any size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Int {
    /// One that fits.
    Small(i64),
    /// The decimal digits of one that does not, without leading zeros; `-` before a negative one.
    Big(Box<str>),
}

impl Int {
    /// From ASCII digits, after at most one sign. `None` where it is anything else.
    #[must_use]
    pub fn from_decimal(text: &str) -> Option<Self> {
        if let Ok(small) = text.parse::<i64>() {
            return Some(Self::Small(small));
        }
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => ("-", rest),
            None => ("", text.strip_prefix('+').unwrap_or(text)),
        };
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        // Leading zeros may be all that made it too long.
        let text = format!("{sign}{}", digits.trim_start_matches('0'));
        Some(text.parse().map_or_else(|_| Self::Big(text.into()), Self::Small))
    }

    /// `-i`.
    pub(super) fn negated(&self) -> Self {
        match self {
            Self::Small(i) => Self::from_i128(-i128::from(*i)),
            // -2^63 fits although 2^63 does not.
            Self::Big(digits) => match digits.strip_prefix('-') {
                Some(rest) => Self::Big(rest.into()),
                None => Self::from_decimal(&format!("-{digits}")).unwrap_or_else(|| self.clone()),
            },
        }
    }

    /// From an integer that is not too large.
    pub(super) fn from_i128(i: i128) -> Self {
        i64::try_from(i).map_or_else(|_| Self::Big(i.to_string().into()), Self::Small)
    }

    /// As one that is below 2^127 without its sign.
    pub(super) fn to_i128(&self) -> Option<i128> {
        match self {
            Self::Small(i) => Some(i128::from(*i)),
            Self::Big(digits) => digits.parse().ok(),
        }
    }

    /// `float(i)`: the nearest float; `None` where Python raises an `OverflowError`.
    #[must_use]
    pub fn to_float(&self) -> Option<f64> {
        match self {
            #[allow(clippy::cast_precision_loss, reason = "rounds to the nearest even, as Python does")]
            Self::Small(i) => Some(*i as f64),
            Self::Big(digits) => digits.parse().ok().filter(|f: &f64| f.is_finite()),
        }
    }

    /// Whether a float is exactly this integer.
    fn is(&self, f: f64) -> bool {
        match self {
            // Both ends of the range are floats; the cast then cuts off nothing but a fraction.
            #[allow(clippy::cast_possible_truncation, reason = "within the range")]
            Self::Small(i) => {
                (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&f)
                    && f.fract() == 0.0
                    && f as i64 == *i
            }
            Self::Big(digits) => f.is_finite() && f.fract() == 0.0 && format!("{f:.0}") == **digits,
        }
    }
}

/// A key of a dict.
#[derive(Clone, Debug, PartialEq)]
pub enum Key<'a> {
    /// A text: the only kind that JSON has.
    Text(Cow<'a, str>),
    /// Anything else that Python source can write as a key; equal to no text, and to another one where Python
    /// has them equal (`1`, `1.0` and `True`).
    Other(Box<str>),
}

impl<'a> Key<'a> {
    /// Of a value; `None` for what cannot be hashed.
    pub(super) fn of(value: Value<'a>) -> Option<Self> {
        Some(match value {
            Value::Str(text) => Self::Text(text),
            other => Self::Other(hashed(&other)?.into()),
        })
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Other(_) => None,
        }
    }

    fn into_owned(self) -> Key<'static> {
        match self {
            Self::Text(text) => Key::Text(Cow::Owned(text.into_owned())),
            Self::Other(other) => Key::Other(other),
        }
    }
}

/// A value. Its `==` is Python's: `True == 1 == 1.0`, integers and floats compared exactly, lists in order,
/// dicts in any.
///
/// Readers of this module nest values at most [`MAX_DEPTH`](super::MAX_DEPTH) deep; all else walks them recursively.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// `None`.
    Null,
    /// `True` or `False`.
    Bool(bool),
    /// An integer.
    Int(Int),
    /// A float; may be infinite or NaN.
    Float(f64),
    /// A text.
    Str(Cow<'a, str>),
    /// A list.
    List(Vec<Value<'a>>),
    /// A tuple, which only Python source can write; equal to no list.
    Tuple(Vec<Value<'a>>),
    /// A dict, in the order in which its keys first came, no key twice.
    Dict(Vec<(Key<'a>, Value<'a>)>),
    /// What only Python source can write and no answer can hold: bytes, imaginary numbers. Equal to nothing.
    Other,
}

/// What Python's `type` tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Bool,
    Int,
    Float,
    Str,
    List,
    Tuple,
    Dict,
    /// Java's `Set` is declared as one; no value is.
    Set,
    Other,
}

impl<'a> Value<'a> {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Null => Kind::Null,
            Self::Bool(_) => Kind::Bool,
            Self::Int(_) => Kind::Int,
            Self::Float(_) => Kind::Float,
            Self::Str(_) => Kind::Str,
            Self::List(_) => Kind::List,
            Self::Tuple(_) => Kind::Tuple,
            Self::Dict(_) => Kind::Dict,
            Self::Other => Kind::Other,
        }
    }

    /// A text that borrows nothing new.
    #[must_use]
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Str(text.into())
    }

    /// The text, where it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The items, where it is a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Value<'a>]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries, where it is a dict.
    #[must_use]
    pub fn as_dict(&self) -> Option<&[(Key<'a>, Value<'a>)]> {
        match self {
            Self::Dict(entries) => Some(entries),
            _ => None,
        }
    }

    /// The entry with this key, where it is a dict that has one.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        entry(self.as_dict()?, key)
    }

    /// The same value without anything borrowed.
    #[must_use]
    pub fn into_owned(self) -> Value<'static> {
        let all = |items: Vec<Value<'a>>| items.into_iter().map(Value::into_owned).collect();
        match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(b),
            Self::Int(i) => Value::Int(i),
            Self::Float(f) => Value::Float(f),
            Self::Str(text) => Value::Str(Cow::Owned(text.into_owned())),
            Self::List(items) => Value::List(all(items)),
            Self::Tuple(items) => Value::Tuple(all(items)),
            Self::Dict(entries) => {
                Value::Dict(entries.into_iter().map(|(k, v)| (k.into_owned(), v.into_owned())).collect())
            }
            Self::Other => Value::Other,
        }
    }
}

/// The value of a key that is a text.
pub(super) fn entry<'v, 'a>(entries: &'v [(Key<'a>, Value<'a>)], key: &str) -> Option<&'v Value<'a>> {
    entries.iter().find(|(k, _)| k.text() == Some(key)).map(|(_, value)| value)
}

impl<'b> PartialEq<Value<'b>> for Value<'_> {
    fn eq(&self, other: &Value<'b>) -> bool {
        match (self, other) {
            (Self::Null, Value::Null) => true,
            (Self::Bool(a), Value::Bool(b)) => a == b,
            (Self::Int(a), Value::Int(b)) => a == b,
            (Self::Float(a), Value::Float(b)) => a == b,
            (Self::Int(i), Value::Float(f)) | (Self::Float(f), Value::Int(i)) => i.is(*f),
            (Self::Bool(b), Value::Int(i)) | (Self::Int(i), Value::Bool(b)) => *i == Int::Small(i64::from(*b)),
            (Self::Bool(b), Value::Float(f)) | (Self::Float(f), Value::Bool(b)) => *f == f64::from(u8::from(*b)),
            (Self::Str(a), Value::Str(b)) => a == b,
            (Self::List(a), Value::List(b)) | (Self::Tuple(a), Value::Tuple(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b)
            }
            (Self::Dict(a), Value::Dict(b)) => {
                a.len() == b.len() && a.iter().all(|(k, v)| b.iter().find(|(l, _)| k == l).is_some_and(|(_, w)| v == w))
            }
            _ => false,
        }
    }
}

/// A text that two values share exactly where they are equal; `None` for what cannot be hashed.
fn hashed(value: &Value<'_>) -> Option<String> {
    Some(match value {
        Value::Null => "None".to_owned(),
        Value::Bool(b) => u8::from(*b).to_string(),
        Value::Int(Int::Small(i)) => i.to_string(),
        Value::Int(Int::Big(digits)) => digits.to_string(),
        Value::Float(f) if f.fract() == 0.0 => {
            let digits = format!("{f:.0}");
            if digits == "-0" { "0".to_owned() } else { digits }
        }
        Value::Float(f) => format!("{f:e}"),
        Value::Str(text) => format!("{text:?}"),
        Value::Tuple(items) => format!("({})", items.iter().map(hashed).collect::<Option<Vec<_>>>()?.join(", ")),
        Value::Other => "other".to_owned(),
        Value::List(_) | Value::Dict(_) => return None,
    })
}
