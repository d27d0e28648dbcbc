//! Aligned columns.

use crate::model::{Datum, Standing};
use crate::text::{Ink, Style, clean_line, columns, pad, pad_left, wrap};

/// A cell: its text and its colour.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) ink: Option<Ink>,
}

impl Cell {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ink: None }
    }

    pub(crate) fn inked(text: impl Into<String>, ink: Ink) -> Self {
        Self { text: text.into(), ink: Some(ink) }
    }
}

impl From<&Datum> for Cell {
    fn from(datum: &Datum) -> Self {
        let text = clean_line(&datum.text());
        match datum.standing() {
            Standing::None => Self::new(text),
            standing => Self::inked(text, standing.into()),
        }
    }
}

/// Rows whose columns are aligned: the first to the left, the others as `right` says.
pub(crate) struct Table {
    pub(crate) rows: Vec<Vec<Cell>>,
    pub(crate) right: bool,
}

impl Table {
    /// The width of its widest row.
    pub(crate) fn width(&self) -> usize {
        let widths = self.widths();
        widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1)
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths = Vec::new();
        for row in &self.rows {
            for (n, cell) in row.iter().enumerate() {
                if widths.len() <= n {
                    widths.push(0);
                }
                widths[n] = widths[n].max(columns(&cell.text));
            }
        }
        widths
    }

    pub(crate) fn render(&self, indent: usize, style: &Style) -> String {
        if indent + self.width() > style.width() {
            return self.one_below_the_other(indent, style);
        }
        let widths = self.widths();
        let mut out = String::new();
        for row in &self.rows {
            let mut line = " ".repeat(indent);
            for (n, cell) in row.iter().enumerate() {
                if n > 0 {
                    line.push_str("  ");
                }
                let text =
                    if n > 0 && self.right { pad_left(&cell.text, widths[n]) } else { pad(&cell.text, widths[n]) };
                // The padding stays outside of the colour.
                let bare = text.trim().to_owned();
                match cell.ink {
                    Some(ink) if !bare.is_empty() => line.push_str(&text.replacen(&bare, &style.paint(ink, &bare), 1)),
                    _ => line.push_str(&text),
                }
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
    /// What fits no line stands one below the other: nothing is cut.
    fn one_below_the_other(&self, indent: usize, style: &Style) -> String {
        let mut out = String::new();
        for row in &self.rows {
            for (n, cell) in row.iter().enumerate().filter(|(_, c)| !c.text.trim().is_empty()) {
                let indent = indent + 2 * usize::from(n > 0);
                for line in wrap(cell.text.trim(), style.width().saturating_sub(indent)) {
                    let line = cell.ink.map_or_else(|| line.clone(), |ink| style.paint(ink, &line));
                    out.push_str(&format!("{}{line}\n", " ".repeat(indent)));
                }
            }
        }
        out
    }
}
