//! `mocktrial check`.

use crate::args::CheckArgs;
use crate::exit::Exit;
use crate::failure::{Outcome, mistake_json};
use crate::out::Out;
use crate::project;
use mocktrial_core::check::{PROBES, Proof, name, prove};
use mocktrial_core::suite::Probe;
use serde_json::{Value, json};

pub(crate) async fn check(args: &CheckArgs, out: Out) -> Outcome {
    let (project, _, scenarios) = project::selected(&args.select, out)?;
    let ready = project::ready(scenarios).await?;
    let mut proofs = Vec::with_capacity(ready.len());
    for scenario in &ready {
        proofs.push(prove(scenario, project.config.limits).await);
    }
    project::warn(out, proofs.iter().flat_map(|p| &p.warnings));
    let mistakes: usize = proofs.iter().map(|p| p.mistakes.len()).sum();
    if out.json() {
        out.value(&document(&proofs));
    } else {
        for mistake in proofs.iter().flat_map(|p| &p.mistakes) {
            out.result(format!("{}\n", mistake.render(out.colour)));
        }
        if !out.quiet {
            table(&proofs, out);
        }
        out.result(verdict(&proofs, mistakes));
    }
    Ok(if mistakes == 0 { Exit::Done } else { Exit::Failed })
}

/// One row per probe: how many scenarios it passed, and of how many.
fn table(proofs: &[Proof], out: Out) {
    for probe in PROBES {
        let outcomes: Vec<_> =
            proofs.iter().filter_map(|p| p.probes.iter().find(|(q, _)| *q == probe).map(|(_, o)| *o)).collect();
        let passed = outcomes.iter().filter(|o| **o == Some(true)).count();
        let must = match probe {
            Probe::Reference => "must pass",
            Probe::Null | Probe::Echo | Probe::Refuse => "must fail, unless inaction is right",
            _ => "must fail",
        };
        out.result(format!("  {:9}  passes {passed:>4} of {:<4} {must}", name(probe), outcomes.len()));
    }
}

fn verdict(proofs: &[Proof], mistakes: usize) -> String {
    let scenarios = proofs.len();
    if mistakes == 0 {
        format!("ok: the criteria of {scenarios} scenarios pass what they should and fail what they should")
    } else {
        let wrong = proofs.iter().filter(|p| !p.mistakes.is_empty()).count();
        format!("failed: {mistakes} mistakes in the criteria of {wrong} of {scenarios} scenarios")
    }
}

fn document(proofs: &[Proof]) -> Value {
    let scenarios: Vec<_> = proofs
        .iter()
        .map(|proof| {
            let probes: serde_json::Map<_, _> =
                proof.probes.iter().map(|(probe, passed)| (name(*probe).to_owned(), json!(passed))).collect();
            let mistakes: Vec<_> = proof.mistakes.iter().map(mistake_json).collect();
            let warnings: Vec<_> = proof.warnings.iter().map(mistake_json).collect();
            json!({"scenario": proof.scenario, "probes": probes, "mistakes": mistakes, "warnings": warnings})
        })
        .collect();
    json!({"version": 1, "scenarios": scenarios})
}
