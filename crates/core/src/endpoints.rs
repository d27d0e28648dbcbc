//! From endpoints as configured to endpoints that can be run.
//!
//! A new kind of endpoint adds an arm to [`Providers::ready`]; a new dialect of a model API does not concern it.

use crate::ready::{ReadyEndpoint, Surroundings};
use crate::suite::{self, CassetteMode, EndpointKind, Project};
use mocktrial_provider::{Cassettes, Model, RemoteModel, Scrubber, Secret, Transport};
use mocktrial_trajectory::EpisodeKey;
use std::sync::Arc;

/// Episodes at once per endpoint, where nobody says otherwise.
pub const CONCURRENCY: u32 = 8;

/// What the endpoints of a run share: connections, cassettes and the secrets to be scrubbed.
pub struct Providers {
    transport: Transport,
    cassettes: Option<Arc<Cassettes>>,
    scrubber: Scrubber,
    live: bool,
    root: std::path::PathBuf,
    limits_of_concurrency: (Option<u32>, Option<u32>),
}

fn of_provider(mode: CassetteMode) -> mocktrial_provider::CassetteMode {
    match mode {
        CassetteMode::Live => mocktrial_provider::CassetteMode::Live,
        CassetteMode::Record => mocktrial_provider::CassetteMode::Record,
        CassetteMode::Replay => mocktrial_provider::CassetteMode::Replay,
        CassetteMode::ReplayOrLive => mocktrial_provider::CassetteMode::ReplayOrLive,
    }
}

/// Why an endpoint cannot be run.
#[derive(Debug, thiserror::Error)]
#[error("endpoint `{endpoint}`: {why}")]
pub struct EndpointError {
    /// Its name.
    pub endpoint: String,
    /// What is wrong, and what to do.
    pub why: String,
}

impl Providers {
    /// Providers for a run of a project. `concurrency` outranks what the project says.
    #[must_use]
    pub fn new(project: &Project, mode: CassetteMode, concurrency: Option<u32>) -> Self {
        let scrubber = Scrubber::new();
        let folder = project.root.join(&project.config.folders.cassettes);
        let cassettes =
            (mode != CassetteMode::Live).then(|| Arc::new(Cassettes::new(of_provider(mode), folder, scrubber.clone())));
        let transport = match &cassettes {
            Some(cassettes) => Transport::with_cassettes(scrubber.clone(), Arc::clone(cassettes)),
            None => Transport::live(scrubber.clone()),
        };
        Self {
            transport,
            cassettes,
            scrubber,
            live: mode != CassetteMode::Replay,
            root: project.root.clone(),
            limits_of_concurrency: (concurrency, project.config.defaults.concurrency),
        }
    }

    /// What knows every secret of this run.
    #[must_use]
    pub fn scrubber(&self) -> &Scrubber {
        &self.scrubber
    }

    pub(crate) fn root(&self) -> &std::path::Path {
        &self.root
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.transport
    }

    /// Tells the scrubber every secret of an endpoint that is in the environment.
    pub(crate) fn learn(&self, definition: &suite::Endpoint) {
        self.learn_names(&definition.secrets);
    }

    /// Tells the scrubber the secrets in these variables of the environment.
    pub(crate) fn learn_names<'n>(&self, names: impl IntoIterator<Item = &'n String>) {
        for name in names {
            if let Ok(value) = std::env::var(name) {
                self.scrubber.learn(&Secret::new(value.trim()));
            }
        }
    }

    /// Makes an endpoint ready.
    ///
    /// # Errors
    /// When its configuration cannot work: a key that is missing in the environment, say.
    pub fn ready(&self, definition: &suite::Endpoint) -> Result<ReadyEndpoint, EndpointError> {
        let error = |why: String| EndpointError { endpoint: definition.name.clone(), why };
        self.learn(definition);
        let (forced, project) = self.limits_of_concurrency;
        let concurrency = forced.or(definition.concurrency).or(project).unwrap_or(CONCURRENCY);
        let model: Option<Arc<dyn Model>> = match &definition.kind {
            EndpointKind::Model { dialect, config } => {
                let model = RemoteModel::new(&definition.name, dialect, config, &self.transport)
                    .map_err(|e| error(e.to_string()))?
                    .with_concurrency(concurrency);
                if self.live {
                    model.check_environment().map_err(|e| error(e.to_string()))?;
                }
                Some(Arc::new(model))
            }
            EndpointKind::Command(_) | EndpointKind::Probe(_) => None,
        };
        let surroundings = Surroundings {
            folder: self.root.clone(),
            scrubber: self.scrubber.clone(),
            concurrency: concurrency as usize,
            offline: !self.live,
        };
        Ok(ReadyEndpoint::new(definition.clone(), model, surroundings))
    }

    /// To be called when an episode has ended: writes what was recorded of it.
    ///
    /// # Errors
    /// When the cassette cannot be written.
    pub fn end_episode(&self, key: &EpisodeKey, finished: bool) -> Result<(), String> {
        self.cassettes.as_ref().map_or(Ok(()), |c| c.end_episode(key, finished).map_err(|e| e.to_string()))
    }
}
