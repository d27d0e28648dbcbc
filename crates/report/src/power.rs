//! What a plan can find out, for the terminal.

use crate::number::{count, money, percent, short, time};
use crate::table::{Cell, Table};
use crate::text::{Ink, Style, clean_line, flow, wrap};
use mocktrial_analysis::Estimate;
use mocktrial_analysis::compare::Scope;
use mocktrial_analysis::power::{Both, Design, Foreseen, Needed, PilotArm, Plans, Terms};

/// With fewer units than this, a pilot knows little of how they vary.
const FEW: u64 = 20;

/// What the plan asked about would detect, what more takes, a curve and a table.
#[must_use]
pub fn foreseen(all: &Foreseen, style: &Style) -> String {
    let mut page = Page { out: String::new(), style, terms: &all.terms };
    match (&all.refused, &all.plans) {
        (Some(why), _) => page.say(&format!("No answer: {}.", clean_line(why)), Ink::Unsure),
        (None, Some(plans)) => page.plans(plans, &all.run),
        (None, None) => {}
    }
    if all.quarantined > 0 {
        page.say(&format!("Left out: {} in quarantine.", count(all.quarantined, "scenario")), Ink::Unsure);
    }
    page.out
}

/// What would settle a comparison whose difference stays as the terms' `mde` says, in a sentence.
#[must_use]
pub fn settle(all: &Foreseen) -> String {
    let Some(plans) = &all.plans else {
        return "What would settle it cannot be foreseen from so few trials.".into();
    };
    let (wanted, chance) = (size(all.terms.mde), percent(all.terms.power));
    match &plans.for_mde.design {
        Some(d) => {
            let units = if all.terms.scope == Scope::Population { "family" } else { "scenario" };
            let cost = d.cost.map_or_else(String::new, |c| format!(", about {}", money(c.value)));
            format!(
                "If the difference stays at {wanted} points, {} of each of {} ({} in all{cost}) would show it with a chance of \
                 {chance} %.",
                count(d.trials, "trial"),
                if units == "family" && d.units != 1 { format!("{} families", d.units) } else { count(d.units, units) },
                count(d.episodes, "episode"),
            )
        }
        None => format!(
            "If the difference stays at {wanted} points, no number of trials on these scenarios is sure to show it."
        ),
    }
}

/// Percentage points without a sign: one decimal where it matters.
fn size(delta: f64) -> String {
    match delta * 100.0 {
        p if p > 0.0 && p < 0.05 => "<0.1".into(),
        p if p < 9.95 && (p - p.round()).abs() > 0.04 => format!("{p:.1}"),
        p => format!("{p:.0}"),
    }
}

/// `value (cautiously: value)`, or one of them where the other does not exist.
fn twice<T>(both: &Both<Option<T>>, varies: bool, shown: impl Fn(&T) -> String, none: &str) -> String {
    let of = |value: &Option<T>| value.as_ref().map_or_else(|| none.to_owned(), &shown);
    let (measured, cautious) = (of(&both.measured), of(&both.cautious));
    match () {
        () if !varies => format!("cautiously {cautious}"),
        () if measured == cautious => measured,
        () => format!("{measured} (cautiously {cautious})"),
    }
}

fn some<T: Copy>(both: &Both<T>) -> Both<Option<T>> {
    Both { measured: Some(both.measured), cautious: Some(both.cautious) }
}

struct Page<'a> {
    out: String,
    style: &'a Style,
    terms: &'a Terms,
}

