//! The first screen: the verdict, the effect, what would settle it, endpoints and causes, and all of it in plain words.

use super::picture;
use crate::compare::{by_itself, on, sentence};
use crate::number::{count, money, percent, points, short, time};
use crate::text::clean_line;
use mocktrial_analysis::compare::{Compared, Comparison, PairVerdict, Side};
use mocktrial_analysis::scaling::Front;
use mocktrial_analysis::{EndpointSummary, Estimate, FailureKind, Summary};
use mocktrial_trajectory::EndReason;
use std::fmt::Write as _;
use std::io::{self, Write};

/// A fact for the foot of the page: what it is called, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is called.
    pub name: String,
    /// What it is.
    pub text: String,
}

/// What the page is made from.
#[derive(Clone, Debug)]
pub struct HtmlReport {
    /// The runs, in the order given.
    pub runs: Vec<Summary>,
    /// How endpoints or runs differ; `None` where there is but one.
    pub compared: Option<Compared>,
    /// For each of the comparison's pairs: what would settle it, in a sentence; empty where it is settled.
    pub settle: Vec<String>,
    /// The first run's cost–accuracy fronts.
    pub fronts: Vec<Front>,
    /// How the page came about: commands, versions, hashes.
    pub facts: Vec<Fact>,
}

impl HtmlReport {
    /// What an endpoint of a run is called on the page.
    pub(crate) fn arm_name(&self, run: usize, endpoint: &str) -> String {
        match self.runs.get(run) {
            Some(summary) if self.runs.len() > 1 => format!("{endpoint} ({})", summary.run.name),
            _ => endpoint.to_owned(),
        }
    }

    fn side(&self, side: &Side) -> String {
        let run = self.runs.iter().position(|r| r.run.name == side.run).unwrap_or(0);
        clean_line(&self.arm_name(run, &side.endpoint))
    }
}

/// Text as it may stand in an element or an attribute: cleaned, and without markup.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean_line(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

fn class(verdict: PairVerdict) -> &'static str {
    match verdict {
        PairVerdict::Better => "pass",
        PairVerdict::Worse => "fail",
        PairVerdict::Undecided => "unsure",
    }
}

pub(crate) fn write(out: &mut impl Write, report: &HtmlReport, policy: &str, style: &str) -> io::Result<()> {
    let names: Vec<String> = report.runs.iter().map(|r| escape(&r.run.name)).collect();
    let title = names.join(", ");
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title} · mocktrial</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>{style}</style>\n</head>\n<body>\n"
    )?;
    let begun: Vec<String> = report.runs.iter().map(|r| escape(r.run.created.get(..16).unwrap_or_default())).collect();
    writeln!(
        out,
        "<header class=\"top\"><h1>{title}</h1><span class=\"faint small\">begun {} UTC · mocktrial {}</span></header>",
        begun.join(", ").replace('T', " "),
        escape(report.runs.first().map_or("", |r| &r.run.harness)),
    )?;
    out.write_all(b"<main>\n<div id=\"overview\">\n")?;
    let mut text = String::new();
    verdicts(&mut text, report);
    plain(&mut text, report);
    for run in &report.runs {
        endpoints(&mut text, report, run);
    }
    for front in &report.fronts {
        let drawn = picture::front(front);
        if !drawn.is_empty() {
            let _ = write!(
                text,
                "<h2>Accuracy against cost</h2><p class=\"faint small\">{}, on {}. Green: on the front in at least 95 % of \
                 draws of scenarios; amber: in at least half.</p><div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Accuracy against cost\">{drawn}</div>",
                escape(&picture::way(&front.way)),
                count(front.scenarios, "scenario")
            );
            break;
        }
    }
    for run in &report.runs {
        failures(&mut text, report.runs.len() > 1, run);
    }
    text.push_str("<h2 id=\"scenarios\">Scenarios</h2>\n<div id=\"matrix\"></div>\n");
    facts(&mut text, report);
    text.push_str(
        "</div>\n<div id=\"detail\" hidden></div>\n</main>\n<noscript><p>Scenarios and episodes need this page's own script.</p>\
         </noscript>\n",
    );
    out.write_all(text.as_bytes())
}

