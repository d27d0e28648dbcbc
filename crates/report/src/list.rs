//! The table of scenarios.

use crate::number::count;
use crate::table::{Cell, Table};
use crate::text::{Ink, Style, clean_line, wrap};
use std::sync::Arc;

/// A scenario in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListRow {
    /// Its id.
    pub id: Arc<str>,
    /// Its title.
    pub title: String,
    /// Its tags.
    pub tags: Vec<String>,
}

/// A table of scenarios: id, title, tags; the last line counts them. Where the table is wider than
/// the terminal, title and tags stand below the id.
#[must_use]
pub fn list(rows: &[ListRow], style: &Style) -> String {
    let shown = |r: &ListRow| {
        let tags: Vec<String> = r.tags.iter().map(|t| clean_line(t)).collect();
        (clean_line(&r.id), clean_line(&r.title), tags.join(" "))
    };
    let cells = rows
        .iter()
        .map(shown)
        .map(|(id, title, tags)| vec![Cell::inked(id, Ink::Strong), Cell::new(title), Cell::inked(tags, Ink::Faint)]);
    let table = Table { rows: cells.collect(), right: false };
    let mut out = String::new();
    if table.width() <= style.width() {
        out.push_str(&table.render(0, style));
    } else {
        for (id, title, tags) in rows.iter().map(shown) {
            let body = style.width() - 4;
            wrap(&id, style.width()).iter().for_each(|l| out.push_str(&format!("{}\n", style.paint(Ink::Strong, l))));
            wrap(&title, body).iter().filter(|l| !l.is_empty()).for_each(|l| out.push_str(&format!("    {l}\n")));
            let tags = wrap(&tags, body);
            tags.iter()
                .filter(|l| !l.is_empty())
                .for_each(|l| out.push_str(&format!("    {}\n", style.paint(Ink::Faint, l))));
        }
    }
    out.push_str(&count(rows.len() as u64, "scenario"));
    out.push('\n');
    out
}