impl Page<'_> {
    fn say(&mut self, text: &str, ink: Ink) {
        for (n, line) in wrap(text, self.style.width().saturating_sub(2)).iter().enumerate() {
            self.out.push_str(if n > 0 { "  " } else { "" });
            self.out.push_str(&self.style.paint(ink, line));
            self.out.push('\n');
        }
    }

    fn facts(&mut self, facts: &[String]) {
        for line in flow(facts, self.style.width()) {
            self.out.push_str(&format!("{}\n", self.style.paint(Ink::Faint, &line)));
        }
    }

    fn gap(&mut self) {
        self.out.push('\n');
    }

    fn unit(&self) -> &'static str {
        match self.terms.scope {
            Scope::Suite => "scenario",
            Scope::Population => "family",
        }
    }

    fn units(&self, n: u64) -> String {
        match (self.terms.scope, n) {
            (Scope::Population, n) if n != 1 => format!("{n} families"),
            _ => count(n, self.unit()),
        }
    }

    fn plans(&mut self, plans: &Plans, run: &str) {
        let design = &plans.design;
        let scope = match self.terms.scope {
            Scope::Suite => "on these scenarios",
            Scope::Population => "on scenarios like these",
        };
        let plan = format!("{} × {}", self.units(design.units), count(design.trials, "trial"));
        self.say(&format!("What {plan} of two endpoints find out, {scope}"), Ink::Strong);
        self.pilot(plans, run);
        self.gap();
        self.answers(plans);
        self.gap();
        self.needs(plans);
        self.gap();
        self.curve(plans);
        self.gap();
        self.table(plans);
        self.gap();
        self.notes(plans);
    }

    fn pilot(&mut self, plans: &Plans, run: &str) {
        let pilot = &plans.pilot;
        let name = clean_line(&pilot.first.endpoint);
        let who = match &pilot.second {
            Some(second) => format!("{name} against {}", clean_line(&second.endpoint)),
            None => format!("two endpoints like {name}"),
        };
        let trials: u64 = arms(plans).map(|arm| arm.counted).sum();
        self.facts(&[
            format!("pilot {}", clean_line(run)),
            who,
            format!("{}, {}", self.units(pilot.units), count(trials, "trial")),
        ]);
    }

    fn answers(&mut self, plans: &Plans) {
        let (design, varies) = (&plans.design, plans.varies);
        let power = percent(self.terms.power);
        let mde = twice(&design.mde, varies, |d| format!("{} points", size(*d)), "nothing below 100 points");
        self.say(&format!("A comparison detects, with {power} % power: {mde}."), Ink::Strong);
        let at = twice(&design.power, varies, |p| format!("{} %", percent(*p)), "–");
        self.say(&format!("It detects {} points with a power of: {at}.", size(self.terms.mde)), Ink::Strong);
        let gate = twice(&some(&design.gate), varies, |p| format!("{} %", percent(*p)), "–");
        let margin = size(self.terms.margin);
        self.say(
            &format!(
                "A gate with a margin of {margin} points passes, where nothing changed, with a chance of: {gate}."
            ),
            Ink::Strong,
        );
        self.facts(&price(design, true));
    }

    fn needs(&mut self, plans: &Plans) {
        let power = percent(self.terms.power);
        let goals = [
            (&plans.for_mde, format!("To detect {} points with {power} % power", size(self.terms.mde))),
            (&plans.for_gate, format!("To pass the gate with {power} % power where nothing changed")),
        ];
        for (needed, goal) in goals {
            let amount = self.amount(needed, plans);
            self.say(&format!("{goal}: {amount}."), Ink::Strong);
            if let Some(design) = needed.design.as_ref().filter(|_| plans.varies) {
                self.facts(&price(design, false));
            }
        }
    }

    fn amount(&self, needed: &Needed, plans: &Plans) -> String {
        let each = count(plans.design.trials, "trial");
        let (amount, instead) = (&needed.amount, &needed.units);
        let units = |n: &u64| n.to_string();
        match self.terms.scope {
            Scope::Population => {
                let families = twice(amount, plans.varies, units, "no number");
                format!("{families} families, with {each} each")
            }
            Scope::Suite if amount.measured.is_none() && amount.cautious.is_none() => {
                let scenarios = twice(instead, plans.varies, units, "no number of them");
                format!("no number of trials is enough; with {each} each, {scenarios} scenarios like these would be")
            }
            Scope::Suite => {
                if let (Some(k), None, Some(n), true) =
                    (amount.measured, amount.cautious, instead.cautious, plans.varies)
                {
                    let trials = count(k, "trial");
                    return format!(
                        "{trials} per scenario (cautiously no number is enough; {n} scenarios with {each} each would be)"
                    );
                }
                let trials = twice(amount, plans.varies, units, "no number");
                let word = if trials == "1" { "trial" } else { "trials" };
                format!("{trials} {word} per scenario")
            }
        }
    }

    fn curve(&mut self, plans: &Plans) {
        self.say("Power against the true difference (● as measured, ○ cautiously)", Ink::Strong);
        let width = self.style.width().saturating_sub(10).min(61);
        for line in drawn(plans, self.terms.power, width) {
            self.out.push_str(&format!("{line}\n"));
        }
    }

    fn table(&mut self, plans: &Plans) {
        let (mde, margin) = (size(self.terms.mde), size(self.terms.margin));
        self.say("Other plans (in brackets cautiously)", Ink::Strong);
        let row = |d: &Design| {
            let pair = |value: Option<String>, cautious: Option<String>| {
                let of = |v: Option<String>| v.unwrap_or_else(|| "–".into());
                let value = value.filter(|_| plans.varies);
                format!("{} ({})", of(value), of(cautious))
            };
            let rate = |p: f64| format!("{} %", percent(p));
            vec![
                d.units.to_string(),
                d.trials.to_string(),
                short_count(d.episodes),
                d.cost.map_or_else(|| "–".into(), |c| money(c.value)),
                d.model_hours.map_or_else(|| "–".into(), |h| time(h.value * 3.6e6)),
                pair(d.mde.measured.map(size), d.mde.cautious.map(size)),
                pair(d.power.measured.map(rate), d.power.cautious.map(rate)),
                pair(Some(rate(d.gate.measured)), Some(rate(d.gate.cautious))),
            ]
        };
        let units = match self.terms.scope {
            Scope::Suite => "scenarios",
            Scope::Population => "families",
        };
        let heads = [
            units,
            "trials",
            "episodes",
            "cost",
            "model time",
            "detects, points",
            &format!("power at {mde}"),
            &format!("gate at {margin}"),
        ]
        .map(str::to_owned);
        let rows: Vec<Vec<String>> = plans.table.iter().map(row).collect();
        let mut cells = vec![heads.iter().map(|h| Cell::inked(h.clone(), Ink::Faint)).collect::<Vec<_>>()];
        cells.extend(rows.iter().map(|row| row.iter().map(Cell::new).collect::<Vec<_>>()));
        let table = Table { rows: cells, right: true };
        if table.width() + 2 <= self.style.width() {
            self.out.push_str(&table.render(2, self.style));
            return;
        }
        for row in rows {
            self.say(&format!("{} {units} × {} trials", row[0], row[1]), Ink::Agent);
            let facts: Vec<String> =
                heads.iter().zip(&row).skip(2).map(|(head, value)| format!("{head}: {value}")).collect();
            for line in flow(&facts, self.style.width() - 2) {
                self.out.push_str(&format!("  {line}\n"));
            }
        }
    }

    fn notes(&mut self, plans: &Plans) {
        let pilot = &plans.pilot;
        let confidence = |v: f64| format!("{v:.4}");
        let mut said = vec![(
            format!(
                "Variances: within {} {}, between {} {}; cautiously: at their upper 80 % limits.",
                if pilot.second.is_some() { "scenarios, of either endpoint," } else { "scenarios" },
                arms(plans).map(|a| confidence(a.within.value)).collect::<Vec<_>>().join(" and "),
                match self.terms.scope {
                    Scope::Suite => "scenarios (of the true difference)",
                    Scope::Population => "families (of the true difference)",
                },
                confidence(pilot.between.value),
            ),
            Ink::Faint,
        )];
        if !plans.varies {
            let why = "In the pilot all trials of a scenario came out alike and no difference varied: only what is said \
                       cautiously means anything.";
            said.push((why.into(), Ink::Unsure));
        }
        if pilot.units < FEW {
            let few =
                format!("A pilot of {} knows little of how they vary: the plan could be off.", self.units(pilot.units));
            said.push((few, Ink::Unsure));
        }
        if arms(plans).any(|a| a.within_assumed) {
            let why = "No scenario has two trials: the variance within scenarios is taken to be the most that the rate \
                       allows. `mocktrial run --add-trials 1` finds it out.";
            said.push((why.into(), Ink::Unsure));
        }
        if pilot.second.is_none() {
            let why = "With one endpoint nothing is known of how the difference varies between scenarios: it is taken not to, \
                       which is the least; cautiously, as between endpoints whose rates correlate by one half.";
            said.push((why.into(), Ink::Unsure));
        }
        if let Some(second) = &pilot.second {
            let name = clean_line(&second.endpoint);
            said.push((format!("Where nothing changed, both endpoints are like {name}."), Ink::Faint));
        }
        if pilot.left_out > 0 {
            let left = format!("Left out: {} without a trial that counts.", count(pilot.left_out, "scenario"));
            said.push((left, Ink::Unsure));
        }
        for arm in arms(plans).filter(|a| a.missing > 0) {
            let text = format!(
                "{}: {} of {} without an outcome; a plan that loses as many needs as many more.",
                clean_line(&arm.endpoint),
                arm.missing,
                count(arm.counted + arm.missing, "trial")
            );
            said.push((text, Ink::Unsure));
        }
        for arm in arms(plans).filter(|a| a.replayed > 0) {
            let name = clean_line(&arm.endpoint);
            let replayed =
                format!("{name}: {} of {} replayed from cassettes.", arm.replayed, count(arm.counted, "trial"));
            said.push((replayed, Ink::Faint));
        }
        if self.terms.scope == Scope::Suite && pilot.between.upper > 0.0 {
            let why =
                "More trials lessen the variance within scenarios only; a comparison also goes by that between them.";
            said.push((why.into(), Ink::Faint));
        }
        said.push((
            "Costs are of both endpoints together, with 95 % intervals; model time is that of all episodes one after the \
             other: divide it by how many run at once."
                .into(),
            Ink::Faint,
        ));
        for (text, ink) in said {
            self.say(&text, ink);
        }
    }
}