fn span(e: &Estimate) -> String {
    format!("{}–{} %", percent(e.low), percent(e.high))
}

fn rate(e: &EndpointSummary) -> String {
    e.pass_rate.map_or_else(|| "–".into(), |r| format!("{} %", percent(r.value)))
}

fn verdicts(out: &mut String, report: &HtmlReport) {
    let Some(all) = &report.compared else {
        for run in &report.runs {
            let text = match (&run.refused, run.endpoints.as_slice()) {
                (Some(why), _) => format!("No rates are claimed: {}.", escape(why)),
                (None, endpoints) => endpoints
                    .iter()
                    .map(|e| {
                        let interval = e.pass_rate.map_or_else(String::new, |r| format!(" ({})", span(&r)));
                        format!("{} passes {}{interval} on these scenarios.", escape(&e.name), rate(e))
                    })
                    .collect::<Vec<_>>()
                    .join(" "),
            };
            let _ = write!(out, "<p class=\"verdict\">{text}</p>");
        }
        return;
    };
    if all.pairs.len() > 1 && !all.ranks.is_empty() {
        let best: Vec<String> = all.ranks.iter().filter(|r| r.best == 1).map(|r| escape(&r.endpoint)).collect();
        let text = match best.as_slice() {
            [one] => format!("{one} is the best of {} {}.", all.ranks.len(), on(all.scope)),
            several => format!("Undecided which is best: {} may each be.", several.join(", ")),
        };
        let _ = write!(out, "<p class=\"verdict\">{text}</p>");
    }
    let confidence = percent(all.confidence);
    for (n, pair) in all.pairs.iter().enumerate().take(12) {
        let (first, second) = (report.side(&pair.first), report.side(&pair.second));
        let (head, figures) = match (&pair.refused, &pair.delta) {
            (Some(why), _) => (format!("No answer for {first} against {second}: {}.", clean_line(why)), String::new()),
            (None, Some(delta)) => {
                let said = sentence(pair, delta, (&first, &second), on(all.scope), &confidence);
                match said.rsplit_once(": ") {
                    Some((head, figures)) => (format!("{head}."), figures.to_owned()),
                    None => (said, String::new()),
                }
            }
            (None, None) if pair.sequential.is_some() => (by_itself(pair), String::new()),
            (None, None) => continue,
        };
        let element = if all.pairs.len() == 1 { "verdict" } else { "" };
        let _ = write!(
            out,
            "<p class=\"{element} {}\">{}</p><p>{}</p>",
            if pair.refused.is_some() { "unsure" } else { class(pair.verdict) },
            escape(&head),
            escape(&figures)
        );
        if let Some(delta) = pair.delta.filter(|_| pair.refused.is_none()) {
            let _ = write!(
                out,
                "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"The difference\">{}</div>",
                picture::effect(&delta, class(pair.verdict), None)
            );
        }
        if let Some(settle) = report.settle.get(n).filter(|s| !s.is_empty()) {
            let _ = write!(out, "<p class=\"settle\">{}</p>", escape(settle));
        }
        let mut small = Vec::new();
        if !pair.treatment.is_empty() {
            small.push(format!("what differs: {}", pair.treatment.join(", ")));
        }
        small.push(format!("{} compared", count(pair.scenarios, "scenario")));
        if !pair.left_out.is_empty() {
            small.push(format!("{} left out", count(pair.left_out.len() as u64, "scenario")));
        }
        small.extend(replayed(pair));
        let _ = write!(out, "<p class=\"faint small\">{}</p>", escape(&small.join(" · ")));
    }
}

fn replayed(pair: &Comparison) -> Option<String> {
    let (replayed, counted) = (pair.first.replayed + pair.second.replayed, pair.first.counted + pair.second.counted);
    (replayed > 0)
        .then(|| format!("{replayed} of {} replayed from recordings: no new evidence", count(counted, "trial")))
}

