//! Peers' scorers, rebuilt so that their numbers can be reproduced.

pub mod bfcl;
