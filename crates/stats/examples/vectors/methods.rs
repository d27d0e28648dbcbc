//! From the name of a method to what it makes of the inputs of a reference vector.

use mocktrial_stats::*;
use serde_json::{Value, json};

/// What a method makes of its inputs: a refusal is told apart from a value.
type Answer = Result<Value, Refusal>;

/// Why there is no value.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The vector's inputs are not what the method takes.
    Inputs(String),
    /// The method refuses them.
    Method(StatsError),
}

impl From<StatsError> for Refusal {
    fn from(error: StatsError) -> Self {
        Self::Method(error)
    }
}

/// The named inputs of a vector.
pub(crate) struct Inputs<'a>(&'a Value);

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| match value.as_str()? {
        "inf" => Some(f64::INFINITY),
        "-inf" => Some(f64::NEG_INFINITY),
        text => text.parse().ok(),
    })
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole, not negative, and the cast saturates"
)]
fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).or_else(|| {
        let float = value.as_f64()?;
        (float >= 0.0 && float.fract() == 0.0).then_some(float as u64)
    })
}

fn list<T>(value: &Value, of: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    value.as_array()?.iter().map(of).collect()
}

impl Inputs<'_> {
    fn take<T>(&self, name: &str, of: impl Fn(&Value) -> Option<T>) -> Result<T, Refusal> {
        self.0
            .get(name)
            .and_then(of)
            .ok_or_else(|| Refusal::Inputs(format!("input `{name}` is missing or of another kind")))
    }

    fn or<T>(&self, name: &str, of: impl Fn(&Value) -> Option<T>, default: T) -> Result<T, Refusal> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(default),
            Some(_) => self.take(name, of),
        }
    }

    fn f(&self, name: &str) -> Result<f64, Refusal> {
        self.take(name, number)
    }

    fn u(&self, name: &str) -> Result<u64, Refusal> {
        self.take(name, whole)
    }

    fn trials(&self, name: &str) -> Result<u32, Refusal> {
        self.take(name, |v| whole(v).and_then(|n| u32::try_from(n).ok()))
    }

    fn size(&self, name: &str) -> Result<usize, Refusal> {
        self.take(name, |v| whole(v).and_then(|n| usize::try_from(n).ok()))
    }

    fn alpha(&self) -> Result<f64, Refusal> {
        self.or("alpha", number, 0.05)
    }

    fn power(&self) -> Result<f64, Refusal> {
        self.or("power", number, 0.8)
    }

    fn floats(&self, name: &str) -> Result<Vec<f64>, Refusal> {
        self.take(name, |v| list(v, number))
    }

    fn wholes(&self, name: &str) -> Result<Vec<u64>, Refusal> {
        self.take(name, |v| list(v, whole))
    }

    fn table(&self, name: &str) -> Result<Vec<Vec<f64>>, Refusal> {
        self.take(name, |v| list(v, |row| list(row, number)))
    }

    /// The fractions of a betting mixture; the default is written as its formula.
    fn grid(&self) -> Result<Vec<f64>, Refusal> {
        self.or("grid", |v| if v.is_string() { Some(C_GRID.to_vec()) } else { list(v, number) }, C_GRID.to_vec())
    }

    fn labels(&self) -> Result<Vec<(f64, f64)>, Refusal> {
        Ok(self.floats("Y")?.into_iter().zip(self.floats("Yhat")?).collect())
    }

    fn resampling(&self) -> Result<Resampling, Refusal> {
        Ok(Resampling { draws: self.size("B")?, seed: self.u("seed")? })
    }

    fn design(&self) -> Result<Design, Refusal> {
        Ok(Design {
            between: self.f("omega2")?,
            within_baseline: self.f("s2A")?,
            trials_baseline: self.trials("kA")?,
            within_candidate: self.f("s2B")?,
            trials_candidate: self.trials("kB")?,
        })
    }
}

