//! Writing an episode's steps into its scenario's file as a reference.

use crate::failure::Failure;
use crate::out::Out;
use crate::project;
use mocktrial_core::suite::{Project, Scenario};
use mocktrial_trajectory::{Body, EndReason, ToolFailure, Trajectory, text_of};
use serde_json::{Value, json};

/// Adds the calls and answers of an episode to the scenario's file, beside the references it has.
///
/// # Errors
/// When the episode is no way through, when the file is laid out so that it cannot be added to by
/// line, or when the suite would no longer load: then the file is left as it was.
pub(crate) fn save(project: &Project, scenario: &Scenario, trajectory: &Trajectory, out: Out) -> Result<(), Failure> {
    let steps = steps(trajectory);
    if trajectory.end() != Some(EndReason::Completed) || steps.is_empty() {
        return Err(Failure::mistake("nothing was saved: only an episode that came to its end is a way through"));
    }
    let by_hand = |why: &str| {
        let lines: Vec<_> = steps.iter().map(|step| format!("  - {step}")).collect();
        Failure::mistake(format!("{why}; these are the steps, to be put in by hand:\n{}", lines.join("\n")))
    };
    if scenario.source.row.is_some() {
        return Err(by_hand(&format!("{} is made from a row of cases, whose reference is a template", scenario.name)));
    }
    let path = &scenario.source.path;
    let failed = |e: std::io::Error| Failure::infrastructure(format!("{}: {e}", path.display()));
    let before = std::fs::read_to_string(path).map_err(failed)?;
    let after = added(&before, &steps)
        .ok_or_else(|| by_hand(&format!("the references of {} are not written line by line", scenario.source.file)))?;
    std::fs::write(path, after).map_err(failed)?;
    if let Err(mistakes) = project.load_under(std::slice::from_ref(path)) {
        std::fs::write(path, before).map_err(failed)?;
        project::warn(out, mistakes.0.iter());
        return Err(by_hand(&format!("{} would no longer load and was left as it was", scenario.source.file)));
    }
    out.note(format!("the reference was added to {}", scenario.source.file));
    Ok(())
}

/// The steps of a reference, without the calls that were the agent's own mistakes.
fn steps(trajectory: &Trajectory) -> Vec<Value> {
    let mut steps = Vec::new();
    for event in trajectory.events() {
        match &event.body {
            Body::Call { tool, arguments, .. } => {
                let failure = trajectory.events().iter().find_map(|e| match &e.body {
                    Body::Result { call, failure, .. } if *call == event.seq => Some(*failure),
                    _ => None,
                });
                let args = arguments.value().cloned().unwrap_or_else(|| json!({}));
                match failure {
                    Some(None) => steps.push(json!({"call": tool, "args": args})),
                    Some(Some(ToolFailure::Tool)) => steps.push(json!({"call": tool, "args": args, "fails": true})),
                    _ => {}
                }
            }
            Body::Say { text } => steps.push(json!({ "say": text })),
            Body::Response { calls: 0, content, .. } => {
                steps.push(json!({ "say": text_of(content) }));
            }
            _ => {}
        }
    }
    steps
}

/// The file with one more reference; `None` where those that it has are not laid out in lines.
///
/// It is edited by line, so that the author's comments and layout stay. Steps are written as JSON,
/// which is YAML and needs no quoting rules of its own; but `${` has a meaning in scenarios.
fn added(text: &str, steps: &[Value]) -> Option<String> {
    let steps: Vec<String> = steps.iter().map(|step| step.to_string().replace("${", "$${")).collect();
    let lines: Vec<&str> = text.lines().collect();
    let key = |line: &&str| line.starts_with("reference:") || line.starts_with("references:");
    let Some(start) = lines.iter().position(key) else {
        let steps: Vec<_> = steps.iter().map(|step| format!("  - {step}\n")).collect();
        let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        return Some(format!("{text}{gap}reference:\n{}", steps.concat()));
    };
    let (word, rest) = lines[start].split_once(':')?;
    let rest = rest.trim();
    if !rest.is_empty() && !rest.starts_with('#') {
        return None;
    }
    let belongs = |line: &&&str| line.is_empty() || line.starts_with([' ', '#']) || line.starts_with("- ");
    let mut end = start + 1 + lines[start + 1..].iter().take_while(belongs).count();
    // Blank lines and comments before the next key are the next key's.
    while end > start + 1 && (lines[end - 1].trim().is_empty() || lines[end - 1].starts_with('#')) {
        end -= 1;
    }
    let first = lines[start + 1..end].iter().find(|line| !line.trim().is_empty() && !line.trim().starts_with('#'))?;
    let indent = first.len() - first.trim_start().len();
    let margin = " ".repeat(indent);
    let mut block = String::from("references:\n");
    let mut wrapped = false;
    for line in &lines[start + 1..end] {
        if word == "references" || line.trim().is_empty() {
            block.push_str(line);
        } else if !wrapped && line.trim_start().starts_with("- ") {
            wrapped = true;
            block.push_str(&format!("{margin}- {}", line.trim_start()));
        } else {
            block.push_str(&format!("  {line}"));
        }
        block.push('\n');
    }
    for (at, step) in steps.iter().enumerate() {
        block.push_str(&format!("{margin}{} - {step}\n", if at == 0 { "-" } else { " " }));
    }
    let joined = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    Some(format!("{}{block}{}", joined(&lines[..start]), joined(&lines[end..])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_added_without_disturbing_what_is_there() {
        let steps = [json!({"call": "a", "args": {}}), json!({"say": "Done: yes."})];
        let none = added("title: T\nuser: [hi]", &steps);
        assert_eq!(
            none.as_deref(),
            Some("title: T\nuser: [hi]\nreference:\n  - {\"call\":\"a\",\"args\":{}}\n  - {\"say\":\"Done: yes.\"}\n")
        );
        let one =
            "reference: # the short way\n  - {call: b}\n  # then\n  - say: B\n\n# what must come of it\nexpect: []\n";
        let two = added(one, &steps).unwrap();
        assert_eq!(
            two,
            "references:\n  - - {call: b}\n    # then\n    - say: B\n  - - {\"call\":\"a\",\"args\":{}}\n    - {\"say\":\"Done: yes.\"}\n\n# what must come of it\nexpect: []\n"
        );
        let three = added(&two, &steps[1..]).unwrap();
        assert!(
            three.contains("    - say: B\n") && three.contains("  - - {\"say\":\"Done: yes.\"}\n\n# what"),
            "{three}"
        );
        let dollars = added("title: T\n", &[json!({"say": "Use ${HOME}."})]).unwrap();
        assert!(dollars.ends_with("  - {\"say\":\"Use $${HOME}.\"}\n"), "{dollars}");
        assert_eq!(added("reference: [{say: x}]\n", &steps), None);
        assert_eq!(
            added("reference:\n- say: x\nexpect: []\n", &steps[1..]).as_deref(),
            Some("references:\n- - say: x\n- - {\"say\":\"Done: yes.\"}\nexpect: []\n")
        );
    }
}
