//! Where a run comes from, so that what was found can be checked and found again.

use crate::{AnalysisError, Arm};
use mocktrial_store::{Endpoint, Store};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Where a run comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Provenance {
    /// The run.
    pub run: String,
    /// Its endpoints.
    pub endpoints: Vec<Treatment>,
    /// Its scenarios: name, hash of the world, hash of the criteria.
    pub scenarios: Vec<(String, String, String)>,
}

/// What an endpoint was.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Treatment {
    /// Its name.
    pub name: String,
    /// The hash of all that belongs to it.
    pub hash: String,
    /// The hashes of its parts by name, such as `model` or `prompt`.
    pub parts: BTreeMap<String, String>,
    /// Its configuration, without secrets.
    pub configuration: Value,
    /// What the provider says it answered with.
    pub served: Vec<String>,
}

impl Provenance {
    /// Reads it from a run, of which `arms` are the endpoints.
    ///
    /// # Errors
    /// When the run cannot be read.
    pub fn read<'a>(run: &dyn Store, arms: impl Iterator<Item = &'a Arm>) -> Result<Self, AnalysisError> {
        let served: BTreeMap<&str, Vec<String>> =
            arms.map(|arm| (&*arm.endpoint, arm.served.iter().cloned().collect())).collect();
        let treatment = |e: Endpoint| Treatment {
            hash: e.treatment.to_string(),
            parts: e.parts.iter().map(|(name, hash)| (name.clone(), hash.to_string())).collect(),
            configuration: e.configuration,
            served: served.get(&*e.name).cloned().unwrap_or_default(),
            name: e.name.to_string(),
        };
        let scenarios = run
            .scenarios()?
            .into_iter()
            .map(|s| (s.name().to_string(), s.instrument.world.to_string(), s.instrument.criteria.to_string()));
        Ok(Self {
            run: run.header()?.name,
            endpoints: run.endpoints()?.into_iter().map(treatment).collect(),
            scenarios: scenarios.collect(),
        })
    }
}
