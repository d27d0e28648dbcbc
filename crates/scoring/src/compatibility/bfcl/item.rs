//! An item of the benchmark, prepared once and checked often.

use super::alternatives::Alternatives;
use super::declared::{Declared, Language};
use super::failure::{Exception, Failure};
use super::value::{Key, Kind, Value};
use super::{java, js};
use std::borrow::Cow;

/// Whether the endpoint's API forbids `.` in function names, so that each `.` was sent, and is expected, as `_`
/// (the official model table's `underscore_to_dot`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// Names are as they are described.
    AsDescribed,
    /// Each `.` is a `_`.
    Underscored,
}

/// Why an item is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {what}")]
pub struct ItemError {
    /// Which part of the item.
    pub at: String,
    /// What is wrong with it.
    pub what: &'static str,
}

/// How an item's calls are counted and matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Simple,
    Multiple,
    Parallel,
}

/// An item of the benchmark: what its functions declare and its answers accept.
#[derive(Clone, Debug)]
pub struct Item {
    form: Form,
    language: Language,
    answers: Vec<Answer>,
}

/// One answer, with the function that it is about.
#[derive(Clone, Debug)]
struct Answer {
    function: Result<Function, Exception>,
    parameters: Vec<Parameter>,
}

/// What is looked at of a function's description.
#[derive(Clone, Debug)]
struct Function {
    name: String,
    underscored: String,
    required: Vec<String>,
}

/// A parameter that an answer speaks of.
#[derive(Clone, Debug)]
struct Parameter {
    name: String,
    /// `None` where the function does not have it.
    declared: Option<Result<Declared, Exception>>,
    alternatives: Alternatives,
}

impl Item {
    /// Prepares an item: its category (`simple_python`, `live_parallel_multiple`, …), which decides form and
    /// language; its function descriptions; and its possible answers.
    ///
    /// # Errors
    ///
    /// Where functions or answers are not of the shapes
    /// `[{name, parameters: {properties, required}}]` and `[{name: {parameter: [alternative]}}]`.
    pub fn new(category: &str, functions: &Value<'_>, answers: &Value<'_>) -> Result<Self, ItemError> {
        let form = if category.contains("parallel") {
            Form::Parallel
        } else if category.contains("multiple") {
            Form::Multiple
        } else {
            Form::Simple
        };
        let language = Language::of_category(category);
        let functions = functions.as_list().ok_or_else(|| wrong("function", "is no list"))?;
        let all = answers.as_list().ok_or_else(|| wrong("possible_answer", "is no list"))?;
        let mut answers = Vec::new();
        for (at, answer) in all.iter().enumerate() {
            answers.push(Answer::new(at, answer, functions, form, language)?);
        }
        Ok(Self { form, language, answers })
    }

    /// Checks what was read from a model's output: a list of `{name: {parameter: value}}`.
    ///
    /// # Errors
    ///
    /// The first failure, in the official checker's order.
    pub fn check(&self, output: &Value<'_>, names: Names) -> Result<(), Failure> {
        let calls = calls(output).ok_or(Failure::WrongOutputFormat)?;
        match self.form {
            Form::Simple if calls.len() != 1 => Err(Failure::SimpleWrongCount),
            Form::Multiple if calls.len() != self.answers.len() => Err(Failure::MultipleWrongCount),
            Form::Parallel if calls.len() != self.answers.len() => Err(Failure::ParallelWrongCount),
            Form::Parallel => self.check_parallel(calls, names),
            Form::Simple | Form::Multiple => {
                let (Some(answer), Some(call)) = (self.answers.first(), calls.first()) else {
                    return Err(Exception::IndexError.into());
                };
                answer.check(call, self.language, names)
            }
        }
    }

    /// Each answer takes the first call left over that fulfils it, and no other answer ever gets it back.
    fn check_parallel(&self, calls: &[Value<'_>], names: Names) -> Result<(), Failure> {
        // Whole words of flags: calls are few, but a model may write many.
        let mut taken = vec![0_u64; calls.len().div_ceil(64)];
        'answers: for answer in &self.answers {
            for (at, call) in calls.iter().enumerate() {
                if taken[at / 64] >> (at % 64) & 1 == 1 {
                    continue;
                }
                match answer.check(call, self.language, names) {
                    Ok(()) => {
                        taken[at / 64] |= 1 << (at % 64);
                        continue 'answers;
                    }
                    Err(failure) if failure.is_crash() => return Err(failure),
                    Err(_) => {}
                }
            }
            return Err(Failure::CannotFindMatch);
        }
        Ok(())
    }
}

