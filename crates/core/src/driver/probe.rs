//! Built-in agents that show what a suite's criteria are worth.
//!
//! | probe | what it does | what its passing means |
//! |---|---|---|
//! | `reference` | walks an accepted reference | the criteria accept what the author accepts |
//! | `null` | neither calls nor says anything | doing nothing is enough |
//! | `echo` | repeats the user | the question holds the answer |
//! | `refuse` | declines, politely | declining is enough |
//! | `spam` | calls every tool three times with made-up arguments and once with only those it must have; says all it saw, to every message | doing everything is enough |
//! | `dump` | calls nothing and says the whole state of the world | saying everything is enough |
//!
//! No probe spends a token, and each says so: bounds on tokens and cost can be judged.

use super::Driver;
use crate::session::{Ended, Session, numbered_call};
use crate::suite::{Probe, Step};
use async_trait::async_trait;
use mocktrial_trajectory::{Arguments, EndReason, ToolSpec, Usage, text_of};
use serde_json::{Map, Value};

/// How often `spam` calls every tool with all arguments.
const ROUNDS: u64 = 3;

/// A built-in agent.
#[derive(Clone, Debug)]
pub struct ProbeDriver {
    probe: Probe,
    /// What `reference` walks.
    reference: Vec<Step>,
    /// What `spam` calls.
    tools: Vec<ToolSpec>,
    seed: u64,
}

impl ProbeDriver {
    /// The probe for a scenario: its reference (used by `reference`), the tools the agent has and
    /// the world seed (used by `spam`).
    #[must_use]
    pub fn new(probe: Probe, reference: Vec<Step>, tools: Vec<ToolSpec>, seed: u64) -> Self {
        Self { probe, reference, tools, seed }
    }
}

#[async_trait]
impl Driver for ProbeDriver {
    async fn drive(&self, session: &mut Session) -> Result<(), Ended> {
        session.report(Usage::default())?;
        if self.probe == Probe::Reference {
            return walk(session, &self.reference).await;
        }
        let mut seen: Option<String> = None;
        while let Some((_, user)) = session.next_user().await {
            match self.probe {
                Probe::Null | Probe::Reference => {}
                Probe::Echo => session.say(user.text),
                Probe::Refuse => session.say("I'm sorry, but I can't help with that."),
                Probe::Dump => session.say(session.world().state().to_value().to_string()),
                Probe::Spam => {
                    let seen = match &seen {
                        Some(seen) => seen,
                        None => seen.insert(self.spam(session).await?),
                    };
                    session.say(seen.as_str());
                }
            }
        }
        Ok(())
    }
}

impl ProbeDriver {
    /// Calls all there is; returns what is to be said of it.
    async fn spam(&self, session: &mut Session) -> Result<String, Ended> {
        let mut seen = String::from("Done, all of it.");
        let mut number = 0;
        for round in 0..=ROUNDS {
            for tool in &self.tools {
                number += 1;
                // What cannot be made up is called with nothing: spam does not care.
                let mut arguments = mocktrial_world::Synthesizer::new(&tool.input_schema)
                    .and_then(|s| s.make(self.seed.wrapping_add(round)))
                    .ok()
                    .filter(Value::is_object)
                    .unwrap_or_else(|| Value::Object(Map::new()));
                if round == ROUNDS {
                    leave_out(&mut arguments, &tool.input_schema);
                }
                let call = numbered_call(number, &tool.name, Arguments::from_value(arguments));
                let (_, result) = session.call(&call).await?;
                seen.push('\n');
                seen.push_str(&text_of(&result.content));
            }
        }
        Ok(seen)
    }
}

/// Takes out of made-up arguments what the schema does not require: a world must answer calls that
/// leave it out too.
fn leave_out(value: &mut Value, schema: &Value) {
    match value {
        Value::Object(map) => {
            // Without `properties` the members are described elsewhere, and so is what is required.
            let Some(properties) = schema.get("properties") else { return };
            let required = schema.get("required").and_then(Value::as_array);
            map.retain(|key, _| required.is_some_and(|keys| keys.iter().any(|k| k == key)));
            map.iter_mut()
                .filter_map(|(key, value)| Some((value, properties.get(key)?)))
                .for_each(|(value, schema)| leave_out(value, schema));
        }
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                items.iter_mut().for_each(|item| leave_out(item, schema));
            }
        }
        _ => {}
    }
}

/// Walks the steps of a reference: calls in order; each `say` ends a turn.
async fn walk(session: &mut Session, steps: &[Step]) -> Result<(), Ended> {
    let mut open = session.next_user().await.is_some();
    let mut number = 0;
    for step in steps {
        if !open {
            return Err(Ended::new(
                EndReason::ScenarioError,
                "the reference goes on after it has answered the last user message",
            ));
        }
        match step {
            Step::Call { tool, args, .. } => {
                number += 1;
                session.call(&numbered_call(number, tool, Arguments::from_value(args.clone()))).await?;
            }
            Step::Say(text) => {
                session.say(text.clone());
                open = session.next_user().await.is_some();
            }
        }
    }
    // A reference may leave the last answers unsaid.
    while open {
        open = session.next_user().await.is_some();
    }
    Ok(())
}

/// An author who plays the agent: each step comes from a channel of theirs.
pub struct Author {
    steps: tokio::sync::Mutex<tokio::sync::mpsc::Receiver<AuthorStep>>,
    heard: tokio::sync::mpsc::Sender<Heard>,
}

/// What an author may do.
#[derive(Clone, Debug, PartialEq)]
pub enum AuthorStep {
    /// Call a tool with the arguments as typed.
    Call {
        /// The tool.
        tool: String,
        /// The argument text.
        arguments: String,
    },
    /// Say something, which ends the turn.
    Say(String),
}

/// What an author hears back.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// A user message.
    User(crate::user::UserMessage),
    /// The result of the last call, and whether it failed.
    Result(String, bool),
}

impl Author {
    /// An author behind two channels.
    #[must_use]
    pub fn new(steps: tokio::sync::mpsc::Receiver<AuthorStep>, heard: tokio::sync::mpsc::Sender<Heard>) -> Self {
        Self { steps: tokio::sync::Mutex::new(steps), heard }
    }
}

#[async_trait]
impl Driver for Author {
    async fn drive(&self, session: &mut Session) -> Result<(), Ended> {
        let gone = || Ended::new(EndReason::Cancelled, "the author left");
        let mut steps = self.steps.lock().await;
        let mut number = 0;
        while let Some((_, user)) = session.next_user().await {
            self.heard.send(Heard::User(user)).await.map_err(|_| gone())?;
            loop {
                match steps.recv().await.ok_or_else(gone)? {
                    AuthorStep::Say(text) => {
                        session.say(text);
                        break;
                    }
                    AuthorStep::Call { tool, arguments } => {
                        number += 1;
                        let call = numbered_call(number, &tool, Arguments::parse(arguments));
                        let (_, result) = session.call(&call).await?;
                        let text = text_of(&result.content);
                        self.heard.send(Heard::Result(text, result.is_error)).await.map_err(|_| gone())?;
                    }
                }
            }
        }
        Ok(())
    }
}
