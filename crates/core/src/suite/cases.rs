//! Cases: the rows that make scenarios of a template, and what they put into it.

use super::document::{Document, Kind, Node, in_words};
use super::mistake::Mistake;
use super::names;
use super::reading::Reader;
use super::source::{Source, Span, printable, steers};
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

/// What rows are: scenarios of their own, or the same one for other people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rows {
    Cases,
    Variants,
}

impl Rows {
    /// A row, in words.
    fn one(self) -> &'static str {
        match self {
            Self::Cases => "case",
            Self::Variants => "variant",
        }
    }
}

/// The rows of a template.
#[derive(Debug)]
pub(crate) struct Cases {
    what: Rows,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<CaseRow>,
    /// Where the columns are named.
    header: (Arc<Source>, Span),
}

/// One row.
#[derive(Debug)]
pub(crate) struct CaseRow {
    /// The case's key; empty for a variant of a scenario without cases.
    pub(crate) key: String,
    /// The variant's name; empty for the scenario as written.
    pub(crate) variant: String,
    pub(crate) values: Map<String, Value>,
    pub(crate) source: Arc<Source>,
    pub(crate) span: Span,
}

impl CaseRow {
    /// What people call it.
    pub(crate) fn name(&self) -> &str {
        if self.key.is_empty() { &self.variant } else { &self.key }
    }

    /// A message about what this row made of the template, without the row's own values where the message
    /// shows one: what is left is the same for every row with the same mistake.
    pub(crate) fn without_values(&self, message: &str) -> String {
        fn remove(value: &Value, message: &mut String) {
            match value {
                Value::Array(items) => items.iter().for_each(|item| remove(item, message)),
                Value::Object(map) => map.values().for_each(|item| remove(item, message)),
                scalar => {
                    let shown = scalar.as_str().map_or_else(|| scalar.to_string(), printable);
                    for (before, after) in [("`", "`"), ("`\"", "\"`"), ("the number ", "")] {
                        *message = message.replace(&format!("{before}{shown}{after}"), &format!("{before}…{after}"));
                    }
                }
            }
        }
        let mut message = message.to_owned();
        self.values.values().for_each(|value| remove(value, &mut message));
        message
    }
}

impl Cases {
    /// Reads the `cases` or `variants` of a scenario file; the column `key` names a row. `None` when nothing can be made of them; a mistake says why.
    pub(crate) fn read(reader: &mut Reader, template: &Document, cases: &Node, what: Rows, key: &str) -> Option<Self> {
        let mut read = match &cases.kind {
            Kind::List(items) => Self::of_nodes(reader, &template.source, cases.span_at(&[]), items),
            Kind::Scalar(Value::String(name)) => {
                let path = reader.follow(&template.source, cases.span, name)?;
                let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
                let source = match reader.text(&path) {
                    Ok(source) => source,
                    Err(wrong) => {
                        reader.mistakes.push(template.source.mistake(cases.span, wrong.message).hint_if(wrong.hint));
                        return None;
                    }
                };
                match extension.as_str() {
                    "csv" => Self::of_csv(&mut reader.mistakes, &source)?,
                    "jsonl" | "ndjson" => Self::of_lines(reader, &source)?,
                    _ => {
                        let mistake = template
                            .source
                            .mistake(
                                cases.span,
                                format!("`{}` is neither a CSV nor a JSON Lines file", printable(name)),
                            )
                            .hint("name a file that ends in `.csv` or `.jsonl`, or write the rows as a list of maps");
                        reader.mistakes.push(mistake);
                        return None;
                    }
                }
            }
            _ => return None,
        };
        read.what = what;
        if read.rows.is_empty() {
            let (message, hint) =
                (format!("there are no {}s", what.one()), format!("add a row, or remove `{}s`", what.one()));
            reader.mistakes.push(template.source.mistake(cases.span_at(&[]), message).hint(hint));
            return None;
        }
        read.name_rows(&mut reader.mistakes, key).then_some(read)
    }

