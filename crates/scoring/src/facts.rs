//! What graders look at: an episode's calls, answers and final state, each derived once.

use crate::diff::Rules;
use crate::effects::Effects;
use crate::hashed::Hashed;
use crate::{Fault, Mistake, Subject};
use mocktrial_trajectory::{
    Arguments, Body, Case, Digest, Measurements, Op, Part, ReferenceCall, ReferenceRun, ToolFailure, Trajectory,
    apply_patch,
};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// A call as graders see it.
#[derive(Clone, Copy, Debug)]
pub struct CallFact<'a> {
    /// The call's event.
    pub seq: u32,
    /// The tool's name, as written by the agent.
    pub tool: &'a str,
    /// The arguments, as written by the agent.
    pub arguments: &'a Arguments,
    /// Why it failed, if it did.
    pub failure: Option<ToolFailure>,
    /// The event of its result and what that was; `None` where it was never answered.
    pub result: Option<(u32, &'a Value)>,
}

impl CallFact<'_> {
    /// Whether it reached the world and was answered, be it with an error of the tool's own.
    #[must_use]
    pub fn executed(&self) -> bool {
        self.result.is_some() && matches!(self.failure, None | Some(ToolFailure::Tool))
    }

    /// Whether it was executed without error.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.result.is_some() && self.failure.is_none()
    }

    /// Whether a criterion counts it: executed, or, with `include_failed`, also refused or unanswered.
    #[must_use]
    pub fn counts(&self, include_failed: bool) -> bool {
        self.executed()
            || (include_failed && !matches!(self.failure, Some(ToolFailure::Skipped | ToolFailure::Scenario)))
    }
}

/// Every call of a trajectory with its result, in order.
pub(crate) fn calls_of(trajectory: &Trajectory) -> Vec<CallFact<'_>> {
    let mut calls: Vec<CallFact<'_>> = Vec::new();
    for event in trajectory.events() {
        match &event.body {
            Body::Call { tool, arguments, .. } => {
                calls.push(CallFact { seq: event.seq, tool, arguments, failure: None, result: None });
            }
            Body::Result { call, content, failure, .. } => {
                // Results nearly always answer one of the last calls.
                if let Some(fact) = calls.iter_mut().rev().find(|c| c.seq == *call) {
                    fact.failure = *failure;
                    fact.result = Some((event.seq, content));
                }
            }
            _ => {}
        }
    }
    calls
}

/// Why an episode's final state cannot be known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// A recorded change does not fit the state before it.
    #[error("the change recorded at event {event} does not fit the state before it: {why}")]
    Patch {
        /// The event.
        event: u32,
        /// What does not fit.
        why: String,
    },
    /// The trajectory of a reference cannot be read.
    #[error("the trajectory of a reference cannot be read: {why}")]
    Reference {
        /// Why.
        why: String,
    },
    /// The changes lead to another state than the hash recorded with the last of them.
    #[error("the recorded changes do not lead to the state whose hash was recorded at event {event}: some are missing")]
    Hash {
        /// The event of the last change.
        event: u32,
    },
}

/// What is known of a scenario before any episode: its references and comparison, prepared.
#[derive(Debug)]
pub struct Prepared {
    case: Arc<Case>,
    references: Vec<ReferenceFacts>,
    rules: Rules,
    defaults: BTreeMap<String, Map<String, Value>>,
    /// Made when the first episode's changes have to be checked.
    hashed: OnceLock<Hashed>,
    normal_initial: OnceLock<Value>,
}

impl Prepared {
    pub(crate) fn new(case: Arc<Case>) -> Result<Self, Vec<Mistake>> {
        let rules = Rules::new(&case.comparison)
            .map_err(|(message, hint)| vec![Mistake::new(0, Fault::at(&[], message).hint(hint))])?;
        let facts =
            |index| ReferenceFacts { case: Arc::clone(&case), index, normal: OnceLock::new(), walked: OnceLock::new() };
        let references = (0..case.references.len()).map(facts).collect();
        let defaults =
            case.tools.iter().filter_map(|t| Some((t.name.clone(), defaults_of(&t.input_schema)?))).collect();
        Ok(Self { case, references, rules, defaults, hashed: OnceLock::new(), normal_initial: OnceLock::new() })
    }

    /// The case.
    #[must_use]
    pub fn case(&self) -> &Arc<Case> {
        &self.case
    }

