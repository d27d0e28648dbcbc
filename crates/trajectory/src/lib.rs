//! The shared vocabulary of mocktrial.
//!
//! An *episode* is one attempt of an endpoint at a scenario. Its [`Trajectory`] is an append-only
//! list of [`Event`]s: what was asked of the model, what it answered, which tools it called, what
//! they returned and how the world changed. A trajectory with its [`Case`] is enough to grade, and
//! nothing in it depends on the clock of the machine: what is *measured* (latency, retries) lives
//! beside it in [`Measurements`].
//!
//! ```
//! use mocktrial_trajectory::{Body, EndReason, Trajectory};
//!
//! let mut trajectory = Trajectory::default();
//! trajectory.push(0, Body::user("Where is my order?"));
//! trajectory.push(0, Body::Say { text: "It arrives tomorrow.".into() });
//! trajectory.push(0, Body::End { reason: EndReason::Completed, detail: None });
//! assert_eq!(trajectory.answer().as_deref(), Some("It arrives tomorrow."));
//! let json = trajectory.to_json();
//! assert_eq!(Trajectory::from_json(&json).expect("what was written is read"), trajectory);
//! ```
//!
//! Nothing here does I/O or is asynchronous.

mod called;
mod case;
mod digest;
mod end;
mod event;
mod grade;
mod json;
mod key;
mod logprob;
mod media;
mod message;
mod patch;
mod recorded;
mod tool;
mod usage;

pub use called::tools_called;
pub use case::{Case, Comparison, Criterion, ReferenceCall, ReferenceRun};
pub use digest::{Accumulator, Digest};
pub use end::{Cause, EndReason};
pub use event::{Added, Body, Event, Responder, Served, ToolFailure};
pub use grade::{Answer, Evidence, Grade, Outcome, Question, Total};
pub use json::{CanonicalNumber, canonical_number, canonical_text, has_private_key, parse_untrusted, same};
pub use key::EpisodeKey;
pub use logprob::{Alternative, Logprob};
pub use media::{Media, MediaSource};
pub use message::{Arguments, Message, Part, Stop, ToolCall, ToolResult};
pub use patch::{Op, Patch, PatchError, Pointer, apply as apply_patch};
pub use recorded::{Measurement, Measurements, Origin, TRAJECTORY_VERSION, Trajectory, text_of};
pub use tool::{Freeform, ToolAnnotations, ToolSpec};
pub use usage::Usage;
