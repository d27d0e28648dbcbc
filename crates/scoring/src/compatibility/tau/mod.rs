//! The reward of tau-bench and tau2 (Sierra, MIT), to reproduce their scores.
//!
//! An episode earns the product of its parts, each 1 or 0, of those in the task's basis:
//!
//! | part | 1 where |
//! |---|---|
//! | [`Basis::State`] (`DB`) | the final state is the one that the gold actions leave |
//! | [`Basis::Communicate`] (`outputs`, `COMMUNICATE`) | each output, in lower case, stands within some message of the agent, in lower case and without its commas |
//! | [`Basis::Actions`] (`ACTION`) | each gold action is matched by some call of either party |
//!
//! An episode that was cut short (by a limit on steps, errors or time) earns 0, whatever it had reached; one
//! that ended by no doing of the agent's earns nothing at all and is left out.
//!
//! # Quirks, kept
//!
//! - A part with nothing to check is 1, and so is an empty basis: a task without criteria is passed by all.
//! - A text is looked for, not its meaning: "not $42" tells "42", and so does "1425"; an output with a comma
//!   in it is never found.
//! - Without `compare`, a gold action is compared on the arguments *of the call*: one that leaves arguments out
//!   matches, and one without any matches every gold action of its tool.
//! - One call may match several gold actions, in any order; calls beyond them cost nothing.
//! - With [`Sameness::Strict`], 25 is not 25.0, `true` not 1, and the order of a list counts: a right answer
//!   that was computed otherwise fails.
//!
//! Of the graders, `state: as_reference` compares numbers by value and sets in any order, `answer` looks at
//! whole numbers and for negations, and `calls` counts each call once: use them for all but old numbers.
//!
//! # Which of the two
//!
//! tau-bench has the basis state and outputs, compares strictly, and looks for outputs in messages without a
//! call alone: give [`Episode::said`] accordingly. tau2 names its basis task by task and looks at all that the
//! agent said.
//!
//! # Cost
//!
//! Linear in the states and in (outputs × what was said); at most (gold actions × calls) comparisons of
//! arguments.

mod actions;
mod state;

pub use actions::Action;
pub use state::{Sameness, same_state};

use super::metrics::Call;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// A part of the reward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// What became of the world.
    State,
    /// What the agent told the user.
    Communicate,
    /// Which calls were made.
    Actions,
}

impl Basis {
    /// Every part, in the order in which they are reported.
    pub const ALL: [Self; 3] = [Self::State, Self::Communicate, Self::Actions];

    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Communicate => "communicate",
            Self::Actions => "actions",
        }
    }
}

/// What a task asks for.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// Which parts make up the reward.
    pub basis: &'a [Basis],
    /// The state that the gold actions leave; `None` where it is not known, which fails the part.
    pub state: Option<&'a Value>,
    /// How states are compared.
    pub sameness: Sameness,
    /// What the user must be told.
    pub outputs: &'a [String],
    /// What must be done.
    pub actions: &'a [Action<'a>],
}

/// How an episode ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The agent or the user ended it.
    Stopped,
    /// A limit, an error of the agent's or a refusal cut it short.
    CutShort,
    /// The provider or the harness failed.
    Infrastructure,
}

/// What happened.
#[derive(Clone, Copy, Debug)]
pub struct Episode<'a> {
    /// How it ended.
    pub end: End,
    /// The final state; `None` where it is not known, which fails the part.
    pub state: Option<&'a Value>,
    /// What the agent said, message by message.
    pub said: &'a [String],
    /// The calls of both parties, in order.
    pub calls: &'a [Call<'a>],
}

/// What an episode earned, and for what.
#[derive(Clone, Debug, PartialEq)]
pub struct Reward {
    /// 1 or 0: the product of the parts in the basis; 0 where the episode was cut short.
    pub value: f64,
    /// Every part, in the order of [`Basis::ALL`].
    pub parts: [Part; 3],
    /// Whether the episode was cut short, so that the parts do not count.
    pub cut_short: bool,
}

/// A part of a reward.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Which.
    pub basis: Basis,
    /// Whether it is in the task's basis.
    pub counts: bool,
    /// Whether it is 1; else it is 0.
    pub met: bool,
    /// Why, in one sentence.
    pub why: String,
}

/// The reward of an episode; `None` where it is left out.
#[must_use]
pub fn reward(task: &Task<'_>, episode: &Episode<'_>) -> Option<Reward> {
    if episode.end == End::Infrastructure {
        return None;
    }
    let cut_short = episode.end == End::CutShort;
    let parts = Basis::ALL.map(|basis| {
        let (met, why) = match basis {
            Basis::State => state::check(task, episode),
            Basis::Communicate => communicate(task.outputs, episode.said),
            Basis::Actions => actions::check(task.actions, episode.calls),
        };
        Part { basis, counts: task.basis.contains(&basis), met, why }
    });
    let met = parts.iter().all(|part| part.met || !part.counts);
    Some(Reward { value: if met && !cut_short { 1.0 } else { 0.0 }, parts, cut_short })
}

/// Whether each output was told, and the first that was not.
fn communicate(outputs: &[String], said: &[String]) -> (bool, String) {
    if outputs.is_empty() {
        return (true, "Nothing had to be told.".to_owned());
    }
    let said: Vec<String> = said.iter().map(|text| text.to_lowercase().replace(',', "")).collect();
    let told = |output: &&String| {
        let output = output.to_lowercase();
        said.iter().any(|text| text.contains(&output))
    };
    let untold: Vec<&String> = outputs.iter().filter(|output| !told(output)).collect();
    match untold.first() {
        None => (true, "All that had to be told was.".to_owned()),
        Some(first) => {
            let count = untold.len();
            (false, format!("Never told: {count} of {} outputs, the first {first:?}.", outputs.len()))
        }
    }
}
