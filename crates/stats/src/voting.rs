//! What choosing one of several answers is worth: by vote, or by a verifier's score.

use crate::describe::{count, float};
use crate::error::require;
use crate::repeated::normalised_law;
use crate::{Estimate, StatsError, ci_wilson_stat, mean};

/// The most steps that one vote may take.
const MOST_STEPS: f64 = 3e8;

/// The chance that a plurality vote of `k` of the answers given is right, maj@k, exactly (Wang et al. 2022, arXiv
/// 2203.11171, has the idea; the law is the multivariate hypergeometric): `counts[a]` trials gave answer a, `correct` is
/// the place of the right one, or `None` where nobody gave it. Ties are broken evenly.
///
/// By dynamic programming over how many votes are used and how many answers share the lead, not over all votes.
///
/// Domain: 1 ≤ k ≤ Σ counts. Unit: a probability, for one scenario; average over scenarios.
///
/// # Errors
/// [`StatsError::KExceedsN`] when `k` is more than the answers; a `correct` that is no answer; an input that would take
/// more than about 3·10⁸ steps.
pub fn maj_at_k(counts: &[u64], correct: Option<usize>, k: u64) -> Result<f64, StatsError> {
    let all = counts.iter().fold(0_u64, |sum, c| sum.saturating_add(*c));
    crate::repeated::check(all, 0, k)?;
    let Some(correct) = correct else { return Ok(0.0) };
    let right = *counts.get(correct).ok_or(StatsError::Domain {
        name: "correct",
        value: count(correct),
        domain: "the place of an answer",
    })?;
    let answers: Vec<u64> =
        counts.iter().enumerate().filter(|(i, c)| *i != correct && **c > 0).map(|(_, c)| *c).collect();
    let lead = right.min(k);
    let steps = count(answers.len()) * float(k) * float(k) * float(lead);
    require("the number of steps", steps, "at most 3·10^8; ask for a smaller k", steps <= MOST_STEPS)?;
    if k == all {
        // All vote: one outcome.
        let most = answers.iter().copied().max().unwrap_or(0);
        let sharing = count(answers.iter().filter(|c| **c == right).count());
        return Ok(if right < most || right == 0 { 0.0 } else { 1.0 / (1.0 + sharing) });
    }
    // Independent binomial numbers of votes, given their total, have the law of a draw without replacement.
    let chance = float(k) / float(all);
    let laws: Vec<Vec<f64>> = answers.iter().map(|c| binomial(*c, chance)).collect();
    let (own, total) = (binomial(right, chance), binomial(all, chance));
    let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let mut sum = 0.0;
    for (votes, chance) in own.iter().enumerate().take(at(lead) + 1).skip(1) {
        sum += chance * led(&laws, votes, at(k) - votes);
    }
    Ok((sum / total[at(k)]).clamp(0.0, 1.0))
}

/// The law of a binomial number of `n` with chance 0 < `p` < 1.
fn binomial(n: u64, p: f64) -> Vec<f64> {
    normalised_law(0, n, |j| float(n - j) / (float(j) + 1.0) * (p / (1.0 - p)))
}

/// The sum, over votes of the others that make `left` in all with none above `lead`, of their probability over 1 + the
/// number of them that have `lead`.
fn led(laws: &[Vec<f64>], lead: usize, left: usize) -> f64 {
    // `ways[ties][used]`
    let mut ways = vec![vec![0.0; left + 1]];
    ways[0][0] = 1.0;
    for law in laws {
        let may_tie = law.len() > lead && ways.len() * lead <= left;
        let mut next = vec![vec![0.0; left + 1]; ways.len() + usize::from(may_tie)];
        for (ties, row) in ways.iter().enumerate() {
            for (used, weight) in row.iter().enumerate().filter(|(_, w)| **w > 0.0) {
                for (votes, p) in law.iter().take((lead + 1).min(left - used + 1)).enumerate() {
                    next[ties + usize::from(votes == lead)][used + votes] += weight * p;
                }
            }
        }
        ways = next;
    }
    ways.iter().enumerate().map(|(ties, row)| row[left] / (1.0 + count(ties))).sum()
}

/// What the answer that a verifier likes best among `k` is worth, best-of-k (a U-statistic; Nakano et al. 2021, arXiv
/// 2112.09332, appendix I): with the trials in ascending order of `verifier`, Σ_r y_r·C(r−1, k−1)/C(N, k), where trials
/// that the verifier scores alike share their mean y.
///
/// `verifier[i]` and `correct[i]` are of trial i of one scenario. Domain: 1 ≤ k ≤ N, finite values. Unit: that of
/// `correct`; average over scenarios.
///
/// # Errors
/// When the two are not equally long, there are fewer than `k` trials, or a value is not finite.
pub fn best_of_k(verifier: &[f64], correct: &[f64], k: u64) -> Result<f64, StatsError> {
    require("the length of correct", count(correct.len()), "that of verifier", verifier.len() == correct.len())?;
    crate::repeated::check(verifier.len() as u64, 0, k)?;
    verifier.iter().chain(correct).try_for_each(|v| require("a value", *v, "finite", v.is_finite()))?;
    let mut trials: Vec<(f64, f64)> = verifier.iter().copied().zip(correct.iter().copied()).collect();
    // By what is correct too, so that the order of trials does not even change rounding.
    trials.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let worth: Vec<f64> = trials
        .chunk_by(|a, b| a.0 == b.0)
        .flat_map(|tied| std::iter::repeat_n(tied.iter().map(|(_, y)| y).sum::<f64>() / count(tied.len()), tied.len()))
        .collect();
    let (mut sum, mut weight) = (0.0, float(k) / count(worth.len()));
    for rank in (k..=worth.len() as u64).rev() {
        sum += weight * usize::try_from(rank - 1).map_or(0.0, |place| worth[place]);
        if rank > 1 {
            weight *= float(rank - k) / float(rank - 1);
        }
    }
    Ok(sum)
}

/// A suite's [`maj_at_k`] or [`best_of_k`] from the estimate of each scenario, with [`ci_wilson_stat`] at the cap `trials`
/// (in all)/k.
///
/// # Errors
/// When there is no value, one is outside [0, 1], or a parameter is outside its domain.
pub fn voted_rate(values: &[f64], trials: u64, k: u64, alpha: f64) -> Result<Estimate, StatsError> {
    require("k", float(k), "at least 1", k >= 1)?;
    Ok(Estimate { value: mean(values)?, interval: ci_wilson_stat(values, float(trials) / float(k), alpha)? })
}
