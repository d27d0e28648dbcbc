//! YAML 1.2 with its core schema, and with spans.
//!
//! What YAML 1.1 read as something else stays text (`NO`, `on`, `12:30`), and a plain number with a
//! leading zero is refused rather than guessed at: it is a ZIP code, or an octal number to somebody.
//! Keys are text: a key such as `1` or `true` becomes the text that was written.

use super::{Entry, Kind, MAX_DEPTH, Node, Source, Span};
use crate::suite::mistake::Mistake;
use crate::suite::source::printable;
use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, StrInput, Tag};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashMap;

/// How many values may come from aliases in one file.
const ALIAS_BUDGET: usize = 100_000;

pub(super) fn parse(source: &Source, mistakes: &mut Vec<Mistake>) -> Option<Node> {
    let options = granit_parser::options! {
        emit_comments: false,
        disallow_directives: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut reader = Reader {
        parser: Parser::new_from_str_with_options(&source.text, options),
        source,
        mistakes,
        anchors: HashMap::new(),
        aliased: 0,
    };
    match reader.document() {
        Ok(node) => node,
        Err(Stop::Syntax(error)) => {
            let mistake = syntax(source, &error);
            reader.mistakes.push(mistake);
            None
        }
        Err(Stop::Mistake(mistake)) => {
            reader.mistakes.push(*mistake);
            None
        }
    }
}

/// What ends the reading of a file.
enum Stop {
    Syntax(ScanError),
    Mistake(Box<Mistake>),
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    source: &'a Source,
    mistakes: &'a mut Vec<Mistake>,
    /// Anchored nodes with the number of values in them.
    anchors: HashMap<usize, (Node, usize)>,
    aliased: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), Stop> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                let byte = |m: granit_parser::Marker| m.byte_offset().unwrap_or(0);
                Ok((event, Span::new(byte(span.start), byte(span.end))))
            }
            Some(Err(error)) => Err(Stop::Syntax(error)),
            None => Ok((Event::StreamEnd, Span::new(self.source.text.len(), self.source.text.len()))),
        }
    }

    fn document(&mut self) -> Result<Option<Node>, Stop> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::DocumentStart(..) if root.is_some() => {
                    let mistake = self
                        .source
                        .mistake(span, "a second YAML document begins here")
                        .hint("a file holds one document: move the rest to a file of its own, or remove the `---`");
                    return Err(Stop::Mistake(Box::new(mistake)));
                }
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                event => root = Some(self.node(event, span, 0)?.0),
            }
        }
        let empty = |node: &Node| matches!(node.kind, Kind::Scalar(Value::Null)) && node.span.start == node.span.end;
        if root.as_ref().is_none_or(empty) {
            self.mistakes.push(
                self.source.mistake_whole("the file is empty").hint("`mocktrial schema` lists what belongs into it"),
            );
            return Ok(None);
        }
        Ok(root)
    }

    /// The node that an event begins, with the number of values in it.
    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<(Node, usize), Stop> {
        if depth > MAX_DEPTH {
            return Err(self.stop(span, format!("this is nested deeper than {MAX_DEPTH} levels"), None));
        }
        let (anchor, node, size) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = self.scalar(&text, style, tag, span);
                (anchor, Node { span, kind: Kind::Scalar(value) }, 1)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_tag(tag, span);
                let (node, size) = self.list(span, depth)?;
                (anchor, node, size)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.refuse_tag(tag, span);
                let (node, size) = self.map(span, depth)?;
                (anchor, node, size)
            }
            Event::Alias(id) => return self.alias(id, span),
            _ => return Err(self.stop(span, "this is not YAML".into(), None)),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        Ok((node, size))
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<(Node, usize), Stop> {
        let Some((node, size)) = self.anchors.get(&id) else {
            return Err(self.stop(span, "this alias stands inside the value that it repeats".into(), None));
        };
        self.aliased = self.aliased.saturating_add(*size);
        if self.aliased > ALIAS_BUDGET {
            let message = format!("the aliases of this file expand to more than {ALIAS_BUDGET} values");
            let hint = "write the values out, or keep a large state in a file of its own".into();
            return Err(self.stop(span, message, Some(hint)));
        }
        // What is wrong with a repeated value is shown where it is repeated.
        let mut node = node.clone();
        node.span = span;
        Ok((node, *size))
    }

    fn stop(&self, span: Span, message: String, hint: Option<String>) -> Stop {
        Stop::Mistake(Box::new(self.source.mistake(span, message).hint_if(hint)))
    }

    fn list(&mut self, start: Span, depth: usize) -> Result<(Node, usize), Stop> {
        let (mut items, mut size, mut end) = (Vec::new(), 1, start.end);
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                end = end.max(span.end.min(self.flow_end(start, span)));
                return Ok((Node { span: Span::new(start.start, end), kind: Kind::List(items) }, size));
            }
            let (item, inner) = self.node(event, span, depth + 1)?;
            size += inner;
            end = item.span.end;
            items.push(item);
        }
    }

    fn map(&mut self, start: Span, depth: usize) -> Result<(Node, usize), Stop> {
        let (mut entries, mut size, mut end) = (Vec::<Entry>::new(), 1, start.end);
        let mut seen: HashMap<String, Span> = HashMap::new();
        loop {
            let (event, key_span) = self.next()?;
            let key = match event {
                Event::MappingEnd => {
                    end = end.max(key_span.end.min(self.flow_end(start, key_span)));
                    return Ok((Node { span: Span::new(start.start, end), kind: Kind::Map(entries) }, size));
                }
                Event::Scalar(text, style, _, tag) => {
                    self.refuse_tag(tag, key_span);
                    if text.is_empty() && style == ScalarStyle::Plain {
                        return Err(self.stop(key_span, "a key is missing before this".into(), None));
                    }
                    if text == "<<" && style == ScalarStyle::Plain {
                        let hint =
                            "merge keys belong to YAML 1.1: write the members out, or quote the key if `<<` is meant";
                        self.mistakes.push(self.source.mistake(key_span, "`<<` does not merge maps here").hint(hint));
                    }
                    text.into_owned()
                }
                _ => {
                    let hint = Some("if the braces belong to a template, quote the whole value: \"{{ … }}\"".into());
                    return Err(self.stop(key_span, "a key must be text, not a list, a map or an alias".into(), hint));
                }
            };
            let (event, span) = self.next()?;
            let (value, inner) = self.node(event, span, depth + 1)?;
            size += inner;
            end = value.span.end.max(key_span.end);
            if let Some(first) = seen.get(&key) {
                self.mistakes.push(super::duplicate(self.source, &key, *first, key_span));
                continue;
            }
            seen.insert(key.clone(), key_span);
            entries.push(Entry { key, key_span, value });
        }
    }

    /// Where a flow collection ends; a block collection's end event stands at whatever follows it.
    fn flow_end(&self, start: Span, end: Span) -> usize {
        let flow = matches!(self.source.text.as_bytes().get(start.start), Some(b'{' | b'['));
        if flow { end.end } else { start.end }
    }

    fn refuse_tag(&mut self, tag: Option<Cow<'_, Tag>>, span: Span) {
        if let Some(tag) = tag {
            let mistake = self
                .source
                .mistake(span, format!("the YAML tag `{}` means nothing here", printable(&tag.original())))
                .hint("write the value without the tag; `!!str` is the one that is understood");
            self.mistakes.push(mistake);
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<Cow<'_, Tag>>, span: Span) -> Value {
        match &tag {
            Some(tag) if tag.core_suffix() == Some("str") => return Value::String(text.to_owned()),
            Some(_) => self.refuse_tag(tag, span),
            None => {}
        }
        if style != ScalarStyle::Plain {
            return Value::String(text.to_owned());
        }
        match plain(text) {
            Ok(value) => value,
            Err((message, hint)) => {
                self.mistakes.push(self.source.mistake(span, message).hint(hint));
                Value::String(text.to_owned())
            }
        }
    }
}

