//! `mocktrial power`.

use crate::args::PowerArgs;
use crate::compare::{find, hold};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::out::Out;
use mocktrial_analysis::Arm;
use mocktrial_analysis::power::{Terms, power as foresee};
use mocktrial_report::{REPORT_VERSION, Style, clean_line, foreseen};
use mocktrial_store::RunFile;
use serde_json::{Value, json};

pub(crate) fn power(args: &PowerArgs, out: Out) -> Outcome {
    let mut arms = Arm::read(&RunFile::read(&find(&args.run)?)?)?;
    hold(&mut arms, out)?;
    let (first, second) = meant(&arms, args)?;
    let terms = Terms {
        scope: args.scope.into(),
        alpha: args.alpha,
        power: args.power,
        margin: args.margin,
        mde: args.mde,
        units: args.scenarios,
        trials: args.trials,
    };
    let found = foresee(first, second, terms).map_err(Failure::infrastructure)?;
    if out.json() {
        let mut document = json!({"version": REPORT_VERSION, "kind": "power"});
        if let (Value::Object(into), Ok(Value::Object(from))) = (&mut document, serde_json::to_value(&found)) {
            into.extend(from);
        }
        out.value(&document);
    } else {
        let style = Style { width: out.width, color: out.colour, limit: None };
        out.result(foreseen(&found, &style).trim_end());
    }
    Ok(if found.refused.is_some() { Exit::Inconclusive } else { Exit::Done })
}

/// The endpoint that is judged, and the one that it is compared with.
fn meant<'a>(arms: &'a [Arm], args: &PowerArgs) -> Result<(&'a Arm, Option<&'a Arm>), Failure> {
    let named = |name: &String| {
        let names: Vec<String> = arms.iter().map(|arm| clean_line(&arm.endpoint)).collect();
        arms.iter().find(|arm| *arm.endpoint == **name).ok_or_else(|| {
            let name = clean_line(name);
            Failure::mistake(format!("the run has no endpoint `{name}`; it has {}", names.join(", ")))
        })
    };
    match (&args.endpoint, &args.against, arms) {
        (Some(first), second, _) => Ok((named(first)?, second.as_ref().map(named).transpose()?)),
        (None, _, [only]) => Ok((only, None)),
        (None, _, [first, second]) => Ok((first, Some(second))),
        (None, _, []) => Err(Failure::mistake("the run has no endpoint")),
        (None, _, many) => {
            let names: Vec<String> = many.iter().map(|arm| clean_line(&arm.endpoint)).collect();
            let which = "say --endpoint and --against, or --endpoint alone for two like it";
            Err(Failure::mistake(format!("the run has {} endpoints ({}): {which}", many.len(), names.join(", "))))
        }
    }
}
