//! What more attempts buy, for the terminal.

use crate::number::{count, money, percent, short};
use crate::table::{Cell, Table};
use crate::text::{Ink, Style, clean_line, flow, wrap};
use mocktrial_analysis::Estimate;
use mocktrial_analysis::scaling::{Effort, EndpointScaling, Extrapolation, Front, Point, Scaling, Standing, Way};

/// A table for each endpoint, one by reasoning effort where it is configured, and the fronts.
#[must_use]
pub fn scaling(all: &Scaling, style: &Style) -> String {
    let mut page = Page { out: String::new(), style };
    if let Some(why) = &all.refused {
        page.say(&format!("No answer: {} claims no rate: {}.", clean_line(&all.run), clean_line(why)), Ink::Unsure);
        return page.out;
    }
    let confidence = percent(all.confidence);
    let title = format!("What more attempts buy, on these scenarios ({confidence} % confidence)");
    page.say(&title, Ink::Strong);
    page.say(&format!("run {}", clean_line(&all.run)), Ink::Faint);
    page.gap();
    for endpoint in &all.endpoints {
        page.endpoint(endpoint);
    }
    page.efforts(&all.endpoints);
    all.fronts.iter().for_each(|front| page.front(front));
    page.legend(all);
    page.out
}

struct Page<'a> {
    out: String,
    style: &'a Style,
}

fn rate(e: &Estimate) -> String {
    format!("{} % ({}–{})", percent(e.value), percent(e.low), percent(e.high))
}

fn spent(e: Option<&Estimate>, shown: fn(f64) -> String) -> String {
    e.map_or_else(|| "–".into(), |e| shown(e.value))
}

