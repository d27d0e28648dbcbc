//! `mocktrial accept`.

use crate::args::AcceptArgs;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::gate::{arms, baseline_path, chosen, read};
use crate::out::Out;
use crate::project;
use mocktrial_analysis::gate::{Accepted, Baseline};
use mocktrial_core::record::now;
use mocktrial_report::{REPORT_VERSION, clean_line};
use serde_json::json;
use std::sync::Arc;

pub(crate) fn accept(args: &AcceptArgs, out: Out) -> Outcome {
    let project = project::discover(&[])?;
    if args.why.trim().is_empty() {
        return Err(Failure::mistake(
            "--why is kept with the baseline: say in a few words why these results are accepted",
        ));
    }
    let arms = arms(&project, &args.run)?;
    let path = baseline_path(&project, args.baseline.as_deref());
    let mut baseline = if path.exists() { read(&path, "")? } else { Baseline::empty() };
    let meant = chosen(&arms, &args.endpoint, None)?;
    let mut lines = Vec::new();
    for arm in meant {
        let counted = arm.trials().count();
        if counted == 0 {
            return Err(Failure::mistake(format!(
                "no trial of {} counts: there is nothing to accept",
                clean_line(&arm.endpoint)
            )));
        }
        let endpoint = clean_line(&arm.endpoint);
        if args.scenario.is_empty() {
            let accepted = Accepted::of(arm, args.why.trim(), &now(), args.location.as_deref());
            let first = !baseline.anchor.contains_key(&arm.endpoint);
            baseline.accept(arm, accepted, args.anchor).map_err(Failure::mistake)?;
            let anchor = if args.anchor || first { ", and its anchor" } else { "" };
            lines.push(format!("accepted {counted} trials of {} scenarios of {endpoint}{anchor}", arm.tasks.len()));
        } else {
            let names: Vec<Arc<str>> = args.scenario.iter().map(|s| Arc::from(s.as_str())).collect();
            baseline.accept_scenarios(arm, &names).map_err(Failure::mistake)?;
            lines.push(format!(
                "accepted {} of {endpoint}",
                names.iter().map(|n| clean_line(n)).collect::<Vec<_>>().join(", ")
            ));
        }
    }
    std::fs::write(&path, baseline.to_json()).map_err(|e| Failure::mistake(format!("{}: {e}", path.display())))?;
    if out.json() {
        out.value(&json!({"version": REPORT_VERSION, "kind": "accepted", "baseline": path, "accepted": lines}));
    } else {
        out.result(format!("{}\n{} is to be committed", lines.join("\n"), path.display()));
    }
    Ok(Exit::Done)
}
