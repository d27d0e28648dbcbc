//! The statements that write.

use super::plan::Plan;
use crate::episode::{Asked, Judgement};
use crate::{EpisodeRecord, NewScenario, Regrade, Regrading, Spend, StoreError};
use mocktrial_trajectory::{EndReason, EpisodeKey, Grade, Outcome};
use rusqlite::{Connection, OptionalExtension as _, params};
use std::fmt::Write as _;
use std::sync::mpsc::Receiver;

fn whole(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Writes an episode with all that belongs to it. The inner result is about this episode alone:
/// then nothing of it was written, and the group goes on.
pub(crate) fn episode(
    db: &Connection,
    plan: &Plan,
    episode: &EpisodeRecord,
) -> rusqlite::Result<Result<(), StoreError>> {
    let row = &episode.row;
    let Some(cell) = plan.cell(&row.key) else {
        return Ok(Err(StoreError::NotPlanned { episode: row.key.to_string() }));
    };
    let mut taken = db.prepare_cached("select id, passed is null from episodes where cell = ? and trial = ?")?;
    let there = taken.query_row(params![cell, row.key.trial], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, bool>(1)?)));
    match there.optional()? {
        Some((_, false)) => return Ok(Err(StoreError::AlreadyFinished { episode: row.key.to_string() })),
        Some((id, true)) => forget(db, id)?,
        None => {}
    }
    let usage = row.usage.as_ref();
    let failed = row.failed.as_ref();
    db.prepare_cached(
        "insert into episodes values (null, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        cell,
        row.key.trial,
        whole(row.dispatch),
        row.seed.to_string(),
        row.started,
        row.end.as_str(),
        row.cause.map(|c| c.as_str()),
        row.passed,
        row.score,
        failed.map(|f| &f.grader),
        failed.map(|f| &f.criterion),
        row.turns,
        row.calls,
        usage.map(|u| whole(u.input)),
        usage.map(|u| whole(u.output)),
        usage.map(|u| whole(u.cached)),
        usage.map(|u| whole(u.cache_written)),
        usage.map(|u| whole(u.reasoning)),
        row.cost,
        whole(row.virtual_ms),
        row.wall_ms,
        numbers(&row.latencies_ms),
        row.retries,
        row.replayed,
        row.trajectory_hash.to_string(),
        serde_json::to_string(&row.served).unwrap_or_default(),
    ])?;
    let id = db.last_insert_rowid();
    let measurements = serde_json::to_string(&episode.measurements).unwrap_or_default();
    db.prepare_cached("insert into trajectories values (?, ?, ?)")?.execute(params![
        id,
        episode.trajectory,
        measurements
    ])?;
    grades(db, id, &episode.grades, &episode.asked)?;
    if row.passed.is_some() {
        plan.finish(cell, row.key.trial);
    }
    Ok(Ok(()))
}

/// Milliseconds as a JSON array, to the microsecond.
fn numbers(values: &[f64]) -> String {
    let mut out = String::with_capacity(2 + 10 * values.len());
    out.push('[');
    for (n, value) in values.iter().enumerate() {
        let _ = write!(out, "{}{value:.3}", if n > 0 { "," } else { "" });
    }
    out.push(']');
    out
}

fn forget(db: &Connection, id: i64) -> rusqlite::Result<()> {
    for sql in [
        "delete from grades where episode = ?",
        "delete from answers where episode = ?",
        "delete from trajectories where episode = ?",
        "delete from episodes where id = ?",
    ] {
        db.prepare_cached(sql)?.execute([id])?;
    }
    Ok(())
}

