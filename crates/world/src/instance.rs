//! One episode's world.

use crate::call::{Call, Given};
use crate::mistake::by_closeness;
use crate::refusal::{invalid, refusal};
use crate::state::{Node, State, deeper_than};
use crate::world::{Tool, World};
use imbl::OrdMap;
use mocktrial_schema::{Problem, shortened};
use mocktrial_trajectory::{Arguments, Digest, Patch, Responder, ToolFailure, has_private_key};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The most tools named to an agent that called one that does not exist.
const NAMED: usize = 40;
/// How deep valid arguments nest at most, the object itself included. Far below what states and
/// scripts take, so that what an agent sends can be put into a state and handed back.
const MAX_DEPTH: usize = 32;
/// The longest text of valid arguments, in bytes; far below what a script may read and return.
const MAX_BYTES: usize = 64 << 10;

/// What an episode's world starts from.
#[derive(Clone, Debug)]
pub struct Opening<'a> {
    /// The state; shared, not copied.
    pub state: &'a State,
    /// The world seed: made from the world file's seed ([`World::seed`]) and the scenario's id.
    pub seed: u64,
    /// The tools the agent has; all of the world's where `None`.
    pub tools: Option<Arc<BTreeSet<String>>>,
}

/// One episode's world: state, clock and counters. A clone is a snapshot and costs next to nothing.
#[derive(Clone, Debug)]
pub struct Instance {
    world: Arc<World>,
    tools: Option<Arc<BTreeSet<String>>>,
    state: State,
    elapsed_ms: u64,
    seed: u64,
    /// How often each call (tool and canonical arguments) occurred.
    counts: OrdMap<[u8; 16], u32>,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// What the tool returned, as the agent is to see it.
    pub content: Value,
    /// Why it failed, if it did.
    pub failure: Option<ToolFailure>,
    /// What answered; `None` when the call got to no responder, or none applied.
    pub responder: Option<Responder>,
    /// The changes of the state, as they were written. Writes that changed nothing are not in it.
    pub patch: Patch,
    /// The state's hash after the changes; `Some` exactly when `patch` is not empty.
    pub hash: Option<Digest>,
    /// What is wrong with the scenario; `Some` exactly when the failure is [`ToolFailure::Scenario`].
    pub scenario_error: Option<String>,
}

impl Answered {
    fn refused(failure: ToolFailure, content: Value) -> Self {
        Self { content, failure: Some(failure), responder: None, patch: Patch::new(), hash: None, scenario_error: None }
    }

    fn scenario(responder: Option<Responder>, text: String) -> Self {
        let content = json!({"error": {"type": "unavailable", "message": "The tool is not available."}});
        Self { responder, scenario_error: Some(text), ..Self::refused(ToolFailure::Scenario, content) }
    }
}

impl Instance {
    /// Opens a world.
    #[must_use]
    pub fn open(world: &Arc<World>, opening: &Opening<'_>) -> Self {
        Self {
            world: Arc::clone(world),
            tools: opening.tools.clone(),
            state: opening.state.clone(),
            elapsed_ms: 0,
            seed: opening.seed,
            counts: OrdMap::new(),
        }
    }

    /// The world it is of.
    #[must_use]
    pub fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// The state as it is.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Virtual milliseconds since the episode began.
    #[must_use]
    pub fn elapsed_ms(&self) -> u64 {
        self.elapsed_ms
    }

    /// Virtual now, RFC 3339.
    #[must_use]
    pub fn now(&self) -> String {
        crate::clock::after(self.world.start, self.elapsed_ms)
    }

    /// Moves the virtual clock.
    pub fn advance(&mut self, ms: u64) {
        self.elapsed_ms = self.elapsed_ms.saturating_add(ms);
    }

    /// Answers a call.
    ///
    /// A call that cannot be made (no such tool; arguments that do not parse or fit, nest deeper
    /// than 32 levels or are longer than 64 KiB) is answered with an error an agent can act on, and
    /// changes nothing, the clock included. A valid call
    /// takes the tool's virtual time. When no responder applies, or one fails, everything the call
    /// changed is rolled back and [`Answered::scenario_error`] says what is wrong.
    pub async fn call(&mut self, tool: &str, arguments: &Arguments) -> Answered {
        let world = Arc::clone(&self.world);
        let available = |name: &str| self.tools.as_ref().is_none_or(|tools| tools.contains(name));
        let Some(found) = world.tool(tool).filter(|_| available(tool)) else {
            return self.unknown(tool);
        };
        let Some(args) = arguments.value() else { return malformed(tool, &arguments.text) };
        // Before anything looks at them: else they could bring a schema, rule or script to its
        // limits, and void the episode as the scenario's fault.
        if let Some(content) = excessive(tool, arguments.text.len(), args) {
            return Answered::refused(ToolFailure::InvalidArguments, content);
        }
        if let Some(content) = found.input.as_ref().and_then(|input| refusal(tool, input, args)) {
            return Answered::refused(ToolFailure::InvalidArguments, content);
        }
        let args_node = Node::new(args);
        let key = call_key(tool, args_node.digest());
        let nth = self.counts.get(key.as_bytes()).copied().unwrap_or(0);
        self.counts.insert(*key.as_bytes(), nth.saturating_add(1));
        let snapshot = self.state.clone();
        let mut patch = Patch::new();
        let mut call = Call {
            tool,
            args,
            args_node: &args_node,
            state: &mut self.state,
            patch: &mut patch,
            start: world.start,
            elapsed_ms: self.elapsed_ms,
            nth,
            seed: call_seed(self.seed, key, nth),
        };
        let outcome = respond(found, &mut call).await;
        match outcome {
            Ok((content, failure, responder)) => {
                self.elapsed_ms = self.elapsed_ms.saturating_add(found.takes_ms);
                // It is kept as long as the episode.
                patch.shrink_to_fit();
                let hash = (!patch.is_empty()).then(|| self.state.digest());
                Answered { content, failure, responder: Some(responder), patch, hash, scenario_error: None }
            }
            Err((responder, text)) => {
                self.state = snapshot;
                Answered::scenario(responder, text)
            }
        }
    }

