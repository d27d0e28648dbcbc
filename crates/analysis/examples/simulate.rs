//! Whether gate, comparison and sequential gate hold their level: they are asked about endpoints whose truth is known.
//!
//! ```text
//! cargo run --release -p mocktrial-analysis --example simulate -- [REPLICATIONS] [AGAIN] [CELLS.csv]
//! ```
//!
//! Scenario pass rates are Beta(μc, (1 − μ)c), c = 1 (U-shaped, as agents are) and c = 4. In suite scope what is true is
//! exact on the scenarios drawn; in population scope it is exact in the population, and the scenarios are a sample of it.
//! Every figure is shown with the end of its 95 % interval (Clopper and Pearson) that is held against the limit. Of each group
//! the three worst settings are drawn anew, AGAIN times, and the worst of these is shown: the first time, the worst of 54 is
//! partly chance. CELLS.csv takes every setting, and for coverage beside it that of Student's interval.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "it is a command that proves something")]

use mocktrial_analysis::Arm;
use mocktrial_analysis::compare::Scope;
use mocktrial_analysis::simulated::{ALPHA, Asked, Count, Population, Question, Said, Setting, Truth, shapes};
use mocktrial_stats::{Random, ci_mean_t};
use std::fmt::Write;

/// A setting with what came of it.
struct Cell {
    setting: Setting,
    count: Count,
    /// The mean width of the intervals.
    width: f64,
    /// How often Student's interval for the same differences holds the truth.
    student: Count,
    /// Its mean width.
    student_width: f64,
}

/// Student's interval for the mean difference, as far as rates go.
fn student(new: &Arm, old: &Arm) -> (f64, f64) {
    let rate = |arm: &Arm| arm.tasks.values().map(|task| task.rate().unwrap()).collect::<Vec<f64>>();
    let differences: Vec<f64> = rate(new).iter().zip(rate(old)).map(|(new, old)| new - old).collect();
    let interval = ci_mean_t(&differences, ALPHA).unwrap();
    (interval.low.max(-1.0), interval.high.min(1.0))
}

fn count(question: &Question, setting: Setting, replications: u32, random: &mut Random) -> Cell {
    let population = Population::new(setting, question.scope, question.truth).unwrap();
    let shapes = shapes(setting.scenarios, setting.trials);
    let (mut old, mut new) = (Arm::simulated("old", &shapes), Arm::simulated("new", &shapes));
    let (mut count, mut plain) = (Count::default(), Count::default());
    let (mut width, mut plain_width) = (0.0, 0.0);
    for _ in 0..replications {
        let Some(drawn) = population.draw(setting.scenarios, random).unwrap() else { continue };
        old.draw(&drawn.before, random);
        new.draw(&drawn.after, random);
        let said = question.ask(&new, &old).unwrap();
        count.add(question.counts(&said, &drawn));
        width += said.interval.map_or(0.0, |(low, high)| high - low);
        if question.asked == Asked::Covers {
            let interval = student(&new, &old);
            plain_width += interval.1 - interval.0;
            plain.add(question.counts(&Said { interval: Some(interval), ..said }, &drawn));
        }
    }
    let n = f64::from(count.of.max(1));
    Cell { setting, count, width: width / n, student: plain, student_width: plain_width / n }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default| arguments.next().and_then(|n| n.parse().ok()).unwrap_or(default);
    let (replications, again): (u32, u32) = (number(500), number(4000));
    let file = arguments.next();
    let mut csv =
        "verdict,scope,truth,loss,limit,n,mu,c,k,pass,replications,hits,rate,low,high,keeps,width,student,student_width\n"
        .to_owned();
    println!("| what | replications | rate, % | worst setting, drawn anew | limit | |\n|---|---|---|---|---|---|");
    for (number, question) in Question::all().into_iter().enumerate() {
        let mut random = Random::new(1000 + number as u64);
        let settings = Setting::all().into_iter().filter(|s| s.trials > 1 || !question.is_sequential());
        let mut cells: Vec<Cell> = settings.map(|s| count(&question, s, replications, &mut random)).collect();
        // The worst first.
        let badness = |cell: &Cell| if question.is_least() { -cell.count.rate() } else { cell.count.rate() };
        cells.sort_by(|a, b| badness(b).total_cmp(&badness(a)));
        let mut anew: Vec<Cell> = cells[..3].iter().map(|c| count(&question, c.setting, again, &mut random)).collect();
        anew.sort_by(|a, b| badness(b).total_cmp(&badness(a)));
        println!("{}", line(&question, &cells, &anew[0]));
        for (pass, cells) in [("all", &cells), ("anew", &anew)] {
            cells.iter().for_each(|cell| row(&mut csv, &question, pass, cell));
        }
        if let Some(file) = &file {
            std::fs::write(file, &csv).unwrap();
        }
    }
}

fn line(question: &Question, cells: &[Cell], worst: &Cell) -> String {
    let mut all = Count::default();
    for cell in cells {
        all.hits += cell.count.hits;
        all.of += cell.count.of;
    }
    let (sign, word) = if question.is_least() { ("≥", "lower") } else { ("≤", "upper") };
    let p = |x: f64| format!("{:.1}", 100.0 * x);
    let verdict = match (all.keeps(question), worst.count.keeps(question)) {
        (true, true) => "holds, everywhere",
        (true, false) => "holds, but not surely in the worst setting",
        (false, _) => "MISSED",
    };
    format!(
        "| {question} | {} | {} ({word} end {}) | {} of {} ({word} end {}): {} | {sign} {} | {verdict} |",
        all.of,
        p(all.rate()),
        p(all.end(question)),
        p(worst.count.rate()),
        worst.count.of,
        p(worst.count.end(question)),
        worst.setting,
        p(question.limit),
    )
}

fn row(csv: &mut String, question: &Question, pass: &str, cell: &Cell) {
    let verdict = match question.asked {
        Asked::NoWorse => "gate_no_worse",
        Asked::Regressed => "gate_regressed",
        Asked::Differ => "compare_differ",
        Asked::Covers => "compare_covers",
        Asked::UntilNoWorse => "until_no_worse",
        Asked::UntilRegressed => "until_regressed",
        Asked::UntilDiffer => "until_differ",
        Asked::UntilCovers => "until_covers",
    };
    let scope = match question.scope {
        Scope::Suite => "suite",
        Scope::Population => "population",
    };
    let truth = match question.truth {
        Truth::Same => "same",
        Truth::Apart => "apart",
        Truth::Shift(_) => "shift",
        Truth::Breaks(_) => "breaks",
    };
    let Setting { scenarios, mean, spread, trials } = cell.setting;
    let Count { hits, of } = cell.count;
    let (low, high) = cell.count.interval();
    let (loss, limit, keeps) = (question.truth.loss(), question.limit, cell.count.keeps(question));
    writeln!(
        csv,
        "{verdict},{scope},{truth},{loss},{limit},{scenarios},{mean},{spread},{trials},{pass},{of},{hits},{:.4},{low:.4},\
         {high:.4},{keeps},{:.4},{:.4},{:.4}",
        cell.count.rate(),
        cell.width,
        cell.student.rate(),
        cell.student_width
    )
    .unwrap();
}
