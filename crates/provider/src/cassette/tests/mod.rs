//! Recording, replaying, missing; and files that mean harm.

use super::*;
use crate::RemoteModel;
use crate::dialect::chat::tests::stories::GOOD;
use crate::dialect::tests::key;
use crate::transport::tests::{Act, Answer, Fake, wire};
use crate::{Context, Kind, Model, Reply, Request, Transport};
use mocktrial_trajectory::{Message, Part, ToolResult, ToolSpec};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

const STREAM: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"Hé\"}}]}\r\n\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"y.\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

struct Stage {
    cassettes: Arc<Cassettes>,
    model: RemoteModel,
}

fn stage(folder: &Path, mode: CassetteMode, settings: Value, answers: Vec<Answer>) -> Stage {
    let scrubber = Scrubber::new();
    let cassettes = Arc::new(Cassettes::new(mode, folder, scrubber.clone()));
    let transport = Transport::on(wire(Fake::new(answers)), scrubber, Some(cassettes.clone()));
    let mut config = json!({"model": "m", "base_url": "http://127.0.0.1:1/v1"});
    let Value::Object(settings) = settings else { panic!("settings are an object") };
    config.as_object_mut().unwrap().extend(settings);
    let model = RemoteModel::new("qwen", "chat", &serde_json::from_value(config).unwrap(), &transport).unwrap();
    Stage { cassettes, model }
}

fn context(trial: u32, index: u32) -> Context {
    Context { episode: EpisodeKey { trial, ..key() }, request_index: index, ..Context::new(key()) }
}

fn tool(description: &str) -> ToolSpec {
    serde_json::from_value(json!({"name": "get_order", "description": description, "input_schema": {"type": "object"}}))
        .unwrap()
}

fn ask(result: &str) -> Request {
    let result = ToolResult {
        call_id: "c1".into(),
        name: "get_order".into(),
        content: vec![Part::text(result)],
        is_error: false,
    };
    Request {
        conversation: [Message::System { text: "Be brief.".into() }, Message::user("Hi"), Message::Tool(result)]
            .into_iter()
            .collect(),
        tools: Toolbox::new(vec![tool("Looks.")]),
        seed: Some(1),
    }
}

async fn recorded(folder: &Path) -> Vec<Reply> {
    let answers = vec![
        Answer { acts: vec![Act::Wait(std::time::Duration::from_millis(25)), Act::Give(GOOD)], ..Answer::of(200, "") }
            .with("content-type", "application/json")
            .with("set-cookie", "session=1"),
        Answer::of(200, STREAM).with("content-type", "text/event-stream"),
    ];
    let stage =
        stage(folder, CassetteMode::Record, json!({"parameters": {"temperature": 0.7, "seed": "trial"}}), answers);
    let mut replies = Vec::new();
    for index in 0..2 {
        replies.push(stage.model.respond(&ask("ok"), &context(1, index)).await.unwrap());
    }
    stage.cassettes.end_episode(&context(1, 0).episode, true).unwrap();
    replies
}

#[tokio::test(start_paused = true)]
async fn what_was_recorded_is_replayed_without_address_or_key_streams_included() {
    let folder = tempfile::tempdir().unwrap();
    let live = recorded(folder.path()).await;
    // Another address, another key, another seed, and a stream where there was none.
    let settings = json!({"base_url": "https://nowhere.invalid/v1", "api_key_env": "MOCKTRIAL_NO_SUCH_KEY", "stream": true,
        "parameters": {"temperature": 0.7, "seed": "trial"}});
    let stage = stage(folder.path(), CassetteMode::Replay, settings, vec![]);
    for (index, live) in live.iter().enumerate() {
        let request = Request { seed: Some(99), ..ask("ok") };
        let mut replayed = stage.model.respond(&request, &context(1, index as u32)).await.unwrap();
        assert!(std::mem::take(&mut replayed.measurement.replayed));
        assert_eq!(replayed, *live);
    }
    assert_eq!(live[0].measurement.latency_ms, Some(25.0));
}