    fn of_nodes(reader: &mut Reader, source: &Arc<Source>, header: Span, items: &[Node]) -> Self {
        let mut cases =
            Self { what: Rows::Cases, columns: Vec::new(), rows: Vec::new(), header: (Arc::clone(source), header) };
        let mut seen = HashSet::new();
        for item in items {
            let Value::Object(values) = item.to_value() else {
                let message = format!("a row must be a map, but is {}", in_words(&item.to_value()));
                reader.mistakes.push(source.mistake(item.span, message));
                continue;
            };
            for name in values.keys() {
                if seen.insert(name.clone()) {
                    cases.columns.push(name.clone());
                }
            }
            let (source, span) = (Arc::clone(source), item.span_at(&[]));
            cases.rows.push(CaseRow { key: String::new(), variant: String::new(), values, source, span });
        }
        cases
    }

    fn of_lines(reader: &mut Reader, source: &Arc<Source>) -> Option<Self> {
        let before = reader.mistakes.len();
        let (mut at, mut items) = (0, Vec::new());
        for line in source.text.split_inclusive('\n') {
            let part = Span::new(at, at + line.len());
            at += line.len();
            if !line.trim().is_empty() {
                items.extend(Document::parse_json_part(source, part, &mut reader.mistakes));
            }
        }
        let cases = Self::of_nodes(reader, source, Span::default(), &items);
        (reader.mistakes.len() == before).then_some(cases)
    }

