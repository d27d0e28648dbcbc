//! Results made from a schema.
//!
//! A generator follows the schema (`examples`, `const`, `enum` and `default` first), and what it
//! makes is validated; where that fails (`not`, `if`, `oneOf` and other keywords that cannot be
//! followed, only met) it draws again, a bounded number of times.

mod format;
mod fuse;
mod generate;
mod number;
mod pattern;
#[cfg(test)]
mod tests;
mod text;

use generate::Generator;
use mocktrial_schema::Schema;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use serde_json::Value;
use std::fmt;

/// How often a value is drawn before the search is given up.
const ATTEMPTS: u32 = 60;

/// Makes values that fit a schema: the same for the same seed, on every machine.
pub struct Synthesizer {
    schema: Value,
    fits: Schema,
}

/// No value was found that fits a schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no value was found that fits the schema: keyword `{keyword}`: {detail}")]
pub struct SynthesisError {
    /// The keyword that could not be met.
    pub keyword: String,
    /// What was tried and did not fit.
    pub detail: String,
}

impl SynthesisError {
    pub(crate) fn new(keyword: &str, detail: impl Into<String>) -> Self {
        Self { keyword: keyword.to_owned(), detail: detail.into() }
    }
}

impl Synthesizer {
    /// Prepares a schema.
    ///
    /// # Errors
    /// When it is not a JSON Schema that can be compiled.
    pub fn new(schema: &Value) -> Result<Self, SynthesisError> {
        let fits =
            Schema::new(schema).map_err(|fault| SynthesisError { keyword: fault.keyword, detail: fault.message })?;
        Ok(Self { schema: schema.clone(), fits })
    }

    /// A value that fits; what is returned has been validated.
    ///
    /// # Errors
    /// When a bounded search finds none, naming the keyword it failed on last.
    pub fn make(&self, seed: u64) -> Result<Value, SynthesisError> {
        let mut last = None;
        for attempt in 0..ATTEMPTS {
            let random = Random(Xoshiro256PlusPlus::seed_from_u64(
                seed ^ u64::from(attempt).wrapping_mul(0x9e37_79b9_7f4a_7c15),
            ));
            match Generator::new(&self.schema, random, attempt).value(&self.schema) {
                Err(error) => last = last.or(Some(error)),
                Ok(value) => match self.fits.problem(&value) {
                    None => return Ok(value),
                    Some(problem) => {
                        last = Some(SynthesisError { detail: problem.to_string(), keyword: problem.keyword });
                    }
                },
            }
        }
        Err(last.unwrap_or_else(|| SynthesisError::new("schema", "the search was given up")))
    }
}

impl fmt::Debug for Synthesizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Synthesizer({})", self.schema)
    }
}

/// The fixed generator, with the few draws that are needed.
pub(crate) struct Random(Xoshiro256PlusPlus);

impl Random {
    /// A number in `0..n`; 0 for `n` = 0.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        u64::try_from((u128::from(self.0.next_u64()) * u128::from(n)) >> 64).unwrap_or(0)
    }

    /// A number in `low..=high`.
    pub(crate) fn between(&mut self, low: i128, high: i128) -> i128 {
        let span = u64::try_from(high - low + 1).unwrap_or(u64::MAX);
        low + i128::from(self.below(span))
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    pub(crate) fn pick<'t, T>(&mut self, from: &'t [T]) -> Option<&'t T> {
        from.get(usize::try_from(self.below(from.len() as u64)).ok()?)
    }

    pub(crate) fn coin(&mut self) -> bool {
        self.bits() >> 63 == 1
    }
}