#[tokio::test(start_paused = true)]
async fn a_miss_says_which_part_differs() {
    let folder = tempfile::tempdir().unwrap();
    recorded(folder.path()).await;
    let same = json!({"parameters": {"temperature": 0.7, "seed": "trial"}});
    let mut misses = Vec::new();
    let mut miss = async |settings: Value, request: Request, trial: u32, times: u32| {
        let stage = stage(folder.path(), CassetteMode::Replay, settings, vec![]);
        for index in 0..times {
            let result = stage.model.respond(&request, &context(trial, index)).await;
            if index + 1 == times {
                let error = result.unwrap_err();
                assert_eq!((error.kind, error.measurement.cost), (Kind::CassetteMiss, Some(0.0)));
                misses.push(error.to_string().replace(&folder.path().display().to_string(), "cassettes"));
            }
        }
    };
    miss(same.clone(), ask("other"), 1, 1).await;
    miss(json!({"model": "n", "parameters": {"temperature": 1, "seed": "trial"}}), ask("ok"), 1, 1).await;
    miss(same.clone(), Request { tools: Toolbox::new(vec![tool("Seeks.")]), ..ask("ok") }, 1, 1).await;
    miss(
        same.clone(),
        Request { conversation: ask("ok").conversation.messages().take(2).cloned().collect(), ..ask("ok") },
        1,
        1,
    )
    .await;
    miss(same.clone(), ask("ok"), 2, 1).await;
    miss(same, ask("ok"), 1, 3).await;
    insta::assert_snapshot!("misses", misses.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn a_trial_recorded_again_replaces_its_entries_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    recorded(folder.path()).await;
    let answers = || vec![Answer::of(200, GOOD)];
    for trial in [1, 2] {
        let stage = stage(folder.path(), CassetteMode::Record, json!({}), answers());
        stage.model.respond(&ask("new"), &context(trial, 0)).await.unwrap();
        stage.cassettes.end_episode(&context(trial, 0).episode, true).unwrap();
    }
    let path = stage(folder.path(), CassetteMode::Live, json!({}), vec![]).cassettes.path(&key());
    let tape = file::read(&path, folder.path()).unwrap().unwrap();
    let trials: Vec<u32> = tape.entries.iter().map(|e| e.trial).collect();
    assert_eq!(trials, [1, 2]);

    // A trial cut short replaces nothing, and the same recording gives the same bytes.
    let before = std::fs::read(&path).unwrap();
    for finished in [false, true] {
        let stage = stage(folder.path(), CassetteMode::Record, json!({}), answers());
        stage.model.respond(&ask("new"), &context(1, 0)).await.unwrap();
        stage.cassettes.end_episode(&context(1, 0).episode, finished).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
    let left: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 1, "no temporary file stays");
}

#[tokio::test(start_paused = true)]
async fn replay_or_live_asks_only_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    recorded(folder.path()).await;
    let settings = json!({"parameters": {"temperature": 0.7, "seed": "trial"}});
    let stage = stage(folder.path(), CassetteMode::ReplayOrLive, settings, vec![Answer::of(200, GOOD)]);
    let mut replayed = Vec::new();
    for result in ["ok", "new"] {
        replayed.push(stage.model.respond(&ask(result), &context(1, 0)).await.unwrap().measurement.replayed);
    }
    stage.cassettes.end_episode(&key(), true).unwrap();
    assert_eq!(replayed, [true, false]);
    assert!(stage.model.respond(&ask("new"), &context(1, 0)).await.unwrap().measurement.replayed);
}

