//! What must always hold.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use mocktrial_stats::*;
use proptest::prelude::*;

fn rates() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec((0_u8..=8).prop_map(|passes| f64::from(passes) / 8.0), 2..40)
}

fn differences() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec((-8_i8..=8).prop_map(|d| f64::from(d) / 8.0), 2..40)
}

fn table(rows: std::ops::Range<usize>, columns: usize) -> impl Strategy<Value = Vec<Vec<f64>>> {
    prop::collection::vec(prop::collection::vec((0_u8..=2).prop_map(|v| f64::from(v) / 2.0), columns), rows)
}

fn within(i: Interval, value: f64) -> bool {
    i.low <= value + 1e-12 && value <= i.high + 1e-12
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * (1.0 + b.abs())
}

/// A permutation of the values that depends on them only.
fn reordered<T: Clone>(values: &[T]) -> Vec<T> {
    let middle = values.len() / 2;
    values[middle..].iter().rev().chain(&values[..middle]).cloned().collect()
}

proptest! {
    #[test]
    fn every_interval_of_a_rate_holds_it_and_widens_with_confidence(n in 1_u32..400, share in 0.0..=1.0_f64) {
        let (x, n) = ((f64::from(n) * share).floor(), f64::from(n));
        for of in [ci_wilson, ci_clopper_pearson, ci_jeffreys] {
            let (narrow, wide) = (of(x, n, 0.2).unwrap(), of(x, n, 0.01).unwrap());
            prop_assert!(within(narrow, x / n), "{narrow:?}");
            prop_assert!(0.0 <= wide.low && wide.low <= narrow.low + 1e-12 && narrow.high <= wide.high + 1e-12 && wide.high <= 1.0);
        }
    }

    #[test]
    fn every_interval_of_a_mean_holds_it_and_widens_with_confidence(d in differences(), eps in 0.0..1.0_f64) {
        let clusters: Vec<u64> = (0..d.len() as u64).collect();
        let of: [&dyn Fn(f64) -> Interval; 3] = [
            &|alpha| ci_mean_t(&d, alpha).unwrap(),
            &|alpha| ci_pseudo_t(&d, eps, alpha).unwrap(),
            &|alpha| ci_clustered(&d, &clusters, alpha).unwrap(),
        ];
        for (i, of) in of.iter().enumerate() {
            let (narrow, wide) = (of(0.2), of(0.01));
            prop_assert!(wide.low <= narrow.low + 1e-12 && narrow.high <= wide.high + 1e-12);
            prop_assert!(i == 1 || within(narrow, mean(&d).unwrap()));
        }
    }

    #[test]
    fn the_order_of_scenarios_changes_nothing(d in differences(), v in rates(), x in table(2..8, 3)) {
        let again = reordered(&d);
        prop_assert!(near(standard_error(&again).unwrap(), standard_error(&d).unwrap()));
        prop_assert!(near(compare_paired(&again, 0.05).unwrap().p, compare_paired(&d, 0.05).unwrap().p));
        let (cap, u) = (v.len() as f64 * 8.0, reordered(&v));
        prop_assert!(near(ci_wilson_stat(&u, cap, 0.05).unwrap().low, ci_wilson_stat(&v, cap, 0.05).unwrap().low));
        prop_assert_eq!(mix_log_e_greater(&u, 0.5, &C_GRID), mix_log_e_greater(&v, 0.5, &C_GRID));
        let whole = |d: &[f64]| signflip_exact(&d.iter().map(|d| (d * 8.0) as i64).collect::<Vec<_>>()).unwrap();
        prop_assert!(near(whole(&again).two_mid, whole(&d).two_mid));
        let y = reordered(&x);
        prop_assert!(near(perm_gap_exact(&y).unwrap(), perm_gap_exact(&x).unwrap()));
        let (there, back) = (variance_components(&y).unwrap(), variance_components(&x).unwrap());
        prop_assert!(near(there.se_population, back.se_population) && near(there.within.unwrap(), back.within.unwrap()));
    }

    #[test]
    fn shares_of_k_tries_are_ordered(n in 1_u64..60, c in 0_u64..60, k in 1_u64..60, tau in 0.0..=1.0_f64) {
        let (c, k) = (c.min(n), k.min(n));
        let (all, some) = (pass_hat_k(n, c, k).unwrap(), pass_at_k(n, c, k).unwrap());
        let g = g_pass_at_k(n, c, k, tau.max(1.0 / k as f64)).unwrap();
        prop_assert!(all <= g + 1e-12 && g <= some + 1e-12);
        prop_assert!(near(g_pass_at_k(n, c, k, 1.0).unwrap(), all));
        prop_assert!(near(g_pass_at_k(n, c, k, 1.0 / k as f64).unwrap(), some));
        let most = maj_at_k_binary(n, c, k).unwrap();
        prop_assert!(all <= most + 1e-12 && most <= some + 1e-12);
        prop_assert!(near(maj_at_k(&[c, n - c], Some(0), k).unwrap(), most), "two answers");
        let averaged = mg_pass_at_k(n, c, k).unwrap();
        prop_assert!((0.0..=1.0 + 1e-12).contains(&averaged) && averaged <= g_pass_at_k(n, c, k, 0.5).unwrap() + 1e-12);
        if k > 1 {
            prop_assert!(pass_at_k(n, c, k - 1).unwrap() <= some + 1e-12 && all <= pass_hat_k(n, c, k - 1).unwrap() + 1e-12);
        }
    }

    #[test]
    fn the_votes_of_all_answers_make_one(counts in prop::collection::vec(0_u64..6, 1..6), k in 1_u64..20) {
        let all: u64 = counts.iter().sum();
        prop_assume!(all > 0);
        let k = k.min(all);
        let sum: f64 = (0..counts.len()).map(|a| maj_at_k(&counts, Some(a), k).unwrap()).sum();
        prop_assert!(near(sum, 1.0), "{sum}");
    }

    #[test]
    fn adjusted_p_values_are_no_smaller_and_holm_is_the_stricter(p in prop::collection::vec(0.0..=1.0_f64, 0..20)) {
        let (claims, screening, any) = (holm(&p).unwrap(), bh(&p).unwrap(), by(&p).unwrap());
        for (i, raw) in p.iter().enumerate() {
            prop_assert!(*raw <= screening[i] + 1e-12 && screening[i] <= claims[i] + 1e-12 && claims[i] <= 1.0);
            prop_assert!(screening[i] <= any[i] + 1e-12);
            for (j, other) in p.iter().enumerate() {
                prop_assert!(raw > other || claims[i] <= claims[j] + 1e-12, "order is kept");
            }
        }
    }

    #[test]
    fn a_gate_follows_its_margin_and_its_interval(d in differences(), k in 1_u8..10, margin in 0.0..0.5_f64) {
        for scope in [Scope::Suite, Scope::Population] {
            let at = |margin| {
                let rule = GateRule { margin, scope, alpha: 0.05, power: 0.8 };
                gate_ni(&d, (f64::from(k), f64::from(k)), rule).unwrap()
            };
            let (strict, lax) = (at(margin), at(margin + 0.1));
            prop_assert!(strict.verdict != GateVerdict::NoWorse || lax.verdict == GateVerdict::NoWorse);
            prop_assert!(lax.verdict != GateVerdict::Regressed || strict.verdict == GateVerdict::Regressed);
            prop_assert!(within(strict.interval, strict.shrunk) && strict.shrunk.abs() <= strict.delta.abs() + 1e-12);
            prop_assert!(strict.verdict != GateVerdict::Inconclusive || strict.more != Some(0));
        }
    }

    #[test]
    fn planning_and_power_agree(
        delta in 0.01..0.3_f64, between in 0.001..0.2_f64, w in 0.0..0.25_f64, k in 1_u32..9, power in 0.5..0.95_f64
    ) {
        let design =
            Design { between, within_baseline: w, trials_baseline: k, within_candidate: w, trials_candidate: k };
        let n = power_n_scenarios(delta, &design, 0.05, power).unwrap();
        prop_assert!(power_at(delta, n, &design, 0.05).unwrap() >= power - 1e-9);
        prop_assert!(power_mde(n, &design, 0.05, power).unwrap() <= delta + 1e-9);
        prop_assert!(n == 1 || power_mde(n - 1, &design, 0.05, power).unwrap() >= delta - 1e-9);
        let more = Design { trials_baseline: k + 1, trials_candidate: k + 1, ..design };
        prop_assert!(power_n_scenarios(delta, &more, 0.05, power).unwrap() <= n);
    }

    #[test]
    fn an_allocation_spends_its_budget_and_no_more_variance_than_an_even_one(
        sigma in prop::collection::vec(prop_oneof![Just(0.0), 0.0..0.5_f64], 1..30), each in 1_u64..12, least in 0_u64..4
    ) {
        let (n, each) = (sigma.len() as u64, each + least);
        let spent = neyman(&sigma, n * each + 1, least).unwrap();
        prop_assert_eq!(spent.iter().sum::<u64>(), n * each + 1);
        prop_assert!(spent.iter().all(|k| *k >= least));
        if least > 0 {
            let even = suite_variance(&sigma, &vec![each; sigma.len()]).unwrap();
            // Rounding to whole trials may cost what one trial of each scenario is worth.
            let floor: Vec<u64> = spent.iter().map(|k| k + 1).collect();
            prop_assert!(suite_variance(&sigma, &floor).unwrap() <= even + 1e-12);
        }
    }

    #[test]
    fn the_confidence_sequence_ends_where_the_wager_pays(x in prop::collection::vec(0.0..=1.0_f64, 0..60), alpha in 0.01..0.3_f64) {
        let i = mix_cs(&x, alpha, &C_GRID).unwrap();
        prop_assert!(0.0 <= i.low && i.low <= i.high && i.high <= 1.0);
        let pays = (2.0 / alpha).ln();
        prop_assert!(i.low == 0.0 || (mix_log_e_greater(&x, i.low, &C_GRID).unwrap() - pays).abs() < 1e-6);
        prop_assert!(i.high == 1.0 || (mix_log_e_less(&x, i.high, &C_GRID).unwrap() - pays).abs() < 1e-6);
        if !x.is_empty() {
            prop_assert!(within(i, mean(&x).unwrap()));
        }
        let surer = mix_cs(&x, alpha / 2.0, &C_GRID).unwrap();
        prop_assert!(surer.low <= i.low + 1e-9 && i.high <= surer.high + 1e-9);
    }

    #[test]
    fn quantiles_undo_distributions(p in 0.001..0.999_f64, a in 0.5..500.0_f64, b in 0.5..500.0_f64, df in 1_u32..2000) {
        let x = beta_ppf(p, a, b).unwrap();
        prop_assert!((betainc(a, b, x).unwrap() - p).abs() < 1e-9, "{x}");
        prop_assert!(near(betainc(a, b, x).unwrap(), 1.0 - betainc(b, a, 1.0 - x).unwrap()));
        let t = t_ppf(p, f64::from(df)).unwrap();
        prop_assert!((t_cdf(t, f64::from(df)).unwrap() - p).abs() < 1e-12);
        prop_assert!((norm_cdf(norm_ppf(p).unwrap()) - p).abs() < 1e-12);
    }

    #[test]
    fn an_endpoint_may_have_the_rank_that_it_has(x in table(3..20, 4), draws in 20_usize..60) {
        let all = maxt_pairwise_crit(&x, Resampling { draws, seed: 7 }, 0.1).unwrap();
        let sets = rank_sets(&all.estimates, &all.se, all.critical).unwrap();
        for (j, (best, worst)) in sets.iter().enumerate() {
            let above = all.estimates.iter().filter(|e| **e > all.estimates[j]).count();
            let below = all.estimates.iter().filter(|e| **e < all.estimates[j]).count();
            prop_assert!(*best <= above + 1 && 4 - below <= *worst && 1 <= *best && *worst <= 4, "{sets:?}");
        }
        let effects = maxt_vs_mean(&x, Resampling { draws, seed: 7 }, 0.1).unwrap();
        prop_assert!(effects.effects.iter().sum::<f64>().abs() < 1e-9);
        prop_assert!(effects.intervals.iter().zip(&effects.effects).all(|(i, e)| within(*i, *e)));
    }

    #[test]
    fn the_front_holds_what_nothing_beats(points in prop::collection::vec((0_u8..5, 0_u8..5), 0..12)) {
        let (cost, accuracy): (Vec<f64>, Vec<f64>) = points.iter().map(|(c, a)| (f64::from(*c), f64::from(*a))).unzip();
        let front = pareto_front(&cost, &accuracy).unwrap();
        for i in 0..points.len() {
            let (c, a) = points[i];
            let beaten = points.iter().any(|(d, b)| d <= &c && b >= &a && (d < &c || b > &a));
            prop_assert_eq!(front.contains(&i), !beaten);
        }
        prop_assert!(front.is_sorted_by(|i, j| cost[*i] <= cost[*j]));
    }

    #[test]
    fn the_three_classes_are_all_there_is(k in 0_u64..60, share in 0.0..=1.0_f64) {
        let c = (k as f64 * share) as u64;
        let found = flaky_class(c, k, FlakyRule::default()).unwrap();
        prop_assert!(near(found.p_stable_pass + found.p_stable_fail + found.p_flaky, 1.0));
        let turned = flaky_class(k - c, k, FlakyRule::default()).unwrap();
        prop_assert!(near(turned.p_stable_pass, found.p_stable_fail));
    }

    #[test]
    fn the_fit_is_a_peak(counts in prop::collection::vec(0_u64..=12, 6..30)) {
        let counts: Vec<(u64, u64)> = counts.iter().map(|c| (12, *c)).collect();
        let likelihood = |a: f64, b: f64| -> f64 {
            counts.iter().map(|(k, c)| betabinom_logpmf(*c, *k, a, b).unwrap()).sum()
        };
        let Ok(fit) = betabinom_mle(&counts) else { return Ok(()) };
        prop_assert!(near(likelihood(fit.a, fit.b), fit.loglik));
        for (da, db) in [(1.01, 1.0), (0.99, 1.0), (1.0, 1.01), (1.0, 0.99), (1.1, 1.1), (0.9, 0.9)] {
            prop_assert!(likelihood(fit.a * da, fit.b * db) <= fit.loglik + 1e-9);
        }
        let at = betabinom_pass_at_k(fit.a, fit.b, 4).unwrap();
        prop_assert!(betabinom_pass_hat_k(fit.a, fit.b, 4).unwrap() <= at && at <= betabinom_pass_at_k(fit.a, fit.b, 5).unwrap());
    }

    #[test]
    fn clusters_of_one_are_no_clusters(d in differences()) {
        let own: Vec<u64> = (0..d.len() as u64).collect();
        let se = standard_error(&d).unwrap();
        prop_assert!((clustered_se_miller(&d, &own).unwrap() - se).abs() < 1e-12);
        prop_assert!((clustered_se_cr1(&d, &own).unwrap() - se).abs() < 1e-12);
        prop_assert_eq!(cluster_means(&d, &own).unwrap(), d);
    }
}