fn words(effort: &Effort) -> String {
    let tokens = effort.tokens.map(|n| format!("at most {n} tokens"));
    let word = effort.word.as_deref().map(clean_line);
    [word, tokens].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

impl Page<'_> {
    fn say(&mut self, text: &str, ink: Ink) {
        for (n, line) in wrap(text, self.style.width().saturating_sub(2)).iter().enumerate() {
            self.out.push_str(if n > 0 { "  " } else { "" });
            self.out.push_str(&self.style.paint(ink, line));
            self.out.push('\n');
        }
    }

    fn gap(&mut self) {
        self.out.push('\n');
    }

    /// A table, or where it is too wide, each row as its cells by name.
    fn table(&mut self, heads: &[String], rows: Vec<Vec<Cell>>) {
        let mut cells = vec![heads.iter().map(|h| Cell::inked(h.clone(), Ink::Faint)).collect::<Vec<_>>()];
        cells.extend(rows);
        let table = Table { rows: cells, right: true };
        if table.width() + 2 <= self.style.width() {
            self.out.push_str(&table.render(2, self.style));
            return;
        }
        for row in &table.rows[1..] {
            let facts: Vec<String> = heads
                .iter()
                .zip(row)
                .filter(|(_, cell)| !cell.text.trim().is_empty())
                .map(|(head, cell)| match head.as_str() {
                    "" => cell.text.clone(),
                    head => format!("{head}: {}", cell.text.trim()),
                })
                .collect();
            for (n, line) in flow(&facts, self.style.width() - 4).iter().enumerate() {
                self.out.push_str(&format!("{}{line}\n", " ".repeat(if n == 0 { 2 } else { 4 })));
            }
        }
    }

    fn endpoint(&mut self, e: &EndpointScaling) {
        self.say(&clean_line(&e.endpoint), Ink::Strong);
        let mut facts = vec![count(e.scenarios, "scenario"), count(e.counted, "trial")];
        if e.missing > 0 {
            facts.push(format!("{} without an outcome", e.missing));
        }
        facts.extend(e.effort.as_ref().map(|effort| format!("reasoning effort {}", words(effort))));
        if e.replayed > 0 {
            facts.push(format!("{} replayed from cassettes", e.replayed));
        }
        for line in flow(&facts, self.style.width()) {
            self.say(&line, Ink::Faint);
        }
        if e.points.is_empty() {
            self.say("none of its trials counts", Ink::Unsure);
        } else {
            let heads = ["k", "any passes", "most pass", "all pass"].map(str::to_owned).into_iter();
            let verifiers = e.verified.iter().map(|v| format!("by {}", clean_line(&v.verifier)));
            let spent = ["cost", "tokens"].map(str::to_owned);
            let heads: Vec<String> = heads.chain(verifiers).chain(spent).collect();
            let rows = e.points.iter().map(|point| row(e, point)).collect();
            self.table(&heads, rows);
        }
        if let Some(fewest) = &e.fewest {
            let name = clean_line(&fewest.scenario);
            let (counted, planned) = (fewest.counted, fewest.planned);
            let counts = if counted == 1 { "counts" } else { "count" };
            let said = format!("k ends there because of {name}: {counted} of its {planned} trials {counts}");
            self.say(&said, Ink::Unsure);
        }
        if !e.left_out.is_empty() {
            let names: Vec<String> = e.left_out.iter().take(5).map(|name| clean_line(name)).collect();
            let more = e.left_out.len().saturating_sub(5);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            self.say(&format!("left out, without a trial that counts: {}{more}", names.join(", ")), Ink::Unsure);
        }
        for verified in e.verified.iter().filter(|v| v.scenarios < e.scenarios) {
            let (name, own) = (clean_line(&verified.verifier), verified.scenarios);
            self.say(&format!("{name} has scores of {own} of {} scenarios", e.scenarios), Ink::Unsure);
        }
        if let Some(extrapolation) = &e.extrapolated {
            self.extrapolation(extrapolation);
        }
        self.gap();
    }

    fn extrapolation(&mut self, e: &Extrapolation) {
        let title = format!("extrapolated (beta-binomial): assumes {}, decides nothing", e.assumes);
        self.say(&title, Ink::Unsure);
        if let Some(why) = &e.refused {
            self.say(&clean_line(why), Ink::Unsure);
            return;
        }
        let heads = ["k", "any passes", "all pass"].map(str::to_owned);
        let rows = e.points.iter().map(|p| {
            let rate = |r: f64| format!("{} %", percent(r));
            [p.k.to_string(), rate(p.pass_at), rate(p.pass_hat)].map(|text| Cell::inked(text, Ink::Faint)).to_vec()
        });
        self.table(&heads, rows.collect());
    }

    fn efforts(&mut self, endpoints: &[EndpointScaling]) {
        let mut told: Vec<_> =
            endpoints.iter().filter_map(|e| Some((e.effort.as_ref()?, e, e.points.first()?))).collect();
        if told.is_empty() {
            return;
        }
        told.sort_by(|a, b| a.0.cmp(b.0));
        self.say("By reasoning effort, one attempt", Ink::Strong);
        let heads = ["model", "effort", "endpoint", "passes", "cost", "tokens"].map(str::to_owned);
        let rows = told.into_iter().map(|(effort, e, one)| {
            let texts = [
                clean_line(&effort.model),
                words(effort),
                clean_line(&e.endpoint),
                rate(&one.pass_at),
                spent(one.cost.as_ref(), money),
                spent(one.tokens.as_ref(), short),
            ];
            texts.map(Cell::new).to_vec()
        });
        self.table(&heads, rows.collect());
        self.gap();
    }

    fn front(&mut self, front: &Front) {
        let way = match &front.way {
            Way::PerfectVerifier => "where any attempt that passes is found".to_owned(),
            Way::Majority => "where most attempts must pass".to_owned(),
            Way::Verifier(name) => format!("where {} chooses the attempt", clean_line(name)),
        };
        let title =
            format!("Cost against accuracy {way}: what nothing beats in both ({})", count(front.scenarios, "scenario"));
        self.say(&title, Ink::Strong);
        let unit = if front.unit == "dollars" { "cost" } else { "tokens" };
        let heads = ["", "endpoint", "k", unit, "passes", "unbeaten in"].map(str::to_owned);
        let on = |p: &&mocktrial_analysis::scaling::FrontPoint| p.on_front || p.standing != Standing::Unlikely;
        let rows: Vec<Vec<Cell>> = front
            .points
            .iter()
            .filter(on)
            .map(|p| {
                let (mark, ink) = match p.standing {
                    Standing::Sure => ("●", Ink::Pass),
                    Standing::Likely => ("◐", Ink::Unsure),
                    Standing::Unlikely => ("○", Ink::Faint),
                };
                let cost = if front.unit == "dollars" { money(p.cost) } else { short(p.cost) };
                vec![
                    Cell::inked(mark, ink),
                    Cell::new(clean_line(&p.endpoint)),
                    Cell::new(p.k.to_string()),
                    Cell::new(cost),
                    Cell::new(format!("{} %", percent(p.accuracy))),
                    Cell::new(format!("{} %", percent(p.share))),
                ]
            })
            .collect();
        let beaten = front.points.len() - rows.len();
        self.table(&heads, rows);
        if beaten > 0 {
            self.say(&format!("  and {beaten} that others beat"), Ink::Faint);
        }
        self.gap();
    }

    fn legend(&mut self, all: &Scaling) {
        let mut notes = vec![
            "any passes: pass@k, the best of k where a perfect verifier picks it, which no real one exceeds; most pass: \
             maj@k, a vote in which wrong attempts agree, half on a tie; all pass: pass^k.",
        ];
        if all.endpoints.iter().any(|e| !e.verified.is_empty()) {
            notes.push("by …: the attempt that this verifier or judge scores highest; what it costs itself is not in the cost.");
        }
        notes.push("Cost and tokens are of k attempts at a scenario.");
        if all.fronts.is_empty() {
            notes.push(match all.endpoints.iter().map(|e| e.scenarios).min() {
                Some(0 | 1) => "No front of cost and accuracy: that takes two scenarios with trials that count.",
                _ => "No front of cost and accuracy: the endpoints share fewer than two scenarios whose cost is known.",
            });
        } else {
            notes.push(
                "● unbeaten in at least 95 % of draws of the scenarios, ◐ in at least half, ○ in fewer though unbeaten as \
                 measured. A front rests on the scenarios that all endpoints share and whose cost is known.",
            );
        }
        notes.iter().for_each(|note| self.say(note, Ink::Faint));
    }
}

fn row(e: &EndpointScaling, point: &Point) -> Vec<Cell> {
    let mut cells = vec![point.k.to_string(), rate(&point.pass_at), rate(&point.majority), rate(&point.pass_hat)];
    for verified in &e.verified {
        let own = verified.points.iter().find(|p| p.k == point.k);
        cells.push(own.map_or_else(|| "–".into(), |p| rate(&p.best_of)));
    }
    cells.push(spent(point.cost.as_ref(), money));
    cells.push(spent(point.tokens.as_ref(), short));
    cells.into_iter().map(Cell::new).collect()
}