/// The calls, where an output is a list of dicts with one entry each that is a dict.
fn calls<'v, 'a>(output: &'v Value<'a>) -> Option<&'v [Value<'a>]> {
    output.as_list().filter(|calls| calls.iter().all(|call| single(call).is_some()))
}

/// A call's name and arguments.
#[allow(clippy::type_complexity, reason = "a name would say less than the entry itself")]
fn single<'v, 'a>(call: &'v Value<'a>) -> Option<(&'v Key<'a>, &'v [(Key<'a>, Value<'a>)])> {
    match call.as_dict()? {
        [(name, arguments)] => Some((name, arguments.as_dict()?)),
        _ => None,
    }
}

/// Whether an output counts as a call in the categories `irrelevance` and `relevance`: it could be read, and is a
/// list, not empty, of calls in the right form.
#[must_use]
pub fn is_call(decoded: Option<&Value<'_>>) -> bool {
    decoded.and_then(calls).is_some_and(|calls| !calls.is_empty())
}

/// Judges an output of a category without answers: `irrelevance` (in the category's name) wants no call, and is
/// content with what could not be read (`None`); `relevance` wants one, whichever.
///
/// # Errors
///
/// [`Failure::UnwantedCall`] and [`Failure::MissingCall`].
pub fn check_relevance(category: &str, decoded: Option<&Value<'_>>) -> Result<(), Failure> {
    match (category.contains("irrelevance"), is_call(decoded)) {
        (true, true) => Err(Failure::UnwantedCall),
        (false, false) => Err(Failure::MissingCall),
        _ => Ok(()),
    }
}

fn wrong(at: impl Into<String>, what: &'static str) -> ItemError {
    ItemError { at: at.into(), what }
}

impl Function {
    fn new(at: &str, description: &Value<'_>) -> Result<Self, ItemError> {
        let name =
            description.get("name").and_then(Value::as_str).ok_or_else(|| wrong(at, "has no `name` that is a text"))?;
        let required = match description.get("parameters").and_then(|parameters| parameters.get("required")) {
            Some(Value::List(names)) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => return Err(wrong(at, "has no list `parameters.required`")),
        };
        Ok(Self { name: name.to_owned(), underscored: name.replace('.', "_"), required })
    }
}

impl Answer {
    fn new(
        number: usize,
        answer: &Value<'_>,
        functions: &[Value<'_>],
        form: Form,
        language: Language,
    ) -> Result<Self, ItemError> {
        let at = format!("possible_answer[{number}]");
        let Some([(Key::Text(name), accepted), ..]) = answer.as_dict() else {
            return Err(wrong(at, "is no dict of a function's name and what it accepts"));
        };
        let accepted = accepted.as_dict().ok_or_else(|| wrong(&at, "does not say by parameter what it accepts"))?;
        let place = match form {
            Form::Simple => Some(0).filter(|_| !functions.is_empty()),
            _ => functions.iter().position(|f| f.get("name").and_then(Value::as_str) == Some(name)),
        };
        let description = place.map(|place| &functions[place]);
        let function = match (place, description) {
            (Some(place), Some(description)) => Ok(Function::new(&format!("function[{place}]"), description)?),
            _ if form == Form::Simple => Err(Exception::IndexError),
            _ => Err(Exception::TypeError),
        };
        let properties = description.and_then(|d| d.get("parameters")).and_then(|p| p.get("properties"));
        if let (Some(place), None) = (place, properties.and_then(Value::as_dict)) {
            return Err(wrong(format!("function[{place}]"), "has no dict `parameters.properties`"));
        }
        let mut parameters = Vec::new();
        for (key, alternatives) in accepted {
            let (Key::Text(name), Value::List(alternatives)) = (key, alternatives) else {
                return Err(wrong(at, "has a parameter without a list of alternatives"));
            };
            let declared = properties.and_then(|p| p.get(name)).map(|property| Declared::read(property, language));
            let alternatives = alternatives.iter().cloned().map(Value::into_owned).collect();
            let alternatives = Alternatives::new(alternatives, declared.and_then(Result::ok).map(Declared::kinds));
            parameters.push(Parameter { name: name.clone().into_owned(), declared, alternatives });
        }
        Ok(Self { function, parameters })
    }

    fn check(&self, call: &Value<'_>, language: Language, names: Names) -> Result<(), Failure> {
        let function = self.function.as_ref().map_err(|e| *e)?;
        let name = match names {
            Names::AsDescribed => &function.name,
            Names::Underscored => &function.underscored,
        };
        let (key, arguments) = single(call).ok_or(Failure::WrongOutputFormat)?;
        if key.text() != Some(name) {
            return Err(Failure::WrongFunctionName);
        }
        let given = |name: &str| arguments.iter().any(|(key, _)| key.text() == Some(name));
        if !function.required.iter().all(|name| given(name)) {
            return Err(Failure::MissingRequired);
        }
        for (key, value) in arguments {
            let parameter = self.parameters.iter().find(|p| key.text() == Some(&p.name));
            let Some((parameter, declared)) = parameter.and_then(|p| Some((p, p.declared?))) else {
                return Err(Failure::UnexpectedParameter);
            };
            parameter.check(value, declared?, language)?;
        }
        let missing = |p: &&Parameter| !p.alternatives.may_be_missing && !given(&p.name);
        match self.parameters.iter().find(missing) {
            Some(_) => Err(Failure::MissingOptional),
            None => Ok(()),
        }
    }
}

/// A value as it is checked: the model's own, or what was made of it.
enum Checked<'v, 'a> {
    Model(&'v Value<'a>),
    Converted(Value<'v>),
}

impl Parameter {
    fn check(&self, value: &Value<'_>, declared: Declared, language: Language) -> Result<(), Failure> {
        match convert(value, declared, language)? {
            Checked::Model(value) => self.check_converted(value, declared),
            Checked::Converted(value) => self.check_converted(&value, declared),
        }
    }

