//! What a live A/A run says, for the terminal.

use crate::number::{count, p_value, percent, points};
use crate::table::{Cell, Table};
use crate::text::{Ink, Style, clean_line, wrap};
use mocktrial_analysis::audit::{LiveAudit, LiveLabel, LiveQuestion, LiveTest};

/// Pairs that were dispatched further apart than this many episodes are hardly side by side.
const FAR: f64 = 50.0;

/// The tests of a live A/A run, what they mean, and what to do.
#[must_use]
pub fn live_audit(a: &LiveAudit, style: &Style) -> String {
    let mut page = Page { out: String::new(), style };
    let [first, second] = &a.labels;
    let (one, two) = (clean_line(&first.label), clean_line(&second.label));
    page.say(&format!("Live audit of {}: {one} and {two} are one endpoint", clean_line(&a.run)), Ink::Strong);
    let mut facts = format!(
        "{} of trials on {}, in {}",
        count(a.pairs, "pair"),
        count(a.scenarios, "scenario"),
        count(a.rounds, "round")
    );
    if let Some(apart) = a.apart {
        facts.push_str(&format!(
            ", begun {apart:.0} episode{} apart (median)",
            if apart.round() == 1.0 { "" } else { "s" }
        ));
    }
    page.say(&facts, Ink::Faint);
    page.left_out(a);
    page.gap();
    if let Some(why) = &a.refused {
        page.say(&format!("No answer: {}.", clean_line(why)), Ink::Unsure);
        return page.out;
    }
    page.table(a);
    page.gap();
    let drifts = a.tests.iter().any(|test| test.found && test.question == LiveQuestion::Drift);
    for test in a.tests.iter().filter(|test| test.found) {
        let (mut found, to_do) = meaning(test, &one, &two);
        if drifts && test.question == LiveQuestion::Overdispersion {
            found.push_str(" The drift is part of that.");
        }
        page.say(&found, Ink::Fail);
        page.say(to_do, None);
    }
    for test in &a.tests {
        if let Some(why) = &test.untestable {
            let asked = match test.question {
                LiveQuestion::Homogeneity => "whether both labels fare alike",
                LiveQuestion::Overdispersion => "whether trials of one round fail together",
                LiveQuestion::Drift => "whether outcomes drift",
            };
            page.say(&format!("Cannot tell {asked}: {}.", clean_line(why)), Ink::Unsure);
        }
    }
    page.concluded(a);
    page.out
}

struct Page<'a> {
    out: String,
    style: &'a Style,
}

