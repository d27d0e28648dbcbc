//! Changes of a tree: what is on the path is copied, its siblings are shared.

use super::node::{FEW, Items, List, Members, Node, Object, index};
use std::sync::Arc;

/// What is done at the end of a path.
pub(super) enum Edit {
    Add(Node),
    Replace(Node),
    Remove,
}

/// Why an edit does not fit: words as [`mocktrial_trajectory::apply_patch`] uses them.
pub(super) const NO_STEP: &str = "there is nothing at a step of the path";
pub(super) const NO_KEY: &str = "there is no such key";
pub(super) const NO_PLACE: &str = "there is no such place in the list";
pub(super) const NO_PARENT: &str = "its parent is neither an object nor a list";
pub(super) const NO_ROOT: &str = "the whole state cannot be removed";

/// Does an edit below `node`; on an error nothing has changed.
pub(super) fn edit(node: &mut Node, path: &[String], what: Edit) -> Result<(), &'static str> {
    let Some((token, rest)) = path.split_first() else {
        return match what {
            Edit::Add(new) | Edit::Replace(new) => {
                *node = new;
                Ok(())
            }
            Edit::Remove => Err(NO_ROOT),
        };
    };
    match node {
        Node::Object(object) if rest.is_empty() => change_member(object, token, what),
        Node::List(list) if rest.is_empty() => change_item(list, token, what),
        Node::Object(object) => {
            let mut child = object.get(token).ok_or(NO_STEP)?.clone();
            edit(&mut child, rest, what)?;
            put(Arc::make_mut(object), token, child);
            Ok(())
        }
        Node::List(list) => {
            let at = index(token).ok_or(NO_STEP)?;
            let mut child = list.get(at).ok_or(NO_STEP)?.clone();
            edit(&mut child, rest, what)?;
            Arc::make_mut(list).replace(at, child);
            Ok(())
        }
        _ if rest.is_empty() => Err(NO_PARENT),
        _ => Err(NO_STEP),
    }
}

fn change_member(object: &mut Arc<Object>, key: &str, what: Edit) -> Result<(), &'static str> {
    let exists = object.get(key).is_some();
    match what {
        Edit::Add(node) => put(Arc::make_mut(object), key, node),
        Edit::Replace(node) if exists => put(Arc::make_mut(object), key, node),
        Edit::Remove if exists => Arc::make_mut(object).remove(key),
        Edit::Replace(_) | Edit::Remove => return Err(NO_KEY),
    }
    Ok(())
}

fn change_item(list: &mut Arc<List>, token: &str, what: Edit) -> Result<(), &'static str> {
    let len = list.len();
    let at = if token == "-" { Some(len) } else { index(token) };
    let end = if matches!(what, Edit::Add(_)) { len + 1 } else { len };
    let at = at.filter(|i| *i < end).ok_or(NO_PLACE)?;
    let list = Arc::make_mut(list);
    match what {
        Edit::Add(node) => list.insert(at, node),
        Edit::Replace(node) => list.replace(at, node),
        Edit::Remove => list.remove(at),
    }
    Ok(())
}

fn put(object: &mut Object, key: &str, node: Node) {
    if let Some(old) = object.get(key) {
        let old = old.digest();
        object.sum.remove_key(key, old);
    }
    object.sum.add_key(key, node.digest());
    match &mut object.members {
        Members::Few(entries) => {
            if let Some(entry) = entries.iter_mut().find(|(k, _)| &**k == key) {
                entry.1 = node;
                return;
            }
            entries.push((key.into(), node));
            if entries.len() > FEW {
                object.members = Members::Many(std::mem::take(entries).into_iter().collect());
            }
        }
        Members::Many(entries) => {
            if let Some(entry) = entries.get_mut(key) {
                *entry = node;
            } else {
                entries.insert(key.into(), node);
            }
        }
    }
}

impl Object {
    fn remove(&mut self, key: &str) {
        if let Some(old) = self.get(key) {
            let old = old.digest();
            self.sum.remove_key(key, old);
        }
        match &mut self.members {
            Members::Few(entries) => entries.retain(|(k, _)| &**k != key),
            Members::Many(entries) => {
                entries.remove(key);
            }
        }
    }
}

impl List {
    fn replace(&mut self, at: usize, node: Node) {
        if let Some(old) = self.get(at) {
            let old = old.digest();
            self.sum.remove_index(at, old);
        }
        self.sum.add_index(at, node.digest());
        match &mut self.items {
            Items::Few(items) => items[at] = node,
            Items::Many(items) => {
                items.set(at, node);
            }
        }
    }

    /// Entries after `at` move, and their hashes with them: costs time in proportion to their number.
    fn insert(&mut self, at: usize, node: Node) {
        for i in (at..self.len()).rev() {
            self.rehash(i, i + 1);
        }
        self.sum.add_index(at, node.digest());
        match &mut self.items {
            Items::Few(items) => {
                items.insert(at, node);
                if items.len() > FEW {
                    self.items = Items::Many(std::mem::take(items).into());
                }
            }
            Items::Many(items) => items.insert(at, node),
        }
    }

    fn remove(&mut self, at: usize) {
        if let Some(old) = self.get(at) {
            let old = old.digest();
            self.sum.remove_index(at, old);
        }
        for i in at + 1..self.len() {
            self.rehash(i, i - 1);
        }
        match &mut self.items {
            Items::Few(items) => {
                items.remove(at);
            }
            Items::Many(items) => {
                items.remove(at);
            }
        }
    }

    fn rehash(&mut self, from: usize, to: usize) {
        if let Some(node) = self.get(from) {
            let digest = node.digest();
            self.sum.remove_index(from, digest);
            self.sum.add_index(to, digest);
        }
    }
}
