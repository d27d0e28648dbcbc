use crate::rows::*;
use mocktrial_trajectory::EndReason;
use std::sync::Arc;

#[test]
fn a_summary_keeps_nothing_of_the_episodes_it_walked_over() {
    let mut run = Run::new(&["a", "b"], &["m"], 5_000);
    run.k_of_n("a", "m", 1, 3);
    run.ended("a", "m", EndReason::TurnLimit);
    run.ended("b", "m", EndReason::ProviderFailed);
    for row in &mut run.rows {
        row.latencies_ms = vec![12.5; 6];
    }
    let held = |run: &Run| {
        let before = Arc::strong_count(&run.scenarios[0]);
        let summary = run.summary();
        (Arc::strong_count(&run.scenarios[0]) - before, summary)
    };
    let (few, small) = held(&run);
    run.repeat = 2_000;
    let (many, large) = held(&run);
    // Episodes share their scenario's name: whoever kept one would hold the name once more.
    assert_eq!((few, large.endpoints[0].finished), (many, 10_000));
    let shape = |s: &mocktrial_analysis::Summary| (s.scenarios.len(), s.failures.len(), s.endpoints[0].ends.len());
    assert_eq!(shape(&small), shape(&large));
    assert_eq!(small.failures[0].example, large.failures[0].example);
}
