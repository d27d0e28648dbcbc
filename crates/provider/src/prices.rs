//! The price table: what models cost, from when and from where (`prices.json` beside this crate's
//! manifest says how its figures were found).

use crate::{LongPrice, Price, PromptCache};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

static TEXT: &str = include_str!("../prices.json");

/// The file.
#[derive(Deserialize)]
struct Table {
    /// The page on which a provider says its prices.
    sources: BTreeMap<String, String>,
    prices: Vec<Row>,
}

/// One model, in US dollars per million tokens.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    provider: String,
    model: String,
    input: f64,
    output: f64,
    cached: Option<f64>,
    cache_written: Option<f64>,
    /// The same where the cache keeps it for an hour.
    cache_written_hour: Option<f64>,
    long: Option<LongRow>,
    as_of: String,
}

/// The same where the input is longer than `above` tokens.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LongRow {
    above: u64,
    input: f64,
    output: f64,
    cached: Option<f64>,
    cache_written: Option<f64>,
    cache_written_hour: Option<f64>,
}

impl Row {
    /// The price for a cache kept so long; `None` where the table does not say what writing to it costs.
    fn price(&self, source: Option<&String>, cache: Option<PromptCache>) -> Option<Price> {
        let hour = cache == Some(PromptCache::Hour);
        let written = |five: Option<f64>, hours: Option<f64>| if hour { hours.map(Some) } else { Some(five) };
        let long = match &self.long {
            None => None,
            Some(long) => Some(LongPrice {
                above: long.above,
                input: long.input,
                output: long.output,
                cached: long.cached,
                cache_written: written(long.cache_written, long.cache_written_hour)?,
            }),
        };
        Some(Price {
            input: self.input,
            output: self.output,
            cached: self.cached,
            cache_written: written(self.cache_written, self.cache_written_hour)?,
            long,
            as_of: Some(self.as_of.clone()),
            source: source.cloned(),
        })
    }
}

type ByName = HashMap<&'static str, HashMap<&'static str, &'static Row>>;

/// The table, read when it is first asked for. A test rules out that it cannot be read.
fn table() -> Option<(&'static Table, &'static ByName)> {
    static TABLE: OnceLock<Option<Table>> = OnceLock::new();
    static ROWS: OnceLock<ByName> = OnceLock::new();
    let table = TABLE.get_or_init(|| serde_json::from_str(TEXT).ok()).as_ref()?;
    let rows = ROWS.get_or_init(|| {
        let mut rows = ByName::new();
        for row in &table.prices {
            rows.entry(&row.provider).or_default().insert(&row.model, row);
        }
        rows
    });
    Some((table, rows))
}

/// What the table says that a model of a provider costs, at the provider's standard tier and for text and
/// pictures, with the day and the page it is from. A name with a date (`gpt-5.1-2025-11-13`) that has no row
/// of its own is found without it. `None` where the price is not known.
#[must_use]
pub fn listed_price(provider: &str, model: &str, cache: Option<PromptCache>) -> Option<Price> {
    let (table, rows) = table()?;
    let models = rows.get(provider)?;
    let model = if provider == "google" { model.strip_prefix("models/").unwrap_or(model) } else { model };
    let row = models.get(model).or_else(|| models.get(undated(model)?))?;
    row.price(table.sources.get(provider), cache)
}

/// Whether the table has a row of exactly this name.
#[must_use]
pub fn is_listed(provider: &str, model: &str) -> bool {
    table().is_some_and(|(_, rows)| rows.get(provider).is_some_and(|models| models.contains_key(model)))
}

/// A model's name without the day at its end, where it has one: `-YYYY-MM-DD` or `-YYYYMMDD`.
#[must_use]
pub fn undated(model: &str) -> Option<&str> {
    let fits = |tail: &str, form: &str| {
        tail.len() == form.len()
            && tail.bytes().zip(form.bytes()).all(|(t, f)| if f == b'-' { t == b'-' } else { t.is_ascii_digit() })
    };
    ["-2000-00-00", "-20000000"].into_iter().find_map(|form| {
        let (name, tail) = model.split_at_checked(model.len().checked_sub(form.len())?)?;
        (fits(tail, form) && !name.is_empty()).then_some(name)
    })
}