    /// The accepted references.
    #[must_use]
    pub fn references(&self) -> &[ReferenceFacts] {
        &self.references
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The initial state without what is volatile.
    pub(crate) fn normal_initial(&self) -> &Value {
        if !self.rules.leaves_out() {
            return &self.case.initial;
        }
        self.normal_initial.get_or_init(|| self.rules.normalise(&self.case.initial).into_owned())
    }

    /// The defaults that a tool's schema declares for its arguments.
    pub(crate) fn defaults(&self, tool: &str) -> Option<&Map<String, Value>> {
        self.defaults.get(tool)
    }
}

fn defaults_of(schema: &Value) -> Option<Map<String, Value>> {
    let properties = schema.get("properties")?.as_object()?;
    let defaults: Map<_, _> =
        properties.iter().filter_map(|(k, p)| Some((k.clone(), p.get("default")?.clone()))).collect();
    (!defaults.is_empty()).then_some(defaults)
}

/// An accepted reference, prepared.
#[derive(Debug)]
pub struct ReferenceFacts {
    case: Arc<Case>,
    index: usize,
    /// Made when an episode's state is first found to differ from it.
    normal: OnceLock<Result<Value, StateError>>,
    /// Made when a grader first asks for something in it.
    walked: OnceLock<Result<Walked, StateError>>,
}

/// What of a reference's trajectory is kept once it was read.
#[derive(Debug)]
struct Walked {
    turns: usize,
    effects: Effects,
}

impl ReferenceFacts {
    fn run(&self) -> &ReferenceRun {
        &self.case.references[self.index]
    }

    /// Its executed calls, in order.
    #[must_use]
    pub fn calls(&self) -> &[ReferenceCall] {
        self.run().calls()
    }

    /// Whether no call was executed.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.run().is_idle()
    }

    /// The hash of the state it left.
    #[must_use]
    pub fn final_hash(&self) -> Digest {
        self.run().final_hash()
    }

    /// How many turns it took.
    pub(crate) fn turns(&self, prepared: &Prepared) -> Result<usize, &StateError> {
        self.walked(prepared).map(|w| w.turns)
    }

    /// What it did to the state.
    pub(crate) fn effects(&self, prepared: &Prepared) -> Result<&Effects, &StateError> {
        self.walked(prepared).map(|w| &w.effects)
    }

    fn walked(&self, prepared: &Prepared) -> Result<&Walked, &StateError> {
        let walk = || {
            let trajectory = self.run().trajectory().map_err(|e| StateError::Reference { why: e.to_string() })?;
            let turns = trajectory.turns() as usize;
            let effects = Effects::of(prepared, &trajectory, &calls_of(&trajectory))?;
            Ok(Walked { turns, effects })
        };
        self.walked.get_or_init(walk).as_ref()
    }

    /// The state it left.
    fn final_state(&self) -> Result<Value, StateError> {
        let trajectory = self.run().trajectory().map_err(|e| StateError::Reference { why: e.to_string() })?;
        let mut state = Value::clone(&self.case.initial);
        for event in trajectory.events() {
            if let Body::State { patch, .. } = &event.body {
                let misfit =
                    |e: mocktrial_trajectory::PatchError| StateError::Patch { event: event.seq, why: e.to_string() };
                apply_patch(&mut state, patch).map_err(misfit)?;
            }
        }
        Ok(state)
    }

    /// The state it left, without what is volatile.
    pub(crate) fn normal_state(&self, rules: &Rules) -> Result<&Value, &StateError> {
        let made = || self.final_state().map(|state| rules.normalised(state));
        self.normal.get_or_init(made).as_ref()
    }

    /// Whether it left the initial state, as states are compared here.
    pub(crate) fn changes_nothing(&self, prepared: &Prepared) -> bool {
        if self.final_hash() == self.case.initial_hash {
            return true;
        }
        let rules = prepared.rules();
        // States that are compared whole are the same only where their hashes are. The state is made for
        // this one look, which each scenario takes.
        !rules.is_whole()
            && self
                .final_state()
                .is_ok_and(|state| rules.diff(prepared.normal_initial(), &rules.normalised(state), 1).1 == 0)
    }
}

/// An episode, as graders look at it. Made for one grading; everything in it is derived at most once.
pub struct Facts<'a> {
    prepared: &'a Prepared,
    subject: Subject<'a>,
    calls: OnceCell<Vec<CallFact<'a>>>,
    answers: OnceCell<Vec<(u32, String)>>,
    state: OnceCell<Result<Cow<'a, Value>, StateError>>,
    normal: OnceCell<Value>,
}

impl<'a> Facts<'a> {
    pub(crate) fn new(prepared: &'a Prepared, subject: &Subject<'a>) -> Self {
        Self {
            prepared,
            subject: *subject,
            calls: OnceCell::new(),
            answers: OnceCell::new(),
            state: OnceCell::new(),
            normal: OnceCell::new(),
        }
    }

