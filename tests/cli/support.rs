//! A project in a temporary folder, the command in it, and a server that answers as told.

use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, OnceLock};

/// A project that goes away with the test.
pub(crate) struct Project {
    folder: tempfile::TempDir,
}

const WORLD: &str = r#"
tools:
  - name: take
    description: Take an item by its number.
    input_schema:
      type: object
      properties: {id: {type: integer, minimum: 1}}
      required: [id]
      additionalProperties: false
state: {taken: [], items: {"1": lamp, "2": kettle}}
behaviour:
  take:
    takes_ms: 100
    rules:
      - when: {if: "args.id ~ '' in state.items"}
        change: [{add: /taken/-, value: "{{ args.id }}"}]
        result: {name: "{{ state.items[args.id ~ ''] }}"}
      - error: "There is no item {{ args.id }}."
"#;

const SCENARIO: &str = r#"
title: Takes the lamp
tags: [easy]
world: shop
user: ["Take item 1 and say its name."]
reference:
  - {call: take, args: {id: 1}}
  - say: I took the lamp.
expect:
  - state: as_reference
  - answer: {contains: lamp}
  - format: clean
"#;

impl Project {
    /// A project of one world, one scenario and these endpoints.
    pub(crate) fn new(config: &str) -> Self {
        let project = Self { folder: tempfile::tempdir().unwrap() };
        project.write("mocktrial.toml", config);
        project.write("scenarios/shop/worlds/shop.yaml", WORLD);
        project.write("scenarios/shop/lamp.yaml", SCENARIO);
        project
    }

    /// The same with `n` scenarios.
    pub(crate) fn with_scenarios(config: &str, n: usize) -> Self {
        let project = Self::new(config);
        for i in 0..n.saturating_sub(1) {
            project.write(&format!("scenarios/shop/lamp-{i:03}.yaml"), SCENARIO);
        }
        project
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// The command in this project.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mocktrial"));
        command.current_dir(self.path()).args(args).stdin(Stdio::null());
        for name in ["NO_COLOR", "COLUMNS", "MOCKTRIAL_LOG", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
            command.env_remove(name);
        }
        command.env("NO_PROXY", "127.0.0.1");
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran::from(self.command(args).output().unwrap())
    }

    /// The same, with something typed into it.
    pub(crate) fn with_input(&self, args: &[&str], typed: &str) -> Ran {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(typed.as_bytes()).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        Ran::from(self.command(args).stdin(file).output().unwrap())
    }

    /// The run files, oldest first.
    pub(crate) fn runs(&self) -> Vec<PathBuf> {
        mocktrial_store::names::list(&self.path().join(".mocktrial/runs")).unwrap()
    }

    /// Rows of a query on the newest run.
    pub(crate) fn query(&self, sql: &str) -> Vec<Vec<String>> {
        query(self.runs().last().unwrap(), sql)
    }
}

/// Rows of a query on a run file, every value as text.
pub(crate) fn query(path: &Path, sql: &str) -> Vec<Vec<String>> {
    use rusqlite::types::ValueRef;
    let db = rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut statement = db.prepare(sql).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        (0..columns)
            .map(|i| {
                Ok(match row.get_ref(i)? {
                    ValueRef::Null => String::new(),
                    ValueRef::Integer(n) => n.to_string(),
                    ValueRef::Real(x) => x.to_string(),
                    ValueRef::Text(text) | ValueRef::Blob(text) => String::from_utf8_lossy(text).into_owned(),
                })
            })
            .collect()
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// What a command came to.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "standard output:\n{}\nstandard error:\n{}", self.out, self.err);
        self
    }

    pub(crate) fn json(&self) -> Value {
        let document = serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}", self.out));
        conforms(&document);
        document
    }
}

