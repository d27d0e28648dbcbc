//! Checks reference vectors: `cargo run --release -p mocktrial-stats --example vectors -- FILE`.
//!
//! The file has `vectors`: objects with `id`, `method`, `inputs`, `expected` and `tol`. The last line is `agree X/Y`; exit
//! code 1 where one disagrees (an unknown method does), 2 where the file cannot be read.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command")]

mod agreement;
mod methods;

use std::process::ExitCode;

use serde_json::Value;

/// How many disagreements are shown.
const SHOWN: usize = 10;

fn read(path: &str) -> Result<Vec<Value>, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))?;
    let mut file: Value = serde_json::from_str(&text).map_err(|e| format!("{path}: {e}"))?;
    match file.get_mut("vectors").map(Value::take).unwrap_or(file) {
        Value::Array(vectors) => Ok(vectors),
        _ => Err(format!("{path}: `vectors` is not a list")),
    }
}

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("which file? usage: vectors FILE");
        return ExitCode::from(2);
    };
    let vectors = match read(&path) {
        Ok(vectors) => vectors,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let mut wrong = 0;
    for vector in &vectors {
        if let Some(why) = agreement::disagreement(vector) {
            if wrong < SHOWN {
                let id = vector["id"].as_str().or(vector["method"].as_str()).unwrap_or("?");
                println!("{id}: {why}");
            }
            wrong += 1;
        }
    }
    println!("agree {}/{}", vectors.len() - wrong, vectors.len());
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
