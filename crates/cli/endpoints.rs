//! `mocktrial endpoints`: what is configured, and `mocktrial endpoints test`: what it really supports.

use crate::args::{EndpointsArgs, EndpointsCommand, EndpointsTestArgs};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::out::Out;
use crate::{confirm, project};
use indicatif::{ProgressBar, ProgressStyle};
use mocktrial_core::endpoints::{CONCURRENCY, Providers};
use mocktrial_core::examine::{Examination, Finding, Findings, Verdict};
use mocktrial_core::purse::Purse;
use mocktrial_core::suite::{Budget, CassetteMode, Endpoint, EndpointKind, PriceFrom, Project};
use mocktrial_provider::Price;
use mocktrial_report::{EndpointRow, FindingRow, FindingsReport, Known, PriceRow, REPORT_VERSION, Style};
use serde_json::{Value, json};
use std::sync::Arc;

pub(crate) async fn endpoints(args: &EndpointsArgs, out: Out) -> Outcome {
    let project = project::discover(&[])?;
    project::warn(out, project.warnings.iter());
    match &args.what {
        Some(EndpointsCommand::Test(args)) => test(args, &project, out).await,
        None => Ok(list(&project, out)),
    }
}

fn list(project: &Project, out: Out) -> Exit {
    let concurrency = project.config.defaults.concurrency.unwrap_or(CONCURRENCY);
    let all = project.config.endpoints.values();
    if out.json() {
        let rows: Vec<Value> = all.map(|endpoint| json_of(endpoint, concurrency)).collect();
        out.value(&json!({"version": REPORT_VERSION, "kind": "endpoints", "endpoints": rows}));
        return Exit::Done;
    }
    let rows: Vec<EndpointRow> = all.map(|endpoint| row_of(endpoint, concurrency)).collect();
    out.result(mocktrial_report::endpoints(&rows, &style(out)).trim_end());
    Exit::Done
}

fn style(out: Out) -> Style {
    Style { width: out.width, color: out.colour, limit: None }
}

/// Whether a variable of the environment holds something.
fn is_set(name: &str) -> bool {
    std::env::var(name).is_ok_and(|value| !value.trim().is_empty())
}

fn row_of(endpoint: &Endpoint, concurrency: u32) -> EndpointRow {
    let mut row = EndpointRow {
        name: endpoint.name.clone(),
        keys: endpoint.secrets.iter().map(|name| (name.clone(), is_set(name))).collect(),
        limits: vec![format!("{} at once", endpoint.concurrency.unwrap_or(concurrency))],
        ..EndpointRow::default()
    };
    match &endpoint.kind {
        EndpointKind::Model { dialect, config } => {
            row.kind = (*dialect).to_owned();
            row.place = place(config, dialect);
            row.model = Some(config.model.clone());
            row.price = Some(price_of(endpoint));
            row.limits.extend(config.requests_per_minute.map(|n| format!("{n} requests a minute")));
            row.limits.extend(config.tokens_per_minute.map(|n| format!("{n} tokens a minute")));
        }
        EndpointKind::Command(command) => {
            row.kind = "command".into();
            row.place = Some(command.command.join(" "));
        }
        EndpointKind::Probe(probe) => {
            row.kind = "probe".into();
            row.place = json!(probe).as_str().map(str::to_owned);
        }
    }
    row
}

/// The provider where it is where everybody finds it, else the host.
fn place(config: &mocktrial_provider::ModelConfig, dialect: &str) -> Option<String> {
    let host = config.base_url.as_ref().and_then(|_| config.host(dialect));
    match (config.provider_name(dialect), host) {
        (Some(provider), Some(host)) => Some(format!("{provider} at {host}")),
        (Some(provider), None) => Some(provider.to_owned()),
        (None, host) => host,
    }
}

fn price_of(endpoint: &Endpoint) -> Known<PriceRow> {
    let (Some(price), Some(from)) = (&endpoint.price, endpoint.price_from) else { return Known::Unknown };
    let Price { input, output, cached, cache_written, long, as_of, source: _ } = price.clone();
    let from = match from {
        PriceFrom::Endpoint => "its `price`",
        PriceFrom::Project => "`prices`",
        PriceFrom::Table => "the price table",
    };
    let long = long.map(|long| (long.above, long.input, long.output));
    Known::Is(PriceRow { input, output, cached, cache_written, long, as_of, from: from.into() })
}

fn json_of(endpoint: &Endpoint, concurrency: u32) -> Value {
    let keys: Vec<Value> =
        endpoint.secrets.iter().map(|name| json!({"variable": name, "is_set": is_set(name)})).collect();
    let mut value = json!({
        "name": endpoint.name, "kind": row_of(endpoint, concurrency).kind,
        "concurrency": endpoint.concurrency.unwrap_or(concurrency), "keys": keys,
        "price": endpoint.price, "price_from": endpoint.price_from,
    });
    match &endpoint.kind {
        EndpointKind::Model { dialect, config } => {
            value["provider"] = json!(config.provider_name(dialect));
            value["host"] = json!(config.host(dialect));
            value["model"] = json!(config.model);
            value["requests_per_minute"] = json!(config.requests_per_minute);
            value["tokens_per_minute"] = json!(config.tokens_per_minute);
        }
        EndpointKind::Command(command) => value["command"] = json!(command.command),
        EndpointKind::Probe(probe) => value["probe"] = json!(probe),
    }
    value
}

