//! Scripts under limits: what they can do, and what they cannot.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use mocktrial_script::{Host, HostError, Limits, Reply, Script, ScriptError, Shape, Step};
use serde_json::{Value, json};

struct Memory(Value);

fn pointer(path: &[Step]) -> String {
    path.iter()
        .map(|s| match s {
            Step::Key(k) => format!("/{k}"),
            Step::Index(i) => format!("/{i}"),
        })
        .collect()
}

impl Host for Memory {
    fn get(&self, path: &[Step], _: usize) -> Result<Option<Value>, HostError> {
        Ok(self.0.pointer(&pointer(path)).cloned())
    }
    fn shape(&self, path: &[Step]) -> Option<Shape> {
        self.0.pointer(&pointer(path)).map(|v| match v {
            Value::Array(a) => Shape::List(a.len()),
            Value::Object(o) => Shape::Object(o.len()),
            _ => Shape::Scalar,
        })
    }
    fn keys(&self, path: &[Step], _: usize) -> Result<Vec<String>, HostError> {
        Ok(self
            .0
            .pointer(&pointer(path))
            .and_then(Value::as_object)
            .map(|o| o.keys().cloned().collect())
            .unwrap_or_default())
    }
    fn set(&mut self, path: &[Step], value: Value) -> Result<(), HostError> {
        match self.0.pointer_mut(&pointer(path)) {
            Some(slot) => *slot = value,
            None => return Err(HostError("nothing there".into())),
        }
        Ok(())
    }
    fn append(&mut self, path: &[Step], value: Value) -> Result<(), HostError> {
        self.0
            .pointer_mut(&pointer(path))
            .and_then(Value::as_array_mut)
            .ok_or(HostError("no list".into()))?
            .push(value);
        Ok(())
    }
    fn remove(&mut self, _: &[Step]) -> Result<(), HostError> {
        Ok(())
    }
    fn now(&self) -> String {
        "2026-01-01T00:00:00Z".into()
    }
    fn nth(&self) -> u32 {
        3
    }
    fn random_int(&mut self, low: i64, _: i64) -> i64 {
        low
    }
    fn add_seconds(&self, time: &str, _: i64) -> Result<String, HostError> {
        Ok(time.into())
    }
}

fn run(source: &str) -> Result<Reply, ScriptError> {
    let limits = Limits { steps: 200_000, recursion: 50, heap_bytes: 16 << 20, result_bytes: 1 << 16 };
    let script = Script::compile("shop.star", source, &limits)?;
    script.call(
        "f",
        &json!({"id": "W-1"}),
        &mut Memory(json!({"orders": {"W-1": {"total": 42.5}}, "log": []})),
        &limits,
    )
}

fn body(line: &str) -> Result<Reply, ScriptError> {
    run(&format!("def f(args, world):\n  {line}\n"))
}

#[test]
fn a_function_reads_and_writes_through_the_host() {
    let reply = run(
        "def f(args, world):\n  o = world.get('orders', args['id'])\n  world.append('log', o['total'])\n  return {'total': money(o['total']), 'n': world.len('log'), 'nth': world.nth(), 'keys': world.keys('orders')}\n",
    );
    assert_eq!(reply, Ok(Reply::Result(json!({"total": "42.50", "n": 1, "nth": 3, "keys": ["W-1"]}))));
}

#[test]
fn a_path_is_a_row_of_steps_or_one_list_of_them() {
    assert_eq!(body("return world.get(['orders', 'W-1', 'total'])"), Ok(Reply::Result(json!(42.5))));
    assert_eq!(body("return world.get('orders', ('W-1', 'total'))"), Ok(Reply::Result(json!(42.5))));
    for line in
        ["world.get([['orders']])", "x = []\n  x.append(x)\n  world.get(x)", "x = []\n  x.append(x)\n  world.set(x, 1)"]
    {
        let error = body(line).expect_err(line);
        assert!(error.message.contains("a string or an int, not a list"), "{line}: {error}");
    }
}

#[test]
fn none_means_that_it_does_not_apply_and_an_error_is_an_answer() {
    assert_eq!(body("return None"), Ok(Reply::Pass));
    assert_eq!(body("world.error('No such order.')"), Ok(Reply::Error(json!("No such order."))));
}

#[test]
fn the_builtins_do_what_they_say() {
    let reply = body(
        "return [sum([1, 2.5]), round(2.5), round(1.005 * 100, 1), join('-', ['a', 'b']), replace('aXa', 'X', 'b'), '%s!' % 'hi', range(2, 8, 3), 2 * 3, 'ab' * 2, [1] + [2], 1 == 1.0, 7 % 4, min(3, 2), sorted([2, 1])]",
    );
    let expected = json!([3.5, 3, 100.5, "a-b", "aba", "hi!", [2, 5], 6, "abab", [1, 2], true, 3, 2, [1, 2]]);
    assert_eq!(reply, Ok(Reply::Result(expected)));
}