#[tokio::test(start_paused = true)]
async fn the_models_own_failures_are_kept_and_the_providers_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let overflow = r#"{"error":{"code":"context_length_exceeded"}}"#;
    let live = stage(
        folder.path(),
        CassetteMode::Record,
        json!({"retries": 0}),
        vec![Answer::of(400, overflow).with("x-request-id", "req_1"), Answer::of(500, "")],
    );
    let mut errors = Vec::new();
    for result in ["a", "b"] {
        errors.push(live.model.respond(&ask(result), &context(1, 0)).await.unwrap_err());
    }
    live.cassettes.end_episode(&key(), true).unwrap();
    let replay = stage(folder.path(), CassetteMode::Replay, json!({}), vec![]);
    let replayed = replay.model.respond(&ask("a"), &context(1, 0)).await.unwrap_err();
    assert_eq!((replayed.kind, replayed.cause_text()), (Kind::ContextOverflow, errors[0].cause_text()));
    assert!(replayed.measurement.replayed && !errors[0].measurement.replayed);
    assert_eq!(replay.model.respond(&ask("b"), &context(1, 0)).await.unwrap_err().kind, Kind::CassetteMiss);
}

/// Bodies in which a model repeats a secret: whole, as a stream, and as a stream that brings it in pieces.
fn telling(secret: &str) -> [String; 3] {
    let call =
        json!({"id": "c1", "index": 0, "function": {"name": "f", "arguments": json!({"k": secret}).to_string()}});
    let message = json!({"content": format!("Your key is {secret}"), "reasoning": secret, "tool_calls": [call]});
    let whole = json!({"choices": [{"message": message, "finish_reason": "tool_calls"}]}).to_string();
    let event = |delta: Value| format!("data: {}\n\n", json!({"choices": [{"delta": delta}]}));
    let end = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let (head, tail) = secret.split_at(secret.len() / 2);
    let pieces = ["Your key is ", head, tail].map(|text| event(json!({"content": text}))).concat();
    [whole, event(message) + end, pieces + end]
}

#[tokio::test(start_paused = true)]
async fn no_secret_reaches_a_reply_or_a_cassette_and_replay_says_what_the_live_reply_said() {
    let secret = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    for (n, body) in telling(&secret).into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let settings = json!({"api_key_env": "CARGO_MANIFEST_DIR", "extra": {"user": secret}});
        let answers = vec![Answer::of(200, body.leak())];
        let live = stage(folder.path(), CassetteMode::Record, settings.clone(), answers);
        let reply = live.model.respond(&ask("ok"), &context(1, 0)).await.unwrap();
        live.cassettes.end_episode(&key(), true).unwrap();
        let shown = format!("{reply:?} {:?} {:?}", reply.message(), live.model.parameters(&ask("ok")));
        assert!(!shown.contains(&secret) && shown.contains("Your key is [secret]"), "{shown}");

        if n == 2 {
            assert!(!live.cassettes.path(&key()).exists(), "no one can take it out of the pieces of a stream");
            continue;
        }
        let bytes = std::fs::read(live.cassettes.path(&key())).unwrap();
        let text = String::from_utf8(zstd::decode_all(&bytes[..]).unwrap()).unwrap();
        assert!(!text.contains(&secret) && text.contains("[secret]"), "{text}");

        let replay = stage(folder.path(), CassetteMode::Replay, settings, vec![]);
        let mut replayed = replay.model.respond(&ask("ok"), &context(1, 0)).await.unwrap();
        replayed.measurement.replayed = false;
        assert_eq!(replayed, reply);
    }
}

