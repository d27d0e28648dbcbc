//! `[[quarantine]]` of `mocktrial.toml`.

use crate::folder::Folder;
use mocktrial_core::suite::{Mistakes, Project, Severity};

#[test]
fn what_is_in_quarantine_is_read_and_one_that_is_over_is_warned_of() {
    let text = "[[quarantine]]\nscenario = \"shop/old\"\nuntil = \"2020-01-31\"\nwhy = \"its judges disagree\"\n\
        [[quarantine]]\nscenario = \"shop/new~maria\"\nuntil = \"2999-01-31\"\nwhy = \" slow service \"\n";
    let folder = Folder::new(&[("mocktrial.toml", text)]);
    let project = Project::open(folder.path()).unwrap();
    let day = |y, m, d| jiff::civil::date(y, m, d);
    let read: Vec<_> = project.config.quarantine.iter().map(|q| (q.scenario.as_str(), q.why.as_str())).collect();
    assert_eq!(read, [("shop/old", "its judges disagree"), ("shop/new~maria", "slow service")]);
    let old = &project.config.quarantine[0];
    assert!(!old.is_over(day(2020, 1, 31)) && old.is_over(day(2020, 2, 1)));
    assert!(project.warnings.iter().all(|w| w.severity == Severity::Warning));
    let said = Mistakes(project.warnings).render(false);
    assert!(said.contains("the quarantine of `shop/old` is over") && said.contains("mocktrial.toml:3"), "{said}");
    assert!(!said.contains("shop/new"), "{said}");
}
