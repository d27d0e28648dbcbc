//! The statements that read.

use crate::{
    Asked, Cell, Ended, Endpoint, EpisodeRow, EpisodeTexts, FailedCriterion, Header, Instrument, Scenario, Selection,
    Spend, Spent, State, Status, StoredEpisode,
};
use mocktrial_trajectory::{Answer, Cause, EndReason, EpisodeKey, Evidence, Grade, Outcome, Question, Usage};
use rusqlite::types::{FromSql, Type};
use rusqlite::{Connection, Error, OptionalExtension as _, Row, params};
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

type Result<T> = rusqlite::Result<T>;
/// Pairs of names (id and variant, or name and nothing) by number.
type Names = HashMap<i64, (Arc<str>, Arc<str>)>;

fn damaged(column: usize, why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::FromSqlConversionFailure(column, Type::Text, why.into())
}

/// A column whose text is parsed.
fn parsed<T: std::str::FromStr>(row: &Row<'_>, column: usize) -> Result<T>
where
    T::Err: std::fmt::Display,
{
    let text = row.get_ref(column)?.as_str()?;
    text.parse().map_err(|e: T::Err| damaged(column, e.to_string()))
}

/// A column of JSON.
fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(|e| damaged(column, e))
}

fn natural(row: &Row<'_>, column: usize) -> Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}

fn optional<T: FromSql>(row: &Row<'_>, column: usize) -> Result<Option<T>> {
    row.get(column)
}

pub(crate) fn header(db: &Connection) -> Result<Header> {
    let sql = "select name, created, harness, seed, suite_hash, trials, selected_from, selected_why, status, status_reason, notes from run";
    db.query_row(sql, [], |r| {
        let selection = match optional::<String>(r, 6)? {
            None => Selection::Full,
            Some(from) => Selection::Selected { from, why: r.get(7)? },
        };
        let word: String = r.get(8)?;
        let state = State::parse(&word).ok_or_else(|| damaged(8, format!("`{word}` is no status")))?;
        Ok(Header {
            name: r.get(0)?,
            created: r.get(1)?,
            harness: r.get(2)?,
            seed: parsed(r, 3)?,
            suite: parsed(r, 4)?,
            trials: r.get(5)?,
            selection,
            status: Status { state, reason: r.get(9)? },
            notes: json(r, 10)?,
        })
    })
}

pub(crate) fn scenarios(db: &Connection) -> Result<Vec<Scenario>> {
    let sql = "select id, variant, family, title, tags, world_hash, criteria_hash from scenarios order by n";
    let mut found = db.prepare(sql)?;
    let rows = found.query_map([], |r| {
        Ok(Scenario {
            id: r.get(0)?,
            variant: r.get(1)?,
            family: r.get(2)?,
            title: r.get(3)?,
            tags: json(r, 4)?,
            instrument: Instrument { world: parsed(r, 5)?, criteria: parsed(r, 6)? },
        })
    })?;
    rows.collect()
}

pub(crate) fn case(db: &Connection, scenario: &str, variant: &str) -> Result<Option<mocktrial_trajectory::Case>> {
    let sql = "select case_json from scenarios where id = ? and variant = ?";
    db.query_row(sql, params![scenario, variant], |r| json(r, 0)).optional()
}

pub(crate) fn endpoints(db: &Connection) -> Result<Vec<Endpoint>> {
    let mut found = db.prepare("select name, treatment_hash, parts, configuration, price from endpoints order by n")?;
    let rows = found.query_map([], |r| {
        let price = optional::<String>(r, 4)?.map(|text| serde_json::from_str(&text)).transpose();
        Ok(Endpoint {
            name: r.get(0)?,
            treatment: parsed(r, 1)?,
            parts: json(r, 2)?,
            configuration: json(r, 3)?,
            price: price.map_err(|e| damaged(4, e))?,
        })
    })?;
    rows.collect()
}

/// The cells with their numbers.
pub(crate) fn cells(db: &Connection) -> Result<Vec<(i64, Cell)>> {
    // Names are shared: one text for each scenario and endpoint, however many cells there are.
    let names = |sql: &str| -> Result<Names> {
        let mut found = db.prepare(sql)?;
        let rows = found.query_map([], |r| Ok((r.get(0)?, (r.get(1)?, r.get(2)?))))?;
        rows.collect()
    };
    let scenarios = names("select n, id, variant from scenarios")?;
    let endpoints = names("select n, name, '' from endpoints")?;
    let mut found = db.prepare("select n, scenario, endpoint, trials, treatment_hash from cells order by n")?;
    let rows = found.query_map([], |r| {
        let missing = |column| damaged(column, "names nothing in this run");
        let (scenario, variant) = scenarios.get(&r.get(1)?).ok_or_else(|| missing(1))?.clone();
        let (endpoint, _) = endpoints.get(&r.get(2)?).ok_or_else(|| missing(2))?.clone();
        let treatment = optional::<String>(r, 4)?.map(|t| t.parse()).transpose().map_err(|e: String| damaged(4, e))?;
        Ok((r.get(0)?, Cell { scenario, variant, endpoint, trials: r.get(3)?, treatment }))
    })?;
    rows.collect()
}

fn key(cells: &HashMap<i64, Cell>, row: &Row<'_>) -> Result<EpisodeKey> {
    let cell = cells.get(&row.get(0)?).ok_or_else(|| damaged(0, "names no cell of the plan"))?;
    Ok(EpisodeKey {
        scenario: cell.scenario.clone(),
        variant: cell.variant.clone(),
        endpoint: cell.endpoint.clone(),
        trial: row.get(1)?,
    })
}

fn end(row: &Row<'_>, column: usize) -> Result<EndReason> {
    let word = row.get_ref(column)?.as_str()?;
    let known = EndReason::ALL.iter().copied().find(|e| e.as_str() == word);
    known.ok_or_else(|| damaged(column, format!("`{word}` is no end reason that this mocktrial knows")))
}

fn cause(row: &Row<'_>, column: usize) -> Result<Option<Cause>> {
    let Some(word) = optional::<String>(row, column)? else { return Ok(None) };
    let known = Cause::ALL.into_iter().find(|c| c.as_str() == word);
    known.map(Some).ok_or_else(|| damaged(column, format!("`{word}` is no cause that this mocktrial knows")))
}

pub(crate) fn ended(db: &Connection) -> Result<Vec<Ended>> {
    let cells: HashMap<i64, Cell> = cells(db)?.into_iter().collect();
    let mut found =
        db.prepare("select cell, trial, dispatch, end_reason, passed from episodes order by cell, trial")?;
    let rows = found.query_map([], |r| {
        Ok(Ended { key: key(&cells, r)?, dispatch: natural(r, 2)?, end: end(r, 3)?, passed: r.get(4)? })
    })?;
    rows.collect()
}

/// The finished trials, by the numbers of their cells.
pub(crate) fn finished(db: &Connection, visit: &mut dyn FnMut(i64, u32)) -> Result<()> {
    let mut found = db.prepare("select cell, trial from episodes where passed is not null")?;
    let mut rows = found.query([])?;
    while let Some(r) = rows.next()? {
        visit(r.get(0)?, r.get(1)?);
    }
    Ok(())
}

const COLUMNS: &str = "cell, trial, dispatch, seed, started, end_reason, cause, passed, score, failed_grader, \
    failed_criterion, turns, calls, tokens_in, tokens_out, tokens_cached, tokens_cache_written, tokens_reasoning, cost, \
    virtual_ms, wall_ms, latencies_ms, retries, replayed, trajectory_hash, \
    served, id";
const ID: usize = 26;

fn figures(cells: &HashMap<i64, Cell>, r: &Row<'_>) -> Result<EpisodeRow> {
    let usage = match optional::<i64>(r, 13)? {
        None => None,
        Some(_) => Some(Usage {
            input: natural(r, 13)?,
            output: natural(r, 14)?,
            cached: natural(r, 15)?,
            cache_written: natural(r, 16)?,
            reasoning: natural(r, 17)?,
        }),
    };
    let failed = match (optional(r, 9)?, optional(r, 10)?) {
        (Some(grader), Some(criterion)) => Some(FailedCriterion { grader, criterion }),
        _ => None,
    };
    Ok(EpisodeRow {
        key: key(cells, r)?,
        dispatch: natural(r, 2)?,
        seed: parsed(r, 3)?,
        started: r.get(4)?,
        end: end(r, 5)?,
        cause: cause(r, 6)?,
        passed: r.get(7)?,
        score: r.get(8)?,
        failed,
        turns: r.get(11)?,
        calls: r.get(12)?,
        usage,
        cost: r.get(18)?,
        virtual_ms: natural(r, 19)?,
        wall_ms: r.get(20)?,
        latencies_ms: json(r, 21)?,
        retries: r.get(22)?,
        replayed: r.get(23)?,
        trajectory_hash: parsed(r, 24)?,
        served: json(r, 25)?,
    })
}

pub(crate) fn rows(db: &Connection, visit: &mut dyn FnMut(EpisodeRow) -> ControlFlow<()>) -> Result<()> {
    let cells: HashMap<i64, Cell> = cells(db)?.into_iter().collect();
    let mut found = db.prepare(&format!("select {COLUMNS} from episodes order by cell, trial"))?;
    let mut rows = found.query([])?;
    while let Some(r) = rows.next()? {
        if visit(figures(&cells, r)?).is_break() {
            break;
        }
    }
    Ok(())
}

pub(crate) fn episodes(db: &Connection, visit: &mut dyn FnMut(StoredEpisode) -> ControlFlow<()>) -> Result<()> {
    let cells: HashMap<i64, Cell> = cells(db)?.into_iter().collect();
    let mut found = db.prepare(&format!("select {COLUMNS} from episodes order by cell, trial"))?;
    let mut rows = found.query([])?;
    while let Some(r) = rows.next()? {
        let row = figures(&cells, r)?;
        if visit(whole(db, row, r.get(ID)?)?).is_break() {
            break;
        }
    }
    Ok(())
}

/// Walks once through each table, side by side: in the order of their ids, since any other order would read the file to
/// and fro.
pub(crate) fn texts(db: &Connection, visit: &mut dyn FnMut(EpisodeTexts<'_>) -> ControlFlow<()>) -> Result<()> {
    let cells: HashMap<i64, Cell> = cells(db)?.into_iter().collect();
    let columns = COLUMNS.replace("trajectory_hash", "episodes.trajectory_hash");
    let sql = format!(
        "select {columns}, trajectory, measurements from episodes join trajectories on episode = id order by id"
    );
    let mut found = db.prepare(&sql)?;
    let mut rows = found.query([])?;
    let mut graded = db.prepare(
        "select criterion, grader, measure, outcome, cause, why, score, evidence, weight, nullifies, episode from grades order by episode, n",
    )?;
    let mut grades = graded.query([])?;
    let mut next = grades.next()?;
    let mut text: Vec<u8> = Vec::new();
    while let Some(r) = rows.next()? {
        let id: i64 = r.get(ID)?;
        text.clear();
        text.push(b'[');
        while let Some(g) = next {
            let of: i64 = g.get(10)?;
            if of > id {
                break;
            }
            if of == id {
                if text.len() > 1 {
                    text.push(b',');
                }
                grade_text(g, &mut text)?;
            }
            next = grades.next()?;
        }
        text.push(b']');
        let grades = std::str::from_utf8(&text).map_err(|e| damaged(7, e))?;
        let trajectory = r.get_ref(ID + 1)?.as_str()?;
        let measurements = r.get_ref(ID + 2)?.as_str()?;
        if visit(EpisodeTexts { row: figures(&cells, r)?, trajectory, measurements, grades }).is_break() {
            break;
        }
    }
    Ok(())
}

/// A grade as JSON, with its evidence unread.
fn grade_text(r: &Row<'_>, out: &mut Vec<u8>) -> Result<()> {
    #[derive(serde::Serialize)]
    struct Text<'a> {
        criterion: &'a str,
        grader: &'a str,
        measure: &'a str,
        weight: f64,
        nullifies: bool,
        outcome: Outcome,
        score: Option<f64>,
        evidence: &'a serde_json::value::RawValue,
    }
    let text = Text {
        criterion: r.get_ref(0)?.as_str()?,
        grader: r.get_ref(1)?.as_str()?,
        measure: r.get_ref(2)?.as_str()?,
        weight: r.get(8)?,
        nullifies: r.get(9)?,
        outcome: outcome(r)?,
        score: r.get(6)?,
        evidence: serde_json::from_str(r.get_ref(7)?.as_str()?).map_err(|e| damaged(7, e))?,
    };
    serde_json::to_writer(out, &text).map_err(|e| damaged(7, e))
}

pub(crate) fn episode(db: &Connection, wanted: &EpisodeKey) -> Result<Option<StoredEpisode>> {
    let cells: HashMap<i64, Cell> = cells(db)?.into_iter().collect();
    let is_it =
        |c: &Cell| c.scenario == wanted.scenario && c.variant == wanted.variant && c.endpoint == wanted.endpoint;
    let Some(cell) = cells.iter().find(|(_, c)| is_it(c)).map(|(n, _)| *n) else { return Ok(None) };
    let sql = format!("select {COLUMNS} from episodes where cell = ? and trial = ?");
    let found =
        db.query_row(&sql, params![cell, wanted.trial], |r| Ok((figures(&cells, r)?, r.get(ID)?))).optional()?;
    found.map(|(row, id)| whole(db, row, id)).transpose()
}

/// An episode's texts, beside its figures.
fn whole(db: &Connection, row: EpisodeRow, id: i64) -> Result<StoredEpisode> {
    let (trajectory, measurements) = db
        .prepare_cached("select trajectory, measurements from trajectories where episode = ?")?
        .query_row([id], |r| Ok((r.get(0)?, json(r, 1)?)))?;
    let mut found = db.prepare_cached(
        "select criterion, grader, measure, outcome, cause, why, score, evidence, weight, nullifies from grades where episode = ? order by n",
    )?;
    let grades = found.query_map([id], grade)?.collect::<Result<_>>()?;
    let mut found = db.prepare_cached(
        "select question, asked_of, asked, answer, error, measurement, respondent from answers where episode = ? order by n",
    )?;
    let asked = found.query_map([id], asked)?.collect::<Result<_>>()?;
    Ok(StoredEpisode { row, trajectory, measurements, grades, asked })
}

fn outcome(r: &Row<'_>) -> Result<Outcome> {
    Ok(match r.get_ref(3)?.as_str()? {
        "passed" => Outcome::Passed,
        "failed" => Outcome::Failed,
        _ => Outcome::Ungraded {
            cause: cause(r, 4)?.unwrap_or(Cause::Harness),
            why: optional(r, 5)?.unwrap_or_default(),
        },
    })
}

fn grade(r: &Row<'_>) -> Result<Grade> {
    let evidence: Vec<Evidence> = json(r, 7)?;
    Ok(Grade {
        criterion: r.get(0)?,
        grader: r.get(1)?,
        measure: r.get(2)?,
        weight: r.get(8)?,
        nullifies: r.get(9)?,
        outcome: outcome(r)?,
        score: r.get(6)?,
        evidence,
    })
}

fn asked(r: &Row<'_>) -> Result<Asked> {
    let id: String = r.get(0)?;
    let body = match optional::<String>(r, 3)? {
        Some(_) => Ok(json(r, 3)?),
        None => Err(optional(r, 4)?.unwrap_or_default()),
    };
    let answer = Answer { question: id.clone(), body };
    let measurement = optional::<String>(r, 5)?.map(|_| json(r, 5)).transpose()?;
    let respondent = optional::<String>(r, 6)?.map(|_| parsed(r, 6)).transpose()?;
    Ok(Asked { question: Question { id, to: r.get(1)?, body: json(r, 2)? }, answer, respondent, measurement })
}

/// Whether anything was asked of such a respondent.
pub(crate) fn was_asked(db: &Connection, of: &str) -> Result<bool> {
    db.query_row("select exists (select 1 from answers where asked_of = ?)", [of], |r| r.get(0))
}

pub(crate) fn spent(db: &Connection) -> Result<Spent> {
    let sql = "select coalesce(sum(actual_cost), 0.0), coalesce(sum(actual_tokens), 0),
        coalesce(sum(cost) filter (where actual_cost is null), 0.0),
        coalesce(sum(tokens) filter (where actual_cost is null), 0) from reservations";
    db.query_row(sql, [], |r| {
        Ok(Spent {
            settled: Spend { cost: r.get(0)?, tokens: natural(r, 1)? },
            unsettled: Spend { cost: r.get(2)?, tokens: natural(r, 3)? },
        })
    })
}

pub(crate) fn last_reservation(db: &Connection) -> Result<u64> {
    db.query_row("select coalesce(max(id), 0) from reservations", [], |r| natural(r, 0))
}