async fn test(args: &EndpointsTestArgs, project: &Project, out: Out) -> Outcome {
    let definitions = project::endpoints(project, &args.names)?;
    let providers = Providers::new(project, CassetteMode::Live, None);
    let mut all = Vec::new();
    for definition in &definitions {
        all.push(Examination::new(definition, &providers).map_err(Failure::mistake)?);
    }
    let budget = project.config.budget;
    let budget = Budget { cost: args.max_cost.or(budget.cost), tokens: args.max_tokens.or(budget.tokens) };
    let mut most = Some(0.0);
    for (definition, examination) in definitions.iter().zip(&all) {
        if let Some(why) = examination.unbounded(budget) {
            let name = &definition.name;
            return Err(Failure::mistake(format!("endpoint `{name}`: there is a budget of dollars, and {why}")));
        }
        let (calls, bound) = examination.bound();
        let cost = match bound.cost {
            None => "what they cost is unknown, since it has no price".to_owned(),
            Some(0.0) => "they cost nothing".to_owned(),
            Some(cost) => format!("they cost ${cost:.4} at the most"),
        };
        out.note(format!("{}: up to {calls} calls; {cost}", definition.name));
        most = most.zip(bound.cost).map(|(all, one)| all + one);
    }
    // Retries included, the calls keep to what was announced.
    let cap = match (most, budget.cost) {
        (Some(most), Some(cap)) => Some(most.min(cap)),
        (most, cap) => most.or(cap),
    };
    if let Some(cap) = budget.cost.filter(|cap| most.is_none_or(|most| *cap < most)) {
        out.note(format!("the budget holds them to ${cap:.4} together"));
    }
    confirm::confirm("these calls", args.confirm_above.or(project.config.defaults.confirm_above), args.yes, || cap)?;
    let purse = Arc::new(Purse::new(Budget { cost: cap, ..budget }));
    let mut exit = Exit::Done;
    let mut found = Vec::new();
    for (definition, examination) in definitions.iter().zip(&all) {
        let bar = if out.live { ProgressBar::new(u64::from(examination.bound().0)) } else { ProgressBar::hidden() };
        let mut told = |finding: &Finding| {
            bar.inc(u64::from(finding.calls));
            bar.set_message(format!("{}: {}", finding.about, finding.verdict.word()));
        };
        bar.set_style(
            ProgressStyle::with_template("{pos}/{len} {msg}").unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        let findings = examination.run(&purse, &mut told).await;
        bar.finish_and_clear();
        if !findings.answered {
            let unasked = findings.findings.first().is_some_and(|first| first.verdict == Verdict::NotAsked);
            exit = if unasked { Exit::Incomplete } else { Exit::Infrastructure };
        }
        if !out.json() {
            let gap = if found.is_empty() { "" } else { "\n" };
            let table = mocktrial_report::findings(&report_of(definition, &findings), &style(out));
            out.result(format!("{gap}{}", table.trim_end()));
        }
        found.push((definition, findings));
    }
    if out.json() {
        let found: Vec<Value> =
            found.iter().map(|(definition, findings)| json_of_findings(definition, findings)).collect();
        out.value(&json!({
            "version": REPORT_VERSION, "kind": "endpoint_tests", "exit_code": exit as u8, "endpoints": found,
        }));
    }
    Ok(exit)
}

fn report_of(definition: &Endpoint, findings: &Findings) -> FindingsReport {
    let row = row_of(definition, CONCURRENCY);
    let what: Vec<String> = [Some(row.kind), row.place, row.model].into_iter().flatten().collect();
    let rows = findings.findings.iter().map(|finding| FindingRow {
        about: finding.about.into(),
        verdict: finding.verdict.word().into(),
        good: match finding.verdict {
            Verdict::Yes => Some(true),
            Verdict::No | Verdict::Ignored | Verdict::Refused => Some(false),
            Verdict::Unclear | Verdict::Failed | Verdict::NotAsked => None,
        },
        detail: finding.detail.clone(),
        calls: finding.calls,
        latency_ms: finding.latency_ms,
        cost: finding.cost,
    });
    FindingsReport {
        title: format!("{}: {}", row.name, what.join(" · ")),
        rows: rows.collect(),
        repairs: findings.repairs.iter().map(|what| (*what).to_owned()).collect(),
    }
}

fn json_of_findings(definition: &Endpoint, findings: &Findings) -> Value {
    let mut value = json_of(definition, CONCURRENCY);
    value["answered"] = json!(findings.answered);
    value["served"] = json!(findings.served);
    value["calls"] = json!(findings.calls());
    value["cost"] = json!(findings.cost());
    value["findings"] = json!(findings.findings);
    value["repairs"] = json!(findings.repairs);
    value
}
