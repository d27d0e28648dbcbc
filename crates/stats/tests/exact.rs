//! Exact methods against the definition, carried out one case at a time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use mocktrial_stats::*;

/// All choices of `k` of `n` places.
fn subsets(n: usize, k: usize) -> Vec<Vec<usize>> {
    (0..1_usize << n)
        .filter(|s| s.count_ones() as usize == k)
        .map(|s| (0..n).filter(|i| s >> i & 1 == 1).collect())
        .collect()
}

fn average(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    values.iter().sum::<f64>() / values.len() as f64
}

/// What the one of `scores` that is the largest is worth, shared among equals.
fn of_the_best(scores: &[f64], worth: &[f64]) -> f64 {
    let most = scores.iter().copied().fold(f64::MIN, f64::max);
    average(scores.iter().zip(worth).filter(|(s, _)| **s == most).map(|(_, w)| *w))
}

#[test]
fn a_plurality_vote_is_the_mean_over_all_ballots() {
    for counts in
        [vec![3_u64, 2, 2], vec![2, 2, 2, 2], vec![1, 5], vec![4], vec![0, 3, 1], vec![1; 8], vec![5, 1, 1, 1, 1]]
    {
        let answers: Vec<usize> =
            counts.iter().enumerate().flat_map(|(a, c)| std::iter::repeat_n(a, *c as usize)).collect();
        for k in 1..=answers.len() {
            for right in 0..counts.len() {
                let ballot = |chosen: &Vec<usize>| {
                    let votes: Vec<f64> =
                        (0..counts.len()).map(|a| chosen.iter().filter(|i| answers[**i] == a).count() as f64).collect();
                    let worth: Vec<f64> = (0..counts.len()).map(|a| f64::from(u8::from(a == right))).collect();
                    of_the_best(&votes, &worth)
                };
                let expected = average(subsets(answers.len(), k).iter().map(ballot));
                let got = maj_at_k(&counts, Some(right), k as u64).unwrap();
                assert!((got - expected).abs() < 1e-12, "{counts:?} {k} {right}: {got}, expected {expected}");
            }
        }
    }
}

#[test]
fn an_answer_that_nobody_gave_never_wins() {
    assert_eq!(maj_at_k(&[3, 2], None, 3), Ok(0.0));
    assert_eq!(maj_at_k(&[3, 2, 0], Some(2), 3), Ok(0.0));
    assert!(matches!(maj_at_k(&[3, 2], Some(2), 3), Err(StatsError::Domain { name: "correct", .. })));
    assert_eq!(maj_at_k(&[3, 2], Some(0), 6), Err(StatsError::KExceedsN { k: 6, n: 5 }));
}

#[test]
fn the_best_of_k_is_the_mean_over_all_choices() {
    let verifier = [0.1, 0.9, 0.4, 0.9, 0.3, 0.7, 0.4];
    let correct = [0.0, 1.0, 0.5, 0.0, 1.0, 1.0, 0.0];
    for k in 1..=7 {
        let chosen = |places: &Vec<usize>| {
            // Ties are worth the mean of the whole group, chosen or not: which of them came up says nothing.
            let group = |i: usize| average((0..7).filter(|j| verifier[*j] == verifier[i]).map(|j| correct[j]));
            let scores: Vec<f64> = places.iter().map(|i| verifier[*i]).collect();
            of_the_best(&scores, &places.iter().map(|i| group(*i)).collect::<Vec<_>>())
        };
        let expected = average(subsets(7, k).iter().map(chosen));
        assert!((best_of_k(&verifier, &correct, k as u64).unwrap() - expected).abs() < 1e-12, "{k}");
    }
}

