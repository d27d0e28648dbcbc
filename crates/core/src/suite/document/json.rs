//! Strict JSON with spans.

use super::{Entry, Kind, MAX_DEPTH, Node, Source, Span};
use crate::suite::mistake::Mistake;
use crate::suite::source::printable;
use jsonc_parser::ast::{ObjectPropName, Value as Ast};
use jsonc_parser::common::{Range, Ranged};
use jsonc_parser::errors::ParseErrorKind;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::Value;
use std::collections::HashMap;

pub(super) fn parse(source: &Source, part: Span, mistakes: &mut Vec<Mistake>) -> Option<Node> {
    let text = source.text.get(part.start..part.end)?;
    let options = ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    match parse_to_ast(text, &CollectOptions::default(), &options) {
        Ok(parsed) => match parsed.value {
            Some(value) => Reader { source, base: part.start, mistakes }.node(value, 0),
            None => {
                mistakes.push(source.mistake_whole("the file is empty").hint("it should hold a JSON value"));
                None
            }
        },
        Err(error) => {
            let range = error.range();
            let kind = error.kind().to_string();
            let kind = kind.strip_suffix('.').unwrap_or(&kind);
            let mistake = source.mistake(
                Span::new(part.start + range.start, part.start + range.end),
                format!("this is not JSON: {}", lower(kind)),
            );
            mistakes.push(mistake.hint_if(hint(error.kind()).map(str::to_owned)));
            None
        }
    }
}

/// What to do about the errors that people make.
fn hint(kind: &ParseErrorKind) -> Option<&'static str> {
    Some(match kind {
        ParseErrorKind::TrailingCommasNotAllowed => "remove the comma before the closing bracket",
        ParseErrorKind::ExpectedComma => "put a comma between the members",
        ParseErrorKind::CommentsNotAllowed => "remove the comment, or write the file as YAML",
        ParseErrorKind::SingleQuotedStringsNotAllowed => "use double quotes",
        ParseErrorKind::ExpectedStringObjectProperty => "put the key between double quotes",
        ParseErrorKind::UnterminatedArray | ParseErrorKind::UnterminatedObject => "close it with `]` or `}`",
        ParseErrorKind::UnexpectedWord => "text stands between double quotes",
        _ => return None,
    })
}

fn lower(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

struct Reader<'a> {
    source: &'a Source,
    base: usize,
    mistakes: &'a mut Vec<Mistake>,
}

impl Reader<'_> {
    fn span(&self, range: Range) -> Span {
        Span::new(self.base + range.start, self.base + range.end)
    }

    fn node(&mut self, ast: Ast<'_>, depth: usize) -> Option<Node> {
        let span = self.span(ast.range());
        if depth > MAX_DEPTH {
            self.mistakes.push(self.source.mistake(span, format!("this is nested deeper than {MAX_DEPTH} levels")));
            return None;
        }
        let kind = match ast {
            Ast::StringLit(lit) => Kind::Scalar(Value::String(lit.value.into_owned())),
            Ast::BooleanLit(lit) => Kind::Scalar(Value::Bool(lit.value)),
            Ast::NullKeyword(_) => Kind::Scalar(Value::Null),
            Ast::NumberLit(lit) => match super::number(lit.value) {
                Ok(number) => Kind::Scalar(Value::Number(number)),
                Err(message) => {
                    let hint = format!("write it as text if all of its digits count: \"{}\"", printable(lit.value));
                    self.mistakes.push(self.source.mistake(span, message).hint(hint));
                    return None;
                }
            },
            Ast::Array(array) => {
                let mut items = Vec::with_capacity(array.elements.len());
                for element in array.elements {
                    items.push(self.node(element, depth + 1)?);
                }
                Kind::List(items)
            }
            Ast::Object(object) => {
                let mut entries: Vec<Entry> = Vec::with_capacity(object.properties.len());
                let mut seen: HashMap<String, Span> = HashMap::new();
                for property in object.properties {
                    let (key, range) = match property.name {
                        ObjectPropName::String(lit) => (lit.value.into_owned(), lit.range),
                        ObjectPropName::Word(word) => (word.value.to_owned(), word.range),
                    };
                    let key_span = self.span(range);
                    let value = self.node(property.value, depth + 1)?;
                    if let Some(first) = seen.get(&key) {
                        self.mistakes.push(super::duplicate(self.source, &key, *first, key_span));
                        continue;
                    }
                    seen.insert(key.clone(), key_span);
                    entries.push(Entry { key, key_span, value });
                }
                Kind::Map(entries)
            }
        };
        Some(Node { span, kind })
    }
}
