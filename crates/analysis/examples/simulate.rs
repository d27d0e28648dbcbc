//! Whether gate and comparison hold their level: they are asked about endpoints whose truth is known.
//!
//! ```text
//! cargo run --release -p mocktrial-analysis --example simulate -- [REPLICATIONS] [sequential]
//! ```
//!
//! Scenario pass rates are Beta(μc, (1 − μ)c), c = 1 (U-shaped, as agents are) and c = 4. In suite scope the loss is exact on
//! the scenarios drawn; in population scope it is exact in the population, and the scenarios are a sample of it. *Shift*: a
//! little is lost everywhere. *Breaks*: some scenarios break entirely. Every figure is shown with the upper end of its 95 %
//! interval (Clopper and Pearson), which is what counts; of each group, the mean over its settings and the worst setting.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "it is a command that proves something")]
#![allow(clippy::cast_precision_loss, clippy::too_many_lines)]

use mocktrial_analysis::Arm;
use mocktrial_analysis::compare::{PairVerdict, Scope, Terms, compare};
use mocktrial_analysis::gate::{Answer, Rules, Standard, gate};
use mocktrial_analysis::simulated::{Shape, break_some, lose_everywhere};
use mocktrial_analysis::until::Rounds;
use mocktrial_stats::{Random, beta_ppf, ci_clopper_pearson};
use std::collections::BTreeSet;

const SCENARIOS: [usize; 3] = [30, 60, 150];
const MEANS: [f64; 3] = [0.6, 0.9, 0.97];
const SPREADS: [f64; 2] = [1.0, 4.0];
const TRIALS: [u32; 3] = [1, 3, 8];

/// A rate that was counted: of how many.
#[derive(Clone, Copy, Default)]
struct Counted {
    hits: u32,
    of: u32,
}

impl Counted {
    fn add(&mut self, hit: bool) {
        self.hits += u32::from(hit);
        self.of += 1;
    }

    fn rate(self) -> f64 {
        f64::from(self.hits) / f64::from(self.of.max(1))
    }

    fn ends(self) -> (f64, f64) {
        let interval = ci_clopper_pearson(f64::from(self.hits), f64::from(self.of.max(1)), 0.05).unwrap();
        (interval.low, interval.high)
    }
}

/// Settings of one group, pooled and one by one.
struct Group {
    name: String,
    /// The most (or, for coverage, the least) that is allowed.
    limit: f64,
    least: bool,
    cells: Vec<(String, Counted)>,
}

impl Group {
    fn line(&self) -> String {
        let mut all = Counted::default();
        for (_, cell) in &self.cells {
            all.hits += cell.hits;
            all.of += cell.of;
        }
        let worse = |a: &&(String, Counted), b: &&(String, Counted)| {
            let order = a.1.rate().total_cmp(&b.1.rate());
            if self.least { order.reverse() } else { order }
        };
        let (name, worst) = self.cells.iter().max_by(worse).unwrap();
        let (low, high) = all.ends();
        let (worst_low, worst_high) = worst.ends();
        let (pooled, at_worst) = if self.least { (low, worst_low) } else { (high, worst_high) };
        let holds = if self.least { low >= self.limit } else { high <= self.limit };
        let p = |x: f64| format!("{:.1}", 100.0 * x);
        let (sign, word) = if self.least { ("≥", "lower") } else { ("≤", "upper") };
        format!(
            "| {} | {} | {} ({word} end {}) | {} (of {} in {name}: {}) | {sign} {} | {} |",
            self.name,
            all.of,
            p(all.rate()),
            p(pooled),
            p(worst.rate()),
            worst.of,
            p(at_worst),
            p(self.limit),
            if holds { "holds" } else { "MISSED" }
        )
    }
}

fn rules(scope: Scope, margin: f64) -> Rules {
    Rules {
        margin,
        anchor_margin: 0.1,
        alpha: 0.05,
        power: 0.8,
        scope,
        max_age_days: 30.0,
        must_pass: BTreeSet::new(),
        zero_tolerance: Vec::new(),
        max_cost: None,
        max_seconds: None,
        tags: Vec::new(),
    }
}

