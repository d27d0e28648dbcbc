//! From what people said to one label an item.

use super::{Items, Labelled};
use std::collections::BTreeMap;

/// One label an item, by the majority of those who labelled it; where they are split evenly, the criterion does not
/// hold. A person's last word on an item counts. Labels without an item stay as they are.
#[must_use]
pub fn settle(labels: &[Labelled]) -> Vec<Labelled> {
    let mut settled: Vec<Labelled> = Vec::new();
    let mut items: BTreeMap<&str, (usize, BTreeMap<&str, bool>)> = BTreeMap::new();
    for label in labels {
        if label.item.is_empty() {
            settled.push(label.clone());
            continue;
        }
        let (_, said) = items.entry(&label.item).or_insert_with(|| {
            settled.push(label.clone());
            (settled.len() - 1, BTreeMap::new())
        });
        said.insert(label.rater.as_deref().unwrap_or_default(), label.human);
    }
    for (place, said) in items.into_values() {
        settled[place].human = 2 * said.values().filter(|yes| **yes).count() > said.len();
        if said.len() > 1 {
            settled[place].rater = None;
        }
    }
    settled
}

/// Gives each label the weight of a random sample within each endpoint and grade: how many of the run's `items` there
/// are of its kind, over those of them that have been labelled. So whoever stops early is weighed rightly too.
pub fn weigh(labels: &mut [Labelled], items: &Items) {
    let mut kinds: BTreeMap<(&str, bool), (u64, u64)> = BTreeMap::new();
    for item in items.values() {
        kinds.entry((&item.endpoint, item.judged)).or_default().0 += 1;
    }
    for label in settle(labels) {
        if let Some(item) = items.get(&label.item) {
            kinds.entry((&item.endpoint, item.judged)).or_default().1 += 1;
        }
    }
    for label in labels {
        let kind = items.get(&label.item).and_then(|item| kinds.get(&(item.endpoint.as_str(), item.judged)));
        if let Some((all, labelled)) = kind {
            #[allow(clippy::cast_precision_loss, reason = "no run has 2^52 episodes")]
            let weight = *all as f64 / (*labelled).max(1) as f64;
            label.weight = weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Item;
    use super::super::tests::label;
    use super::*;

    fn by(item: &str, human: bool, rater: &str) -> Labelled {
        Labelled { item: item.into(), rater: Some(rater.into()), ..label("a", true, human) }
    }

    #[test]
    fn an_item_counts_once_by_the_majority_and_each_persons_last_word() {
        let labels =
            [by("1", true, "x"), by("1", true, "y"), by("1", false, "z"), by("2", true, "x"), by("2", false, "x")];
        let settled = settle(&labels);
        assert_eq!(settled.iter().map(|l| (l.item.as_str(), l.human)).collect::<Vec<_>>(), [("1", true), ("2", false)]);
        let split = [by("1", true, "x"), by("1", false, "y")];
        assert!(!settle(&split)[0].human);
    }

    #[test]
    fn weights_are_those_of_what_was_really_labelled() {
        let item = |judged| Item { endpoint: "a".into(), judged, decides: true };
        let items: Items = (0..10).map(|i| (i.to_string(), item(i < 8))).collect();
        let mut labels = vec![by("0", true, "x"), by("1", true, "x"), by("1", true, "y"), by("9", false, "x")];
        weigh(&mut labels, &items);
        assert_eq!(labels.iter().map(|l| l.weight).collect::<Vec<_>>(), [4.0, 4.0, 4.0, 2.0]);
    }
}
