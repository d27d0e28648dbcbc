//! Endpoints: what is configured, and what was found out about them.

use crate::number::{count, money, rate, time};
use crate::text::{Ink, Style, clean_line, columns, flow, pad, pad_left, wrap};

/// A configured endpoint.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndpointRow {
    /// Its name.
    pub name: String,
    /// What it is: a dialect, `command` or `probe`.
    pub kind: String,
    /// Who serves it: a provider, or host and port; for others, what is run.
    pub place: Option<String>,
    /// The model's name.
    pub model: Option<String>,
    /// What it costs, where somebody is paid.
    pub price: Option<Known<PriceRow>>,
    /// The variables of the environment that it refers to, and whether each is set.
    pub keys: Vec<(String, bool)>,
    /// Its limits in words, such as `8 at once`.
    pub limits: Vec<String>,
}

/// Something that may not be known.
#[derive(Clone, Debug, PartialEq)]
pub enum Known<T> {
    /// It is this.
    Is(T),
    /// Nobody says.
    Unknown,
}

/// A price in dollars per million tokens.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PriceRow {
    /// Input.
    pub input: f64,
    /// Output.
    pub output: f64,
    /// Input read from the cache.
    pub cached: Option<f64>,
    /// Input written to the cache.
    pub cache_written: Option<f64>,
    /// Input and output where the input has more tokens than the number before them.
    pub long: Option<(u64, f64, f64)>,
    /// The day on which it was so.
    pub as_of: Option<String>,
    /// Who says so, as `the price table`.
    pub from: String,
}

impl PriceRow {
    fn facts(&self) -> Vec<String> {
        let mut facts = vec![format!("{} in and {} out per million tokens", rate(self.input), rate(self.output))];
        facts.extend(self.cached.map(|cached| format!("cached {}", rate(cached))));
        facts.extend(self.cache_written.map(|written| format!("written to the cache {}", rate(written))));
        facts
            .extend(self.long.map(|(above, input, output)| {
                format!("above {above} tokens in, {} and {}", rate(input), rate(output))
            }));
        let day = self.as_of.as_ref().map_or("without a date".into(), |day| format!("as of {}", clean_line(day)));
        facts.push(format!("from {}, {day}", clean_line(&self.from)));
        facts
    }
}

/// The configured endpoints, each with a few lines of facts; the last line counts them.
#[must_use]
pub fn endpoints(rows: &[EndpointRow], style: &Style) -> String {
    // A name that would take too much of each line stands above its facts.
    let most = (style.width() / 3).min(24);
    let widest =
        rows.iter().map(|row| columns(&clean_line(&row.name))).filter(|width| *width <= most).max().unwrap_or(2);
    let mut out = String::new();
    for row in rows {
        let mut facts = vec![vec![clean_line(&row.kind)]];
        facts[0].extend(row.place.iter().chain(&row.model).map(|text| clean_line(text)));
        match &row.price {
            Some(Known::Is(price)) => facts.push(price.facts()),
            Some(Known::Unknown) => facts.push(vec!["price unknown".into()]),
            None => {}
        }
        let set =
            |(name, set): &(String, bool)| format!("{} is {}set", clean_line(name), if *set { "" } else { "not " });
        let mut last: Vec<String> = row.keys.iter().map(set).collect();
        if row.keys.is_empty() && row.price.is_some() {
            last.push("no key".into());
        }
        last.extend(row.limits.iter().map(|limit| clean_line(limit)));
        facts.push(last);
        let room = style.width() - widest - 2;
        let name = clean_line(&row.name);
        let lines = facts.iter().flat_map(|facts| flow(facts, room));
        let alone = columns(&name) > widest;
        if alone {
            for line in wrap(&name, style.width()) {
                out.push_str(&format!("{}\n", style.paint(Ink::Strong, &line)));
            }
        }
        for (n, line) in lines.enumerate() {
            let lead = if n == 0 && !alone { name.as_str() } else { "" };
            let gap = " ".repeat(widest - columns(lead) + 2);
            let line = if n == 0 { line } else { style.paint(Ink::Faint, &line) };
            out.push_str(&format!("{}{gap}{line}\n", style.paint(Ink::Strong, lead)));
        }
    }
    out.push_str(&format!("{}\n", count(rows.len() as u64, "endpoint")));
    out
}