/// What a reader without statistics may take from it, and forward.
fn plain(out: &mut String, report: &HtmlReport) {
    let mut said: Vec<String> = Vec::new();
    for (r, run) in report.runs.iter().enumerate() {
        let ends: u64 = run.endpoints.iter().map(|e| e.finished).sum();
        said.push(format!(
            "{} tried {}, {} in all, with tools that were simulated.",
            match run.endpoints.as_slice() {
                [one] => clean_line(&report.arm_name(r, &one.name)),
                several => format!("{} endpoints", several.len()),
            },
            count(run.scenarios.len() as u64, "task"),
            count(ends, "attempt")
        ));
        if let Some(why) = &run.refused {
            said.push(format!("No success rate is claimed: {}.", clean_line(why)));
        }
        for e in &run.endpoints {
            if let Some(r) = e.pass_rate {
                said.push(format!(
                    "{} gets about {} in 100 attempts at these tasks right; anything from {} to {} would fit what was seen.",
                    clean_line(&e.name),
                    percent(r.value),
                    percent(r.low),
                    percent(r.high)
                ));
            }
        }
    }
    for pair in report.compared.iter().flat_map(|c| &c.pairs).take(6) {
        let (Some(d), None) = (pair.delta, &pair.refused) else { continue };
        let (first, second) = (report.side(&pair.first), report.side(&pair.second));
        let of = |x: f64| points(x.abs()).replace(['+', '\u{2212}'], "");
        let spread = |low: f64, high: f64| format!("somewhere between {} and {}", of(low), of(high));
        said.push(match pair.verdict {
            PairVerdict::Better => format!(
                "{first} does better than {second}: in 100 attempts it gets about {} more right ({}).",
                of(d.value),
                spread(d.low, d.high)
            ),
            PairVerdict::Worse => format!(
                "{first} does worse than {second}: in 100 attempts it gets about {} fewer right ({}).",
                of(d.value),
                spread(d.high, d.low)
            ),
            PairVerdict::Undecided => format!(
                "Whether {first} or {second} does better cannot be said from these attempts. That is not the same as saying \
                 that they are equal."
            ),
        });
    }
    let replayed: u64 = report.runs.iter().flat_map(|r| &r.endpoints).map(|e| e.replayed).sum();
    if replayed > 0 {
        said.push(format!(
            "{replayed} of the attempts were played back from recordings: they show how the tasks are graded, and nothing new of the model."
        ));
    }
    said.push("All of this holds for these tasks; others may turn out otherwise.".into());
    let _ = write!(out, "<h2>In plain words</h2><div class=\"plain\">");
    for line in said {
        let _ = write!(out, "<p>{}</p>", escape(&line));
    }
    out.push_str("</div>");
}

