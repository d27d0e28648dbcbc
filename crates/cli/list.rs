//! `mocktrial list`.

use crate::args::ListArgs;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::out::Out;
use crate::project;
use mocktrial_report::{ListRow, Style};
use serde_json::json;
use std::sync::Arc;

pub(crate) fn list(args: &ListArgs, out: Out) -> Outcome {
    let (_, _, scenarios) = project::selected(&args.select, out)?;
    if out.json() {
        let rows: Vec<_> = scenarios
            .iter()
            .map(|s| {
                json!({
                    "id": s.id, "family": s.family, "title": s.title, "tags": s.tags, "world": s.world.id,
                    "messages": s.user.len(), "references": s.references.len(), "criteria": s.criteria.len(),
                    "file": s.source.file,
                })
            })
            .collect();
        out.value(&json!({"version": 1, "scenarios": rows}));
        return Ok(Exit::Done);
    }
    let rows: Vec<_> = scenarios
        .iter()
        .map(|s| ListRow { id: Arc::clone(&s.name), title: s.title.clone(), tags: s.tags.iter().cloned().collect() })
        .collect();
    out.result(mocktrial_report::list(&rows, &Style { width: out.width, color: out.colour, limit: None }).trim_end());
    Ok(Exit::Done)
}
