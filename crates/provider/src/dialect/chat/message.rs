//! The pieces of a message or a delta, read in one pass and borrowing from the body.

use crate::read::Text;
pub(super) use crate::read::text;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// A field this module does not know, with its JSON text.
pub(super) type Extra<'a> = (Cow<'a, str>, &'a RawValue);

/// A message, or the delta of one.
#[derive(Debug, Default)]
pub(super) struct Piece<'a> {
    pub(super) content: Option<&'a RawValue>,
    pub(super) reasoning_content: Option<&'a RawValue>,
    pub(super) reasoning: Option<&'a RawValue>,
    pub(super) refusal: Option<&'a RawValue>,
    pub(super) calls: Vec<CallPiece<'a>>,
    pub(super) function_call: Option<FunctionPiece<'a>>,
    pub(super) extra: Vec<Extra<'a>>,
}

/// A call, or the delta of one.
#[derive(Debug, Default)]
pub(super) struct CallPiece<'a> {
    pub(super) index: Option<i64>,
    pub(super) id: Option<Cow<'a, str>>,
    pub(super) function: FunctionPiece<'a>,
    pub(super) extra: Vec<Extra<'a>>,
}

/// A call's function.
#[derive(Debug, Default)]
pub(super) struct FunctionPiece<'a> {
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) arguments: Option<&'a RawValue>,
}

/// Whether a value says nothing: `null`, `""`, `[]`, `{}`.
pub(super) fn is_void(raw: &RawValue) -> bool {
    let void = |open, close| {
        raw.get().strip_prefix(open).and_then(|r| r.strip_suffix(close)).is_some_and(|r| r.trim().is_empty())
    };
    raw.get() == "null" || raw.get() == "\"\"" || void('[', ']') || void('{', '}')
}

/// Something read from an object key by key; `null` is the same as an object without keys.
trait Fields<'a>: Default {
    fn take<A: MapAccess<'a>>(&mut self, key: Cow<'a, str>, map: &mut A) -> Result<(), A::Error>;
}

struct Object<T>(PhantomData<T>);

impl<'a, T: Fields<'a>> Visitor<'a> for Object<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<T, A::Error> {
        let mut out = T::default();
        while let Some(Text(key)) = map.next_key()? {
            out.take(key, &mut map)?;
        }
        Ok(out)
    }
}

macro_rules! objects {
    ($($name:ident),+) => {$(
        impl<'de: 'a, 'a> Deserialize<'de> for $name<'a> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let whole: $name<'de> = deserializer.deserialize_any(Object(PhantomData))?;
                Ok(whole)
            }
        }
    )+};
}

objects!(Piece, CallPiece, FunctionPiece);

impl<'a> Fields<'a> for Piece<'a> {
    fn take<A: MapAccess<'a>>(&mut self, key: Cow<'a, str>, map: &mut A) -> Result<(), A::Error> {
        match &*key {
            "content" => self.content = Some(map.next_value()?),
            "tool_calls" => self.calls = map.next_value::<Calls<'a>>()?.0,
            "reasoning_content" => self.reasoning_content = Some(map.next_value()?),
            "reasoning" => self.reasoning = Some(map.next_value()?),
            "refusal" => self.refusal = Some(map.next_value()?),
            "function_call" => self.function_call = map.next_value()?,
            "role" => drop(map.next_value::<IgnoredAny>()?),
            _ => {
                let raw: &RawValue = map.next_value()?;
                if !is_void(raw) {
                    self.extra.push((key, raw));
                }
            }
        }
        Ok(())
    }
}

impl<'a> Fields<'a> for CallPiece<'a> {
    fn take<A: MapAccess<'a>>(&mut self, key: Cow<'a, str>, map: &mut A) -> Result<(), A::Error> {
        match &*key {
            "index" => self.index = text(map.next_value()?).and_then(|t| t.parse().ok()),
            "id" => self.id = text(map.next_value()?),
            "function" => self.function = map.next_value()?,
            "type" => drop(map.next_value::<IgnoredAny>()?),
            _ => {
                let raw: &RawValue = map.next_value()?;
                if !is_void(raw) {
                    self.extra.push((key, raw));
                }
            }
        }
        Ok(())
    }
}

impl<'a> Fields<'a> for FunctionPiece<'a> {
    fn take<A: MapAccess<'a>>(&mut self, key: Cow<'a, str>, map: &mut A) -> Result<(), A::Error> {
        match &*key {
            "name" => self.name = text(map.next_value()?),
            "arguments" => self.arguments = Some(map.next_value()?),
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

/// A list of calls; `null` is none, and a lone object is one.
struct Calls<'a>(Vec<CallPiece<'a>>);

impl<'a> Deserialize<'a> for Calls<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'a> Visitor<'a> for List {
            type Value = Calls<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of calls")
            }

            fn visit_unit<E>(self) -> Result<Calls<'a>, E> {
                Ok(Calls(Vec::new()))
            }

            fn visit_map<A: MapAccess<'a>>(self, map: A) -> Result<Calls<'a>, A::Error> {
                Object(PhantomData).visit_map(map).map(|call| Calls(vec![call]))
            }

            fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<Calls<'a>, A::Error> {
                let mut calls = Vec::new();
                while let Some(call) = seq.next_element()? {
                    calls.push(call);
                }
                Ok(Calls(calls))
            }
        }
        deserializer.deserialize_any(List)
    }
}