impl Page<'_> {
    fn say(&mut self, text: &str, ink: impl Into<Option<Ink>>) {
        let ink = ink.into();
        for (n, line) in wrap(text, self.style.width().saturating_sub(2)).iter().enumerate() {
            self.out.push_str(if n > 0 { "  " } else { "" });
            self.out.push_str(&ink.map_or_else(|| line.clone(), |ink| self.style.paint(ink, line)));
            self.out.push('\n');
        }
    }

    fn gap(&mut self) {
        self.out.push('\n');
    }

    fn left_out(&mut self, a: &LiveAudit) {
        if a.quarantined > 0 {
            self.say(&format!("left out: {} in quarantine", count(a.quarantined, "scenario")), Ink::Unsure);
        }
        let by = |of: fn(&LiveLabel) -> u64| {
            let each: Vec<String> = a.labels.iter().map(|l| format!("{} {}", clean_line(&l.label), of(l))).collect();
            (a.labels.iter().map(of).sum::<u64>(), each.join(", "))
        };
        let (missing, each) = by(|l| l.missing);
        if missing > 0 {
            let unequal = match a.p_missing {
                Some(p) if p < 0.05 => format!(
                    "; one label lacks them more often than the other (p {}), which one endpoint alone does not explain",
                    p_value(p)
                ),
                _ => String::new(),
            };
            self.say(&format!("{} without an outcome: {each}{unequal}", count(missing, "trial")), Ink::Unsure);
        }
        let (unpaired, each) = by(|l| l.unpaired);
        if unpaired > 0 {
            let said = format!("{} left out because the partner has no outcome: {each}", count(unpaired, "trial"));
            self.say(&said, Ink::Unsure);
        }
        if let Some(apart) = a.apart.filter(|apart| *apart > FAR) {
            let said = format!(
                "half of the pairs were begun {apart:.0} episodes apart or more: a drift can show as a difference of labels"
            );
            self.say(&said, Ink::Unsure);
        }
    }

    fn table(&mut self, a: &LiveAudit) {
        let head = ["asked", "seen", "p", "adjusted"];
        let mut rows = vec![head.iter().map(|h| Cell::inked(*h, Ink::Faint)).collect::<Vec<_>>()];
        for test in &a.tests {
            let asked = match test.question {
                LiveQuestion::Homogeneity => "both labels fare alike",
                LiveQuestion::Overdispersion => "trials do not fail together",
                LiveQuestion::Drift => "outcomes do not drift",
            };
            let ink = match () {
                () if test.found => Ink::Fail,
                () if test.p.is_some() => Ink::Pass,
                () => Ink::Unsure,
            };
            let p =
                |p: Option<f64>| p.map_or_else(|| "–".to_owned(), |p| p_value(p).trim_start_matches("= ").to_owned());
            rows.push(vec![
                Cell::new(asked),
                Cell::new(seen(test, a)),
                Cell::new(p(test.p)),
                Cell::inked(p(test.p_adjusted), ink),
            ]);
        }
        self.out.push_str(&Table { rows, right: false }.render(0, self.style));
    }

    fn concluded(&mut self, a: &LiveAudit) {
        let trials = count(2 * a.pairs, "trial");
        let level = percent(a.alpha);
        if a.has_finding() {
            let said = format!(
                "This is one draw, and not an error rate: {level} of 100 such audits of a sound setup speak up as well. Repeat it, \
                 with another --seed, before much is made of it."
            );
            self.say(&said, Ink::Faint);
        } else if a.is_tested() {
            let where_tested =
                if a.tests.iter().all(|test| test.p.is_some()) { "" } else { ", where it could be tested," };
            let said = format!(
                "Nothing in {trials}{where_tested} speaks against trials being independent draws from an endpoint that stays \
                 as it is."
            );
            self.say(&said, Ink::Pass);
            let said = "This is one draw, and neither a proof nor an error rate: how often the gate is wrong where nothing has \
                        changed is what `mocktrial audit` simulates.";
            self.say(said, Ink::Faint);
        } else {
            let said = "No answer: whatever is true, these trials could not have shown it. More trials, or scenarios that pass now \
                        and fail then, could.";
            self.say(said, Ink::Unsure);
        }
    }
}

fn seen(test: &LiveTest, a: &LiveAudit) -> String {
    let Some(effect) = test.effect else { return "nothing varies".to_owned() };
    match test.question {
        LiveQuestion::Homogeneity => {
            format!("{} and {} of {} passed", a.labels[0].passed, a.labels[1].passed, a.pairs)
        }
        LiveQuestion::Overdispersion => format!("{effect:.1} × the variation of independent trials"),
        LiveQuestion::Drift => format!("second half {} points off the first", points(effect)),
    }
}

/// What a finding means, and what to do about it.
fn meaning(test: &LiveTest, one: &str, two: &str) -> (String, &'static str) {
    let effect = test.effect.unwrap_or(0.0);
    match test.question {
        LiveQuestion::Homogeneity => {
            let (better, worse) = if effect > 0.0 { (one, two) } else { (two, one) };
            (
                format!(
                    "One endpoint fares differently under two labels: {better} passes more often than {worse} by more than chance makes \
                     likely."
                ),
                "Something other than the endpoint decides, such as who asks first, a cache, or a limit that one of them runs \
                 into. Until it is found, differences of this size between endpoints mean nothing: see where they part with \
                 `mocktrial compare`, and try again with a lower concurrency.",
            )
        }
        LiveQuestion::Overdispersion => (
            "Trials of one round fail together more than chance makes likely: moments differ, and not trials alone."
                .to_owned(),
            "An outage, throttling, or another model behind the name hits many scenarios at once. Trials of one sitting are \
             then fewer than they look, and intervals too narrow: spread trials over hours or days, and run what is compared \
             side by side (`mocktrial gate --control`).",
        ),
        LiveQuestion::Drift => {
            let way = if effect < 0.0 { "fall" } else { "rise" };
            (
                format!("Outcomes {way} in the course of the run by more than chance makes likely."),
                "Caches that fill, throttling, or a model that is being replaced do so: what is measured later is then another endpoint. Compare side by side only (`mocktrial \
                 gate --control`), and accept no baseline from such a run.",
            )
        }
    }
}