#[tokio::test(start_paused = true)]
async fn many_episodes_record_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Arc::new(stage(
        folder.path(),
        CassetteMode::Record,
        json!({}),
        (0..20).map(|_| Answer::of(200, GOOD)).collect(),
    ));
    let mut tasks = tokio::task::JoinSet::new();
    for trial in 1..=20 {
        let stage = stage.clone();
        tasks.spawn(async move {
            let context = context(trial, 0);
            stage.model.respond(&ask("ok"), &context).await.unwrap();
            stage.cassettes.end_episode(&context.episode, true).unwrap();
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let tape = file::read(&stage.cassettes.path(&key()), folder.path()).unwrap().unwrap();
    assert_eq!(tape.entries.iter().map(|e| e.trial).collect::<Vec<_>>(), (1..=20).collect::<Vec<_>>());
}

/// Threads stand in for processes: a lock on a folder holds between any two who opened it.
#[cfg(unix)]
#[test]
fn processes_that_record_into_one_file_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("qwen/a.jsonl.zst");
    let entry = |trial| file::Entry {
        role: crate::Role::Subject,
        variant: "".into(),
        trial,
        index: 0,
        request: Digest::of_bytes(b"request", b""),
        occurrence: 0,
        parts: Default::default(),
        status: 200,
        headers: Default::default(),
        latency_ms: 1.0,
        first_byte_ms: 1.0,
        body: file::Body::new(b"{}"),
    };
    std::thread::scope(|scope| {
        for process in 0..4 {
            let (path, folder) = (&path, folder.path());
            scope.spawn(move || {
                for n in 0..5 {
                    file::merge(path, folder, ("qwen", "a"), vec![entry(process * 5 + n)], None).unwrap();
                }
            });
        }
    });
    let tape = file::read(&path, folder.path()).unwrap().unwrap();
    assert_eq!(tape.entries.iter().map(|e| e.trial).collect::<Vec<_>>(), (0..20).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn hostile_files_are_errors_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = Cassettes::new(CassetteMode::Replay, folder.path(), Scrubber::new()).path(&key());
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let pack = |text: &[u8]| zstd::encode_all(text, 1).unwrap();
    for bytes in [
        b"garbage".to_vec(),
        pack(b""),
        pack(b"{\"mocktrial_cassette\":99}"),
        pack(b"{\"mocktrial_cassette\":1}\n{\"role\":\"subject\"}"),
        pack(b"{\"mocktrial_cassette\":1}\n\xff\xfe"),
        pack(&vec![b'['; 1 << 20]),
    ] {
        std::fs::write(&path, &bytes).unwrap();
        let stage = stage(folder.path(), CassetteMode::Replay, json!({}), vec![]);
        let error = stage.model.respond(&ask("ok"), &context(1, 0)).await.unwrap_err();
        assert_eq!(error.kind, Kind::CassetteMiss, "{error}");
        assert!(error.to_string().ends_with("; restore it, or delete it and use `--cassettes record`"), "{error}");
    }
}

#[test]
fn no_name_leads_out_of_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("cassettes");
    let cassettes = Cassettes::new(CassetteMode::Replay, &inner, Scrubber::new());
    for scenario in ["../../etc/passwd", "a/../b", "a//b", "refund#a/../\0x", "/etc", &"x".repeat(500)] {
        let episode = EpisodeKey { scenario: scenario.into(), endpoint: "..".into(), ..key() };
        let path = cassettes.path(&episode);
        assert!(path.starts_with(&inner));
        assert!(path.components().all(|c| !matches!(c, std::path::Component::ParentDir)), "{path:?}");
        assert!(path.file_name().unwrap().len() < 255);
    }
    let plain = cassettes.path(&EpisodeKey { scenario: "retail/refund.v2#W-1".into(), ..key() });
    assert!(plain.ends_with("qwen/retail/refund.v2%23W-1.jsonl.zst"), "{plain:?}");
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_folder_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let (inside, outside) = (folder.path().join("in"), folder.path().join("out"));
    std::fs::create_dir_all(&inside).unwrap();
    std::fs::create_dir_all(&outside).unwrap();
    std::os::unix::fs::symlink(&outside, inside.join("qwen")).unwrap();
    let path = inside.join("qwen/a.jsonl.zst");
    assert!(matches!(file::merge(&path, &inside, ("qwen", "a"), vec![], None), Err(CassetteError::Outside { .. })));
    std::fs::write(outside.join("a.jsonl.zst"), "x").unwrap();
    assert!(matches!(file::read(&path, &inside), Err(CassetteError::Outside { .. })));
}
