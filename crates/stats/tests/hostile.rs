//! No input makes a method panic, hang, or answer with a number that is none.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../examples/vectors/methods.rs"]
#[allow(dead_code, reason = "why a method refuses is not looked at here")]
mod methods;

use mocktrial_stats::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn vectors() -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("data/vectors.json")).unwrap();
    // How many random numbers to show is the example's own affair.
    file["vectors"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|v| !v["method"].as_str().unwrap().starts_with("rng"))
        .cloned()
        .collect()
}

fn hostile() -> Vec<Value> {
    let mut values =
        vec![json!([]), json!([[]]), json!([[], []]), json!([[1.0], []]), json!([0.5]), json!([[0.5]]), json!(null)];
    values.extend(["inf", "-inf", "NaN"].map(|text| json!(text)));
    values.extend([0.0, -1.0, 1.0, 1e-300, 1e300, -1e300, 0.3, 1e15].map(|f| json!(f)));
    values.extend([0_u64, 1, 1 << 24, 1 << 53, u64::MAX].map(|u| json!(u)));
    let lists: Vec<Value> =
        values.iter().filter(|v| v.is_number() || v.is_string()).map(|v| json!([v, v, 0.5])).collect();
    let tables: Vec<Value> = lists.iter().map(|row| json!([row, row, [0.1, 0.2, 0.7]])).collect();
    values.into_iter().chain(lists).chain(tables).collect()
}

/// Whether a NaN shows anywhere; `None` and NaN are both null in JSON, so those are looked at by the types.
fn shows_nan(value: &Value) -> bool {
    match value {
        Value::String(text) => text == "nan",
        Value::Array(parts) => parts.iter().any(shows_nan),
        Value::Object(parts) => parts.values().any(shows_nan),
        _ => false,
    }
}

#[test]
fn every_input_may_be_replaced_by_a_hostile_one() {
    let hostile = hostile();
    let mut tried = 0;
    let mut seen = std::collections::BTreeSet::new();
    for vector in vectors() {
        let method = vector["method"].as_str().unwrap();
        // Plain functions of all numbers, NaN included.
        if method.starts_with("norm_") || !seen.insert(method.to_owned()) {
            continue;
        }
        for name in vector["inputs"].as_object().unwrap().keys() {
            for value in &hostile {
                let mut inputs = vector["inputs"].clone();
                inputs[name.as_str()] = value.clone();
                if let Some(Ok(answer)) = methods::answer(method, &inputs) {
                    assert!(!shows_nan(&answer), "{method} of {inputs} is {answer}");
                }
                tried += 1;
            }
        }
    }
    assert!(tried > 5000, "{tried}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_floats_are_answered_or_refused(
        x in prop::collection::vec(prop::num::f64::ANY, 0..6),
        a in prop::num::f64::ANY,
        b in prop::num::f64::ANY,
        c in prop::num::f64::ANY,
    ) {
        let rows: Vec<Vec<f64>> = x.iter().map(|v| vec![*v, a, b]).collect();
        let rule = GateRule { margin: a, scope: Scope::Population, alpha: b, power: c };
        let resampling = Resampling { draws: 5, seed: 1 };
        let floats = [
            betainc(a, b, c), beta_ppf(a, b, c), t_cdf(a, b), t_ppf(a, b), chi2_sf(a, b), quantile7(&x, a), mean(&x),
            standard_error(&x), cronbach_alpha(&rows), outcome_consistency(&rows), best_of_k(&x, &x, 1),
            suite_variance(&x, &vec![2; x.len()]), mix_log_e_greater(&x, a, &[0.5]), mix_log_e_less(&x, a, &[b]),
            perm_gap_exact(&rows), perm_gap(&rows, resampling), spearman_brown(a, b),
            optimal_trials_per_scenario(a, b, c, a),
        ];
        for float in floats.into_iter().flatten() {
            prop_assert!(!float.is_nan());
        }
        let intervals = [
            ci_wilson(a, b, c), ci_clopper_pearson(a, b, c), ci_jeffreys(a, b, c), ci_wilson_stat(&x, a, b), ci_mean_t(&x, a),
            ci_pseudo_t(&x, a, b), ci_wilson_deff(&rows, a), mix_cs(&x, a, &C_GRID), ci_clustered(&x, &vec![0; x.len()], a),
            gate_ni(&x, (a, b), rule).map(|g| g.interval), icc_anova_ci(&rows, a).map(|i| i.interval.unwrap_or(Interval { low: 0.0, high: 0.0 })),
        ];
        for interval in intervals.into_iter().flatten() {
            prop_assert!(interval.low <= interval.high, "{interval:?}");
        }
        let _ = (variance_components(&rows), maxt_vs_mean(&rows, resampling, a), maxt_pairwise_crit(&rows, resampling, a));
        let _ = (gap_stats(&rows), neyman(&x, 100, 1), holm(&x), bh(&x), ebh(&x, a), pareto_front(&x, &x), item_rest_corr(&rows));
        let _ = (rank_sets(&x, &rows, a), zero_failure_n(a, b), ni_n_scenarios(a, b, c, 0.05, 0.8), flaky_class(1, 3, FlakyRule { tau: a, confidence: b, prior: (b, c) }));
    }

    #[test]
    fn any_counts_are_answered_or_refused(n in any::<u64>(), c in any::<u64>(), k in any::<u64>(), shift in 0_u32..64) {
        let (n, c, k) = (n >> shift, c >> shift, k >> shift);
        let floats = [
            pass_at_k(n, c, k), pass_hat_k(n, c, k), g_pass_at_k(n, c, k, 0.5), mg_pass_at_k(n, c, k), maj_at_k_binary(n, c, k),
            maj_at_k(&[n, c, 1], Some(0), k), mcnemar_exact(n, c), mcnemar_midp(n, c), betabinom_logpmf(k, n, 0.5, 2.0),
            betabinom_pass_at_k(0.5, 2.0, k), betabinom_pass_hat_k(0.5, 2.0, k), shrunk_within_sd(c, n),
        ];
        for float in floats.into_iter().flatten() {
            prop_assert!(!float.is_nan());
        }
        let _ = (flaky_class(c, n, FlakyRule::default()), betabinom_mle(&[(n, c), (k, c)]), neyman(&[0.5, 0.1], n, k));
        let signed = [n, c, k].map(|v| v.cast_signed());
        let _ = signflip_exact(&signed);
    }
}