/// Holds a document against the published schema of its kind, where it has one. The schema is taken at its word: what it
/// does not name must not be there, so that it cannot fall behind.
#[track_caller]
pub(crate) fn conforms(document: &Value) {
    static KNOWN: OnceLock<HashMap<&str, jsonschema::Validator>> = OnceLock::new();
    let known = KNOWN.get_or_init(|| {
        let compiled = mocktrial_report::SCHEMAS.iter().map(|(kind, _)| {
            let mut schema = mocktrial_report::schema(kind).unwrap();
            close(&mut schema);
            schema["$defs"].as_object_mut().unwrap().values_mut().for_each(close);
            (*kind, jsonschema::validator_for(&schema).unwrap())
        });
        compiled.collect()
    });
    // An error is a document of its own.
    let kind = document["kind"].as_str().filter(|_| document["version"] == 1 && document.get("error").is_none());
    if let Some(validator) = kind.and_then(|kind| known.get(kind)) {
        let errors: Vec<String> =
            validator.iter_errors(document).map(|e| format!("{}: {e}", e.instance_path())).take(5).collect();
        assert_eq!(errors, Vec::<String>::new(), "{kind:?}");
    }
}

fn close(schema: &mut Value) {
    let whole = ["oneOf", "anyOf", "allOf"].iter().all(|key| schema.get(key).is_none());
    if whole && schema.get("properties").is_some() {
        schema["additionalProperties"] = false.into();
    }
}

/// A request as the server saw it.
pub(crate) struct Asked {
    pub(crate) body: Value,
    /// Which request it is on the whole server, from 0.
    pub(crate) number: usize,
}

impl Asked {
    /// Tool messages in the request.
    pub(crate) fn results(&self) -> usize {
        self.body["messages"].as_array().unwrap().iter().filter(|m| m["role"] == "tool").count()
    }
}

/// A Chat Completions server on loopback: one thread per connection, gone with the process.
///
/// The answer is written raw; returning `None` leaves the connection open and silent.
pub(crate) fn serve(answer: impl Fn(&Asked) -> Option<String> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (answer, count) = (Arc::clone(&answer), Arc::clone(&count));
            std::thread::spawn(move || talk(&stream, &*answer, &count));
        }
    });
    format!("http://{address}/v1")
}

fn talk(mut stream: &TcpStream, answer: &dyn Fn(&Asked) -> Option<String>, count: &std::sync::atomic::AtomicUsize) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let number = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let asked = Asked { body: serde_json::from_slice(&body).unwrap(), number };
        match answer(&asked) {
            Some(raw) => {
                if stream.write_all(raw.as_bytes()).is_err() || raw.contains("connection: close") {
                    return;
                }
            }
            None => {
                // Silent until the client gives up.
                let _ = reader.read(&mut [0]);
                return;
            }
        }
    }
}

/// A whole response with this status and JSON body.
pub(crate) fn respond(status: u16, body: &Value) -> String {
    let body = body.to_string();
    format!(
        "HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A completion with this message.
pub(crate) fn completion(message: &Value, finish: &str) -> Value {
    json!({"id": "x", "object": "chat.completion", "model": "served", "choices": [{"index": 0, "message": message, "finish_reason": finish}],
           "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}})
}

/// A model that takes the lamp and says so.
pub(crate) fn good(asked: &Asked) -> String {
    let body = if asked.results() == 0 {
        let call = json!({"id": "c1", "type": "function", "function": {"name": "take", "arguments": "{\"id\": 1}"}});
        completion(&json!({"role": "assistant", "content": null, "tool_calls": [call]}), "tool_calls")
    } else {
        completion(&json!({"role": "assistant", "content": "Here is the lamp."}), "stop")
    };
    respond(200, &body)
}

/// The configuration of one chat endpoint called `model`.
pub(crate) fn chat(base_url: &str, more: &str) -> String {
    format!(
        "[endpoints.model]\nkind = \"chat\"\nbase_url = \"{base_url}\"\nmodel = \"m\"\nretries = 1\nparameters = {{max_tokens = 50, seed = \"trial\"}}\n{more}\n"
    )
}
