//! Endpoints of `mocktrial.toml`.

use crate::folder::Folder;
use mocktrial_core::suite::{Config, EndpointKind, PriceFrom, Project};
use serde_json::json;

fn config(text: &str) -> Config {
    let folder = Folder::new(&[("mocktrial.toml", text), ("prompts/v2.md", "Think first.\n")]);
    folder.project().unwrap_or_else(|mistakes| panic!("{mistakes}")).config
}

fn refused(text: &str) -> String {
    let folder = Folder::new(&[("mocktrial.toml", text)]);
    Project::open(folder.path()).expect_err("the configuration has a mistake").render(false)
}

#[test]
fn an_endpoint_takes_over_what_it_does_not_say_itself() {
    let config = config(
        r#"
        [endpoints.base]
        kind = "chat"
        base_url = "http://127.0.0.1:1/v1"
        model = "m"
        parameters = {temperature = 0.5, max_tokens = 10}
        prompt = {text = "Old.", mode = "prefix"}
        tools = {a = {description = "A"}, b = {description = "B"}}
        [endpoints.middle]
        extends = "base"
        parameters = {temperature = 0.9}
        [endpoints.last]
        extends = "middle"
        model = "n"
        prompt = {text = "New."}
        tools = {b = {description = "Other"}}
        "#,
    );
    let last = &config.endpoints["last"];
    let EndpointKind::Model { config: chat, .. } = &last.kind else { panic!("it is a model") };
    assert_eq!((chat.model.as_str(), chat.base_url.as_deref()), ("n", Some("http://127.0.0.1:1/v1")));
    assert_eq!(last.treatment["parameters"], json!({"temperature": 0.9, "max_tokens": 10}));
    assert_eq!(last.treatment["prompt"], json!({"text": "New.", "mode": "replace"}), "a prompt is one setting");
    assert_eq!(last.tools["a"].description.as_deref(), Some("A"));
    assert_eq!(last.tools["b"].description.as_deref(), Some("Other"));
    assert_eq!(config.endpoints["middle"].treatment["model"], json!("m"));
}

#[test]
fn a_prompt_sets_prefixes_or_replaces_the_system_prompt() {
    let config = config(
        r#"
        [endpoints.file]
        kind = "probe"
        probe = "null"
        prompt = "prompts/v2.md"
        [endpoints.set]
        extends = "file"
        prompt = {text = "Set.", mode = "set"}
        [endpoints.prefix]
        extends = "file"
        prompt = {file = "prompts/v2.md", mode = "prefix"}
        "#,
    );
    let said = |name: &str, system: Option<&str>| config.endpoints[name].prompt.as_ref().unwrap().apply(system);
    assert_eq!(said("file", Some("Own.")), "Think first.\n");
    assert_eq!(said("file", None), "Think first.\n");
    assert_eq!(said("set", Some("Own.")), "Own.");
    assert_eq!(said("set", None), "Set.");
    assert_eq!(said("prefix", Some("Own.")), "Think first.\n\nOwn.");
    assert_eq!(said("prefix", None), "Think first.\n");
}

#[test]
fn the_treatment_is_what_an_endpoint_is_and_not_how_it_is_reached() {
    let text = |model: &str, url: &str, extra: &str| {
        format!("[endpoints.a]\nkind = \"chat\"\nmodel = \"{model}\"\nbase_url = \"{url}\"\n{extra}")
    };
    let treatment = |text: String| config(&text).endpoints["a"].treatment.clone();
    let plain = treatment(text("m", "http://127.0.0.1:1/v1", ""));
    assert_eq!(plain, json!({"kind": "chat", "model": "m"}));
    let reached = "api_key_env = \"KEY\"\nheaders = {x-team = \"${TEAM}\"}\nconcurrency = 3\nretries = 2\nprice = {input = 1.0, output = 2.0, as_of = \"2026-11-01\"}\n";
    assert_eq!(plain, treatment(text("m", "http://127.0.0.1:2/v1", reached)));
    assert_ne!(plain, treatment(text("n", "http://127.0.0.1:1/v1", "")));
    assert_ne!(plain, treatment(text("m", "http://127.0.0.1:1/v1", "prompt = \"prompts/v2.md\"\n")));
}

#[test]
fn the_secrets_of_an_endpoint_are_the_variables_that_it_names() {
    let config = config(
        "[endpoints.a]\nkind = \"chat\"\nmodel = \"m\"\napi_key_env = \"KEY\"\nheaders = {x-org = \"${ORG}-${TEAM}\"}\n",
    );
    assert_eq!(config.endpoints["a"].secrets.iter().collect::<Vec<_>>(), ["KEY", "ORG", "TEAM"]);
}

