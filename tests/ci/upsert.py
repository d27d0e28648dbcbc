#!/usr/bin/env python3
"""The scripts that comment on changes, against a server on loopback that plays GitHub's and GitLab's API.

Needs bash, curl and jq; exits with 77 where one is missing. Nothing leaves the machine.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MARKER = "<!-- mocktrial: gate-support-on-shop -->"
BOT = {"login": "github-actions[bot]", "id": 41}
OTHER = {"login": "mallory", "id": 7}


class Api(BaseHTTPRequestHandler):
    """Comments of one change, in both dialects."""

    def log_message(self, *_):
        pass

    def answer(self, code, value):
        text = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def said(self):
        return json.loads(self.rfile.read(int(self.headers["content-length"])))["body"]

    def do_GET(self):
        server = self.server
        server.seen.append(("GET", self.path))
        server.tokens.add(self.headers.get("authorization") or self.headers.get("private-token"))
        if server.refuse:
            return self.answer(server.refuse, {"message": "no"})
        if self.path == "/user":
            return self.answer(200, {"id": BOT["id"]})
        size, page = map(int, re.search(r"per_page=(\d+)&page=(\d+)", self.path).groups())
        shown = server.comments[(page - 1) * size : page * size]
        return self.answer(200, [dict(c, author=c["user"]) for c in shown])

    def do_POST(self):
        server = self.server
        server.seen.append(("POST", self.path))
        server.comments.append({"id": len(server.comments) + 1, "user": BOT, "body": self.said()})
        self.answer(201, {})

    def change(self):
        server = self.server
        server.seen.append((self.command, self.path))
        server.comments[int(self.path.rsplit("/", 1)[1]) - 1]["body"] = self.said()
        self.answer(200, {})

    do_PATCH = do_PUT = change


class Scripts(unittest.TestCase):
    scripts = {
        "github": (".github/actions/mocktrial/comment.sh", "Bearer s3cret"),
        "gitlab": ("docs/ci/gitlab-note.sh", "s3cret"),
    }

    def setUp(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
        self.server.comments, self.server.seen, self.server.tokens, self.server.refuse = [], [], set(), 0
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def run_script(self, kind, body, **more):
        address = f"http://127.0.0.1:{self.server.server_port}"
        env = {
            "PATH": os.environ["PATH"],
            "GITHUB_API_URL": address,
            "GITHUB_REPOSITORY": "org/shop",
            "GITHUB_TOKEN": "s3cret",
            "PULL_REQUEST": "12",
            "HEAD_REPOSITORY": "org/shop",
            "GITLAB_TOKEN": "s3cret",
            "CI_API_V4_URL": address,
            "CI_PROJECT_ID": "5",
            "CI_MERGE_REQUEST_IID": "12",
            **more,
        }
        with tempfile.NamedTemporaryFile("w", suffix=".md", newline="") as file:
            file.write(body)
            file.flush()
            script = ROOT / self.scripts[kind][0]
            return subprocess.run(["bash", script, file.name], env=env, capture_output=True, text=True, timeout=60)

    def fill(self, n, user=OTHER, body="hello"):
        for _ in range(n):
            self.server.comments.append({"id": len(self.server.comments) + 1, "user": user, "body": body})

    def both(self, test):
        for kind in self.scripts:
            with self.subTest(kind):
                self.server.comments, self.server.seen, self.server.tokens = [], [], set()
                test(kind)

    def test_the_first_time_it_comments_and_then_changes_its_comment(self):
        def test(kind):
            text = f'{MARKER}\n"quotes" $(id) `id` \\n é\n'
            first = self.run_script(kind, text)
            self.assertEqual((first.returncode, first.stderr), (0, ""))
            self.assertEqual([c["body"] for c in self.server.comments], [text])
            second = self.run_script(kind, f"{MARKER}\nsecond\n")
            self.assertEqual(second.returncode, 0, second.stderr)
            self.assertEqual([c["body"] for c in self.server.comments], [f"{MARKER}\nsecond\n"])
            self.assertEqual(self.server.tokens, {self.scripts[kind][1]})

        self.both(test)

    def test_it_finds_its_comment_behind_hundreds_of_others(self):
        def test(kind):
            self.fill(250)
            self.fill(1, BOT, f"{MARKER}\r\nold")
            self.fill(30)
            ran = self.run_script(kind, f"{MARKER}\nnew\n")
            self.assertEqual(ran.returncode, 0, ran.stderr)
            self.assertEqual(self.server.comments[250]["body"], f"{MARKER}\nnew\n")
            self.assertEqual(len(self.server.comments), 281)

        self.both(test)

    def test_exactly_a_page_of_comments_is_no_reason_to_stop(self):
        def test(kind):
            self.fill(100)
            self.run_script(kind, f"{MARKER}\nnew\n")
            self.assertEqual(len(self.server.comments), 101)
            self.assertEqual(sum("page=2" in path for _, path in self.server.seen), 1)

        self.both(test)

    def test_comments_of_others_and_other_markers_are_left_alone(self):
        def test(kind):
            self.fill(1, OTHER, f"{MARKER}\nnot yours")
            self.fill(1, BOT, f"quoted:\n{MARKER}\n")
            self.fill(1, BOT, "<!-- mocktrial: gate-support-on-desk -->\nanother gate")
            before = [c["body"] for c in self.server.comments]
            self.run_script(kind, f"{MARKER}\nnew\n")
            self.assertEqual([c["body"] for c in self.server.comments], [*before, f"{MARKER}\nnew\n"])

        self.both(test)

    def test_what_is_no_report_is_not_put_there(self):
        def test(kind):
            self.assertEqual(self.run_script(kind, "no marker\n").returncode, 2)
            self.assertEqual(self.run_script(kind, "").returncode, 0)
            self.assertEqual(self.server.seen, [])

        self.both(test)

    def test_a_long_comment_is_sent_whole(self):
        def test(kind):
            text = f"{MARKER}\n" + "é<|" * 15_000
            self.assertEqual(self.run_script(kind, text).returncode, 0)
            self.assertEqual(self.server.comments[0]["body"], text)

        self.both(test)

    def test_a_fork_and_a_token_that_may_not_write_are_said_and_fail_nothing(self):
        ran = self.run_script("github", f"{MARKER}\nx\n", HEAD_REPOSITORY="mallory/shop")
        self.assertEqual((ran.returncode, self.server.seen), (0, []))
        self.assertIn("from a fork", ran.stdout)
        self.server.refuse = 403
        ran = self.run_script("github", f"{MARKER}\nx\n")
        self.assertEqual(ran.returncode, 0)
        self.assertIn("may not read comments (HTTP 403)", ran.stdout)
        ran = self.run_script("gitlab", f"{MARKER}\nx\n", GITLAB_TOKEN="")
        self.assertEqual(ran.returncode, 0)
        self.server.refuse = 500
        for kind in self.scripts:
            self.assertNotEqual(self.run_script(kind, f"{MARKER}\nx\n").returncode, 0)

    def test_a_number_that_is_none_reaches_no_address(self):
        ran = self.run_script("github", f"{MARKER}\nx\n", PULL_REQUEST="12/../../x")
        self.assertEqual((ran.returncode, self.server.seen), (2, []))


class RunScript(unittest.TestCase):
    """The step that runs and gates, with a stand-in for the command."""

    def go(self, stand_in, **more):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        command = folder / "mocktrial"
        command.write_text("#!/usr/bin/env bash\nprintf '%s\\n' \"$*\" >>\"$CALLS\"\n" + stand_in)
        command.chmod(0o755)
        files = {name: folder / name for name in ["CALLS", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"]}
        env = {"PATH": os.environ["PATH"], "MOCKTRIAL": str(command), "RUNNER_TEMP": str(folder), "RUN": "scenarios -t 2"}
        env |= {name: str(path) for name, path in files.items()} | {"WORKING_DIRECTORY": str(folder)} | more
        script = ROOT / ".github/actions/mocktrial/run.sh"
        ran = subprocess.run(["bash", script], env=env, capture_output=True, text=True, timeout=60)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return ran.stdout, files["GITHUB_OUTPUT"].read_text(), files["CALLS"].read_text().splitlines()

    def test_the_exit_code_of_the_gate_is_an_output(self):
        _, output, calls = self.go('[ "$1" = run ] || exit 5')
        self.assertIn("exit-code=5\n", output)
        self.assertEqual([c.split()[0] for c in calls], ["run", "gate"])
        self.assertTrue(all(f"{kind}=" in calls[1] for kind in ["html", "junit", "comment", "annotations", "step-summary"]))

    def test_a_run_that_did_not_end_is_reported_and_not_gated(self):
        _, output, calls = self.go('[ "$1" = run ] && exit 3 || exit 0')
        self.assertIn("exit-code=3\n", output)
        self.assertEqual([c.split()[0] for c in calls], ["run", "report"])
        _, output, calls = self.go("exit 2")
        self.assertEqual((output.splitlines()[0], len(calls)), ("exit-code=2", 1))

    def test_what_the_command_prints_is_no_command_of_the_workflow(self):
        said, _, _ = self.go("echo '::error::owned'")
        lines = said.splitlines()
        token = re.fullmatch(r"::stop-commands::([0-9a-f]{32})", lines[0]).group(1)
        self.assertEqual((lines[1], lines[-1]), ("::error::owned", f"::{token}::"))

    def test_arguments_are_words_and_nothing_is_run_of_them(self):
        _, _, calls = self.go("exit 0", RUN="scenarios $(touch owned) `id` ; *")
        self.assertEqual(calls[0], "run scenarios $(touch owned) `id` ; *")

    def test_the_newest_run_goes_with_its_reports(self):
        stand_in = 'mkdir -p .mocktrial/runs && touch .mocktrial/runs/2026-01-0{1,2}T00-00-00Z-all.sqlite'
        _, output, _ = self.go(stand_in + '\nfor file in "$RUNNER_TEMP"/mocktrial-report; do test -d "$file"; done')
        folder = Path(re.search(r"report=(.*)", output).group(1))
        self.assertEqual([f.name for f in folder.glob("*.sqlite")], ["2026-01-02T00-00-00Z-all.sqlite"])

    def test_annotations_come_after_and_name_files_from_the_repository(self):
        project = Path(self.enterContext(tempfile.TemporaryDirectory())) / "agents/shop"
        project.mkdir(parents=True)
        subprocess.run(["git", "init", "-q", project.parents[1]], check=True)
        line = "::warning file=scenarios/a.yaml,title=a::x ::error file=b::"
        stand_in = f"""for word; do case $word in annotations=*) echo '{line}' >"${{word#*=}}";; esac; done"""
        said, _, _ = self.go(stand_in, WORKING_DIRECTORY=str(project))
        self.assertEqual(said.splitlines()[-1], line.replace("file=scen", "file=agents/shop/scen"))


if __name__ == "__main__":
    missing = [tool for tool in ["bash", "curl", "jq", "git"] if shutil.which(tool) is None]
    if missing:
        print(f"not tested: there is no {', '.join(missing)}")
        sys.exit(77)
    unittest.main()
