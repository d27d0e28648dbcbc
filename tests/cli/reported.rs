//! `mocktrial report`.

use crate::support::{Project, chat, good, serve};

fn project() -> Project {
    let server = serve(|asked| Some(good(asked)));
    let probe = "\n[endpoints.nothing]\nkind = \"probe\"\nprobe = \"null\"\n";
    let project = Project::with_scenarios(&(chat(&server, "") + probe), 8);
    project.run(&["run", "-t", "2", "--quiet"]).expect(0);
    project
}

#[test]
fn a_page_says_the_verdict_and_holds_every_episode_and_only_its_own_script() {
    let project = project();
    project.run(&["report", "--html", "out.html", "--quiet"]).expect(0);
    let page = std::fs::read_to_string(project.path().join("out.html")).unwrap();
    let screen = page.split("<script").next().unwrap();
    assert!(screen.contains("Better: model passes more often than nothing"), "{screen}");
    assert!(screen.contains("default-src &#39;none&#39;") || screen.contains("default-src 'none'"), "{screen}");
    assert!(!screen.contains("http://") && !screen.contains("https://"), "the page names no address");
    let index = page.split("id=\"index\">").nth(1).unwrap().split("</script>").next().unwrap();
    let index: serde_json::Value = serde_json::from_str(index).unwrap();
    assert_eq!(index["episodes"].as_array().unwrap().len(), 32);
    assert_eq!(index["scenarios"].as_array().unwrap().len(), 8);
    assert_eq!(index["tools"], serde_json::json!(["take"]));
    // The same run gives the same page.
    project.run(&["report", "-o", "html=again.html", "--quiet"]).expect(0);
    assert_eq!(std::fs::read_to_string(project.path().join("again.html")).unwrap(), page);
}

#[test]
fn what_cannot_be_written_is_said() {
    let project = project();
    let nothing = project.run(&["report"]).expect(2).err;
    assert!(nothing.contains("say what to write where, such as --output html=report.html"), "{nothing}");
    let kind = project.run(&["report", "-o", "pdf=out.pdf"]).expect(2).err;
    assert!(kind.contains("there is no kind `pdf`; there are html, json"), "{kind}");
    let folder = project.run(&["report", "--html", "no/such/folder/out.html"]).expect(3).err;
    assert!(folder.contains("no/such/folder/out.html"), "{folder}");
}
