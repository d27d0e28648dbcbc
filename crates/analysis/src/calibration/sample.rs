//! Choosing what people are shown.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng as _, SeedableRng as _};
use std::collections::BTreeMap;

/// A judged criterion of an episode that may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The endpoint.
    pub endpoint: String,
    /// Whether the judge passed it.
    pub judged: bool,
}

/// A candidate that was drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampled {
    /// Its place among the candidates.
    pub index: usize,
    /// How many candidates it stands for: those of its endpoint and grade, over those of them that were drawn.
    pub weight: f64,
}

/// Draws `n` of the candidates, at random within each endpoint and grade, in an order that tells neither.
///
/// Every endpoint and grade that there is gets one at least, where `n` allows it, and the rest by their numbers. The
/// same candidates, number and seed give the same sample.
#[must_use]
pub fn sample(candidates: &[Candidate], n: usize, seed: u64) -> Vec<Sampled> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut strata: BTreeMap<(&str, bool), Vec<usize>> = BTreeMap::new();
    for (index, candidate) in candidates.iter().enumerate() {
        strata.entry((&candidate.endpoint, candidate.judged)).or_default().push(index);
    }
    let mut strata: Vec<Vec<usize>> = strata.into_values().collect();
    let shares = allot(&strata.iter().map(Vec::len).collect::<Vec<_>>(), n);
    let mut drawn = Vec::with_capacity(n.min(candidates.len()));
    for (stratum, share) in strata.iter_mut().zip(shares) {
        shuffle(stratum, &mut random);
        #[allow(clippy::cast_precision_loss, reason = "no run has 2^52 episodes")]
        let weight = stratum.len() as f64 / share.max(1) as f64;
        drawn.extend(stratum.iter().take(share).map(|index| Sampled { index: *index, weight }));
    }
    shuffle(&mut drawn, &mut random);
    drawn
}

/// How many of each stratum: one each where it can be, the rest by their sizes with the largest remainders first.
fn allot(sizes: &[usize], n: usize) -> Vec<usize> {
    let all: usize = sizes.iter().sum();
    if n >= all {
        return sizes.to_vec();
    }
    let mut shares = vec![0; sizes.len()];
    // The largest first, should there be fewer than strata.
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|i| std::cmp::Reverse(sizes[*i]));
    for i in order.iter().take(n) {
        shares[*i] = 1;
    }
    let mut left = n.saturating_sub(sizes.len());
    let spare: usize = sizes.iter().map(|s| s.saturating_sub(1)).sum();
    if left == 0 || spare == 0 {
        return shares;
    }
    let (given, mut remainders): (Vec<usize>, Vec<(usize, usize)>) = sizes
        .iter()
        .enumerate()
        .map(|(i, size)| {
            let product = (size - 1) * left;
            (product / spare, (product % spare, i))
        })
        .unzip();
    for (share, more) in shares.iter_mut().zip(&given) {
        *share += more;
    }
    left -= given.iter().sum::<usize>();
    remainders.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    for (_, i) in remainders.into_iter().cycle().take(sizes.len() * 2) {
        if left > 0 && shares[i] < sizes[i] {
            shares[i] += 1;
            left -= 1;
        }
    }
    shares
}

/// Fisher and Yates; the place is the upper half of a product, which is the same on every machine and in every version.
fn shuffle<T>(items: &mut [T], random: &mut Xoshiro256PlusPlus) {
    for i in (1..items.len()).rev() {
        let place = (u128::from(random.next_u64()) * (i as u128 + 1)) >> 64;
        #[allow(clippy::cast_possible_truncation, reason = "at most i")]
        items.swap(i, place as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn a_sample_stands_for_all_without_repeating_any(
            made in prop::collection::vec((0_u8..3, any::<bool>()), 1..80), n in 1_usize..90, seed in any::<u64>()
        ) {
            let candidates: Vec<Candidate> =
                made.iter().map(|(e, judged)| Candidate { endpoint: e.to_string(), judged: *judged }).collect();
            let drawn = sample(&candidates, n, seed);
            prop_assert_eq!(&drawn, &sample(&candidates, n, seed));
            prop_assert_eq!(drawn.len(), n.min(candidates.len()));
            let places: BTreeSet<usize> = drawn.iter().map(|d| d.index).collect();
            prop_assert_eq!(places.len(), drawn.len());
            let strata: BTreeSet<(u8, bool)> = made.iter().copied().collect();
            let seen: BTreeSet<(u8, bool)> = drawn.iter().map(|d| made[d.index]).collect();
            if n >= strata.len() {
                prop_assert_eq!(seen, strata);
                let sum: f64 = drawn.iter().map(|d| d.weight).sum();
                prop_assert!((sum - candidates.len() as f64).abs() < 1e-6, "{}", sum);
            }
        }
    }

    #[test]
    fn the_order_of_a_sample_tells_neither_endpoint_nor_grade() {
        let candidates: Vec<Candidate> = (0..200)
            .map(|i| Candidate { endpoint: if i < 100 { "a" } else { "b" }.into(), judged: i % 2 == 0 })
            .collect();
        let drawn = sample(&candidates, 40, 7);
        let first = drawn[..20].iter().filter(|d| candidates[d.index].endpoint == "a").count();
        assert!((5..=15).contains(&first), "{first}");
        assert_ne!(drawn, sample(&candidates, 40, 8));
    }
}
