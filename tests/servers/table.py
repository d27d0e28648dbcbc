"""A line for each endpoint of a run: how its episodes ended, and what had to be mended.

Status 1 where an endpoint was never asked again after a call, or the provider or the harness ended an episode: the
model may be weak, the way to it must not be.
"""

import sqlite3
import sys

run = sqlite3.connect(f"file:{sorted(sys.argv[1:])[-1]}?mode=ro", uri=True)
rows = run.execute(
    """
    select p.name, count(e.id), sum(e.passed), sum(e.end_reason = 'completed'), sum(e.turns > 1 and e.calls > 0),
           sum(e.cause in ('provider', 'harness', 'scenario')), sum(e.turns), sum(e.calls),
           (select count(*) from events v where v.endpoint = p.name and v.type = 'repair')
    from endpoints p join results e0 on e0.endpoint = p.name join episodes e on e.id = e0.episode
    group by p.name order by p.name
    """
).fetchall()
print(f"{'endpoint':20}{'several steps':>14}{'completed':>11}{'passed':>8}{'turns':>7}{'calls':>7}{'repairs':>9}")
for name, episodes, passed, completed, steps, _, turns, calls, repairs in rows:
    of = [f"{n or 0}/{episodes}" for n in (steps, completed, passed)]
    print(f"{name:20}{of[0]:>14}{of[1]:>11}{of[2]:>8}{turns:>7}{calls:>7}{repairs:>9}")
ended = run.execute(
    "select endpoint, scenario, trial, end_reason from results where end_reason <> 'completed' order by 1, 2, 3"
).fetchall()
for row in ended:
    print("  {} {}#{}: {}".format(*row))
wrong = [name for name, _, _, _, steps, elsewhere, *_ in rows if not steps or elsewhere]
sys.exit(1 if wrong or not rows else 0)
