//! One report model, [`model::Report`], and every place where a result is read: terminal, browser, CI, data, paper.
//!
//! Pure functions from what `analysis` found to text: nothing here prints, reads a clock or asks
//! the terminal anything. [`Style`] says how wide the text may be and whether it may be coloured.
//!
//! What a model wrote is hostile text: every renderer here passes it through one function that
//! makes control characters, terminal escapes and bidirectional overrides visible instead of
//! letting them act.
//!
//! ```
//! use mocktrial_report::{ListRow, Style, list};
//!
//! let row = ListRow { id: "shop/refund".into(), title: "Refund \u{1b}[2J an item".into(), tags: vec!["policy".into()] };
//! let text = list(&[row], &Style::plain(60));
//! assert_eq!(text, "shop/refund  Refund \\u{1b}[2J an item  policy\n1 scenario\n");
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod audit;
mod axis;
mod compare;
mod endpoints;
mod episode;
mod fairness;
mod figure;
mod gate;
mod health;
mod html;
mod json;
mod judged;
mod lay;
mod list;
mod live_audit;
pub mod model;
mod number;
mod output;
mod paper;
mod power;
mod protocol;
mod scaling;
mod summary;
mod table;
mod text;
mod value;

pub use audit::audit;
pub use compare::compared;
pub use endpoints::{EndpointRow, FindingRow, FindingsReport, Known, PriceRow, endpoints, findings};
pub use episode::episode;
pub use fairness::fairness;
pub use gate::{decision, gated};
pub use health::health;
pub use json::{REPORT_VERSION, episode_json, summary_json};
pub use judged::{calibration, review};
pub use list::{ListRow, list};
pub use live_audit::live_audit;
pub use output::{Make, OUTPUTS, Output, OutputError, Sources};
pub use power::{foreseen, settle};
pub use protocol::protocols;
pub use scaling::scaling;
pub use summary::summary;
pub use text::{Style, clean, clean_line};