    fn check_converted(&self, value: &Value<'_>, declared: Declared) -> Result<(), Failure> {
        let nested = declared.nested.transpose()?.map(super::declared::Type::kind);
        if self.is_variable(value, declared.ty.kind(), nested)? {
            return self.alternatives.check_value(value);
        }
        self.alternatives.check(value)
    }

    /// Whether a value stands for a variable: the alternatives' kind, not the declared one, decides then.
    fn is_variable(&self, value: &Value<'_>, expected: Kind, nested: Option<Kind>) -> Result<bool, Failure> {
        let (kind, alternatives) = (value.kind(), self.alternatives.kind);
        let mut elements_fit = true;
        if kind == expected {
            elements_fit = match (value, nested) {
                (Value::List(items), Some(nested)) => self.alternatives.allow_elements(items, nested),
                _ => true,
            };
            if elements_fit {
                return Ok(alternatives.is_some_and(|kind| kind != expected));
            }
        }
        match (alternatives == Some(kind), elements_fit) {
            (true, true) => Ok(true),
            (true, false) => Err(Failure::WrongElementType),
            (false, _) => Err(Failure::WrongType),
        }
    }
}

/// What is made of a value before it is checked.
fn convert<'v, 'a>(value: &'v Value<'a>, declared: Declared, language: Language) -> Result<Checked<'v, 'a>, Failure> {
    let nested = declared.nested.transpose();
    match (language, value) {
        (Language::Python, Value::Tuple(items)) if declared.tuple => {
            nested?;
            Ok(Checked::Converted(Value::List(items.iter().map(reborrowed).collect())))
        }
        (Language::Python, Value::Int(i)) if declared.ty.kind() == Kind::Float => {
            Ok(Checked::Converted(Value::Float(i.to_float().ok_or(Exception::OverflowError)?)))
        }
        (Language::Python, _) => {
            nested?;
            Ok(Checked::Model(value))
        }
        (Language::Java, Value::Str(text)) => Ok(Checked::Converted(java::convert(text, declared.ty, nested?)?)),
        (Language::JavaScript, Value::Str(text)) => Ok(Checked::Converted(js::convert(text, declared.ty, nested?)?)),
        (Language::Java, _) => Err(Failure::NoJavaText),
        (Language::JavaScript, _) => Err(Failure::NoJavaScriptText),
    }
}

/// The same value for a shorter time.
fn reborrowed<'v>(value: &'v Value<'_>) -> Value<'v> {
    match value {
        Value::Str(text) => Value::Str(Cow::Borrowed(text)),
        other => other.clone().into_owned(),
    }
}
