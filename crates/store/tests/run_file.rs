//! What a run file promises.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod shared;

use mocktrial_store::*;
use mocktrial_trajectory::*;
use shared::{broken, episode, grades, key, put, run, total};
use std::ops::ControlFlow;
use std::time::Duration;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn names(folder: &std::path::Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn what_was_recorded_is_read_back_whole() {
    let dir = folder();
    let path = dir.path().join("a.sqlite");
    let new = run(2, &["qwen", "smol"], 3);
    let store = RunFile::create(&path, &new).unwrap();
    let one = episode(key(0, "qwen", 1), true);
    let two = episode(key(1, "smol", 3), false);
    let told = [put(&store, two.clone()), put(&store, one)];
    store.flush().unwrap();
    assert!(told.iter().all(|t| t.try_recv().unwrap().is_ok()));
    let head = store.header().unwrap();
    assert_eq!((head.name.as_str(), head.seed, head.notes), ("a", u64::MAX, new.header.notes));
    let scenarios: Vec<_> = new.scenarios.iter().map(|s| s.scenario.clone()).collect();
    assert_eq!(store.scenarios().unwrap(), scenarios);
    assert_eq!(store.endpoints().unwrap(), new.endpoints);
    assert_eq!(store.cells().unwrap(), new.cells);
    assert_eq!(store.case("shop/s0001", "").unwrap().as_ref(), Some(&*new.scenarios[1].case));
    let read = store.episode(&key(1, "smol", 3)).unwrap().unwrap();
    assert_eq!(read.row, two.row);
    assert_eq!((read.trajectory, read.measurements), (two.trajectory, two.measurements));
    assert_eq!((read.grades, read.asked), (two.grades, two.asked));
    let mut keys = vec![];
    store
        .each_row(&mut |row| {
            // A read within a read has a connection of its own.
            assert!(store.episode(&row.key).unwrap().is_some());
            keys.push(row.key);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(keys, [key(0, "qwen", 1), key(1, "smol", 3)]);
    store.close().unwrap();
}

#[test]
fn a_closed_run_is_a_single_file_that_can_be_copied() {
    let dir = folder();
    let path = dir.path().join("a.sqlite");
    let store = RunFile::create(&path, &run(1, &["qwen"], 1)).unwrap();
    let told = put(&store, episode(key(0, "qwen", 1), true));
    store.close().unwrap();
    assert!(told.recv().unwrap().is_ok());
    assert_eq!(names(dir.path()), ["a.sqlite"]);
    std::fs::copy(&path, dir.path().join("b.sqlite")).unwrap();
    let copy = RunFile::read(&dir.path().join("b.sqlite")).unwrap();
    assert!(copy.episode(&key(0, "qwen", 1)).unwrap().unwrap().row.counts());
    drop(copy);
    assert_eq!(names(dir.path()), ["a.sqlite", "b.sqlite"]);
}

#[test]
fn a_second_writer_is_refused_and_a_reader_is_not() {
    let dir = folder();
    let path = dir.path().join("a.sqlite");
    let store = RunFile::create(&path, &run(1, &["qwen"], 1)).unwrap();
    let refused = RunFile::resume(&path).unwrap_err();
    assert!(matches!(refused, StoreError::Locked { pid: Some(pid), .. } if pid == std::process::id()), "{refused}");
    assert!(refused.to_string().contains("another process"));
    let told = put(&store, episode(key(0, "qwen", 1), true));
    store.flush().unwrap();
    told.recv().unwrap().unwrap();
    let reader = RunFile::read(&path).unwrap();
    assert_eq!(reader.ended().unwrap().len(), 1);
    assert!(matches!(reader.set_trials(5), Err(StoreError::ReadOnly { .. })));
    drop(reader);
    store.close().unwrap();
    RunFile::resume(&path).unwrap().close().unwrap();
}

#[test]
fn an_outcome_is_never_overwritten_and_an_infrastructure_failure_is() {
    let dir = folder();
    let store = RunFile::create(&dir.path().join("a.sqlite"), &run(1, &["qwen"], 2)).unwrap();
    let first = [
        put(&store, broken(key(0, "qwen", 1), EndReason::ProviderFailed)),
        put(&store, episode(key(0, "qwen", 1), true)),
        put(&store, episode(key(0, "qwen", 1), false)),
        put(&store, episode(key(0, "nobody", 1), false)),
        put(&store, broken(key(0, "qwen", 2), EndReason::Cancelled)),
    ];
    store.flush().unwrap();
    let told: Vec<_> = first.iter().map(|t| t.recv().unwrap()).collect();
    assert!(told[0].is_ok() && told[1].is_ok() && told[4].is_ok());
    assert!(matches!(told[2], Err(StoreError::AlreadyFinished { .. })));
    assert!(matches!(told[3], Err(StoreError::NotPlanned { .. })));
    assert_eq!(store.episode(&key(0, "qwen", 1)).unwrap().unwrap().row.passed, Some(true));
    let ended = store.ended().unwrap();
    let unfinished: Vec<_> = ended.iter().map(Ended::is_unfinished).collect();
    assert_eq!(unfinished, [false, true]);
}

#[test]
fn an_episode_is_granted_once_and_again_only_without_an_outcome() {
    let dir = folder();
    let path = dir.path().join("a.sqlite");
    let store = RunFile::create(&path, &run(1, &["qwen"], 70)).unwrap();
    let keys = [key(0, "qwen", 1), key(0, "qwen", 70)];
    let claim = |store: &RunFile| store.claim(&keys, Duration::from_secs(60)).unwrap();
    assert_eq!(claim(&store), keys);
    assert!(claim(&store).is_empty());
    let _ = put(&store, broken(keys[0].clone(), EndReason::ProviderFailed));
    let _ = put(&store, episode(keys[1].clone(), false));
    store.close().unwrap();
    let store = RunFile::resume(&path).unwrap();
    assert_eq!(claim(&store), keys[..1]);
}

#[test]
fn what_a_killed_run_may_have_spent_counts_in_full() {
    let dir = folder();
    let path = dir.path().join("a.sqlite");
    let store = RunFile::create(&path, &run(1, &["qwen"], 1)).unwrap();
    let bound = Spend { cost: 0.5, tokens: 1000 };
    let first = store.reserve("qwen", bound, None).unwrap();
    store.reserve("qwen", bound, None).unwrap();
    store.settle(first, Spend { cost: 0.125, tokens: 200 });
    store.close().unwrap();
    let store = RunFile::resume(&path).unwrap();
    let third = store.reserve("qwen", bound, None).unwrap();
    assert_eq!(third, 3);
    store.flush().unwrap();
    let spent = store.spent().unwrap();
    assert_eq!(spent.settled, Spend { cost: 0.125, tokens: 200 });
    assert_eq!(spent.unsettled, Spend { cost: 1.0, tokens: 2000 });
}

#[test]
fn regrading_replaces_the_grades_and_keeps_the_trajectory() {
    let dir = folder();
    let new = run(1, &["qwen"], 1);
    let store = RunFile::create(&dir.path().join("a.sqlite"), &new).unwrap();
    let _ = put(&store, episode(key(0, "qwen", 1), true));
    store.flush().unwrap();
    let before = store.episode(&key(0, "qwen", 1)).unwrap().unwrap();
    let mut scenario = new.scenarios[0].clone();
    scenario.scenario.instrument.criteria = Digest::of(&serde_json::json!("new"));
    let regrade = Regrade { key: key(0, "qwen", 1), grades: grades(false), total: total(false), asked: vec![] };
    let (send, episodes) = std::sync::mpsc::sync_channel(2);
    send.send(Regrading::Episode(Box::new(regrade.clone()))).unwrap();
    drop(send);
    assert!(matches!(store.regrade(vec![scenario.clone()], episodes), Err(StoreError::Abandoned)));
    assert_eq!(store.episode(&key(0, "qwen", 1)).unwrap().unwrap(), before);
    let (send, episodes) = std::sync::mpsc::sync_channel(2);
    send.send(Regrading::Episode(Box::new(regrade))).unwrap();
    send.send(Regrading::Keep).unwrap();
    store.regrade(vec![scenario.clone()], episodes).unwrap();
    let after = store.episode(&key(0, "qwen", 1)).unwrap().unwrap();
    assert_eq!((after.row.passed, after.row.cause), (Some(false), Some(Cause::Model)));
    assert_eq!(after.row.failed.unwrap().criterion, "expect[1]");
    assert_eq!((after.trajectory, after.grades), (before.trajectory, grades(false)));
    assert!(after.asked.is_empty());
    store.keep_answers(&key(0, "qwen", 1), before.asked.clone()).unwrap();
    store.keep_answers(&key(0, "qwen", 1), before.asked.clone()).unwrap();
    let asked = store.episode(&key(0, "qwen", 1)).unwrap().unwrap().asked;
    assert_eq!(asked, [before.asked.clone(), before.asked].concat());
    assert_eq!(store.scenarios().unwrap(), [scenario.scenario]);
}

#[test]
fn status_and_more_trials_are_kept() {
    let dir = folder();
    let path = dir.path().join("a.sqlite");
    let store = RunFile::create(&path, &run(1, &["qwen"], 3)).unwrap();
    let status = Status { state: State::Interrupted, reason: "stopped by Ctrl-C".into() };
    store.set_status(status.clone()).unwrap();
    store.set_trials(5).unwrap();
    store.set_trials(2).unwrap();
    store.close().unwrap();
    let read = RunFile::read(&path).unwrap();
    assert_eq!((read.header().unwrap().status, read.header().unwrap().trials), (status, 5));
    assert_eq!(read.cells().unwrap()[0].trials, 5);
}

#[test]
fn a_file_that_is_no_run_is_refused_with_the_reason() {
    let dir = folder();
    let at = |name: &str| dir.path().join(name);
    assert!(matches!(RunFile::read(&at("none.sqlite")), Err(StoreError::Missing { .. })));
    std::fs::write(at("text.sqlite"), "this is not a database, and long enough to have a header of one: ".repeat(20))
        .unwrap();
    assert!(matches!(RunFile::read(&at("text.sqlite")), Err(StoreError::Foreign { .. })));
    std::fs::write(at("empty.sqlite"), "").unwrap();
    assert!(matches!(RunFile::read(&at("empty.sqlite")), Err(StoreError::Foreign { .. })));
    let other = rusqlite::Connection::open(at("other.sqlite")).unwrap();
    other.execute_batch("create table t (x)").unwrap();
    assert!(matches!(RunFile::resume(&at("other.sqlite")), Err(StoreError::Foreign { .. })));
    RunFile::create(&at("a.sqlite"), &run(1, &["qwen"], 1)).unwrap().close().unwrap();
    assert!(matches!(RunFile::create(&at("a.sqlite"), &run(1, &["qwen"], 1)), Err(StoreError::Exists { .. })));
    rusqlite::Connection::open(at("a.sqlite")).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let newer = RunFile::read(&at("a.sqlite")).unwrap_err();
    assert!(newer.to_string().contains("update mocktrial"), "{newer}");
    RunFile::create(&at("cut.sqlite"), &run(300, &["qwen"], 1)).unwrap().close().unwrap();
    let bytes = std::fs::read(at("cut.sqlite")).unwrap();
    std::fs::write(at("cut.sqlite"), &bytes[..bytes.len() / 2]).unwrap();
    let cut = RunFile::read(&at("cut.sqlite")).and_then(|r| r.scenarios().map(|_| ()));
    assert!(matches!(cut, Err(StoreError::Corrupt { .. })), "{cut:?}");
}

#[test]
fn the_views_answer_questions_in_sql() {
    let dir = folder();
    let path = dir.path().join("a.sqlite");
    let store = RunFile::create(&path, &run(2, &["qwen"], 2)).unwrap();
    let _ = put(&store, episode(key(0, "qwen", 1), true));
    let _ = put(&store, episode(key(0, "qwen", 2), false));
    let _ = put(&store, broken(key(1, "qwen", 1), EndReason::ProviderFailed));
    store.close().unwrap();
    let db = rusqlite::Connection::open(&path).unwrap();
    let text = |sql: &str| -> String {
        let mut found = db.prepare(sql).unwrap();
        let columns = found.column_count();
        let rows = found
            .query_map([], |r| {
                let cells = (0..columns).map(|c| format!("{:?}", r.get::<_, rusqlite::types::Value>(c).unwrap()));
                Ok(cells.collect::<Vec<_>>().join(" "))
            })
            .unwrap();
        rows.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(
        text("select scenario, trial, passed, tokens_in, latency_ms, selected from results order by 1, 2"),
        "Text(\"shop/s0000\") Integer(1) Integer(1) Integer(2400) Real(600.0) Integer(0); \
         Text(\"shop/s0000\") Integer(2) Integer(0) Integer(2400) Real(600.0) Integer(0); \
         Text(\"shop/s0001\") Integer(1) Null Integer(2400) Real(600.0) Integer(0)"
    );
    assert_eq!(
        text("select k, n, excluded, planned from scenarios_by_endpoint order by scenario"),
        "Integer(1) Integer(2) Integer(0) Integer(2); Integer(0) Integer(0) Integer(1) Integer(2)"
    );
    assert_eq!(
        text("select type, body ->> '$.tool' from events where trial = 2 and seq = 3"),
        "Text(\"call\") Text(\"get_order\")"
    );
    assert_eq!(text("select count(*) from judgements where outcome = 'failed'"), "Integer(1)");
    assert_eq!(
        text("select distinct tool, failure, changed from tool_calls where trial = 2 and scenario = 'shop/s0000'"),
        "Text(\"get_order\") Null Integer(0)"
    );
    assert_eq!(
        text("select sum(tokens_in), sum(latency_ms) from responses where trial = 2"),
        "Integer(2400) Real(600.0)"
    );
    // A tool that asks for the type of a column is told one.
    let untyped = "select m.name || '.' || p.name from sqlite_master m, pragma_table_info(m.name) p where m.type = 'view' and p.type not in ('TEXT', 'INTEGER', 'INT', 'NUM', 'REAL')";
    assert_eq!(text(untyped), "");
}

#[test]
fn a_run_file_of_before_is_given_the_views_of_today_and_keeps_all_else() {
    let dir = folder();
    let path = dir.path().join("a.sqlite");
    let store = RunFile::create(&path, &run(1, &["qwen"], 2)).unwrap();
    put(&store, episode(key(0, "qwen", 1), true));
    store.close().unwrap();
    let old = "drop view results; drop view responses; drop view tool_calls; create view results as select 1 as one; pragma user_version = 1";
    rusqlite::Connection::open(&path).unwrap().execute_batch(old).unwrap();
    assert_eq!(RunFile::read(&path).unwrap().ended().unwrap().len(), 1);
    let db = rusqlite::Connection::open(&path).unwrap();
    let run: String =
        db.query_row("select run from results join tool_calls using (run, episode)", [], |r| r.get(0)).unwrap();
    assert_eq!(run, "a");
}

#[test]
fn names_are_resolved_as_people_say_them() {
    let dir = folder();
    let at = dir.path();
    assert!(matches!(names::resolve(at, "last"), Err(names::ResolveError::None { .. })));
    let mut made = vec![];
    for (created, about) in [
        ("2026-11-23T14:05:09.5Z", "retail"),
        ("2026-11-23T14:05:09Z", "Bank & co"),
        ("2026-11-22T14:05:09Z", "retail"),
    ] {
        let path = names::new_path(at, created, about);
        std::fs::write(&path, "").unwrap();
        made.push(path);
    }
    assert!(made[0].ends_with("2026-11-23T14-05-09Z-retail.sqlite"));
    assert!(made[1].ends_with("2026-11-23T14-05-09Z+2-bank-co.sqlite"));
    assert_eq!(names::resolve(at, "last").unwrap(), made[1]);
    assert_eq!(names::resolve(at, "last~2").unwrap(), made[2]);
    assert!(matches!(names::resolve(at, "last~3"), Err(names::ResolveError::TooFar { count: 3, .. })));
    assert_eq!(names::resolve(at, "bank").unwrap(), made[1]);
    assert_eq!(names::resolve(at, "2026-11-22T14-05-09Z-retail").unwrap(), made[2]);
    assert!(matches!(names::resolve(at, "retail"), Err(names::ResolveError::Ambiguous { .. })));
    assert!(matches!(names::resolve(at, "nope"), Err(names::ResolveError::Unknown { .. })));
    assert_eq!(names::resolve(at, made[0].to_str().unwrap()).unwrap(), made[0]);
}

#[test]
fn a_run_can_be_read_while_it_is_written() {
    let dir = folder();
    let path = dir.path().join("a.sqlite");
    let store = RunFile::create(&path, &run(2, &["qwen"], 5)).unwrap();
    let reader = RunFile::read(&path).unwrap();
    assert_eq!((reader.ended().unwrap().len(), reader.header().unwrap().status.state), (0, State::Open));
    for trial in 1..=5 {
        put(&store, episode(key(0, "qwen", trial), trial > 2));
        store.flush().unwrap();
        let committed = 2 * trial as usize - 1;
        // What is committed is seen: by who reads on, and by who comes anew.
        for seen in [&reader, &RunFile::read(&path).unwrap()] {
            assert_eq!(seen.ended().unwrap().len(), committed);
            assert!(seen.episode(&key(0, "qwen", trial)).unwrap().is_some());
        }
        // A walk sees the run as it was when it began, whatever is written meanwhile.
        let mut walked = 0;
        let mut visit = |_| {
            if walked == 0 {
                put(&store, episode(key(1, "qwen", trial), true));
                store.flush().unwrap();
            }
            walked += 1;
            ControlFlow::Continue(())
        };
        reader.each_episode(&mut visit).unwrap();
        assert_eq!(walked, committed);
    }
    // Closing does not wait for a reader, and leaves a whole file.
    store.close().unwrap();
    assert_eq!(reader.ended().unwrap().len(), 10);
    drop(reader);
    assert_eq!(RunFile::read(&path).unwrap().ended().unwrap().len(), 10);
}