    fn of_csv(mistakes: &mut Vec<Mistake>, source: &Arc<Source>) -> Option<Self> {
        let before = mistakes.len();
        let text = &source.text;
        let mut csv = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        let mut header: Option<Vec<(String, CellType)>> = None;
        let mut cases = Self {
            what: Rows::Cases,
            columns: Vec::new(),
            rows: Vec::new(),
            header: (Arc::clone(source), line_span(source, 0)),
        };
        let mut record = csv::StringRecord::new();
        loop {
            match csv.read_record(&mut record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    let at = error.position().map_or(0, |p| usize::try_from(p.byte()).unwrap_or(0));
                    mistakes.push(source.mistake(line_span(source, at), format!("this is not CSV: {error}")));
                    return None;
                }
            }
            let at = record.position().map_or(0, |p| usize::try_from(p.byte()).unwrap_or(0));
            // The reader's position may stand before empty lines that it skipped.
            let at = text.len() - text[at..].trim_start_matches(['\n', '\r']).len();
            let span = line_span(source, at);
            let cells = match cells(text, at) {
                Ok(cells) => cells,
                Err((at, message)) => {
                    let hint = "a cell that begins with a quote ends with one; a quote within it is doubled: `\"\"`";
                    mistakes.push(source.mistake(Span::new(at, at + 1), message).hint(hint));
                    continue;
                }
            };
            let Some(columns) = &header else {
                header = Some(columns_of(mistakes, source, span, &record)?);
                cases.columns = header.iter().flatten().map(|(name, _)| name.clone()).collect();
                continue;
            };
            if record.len() != columns.len() {
                let hint = "give every column a cell; quote a cell that contains a comma: \"…\"";
                let message = format!("this row has {} cells, but there are {} columns", record.len(), columns.len());
                mistakes.push(source.mistake(span, message).hint(hint));
                continue;
            }
            let mut values = Map::new();
            for (((name, kind), cell), place) in columns.iter().zip(&record).zip(cells) {
                match kind.read(cell) {
                    Ok(value) => {
                        values.insert(name.clone(), value);
                    }
                    Err(why) => {
                        let message = format!("the cell of column `{}` is {why}", printable(name));
                        mistakes.push(source.mistake(place, message));
                    }
                }
            }
            cases.rows.push(CaseRow {
                key: String::new(),
                variant: String::new(),
                values,
                source: Arc::clone(source),
                span,
            });
        }
        (mistakes.len() == before).then_some(cases)
    }

    /// Gives every row the text of its key column.
    fn name_rows(&mut self, mistakes: &mut Vec<Mistake>, key: &str) -> bool {
        let before = mistakes.len();
        let columns: Vec<&str> = self.columns.iter().map(String::as_str).collect();
        if !columns.contains(&key) {
            let hint = match names::nearest(key, columns.iter().copied()) {
                Some(near) => format!("did you mean `key: {}`?", printable(near)),
                None if matches!(columns[..], [only] if only.contains([';', '\t'])) => {
                    "separate the cells of a CSV file with commas".to_owned()
                }
                None if self.what == Rows::Variants => "give every variant a `name`".to_owned(),
                None => format!("say which of the columns {} names a row: `key: …`", names::list(&columns)),
            };
            let (source, span) = &self.header;
            mistakes.push(
                source
                    .mistake(
                        *span,
                        format!("the {}s have no column `{}` to name their rows", self.what.one(), printable(key)),
                    )
                    .hint(hint),
            );
            return false;
        }
        let mut seen: HashMap<String, (Arc<Source>, Span)> = HashMap::new();
        for row in &mut self.rows {
            let name = match row.values.get(key) {
                Some(Value::String(text)) => text.clone(),
                Some(number @ Value::Number(_)) => number.to_string(),
                Some(other) => {
                    let message =
                        format!("the key `{key}` of this row must be text or a number, but is {}", in_words(other));
                    mistakes.push(row.source.mistake(row.span, message));
                    continue;
                }
                None => {
                    mistakes.push(row.source.mistake(row.span, format!("this row has no key `{key}`")));
                    continue;
                }
            };
            let bad = |c: char| steers(c) || c.is_whitespace() || matches!(c, '#' | '/' | '\\' | '~' | '@');
            if name.is_empty() || name.len() > 128 || name.contains(bad) {
                let message = format!("`{}` cannot name a row", printable(&name));
                let hint = "a key is part of what the scenario is called: up to 128 characters without spaces, `#`, `~`, `@`, `/` and `\\`";
                mistakes.push(row.source.mistake(row.span, message).hint(hint));
                continue;
            }
            if let Some((source, span)) = seen.get(&name) {
                let mistake = row
                    .source
                    .mistake(row.span, format!("two rows have the key `{name}`"))
                    .label(format!("the first is on line {}", source.line(span.start)))
                    .hint(format!("make every `{key}` different: it is part of the scenario's id"));
                mistakes.push(mistake);
                continue;
            }
            seen.insert(name.clone(), (Arc::clone(&row.source), row.span));
            row.key = name;
        }
        mistakes.len() == before
    }

    /// Finds the rows that lack a column which the template uses.
    pub(crate) fn find_gaps(&self, used: &BTreeSet<String>, mistakes: &mut Vec<Mistake>) {
        let own = || used.iter().map(String::as_str).filter(|name| self.columns.iter().any(|c| c == name));
        for row in &self.rows {
            let lacking: Vec<&str> = own().filter(|name| !row.values.contains_key(*name)).collect();
            if !lacking.is_empty() {
                let noun = if lacking.len() == 1 { "column" } else { "columns" };
                let names = names::list(&lacking);
                let message =
                    format!("the {} `{}` lacks the {noun} {names}, which the scenario uses", self.what.one(), row.key);
                let hint = "give every row a value for it: `\"\"` for no text, `null` for nothing";
                mistakes.push(row.source.mistake(row.span, message).hint(hint));
            }
        }
    }

    /// Finds the columns that other rows have as well.
    pub(crate) fn find_clashes(&self, other: &Self, mistakes: &mut Vec<Mistake>) {
        for name in self.columns.iter().filter(|name| other.columns.contains(name)) {
            let (source, span) = &self.header;
            let message = format!(
                "the column `{}` stands in `{}s` and in `{}s`",
                printable(name),
                other.what.one(),
                self.what.one()
            );
            mistakes.push(source.mistake(*span, message).hint("rename one of the two"));
        }
    }

    /// Warns of columns that nothing uses.
    pub(crate) fn warn_unused(&self, used: &BTreeSet<String>, key: &str, mistakes: &mut Vec<Mistake>) {
        let unused: Vec<&str> =
            self.columns.iter().map(String::as_str).filter(|name| *name != key && !used.contains(*name)).collect();
        if !unused.is_empty() {
            let (source, span) = &self.header;
            let (noun, verb) = if unused.len() == 1 { ("column", "is") } else { ("columns", "are") };
            let mistake = source
                .mistake(*span, format!("the {noun} {} {verb} not used", names::list(&unused)))
                .hint("refer to it as `${column}`, or remove it")
                .warning();
            mistakes.push(mistake);
        }
    }
}

