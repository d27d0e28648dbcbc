//! `mocktrial init`.

use crate::args::InitArgs;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::out::Out;
use mocktrial_core::suite::read_tools;
use serde_json::{Value, json};
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
    let mut files: Vec<(String, String)> = vec![("mocktrial.toml".into(), CONFIG.into())];
    match &args.tools {
        None => files.extend([
            ("scenarios/orders/worlds/shop.yaml".into(), WORLD.into()),
            ("scenarios/orders/worlds/tools.json".into(), TOOLS.into()),
            ("scenarios/orders/look-up.yaml".into(), LOOK_UP.into()),
            ("scenarios/orders/cancel.yaml".into(), CANCEL.into()),
            ("scenarios/orders/ask.yaml".into(), ASK.into()),
        ]),
        Some(tools) => files.extend(around(tools)?),
    }
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

/// A suite around the user's own tools: a bare world, and a scenario per tool for the first few.
fn around(file: &Path) -> Result<Vec<(String, String)>, Failure> {
    let text = std::fs::read_to_string(file).map_err(|e| Failure::mistake(format!("{}: {e}", file.display())))?;
    let tools = read_tools(file)?;
    if tools.is_empty() {
        return Err(Failure::mistake(format!("{} defines no tools", file.display())));
    }
    let world = "# Every tool is answered with a value made from its output schema, or with {\"ok\": true}.\n\
                 # Give a tool rules or a script under `behaviour:` when its answers should mean something.\n\
                 tools: tools.json\nstate: {}\n";
    let mut files = vec![
        ("scenarios/own/worlds/own.yaml".to_owned(), world.to_owned()),
        ("scenarios/own/worlds/tools.json".to_owned(), text),
    ];
    for tool in tools.iter().take(5) {
        let args =
            mocktrial_world::Synthesizer::new(&tool.input_schema).and_then(|s| s.make(1)).ok().filter(Value::is_object);
        let Some(args) = args else { continue };
        let name = tool.name.replace(|c: char| !c.is_ascii_alphanumeric(), "-").to_lowercase();
        let step = json!({"call": tool.name, "args": args});
        let title = json!(format!("Calls {} once, and nothing else", tool.name));
        let user = json!(format!("Please use {} with these arguments: {args}", tool.name));
        let scenario = format!(
            "title: {title}\nworld: own\nuser:\n  - {user}\nreference:\n  - {step}\n  - {{say: Done.}}\n\
             expect:\n  - calls: {{match: strict, of: reference, args: exact}}\n  - format: clean\n"
        );
        files.push((format!("scenarios/own/{name}.yaml"), scenario));
    }
    Ok(files)
}
