//! Agreement with reference vectors computed by numpy and scipy.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use mocktrial_stats::*;
use serde_json::{Value, json};

fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn table(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(floats).collect()
}

fn labels(inputs: &Value) -> Vec<(f64, f64)> {
    floats(&inputs["Y"]).into_iter().zip(floats(&inputs["Yhat"])).collect()
}

fn pair(i: Interval) -> Value {
    json!([i.low, i.high])
}

fn compute(method: &str, inputs: &Value) -> Option<Value> {
    let f = |name: &str| inputs[name].as_f64().unwrap();
    let u = |name: &str| inputs[name].as_u64().unwrap();
    Some(match method {
        "norm_ppf" => json!(norm_ppf(f("p")).unwrap()),
        "t_ppf" => json!(t_ppf(f("p"), f("df")).unwrap()),
        "t_cdf" => json!(t_cdf(f("x"), f("df")).unwrap()),
        "ci_wilson" => pair(ci_wilson(f("x"), f("n"), f("alpha")).unwrap()),
        "ci_wilson_stat" => pair(ci_wilson_stat(&floats(&inputs["v"]), f("cap"), f("alpha")).unwrap()),
        "pass_at_k" => json!(pass_at_k(u("n"), u("c"), u("k")).unwrap()),
        "pass_hat_k" => json!(pass_hat_k(u("n"), u("c"), u("k")).unwrap()),
        "quantile7" => json!(quantile7(&floats(&inputs["x"]), f("q")).unwrap()),
        "mean_se" => {
            let x = floats(&inputs["x"]);
            json!([mean(&x).unwrap(), standard_error(&x).unwrap()])
        }
        "ci_mean_t" => pair(ci_mean_t(&floats(&inputs["x"]), f("alpha")).unwrap()),
        "paired_t" => {
            let r = paired_t(&floats(&inputs["d"])).unwrap();
            json!({"t": r.t, "p_two": r.p_two})
        }
        "compare_paired" => {
            let r = compare_paired(&floats(&inputs["d"]), f("alpha")).unwrap();
            let verdict = match r.verdict {
                Verdict::Better => "better",
                Verdict::Worse => "worse",
                Verdict::Undecided => "inconclusive",
            };
            json!({"delta": r.delta, "lo": r.interval.low, "hi": r.interval.high, "p": r.p, "verdict": verdict})
        }
        "signflip_exact" => {
            let d: Vec<i64> = inputs["d_int"].as_array().unwrap().iter().map(|v| v.as_i64().unwrap()).collect();
            let r = signflip_exact(&d).unwrap();
            json!({"T": r.total, "two": r.two, "two_mid": r.two_mid, "greater": r.greater,
                   "greater_mid": r.greater_mid, "less": r.less, "less_mid": r.less_mid})
        }
        "cohen_kappa" => {
            let weights = match inputs["weights"].as_str() {
                None => Weights::Nominal,
                Some("linear") => Weights::Linear,
                Some(_) => Weights::Quadratic,
            };
            json!(cohen_kappa(&table(&inputs["table"]), weights).unwrap())
        }
        "cohen_kappa_se" => json!(cohen_kappa_se(&table(&inputs["table"])).unwrap()),
        "gwet_ac1" => json!(gwet_ac1(&table(&inputs["table"]), 0.05).unwrap().value),
        "krippendorff_alpha" => {
            let level = match inputs["level"].as_str().unwrap() {
                "nominal" => Level::Nominal,
                "ordinal" => Level::Ordinal,
                _ => Level::Interval,
            };
            let raters = inputs["data"].as_array().unwrap();
            let units = 0..raters[0].as_array().unwrap().len();
            let units: Vec<Vec<f64>> =
                units.map(|u| raters.iter().filter_map(|rater| rater[u].as_f64()).collect()).collect();
            json!(krippendorff_alpha(&units, level).unwrap())
        }
        "rogan_gladen" => json!(rogan_gladen(f("p"), f("sens"), f("spec")).unwrap()),
        "rogan_gladen_ci" => {
            let judge = Accuracy { sensitivity: f("sens"), good: f("m1"), specificity: f("spec"), bad: f("m0") };
            pair(rogan_gladen_ci(f("p"), f("n"), judge, f("alpha")).unwrap())
        }
        "ppi_lambda" => json!(ppi_lambda(&labels(inputs), &floats(&inputs["Yhat_u"])).unwrap()),
        "ppi_mean" => {
            let r = ppi_mean(&labels(inputs), &floats(&inputs["Yhat_u"]), f("lam"), f("alpha")).unwrap();
            json!({"est": r.value, "se": r.se, "lo": r.interval.low, "hi": r.interval.high})
        }
        _ => return None,
    })
}

fn agrees(got: &Value, expected: &Value, tol: f64) -> bool {
    match (got, expected) {
        (Value::Number(g), Value::Number(e)) => {
            let (g, e) = (g.as_f64().unwrap(), e.as_f64().unwrap());
            (g - e).abs() <= tol * (1.0 + e.abs())
        }
        (Value::Array(g), Value::Array(e)) => g.len() == e.len() && g.iter().zip(e).all(|(g, e)| agrees(g, e, tol)),
        (Value::Object(g), Value::Object(e)) => g.iter().all(|(k, g)| agrees(g, &e[k], tol)),
        _ => got == expected,
    }
}

#[test]
fn every_vector_of_a_known_method_agrees() {
    let file: Value = serde_json::from_str(include_str!("data/vectors.json")).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    let mut wrong = Vec::new();
    for vector in vectors {
        let got = compute(vector["method"].as_str().unwrap(), &vector["inputs"]).expect("a known method");
        if !agrees(&got, &vector["expected"], vector["tol"].as_f64().unwrap()) {
            wrong.push(format!("{}: got {got}, expected {}", vector["id"], vector["expected"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(vectors.len() > 40, "only {} vectors", vectors.len());
}