/// Something found out about an endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct FindingRow {
    /// What it is about.
    pub about: String,
    /// The word for what was found, such as `ignored`.
    pub verdict: String,
    /// Whether that is good; `None` for neither.
    pub good: Option<bool>,
    /// What shows it.
    pub detail: String,
    /// The calls that were made for it.
    pub calls: u32,
    /// Milliseconds that a call took, in the mean.
    pub latency_ms: Option<f64>,
    /// What they cost, in dollars, where that is known.
    pub cost: Option<f64>,
}

/// What was found out about one endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct FindingsReport {
    /// The endpoint with what it is, as `local: chat at 127.0.0.1:8080, smol`.
    pub title: String,
    /// The findings in order.
    pub rows: Vec<FindingRow>,
    /// The kinds of mending that its answers needed.
    pub repairs: Vec<String>,
}

/// A table of findings: what, whether, how long a call took, what all calls for it cost, and what shows it.
#[must_use]
pub fn findings(report: &FindingsReport, style: &Style) -> String {
    let cells: Vec<[String; 4]> = report.rows.iter().map(cells).collect();
    let mut widths = [0; 4];
    for row in &cells {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = columns(cell).max(*width);
        }
    }
    let fixed = 2 + widths.iter().map(|width| width + 2).sum::<usize>();
    // Where little room is left for it, what shows a finding stands below it; where there is less, all does.
    let (stacked, below) = (style.width() < fixed, style.width() < fixed + 24);
    let indent = if below { 4 } else { fixed };
    let mut out = String::new();
    for line in wrap(&clean_line(&report.title), style.width()) {
        out.push_str(&format!("{}\n", style.paint(Ink::Strong, &line)));
    }
    for (row, [about, verdict, took, cost]) in report.rows.iter().zip(&cells) {
        let ink = match row.good {
            Some(true) => Ink::Pass,
            Some(false) => Ink::Fail,
            None => Ink::Unsure,
        };
        let mut detail = wrap(&clean_line(&row.detail), style.width() - indent).into_iter();
        if stacked {
            let facts = [format!("{about}: {verdict}"), took.clone(), cost.clone()];
            let facts: Vec<String> = facts.into_iter().filter(|fact| !fact.is_empty()).collect();
            flow(&facts, style.width() - 2).iter().for_each(|line| out.push_str(&format!("  {line}\n")));
        } else {
            let verdict = format!("{}{}", style.paint(ink, verdict), " ".repeat(widths[1] - columns(verdict)));
            let (about, took, cost) = (pad(about, widths[0]), pad_left(took, widths[2]), pad_left(cost, widths[3]));
            let first = if below { String::new() } else { detail.next().unwrap_or_default() };
            out.push_str(format!("  {about}  {verdict}  {took}  {cost}  {first}").trim_end());
            out.push('\n');
        }
        for line in detail.filter(|line| !line.is_empty()) {
            out.push_str(&format!("{}{line}\n", " ".repeat(indent)));
        }
    }
    for line in flow(&sums(report), style.width()) {
        out.push_str(&format!("{line}\n"));
    }
    out
}

fn cells(row: &FindingRow) -> [String; 4] {
    let cost = match row.cost {
        _ if row.calls == 0 => String::new(),
        Some(cost) => money(cost),
        None => "unknown".into(),
    };
    [clean_line(&row.about), row.verdict.clone(), row.latency_ms.map(time).unwrap_or_default(), cost]
}

fn sums(report: &FindingsReport) -> Vec<String> {
    let calls: u32 = report.rows.iter().map(|row| row.calls).sum();
    let cost: Option<f64> = report.rows.iter().map(|row| row.cost).sum();
    let mut facts = vec![count(calls.into(), "call"), cost.map_or("cost unknown".into(), money)];
    if !report.repairs.is_empty() {
        facts.push(format!("answers were mended: {}", report.repairs.join(", ")));
    }
    facts
}
