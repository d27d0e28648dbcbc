//! The table of end reasons.

use mocktrial_trajectory::*;
use serde_json::json;
use std::collections::BTreeSet;

#[test]
fn every_reason_has_one_word_one_cause_and_one_meaning() {
    let words: BTreeSet<&str> = EndReason::ALL.iter().map(|r| r.as_str()).collect();
    let meanings: BTreeSet<&str> = EndReason::ALL.iter().map(|r| r.meaning()).collect();
    assert_eq!((words.len(), meanings.len()), (EndReason::ALL.len(), EndReason::ALL.len()));
    for reason in EndReason::ALL {
        assert_eq!(
            serde_json::to_value(reason).unwrap(),
            json!(reason.as_str()),
            "the word in files is the word shown"
        );
        assert_eq!(reason.to_string(), reason.as_str());
        assert_eq!(reason.is_infrastructure(), reason.cause() != Cause::Model);
        assert!(!reason.meaning().is_empty() && reason.meaning() == reason.meaning().trim());
    }
    for cause in Cause::ALL {
        assert!(EndReason::ALL.iter().any(|r| r.cause() == cause), "{cause} ends nothing");
        assert_eq!(serde_json::to_value(cause).unwrap(), json!(cause.as_str()));
    }
}

#[test]
fn the_order_of_the_table_is_the_precedence() {
    assert!(EndReason::ALL.is_sorted(), "`min` of several reasons is the one to record");
    // Harness, then suite, then provider, then model: nobody is charged for what came before them.
    let mut causes: Vec<Cause> = EndReason::ALL.iter().map(|r| r.cause()).collect();
    causes.dedup();
    assert_eq!(causes, [Cause::Harness, Cause::Scenario, Cause::Provider, Cause::Model]);
    assert_eq!(EndReason::ALL.first(), Some(&EndReason::Cancelled));
    assert_eq!(EndReason::ALL.last(), Some(&EndReason::Completed), "completed only where nothing else applies");
}
