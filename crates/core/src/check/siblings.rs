//! Values that stand beside a value in a world's state: the other orders of an order, the other names of a
//! name. What an agent would most likely take in place of the right one.

use super::schema::DEPTH;
use serde_json::Value;
use std::collections::HashMap;

/// How many places of a state are looked at: a near miss needs no more.
const PLACES: usize = 20_000;

/// Every text of a state with the texts of its kind.
#[derive(Debug, Default)]
pub(super) struct Siblings {
    groups: Vec<Vec<String>>,
    /// By text, the group in which it was found first.
    found: HashMap<String, usize>,
    /// By the name of a map of the state's top, its group of keys.
    tables: Vec<(String, usize)>,
    /// The first mail address.
    address: Option<String>,
}

impl Siblings {
    pub(super) fn of(state: &Value) -> Self {
        let mut siblings = Self::default();
        let mut left = PLACES;
        siblings.keys(state, None, 0, &mut left);
        siblings.fields(state, 0, &mut left);
        siblings
    }

    /// Another text of the same kind; which, a number decides.
    pub(super) fn another(&self, text: &str, choice: u64) -> Option<&str> {
        let group = &self.groups[*self.found.get(text)?];
        let others: Vec<&String> = group.iter().filter(|other| *other != text).collect();
        let count = u64::try_from(others.len()).ok().filter(|n| *n > 0)?;
        others.get(usize::try_from(choice % count).ok()?).map(|other| other.as_str())
    }

    /// What fits an argument by its name: an `account` or a `from_account` is a key of `accounts`, an
    /// `email` a mail address.
    pub(super) fn named(&self, argument: &str, nth: usize) -> Option<&str> {
        if matches!(argument, "email" | "mail" | "to" | "recipient") && self.address.is_some() {
            return self.address.as_deref();
        }
        let fits = |table: &str| {
            let one = table.strip_suffix('s').unwrap_or(table);
            one.len() > 2 && (argument == one || argument.split('_').any(|part| part == one))
        };
        let (_, group) = self.tables.iter().find(|(table, _)| fits(table))?;
        let ids = &self.groups[*group];
        ids.get(nth % ids.len().max(1)).map(String::as_str)
    }

    /// The keys of maps that are tables: whose values are all of one form.
    fn keys(&mut self, value: &Value, name: Option<&str>, depth: usize, left: &mut usize) {
        if depth > DEPTH || *left == 0 {
            return;
        }
        *left -= 1;
        match value {
            Value::Object(map) => {
                if map.len() > 1 && alike(map.values()) {
                    self.add(map.keys().cloned().collect());
                    if let (Some(name), 1) = (name, depth) {
                        self.tables.push((name.to_owned(), self.groups.len() - 1));
                    }
                }
                map.iter().for_each(|(key, inner)| self.keys(inner, Some(key), depth + 1, left));
            }
            Value::Array(items) => items.iter().for_each(|item| self.keys(item, None, depth + 1, left)),
            _ => {}
        }
    }

    /// The texts that one field has in the rows of a table or of a list.
    fn fields(&mut self, value: &Value, depth: usize, left: &mut usize) {
        if depth > DEPTH || *left == 0 {
            return;
        }
        *left -= 1;
        let rows: Vec<&Value> = match value {
            Value::Object(map) => map.values().collect(),
            Value::Array(items) => items.iter().collect(),
            _ => return,
        };
        let mut columns: Vec<(&String, Vec<String>)> = Vec::new();
        for (key, field) in rows.iter().filter_map(|row| row.as_object()).flatten() {
            let Value::String(text) = field else { continue };
            match columns.iter_mut().find(|(known, _)| *known == key) {
                Some((_, texts)) if texts.contains(text) => {}
                Some((_, texts)) => texts.push(text.clone()),
                None => columns.push((key, vec![text.clone()])),
            }
        }
        columns.into_iter().filter(|(_, texts)| texts.len() > 1).for_each(|(_, texts)| self.add(texts));
        rows.into_iter().for_each(|row| self.fields(row, depth + 1, left));
    }

    fn add(&mut self, group: Vec<String>) {
        let index = self.groups.len();
        for text in &group {
            if self.address.is_none() && text.contains('@') && !text.contains(' ') {
                self.address = Some(text.clone());
            }
            self.found.entry(text.clone()).or_insert(index);
        }
        self.groups.push(group);
    }
}

/// Whether all are maps, all texts, all numbers and so on.
fn alike<'v>(values: impl Iterator<Item = &'v Value>) -> bool {
    let mut forms = values.map(std::mem::discriminant);
    forms.next().is_some_and(|first| forms.all(|form| form == first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn another_id_or_field_of_the_same_kind_is_found() {
        let state = json!({
            "orders": {"A-1": {"status": "sent", "item": "lamp"}, "A-2": {"status": "lost", "item": "lamp"}},
            "people": [{"name": "Ann"}, {"name": "Bo"}],
        });
        let siblings = Siblings::of(&state);
        assert_eq!(siblings.another("A-1", 7), Some("A-2"));
        assert_eq!(siblings.another("sent", 0), Some("lost"));
        assert_eq!(siblings.another("Ann", 3), Some("Bo"));
        assert_eq!(siblings.another("lamp", 0), None, "all have the same");
        assert_eq!(siblings.another("A-9", 0), None);
        assert_eq!(siblings.named("from_order", 1), Some("A-2"));
        assert_eq!(siblings.named("orderly", 0), None);
    }

    #[test]
    fn a_deep_state_is_looked_at_only_so_far() {
        let mut state = json!({"a": "x", "b": "y"});
        for _ in 0..100 {
            state = json!({"in": state});
        }
        assert_eq!(Siblings::of(&state).another("x", 0), None);
    }
}
