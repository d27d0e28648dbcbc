//! Where randomness comes from: two seeds per episode, each a pure function of names.
//!
//! The *world seed* is the same for every endpoint, trial and run, so that everyone meets the
//! same world. The *trial seed* feeds sampling, faults and simulated users, so that trials differ
//! and a run can be repeated.

use mocktrial_trajectory::Digest;

/// The seed of a scenario's world, from the world file's `seed` and the scenario's id.
#[must_use]
pub fn world_seed(world_file_seed: u64, scenario: &str) -> u64 {
    derive(b"world", world_file_seed, scenario, 0)
}

/// The seed of one trial, from the run's seed, the scenario's id and the trial's number.
///
/// Below 2^53: some servers read JSON numbers as floats, and llama.cpp takes 32 bits, so the
/// result keeps to the 31 bits that every known server passes unchanged.
#[must_use]
pub fn trial_seed(run_seed: u64, scenario: &str, trial: u32) -> u64 {
    derive(b"trial", run_seed, scenario, trial) & 0x7fff_ffff
}

fn derive(domain: &[u8], seed: u64, scenario: &str, trial: u32) -> u64 {
    let mut bytes = Vec::with_capacity(12 + scenario.len());
    bytes.extend_from_slice(&seed.to_le_bytes());
    bytes.extend_from_slice(&trial.to_le_bytes());
    bytes.extend_from_slice(scenario.as_bytes());
    Digest::of_bytes(domain, &bytes).to_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trials_of_a_scenario_have_distinct_seeds_and_the_same_names_give_the_same_seed() {
        let seeds: std::collections::BTreeSet<_> = (1..=1000).map(|t| trial_seed(42, "retail/refund", t)).collect();
        assert_eq!(seeds.len(), 1000);
        assert_eq!(trial_seed(42, "a", 1), trial_seed(42, "a", 1));
        assert_ne!(trial_seed(42, "a", 1), trial_seed(43, "a", 1));
        assert_ne!(trial_seed(42, "a", 1), trial_seed(42, "b", 1));
        assert_ne!(world_seed(0, "a"), world_seed(0, "b"));
    }
}