#[test]
fn a_secret_written_into_the_file_is_refused_and_not_repeated() {
    for name in ["Authorization", "x-api-key", "api_key", "X-Auth-Token", "Cookie"] {
        let rendered = refused(&format!(
            "[endpoints.a]\nkind = \"chat\"\nmodel = \"m\"\n[endpoints.a.headers]\n{name} = \"abcdef\"\n"
        ));
        assert!(rendered.contains("holds a secret") && rendered.contains("mocktrial.toml:5:"), "{rendered}");
        assert!(!rendered.contains("abcdef"), "{rendered}");
    }
}

#[test]
fn a_misspelt_kind_is_one_mistake() {
    let rendered = refused("[endpoints.e]\nkind = \"caht\"\n");
    assert!(rendered.contains("did you mean `chat`?") && rendered.ends_with("1 error\n"), "{rendered}");
}

#[test]
fn an_endpoint_that_presents_a_tool_which_no_world_has_is_warned_of_once() {
    let toml = "[endpoints.a]\nkind = \"probe\"\nprobe = \"null\"\ntools = {get_ordr = {description = \"x\"}}\n[endpoints.b]\nextends = \"a\"\n";
    let folder = Folder::shop(&[("mocktrial.toml", toml), ("scenarios/shop/a.yaml", crate::folder::SCENARIO)]);
    let warnings = folder.loaded().warnings;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(warnings[0].message, "no world has a tool `get_ordr`");
    assert_eq!(warnings[0].hint.as_deref(), Some("did you mean `get_order`?"));
    assert_eq!((warnings[0].file.as_str(), warnings[0].line), ("mocktrial.toml", 4));
}

#[test]
fn a_price_is_the_endpoints_or_the_projects_or_that_of_the_table() {
    let config = config(
        r#"
        [prices."openai/gpt-5.1"]
        input = 1
        output = 8.5
        as_of = "2026-11-24"
        long = {above = 100_000.0, input = 2, output = 9}
        [prices."openai/of-mine"]
        input = 3
        output = 4
        [endpoints.own]
        provider = "openai"
        kind = "chat"
        model = "gpt-5.1"
        price = {input = 0.5, output = 1}
        [endpoints.project]
        provider = "openai"
        kind = "chat"
        model = "gpt-5.1-2025-11-13"
        [endpoints.table]
        kind = "chat"
        model = "gpt-5.2"
        [endpoints.mine]
        kind = "chat"
        model = "of-mine"
        [endpoints.unknown]
        kind = "chat"
        model = "nobody-knows-it"
        [endpoints.elsewhere]
        kind = "chat"
        base_url = "http://127.0.0.1:1/v1"
        model = "gpt-5.1"
        [endpoints.probe]
        kind = "probe"
        probe = "null"
        "#,
    );
    let price = |name: &str| {
        let endpoint = &config.endpoints[name];
        endpoint.price.as_ref().map(|price| (endpoint.price_from.unwrap(), price.input, price.output))
    };
    assert_eq!(price("own"), Some((PriceFrom::Endpoint, 0.5, 1.0)));
    assert_eq!(price("project"), Some((PriceFrom::Project, 1.0, 8.5)), "found without the date in its name");
    assert_eq!(price("table"), Some((PriceFrom::Table, 1.75, 14.0)));
    assert_eq!(price("mine"), Some((PriceFrom::Project, 3.0, 4.0)));
    for name in ["unknown", "elsewhere", "probe"] {
        assert_eq!((price(name), config.endpoints[name].price_from), (None, None), "{name}");
    }
    let long = config.endpoints["project"].price.as_ref().and_then(|price| price.long.as_ref());
    assert_eq!(long.map(|long| long.above), Some(100_000));
    assert!(config.endpoints["table"].price.as_ref().is_some_and(|p| p.as_of.is_some() && p.source.is_some()));
    // The model that is asked reckons with the same price.
    let asked = |name: &str| match &config.endpoints[name].kind {
        EndpointKind::Model { config, .. } => config.price.as_ref().map(|price| price.input),
        _ => None,
    };
    assert_eq!((asked("project"), asked("table")), (Some(1.0), None), "the table it knows itself");
    assert_eq!(config.endpoints["own"].treatment, json!({"kind": "chat", "provider": "openai", "model": "gpt-5.1"}));
}