/// Whether a service tier, asked for or served, is what list prices are for.
pub(crate) fn is_standard_tier(tier: &str) -> bool {
    matches!(tier, "auto" | "default" | "standard" | "standard_only" | "on_demand")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset;
    use proptest::prelude::*;

    #[test]
    fn every_row_can_be_read_is_sound_and_says_from_when_and_from_where() {
        let table: Table = serde_json::from_str(TEXT).unwrap();
        assert!(table.prices.len() > 100);
        let key = |row: &Row| (row.provider.clone(), row.model.clone());
        assert!(table.prices.windows(2).all(|two| key(&two[0]) < key(&two[1])), "sorted, and no row twice");
        for row in &table.prices {
            assert!(preset(&row.provider).is_some(), "{} is no provider", row.provider);
            let price = listed_price(&row.provider, &row.model, None).unwrap();
            assert!(price.is_sound() && !price.is_free(), "{}", row.model);
            assert!(price.cached.is_none_or(|cached| cached < price.input), "{}", row.model);
            assert!(price.long.is_none_or(|l| l.above > 50_000 && l.input > price.input && l.output > price.output));
            let day = price.as_of.unwrap();
            assert!(undated(&format!("x-{day}")).is_some() && day.starts_with("20"), "{day}");
            assert!(price.source.unwrap().starts_with("https://"), "{}", row.model);
        }
    }

    #[test]
    fn a_name_with_a_date_is_found_without_it_and_no_other_name_is_near_enough() {
        let input = |provider, model| listed_price(provider, model, None).map(|price| price.input);
        assert_eq!(input("openai", "gpt-5.1-2025-11-13"), Some(1.25));
        assert_eq!(input("openai", "gpt-5.1"), Some(1.25));
        assert_eq!(input("anthropic", "claude-haiku-4-5-20251001"), Some(1.0));
        assert_eq!(input("openai", "gpt-5-mini"), Some(0.25), "its own, not that of gpt-5");
        assert_eq!(input("openai", "gpt-4o-2024-05-13"), Some(5.0), "its own, not that of gpt-4o");
        assert_eq!(input("google", "models/gemini-2.5-pro"), Some(1.25));
        assert_eq!(input("openrouter", "openai/gpt-5.1"), Some(1.25));
        let unknown = ["gpt-5-huge", "gpt-5-", "gpt", "gpt-5.1-2025", "gpt-5.1-2025-11-1", "ft:gpt-5.1", "GPT-5.1", ""];
        assert!(unknown.iter().all(|model| input("openai", model).is_none()));
        assert_eq!(input("anthropic", "gpt-5.1"), None);
        assert_eq!(input("azure", "gpt-5.1"), None);
    }

    #[test]
    fn writing_to_a_cache_for_an_hour_has_the_price_for_an_hour_or_none() {
        let of = |provider, model, cache| listed_price(provider, model, cache).map(|price| price.cache_written);
        assert_eq!(of("anthropic", "claude-opus-5", Some(PromptCache::FiveMinutes)), Some(Some(6.25)));
        assert_eq!(of("anthropic", "claude-opus-5", Some(PromptCache::Hour)), Some(Some(10.0)));
        assert_eq!(of("openrouter", "anthropic/claude-opus-5", Some(PromptCache::Hour)), None);
    }

    proptest! {
        #[test]
        fn no_name_is_too_odd_to_be_looked_up(model in ".{0,40}", digits in "-[0-9-]{8,10}") {
            let _ = listed_price("openai", &model, None);
            let dated = format!("{model}{digits}");
            if let Some(name) = undated(&dated) {
                prop_assert!(dated.starts_with(name) && name.len() < dated.len());
            }
        }
    }
}
