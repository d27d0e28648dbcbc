//! A compiled world.

use crate::Definition;
use crate::call::Respond;
use crate::compile;
use crate::mistake::Mistake;
use jiff::Timestamp;
use mocktrial_schema::Schema;
use mocktrial_trajectory::{Comparison, ToolSpec};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A compiled world: schemas, templates and script are ready. Immutable, and shared by all episodes.
pub struct World {
    pub(crate) tools: Arc<[ToolSpec]>,
    pub(crate) by_name: BTreeMap<String, Tool>,
    pub(crate) warnings: Vec<Mistake>,
    pub(crate) comparison: Comparison,
    pub(crate) start: Timestamp,
    pub(crate) seed: u64,
}

/// What answers one tool's calls.
pub(crate) struct Tool {
    /// `None` where the schema accepts everything.
    pub(crate) input: Option<Schema>,
    pub(crate) output: Option<Schema>,
    pub(crate) takes_ms: u64,
    pub(crate) responders: Vec<Box<dyn Respond>>,
    /// What was tried, in words, when nothing applied.
    pub(crate) tried: String,
}

impl World {
    /// Compiles a world, or says all that is wrong with it. `script` is its name and source.
    ///
    /// # Errors
    /// Every mistake found, in the order of the document.
    pub fn compile(
        definition: &Definition,
        tools: Vec<ToolSpec>,
        script: Option<(&str, &str)>,
    ) -> Result<Arc<Self>, Vec<Mistake>> {
        compile::world(definition, tools, script).map(Arc::new)
    }

    /// Its tools, in the order given.
    #[must_use]
    pub fn tools(&self) -> &Arc<[ToolSpec]> {
        &self.tools
    }

    /// What is not wrong but worth a look.
    #[must_use]
    pub fn warnings(&self) -> &[Mistake] {
        &self.warnings
    }

    /// How states of this world are compared.
    #[must_use]
    pub fn comparison(&self) -> &Comparison {
        &self.comparison
    }

    /// The world file's seed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    pub(crate) fn tool(&self, name: &str) -> Option<&Tool> {
        self.by_name.get(name)
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_name.keys()).finish()
    }
}