fn arms(plans: &Plans) -> impl Iterator<Item = &PilotArm> {
    std::iter::once(&plans.pilot.first).chain(&plans.pilot.second)
}

fn short_count(n: u64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "shown with two digits")]
    if n < 10_000 { n.to_string() } else { short(n as f64) }
}

/// What a plan takes.
fn price(design: &Design, intervals: bool) -> Vec<String> {
    let about = |e: &Estimate, shown: fn(f64) -> String| match (shown(e.low), shown(e.value), shown(e.high)) {
        (low, value, high) if intervals && low != high => format!("{value} ({low} to {high})"),
        (_, value, _) => value,
    };
    let mut facts = vec![format!("{} episodes", short_count(design.episodes))];
    match (&design.cost, &design.tokens) {
        (Some(cost), _) => facts.push(format!("about {}", about(cost, money))),
        (None, Some(tokens)) => facts.push(format!("about {} tokens, price unknown", about(tokens, short))),
        (None, None) => facts.push("cost unknown".into()),
    }
    if let Some(hours) = &design.model_hours {
        facts.push(format!("{} of model time", about(hours, |h| time(h * 3.6e6))));
    }
    facts
}

/// The curve in eleven rows, `width` columns wide beside its labels.
fn drawn(plans: &Plans, wanted: f64, width: usize) -> Vec<String> {
    let width = width.max(11);
    let last = plans.curve.last().map_or(1.0, |p| p.delta);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a row")]
    let row_of = |power: f64| (power.clamp(0.0, 1.0) * 10.0).round() as usize;
    // The curve has its own steps; a column shows the nearest.
    let at = |column: usize| {
        let step = (column * (plans.curve.len().max(1) - 1) + (width - 1) / 2) / (width - 1);
        plans.curve.get(step)
    };
    let goal = row_of(wanted);
    let mut lines: Vec<String> = (0..=10)
        .rev()
        .map(|row| {
            let cell = |column: usize| {
                let point = at(column);
                let in_row = |power: Option<f64>| power.is_some_and(|p| row_of(p) == row);
                match point {
                    Some(p) if plans.varies && in_row(p.power.measured) => '●',
                    Some(p) if in_row(p.power.cautious) => '○',
                    _ if row == goal => '┄',
                    _ => ' ',
                }
            };
            let line: String = (0..width).map(cell).collect();
            let label = if row % 2 == 0 { format!("{:>4} %", row * 10) } else { " ".repeat(6) };
            format!("{label} │{}", line.trim_end())
        })
        .collect();
    lines.push(format!("{} └{}", " ".repeat(6), "─".repeat(width)));
    let (middle, end) = (size(last / 2.0), format!("{} points", size(last)));
    let half = width / 2;
    let before = half.saturating_sub(1 + middle.chars().count() / 2);
    let so_far = 1 + before + middle.chars().count();
    let between = width.saturating_sub(so_far + end.chars().count()).max(1);
    lines.push(format!("{}0{}{middle}{}{end}", " ".repeat(8), " ".repeat(before), " ".repeat(between)));
    lines
}
