//! What is recorded of a dialect is given again: the same reply from the same bytes, stream or not.

use super::{ask, fixtures, key, summary};
use crate::dialect::DIALECTS;
use crate::transport::tests::{Answer, Fake, wire};
use crate::{CassetteMode, Cassettes, Context, Model as _, RemoteModel, Reply, Scrubber, Transport};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

async fn respond(
    dialect: &str,
    folder: &Path,
    mode: CassetteMode,
    answers: Vec<Answer>,
) -> Result<Reply, crate::ProviderError> {
    let cassettes = Arc::new(Cassettes::new(mode, folder, Scrubber::new()));
    let transport = Transport::on(wire(Fake::new(answers)), Scrubber::new(), Some(cassettes.clone()));
    let config = json!({"model": "m", "base_url": "http://127.0.0.1:1/v1", "retries": 0, "stream": true,
        "parameters": {"max_tokens": 4096}});
    let model = RemoteModel::new("qwen", dialect, &serde_json::from_value(config).unwrap(), &transport).unwrap();
    let reply = model.respond(&ask(), &Context::new(key())).await;
    cassettes.end_episode(&key(), true).unwrap();
    reply
}

#[tokio::test(start_paused = true)]
async fn every_fixture_that_is_an_answer_is_the_same_from_a_cassette() {
    for dialect in DIALECTS.iter().map(|dialect| dialect.name()) {
        let mut replayed = 0;
        for (name, bytes) in fixtures(dialect) {
            let Ok(text) = String::from_utf8(bytes) else { continue };
            let folder = tempfile::tempdir().unwrap();
            let answers = vec![Answer::of(200, text.leak())];
            let Ok(live) = respond(dialect, folder.path(), CassetteMode::Record, answers).await else { continue };
            let mut again = respond(dialect, folder.path(), CassetteMode::Replay, vec![]).await.unwrap();
            assert!(std::mem::take(&mut again.measurement.replayed), "{dialect}/{name}");
            assert_eq!(again, live, "{dialect}/{name}: {}", summary(&Ok(live.clone())));
            replayed += 1;
        }
        assert!(replayed > 20, "{dialect}: {replayed}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_recorded_in_one_dialect_is_not_found_by_another() {
    let folder = tempfile::tempdir().unwrap();
    let body = r#"{"choices":[{"message":{"content":"Hi."},"finish_reason":"stop"}]}"#;
    respond("chat", folder.path(), CassetteMode::Record, vec![Answer::of(200, body)]).await.unwrap();
    for dialect in ["responses", "messages", "gemini"] {
        let error = respond(dialect, folder.path(), CassetteMode::Replay, vec![]).await.unwrap_err();
        assert_eq!(error.kind, crate::Kind::CassetteMiss, "{dialect}");
        assert!(error.message.contains("dialect"), "{error}");
    }
}