fn grades(db: &Connection, id: i64, grades: &[Grade], asked: &[Asked]) -> rusqlite::Result<()> {
    let mut put = db.prepare_cached("insert into grades values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
    for (n, grade) in (0_i64..).zip(grades) {
        let (outcome, cause, why) = match &grade.outcome {
            Outcome::Passed => ("passed", None, None),
            Outcome::Failed => ("failed", None, None),
            Outcome::Ungraded { cause, why } => ("ungraded", Some(cause.as_str()), Some(why)),
        };
        let evidence = serde_json::to_string(&grade.evidence).unwrap_or_default();
        put.execute(params![
            id,
            n,
            grade.criterion,
            grade.grader,
            grade.measure,
            grade.weight,
            grade.nullifies,
            outcome,
            cause,
            why,
            grade.score,
            evidence
        ])?;
    }
    put_answers(db, id, 0, asked)
}

fn put_answers(db: &Connection, id: i64, first: i64, asked: &[Asked]) -> rusqlite::Result<()> {
    if asked.is_empty() {
        return Ok(());
    }
    let mut put = db.prepare_cached("insert into answers values (?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
    for (n, Asked { question, answer, respondent, measurement }) in (first..).zip(asked) {
        let (body, error) = match &answer.body {
            Ok(body) => (Some(body.to_string()), None),
            Err(why) => (None, Some(why)),
        };
        let by = respondent.map(|digest| digest.to_string());
        let measured = measurement.as_ref().and_then(|m| serde_json::to_string(m).ok());
        put.execute(params![id, n, question.id, question.to, question.body.to_string(), body, error, by, measured])?;
    }
    Ok(())
}

pub(crate) fn reserve(db: &Connection, id: u64, endpoint: &str, bound: Spend) -> rusqlite::Result<()> {
    db.prepare_cached("insert into reservations values (?, ?, ?, ?, null, null)")?
        .execute(params![whole(id), endpoint, bound.cost, whole(bound.tokens)])
        .map(|_| ())
}

pub(crate) fn settle(db: &Connection, id: u64, actual: Spend) -> rusqlite::Result<()> {
    db.prepare_cached("update reservations set actual_cost = ?, actual_tokens = ? where id = ?")?
        .execute(params![actual.cost, whole(actual.tokens), whole(id)])
        .map(|_| ())
}

/// Replaces criteria of scenarios, and the grades of episodes as they come. Returns whether all of it is to
/// be kept.
pub(crate) fn regrade(
    db: &Connection,
    plan: &Plan,
    scenarios: &[NewScenario],
    episodes: &Receiver<Regrading>,
) -> rusqlite::Result<bool> {
    for NewScenario { scenario, case } in scenarios {
        let case = serde_json::to_string(case).unwrap_or_default();
        db.execute(
            "update scenarios set criteria_hash = ?, case_json = ? where id = ? and variant = ?",
            params![scenario.instrument.criteria.to_string(), case, scenario.id, scenario.variant],
        )?;
    }
    for episode in episodes {
        match episode {
            Regrading::Episode(new) => regrade_one(db, plan, &new)?,
            Regrading::Keep => return Ok(true),
        }
    }
    Ok(false)
}

fn regrade_one(db: &Connection, plan: &Plan, new: &Regrade) -> rusqlite::Result<()> {
    let Some(cell) = plan.cell(&new.key) else { return Ok(()) };
    let Some((id, end)) = find(db, cell, new.key.trial)? else { return Ok(()) };
    let end = EndReason::ALL.iter().copied().find(|e| e.as_str() == end).unwrap_or(EndReason::HarnessError);
    let judged = Judgement::of(end, &new.grades, new.total);
    db.prepare_cached("delete from grades where episode = ?")?.execute([id])?;
    db.prepare_cached("delete from answers where episode = ?")?.execute([id])?;
    grades(db, id, &new.grades, &new.asked)?;
    let failed = judged.failed.as_ref();
    db.prepare_cached(
        "update episodes set passed = ?, score = ?, cause = ?, failed_grader = ?, failed_criterion = ? where id = ?",
    )?
    .execute(params![
        judged.passed,
        judged.score,
        judged.cause.map(|c| c.as_str()),
        failed.map(|f| &f.grader),
        failed.map(|f| &f.criterion),
        id
    ])?;
    if judged.passed.is_some() {
        plan.finish(cell, new.key.trial);
    }
    Ok(())
}

/// An episode's row and why it ended.
fn find(db: &Connection, cell: i64, trial: u32) -> rusqlite::Result<Option<(i64, String)>> {
    db.prepare_cached("select id, end_reason from episodes where cell = ? and trial = ?")?
        .query_row(params![cell, trial], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()
}

/// Sets a note on the run.
pub(crate) fn note(db: &Connection, key: &str, text: &str) -> rusqlite::Result<()> {
    let notes: String = db.query_row("select notes from run", [], |r| r.get(0))?;
    let mut notes: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&notes).unwrap_or_default();
    notes.insert(key.to_owned(), text.into());
    db.execute("update run set notes = ?", [serde_json::Value::Object(notes).to_string()]).map(|_| ())
}

/// Keeps answers beside those that an episode has.
pub(crate) fn answers(db: &Connection, plan: &Plan, key: &EpisodeKey, asked: &[Asked]) -> rusqlite::Result<()> {
    let Some(cell) = plan.cell(key) else { return Ok(()) };
    let Some((id, _)) = find(db, cell, key.trial)? else { return Ok(()) };
    let first: i64 =
        db.query_row("select coalesce(max(n) + 1, 0) from answers where episode = ?", [id], |r| r.get(0))?;
    put_answers(db, id, first, asked)
}
