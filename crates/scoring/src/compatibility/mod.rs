//! Peers' scorers, rebuilt so that their numbers can be reproduced.

pub mod agentevals;
pub mod bfcl;
pub mod metrics;
pub mod tau;

mod python;
