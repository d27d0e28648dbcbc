//! `mocktrial scaling`.

use crate::args::ScalingArgs;
use crate::compare::find;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::out::Out;
use mocktrial_analysis::scaling::{Terms, scaling as scale};
use mocktrial_report::{REPORT_VERSION, Style, clean_line};
use mocktrial_store::{RunFile, Store as _};
use serde_json::{Value, json};

pub(crate) fn scaling(args: ScalingArgs, out: Out) -> Outcome {
    let file = RunFile::read(&find(&args.run)?)?;
    let known = file.endpoints()?;
    for name in &args.endpoint {
        if !known.iter().any(|e| *e.name == **name) {
            let names: Vec<String> = known.iter().map(|e| clean_line(&e.name)).collect();
            let name = clean_line(name);
            return Err(Failure::mistake(format!("the run has no endpoint `{name}`; it has {}", names.join(", "))));
        }
    }
    let terms = Terms { endpoints: args.endpoint, alpha: args.alpha, extrapolate: args.extrapolate };
    let found = scale(&file, &terms).map_err(Failure::infrastructure)?;
    if out.json() {
        let mut document = json!({"version": REPORT_VERSION, "kind": "scaling"});
        if let (Value::Object(into), Ok(Value::Object(from))) = (&mut document, serde_json::to_value(&found)) {
            into.extend(from);
        }
        out.value(&document);
    } else {
        let style = Style { width: out.width, color: out.colour, limit: None };
        out.result(mocktrial_report::scaling(&found, &style).trim_end());
    }
    let nothing = found.endpoints.iter().all(|e| e.points.is_empty());
    Ok(if found.refused.is_some() || nothing { Exit::Inconclusive } else { Exit::Done })
}