/// A number as vectors write it: infinities by name.
fn n(value: f64) -> Value {
    match value {
        v if v == f64::INFINITY => json!("inf"),
        v if v == f64::NEG_INFINITY => json!("-inf"),
        // No function answers with it; a word that no vector expects.
        v if v.is_nan() => json!("nan"),
        v => json!(v),
    }
}

/// A number that may not exist.
fn or_null(value: Result<f64, StatsError>) -> Value {
    value.map_or(Value::Null, n)
}

fn pair(i: Interval) -> Value {
    json!([n(i.low), n(i.high)])
}

fn plain(value: Result<f64, StatsError>) -> Answer {
    Ok(n(value?))
}

fn interval(value: Result<Interval, StatsError>) -> Answer {
    Ok(pair(value?))
}

/// What each method makes of its inputs; `None` for a name that is not known.
pub(crate) fn answer(method: &str, inputs: &Value) -> Option<Answer> {
    let i = Inputs(inputs);
    let families: [fn(&str, &Inputs<'_>) -> Option<Answer>; 6] =
        [distributions, rates, tries, comparisons, sequences, populations];
    families.iter().find_map(|family| family(method, &i))
}

/// Runs the body only to give it `?`.
fn run(body: impl FnOnce() -> Answer) -> Option<Answer> {
    Some(body())
}

fn distributions(method: &str, i: &Inputs<'_>) -> Option<Answer> {
    match method {
        "norm_ppf" => run(|| plain(norm_ppf(i.f("p")?))),
        "norm_cdf" => run(|| Ok(n(norm_cdf(i.f("x")?)))),
        "norm_sf" => run(|| Ok(n(norm_sf(i.f("x")?)))),
        "t_ppf" => run(|| plain(t_ppf(i.f("p")?, i.f("df")?))),
        "t_cdf" => run(|| plain(t_cdf(i.f("x")?, i.f("df")?))),
        "chi2_sf" => run(|| plain(chi2_sf(i.f("x")?, i.f("df")?))),
        "betainc" => run(|| plain(betainc(i.f("a")?, i.f("b")?, i.f("x")?))),
        "beta_ppf" => run(|| plain(beta_ppf(i.f("p")?, i.f("a")?, i.f("b")?))),
        "betabinom_logpmf" => run(|| plain(betabinom_logpmf(i.u("k")?, i.u("n")?, i.f("a")?, i.f("b")?))),
        "quantile7" => run(|| plain(quantile7(&i.floats("x")?, i.f("q")?))),
        "rng_index" => run(|| {
            let (mut random, n) = (Random::new(i.u("seed")?), i.size("n")?);
            Ok((0..i.size("count")?).map(|_| json!(random.index(n))).collect())
        }),
        "rng_f64" => run(|| {
            let mut random = Random::new(i.u("seed")?);
            Ok((0..i.size("count")?).map(|_| json!(random.unit())).collect())
        }),
        _ => None,
    }
}

fn rates(method: &str, i: &Inputs<'_>) -> Option<Answer> {
    match method {
        "ci_wilson" => run(|| interval(ci_wilson(i.f("x")?, i.f("n")?, i.alpha()?))),
        "ci_clopper_pearson" => run(|| interval(ci_clopper_pearson(i.f("x")?, i.f("n")?, i.alpha()?))),
        "ci_jeffreys" => run(|| interval(ci_jeffreys(i.f("x")?, i.f("n")?, i.alpha()?))),
        "ci_wilson_stat" => run(|| interval(ci_wilson_stat(&i.floats("v")?, i.f("cap")?, i.alpha()?))),
        "ci_wilson_deff" => run(|| interval(ci_wilson_deff(&i.table("S")?, i.alpha()?))),
        "zero_failure_n" => run(|| Ok(json!(zero_failure_n(i.f("p0")?, i.alpha()?)?))),
        "mean_se" => run(|| {
            let x = i.floats("x")?;
            Ok(json!([n(mean(&x)?), or_null(standard_error(&x))]))
        }),
        "ci_mean_t" => run(|| interval(ci_mean_t(&i.floats("x")?, i.alpha()?))),
        "clustered_se_miller" => run(|| plain(clustered_se_miller(&i.floats("scores")?, &i.wholes("clusters")?))),
        "clustered_se_cr0" => run(|| plain(clustered_se_cr0(&i.floats("scores")?, &i.wholes("clusters")?))),
        "clustered_se_cr1" => run(|| plain(clustered_se_cr1(&i.floats("scores")?, &i.wholes("clusters")?))),
        "variance_components" => run(|| {
            let v = variance_components(&i.table("S")?)?;
            Ok(json!({"mean": v.mean, "within": v.within, "between": v.between, "icc": v.icc, "deff": v.deff,
                      "se_population": v.se_population, "se_suite": v.se_suite}))
        }),
        "icc_anova_ci" => run(|| {
            let icc = icc_anova_ci(&i.table("S")?, i.alpha()?)?;
            Ok(json!([icc.value, icc.interval.map(|ends| ends.low), icc.interval.map(|ends| ends.high)]))
        }),
        "optimal_trials_per_scenario" => run(|| {
            plain(optimal_trials_per_scenario(
                i.f("between")?,
                i.f("within")?,
                i.f("cost_scenario")?,
                i.f("cost_trial")?,
            ))
        }),
        "rogan_gladen" => run(|| {
            let corrected = if i.or("clip", Value::as_bool, true)? { rogan_gladen } else { rogan_gladen_unclipped };
            plain(corrected(i.f("p")?, i.f("sens")?, i.f("spec")?))
        }),
        "rogan_gladen_ci" => run(|| {
            let (sensitivity, specificity) = (i.f("sens")?, i.f("spec")?);
            let judge = Accuracy { sensitivity, good: i.f("m1")?, specificity, bad: i.f("m0")? };
            interval(rogan_gladen_ci(i.f("p")?, i.f("n")?, judge, i.alpha()?))
        }),
        "ppi_lambda" => run(|| plain(ppi_lambda(&i.labels()?, &i.floats("Yhat_u")?))),
        "ppi_mean" => run(|| {
            let r = ppi_mean(&i.labels()?, &i.floats("Yhat_u")?, i.or("lam", number, 1.0)?, i.alpha()?)?;
            Ok(json!({"est": r.value, "se": r.se, "lo": r.interval.low, "hi": r.interval.high}))
        }),
        _ => None,
    }
}

fn tries(method: &str, i: &Inputs<'_>) -> Option<Answer> {
    match method {
        "pass_at_k" => run(|| plain(pass_at_k(i.u("n")?, i.u("c")?, i.u("k")?))),
        "pass_hat_k" => run(|| plain(pass_hat_k(i.u("n")?, i.u("c")?, i.u("k")?))),
        "g_pass_at_k" => run(|| plain(g_pass_at_k(i.u("n")?, i.u("c")?, i.u("k")?, i.f("tau")?))),
        "mg_pass_at_k" => run(|| plain(mg_pass_at_k(i.u("n")?, i.u("c")?, i.u("k")?))),
        "maj_at_k_binary" => run(|| plain(maj_at_k_binary(i.u("n")?, i.u("c")?, i.u("k")?))),
        "maj_at_k" => run(|| {
            let correct = i.take("correct", |v| v.as_i64().map(|place| usize::try_from(place).ok()))?;
            plain(maj_at_k(&i.wholes("counts")?, correct, i.u("k")?))
        }),
        "best_of_k" => run(|| plain(best_of_k(&i.floats("verifier")?, &i.floats("correct")?, i.u("k")?))),
        "outcome_consistency" => run(|| plain(outcome_consistency(&i.table("S")?))),
        "betabinom_mle" => run(|| {
            let (c, k) = (i.wholes("c")?, i.wholes("k")?);
            let fit = betabinom_mle(&k.into_iter().zip(c).collect::<Vec<_>>())?;
            Ok(json!({"a": fit.a, "b": fit.b, "loglik": fit.loglik}))
        }),
        "betabinom_pass_at_k" => run(|| plain(betabinom_pass_at_k(i.f("a")?, i.f("b")?, i.u("k")?))),
        "betabinom_pass_hat_k" => run(|| plain(betabinom_pass_hat_k(i.f("a")?, i.f("b")?, i.u("k")?))),
        "flaky_class" => run(|| {
            let rule = FlakyRule {
                tau: i.or("tau", number, 0.9)?,
                confidence: i.or("conf", number, 0.95)?,
                prior: (i.or("a", number, 0.5)?, i.or("b", number, 0.5)?),
            };
            let found = flaky_class(i.u("c")?, i.u("k")?, rule)?;
            let class = match found.class {
                Stability::StablePass => "stable_pass",
                Stability::StableFail => "stable_fail",
                Stability::Flaky => "flaky",
                Stability::Undetermined => "undetermined",
            };
            Ok(json!({"cls": class, "p_stable_pass": found.p_stable_pass, "p_stable_fail": found.p_stable_fail,
                      "p_flaky": found.p_flaky}))
        }),
        "shrunk_within_sd" => run(|| plain(shrunk_within_sd(i.u("c")?, i.u("k")?))),
        "neyman" => run(|| Ok(json!(neyman(&i.floats("sigma")?, i.u("budget")?, i.or("kmin", whole, 1)?)?))),
        "suite_variance" => run(|| plain(suite_variance(&i.floats("sigma")?, &i.wholes("k")?))),
        "pareto_front" => run(|| Ok(json!(pareto_front(&i.floats("cost")?, &i.floats("acc")?)?))),
        _ => None,
    }
}

fn comparisons(method: &str, i: &Inputs<'_>) -> Option<Answer> {
    match method {
        "paired_se" => run(|| {
            let (m, se) = paired_se(&i.floats("a")?, &i.floats("b")?)?;
            Ok(json!([n(m), n(se)]))
        }),
        "unpaired_se" => run(|| plain(unpaired_se(&i.floats("a")?, &i.floats("b")?))),
        "paired_t" => run(|| {
            let r = paired_t(&i.floats("d")?, i.or("mu0", number, 0.0)?)?;
            let mut found = json!({"t": r.t, "p_two": r.p_two});
            if let Some(p) = r.p_greater {
                found["p_greater"] = json!(p);
            }
            Ok(found)
        }),
        "compare_paired" => run(|| {
            let r = compare_paired(&i.floats("d")?, i.alpha()?)?;
            let verdict = match r.verdict {
                Verdict::Better => "better",
                Verdict::Worse => "worse",
                Verdict::Undecided => "inconclusive",
            };
            let mut found =
                json!({"delta": r.delta, "lo": r.interval.low, "hi": r.interval.high, "p": r.p, "verdict": verdict});
            if let Some(d) = i.or("d_int", |v| list(v, integer).map(Some), None)? {
                found["p_signflip_mid"] = json!(signflip_exact(&d)?.two_mid);
            }
            Ok(found)
        }),
        "signflip_exact" => run(|| {
            let r = signflip_exact(&i.take("d_int", |v| list(v, integer))?)?;
            Ok(json!({"T": r.total, "two": r.two, "two_mid": r.two_mid, "greater": r.greater,
                      "greater_mid": r.greater_mid, "less": r.less, "less_mid": r.less_mid}))
        }),
        "mcnemar_exact" => run(|| plain(mcnemar_exact(i.u("b")?, i.u("c")?))),
        "mcnemar_midp" => run(|| plain(mcnemar_midp(i.u("b")?, i.u("c")?))),
        "ci_pseudo_t" => run(|| interval(ci_pseudo_t(&i.floats("d")?, i.f("eps")?, i.alpha()?))),
        "gate_ni" => run(|| {
            let scope = match i.or("scope", |v| v.as_str().map(str::to_owned), "suite".to_owned())?.as_str() {
                "suite" => Scope::Suite,
                "population" => Scope::Population,
                other => return Err(Refusal::Inputs(format!("`{other}` is no scope"))),
            };
            let rule = GateRule { margin: i.f("margin")?, scope, alpha: i.alpha()?, power: i.power()? };
            let g = gate_ni(&i.floats("d")?, (i.f("kA")?, i.f("kB")?), rule)?;
            let verdict = match g.verdict {
                GateVerdict::NoWorse => "pass",
                GateVerdict::Regressed => "fail",
                GateVerdict::Inconclusive => "inconclusive",
            };
            Ok(json!({"verdict": verdict, "delta": g.delta, "shrunk": g.shrunk, "se": g.se, "lo": g.interval.low,
                      "hi": g.interval.high, "regression": g.regression, "more": g.more}))
        }),
        "verdict" => run(|| {
            let ends = Interval { low: i.f("lo")?, high: i.f("hi")? };
            let (se, units) = (i.f("se")?, i.u("n_units")?);
            let v = verdict(i.f("estimate")?, ends, i.f("threshold")?, (se, units), (i.alpha()?, i.power()?))?;
            let decision = match v.decision {
                Decision::Pass => "pass",
                Decision::Fail => "fail",
                Decision::Inconclusive => "inconclusive",
            };
            Ok(json!({"verdict": decision, "n_more": v.more}))
        }),
        "power_n_scenarios" => {
            run(|| Ok(json!(power_n_scenarios(i.f("delta")?, &i.design()?, i.alpha()?, i.power()?)?)))
        }
        "power_mde" => run(|| plain(power_mde(i.u("n")?, &i.design()?, i.alpha()?, i.power()?))),
        "power_at" => run(|| plain(power_at(i.f("delta")?, i.u("n")?, &i.design()?, i.alpha()?))),
        "ni_n_scenarios" => run(|| {
            let (margin, delta) = (i.f("margin")?, i.f("true_delta")?);
            Ok(json!(ni_n_scenarios(margin, delta, i.f("var_d")?, i.alpha()?, i.power()?)?))
        }),
        "ni_k_trials_suite" => run(|| {
            let (margin, delta) = (i.f("margin")?, i.f("true_delta")?);
            let within = (i.f("mean_wA")?, i.f("mean_wB")?);
            Ok(json!(ni_k_trials_suite(margin, delta, within, i.u("n")?, i.alpha()?, i.power()?)?))
        }),
        "holm" => run(|| Ok(json!(holm(&i.floats("p")?)?))),
        "bh" => run(|| Ok(json!(bh(&i.floats("p")?)?))),
        "by" => run(|| Ok(json!(by(&i.floats("p")?)?))),
        "ebh" => run(|| Ok(json!(ebh(&i.floats("e")?, i.alpha()?)?))),
        "rank_sets" => run(|| {
            let critical = i.f("crit")?;
            Ok(json!(rank_sets(&i.floats("est")?, &i.table("se_pair")?, critical)?))
        }),
        "maxt_pairwise_crit" => run(|| {
            let r = maxt_pairwise_crit(&i.table("X")?, i.resampling()?, i.alpha()?)?;
            Ok(json!({"est": r.estimates, "se": r.se, "crit": r.critical}))
        }),
        _ => None,
    }
}

fn integer(value: &Value) -> Option<i64> {
    #[allow(clippy::cast_possible_truncation, reason = "whole; the cast saturates")]
    value.as_i64().or_else(|| value.as_f64().filter(|f| f.fract() == 0.0).map(|f| f as i64))
}

fn sequences(method: &str, i: &Inputs<'_>) -> Option<Answer> {
    let gate = |found: Result<SequentialGate, StatsError>| -> Answer {
        let found = found?;
        let look = match found.look {
            Look::Pass => "pass",
            Look::Fail => "fail",
            Look::Continue => "continue",
        };
        Ok(json!({"log_e_pass": n(found.log_e_pass), "log_e_fail": n(found.log_e_fail), "verdict": look}))
    };
    match method {
        "mix_log_e_greater" => run(|| plain(mix_log_e_greater(&i.floats("x")?, i.f("m")?, &i.grid()?))),
        "mix_log_e_less" => run(|| plain(mix_log_e_less(&i.floats("x")?, i.f("m")?, &i.grid()?))),
        "mix_cs" => run(|| interval(mix_cs(&i.floats("x")?, i.alpha()?, &i.grid()?))),
        "mix_log_e_diff_greater" => run(|| plain(mix_log_e_diff_greater(&i.floats("d")?, i.f("delta0")?, &i.grid()?))),
        "seq_gate" => run(|| gate(seq_gate(&i.floats("x")?, i.f("p0")?, i.f("half")?, i.alpha()?, &i.grid()?))),
        "seq_gate_ni" => run(|| gate(seq_gate_ni(&i.floats("d")?, i.f("margin")?, i.alpha()?, &i.grid()?))),
        _ => None,
    }
}

fn populations(method: &str, i: &Inputs<'_>) -> Option<Answer> {
    match method {
        "gap_stats" => run(|| {
            let g = gap_stats(&i.table("X")?)?;
            Ok(json!({"means": g.means, "gap": g.gap, "ratio": g.ratio, "worst": g.worst, "best": g.best}))
        }),
        "maxt_vs_mean" => run(|| {
            let g = maxt_vs_mean(&i.table("X")?, i.resampling()?, i.alpha()?)?;
            let ends = |of: fn(&Interval) -> f64| g.intervals.iter().map(of).collect::<Vec<_>>();
            let (low, high) = (ends(|i| i.low), ends(|i| i.high));
            Ok(json!({"effect": g.effects, "se": g.se, "crit": g.critical, "lo": low, "hi": high}))
        }),
        "perm_gap_exact" => run(|| plain(perm_gap_exact(&i.table("X")?))),
        "cohen_kappa" => run(|| {
            let weights = match i.0.get("weights").and_then(Value::as_str) {
                None => Weights::Nominal,
                Some("linear") => Weights::Linear,
                Some(_) => Weights::Quadratic,
            };
            plain(cohen_kappa(&i.table("table")?, weights))
        }),
        "cohen_kappa_se" => run(|| plain(cohen_kappa_se(&i.table("table")?))),
        "gwet_ac1" => run(|| Ok(n(gwet_ac1(&i.table("table")?, 0.05)?.value))),
        "krippendorff_alpha" => run(|| {
            let level = match i.or("level", |v| v.as_str().map(str::to_owned), "nominal".to_owned())?.as_str() {
                "nominal" => Level::Nominal,
                "interval" => Level::Interval,
                _ => Level::Ordinal,
            };
            let raters = i.take("data", |v| list(v, |row| list(row, |v| Some(number(v)))))?;
            let items = raters.iter().map(Vec::len).min().unwrap_or(0);
            let units: Vec<Vec<f64>> =
                (0..items).map(|u| raters.iter().filter_map(|rater| rater[u]).collect()).collect();
            plain(krippendorff_alpha(&units, level))
        }),
        "item_rest_corr" => run(|| Ok(json!(item_rest_corr(&i.table("M")?)?))),
        "cronbach_alpha" => run(|| plain(cronbach_alpha(&i.table("M")?))),
        "spearman_brown" => run(|| plain(spearman_brown(i.f("r")?, i.f("f")?))),
        _ => None,
    }
}
