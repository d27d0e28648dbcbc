//! Projects in temporary folders.

use mocktrial_core::suite::{Mistakes, Project, Suite};
use std::path::Path;
use tempfile::TempDir;

/// A project with these files, and an empty `mocktrial.toml` unless it is one of them.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("mocktrial.toml", "");
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    /// A project with a world of one tool, whose scenarios are these.
    pub(crate) fn shop(files: &[(&str, &str)]) -> Self {
        let folder = Self::new(&[("scenarios/shop/worlds/shop.yaml", WORLD)]);
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn project(&self) -> Result<Project, Mistakes> {
        Project::open(self.path())
    }

    pub(crate) fn load(&self) -> Result<Suite, Mistakes> {
        self.project()?.load()
    }

    /// The suite of a project that has no mistakes.
    pub(crate) fn loaded(&self) -> Suite {
        self.load().unwrap_or_else(|mistakes| panic!("{mistakes}"))
    }

    /// The messages of a project that has mistakes, each with its file, line and column.
    pub(crate) fn messages(&self) -> Vec<String> {
        let mistakes = self.load().expect_err("the project has mistakes").0;
        mistakes.iter().map(|m| format!("{}:{}:{} {}", m.file, m.line, m.column, m.message)).collect()
    }
}

/// A world with one tool, which says how an order stands.
pub(crate) const WORLD: &str = r#"
title: A shop
tools:
  - name: get_order
    input_schema:
      type: object
      properties: {order_id: {type: string}, copies: {type: integer}, gift: {type: boolean}, notes: {type: array}}
      required: [order_id]
state: {orders: {W-1: {status: delivered, total: 42}, W-2: {status: lost, total: 7}}}
behaviour:
  get_order:
    rules:
      - result: {status: "{{ state.orders[args.order_id].status }}"}
"#;

/// A scenario of that world.
pub(crate) const SCENARIO: &str = r#"
title: Where is it?
tags: [easy, lookup]
world: shop
system: Be short.
user: Where is my order W-1?
reference:
  - {call: get_order, args: {order_id: W-1}}
  - say: It is delivered.
expect:
  - answer: {contains: delivered}
"#;