    fn unknown(&self, tool: &str) -> Answered {
        let names = self.world.tools().iter().map(|spec| spec.name.as_str());
        let names = names.filter(|name| self.tools.as_ref().is_none_or(|tools| tools.contains(*name)));
        let mut names = by_closeness(tool, names);
        let more = names.len().saturating_sub(NAMED);
        names.truncate(NAMED);
        let mut listed = names.join(", ");
        if more > 0 {
            listed.push_str(&format!(" and {more} more"));
        }
        if listed.is_empty() {
            listed.push_str("none");
        }
        let message = format!("There is no tool `{}`. Tools available: {listed}.", shortened(tool, 100));
        let content = json!({"error": {"type": "unknown_tool", "message": message}});
        Answered::refused(ToolFailure::UnknownTool, content)
    }
}

type Responded = Result<(Value, Option<ToolFailure>, Responder), (Option<Responder>, String)>;

async fn respond(tool: &Tool, call: &mut Call<'_>) -> Responded {
    for responder in &tool.responders {
        let given = responder.respond(call).await.map_err(|text| (None, text))?;
        let Some((given, responder)) = given else { continue };
        return match given {
            Given::Error(Value::String(message)) => {
                Ok((json!({"error": {"message": message}}), Some(ToolFailure::Tool), responder))
            }
            Given::Error(error) => Ok((json!({"error": error}), Some(ToolFailure::Tool), responder)),
            Given::Result(value) => {
                // What is synthesized has been validated already.
                let synthesized = matches!(responder, Responder::Synthesized | Responder::Default);
                match tool.output.as_ref().filter(|_| !synthesized).and_then(|output| output.problem(&value)) {
                    None => Ok((value, None, responder)),
                    Some(what) => {
                        let text = format!("the result of `{}` does not fit its output schema: {what}", call.tool);
                        Err((Some(responder), text))
                    }
                }
            }
        };
    }
    let args = shortened(&call.args.to_string(), 300);
    Err((None, format!("nothing answers `{}` with {args}: {}", call.tool, tool.tried)))
}

fn malformed(tool: &str, text: &str) -> Answered {
    let read = || serde_json::from_str::<Value>(text);
    // Asked first: to read such a key is what must not be done.
    let why = match (!has_private_key(text.as_bytes())).then(read) {
        None => "they have a key that no tool takes".to_owned(),
        Some(Err(_)) if text.trim().is_empty() => {
            "they are empty; a JSON object is needed, `{}` if there is nothing to say".to_owned()
        }
        Some(Err(error)) => error.to_string(),
        Some(Ok(Value::Object(_))) => format!("they nest deeper than {} levels", Arguments::MAX_DEPTH),
        Some(Ok(_)) => "they must be a JSON object".to_owned(),
    };
    let message = format!("The arguments of `{tool}` are malformed: {why}.");
    Answered::refused(
        ToolFailure::MalformedArguments,
        json!({"error": {"type": "malformed_arguments", "message": message}}),
    )
}

/// The answer to a call whose arguments are larger than any tool's here may be.
fn excessive(tool: &str, bytes: usize, args: &Value) -> Option<Value> {
    let what = if bytes > MAX_BYTES {
        format!("must not be longer than {MAX_BYTES} bytes")
    } else if deeper_than(args, MAX_DEPTH) {
        format!("must not nest deeper than {MAX_DEPTH} levels")
    } else {
        return None;
    };
    let problem = Problem { at: String::new(), message: what, keyword: String::new() };
    Some(invalid(tool, &[problem], 1))
}

/// What identifies a call: the tool and its canonical arguments.
fn call_key(tool: &str, args: Digest) -> Digest {
    let mut bytes = Vec::with_capacity(16 + tool.len());
    bytes.extend_from_slice(args.as_bytes());
    bytes.extend_from_slice(tool.as_bytes());
    Digest::of_bytes(b"call", &bytes)
}

fn call_seed(world_seed: u64, key: Digest, nth: u32) -> u64 {
    let mut bytes = [0; 28];
    bytes[..8].copy_from_slice(&world_seed.to_le_bytes());
    bytes[8..24].copy_from_slice(key.as_bytes());
    bytes[24..].copy_from_slice(&nth.to_le_bytes());
    Digest::of_bytes(b"seed", &bytes).to_u64()
}