fn shapes(n: usize, trials: u32) -> Vec<Shape> {
    let shape = |i: usize| {
        let name: std::sync::Arc<str> = format!("s{i:04}").into();
        Shape { family: name.clone(), name, tags: Vec::new(), trials }
    };
    (0..n).map(shape).collect()
}

/// Quantiles of a law, so that a draw is an index.
fn law(mean: f64, spread: f64) -> Vec<f64> {
    (0..4096).map(|i| beta_ppf((f64::from(i) + 0.5) / 4096.0, mean * spread, (1.0 - mean) * spread).unwrap()).collect()
}

/// A population in which exactly the margin is lost, drawn from.
struct Population {
    law: Vec<f64>,
    shifted: Vec<f64>,
    break_share: f64,
}

impl Population {
    fn new(mean: f64, spread: f64, loss: f64) -> Self {
        let law = law(mean, spread);
        let shifted = lose_everywhere(&law, loss).unwrap();
        let level = law.iter().sum::<f64>() / law.len() as f64;
        Self { law, shifted, break_share: loss / level }
    }

    /// Rates before and after, of `n` scenarios.
    fn draw(
        &self,
        n: usize,
        scope: Scope,
        breaks: bool,
        loss: f64,
        random: &mut Random,
    ) -> Option<(Vec<f64>, Vec<f64>)> {
        let places: Vec<usize> = (0..n).map(|_| random.index(self.law.len())).collect();
        let before: Vec<f64> = places.iter().map(|i| self.law[*i]).collect();
        let after = match (scope, breaks) {
            (Scope::Suite, false) => lose_everywhere(&before, loss)?,
            (Scope::Suite, true) => break_some(&before, loss, random)?,
            (Scope::Population, false) => places.iter().map(|i| self.shifted[*i]).collect(),
            (Scope::Population, true) => {
                before.iter().map(|p| if random.unit() < self.break_share { 0.0 } else { *p }).collect()
            }
        };
        Some((before, after))
    }
}

fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Suite => "suite",
        Scope::Population => "population",
    }
}

fn main() {
    let replications: u32 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(500);
    if std::env::args().nth(2).as_deref() == Some("sequential") {
        return sequential(replications, &mut Random::new(42));
    }
    println!("| what | replications | rate, % | worst setting, % | limit | |\n|---|---|---|---|---|---|");
    let mut random = Random::new(42);
    for (scope, limit) in [(Scope::Suite, 0.06), (Scope::Population, 0.08)] {
        for margin in [0.05, 0.02] {
            for breaks in [false, true] {
                let what = if breaks { "breaks" } else { "shift" };
                let name =
                    format!("gate, {}: false *no worse* at a loss of exactly {margin} ({what})", scope_name(scope));
                let mut group = Group { name, limit, least: false, cells: Vec::new() };
                for (n, mean, spread, k) in settings() {
                    let population = Population::new(mean, spread, margin);
                    let mut counted = Counted::default();
                    let shapes = shapes(n, k);
                    let (mut old, mut new) = (Arm::simulated("old", &shapes), Arm::simulated("new", &shapes));
                    for _ in 0..replications {
                        let Some((before, after)) = population.draw(n, scope, breaks, margin, &mut random) else {
                            continue;
                        };
                        old.draw(&before, &mut random);
                        new.draw(&after, &mut random);
                        let answer =
                            gate(&new, &Standard::of_arm(&old), None, None, &rules(scope, margin)).unwrap().answer;
                        counted.add(answer == Answer::NoWorse);
                    }
                    group.cells.push((setting(n, mean, spread, k), counted));
                }
                println!("{}", group.line());
            }
        }
    }
    sequential(replications, &mut random);
    for scope in [Scope::Suite, Scope::Population] {
        let mut regressed =
            cells(&format!("gate, {}: false *regressed*, nothing changed", scope_name(scope)), 0.06, false);
        let mut verdicts =
            cells(&format!("compare, {}: false *better* or *worse*, nothing changed", scope_name(scope)), 0.06, false);
        let mut coverage =
            cells(&format!("compare, {}: the interval holds the truth, 0.05 lost", scope_name(scope)), 0.93, true);
        for (n, mean, spread, k) in settings() {
            let population = Population::new(mean, spread, 0.05);
            let [mut false_alarm, mut false_verdict, mut covered] = [Counted::default(); 3];
            let shapes = shapes(n, k);
            let (mut old, mut new) = (Arm::simulated("old", &shapes), Arm::simulated("new", &shapes));
            let terms = Terms { scope, alpha: 0.05 };
            for _ in 0..replications {
                let Some((before, after)) = population.draw(n, scope, false, 0.05, &mut random) else { continue };
                old.draw(&before, &mut random);
                new.draw(&before, &mut random);
                let answer = gate(&new, &Standard::of_arm(&old), None, None, &rules(scope, 0.05)).unwrap().answer;
                false_alarm.add(answer == Answer::Regressed);
                let found = compare(&[(&new, &old)], &[], terms).unwrap();
                false_verdict.add(found.pairs[0].verdict != PairVerdict::Undecided);
                new.draw(&after, &mut random);
                let found = compare(&[(&new, &old)], &[], terms).unwrap();
                covered.add(found.pairs[0].delta.is_some_and(|d| d.low <= -0.05 && -0.05 <= d.high));
            }
            let name = setting(n, mean, spread, k);
            regressed.cells.push((name.clone(), false_alarm));
            verdicts.cells.push((name.clone(), false_verdict));
            coverage.cells.push((name, covered));
        }
        for group in [regressed, verdicts, coverage] {
            println!("{}", group.line());
        }
    }
}

