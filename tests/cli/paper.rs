//! `--output` of what a paper needs.

use crate::support::{Project, chat, good, serve};
use std::collections::BTreeSet;
use std::path::Path;

fn read(project: &Project, path: &str) -> String {
    std::fs::read_to_string(project.path().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Every file of a folder, by its path in it.
fn files(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(within) = open.pop() {
        for entry in std::fs::read_dir(within).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.insert(path.strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found
}

fn project() -> Project {
    let server = serve(|asked| Some(good(asked)));
    let probe = "\n[endpoints.nothing]\nkind = \"probe\"\nprobe = \"null\"\n";
    let project = Project::with_scenarios(&(chat(&server, "") + probe), 8);
    project.run(&["run", "-t", "2", "--quiet"]).expect(0);
    project
}

#[test]
fn a_folder_has_all_that_a_paper_needs_and_its_document_takes_in_nothing_else() {
    let project = project();
    let kinds = ["-o", "paper=out", "-o", "figures=pictures", "-o", "latex=main.tex", "-o", "methods=methods.md"];
    project.run(&[&["report", "last", "--quiet"][..], &kinds].concat()).expect(0);
    let found = files(&project.path().join("out"));
    let paper = read(&project, "out/paper.tex");
    for (at, _) in paper.match_indices("\\input{") {
        let named = paper[at + 7..].split('}').next().unwrap().trim_end_matches(".tex");
        assert!(found.contains(&format!("{named}.tex")), "{named} of {found:?}");
    }
    for table in found.iter().filter(|name| name.starts_with("tables/")) {
        let taken = format!("\\input{{{}}}", table.trim_end_matches(".tex"));
        assert_eq!(paper.matches(&taken).count(), 1, "{table}");
    }
    let methods = read(&project, "out/methods.tex");
    let bib = read(&project, "out/references.bib");
    let cited: BTreeSet<&str> = methods
        .match_indices("\\cite{")
        .flat_map(|(at, _)| methods[at + 6..].split('}').next().unwrap().split(','))
        .collect();
    let known: BTreeSet<&str> =
        bib.match_indices('@').map(|(at, _)| bib[at..].split_once('{').unwrap().1.split(',').next().unwrap()).collect();
    assert_eq!(cited, known, "what is cited is what is listed");
    for said in [
        "8 scenarios were tried by 2 endpoints, 2 trials each: 32 planned episodes",
        "a built-in agent that asks no model",
    ] {
        assert!(methods.contains(said), "{said}: {methods}");
    }
    assert!(
        read(&project, "methods.md")
            .contains("8 scenarios were tried by 2 endpoints, 2 trials each: 32 planned episodes")
    );
    // The same figures, whether alone or with the paper.
    let alone = files(&project.path().join("pictures"));
    assert!(alone.contains("pass-rates.svg") && alone.contains("differences.svg"), "{alone:?}");
    for name in &alone {
        assert_eq!(read(&project, &format!("pictures/{name}")), read(&project, &format!("out/figures/{name}")));
    }
    let main = read(&project, "main.tex");
    assert!(
        main.contains("100 [") && main.contains("\\label{tab:endpoints}") && main.contains("\\label{tab:differences}"),
        "{main}"
    );
    let appendix = read(&project, "out/appendix.tex");
    assert_eq!(appendix.matches("shop/\\allowbreak{}lamp").count(), 8, "{appendix}");
}

#[test]
fn a_gate_draws_its_margin_and_says_how_it_decided() {
    let project = project();
    let out = project
        .run(&["gate", "-e", "model", "--control", "nothing", "-o", "paper=out", "-o", "methods=-", "--quiet"])
        .expect(0)
        .out;
    assert!(out.contains("**Non-inferiority.**") && out.contains("margin of 5 points"), "{out}");
    assert!(out.contains("lay above −5 points") && out.contains("Bonett"), "{out}");
    assert!(read(&project, "out/figures/differences.svg").contains("dashed: the margin"));
    assert!(read(&project, "out/tables/gate.tex").contains("no worse"));
}

#[test]
fn what_cannot_be_a_folder_is_said() {
    let project = project();
    project.write("taken", "a file");
    let err = project.run(&["report", "-o", "paper=taken"]).expect(3).err;
    assert!(err.contains("paper taken:"), "{err}");
    let err = project.run(&["report", "-o", "figures=-"]).expect(2).err;
    assert!(err.contains("figures is more than one text, and needs a path"), "{err}");
}
