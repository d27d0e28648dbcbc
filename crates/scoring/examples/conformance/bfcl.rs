//! `bfcl ITEMS CASES... [--measure]`
//!
//! A row of ITEMS has `id`, `category`, `function` and `possible_answer`; a row of CASES `id`, `item` (or, in place of
//! it, an item's own fields), `model_output`, `underscore_to_dot`, `valid` and `error_type`. A case in which the
//! official checker crashes (`exception:…`) agrees where it is invalid.

use crate::read::{Lines, Problem};
use crate::tally::Tally;
use mocktrial_scoring::compatibility::bfcl::{Failure, Item, Names, Value};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use std::collections::HashMap;

pub(crate) fn run(arguments: &[String]) -> Result<Tally, Problem> {
    let measure = arguments.iter().any(|argument| argument == "--measure");
    let paths: Vec<&String> = arguments.iter().filter(|argument| *argument != "--measure").collect();
    let [items, cases @ ..] = paths.as_slice() else {
        return Err(Problem::Usage("bfcl: a file of items and files of cases are missing".into()));
    };
    if measure {
        measure_from_files(items, cases)?;
    }
    let items = Items::read(items)?;
    let mut tally = Tally::default();
    for path in cases {
        let lines = Lines::read(path)?;
        let cases = read_cases(&lines, &items)?;
        for case in &cases {
            let got = case.check(&items);
            let agrees = match case.error_type {
                Some(crash) if crash.starts_with("exception:") => got.is_err(),
                expected => got.is_ok() == case.valid && got.err().map(Failure::as_str) == expected,
            };
            let say = |failure: Option<&str>| failure.unwrap_or("valid").to_owned();
            tally.count(case.id, agrees, || (say(case.error_type), say(got.err().map(Failure::as_str))));
        }
        if measure {
            measure_parsed(path, &cases, &items)?;
        }
    }
    Ok(tally)
}

/// Items by their ids.
struct Items {
    all: Vec<Item>,
    places: HashMap<String, usize>,
}

impl Items {
    fn read(path: &str) -> Result<Self, Problem> {
        let lines = Lines::read(path)?;
        let mut items = Items { all: Vec::new(), places: HashMap::new() };
        for (number, line) in lines.iter() {
            let row = Value::from_json(line).map_err(|e| lines.problem(number, &e))?;
            let item = item(&row).map_err(|what| lines.problem(number, &what))?;
            let id = text(&row, "id").map_err(|what| lines.problem(number, &what))?;
            items.places.insert(id.to_owned(), items.all.len());
            items.all.push(item);
        }
        Ok(items)
    }
}

fn field<'v, 'a>(row: &'v Value<'a>, name: &str) -> Result<&'v Value<'a>, String> {
    row.get(name).ok_or_else(|| format!("`{name}` is missing"))
}

fn text<'v>(row: &'v Value<'_>, name: &str) -> Result<&'v str, String> {
    field(row, name)?.as_str().ok_or_else(|| format!("`{name}` is no text"))
}

fn item(row: &Value<'_>) -> Result<Item, String> {
    Item::new(text(row, "category")?, field(row, "function")?, field(row, "possible_answer")?)
        .map_err(|e| e.to_string())
}

/// A case, over its row's text.
struct Case<'a> {
    id: &'a str,
    item: Which,
    output: Value<'a>,
    names: Names,
    valid: bool,
    error_type: Option<&'a str>,
}

enum Which {
    Of(usize),
    Own(Box<Item>),
}

impl Case<'_> {
    fn check(&self, items: &Items) -> Result<(), Failure> {
        match &self.item {
            Which::Of(place) => items.all[*place].check(&self.output, self.names),
            Which::Own(item) => item.check(&self.output, self.names),
        }
    }
}

fn read_cases<'a>(lines: &'a Lines, items: &Items) -> Result<Vec<Case<'a>>, Problem> {
    let read = |(number, line)| read_case(line, items).map_err(|what| lines.problem(number, &what));
    lines.iter().map(read).collect()
}

fn read_case<'a>(line: &'a str, items: &Items) -> Result<Case<'a>, String> {
    let row = Value::from_json(line).map_err(|e| e.to_string())?;
    let item = match row.get("item") {
        None => Which::Own(Box::new(item(&row)?)),
        Some(_) => {
            let id = text(&row, "item")?;
            Which::Of(*items.places.get(id).ok_or_else(|| format!("no item has the id `{id}`"))?)
        }
    };
    let Value::Dict(entries) = row else { return Err("the row is no object".into()) };
    let mut case =
        Case { id: "", item, output: Value::Null, names: Names::AsDescribed, valid: false, error_type: None };
    for (key, value) in entries {
        match (key.text(), value) {
            // Ids and error types have no escapes, and so are parts of the line.
            (Some("id"), Value::Str(std::borrow::Cow::Borrowed(id))) => case.id = id,
            (Some("error_type"), Value::Str(std::borrow::Cow::Borrowed(error))) => case.error_type = Some(error),
            (Some("model_output"), output) => case.output = output,
            (Some("underscore_to_dot"), Value::Bool(true)) => case.names = Names::Underscored,
            (Some("valid"), Value::Bool(valid)) => case.valid = valid,
            _ => {}
        }
    }
    Ok(case)
}

/// Processor time of this process so far, user mode and kernel, in seconds.
fn cpu_seconds() -> Result<f64, Problem> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)
        .map_err(|e| Problem::Usage(format!("the processor time is not to be had: {e}")))?;
    Ok((usage.user_time() + usage.system_time()).num_microseconds() as f64 / 1e6)
}

/// How long a measurement takes at least.
const SECONDS: f64 = 2.0;

/// Repeats until enough time has passed, and says how many cases went by each second.
fn rate(mut once: impl FnMut() -> Result<usize, Problem>) -> Result<f64, Problem> {
    let from = cpu_seconds()?;
    let mut cases = 0;
    loop {
        cases += once()?;
        let took = cpu_seconds()? - from;
        if took >= SECONDS {
            return Ok(cases as f64 / took);
        }
    }
}

fn measure_parsed(path: &str, cases: &[Case<'_>], items: &Items) -> Result<(), Problem> {
    let rate = rate(|| {
        for case in cases {
            let _ = std::hint::black_box(case.check(items));
        }
        Ok(cases.len())
    })?;
    println!("{path}: {rate:.0} parsed cases per CPU-second");
    Ok(())
}

/// From the files' bytes on: unpacking, reading, preparing the items, checking.
fn measure_from_files(items: &str, cases: &[&String]) -> Result<(), Problem> {
    for path in cases {
        let rate = rate(|| {
            let items = Items::read(items)?;
            let lines = Lines::read(path)?;
            let mut count = 0;
            for (number, line) in lines.iter() {
                let case = read_case(line, &items).map_err(|what| lines.problem(number, &what))?;
                let _ = std::hint::black_box(case.check(&items));
                count += 1;
            }
            Ok(count)
        })?;
        println!("{path}: {rate:.0} cases per CPU-second from the file on");
    }
    Ok(())
}
