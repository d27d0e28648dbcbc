//! Suite files: reading them, checking them, and what they mean.
//!
//! The one idea: a file is read into a tree that knows where each of its values stands, and everything
//! after that (schema, names, references, criteria) says what is wrong *at a value*. So whatever is wrong,
//! and however late that is found, people see the file, the line, the text and what to do; and they see all
//! of it at once. What has no mistakes becomes a [`Suite`]: worlds compiled once, equal initial states
//! shared, and every scenario with the hashes of what makes two results comparable.
//!
//! ```
//! use mocktrial_core::suite::{Project, Selection, select};
//!
//! let folder = tempfile::tempdir()?;
//! let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
//! std::fs::create_dir_all(folder.path().join("scenarios/shop/worlds"))?;
//! write("mocktrial.toml", "")?;
//! write(
//!     "scenarios/shop/worlds/shop.yaml",
//!     r#"
//! tools: [{name: get_order, parameters: {type: object, properties: {id: {type: string}}}}]
//! behaviour:
//!   get_order: {rules: [{result: {status: delivered}}]}
//! "#,
//! )?;
//! let scenario = r#"
//! world: shop
//! user: Where is my order W-1?
//! reference:
//!   - {call: get_order, args: {id: W-1}}
//!   - say: It is delivered.
//! expect:
//!   - answer: {contains: delivered}
//! "#;
//! write("scenarios/shop/where.yaml", scenario)?;
//!
//! let project = Project::discover(folder.path())?;
//! let suite = project.load()?;
//! let selection = Selection { globs: vec!["shop/*".into()], tags: None };
//! assert_eq!(&*select(&suite, &selection)?[0].id, "shop/where");
//!
//! write("scenarios/shop/where.yaml", &scenario.replace("call: get_order", "call: get_odrer"))?;
//! let mistakes = project.load().unwrap_err();
//! assert_eq!(
//!     mistakes.render(false),
//!     r#"error: the world `shop/shop` has no tool `get_odrer`
//!  --> scenarios/shop/where.yaml:5:12
//!   |
//! 4 | reference:
//! 5 |   - {call: get_odrer, args: {id: W-1}}
//!   |            ^^^^^^^^^
//!   |
//!   = hint: did you mean `get_order`?
//!
//! 1 error
//! "#
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The way of a file, each step a module:
//!
//! | step | module |
//! |---|---|
//! | bytes to text; a path never leads out of the project | `paths`, `reading`, `source` |
//! | text to a tree with places (YAML 1.2, TOML, JSON) | `document` |
//! | the tree against its schema, in plain words | `files`, `schemas`, `shape` |
//! | tools in every format that is in use | `tools` |
//! | rows of cases put into a template | `cases`, `substitute` |
//! | what it means | `load_world`, `load_scenario`, `merge`, `configure`, `quarantine`, `protocol` |
//! | which of it is meant | `select` |

mod attachments;
mod cases;
mod config;
mod configure;
mod document;
mod files;
mod gate;
mod load_scenario;
mod load_world;
mod merge;
mod mistake;
mod model;
mod names;
mod paths;
mod project;
mod protocol;
mod quarantine;
mod reading;
mod schemas;
mod scripts;
mod select;
mod shape;
mod source;
mod substitute;
mod tools;
pub use config::{
    Budget, CassetteMode, CommandConfig, Config, Defaults, Endpoint, EndpointKind, Folders, ParallelCalls, PriceFrom,
    Probe, Prompt, PromptMode, Quarantine, ToolOverride, Verifier,
};
pub use gate::{GateRules, GateScope, TagRule};
pub use mistake::{ExcerptLine, Mistake, Mistakes, Severity};
pub use model::{
    Accepted, CheckNotes, Initial, Instrument, Limits, LoadedWorld, Place, Reference, Row, Scenario, ScriptFile, Step,
    Suite,
};
pub(crate) use names::hint as name_hint;
pub(crate) use project::locate;
pub use project::{CONFIG_FILE, Project};
pub use protocol::{Claim, Hypothesis, Picked, Protocol, Stopping, protocol_hash};
pub use schemas::{kinds, schema};
pub use select::{Selection, SelectionError, select};
pub use tools::{read_tools, write_tools};
