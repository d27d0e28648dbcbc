//! What a person reads when a file has a mistake: one folder of `broken/` for each kind of mistake.

use mocktrial_core::suite::{Mistakes, Project};
use std::path::Path;

fn rendered(folder: &Path) -> String {
    let loaded = Project::open(folder).and_then(|project| project.load());
    match loaded {
        Err(mistakes) => mistakes.render(false),
        Ok(suite) => Mistakes(suite.warnings).render(false),
    }
}

#[test]
fn every_broken_suite_is_told_what_is_wrong_with_it() {
    let folders = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/broken");
    let mut count = 0;
    let mut folders: Vec<_> = std::fs::read_dir(folders).unwrap().flatten().map(|e| e.path()).collect();
    folders.sort();
    for folder in folders {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_snapshot!(name, rendered(&folder));
        });
        count += 1;
    }
    assert!(count >= 65);
}
