//! `mocktrial view`, over loopback with raw sockets.

use crate::support::{Project, Ran, chat, good, serve};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};

fn project() -> Project {
    let server = serve(|asked| Some(good(asked)));
    let project = Project::with_scenarios(&chat(&server, ""), 3);
    project.run(&["run", "-t", "2", "--quiet"]).expect(0);
    project
}

/// The command while it serves.
struct Viewer {
    child: Child,
    port: u16,
    /// The path of the page.
    path: String,
}

impl Viewer {
    fn start(project: &Project, args: &[&str]) -> Self {
        let all: Vec<&str> = ["view", "--no-open", "--quiet"].into_iter().chain(args.iter().copied()).collect();
        let mut child = project.command(&all).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = match serde_json::from_str::<serde_json::Value>(&line) {
            Ok(document) => document["url"].as_str().unwrap().to_owned(),
            Err(_) => line.trim().to_owned(),
        };
        let rest = address.strip_prefix("http://127.0.0.1:").unwrap_or_else(|| panic!("{line}"));
        let (port, path) = rest.split_once('/').unwrap();
        Self { child, port: port.parse().unwrap(), path: format!("/{path}") }
    }

    /// A raw request and the whole answer.
    fn send(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        // Who is refused early may find the connection reset.
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn ask(&self, method: &str, path: &str, headers: &str) -> String {
        self.send(&format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n{headers}\r\n", self.port))
    }

    fn get(&self, path: &str) -> String {
        self.ask("GET", path, "")
    }

    /// Ends it as Ctrl-C does.
    #[cfg(unix)]
    fn end(self) -> Ran {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), rustix::process::Signal::INT)
            .unwrap();
        Ran::from(self.child.wait_with_output().unwrap())
    }
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

#[cfg(unix)]
#[test]
fn the_page_is_served_to_who_has_the_address_and_ctrl_c_ends_it_with_0() {
    let project = project();
    let temporary = tempfile::tempdir().unwrap();
    let args = ["view", "--no-open", "--quiet", "--port", "0"];
    let mut command = project.command(&args);
    command.env("TMPDIR", temporary.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let (port, path) = line.trim().strip_prefix("http://127.0.0.1:").unwrap().split_once('/').unwrap();
    let viewer = Viewer { child, port: port.parse().unwrap(), path: format!("/{path}") };
    let page = viewer.get(&viewer.path);
    assert_eq!(status(&page), "200", "{page}");
    let (head, body) = page.split_once("\r\n\r\n").unwrap();
    assert!(body.contains("id=\"index\">") && body.trim_end().ends_with("</html>"), "{}", body.len());
    for wanted in [
        "x-content-type-options: nosniff",
        "cache-control: no-store",
        "referrer-policy: no-referrer",
        "cross-origin-resource-policy: same-origin",
        "frame-ancestors 'none'",
        "default-src 'none'",
    ] {
        assert!(head.contains(wanted), "{wanted} is missing: {head}");
    }
    assert!(!head.contains("access-control"), "{head}");
    let length = format!("content-length: {}", body.len());
    assert!(head.contains(&length), "{head}");
    let only_head = viewer.ask("HEAD", &viewer.path, "");
    assert!(only_head.contains(&length) && only_head.ends_with("\r\n\r\n"), "{only_head}");
    let kept: Vec<_> = std::fs::read_dir(temporary.path()).unwrap().collect();
    assert_eq!(kept.len(), 1);
    let ended = viewer.end().expect(0);
    assert_eq!(ended.err, "");
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0, "the temporary folder is gone");
}

#[cfg(unix)]
#[test]
fn nobody_else_gets_an_answer() {
    let project = project();
    let viewer = Viewer::start(&project, &["--format", "json"]);
    let (port, path) = (viewer.port, viewer.path.clone());
    // Foreign names that point here, and those that are nearly ours.
    for host in [
        "evil.example",
        &format!("evil.example:{port}"),
        "127.0.0.1",
        "127.0.0.1:1",
        &format!("localhost.evil.example:{port}"),
        &format!("127.0.0.2:{port}"),
    ] {
        assert_eq!(status(&viewer.send(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"))), "421", "{host}");
    }
    for request in [
        format!("GET {path} HTTP/1.0\r\n\r\n"),
        format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nHost: evil.example\r\n\r\n"),
        format!("GET http://evil.example{path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"),
    ] {
        let answer = viewer.send(&request);
        assert!(["421", "400"].contains(&status(&answer)), "{request}: {answer}");
    }
    for host in [format!("localhost:{port}"), format!("[::1]:{port}")] {
        assert_eq!(status(&viewer.send(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"))), "200", "{host}");
    }
    // Foreign pages.
    for origin in
        ["http://evil.example", "null", &format!("http://localhost:{port}"), &format!("https://127.0.0.1:{port}")]
    {
        assert_eq!(status(&viewer.ask("GET", &path, &format!("Origin: {origin}\r\n"))), "403", "{origin}");
    }
    assert_eq!(status(&viewer.ask("GET", &path, &format!("Origin: http://127.0.0.1:{port}\r\n"))), "200");
    for fetch in [
        "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: script\r\n",
        "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n",
    ] {
        assert_eq!(status(&viewer.ask("GET", &path, fetch)), "403", "{fetch}");
    }
    let link = "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n";
    assert_eq!(status(&viewer.ask("GET", &path, link)), "200");
    // Nothing can be written.
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"] {
        let answer = viewer.ask(method, &path, "Content-Length: 0\r\n");
        assert_eq!(status(&answer), "405", "{method}: {answer}");
    }
    // Without the secret, or with another.
    let other = format!("/{}/", "0".repeat(path.len() - 2));
    for missing in
        ["/", "", "//", "/favicon.ico", "/open/", "/open/x", &other, &path[..path.len() - 1], &path.to_uppercase()]
    {
        let answer = viewer.get(if missing.is_empty() { "/." } else { missing });
        assert_eq!(status(&answer), "404", "{missing}: {answer}");
    }
    // Ways out of the folder, and names that are not there.
    for way in [
        "../",
        "..%2f..%2fetc%2fpasswd",
        "1.html",
        "1.html.data/",
        "1.html.data/../1.html",
        "1.html.data/-1.js",
        "1.html.data/1.js/",
        "1.html.data/99999999999999.js",
        "/etc/passwd",
        "%00",
        "1.html.data/\u{0661}.js",
    ] {
        let answer = viewer.get(&format!("{path}{way}"));
        assert!(["404", "400"].contains(&status(&answer)), "{way}: {answer}");
    }
    // Too much is refused, and does not hurt.
    let much = viewer.ask("GET", &path, &format!("X: {}\r\n", "a".repeat(100_000)));
    assert!(["431", ""].contains(&status(&much)), "{much}");
    assert_eq!(status(&viewer.get(&path)), "200");
    viewer.end().expect(0);
}

#[cfg(unix)]
#[test]
fn a_page_is_made_anew_when_the_run_has_changed() {
    let project = project();
    let viewer = Viewer::start(&project, &["last"]);
    let episodes = || {
        let page = viewer.get(&viewer.path);
        let index = page.split("id=\"index\">").nth(1).unwrap().split("</script>").next().unwrap();
        let index: serde_json::Value = serde_json::from_str(index).unwrap();
        index["episodes"].as_array().unwrap().len()
    };
    assert_eq!((episodes(), episodes()), (6, 6));
    project.run(&["run", "--add-trials", "1", "last", "--quiet"]).expect(0);
    assert_eq!(episodes(), 9);
    viewer.end().expect(0);
}

#[test]
fn a_mistake_in_what_is_asked_is_told_before_anything_is_served() {
    let project = project();
    let ran = project.run(&["view", "--no-open", "-e", "nobody"]).expect(2);
    assert!(ran.out.is_empty() && ran.err.contains("no run has the endpoint `nobody`"), "{}{}", ran.out, ran.err);
    project.run(&["view", "--no-open", "no-such-run"]).expect(2);
}

#[cfg(unix)]
#[test]
fn a_browser_is_sent_to_an_address_that_works_once_and_does_not_hold_the_secret() {
    let project = project();
    let told = project.path().join("told");
    project.write(
        "browser.sh",
        &format!("#!/bin/sh\nprintf '%s' \"$1\" > '{0}.part' && mv '{0}.part' '{0}'\n", told.display()),
    );
    let script = project.path().join("browser.sh");
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = project.command(&["view", "--quiet"]);
    let mut child = command.env("BROWSER", &script).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let (port, path) = line.trim().strip_prefix("http://127.0.0.1:").unwrap().split_once('/').unwrap();
    let viewer = Viewer { child, port: port.parse().unwrap(), path: format!("/{path}") };
    let sent = loop {
        match std::fs::read_to_string(&told) {
            Ok(text) => break text,
            Err(_) => std::thread::yield_now(),
        }
    };
    let once = sent.strip_prefix(&format!("http://127.0.0.1:{port}")).unwrap();
    assert!(once.starts_with("/open/") && !sent.contains(path.trim_end_matches('/')), "{sent}");
    let first = viewer.get(once);
    assert!(status(&first) == "303" && first.contains(&format!("location: {}\r\n", viewer.path)), "{first}");
    assert_eq!(status(&viewer.get(once)), "410");
    viewer.end().expect(0);
}

#[cfg(unix)]
#[test]
fn what_stands_beside_a_large_page_is_served_from_its_folder() {
    let project = project();
    // Large enough for a folder, whatever is in it.
    let db = rusqlite::Connection::open(project.runs().last().unwrap()).unwrap();
    db.execute_batch("create table padding (x); insert into padding values (zeroblob(40000000))").unwrap();
    drop(db);
    let viewer = Viewer::start(&project, &["last"]);
    let page = viewer.get(&viewer.path);
    assert!(page.contains("\"folder\":\"1.html.data\""), "{}", page.len());
    let chunk = viewer.get(&format!("{}1.html.data/1.js", viewer.path));
    assert_eq!(status(&chunk), "200", "{chunk}");
    assert!(
        chunk.contains("content-type: text/javascript") && chunk.contains("\r\n\r\nmocktrialChunk(1,\""),
        "{chunk}"
    );
    assert_eq!(status(&viewer.get(&format!("{}1.html.data/7.js", viewer.path))), "404");
    assert_eq!(status(&viewer.get("/1.html.data/1.js")), "404", "not without the secret");
    viewer.end().expect(0);
}