fn endpoints(out: &mut String, report: &HtmlReport, run: &Summary) {
    let confidence = percent(run.confidence);
    let k = run.endpoints.iter().map(|e| e.pass_hat.len()).min().filter(|k| *k > 1);
    let score = run.endpoints.iter().any(|e| e.score != e.pass_rate);
    let money_known = run.endpoints.iter().any(|e| e.cost.is_some_and(|c| c > 0.0));
    let of_run = if report.runs.len() > 1 { format!(" of {}", escape(&run.run.name)) } else { String::new() };
    let _ = write!(
        out,
        "<h2>Endpoints{of_run}</h2><div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Endpoints{of_run}\"><table><thead><tr><th scope=\"col\">endpoint</th>\
        <th scope=\"col\">pass rate ({confidence} % interval)</th><th scope=\"col\"><span aria-hidden=\"true\">0 – 100 %</span></th>"
    );
    if score {
        out.push_str("<th scope=\"col\">score, with partial credit</th>");
    }
    if let Some(k) = k {
        let _ = write!(out, "<th scope=\"col\">all of {k} trials pass</th>");
    }
    out.push_str("<th class=\"number\" scope=\"col\">passed</th>");
    if money_known {
        out.push_str("<th class=\"number\" scope=\"col\">cost</th>");
    }
    out.push_str(
        "<th class=\"number\" scope=\"col\">tokens in + out</th><th class=\"number\" scope=\"col\">median response</th>\
         <th class=\"number\" scope=\"col\">left out</th></tr></thead><tbody>",
    );
    let estimate =
        |e: Option<Estimate>| e.map_or_else(|| "–".into(), |e| format!("{} % ({})", percent(e.value), span(&e)));
    for e in &run.endpoints {
        let _ = write!(
            out,
            "<tr><th class=\"keep\" scope=\"row\">{}</th><td class=\"keep\">{}</td><td>{}</td>",
            escape(&e.name),
            estimate(e.pass_rate),
            e.pass_rate.map_or_else(String::new, |r| picture::rate(&r))
        );
        if score {
            let _ = write!(out, "<td class=\"keep\">{}</td>", estimate(e.score));
        }
        if let Some(k) = k {
            let _ = write!(out, "<td class=\"keep\">{}</td>", estimate(e.pass_hat.get(k - 1).map(|h| h.estimate)));
        }
        let _ = write!(out, "<td class=\"number\">{}/{}</td>", e.passed, e.counted);
        if money_known {
            let _ = write!(out, "<td class=\"number\">{}</td>", e.cost.map_or_else(|| "unknown".into(), money));
        }
        let tokens = match (e.tokens_in, e.tokens_out) {
            (Some(i), Some(o)) => format!("{} + {}", short(i), short(o)),
            _ => "unknown".into(),
        };
        let _ = write!(
            out,
            "<td class=\"number\">{tokens}</td><td class=\"number\">{}</td><td class=\"number\">{}</td></tr>",
            e.latency.map_or_else(|| "–".into(), |l| time(l.median_ms)),
            left_out(e)
        );
    }
    out.push_str("</tbody></table></div>");
}

fn left_out(e: &EndpointSummary) -> String {
    let all: Vec<String> = e.excluded.iter().map(|(cause, n)| format!("{n} {cause}")).collect();
    if all.is_empty() { "none".into() } else { escape(&all.join(", ")) }
}

fn failures(out: &mut String, several: bool, run: &Summary) {
    if run.failures.is_empty() {
        return;
    }
    let of_run = if several { format!(" in {}", escape(&run.run.name)) } else { String::new() };
    let _ = write!(
        out,
        "<h2>Why episodes failed{of_run}</h2><div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Why episodes failed{of_run}\"><table><thead><tr><th scope=\"col\">cause</th>"
    );
    for e in &run.endpoints {
        let _ = write!(out, "<th class=\"number\" scope=\"col\">{}</th>", escape(&e.name));
    }
    out.push_str("</tr></thead><tbody>");
    for f in &run.failures {
        let meaning = match f.kind {
            FailureKind::Grader => "the first of its criteria to fail",
            FailureKind::End => EndReason::ALL.iter().find(|e| e.as_str() == f.reason).map_or("", |e| e.meaning()),
        };
        let reason = escape(&f.reason);
        let _ = write!(
            out,
            "<tr><th scope=\"row\"><a href=\"#/?reason={}\">{reason}</a> <span class=\"faint\">{meaning}</span></th>",
            encode(&f.reason)
        );
        for n in &f.episodes {
            let _ = write!(out, "<td class=\"number\">{n}</td>");
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></div>");
}

/// Text as a part of an address.
fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => out.push(char::from(byte)),
            other => {
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
    out
}

fn facts(out: &mut String, report: &HtmlReport) {
    out.push_str("<h2>How this came about</h2><div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"How this came about\"><table><tbody>");
    for fact in &report.facts {
        let _ = write!(
            out,
            "<tr><th scope=\"row\">{}</th><td><code>{}</code></td></tr>",
            escape(&fact.name),
            escape(&fact.text)
        );
    }
    out.push_str("</tbody></table></div>");
}