/// The core schema of YAML 1.2 (section 10.3.2), without what JSON cannot hold.
fn plain(text: &str) -> Result<Value, (String, String)> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" | "TRUE" => return Ok(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Value::Bool(false)),
        _ => {}
    }
    let quote = || format!("quote it if it is text: \"{text}\"");
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Err((format!("`{text}` is a number that JSON cannot hold"), quote()));
    }
    let radix =
        [("0x", 16), ("0o", 8)].into_iter().find_map(|(prefix, radix)| Some((text.strip_prefix(prefix)?, radix)));
    if let Some((digits, radix)) = radix
        && !digits.is_empty()
        && digits.chars().all(|c| c.is_digit(radix))
    {
        return u64::from_str_radix(digits, radix)
            .map(Value::from)
            .map_err(|_| (format!("the number `{}` is too large", printable(text)), quote()));
    }
    if !is_number(unsigned) {
        return Ok(Value::String(text.to_owned()));
    }
    let bytes = unsigned.as_bytes();
    if bytes[0] == b'0' && bytes.get(1).is_some_and(u8::is_ascii_digit) {
        let message =
            format!("`{}` begins with a zero: it is not clear whether a number or text is meant", printable(text));
        return Err((message, format!("{}, or write the number without the zero", quote())));
    }
    super::number(text.strip_prefix('+').unwrap_or(text)).map(Value::Number).map_err(|message| (message, quote()))
}

