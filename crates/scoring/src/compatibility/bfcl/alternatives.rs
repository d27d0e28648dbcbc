//! What an answer accepts for one parameter, brought into standard form once.

use super::failure::{Exception, Failure};
use super::text::{has_standard, standard};
use super::value::{Key, Kind, Value, entry};

/// What an answer accepts for one parameter: any of these. An empty text means that it may be missing, and is
/// itself accepted as a text.
#[derive(Clone, Debug)]
pub(super) struct Alternatives {
    /// As they stand.
    values: Vec<Value<'static>>,
    /// The kind of the first that is not the empty text.
    pub(super) kind: Option<Kind>,
    pub(super) may_be_missing: bool,
    prepared: Prepared,
}

/// The alternatives as the checker of the declared type sees them.
#[derive(Clone, Debug)]
enum Prepared {
    /// Compared as they stand.
    Values,
    Strings(Vec<String>),
    /// Or what the checker of lists stumbles over.
    Lists(Result<Vec<Vec<Value<'static>>>, Exception>),
    Dicts(Vec<DictAlternative>),
    DictLists(Vec<DictList>),
}

/// One alternative of a dict.
#[derive(Clone, Debug)]
enum DictAlternative {
    /// The empty text, which is passed over.
    Missing,
    Entries(Vec<(Key<'static>, Accepted)>),
    /// No dict; what the checker raises for a model's dict with entries, and for an empty one.
    Crash {
        filled: Exception,
        empty: Exception,
    },
}

/// What an alternative accepts for one key of a dict.
#[derive(Clone, Debug)]
struct Accepted {
    values: Result<Vec<Value<'static>>, Exception>,
    may_be_missing: Result<bool, Exception>,
}

/// One alternative of a list of dicts.
#[derive(Clone, Debug)]
enum DictList {
    List(Vec<DictAlternative>),
    /// A dict of so many entries: it has a length, but nothing at an index.
    Entries(usize),
    /// Nothing that has a length.
    Crash,
}

fn is_empty_text(value: &Value<'_>) -> bool {
    value.as_str() == Some("")
}

/// Which texts a value is iterated over as: those of its characters.
fn characters(text: &str) -> impl Iterator<Item = Value<'static>> {
    text.chars().map(|c| Value::text(c.to_string()))
}

fn standardised(value: &Value<'static>) -> Value<'static> {
    match value {
        Value::Str(text) => Value::text(standard(text)),
        other => other.clone(),
    }
}

/// A value iterated by index, as `range(len(value))` does, its texts in standard form.
fn indexed(value: &Value<'static>) -> Result<Vec<Value<'static>>, Exception> {
    match value {
        Value::List(items) | Value::Tuple(items) => Ok(items.iter().map(standardised).collect()),
        Value::Str(text) => Ok(characters(text).map(|c| standardised(&c)).collect()),
        Value::Dict(entries) if entries.is_empty() => Ok(Vec::new()),
        Value::Dict(_) => Err(Exception::KeyError),
        _ => Err(Exception::TypeError),
    }
}

/// `"" in value`.
fn has_empty_text(value: &Value<'_>) -> Result<bool, Exception> {
    match value {
        Value::List(items) | Value::Tuple(items) => Ok(items.iter().any(is_empty_text)),
        Value::Str(_) => Ok(true),
        Value::Dict(entries) => Ok(entry(entries, "").is_some()),
        _ => Err(Exception::TypeError),
    }
}

impl DictList {
    fn of(value: &Value<'static>) -> Self {
        match value {
            Value::List(items) | Value::Tuple(items) => Self::List(items.iter().map(DictAlternative::of).collect()),
            Value::Str(text) => Self::List(characters(text).map(|c| DictAlternative::of(&c)).collect()),
            Value::Dict(entries) => Self::Entries(entries.len()),
            _ => Self::Crash,
        }
    }
}

impl DictAlternative {
    fn of(value: &Value<'static>) -> Self {
        match value {
            Value::Dict(entries) => Self::Entries(
                entries
                    .iter()
                    .map(|(key, value)| {
                        (key.clone(), Accepted { values: indexed(value), may_be_missing: has_empty_text(value) })
                    })
                    .collect(),
            ),
            value if is_empty_text(value) => Self::Missing,
            // A key is looked for in it, which may do; but then it is asked for its items.
            Value::Str(_) | Value::List(_) | Value::Tuple(_) => {
                Self::Crash { filled: Exception::AttributeError, empty: Exception::AttributeError }
            }
            _ => Self::Crash { filled: Exception::TypeError, empty: Exception::AttributeError },
        }
    }

    /// `None` where it is passed over.
    fn check(&self, model: &[(Key<'_>, Value<'_>)]) -> Option<Result<(), Failure>> {
        let accepted = match self {
            Self::Missing => return None,
            Self::Crash { filled, empty } => {
                return Some(Err(if model.is_empty() { *empty } else { *filled }.into()));
            }
            Self::Entries(accepted) => accepted,
        };
        Some(entries_match(model, accepted))
    }
}

fn entries_match(model: &[(Key<'_>, Value<'_>)], accepted: &[(Key<'static>, Accepted)]) -> Result<(), Failure> {
    let mut verdict = Ok(());
    for (key, value) in model {
        let Some((_, accepted)) = accepted.iter().find(|(k, _)| k == key) else {
            verdict = Err(Failure::WrongDictKey);
            break;
        };
        if !accepted.values.as_ref().map_err(|e| *e)?.iter().any(|a| equals_standardised(value, a)) {
            verdict = Err(Failure::WrongDictValue);
            break;
        }
    }
    // Asked even where the entries themselves have failed, and then the later answer holds.
    for (key, accepted) in accepted {
        if !model.iter().any(|(k, _)| k == key) && !accepted.may_be_missing? {
            return Err(Failure::WrongDictKey);
        }
    }
    verdict
}

/// Whether a value equals an alternative in standard form; texts one level deep are standardised.
fn equals_standardised(value: &Value<'_>, alternative: &Value<'static>) -> bool {
    match (value, alternative) {
        (Value::Str(text), Value::Str(standard_form)) => has_standard(text, standard_form),
        _ => value == alternative,
    }
}

impl Alternatives {
    /// For a parameter declared of a kind, and, where it is a list, with elements of one.
    pub(super) fn new(values: Vec<Value<'static>>, declared: Option<(Kind, Option<Kind>)>) -> Self {
        let prepared = match declared {
            Some((Kind::Str, _)) => Prepared::Strings(values.iter().filter_map(Value::as_str).map(standard).collect()),
            Some((Kind::List, Some(Kind::Dict))) => Prepared::DictLists(values.iter().map(DictList::of).collect()),
            Some((Kind::List, _)) => Prepared::Lists(values.iter().map(indexed).collect()),
            Some((Kind::Dict, _)) => Prepared::Dicts(values.iter().map(DictAlternative::of).collect()),
            _ => Prepared::Values,
        };
        let may_be_missing = values.iter().any(is_empty_text);
        Self { kind: first_kind(&values), may_be_missing, prepared, values }
    }

    /// Checks a value of the declared kind, as that kind is checked.
    pub(super) fn check(&self, value: &Value<'_>) -> Result<(), Failure> {
        match (&self.prepared, value) {
            (Prepared::Strings(strings), Value::Str(text)) => check_string(strings, text),
            (Prepared::Lists(lists), Value::List(items)) => check_list(lists.as_ref().map_err(|e| *e)?, items),
            (Prepared::Dicts(dicts), Value::Dict(entries)) => check_dict(dicts, entries),
            (Prepared::DictLists(lists), Value::List(items)) => check_dict_list(lists, items),
            _ => self.check_value(value),
        }
    }

    /// Whether one is equal, nothing standardised.
    pub(super) fn check_value(&self, value: &Value<'_>) -> Result<(), Failure> {
        if self.values.iter().any(|alternative| value == alternative) { Ok(()) } else { Err(Failure::WrongValue) }
    }

    /// Whether every element of a list is of a kind that one of the alternatives allows for.
    pub(super) fn allow_elements(&self, items: &[Value<'_>], nested: Kind) -> bool {
        self.values.iter().any(|alternative| match alternative {
            Value::List(list) => {
                let kind = first_kind(list);
                items.iter().all(|item| item.kind() == nested || Some(item.kind()) == kind)
            }
            // Anything else is not looked into.
            _ => true,
        })
    }
}

fn check_string(strings: &[String], text: &str) -> Result<(), Failure> {
    if strings.iter().any(|form| has_standard(text, form)) { Ok(()) } else { Err(Failure::WrongString) }
}

fn check_list(lists: &[Vec<Value<'static>>], items: &[Value<'_>]) -> Result<(), Failure> {
    let same = |list: &Vec<Value<'static>>| {
        list.len() == items.len() && items.iter().zip(list).all(|(item, form)| equals_standardised(item, form))
    };
    if lists.iter().any(same) { Ok(()) } else { Err(Failure::WrongList) }
}

fn check_dict(dicts: &[DictAlternative], entries: &[(Key<'_>, Value<'_>)]) -> Result<(), Failure> {
    one_accepts(dicts, |dict| dict.check(entries).transpose()).unwrap_or(Err(Failure::UnclearDict))
}

fn check_dict_list(lists: &[DictList], items: &[Value<'_>]) -> Result<(), Failure> {
    let checked = one_accepts(lists, |list| {
        let length = match list {
            DictList::List(list) => list.len(),
            DictList::Entries(length) => *length,
            DictList::Crash => return Err(Exception::TypeError.into()),
        };
        if length != items.len() {
            return Err(Failure::WrongDictCount);
        }
        let DictList::List(list) = list else {
            return if length == 0 { Ok(Some(())) } else { Err(Exception::KeyError.into()) };
        };
        for (item, dict) in items.iter().zip(list) {
            match (item, dict) {
                (_, DictAlternative::Missing) => return Err(Failure::UnclearDict),
                (Value::Dict(entries), dict) => dict.check(entries).unwrap_or(Err(Failure::UnclearDict))?,
                _ => return Err(Exception::AttributeError.into()),
            }
        }
        Ok(Some(()))
    });
    checked.unwrap_or(Err(Failure::UnclearListOfDicts))
}

fn first_kind(values: &[Value<'_>]) -> Option<Kind> {
    values.iter().find(|value| !is_empty_text(value)).map(Value::kind)
}

/// The first success; else the last failure, but a crash at once; `None` where each was passed over.
fn one_accepts<T>(all: &[T], check: impl Fn(&T) -> Result<Option<()>, Failure>) -> Option<Result<(), Failure>> {
    let mut last = None;
    for one in all {
        match check(one) {
            Ok(None) => {}
            Ok(Some(())) => return Some(Ok(())),
            Err(failure) if failure.is_crash() => return Some(Err(failure)),
            Err(failure) => last = Some(Err(failure)),
        }
    }
    last
}