/// What the cells of a column are.
#[derive(Clone, Copy)]
enum CellType {
    Text,
    Number,
    Boolean,
    Json,
}

impl CellType {
    fn read(self, cell: &str) -> Result<Value, String> {
        let not = |what: &str| format!("not {what}: `{}`", printable(cell));
        match self {
            Self::Text => Ok(Value::String(cell.to_owned())),
            Self::Number => match json(cell.trim()) {
                Ok(number @ Value::Number(_)) => Ok(number),
                Err(why) if cell.trim().bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) => {
                    Err(format!("{} ({why})", not("usable")))
                }
                _ => Err(not("a number")),
            },
            Self::Boolean => match cell.trim() {
                "true" => Ok(Value::Bool(true)),
                "false" => Ok(Value::Bool(false)),
                _ => Err(not("`true` or `false`")),
            },
            Self::Json => json(cell).map_err(|why| format!("{} ({why})", not("JSON"))),
        }
    }
}

/// A cell read as every JSON file is.
fn json(cell: &str) -> Result<Value, String> {
    let source = Arc::new(Source::new(PathBuf::new(), String::new(), cell.to_owned()));
    let mut mistakes = Vec::new();
    let node = Document::parse_json_part(&source, Span::new(0, cell.len()), &mut mistakes);
    match (node, mistakes.into_iter().next()) {
        (Some(node), None) => Ok(node.to_value()),
        (_, Some(mistake)) if !cell.trim().is_empty() => {
            Err(mistake.message.strip_prefix("this is not JSON: ").unwrap_or(&mistake.message).to_owned())
        }
        _ => Err("it is empty".to_owned()),
    }
}

fn columns_of(
    mistakes: &mut Vec<Mistake>,
    source: &Source,
    span: Span,
    record: &csv::StringRecord,
) -> Option<Vec<(String, CellType)>> {
    let mut columns: Vec<(String, CellType)> = Vec::new();
    let mut seen = HashSet::new();
    for cell in record {
        let (name, kind) = cell.trim().rsplit_once(':').unwrap_or((cell.trim(), "text"));
        let kind = match kind.trim() {
            "text" | "string" => CellType::Text,
            "number" => CellType::Number,
            "boolean" => CellType::Boolean,
            "json" => CellType::Json,
            other => {
                let known = ["text", "number", "boolean", "json"];
                let message = format!("the column `{}` has the unknown type `{}`", printable(name), printable(other));
                mistakes.push(source.mistake(span, message).hint(names::hint(other, "types", &known)));
                return None;
            }
        };
        let name = name.trim();
        let problem = if name.is_empty() {
            "a column has no name".to_owned()
        } else if !seen.insert(name) {
            format!("the column `{}` stands twice", printable(name))
        } else {
            columns.push((name.to_owned(), kind));
            continue;
        };
        mistakes.push(source.mistake(span, problem).hint("the first line of the file names the columns, each once"));
        return None;
    }
    Some(columns)
}

/// Where the cells of the record that begins at a byte stand; or where a quote is wrong, and how: the
/// reader takes whatever follows it.
fn cells(text: &str, mut at: usize) -> Result<Vec<Span>, (usize, &'static str)> {
    const END: [char; 3] = [',', '\n', '\r'];
    let mut cells = Vec::new();
    loop {
        let rest = &text[at..];
        let mut end = rest.find(END).unwrap_or(rest.len());
        if rest.starts_with('"') {
            end = 1;
            loop {
                end += rest[end..].find('"').ok_or((at, "the quote that opens here is not closed"))? + 1;
                if !rest[end..].starts_with('"') {
                    break;
                }
                end += 1;
            }
            if !rest[end..].is_empty() && !rest[end..].starts_with(END) {
                return Err((at + end, "text follows a quote that closes its cell"));
            }
        }
        cells.push(Span::new(at, at + end));
        at += end;
        if !text[at..].starts_with(',') {
            return Ok(cells);
        }
        at += 1;
    }
}

/// The line that begins at a byte.
fn line_span(source: &Source, at: usize) -> Span {
    let end = source.text.get(at..).and_then(|rest| rest.find('\n')).map_or(source.text.len(), |i| at + i);
    Span::new(at, end)
}
