//! Licences and duplicate versions of what we depend on, against the lists of `deny.toml`.
//!
//! `cargo deny check` reads the same lists, and the advisory database besides; this needs no network.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

fn lists() -> (BTreeSet<String>, BTreeSet<String>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let deny: toml::Table = std::fs::read_to_string(root.join("deny.toml")).unwrap().parse().unwrap();
    let words = |value: &toml::Value, key: Option<&str>| {
        let text = |v: &toml::Value| key.map_or(v.as_str(), |k| v[k].as_str()).unwrap().to_owned();
        value.as_array().unwrap().iter().map(text).collect()
    };
    (words(&deny["licenses"]["allow"], None), words(&deny["bans"]["skip"], Some("crate")))
}

/// The packages that are built into the command, by name.
fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--offline",
            "--locked",
            "--filter-platform",
            "x86_64-unknown-linux-gnu",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let nodes: BTreeMap<&str, &Value> =
        metadata["resolve"]["nodes"].as_array().unwrap().iter().map(|n| (n["id"].as_str().unwrap(), n)).collect();
    let root = metadata["resolve"]["root"].as_str().unwrap();
    let mut used = BTreeSet::new();
    let mut open = vec![root];
    while let Some(id) = open.pop() {
        if !used.insert(id) {
            continue;
        }
        for dep in nodes[id]["deps"].as_array().unwrap() {
            if dep["dep_kinds"].as_array().unwrap().iter().any(|k| k["kind"].is_null()) {
                open.push(dep["pkg"].as_str().unwrap());
            }
        }
    }
    let all = metadata["packages"].as_array().unwrap();
    all.iter().filter(|p| used.contains(p["id"].as_str().unwrap())).cloned().collect()
}

/// Whether an SPDX expression can be satisfied from the allowed licences.
fn allowed(expression: &str, allow: &BTreeSet<String>) -> bool {
    let plain = expression.replace(['(', ')'], " ").replace('/', " OR ");
    plain.split(" AND ").all(|part| part.split(" OR ").any(|licence| allow.contains(licence.trim())))
}

#[test]
fn every_dependency_has_a_licence_that_is_allowed() {
    let (allow, _) = lists();
    let bad: Vec<String> = packages()
        .iter()
        .filter(|p| !allowed(p["license"].as_str().unwrap_or("none"), &allow))
        .map(|p| format!("{} {}: {}", p["name"], p["version"], p["license"]))
        .collect();
    assert!(bad.is_empty(), "not allowed by deny.toml:\n{}", bad.join("\n"));
}

#[test]
fn no_dependency_is_there_twice_unless_it_is_listed_with_a_reason() {
    let (_, skip) = lists();
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in packages() {
        let name = package["name"].as_str().unwrap().to_owned();
        versions.entry(name).or_default().insert(package["version"].as_str().unwrap().to_owned());
    }
    let twice: Vec<_> = versions.iter().filter(|(name, v)| v.len() > 1 && !skip.contains(*name)).collect();
    assert!(twice.is_empty(), "more than one version: {twice:?}");
    let stale: Vec<_> = skip.iter().filter(|name| versions.get(*name).is_none_or(|v| v.len() < 2)).collect();
    assert!(stale.is_empty(), "listed in deny.toml, but there once only: {stale:?}");
}