#[test]
fn exchanging_scores_among_groups_is_counted_without_leaving_one_out() {
    let tables = [
        vec![vec![1.0, 0.0, 0.0], vec![1.0, 1.0, 0.0], vec![1.0, 0.0, 0.5], vec![0.0, 0.0, 0.0]],
        vec![vec![0.31, 0.7, 0.2], vec![0.9, 0.123_456_789_012, 0.5], vec![0.1, 0.2, std::f64::consts::FRAC_1_PI]],
        vec![vec![1.0, 0.0], vec![1.0, 0.0], vec![0.0, 1.0], vec![1.0, 0.0]],
    ];
    for x in tables {
        let width = x[0].len();
        let orders: Vec<Vec<usize>> = match width {
            2 => vec![vec![0, 1], vec![1, 0]],
            _ => vec![vec![0, 1, 2], vec![0, 2, 1], vec![1, 0, 2], vec![1, 2, 0], vec![2, 0, 1], vec![2, 1, 0]],
        };
        let gap = |sums: &[f64]| {
            sums.iter().copied().fold(f64::MIN, f64::max) - sums.iter().copied().fold(f64::MAX, f64::min)
        };
        let mut sums = vec![vec![0.0; width]];
        for row in &x {
            sums = sums
                .iter()
                .flat_map(|s| orders.iter().map(|o| (0..width).map(|j| s[j] + row[o[j]]).collect::<Vec<f64>>()))
                .collect();
        }
        let seen = gap(&(0..width).map(|j| x.iter().map(|row| row[j]).sum()).collect::<Vec<f64>>());
        let expected = average(sums.iter().map(|s| f64::from(u8::from(gap(s) >= seen - 1e-11))));
        let got = perm_gap_exact(&x).unwrap();
        assert!((got - expected).abs() < 1e-12, "{x:?}: {got}, expected {expected}");
        let sampled = perm_gap(&x, Resampling { draws: 20_000, seed: 3 }).unwrap();
        assert!((sampled - expected).abs() < 0.02, "{sampled}, exactly {expected}");
    }
}

#[test]
fn flipping_signs_is_counted_without_leaving_one_out() {
    for d in [vec![3_i64, -2, 0, 5, 1], vec![2, 4, -6, 8], vec![-7], vec![1, 1, 1, -1, 1, 1]] {
        let total: i64 = d.iter().sum();
        let sums: Vec<i64> = (0..1_u32 << d.len())
            .map(|signs| d.iter().enumerate().map(|(i, v)| if signs >> i & 1 == 1 { -v } else { *v }).sum())
            .collect();
        let share = |holds: &dyn Fn(i64) -> bool| average(sums.iter().map(|s| f64::from(u8::from(holds(*s)))));
        let got = signflip_exact(&d).unwrap();
        let pairs = [
            (got.two, share(&|s| s.abs() >= total.abs())),
            (got.two_mid, share(&|s| s.abs() > total.abs()) + share(&|s| s.abs() == total.abs()) / 2.0),
            (got.greater, share(&|s| s >= total)),
            (got.greater_mid, share(&|s| s > total) + share(&|s| s == total) / 2.0),
            (got.less, share(&|s| s <= total)),
            (got.less_mid, share(&|s| s < total) + share(&|s| s == total) / 2.0),
        ];
        assert!(pairs.iter().all(|(got, expected)| (got - expected).abs() < 1e-12), "{d:?}: {pairs:?}");
    }
}

#[test]
fn one_trial_each_makes_mcnemar_and_sign_flips_the_same() {
    for (b, c) in [(0, 0), (0, 5), (3, 3), (7, 2), (40, 61)] {
        let d: Vec<i64> = std::iter::repeat_n(1, b).chain(std::iter::repeat_n(-1, c)).chain([0, 0]).collect();
        let flips = signflip_exact(&d).unwrap();
        let (exact, mid) = (mcnemar_exact(b as u64, c as u64).unwrap(), mcnemar_midp(b as u64, c as u64).unwrap());
        assert!((exact - flips.two).abs() < 1e-12, "{b} {c}: {exact} {flips:?}");
        assert!((b, c) == (0, 0) || (mid - flips.two_mid).abs() < 1e-12, "{b} {c}: {mid} {flips:?}");
    }
}

#[test]
fn a_common_multiple_changes_no_sign_flip() {
    let d = [3, -2, 0, 5, 1];
    let of = |times: i64| signflip_exact(&d.map(|v| v * times)).unwrap();
    assert_eq!(SignFlip { total: 7, ..of(1 << 40) }, of(1));
}

#[test]
fn a_wager_is_fair_where_its_hypothesis_is_just_true() {
    // Over all sequences of eleven passes and failures, weighted by their chance, the worth averages to 1.
    for m in [0.1, 0.5, 0.83] {
        let mut worth = [0.0; 2];
        for sequence in 0..1_u32 << 11 {
            let x: Vec<f64> = (0..11).map(|i| f64::from(sequence >> i & 1)).collect();
            let passes = x.iter().sum::<f64>();
            let chance = f64::powf(m, passes) * f64::powf(1.0 - m, 11.0 - passes);
            worth[0] += chance * mix_log_e_greater(&x, m, &C_GRID).unwrap().exp();
            worth[1] += chance * mix_log_e_less(&x, m, &C_GRID).unwrap().exp();
        }
        assert!(worth.iter().all(|w| (w - 1.0).abs() < 1e-9), "{m}: {worth:?}");
    }
}
