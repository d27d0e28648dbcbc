//! The gate by itself, in paused time.

use crate::flow::gate::Throttled;
use crate::flow::state::State;
use crate::flow::{AccountKey, Accounts, Limits, Member, Outcome, Pass, Said};
use crate::transport::Headers;
use proptest::prelude::*;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::{Instant, timeout};

const LONG: Duration = Duration::from_secs(300);
const SECOND: Duration = Duration::from_secs(1);

fn key(model: &str) -> AccountKey {
    AccountKey { host: "api.example.com".into(), keys: vec!["KEY".into()], model: model.into() }
}

fn member(limits: Limits) -> Member {
    Accounts::default().join(key("m"), limits)
}

fn of(concurrency: u32) -> Limits {
    Limits { concurrency: Some(concurrency), ..Limits::default() }
}

async fn enter(member: &Member, tokens: u64) -> Pass<'_> {
    match member.try_enter(tokens) {
        Some(pass) => pass,
        None => member.enter(tokens, LONG).await.unwrap(),
    }
}

fn throttled(asked: Option<Duration>) -> Outcome {
    Outcome::Throttled { asked, wait: Some(SECOND) }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_requests_pass_at_once() {
    let member = member(of(1000));
    let passes: Vec<_> = (0..1000).map(|_| member.try_enter(100).unwrap()).collect();
    assert!(member.try_enter(100).is_none());
    assert_eq!(passes[999].among(), 1000);
    drop(passes);
    assert!(member.try_enter(100).is_some());
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_only_the_provider_bounds_what_is_under_way() {
    let member = member(Limits::default());
    let mut passes: Vec<_> = (0..64).map(|_| member.try_enter(0).unwrap()).collect();
    passes.pop().unwrap().end(throttled(Some(Duration::ZERO)), None, None);
    passes.truncate(31);
    assert!(member.try_enter(0).is_some_and(|pass| pass.among() == 32));
    let _last = member.try_enter(0).unwrap();
    assert!(member.try_enter(0).is_none(), "half of the 64 is full");
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_pass_in_the_order_in_which_they_came() {
    let member = member(of(1));
    let order = Mutex::new(Vec::new());
    let first = member.try_enter(0).unwrap();
    let one = |n: usize| {
        let (member, order) = (&member, &order);
        async move {
            let pass = enter(member, 0).await;
            order.lock().unwrap().push(n);
            tokio::time::sleep(SECOND).await;
            pass.end(Outcome::Answered, None, None);
        }
    };
    tokio::join!(one(0), one(1), one(2), one(3), async {
        tokio::time::sleep(SECOND).await;
        first.end(Outcome::Answered, None, None);
    });
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn one_who_leaves_the_line_holds_up_nobody_and_keeps_no_place() {
    let member = member(of(1));
    let first = member.try_enter(0).unwrap();
    let began = Instant::now();
    let (given_up, passed, ()) = tokio::join!(
        timeout(SECOND, member.enter(0, LONG)),
        async {
            let pass = member.enter(0, LONG).await.unwrap();
            (pass, began.elapsed())
        },
        async {
            tokio::time::sleep(2 * SECOND).await;
            drop(first);
        }
    );
    assert!(given_up.is_err());
    assert_eq!(passed.1, 2 * SECOND);
    drop(passed);
    assert!(member.try_enter(0).is_some(), "every place is free again");
}

#[tokio::test(start_paused = true)]
async fn a_throttled_request_makes_all_of_its_account_wait_and_no_other() {
    let accounts = Accounts::default();
    let (one, two) = (accounts.join(key("m"), of(4)), accounts.join(key("m"), of(4)));
    let other = accounts.join(key("n"), of(4));
    let began = Instant::now();
    one.try_enter(0).unwrap().end(throttled(Some(7 * SECOND)), None, None);
    assert!(other.try_enter(0).is_some());
    assert!(one.try_enter(0).is_none() && two.try_enter(0).is_none());
    enter(&two, 0).await;
    assert_eq!(began.elapsed(), 7 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn of_the_waits_that_nobody_asked_for_the_first_of_a_round_holds() {
    let member = member(of(4));
    let passes: Vec<_> = (0..4).map(|_| member.try_enter(0).unwrap()).collect();
    let began = Instant::now();
    for pass in passes {
        pass.end(throttled(None), None, None);
        tokio::time::sleep(SECOND / 10).await;
    }
    enter(&member, 0).await;
    assert_eq!(began.elapsed(), SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_request_gives_up_when_the_account_does_nothing_but_throttle() {
    let member = member(of(1));
    let began = Instant::now();
    let throttling = async {
        while began.elapsed() < 2 * LONG {
            match member.enter(0, 10 * LONG).await {
                Ok(pass) => pass.end(throttled(Some(30 * SECOND)), None, None),
                Err(Throttled) => panic!("it had patience"),
            }
        }
    };
    let waiting = async {
        tokio::time::sleep(SECOND).await;
        let mut passed = 0;
        loop {
            match member.enter(0, 20 * SECOND).await {
                Err(Throttled) => return passed,
                Ok(pass) => pass.end(throttled(Some(30 * SECOND)), None, None),
            }
            passed += 1;
        }
    };
    tokio::select! {
        () = throttling => panic!("nobody gave up"),
        passed = waiting => assert_eq!(passed, 0),
    }
    assert_eq!(began.elapsed(), 21 * SECOND);

    let member = self::member(of(1));
    let busy = member.try_enter(0).unwrap();
    assert!(timeout(10 * LONG, member.enter(0, SECOND)).await.is_err(), "being busy is not throttling");
    drop(busy);
}

#[tokio::test(start_paused = true)]
async fn a_rate_is_kept_and_what_was_never_sent_does_not_count() {
    let member = member(Limits { requests_per_minute: Some(30), ..Limits::default() });
    let began = Instant::now();
    for _ in 0..100 {
        enter(&member, 0).await.end(Outcome::Unsent, None, None);
    }
    assert_eq!(began.elapsed(), Duration::ZERO);
    for _ in 0..30 {
        enter(&member, 0).await.end(Outcome::Answered, None, None);
    }
    assert!(began.elapsed() > 50 * SECOND && began.elapsed() < 60 * SECOND, "{:?}", began.elapsed());
    enter(&member, 0).await;
    assert!(began.elapsed() >= 57 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn tokens_are_estimated_and_then_corrected() {
    let member = member(Limits { tokens_per_minute: Some(6000), ..Limits::default() });
    let began = Instant::now();
    // Each is taken to need all that the bucket holds, and needs next to nothing.
    for _ in 0..10 {
        enter(&member, 600).await.end(Outcome::Answered, Some(6), None);
    }
    assert!(began.elapsed() < SECOND, "{:?}", began.elapsed());
    enter(&member, 6).await.end(Outcome::Answered, Some(3000), None);
    enter(&member, 6).await;
    assert!(began.elapsed() > 20 * SECOND, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_request_beyond_any_rate_is_sent_all_the_same() {
    let member = member(Limits { tokens_per_minute: Some(10), ..Limits::default() });
    let began = Instant::now();
    for _ in 0..2 {
        enter(&member, u64::MAX).await.end(Outcome::Failed, None, None);
    }
    assert!(began.elapsed() <= Duration::from_secs(75), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_lowest_rate_of_an_account_holds_for_all_and_limits_add_up() {
    let accounts = Accounts::default();
    let slow = Limits { concurrency: Some(2), requests_per_minute: Some(10), tokens_per_minute: None };
    let (one, two) = (accounts.join(key("m"), of(3)), accounts.join(key("m"), slow));
    let first = one.try_enter(0).unwrap();
    assert!(one.try_enter(0).is_none() && two.try_enter(0).is_none());
    drop(first);
    drop(two);
    let passes: Vec<_> = std::iter::from_fn(|| one.try_enter(0)).collect();
    assert_eq!(passes.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_is_used_up_is_waited_for() {
    let member = member(of(4));
    let said = |left: &str| {
        let mut headers = Headers::new();
        headers.insert("x-ratelimit-remaining-tokens", left.parse().unwrap());
        headers.insert("x-ratelimit-reset-tokens", "6m0s".parse().unwrap());
        Said::of(&headers)
    };
    let began = Instant::now();
    enter(&member, 0).await.end(Outcome::Answered, None, Some(&said("12")));
    enter(&member, 0).await.end(Outcome::Answered, None, Some(&said("0")));
    enter(&member, 0).await.end(Outcome::Answered, None, Some(&said("0")));
    assert_eq!(began.elapsed(), 120 * SECOND);
    enter(&member, 0).await;
    assert_eq!(began.elapsed(), 120 * SECOND, "it was believed once");
}

proptest! {
    /// Whatever happens to requests, among them being dropped at the gate and beyond it: no place leaks, and
    /// the gate opens again.
    #[test]
    fn no_place_leaks(
        concurrency in 1_u32..5,
        steps in proptest::collection::vec((0_u8..7, 0_u64..3000, 0_u64..2000), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let limits = Limits { tokens_per_minute: Some(60_000), ..of(concurrency) };
            let member = std::sync::Arc::new(member(limits));
            let mut tasks = tokio::task::JoinSet::new();
            for (what, patience, work) in steps {
                let member = member.clone();
                tasks.spawn(async move {
                    let entering = async { enter(&member, 100).await };
                    let Ok(pass) = timeout(Duration::from_millis(patience), entering).await else { return };
                    assert!(pass.among() <= u64::from(concurrency));
                    tokio::time::sleep(Duration::from_millis(work)).await;
                    match what {
                        0 => pass.end(throttled(None), Some(0), None),
                        1 => pass.end(throttled(Some(SECOND)), Some(0), None),
                        2 => pass.end(Outcome::Unsent, None, None),
                        3 => pass.end(Outcome::Failed, None, None),
                        4 => drop(pass),
                        _ => pass.end(Outcome::Answered, Some(50), None),
                    }
                });
            }
            while let Some(task) = tasks.join_next().await {
                task.unwrap();
            }
            let left = |state: &State| (state.window.under_way(), state.queue.len());
            assert_eq!(left(&member.state()), (0, 0));
            timeout(LONG, enter(&member, 100)).await.expect("the gate opens again");
        });
    }
}