#[test]
fn mistakes_carry_their_place() {
    let error = body("return undefined_name").expect_err("it is a mistake");
    assert_eq!(error.at.map(|at| (at.file, at.line, at.column)), Some(("shop.star".into(), 2, 10)));
    let error = run("def f(args, world):\n  return (1\n").expect_err("it is a mistake");
    assert!(error.at.is_some(), "{error}");
    let error = run("def f(args, world):\n  x = {}\n  return x['k']\n").expect_err("it is a mistake");
    assert_eq!(error.at.map(|at| at.line), Some(3));
}

#[test]
fn spinning_recursing_and_hogging_scripts_are_stopped() {
    let hostile = [
        "for i in range(500000):\n    for j in range(500000):\n      pass",
        "return len([0 for i in range(500000) for j in range(500000)])",
        "return len({i: j for i in range(500000) for j in range(500000)})",
        "return len(['x' * 4000000 for _ in range(900)])",
        "return len([range(500000) for _ in range(900)])",
        "return len([str(range(500000)) for _ in range(900)])",
        "return f(args, world)",
        "return 'x' * 1000000000",
        "return [0] * 1000000000",
        "return 1000000000 * [0]",
        "return list(range(1000000000))",
        "x = 'ab'\n  for i in range(100):\n    x += x\n  return 1",
        "x = 'ab'\n  for i in range(100):\n    x = x + x\n  return 1",
        "x = [1]\n  for i in range(100):\n    x += x\n  return 1",
        "x = [1]\n  for i in range(100):\n    x = [x, x]\n  return x",
        "x = [1]\n  for i in range(100):\n    x = [x, x]\n  return str(x)",
        "x = [1]\n  for i in range(100):\n    x = [x, x]\n  return '%s' % x",
        "x = [1]\n  y = [1]\n  for i in range(100):\n    x = [x, x]\n    y = [y, y]\n  return x == y",
        "x = 3\n  for i in range(100):\n    x = x * x\n  return 1",
        "return 1 << 1000000000",
        "return join('x' * 1000000, ['y' * 1000 for _ in range(100000)])",
        "return replace('a' * 1000000, 'a', 'b' * 1000000)",
        "return ('%s' * 1000) % tuple(['x' * 1000000 for _ in range(3)] * 333 + ['x'])",
        "x = []\n  for i in range(100000):\n    x.append('y' * 1000 + str(i))\n  return 1",
        "return ['x' * 100 for _ in range(10000)]",
        "return {1: 2}",
        "return float('nan')",
        "world.set('missing', 'x', 1)",
        "fail('no')",
        "x = [1]\n  for i in range(100):\n    x = [x, x]\n  fail(x)",
        "x = (1,)\n  for i in range(300000):\n    x = (x,)\n  fail('x' * 4000000, x)",
        "fail(*(['x' * 4000] * 500000))",
    ];
    // Without its limits, each of them runs for hours or takes all the memory there is.
    for line in hostile {
        let reply = body(line);
        assert!(reply.is_err(), "{line}: {reply:?}");
    }
}

#[test]
fn a_script_fails_in_its_own_words() {
    let message = |line: &str| body(line).expect_err(line).message;
    assert_eq!(message("fail('no', 1, ['a'])"), "fail: no 1 [\"a\"]");
    assert_eq!(message("fail('no', range(5000))"), "fail: no a large list");
    let long = message("fail(*(['x' * 4000] * 1000))");
    assert!(long.len() < 10_000 && long.ends_with("xx …"), "{} bytes", long.len());
}

#[test]
fn what_has_no_bound_is_refused_when_the_script_is_loaded() {
    for line in ["return ','.join([])", "x = []\n  x.extend(x)", "x = 2\n  x *= 5", "return '{}'.format(1)"] {
        let error = body(line).expect_err(line);
        assert!(error.at.is_some() && error.message.contains("available"), "{error}");
    }
    assert!(run("load('other.star', 'x')\n").is_err());
    assert!(run("x = world.now()\n").is_err_and(|e| e.message.contains("while a tool is called")));
}

#[test]
fn calls_share_nothing() {
    let source = "seen = []\ndef f(args, world):\n  seen.append(1)\n  return len(seen)\n";
    assert!(run(source).is_err_and(|e| e.message.contains("mmutable")));
}
