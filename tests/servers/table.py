"""A line for each endpoint of a run: how its episodes ended, and what had to be mended."""

import sqlite3
import sys

run = sqlite3.connect(f"file:{sorted(sys.argv[1:])[-1]}?mode=ro", uri=True)
rows = run.execute(
    """
    select p.name, count(e.id), sum(e.passed), sum(e.end_reason = 'completed'), sum(e.turns), sum(e.calls),
           (select count(*) from events v where v.endpoint = p.name and v.type = 'repair')
    from endpoints p join results e0 on e0.endpoint = p.name join episodes e on e.id = e0.episode
    group by p.name order by p.name
    """
).fetchall()
print(f"{'endpoint':20} {'completed':>10} {'passed':>8} {'turns':>6} {'calls':>6} {'repairs':>8}")
for name, episodes, passed, completed, turns, calls, repairs in rows:
    print(f"{name:20} {completed:>6}/{episodes:<3} {passed or 0:>5}/{episodes:<3}{turns:>6} {calls:>6} {repairs:>8}")
ended = run.execute(
    "select endpoint, scenario, trial, end_reason from results where end_reason <> 'completed' order by 1, 2, 3"
).fetchall()
for row in ended:
    print("  {} {}#{}: {}".format(*row))
missing = [name for name, episodes, passed, completed, *_ in rows if not completed]
sys.exit(1 if missing or not rows else 0)
