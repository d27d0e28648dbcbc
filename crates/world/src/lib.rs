//! Mocked tools: schema validation, responders, state, clock and seeds.
//!
//! A [`World`] is what answers the tool calls of an agent: tools with their JSON Schemas, and how
//! they behave. It is compiled once and shared; an [`Instance`] is one episode's, with a [`State`]
//! of its own, a virtual clock, and counters, and its clone is a snapshot. It has no other memory:
//! the same calls in the same order give the same answers.
//!
//! A call is validated against the tool's schema first; then the first of its responders that
//! applies answers: rules, script, a result made from the output schema.
//!
//! ```
//! use mocktrial_trajectory::{Arguments, ToolFailure};
//! use mocktrial_world::{Definition, Instance, Opening, State, World};
//! use serde_json::json;
//!
//! let tool = json!({"name": "get_order", "input_schema": {
//!     "type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}});
//! let definition: Definition = serde_json::from_value(json!({"behaviour": {"get_order": {"rules": [
//!     {"when": {"if": "args.id in state.orders"}, "result": "{{ state.orders[args.id] }}"},
//!     {"error": "No order {{ args.id }}."},
//! ]}}}))?;
//! let world = World::compile(&definition, vec![serde_json::from_value(tool)?], None).expect("no mistakes");
//! let state = State::new(&json!({"orders": {"W-1": {"status": "delivered"}}}));
//! let mut instance = Instance::open(&world, &Opening { state: &state, seed: 7, tools: None });
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let answered = instance.call("get_order", &Arguments::parse(r#"{"id": "W-1"}"#)).await;
//! assert_eq!(answered.content, json!({"status": "delivered"}));
//! let answered = instance.call("get_order", &Arguments::parse(r#"{"id": "W-2"}"#)).await;
//! assert_eq!(answered.failure, Some(ToolFailure::Tool));
//! assert_eq!(answered.content, json!({"error": {"message": "No order W-2."}}));
//! # });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Errors an agent sees
//!
//! Always `{"error": …}`. What the harness says has a `type` (`unknown_tool`, `malformed_arguments`,
//! `invalid_arguments` with up to five `problems` of `path` and `message`) and a `message`. A
//! rule's or script's error text stands in `message`; any other value takes the place of the whole
//! error. Known formats (`date`, `email` …) are asserted, unknown ones pass; `$ref` reaches into the
//! schema itself and nowhere else.
//!
//! # Rules
//!
//! A rule's changes are made in order, each seeing what those before it did, and the result or
//! error is rendered after them. Writes that change nothing are not recorded, and an append is
//! recorded with the index it got. Where a rule or script breaks, what
//! the call changed is rolled back; where it answers with an error, that stays changed.
//!
//! Templates are Jinja over `args`, `state`, `now` and `nth`; what is undefined is an error; a
//! string that is exactly one `{{ … }}` keeps the type of its value, and `money` writes a number
//! with two decimals. In the path of a change, and in that of `when.state`, a template stands for
//! (part of) one token, whatever it contains.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod call;
mod clock;
mod compile;
mod definition;
mod instance;
mod merge;
mod mistake;
mod refusal;
mod responders;
mod rule;
mod state;
mod synth;
mod template;
mod view;
mod world;

pub use definition::{Behaviour, Change, Definition, Otherwise, Rule, ToolDefaults, When, definition_schema};
pub use instance::{Answered, Instance, Opening};
pub use merge::merge;
pub use mistake::Mistake;
pub use state::State;
pub use synth::{SynthesisError, Synthesizer};
pub use world::World;
