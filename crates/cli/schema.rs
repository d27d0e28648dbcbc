//! `mocktrial schema`.

use crate::args::SchemaArgs;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::out::Out;
use mocktrial_core::suite;
use serde_json::json;

pub(crate) fn schema(args: &SchemaArgs, out: Out) -> Outcome {
    let kinds: Vec<_> = suite::kinds().iter().chain(mocktrial_report::SCHEMAS).collect();
    let Some(kind) = &args.kind else {
        if out.json() {
            let kinds: Vec<_> = kinds.iter().map(|(kind, about)| json!({"kind": kind, "about": about})).collect();
            out.value(&json!({"version": 1, "schemas": kinds}));
            return Ok(Exit::Done);
        }
        let longest = kinds.iter().map(|(kind, _)| kind.len()).max().unwrap_or(0);
        for (kind, about) in kinds {
            out.result(format!("{kind:longest$}  {about}"));
        }
        return Ok(Exit::Done);
    };
    let schema = suite::schema(kind).or_else(|| mocktrial_report::schema(kind)).ok_or_else(|| {
        let known: Vec<_> = kinds.iter().map(|(kind, _)| *kind).collect();
        Failure::mistake(format!("there is no schema `{kind}`; there are: {}", known.join(", ")))
    })?;
    out.value(&schema);
    Ok(Exit::Done)
}