    /// The scenario's side.
    #[must_use]
    pub fn prepared(&self) -> &'a Prepared {
        self.prepared
    }

    /// The case.
    #[must_use]
    pub fn case(&self) -> &'a Case {
        &self.prepared.case
    }

    /// The trajectory.
    #[must_use]
    pub fn trajectory(&self) -> &'a Trajectory {
        self.subject.trajectory
    }

    /// What was measured, if it is known.
    #[must_use]
    pub fn measurements(&self) -> Option<&'a Measurements> {
        self.subject.measurements
    }

    /// Every call with its result, failed ones included, in order.
    #[must_use]
    pub fn calls(&self) -> &[CallFact<'a>] {
        self.calls.get_or_init(|| calls_of(self.subject.trajectory))
    }

    /// Every message in which the agent ended its turn, empty ones included, with its event, in order.
    #[must_use]
    pub fn answers(&self) -> &[(u32, String)] {
        self.answers.get_or_init(|| self.subject.trajectory.answers())
    }

    /// All that the agent said, beside calls too, with its event, in order.
    pub(crate) fn said(&self) -> impl Iterator<Item = (u32, Cow<'a, str>)> + use<'a> {
        self.subject.trajectory.events().iter().filter_map(|event| match &event.body {
            Body::Say { text } => Some((event.seq, Cow::Borrowed(text.as_str()))),
            Body::Response { content, .. } => {
                let texts = content.iter().filter_map(Part::as_text);
                Some((event.seq, Cow::Owned(texts.collect())))
            }
            _ => None,
        })
    }

    /// The recorded changes of the state, in order: event, patch, hash.
    pub(crate) fn changes(&self) -> impl DoubleEndedIterator<Item = (u32, &'a [Op], Digest)> + use<'a> {
        self.subject.trajectory.events().iter().filter_map(|event| match &event.body {
            Body::State { patch, hash, .. } => Some((event.seq, patch.as_slice(), *hash)),
            _ => None,
        })
    }

    /// The hash of the final state, as recorded.
    #[must_use]
    pub fn final_hash(&self) -> Digest {
        self.changes().next_back().map_or(self.prepared.case.initial_hash, |(_, _, hash)| hash)
    }

    /// The final state: the initial one with all recorded changes, checked against the recorded hash.
    ///
    /// # Errors
    /// When the trajectory does not hold every change. That is never the model's doing.
    pub fn final_state(&self) -> Result<&Value, &StateError> {
        self.state.get_or_init(|| self.derive()).as_ref().map(Cow::as_ref)
    }

    /// The final state without what is volatile.
    pub(crate) fn normal_state(&self) -> Result<&Value, &StateError> {
        let state = self.final_state()?;
        let rules = &self.prepared.rules;
        if !rules.leaves_out() {
            return Ok(state);
        }
        Ok(self.normal.get_or_init(|| rules.normalise(state).into_owned()))
    }

    /// Shows every state that the episode passed through, in order, with the event of the change that
    /// made it; the initial one is not among them.
    ///
    /// # Errors
    /// As [`final_state`](Self::final_state).
    pub(crate) fn each_state(&self, mut show: impl FnMut(u32, &Value)) -> Result<(), StateError> {
        self.final_state().map_err(Clone::clone)?;
        let mut state = Value::clone(&self.prepared.case.initial);
        for (event, patch, _) in self.changes() {
            apply_patch(&mut state, patch).map_err(|e| StateError::Patch { event, why: e.to_string() })?;
            show(event, &state);
        }
        Ok(())
    }

    fn derive(&self) -> Result<Cow<'a, Value>, StateError> {
        let initial: &'a Value = &self.prepared.case.initial;
        let mut last = None;
        let mut state = Cow::Borrowed(initial);
        for (event, patch, hash) in self.changes() {
            apply_patch(state.to_mut(), patch).map_err(|e| StateError::Patch { event, why: e.to_string() })?;
            last = Some((event, hash));
        }
        let Some((event, hash)) = last else { return Ok(state) };
        let paths = self.changes().flat_map(|(_, patch, _)| patch).map(|op| match op {
            Op::Add { path, .. } | Op::Replace { path, .. } | Op::Remove { path } => path,
        });
        let hashed = self.prepared.hashed.get_or_init(|| Hashed::new(initial));
        if hashed.after(initial, &state, paths) == hash { Ok(state) } else { Err(StateError::Hash { event }) }
    }
}
