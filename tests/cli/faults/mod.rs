//! Everything that can go wrong between here and a model: each fault ends its episode with the right
//! reason and cause, and only the model's own moves its pass rate.

pub(crate) mod good;
mod server;
mod table;

use crate::support::Project;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What a conversation says that is to meet the fault.
const MARKER: &str = "Please, dear broken server";

/// What goes wrong, and whose it is.
struct Fault {
    name: &'static str,
    dialect: &'static str,
    /// Keys of the endpoint beside the usual ones.
    more: &'static str,
    answer: fn() -> server::Answer,
    /// The reason and the cause that the episode ends with.
    ends: (&'static str, &'static str),
}

const ENDPOINT: &str = "retries = 1\nconcurrency = 1\nparameters = {max_tokens = 50}\ntimeout_seconds = {connect = 5, first_byte = 5, idle = 5, total = 20}\n";

#[test]
fn every_fault_is_attributed_and_only_the_models_own_moves_its_pass_rate() {
    let faults = table::faults();
    assert!(faults.len() >= 40, "{}", faults.len());
    let address = server::serve(faults.iter().map(|fault| fault.answer).collect(), MARKER);
    let mut endpoints = toml::Table::new();
    for (at, fault) in faults.iter().enumerate() {
        let base = if fault.name == "connection-refused" { "http://127.0.0.1:1" } else { &address };
        // A model of its own, so that no endpoint waits for what another's account is told.
        let place = format!("kind = \"{}\"\nmodel = \"m{at}\"\nbase_url = \"{base}/{at}/v1\"", fault.dialect);
        let mut keys = toml::Table::new();
        for text in [ENDPOINT, fault.more, &place] {
            keys.extend(toml::from_str::<toml::Table>(text).unwrap());
        }
        endpoints.insert(fault.name.to_owned(), keys.into());
    }
    let config: toml::Table = [("endpoints".to_owned(), endpoints.into())].into_iter().collect();
    let project = Project::new(&config.to_string());
    let lamp = std::fs::read_to_string(project.path().join("scenarios/shop/lamp.yaml")).unwrap();
    // The scenario that meets the fault comes first, so that an endpoint that is stopped by it has run it.
    project.write("scenarios/shop/a-broken-lamp.yaml", &lamp.replace("Take item 1", &format!("{MARKER}: take item 1")));
    project.run(&["run", "--quiet", "--trials", "1"]).expect(3);

    let rows = project.query("select endpoint, scenario, end_reason, coalesce(cause, ''), passed from results");
    let mut ended: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    let mut rates: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for row in &rows {
        let [endpoint, scenario, reason, cause, passed] = &row[..] else { panic!("{row:?}") };
        if scenario.ends_with("broken-lamp") {
            ended.insert(endpoint, (reason, cause));
        }
        let (k, n) = rates.entry(endpoint).or_default();
        *n += u32::from(!passed.is_empty());
        *k += u32::from(passed == "1");
    }
    let mut wrong = String::new();
    for fault in &faults {
        let found = ended.get(fault.name).copied().unwrap_or(("not run", ""));
        if found != fault.ends {
            writeln!(wrong, "{}: {found:?} instead of {:?}", fault.name, fault.ends).unwrap();
        }
        let (k, n) = rates.get(fault.name).copied().unwrap_or_default();
        let failed = u32::from(fault.ends.1 == "model");
        if n - k != failed {
            writeln!(wrong, "{}: {k} of {n} passed", fault.name).unwrap();
        }
        // The same endpoint goes on and passes, unless it was stopped.
        let stops = matches!(fault.ends.0, "provider_refused") || fault.name == "connection-refused";
        if !stops && k != 1 {
            writeln!(wrong, "{}: the good episode beside it did not pass", fault.name).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