/// A run that stops when it knows, over at most as many trials as the setting has.
fn sequential(replications: u32, random: &mut Random) {
    let truths = [
        (0.05, "false *no worse* at a loss of exactly 0.05", "no_worse"),
        (0.0, "false *regressed*, nothing changed", "regressed"),
    ];
    for (loss, what, wrong) in truths {
        let mut group = cells(&format!("run --until decided: {what}"), 0.05, false);
        for (n, mean, spread, k) in settings().filter(|(.., k)| *k > 1) {
            let population = Population::new(mean, spread, 0.05);
            let names: Vec<std::sync::Arc<str>> = (0..n).map(|i| format!("s{i:04}").into()).collect();
            let mut counted = Counted::default();
            for _ in 0..replications {
                let Some((before, after)) = population.draw(n, Scope::Suite, false, loss, random) else { continue };
                let mut rounds = Rounds::new(names.clone(), k, (0.05, 0.05, 0.8));
                let mut decision = None;
                'run: for trial in 1..=k {
                    for (place, name) in names.iter().enumerate() {
                        for (candidate, rate) in [(true, after[place]), (false, before[place])] {
                            let passed = random.unit() < rate;
                            decision = rounds.take(name, candidate, trial, Some(passed)).unwrap();
                            if decision.is_some() {
                                break 'run;
                            }
                        }
                    }
                }
                counted.add(decision.is_some_and(|d| d.answer == wrong));
            }
            group.cells.push((setting(n, mean, spread, k), counted));
        }
        println!("{}", group.line());
    }
}

fn cells(name: &str, limit: f64, least: bool) -> Group {
    Group { name: name.to_owned(), limit, least, cells: Vec::new() }
}

fn setting(n: usize, mean: f64, spread: f64, k: u32) -> String {
    format!("n {n}, μ {mean}, c {spread}, k {k}")
}

fn settings() -> impl Iterator<Item = (usize, f64, f64, u32)> {
    SCENARIOS.into_iter().flat_map(|n| {
        MEANS.into_iter().flat_map(move |mean| {
            SPREADS.into_iter().flat_map(move |spread| TRIALS.into_iter().map(move |k| (n, mean, spread, k)))
        })
    })
}
