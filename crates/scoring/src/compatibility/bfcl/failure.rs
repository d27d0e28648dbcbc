//! Why the checker refuses an output.

use std::fmt;

/// Why an output is refused, told apart as the official checker's `error_type` does; [`fmt::Display`] writes that
/// text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// Nothing could be read from what the model wrote.
    DecoderFailed,
    /// What was read is no list of `{name: {parameter: value}}`.
    WrongOutputFormat,
    /// Not exactly one call where one is wanted.
    SimpleWrongCount,
    /// Another number of calls than of answers, of category `multiple`.
    MultipleWrongCount,
    /// Another number of calls than of answers, of a parallel category.
    ParallelWrongCount,
    /// An answer that no call left over fulfils.
    CannotFindMatch,
    /// The call is of another function.
    WrongFunctionName,
    /// A required parameter is missing.
    MissingRequired,
    /// A parameter that the function, or the answer, does not have.
    UnexpectedParameter,
    /// A parameter is missing that the answer does not let be missing.
    MissingOptional,
    /// A value for Java that is no text.
    NoJavaText,
    /// A value for JavaScript that is no text.
    NoJavaScriptText,
    /// A value of the wrong type.
    WrongType,
    /// A list with an element of the wrong type.
    WrongElementType,
    /// A text that is none of the alternatives.
    WrongString,
    /// A list that is none of the alternatives.
    WrongList,
    /// A key too many or too few in a dict.
    WrongDictKey,
    /// A value in a dict that is none of its alternatives.
    WrongDictValue,
    /// Another number of dicts in a list.
    WrongDictCount,
    /// No alternative says anything about a dict.
    UnclearDict,
    /// No alternative says anything about a list of dicts.
    UnclearListOfDicts,
    /// A number, truth value or variable that is none of the alternatives.
    WrongValue,
    /// A call where none was wanted.
    UnwantedCall,
    /// No call where one was wanted.
    MissingCall,
    /// The official checker would have raised this and ended.
    Crash(Exception),
}

/// Python's exceptions that the official checker ends with on some items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exception {
    /// A type that the language's table does not have, or a part that the item lacks.
    KeyError,
    /// A value of a kind that the checker did not reckon with; also a call whose function is not described.
    TypeError,
    /// A value without the methods that the checker calls.
    AttributeError,
    /// A list of answers, or one of functions, that is empty.
    IndexError,
    /// A literal that passes the checker's pattern but not Python's reading.
    ValueError,
    /// An integer too large to be a float.
    OverflowError,
    /// A Java type without a converter.
    NotImplementedError,
}

impl Failure {
    /// The official checker's `error_type`; `exception:…` for a crash.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DecoderFailed => "ast_decoder:decoder_failed",
            Self::WrongOutputFormat => "ast_decoder:decoder_wrong_output_format",
            Self::SimpleWrongCount => "simple_function_checker:wrong_count",
            Self::MultipleWrongCount => "multiple_function_checker:wrong_count",
            Self::ParallelWrongCount => "parallel_function_checker_no_order:wrong_count",
            Self::CannotFindMatch => "parallel_function_checker_no_order:cannot_find_match",
            Self::WrongFunctionName => "simple_function_checker:wrong_func_name",
            Self::MissingRequired => "simple_function_checker:missing_required",
            Self::UnexpectedParameter => "simple_function_checker:unexpected_param",
            Self::MissingOptional => "simple_function_checker:missing_optional",
            Self::NoJavaText => "type_error:java",
            Self::NoJavaScriptText => "type_error:js",
            Self::WrongType => "type_error:simple",
            Self::WrongElementType => "type_error:nested",
            Self::WrongString => "value_error:string",
            Self::WrongList => "value_error:list/tuple",
            Self::WrongDictKey => "value_error:dict_key",
            Self::WrongDictValue => "value_error:dict_value",
            Self::WrongDictCount => "value_error:list_dict_count",
            Self::UnclearDict => "dict_checker:unclear",
            Self::UnclearListOfDicts => "list_dict_checker:unclear",
            Self::WrongValue => "value_error:others",
            Self::UnwantedCall => "irrelevance_error:decoder_success",
            Self::MissingCall => "relevance_error:decoder_failed",
            Self::Crash(exception) => match exception {
                Exception::KeyError => "exception:KeyError",
                Exception::TypeError => "exception:TypeError",
                Exception::AttributeError => "exception:AttributeError",
                Exception::IndexError => "exception:IndexError",
                Exception::ValueError => "exception:ValueError",
                Exception::OverflowError => "exception:OverflowError",
                Exception::NotImplementedError => "exception:NotImplementedError",
            },
        }
    }

    /// Whether the official checker crashes here, and so gives no verdict of its own.
    #[must_use]
    pub fn is_crash(self) -> bool {
        matches!(self, Self::Crash(_))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Exception> for Failure {
    fn from(exception: Exception) -> Self {
        Self::Crash(exception)
    }
}
