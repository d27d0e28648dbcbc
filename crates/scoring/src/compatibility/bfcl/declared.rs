//! The types that function descriptions declare, per language.

use super::failure::Exception;
use super::value::{Kind, Value};

/// The language of an item's functions, taken from its category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Arguments are JSON values.
    Python,
    /// Arguments are texts of Java literals.
    Java,
    /// Arguments are texts of JavaScript literals.
    JavaScript,
}

impl Language {
    /// `javascript` before `java`, which it begins with; Python where neither is in the category's name.
    #[must_use]
    pub fn of_category(category: &str) -> Self {
        if category.contains("javascript") {
            Self::JavaScript
        } else if category.contains("java") {
            Self::Java
        } else {
            Self::Python
        }
    }
}

/// A declared type, of whichever language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    /// `integer`, and Java's `byte` and `short`.
    Integer,
    Float,
    Boolean,
    /// Read as it is: Python's `string`, Java's `String` and `char`, `any`.
    Text,
    /// JavaScript's `String`, which loses its quotes.
    Quoted,
    /// Python's `array` and `tuple`, Java's `Array`, JavaScript's `array`.
    Array,
    Dict,
    // Java's own.
    Long,
    Double,
    Char,
    JavaString,
    ArrayList,
    Set,
    Hashtable,
    Queue,
    // JavaScript's own.
    Bigint,
}

impl Type {
    /// By its name; `None` where the language's table does not have it.
    pub(super) fn named(language: Language, name: &str) -> Option<Self> {
        Some(match (language, name) {
            (Language::Python, "string" | "any") => Self::Text,
            (Language::Python, "integer") => Self::Integer,
            (Language::Python, "float") => Self::Float,
            (Language::Python, "boolean") => Self::Boolean,
            (Language::Python, "array" | "tuple") => Self::Array,
            (Language::Python, "dict") => Self::Dict,
            (Language::Java, "byte" | "short" | "integer") => Self::Integer,
            (Language::Java, "float") => Self::Float,
            (Language::Java, "double") => Self::Double,
            (Language::Java, "long") => Self::Long,
            (Language::Java, "boolean") => Self::Boolean,
            (Language::Java, "char") => Self::Char,
            (Language::Java, "String") => Self::JavaString,
            (Language::Java, "any") => Self::Text,
            (Language::Java, "Array") => Self::Array,
            (Language::Java, "ArrayList") => Self::ArrayList,
            (Language::Java, "HashMap") => Self::Dict,
            (Language::Java, "Set") => Self::Set,
            (Language::Java, "Hashtable") => Self::Hashtable,
            (Language::Java, "Queue" | "Stack") => Self::Queue,
            (Language::JavaScript, "String") => Self::Quoted,
            (Language::JavaScript, "integer") => Self::Integer,
            (Language::JavaScript, "float") => Self::Float,
            (Language::JavaScript, "Bigint") => Self::Bigint,
            (Language::JavaScript, "Boolean") => Self::Boolean,
            (Language::JavaScript, "dict") => Self::Dict,
            (Language::JavaScript, "array") => Self::Array,
            (Language::JavaScript, "any") => Self::Text,
            _ => return None,
        })
    }

    /// The kind that values of this type have once they are converted.
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Integer | Self::Long | Self::Bigint => Kind::Int,
            Self::Float | Self::Double => Kind::Float,
            Self::Boolean => Kind::Bool,
            Self::Text | Self::Quoted | Self::Char | Self::JavaString => Kind::Str,
            Self::Array | Self::ArrayList | Self::Queue => Kind::List,
            Self::Dict | Self::Hashtable => Kind::Dict,
            Self::Set => Kind::Set,
        }
    }

    fn of(description: Option<&Value<'_>>, language: Language) -> Result<Self, Exception> {
        match description.ok_or(Exception::KeyError)? {
            Value::Str(name) => Self::named(language, name).ok_or(Exception::KeyError),
            // Only what can be hashed can be looked up at all.
            Value::List(_) | Value::Dict(_) => Err(Exception::TypeError),
            _ => Err(Exception::KeyError),
        }
    }
}

/// A parameter's declaration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Declared {
    pub(super) ty: Type,
    /// Python's `tuple`, for which a tuple may stand.
    pub(super) tuple: bool,
    /// The type of a list's elements: where the official checker looks for one, what it finds.
    pub(super) nested: Option<Result<Type, Exception>>,
}

impl Declared {
    /// From a property of a function's parameters.
    pub(super) fn read(property: &Value<'_>, language: Language) -> Result<Self, Exception> {
        if property.as_dict().is_none() {
            return Err(Exception::TypeError);
        }
        let ty = Type::of(property.get("type"), language)?;
        let nested = matches!(ty, Type::Array | Type::ArrayList).then(|| {
            let items = property.get("items").ok_or(Exception::KeyError)?;
            if items.as_dict().is_none() {
                return Err(Exception::TypeError);
            }
            Type::of(items.get("type"), language)
        });
        let tuple = property.get("type").and_then(Value::as_str) == Some("tuple");
        Ok(Self { ty, tuple, nested })
    }

    /// The kind of a value, and that of its elements.
    pub(super) fn kinds(self) -> (Kind, Option<Kind>) {
        (self.ty.kind(), self.nested.and_then(Result::ok).map(Type::kind))
    }
}