/// Whether an unsigned text is a decimal number: `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`.
fn is_number(text: &str) -> bool {
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(m, e)| (m, Some(e)));
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let mantissa = match mantissa.split_once('.') {
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
        None => digits(mantissa),
    };
    mantissa && exponent.is_none_or(|e| digits(e.strip_prefix(['-', '+']).unwrap_or(e)))
}

/// A syntax error with what to do about it, for those that people make.
fn syntax(source: &Source, error: &ScanError) -> Mistake {
    let at = error.marker().byte_offset().unwrap_or(0);
    let rest = source.text.get(at..).unwrap_or("");
    let length = rest.chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8);
    let span = Span::new(at, at + length);
    if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
        return source.mistake(span, format!("this is nested deeper than {MAX_DEPTH} levels"));
    }
    let text = error.kind().to_string();
    let text = text.strip_suffix('.').unwrap_or(&text);
    let mistake = source.mistake(span, format!("this is not YAML: {text}"));
    let hint = match error.kind() {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => "indent with spaces: YAML takes no tabs",
        ErrorKind::UnknownAnchor => {
            "an alias `*name` needs an anchor `&name` before it; quote the text if `*` is part of it"
        }
        ErrorKind::DirectiveDisallowed => "remove the line that begins with `%`",
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            "a key is followed by `:` and a space; text with `: ` or ` #` inside must be quoted"
        }
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation => {
            "see whether this line and those above it are indented alike"
        }
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator => {
            "see whether a `,` or a closing `}` or `]` is missing; text with `,`, `{`, `[` or `: ` inside must be quoted"
        }
        ErrorKind::MappingValueNotAllowed => "quote the text if the `: ` is part of it: \"…: …\"",
        ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::InvalidColonPlacement
        | ErrorKind::MisplacedFlowCollectionEnd
        | ErrorKind::MismatchedFlowCollectionEnd { .. } => {
            "see whether a `[` or `{` above is not closed; text with brackets or `: ` inside must be quoted"
        }
        ErrorKind::UnclosedQuotedScalar => "see whether a quote above is not closed",
        ErrorKind::UnknownQuotedScalarEscape => {
            "between double quotes a backslash is written twice; between single quotes it is text"
        }
        ErrorKind::UnexpectedCharacter { .. } if rest.starts_with(char::is_control) => {
            "remove the control character, or write it as an escape between double quotes: \"\\0\""
        }
        ErrorKind::UnexpectedCharacter { .. } => "text that begins with this character must be quoted",
        _ => return mistake,
    };
    mistake.hint(hint)
}
