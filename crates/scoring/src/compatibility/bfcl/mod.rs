//! BFCL's single-turn checker. (docs to follow)
mod alternatives;
mod declared;
mod failure;
mod item;
mod java;
mod js;
mod json;
mod text;
mod value;

pub use declared::Language;
pub use failure::{Exception, Failure};
pub use item::{Item, ItemError, Names, check_relevance, is_call};
pub use json::JsonError;
pub use value::{Int, Key, Value};

/// How deep values nest at most. Python stops at about a thousand levels.
pub const MAX_DEPTH: usize = 200;
