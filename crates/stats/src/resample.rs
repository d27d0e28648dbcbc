//! Fixed random numbers: the same seed gives the same resamples everywhere and for ever.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng as _, SeedableRng as _};

use crate::StatsError;
use crate::describe::count;
use crate::error::require;

/// The most numbers that one bootstrap or permutation test may draw or sum.
const MOST_WORK: f64 = 5e8;

/// The most draws.
const MOST_DRAWS: usize = 1_000_000;

/// How often to resample, and from which seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resampling {
    /// How often; a thousand or more for a level of 0.05.
    pub draws: usize,
    /// The seed.
    pub seed: u64,
}

/// xoshiro256++ (Blackman and Vigna 2021), seeded by SplitMix64.
#[derive(Clone, Debug)]
pub struct Random(Xoshiro256PlusPlus);

impl Random {
    /// The generator of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// The next number below `n` (0 where `n` is 0): the upper half of the product of 64 bits and `n`, written out here
    /// because a library's way to draw from a range may change. The bias is below n/2⁶⁴.
    pub fn index(&mut self, n: usize) -> usize {
        // Below n, which is a usize.
        usize::try_from((u128::from(self.0.next_u64()) * n as u128) >> 64).unwrap_or(0)
    }

    /// The next number in [0, 1): 53 bits.
    #[allow(clippy::cast_precision_loss, reason = "53 bits")]
    pub fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Fills `places` with numbers below their count: one bootstrap resample.
    pub(crate) fn resample(&mut self, places: &mut [usize]) {
        let n = places.len();
        places.iter_mut().for_each(|place| *place = self.index(n));
    }

    /// A random order, each alike (Fisher and Yates).
    pub(crate) fn shuffle(&mut self, values: &mut [f64]) {
        for i in (1..values.len()).rev() {
            values.swap(i, self.index(i + 1));
        }
    }
}

/// The rows of a table of finite numbers, one for each scenario, all equally long; their length.
pub(crate) fn columns(rows: &[Vec<f64>], least: usize) -> Result<usize, StatsError> {
    let width = rows.first().ok_or(StatsError::Empty)?.len();
    if width < least {
        return Err(StatsError::TooFew { needed: least, got: width });
    }
    for row in rows {
        require("the length of a row", count(row.len()), "the same for all", row.len() == width)?;
        row.iter().try_for_each(|v| require("a value", *v, "finite", v.is_finite()))?;
    }
    Ok(width)
}

/// Refuses what would run for minutes.
pub(crate) fn affordable(draws: usize, each: f64) -> Result<(), StatsError> {
    require("the number of draws", count(draws), "from 1 to a million", (1..=MOST_DRAWS).contains(&draws))?;
    let work = count(draws) * each;
    require("the work (draws × values)", work, "at most 5·10^8; take fewer draws", work <= MOST_WORK)
}
