//! `mocktrial init`.

use crate::args::InitArgs;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::out::Out;
use mocktrial_core::suite::{read_tools, write_tools};
use mocktrial_trajectory::ToolSpec;
use mocktrial_world::{Definition, Synthesizer, World};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::path::Path;

const CONFIG: &str = include_str!("starter/mocktrial.toml");
const WORLD: &str = include_str!("starter/world.yaml");
const TOOLS: &str = include_str!("starter/tools.json");
const LOOK_UP: &str = include_str!("starter/look-up.yaml");
const CANCEL: &str = include_str!("starter/cancel.yaml");
const ASK: &str = include_str!("starter/ask.yaml");

pub(crate) fn init(args: &InitArgs, out: Out) -> Outcome {
    let folder = &args.folder;
    if folder.join("mocktrial.toml").exists() {
        return Err(Failure::mistake(format!("{} has a mocktrial.toml already", folder.display())));
    }
    let files = files(args.tools.as_deref())?;
    for (name, _) in &files {
        if folder.join(name).exists() {
            return Err(Failure::mistake(format!("{} is there already", folder.join(name).display())));
        }
    }
    for (name, text) in &files {
        let path = folder.join(name);
        let failed = |e: std::io::Error| Failure::infrastructure(format!("{}: {e}", path.display()));
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(failed)?;
        }
        std::fs::write(&path, text).map_err(failed)?;
        out.note(format!("wrote {}", path.display()));
    }
    let enter = if folder == Path::new(".") { String::new() } else { format!("cd {} && ", folder.display()) };
    out.note(format!("\nNext: {enter}mocktrial check"));
    out.note(format!("      {enter}mocktrial run -e reference -e null     needs no model"));
    out.note(format!("      {enter}mocktrial run -e local                needs the endpoint in mocktrial.toml"));
    Ok(Exit::Done)
}

/// The files of a new project, each with its text.
fn files(tools: Option<&Path>) -> Result<Vec<(String, String)>, Failure> {
    let mut files: Vec<(String, String)> = vec![("mocktrial.toml".into(), CONFIG.into())];
    match tools {
        None => files.extend([
            ("scenarios/orders/worlds/shop.yaml".into(), WORLD.into()),
            ("scenarios/orders/worlds/tools.json".into(), TOOLS.into()),
            ("scenarios/orders/look-up.yaml".into(), LOOK_UP.into()),
            ("scenarios/orders/cancel.yaml".into(), CANCEL.into()),
            ("scenarios/orders/ask.yaml".into(), ASK.into()),
        ]),
        Some(tools) => files.extend(around(tools)?),
    }
    Ok(files)
}

/// How many tools of the user's own get a scenario.
const SCENARIOS: usize = 5;

/// A suite around the user's own tools: a bare world, and a scenario per tool for the first few.
fn around(file: &Path) -> Result<Vec<(String, String)>, Failure> {
    let tools = read_tools(file)?;
    if tools.is_empty() {
        return Err(Failure::mistake(format!("{} defines no tools", file.display())));
    }
    usable(file, &tools)?;
    let world = "# Every tool is answered with a value made from its output schema, or with {\"ok\": true}.\n\
                 # Give a tool rules or a script under `behaviour:` when its answers should mean something.\n\
                 tools: tools.json\nstate: {}\n";
    // The tools as they were read: the file may be YAML, and may refer to files beside it.
    let mut files = vec![
        ("scenarios/own/worlds/own.yaml".to_owned(), world.to_owned()),
        ("scenarios/own/worlds/tools.json".to_owned(), write_tools(&tools)),
    ];
    let mut taken = HashSet::new();
    let scenarios = tools.iter().filter_map(|tool| Some((file_name(&tool.name, &mut taken), scenario(tool)?)));
    files.extend(scenarios.take(SCENARIOS));
    if files.len() == 2 {
        return Err(Failure::mistake(format!(
            "{}: no arguments could be made up for any tool, so there is nothing to try them with; give the schemas an `examples` or a `default`",
            file.display()
        )));
    }
    Ok(files)
}

/// Whether a world can be made of the tools.
fn usable(file: &Path, tools: &[ToolSpec]) -> Result<(), Failure> {
    let Err(mistakes) = World::compile(&Definition::default(), tools.to_vec(), None) else { return Ok(()) };
    let said = mistakes.iter().map(|mistake| {
        let index = mistake.at.0.get(1).and_then(|index| index.parse::<usize>().ok());
        let tool = index.and_then(|index| tools.get(index)).map_or("", |tool| &tool.name);
        let hint = mistake.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
        format!("{}: the tool `{tool}`: {}{hint}", file.display(), mistake.message)
    });
    Err(Failure::mistake(said.collect::<Vec<_>>().join("\n")))
}

