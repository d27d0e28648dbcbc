//! Model APIs: one trait, one module per dialect, one transport.
//!
//! A [`Model`] answers a [`Request`]. The request holds a [`Conversation`] that is only ever appended
//! to: each message is serialised once, when it is first sent, and the body of every later request
//! is those bytes in a row. What comes back is a [`Reply`] in no dialect, with a [`Repair`] for all that
//! had to be mended, or a [`ProviderError`] whose [`Kind`] says whose failure it is.
//!
//! ```
//! use mocktrial_provider::{Context, Model, Reply, Request, Scripted};
//! use mocktrial_trajectory::{EpisodeKey, Message};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! // A RemoteModel is made from a ModelConfig and a Transport; a Scripted one needs neither.
//! let model = Scripted::from_replies([Reply::text("It arrives tomorrow.")]);
//! let episode = EpisodeKey { scenario: "shop/where".into(), variant: "".into(), endpoint: "demo".into(), trial: 1 };
//!
//! let mut request = Request::default();
//! request.conversation.push(Message::user("Where is my order?"));
//! let reply = model.respond(&request, &Context::new(episode)).await.unwrap();
//! request.conversation.push(reply.message());
//! assert_eq!(request.conversation.len(), 2);
//! # });
//! ```
//!
//! All models of a run share one [`Transport`]: it keeps the connections, tries again what may pass,
//! obeys deadlines and cancellation, sends no more than the provider takes ([`flow`]), asks the [`Meter`]
//! before every attempt, and records and replays [`cassette`]s. A [`dialect`] is a folder that turns a request
//! into bytes and bytes into a reply; a provider that speaks a known dialect is a row of [`PRESETS`].
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod cancel;
pub mod cassette;
mod config;
mod conversation;
pub mod dialect;
mod error;
#[cfg(test)]
mod error_table;
mod failure;
pub mod flow;
mod logprob;
mod mend;
mod model;
mod money;
mod parameters;
mod preset;
mod prices;
mod read;
mod remote;
pub mod scripted;
mod secret;
mod sse;
mod transport;
mod usage;
mod wire;

pub use cancel::{Cancel, CancelSource};
pub use cassette::{CassetteError, CassetteMode, Cassettes};
pub use config::{Auth, ConfigError, ModelConfig, PromptCache, Timeouts};
pub use conversation::{Conversation, Entry, Request, Toolbox};
pub use dialect::dialects;
pub use error::{Action, Kind, ProviderError};
pub use model::{Context, Model, Repair, Reply, Role};
pub use money::{Exhausted, LongPrice, Meter, Price, Spend, Ticket};
pub use parameters::{DerivedSeed, Effort, Parameters, Seed, StopTexts, ToolChoice};
pub use preset::{OutputLimit, PRESETS, Preset, preset};
pub use prices::{is_listed, listed_price, undated};
pub use read::{read_response, read_stream};
pub use remote::{Answer, RemoteModel};
pub use scripted::Scripted;
pub use secret::{Scrubber, Secret};
pub use transport::Transport;
