//! `mocktrial fairness`.

use crate::args::FairnessArgs;
use crate::compare::{find, hold};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::health::document;
use crate::out::Out;
use mocktrial_analysis::Arm;
use mocktrial_analysis::fairness::{Terms, fairness as examined, groups};
use mocktrial_report::{Style, clean_line};
use mocktrial_store::RunFile;

pub(crate) fn fairness(args: &FairnessArgs, out: Out) -> Outcome {
    let file = RunFile::read(&find(&args.run)?)?;
    let mut arms = Arm::read(&file)?;
    hold(&mut arms, out)?;
    let known: Vec<String> = arms.iter().map(|arm| clean_line(&arm.endpoint)).collect();
    for name in &args.endpoint {
        if !arms.iter().any(|arm| *arm.endpoint == **name) {
            let known = known.join(", ");
            return Err(Failure::mistake(format!("the run has no endpoint `{}`; there are {known}", clean_line(name))));
        }
    }
    arms.retain(|arm| args.endpoint.is_empty() || args.endpoint.iter().any(|name| **name == *arm.endpoint));
    let chosen = groups(&arms, &args.variant).map_err(|why| Failure::mistake(clean_line(&why.to_string())))?;
    let terms = Terms { scope: args.scope.into(), alpha: args.alpha };
    let found = examined(&arms, &chosen, terms).map_err(Failure::infrastructure)?;
    if out.json() {
        out.value(&document("fairness", &found));
    } else {
        let style = Style { width: out.width, color: out.colour, limit: None };
        out.result(mocktrial_report::fairness(&found, &style).trim_end());
    }
    Ok(if found.endpoints.iter().all(|e| e.refused.is_some()) { Exit::Inconclusive } else { Exit::Done })
}