/// A file's name for a tool's, different from those taken.
fn file_name(tool: &str, taken: &mut HashSet<String>) -> String {
    let plain = tool.replace(|c: char| !c.is_ascii_alphanumeric(), "-").to_lowercase();
    let numbered = (2..).map(|n| format!("{plain}-{n}"));
    let name = std::iter::once(plain.clone()).chain(numbered).find(|name| taken.insert(name.clone()));
    format!("scenarios/own/{}.yaml", name.unwrap_or(plain))
}

/// A scenario of one call; `None` where no arguments can be made up for it.
fn scenario(tool: &ToolSpec) -> Option<String> {
    let args = Synthesizer::new(&tool.input_schema).and_then(|s| s.make(1)).ok().filter(Value::is_object)?;
    // JSON is YAML, but `${` has a meaning in scenarios.
    let written = |value: Value| value.to_string().replace("${", "$${");
    let step = written(json!({"call": tool.name, "args": args}));
    let title = written(json!(format!("Calls {} once, and nothing else", tool.name)));
    let user = written(json!(format!("Please use {} with these arguments: {args}", tool.name)));
    Some(format!(
        "title: {title}\nworld: own\nuser:\n  - {user}\nreference:\n  - {step}\n\
         expect:\n  - calls: {{match: strict, of: reference, args: exact}}\n  - format: clean\n"
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
mod tests {
    use super::*;
    use mocktrial_core::check::prove;
    use mocktrial_core::ready::ReadyScenario;
    use mocktrial_core::suite::Project;
    use std::path::PathBuf;
    use tempfile::TempDir;

    /// Writes what `init` would, and checks it as `mocktrial check` does. Returns the scenarios' ids.
    async fn checked(tools: Option<&Path>) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files(tools).unwrap_or_else(|failure| panic!("{failure:?}")) {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            assert!(!path.exists(), "{} is written twice", path.display());
            std::fs::write(path, text).unwrap();
        }
        let project = Project::open(folder.path()).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let suite = project.load().unwrap_or_else(|mistakes| panic!("{mistakes}"));
        assert!(!suite.scenarios.is_empty());
        for scenario in &suite.scenarios {
            let ready = ReadyScenario::new(scenario.clone()).await.unwrap();
            let proof = prove(&ready, project.config.limits, None).await;
            assert_eq!(proof.mistakes, [], "{}: {:?}", scenario.id, proof.mistakes);
        }
        suite.scenarios.iter().map(|scenario| scenario.id.to_string()).collect()
    }

    fn written(name: &str, text: &str) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[tokio::test]
    async fn a_new_project_passes_its_own_check() {
        assert_eq!(checked(None).await.len(), 3);
    }

    #[tokio::test]
    async fn a_project_around_tools_passes_its_own_check_in_every_format_of_tools() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/core/tests/suite/tools");
        let mut count = 0;
        for path in std::fs::read_dir(fixtures).unwrap().map(|entry| entry.unwrap().path()).filter(|p| p.is_file()) {
            assert_eq!(checked(Some(&path)).await.len(), 1, "{}", path.display());
            count += 1;
        }
        assert!(count >= 7);
    }

    #[tokio::test]
    async fn tools_in_yaml_with_references_and_names_that_become_one_are_all_taken() {
        let text = "- {name: get.it, parameters: {$ref: 'more.yaml#/args'}}\n- {name: get_it}\n- {name: Get-It, returns: {type: object, properties: {n: {type: integer}}}}\n";
        let (folder, path) = written("tools.yaml", text);
        let more =
            "args: {type: object, properties: {of: {const: '${x} $${y}'}, n: {default: 0.5}}, required: [of, n]}\n";
        std::fs::write(folder.path().join("more.yaml"), more).unwrap();
        assert_eq!(checked(Some(&path)).await, ["own/get-it", "own/get-it-2", "own/get-it-3"]);
    }

    #[test]
    fn tools_that_no_world_can_be_made_of_are_refused_before_anything_is_written() {
        let text = "[{\"name\": \"f\", \"outputSchema\": {\"type\": \"string\", \"pattern\": \"^(?=a)b\"}}]";
        let (_folder, path) = written("tools.json", text);
        let failure = files(Some(&path)).unwrap_err();
        assert!(failure.message.contains("the tool `f`") && failure.message.contains("pattern"), "{failure:?}");
    }
}
