-- The views of a run: what its tables mean. Start with: select * from results;
-- Within a version of the schema columns are only added. Every column is described in docs/data.md.
-- A computed column is cast, so that a tool which asks for its type is told one.

drop view if exists results;
drop view if exists scenarios_by_endpoint;
drop view if exists events;
drop view if exists judgements;

-- One row per episode.
create view results as
select (select name from run) as run, s.id as scenario, s.variant, s.family, p.name as endpoint, e.trial, e.passed, e.score,
       e.end_reason, e.cause, e.failed_grader, e.failed_criterion, e.turns, e.calls, e.tokens_in, e.tokens_out,
       e.tokens_cached, e.tokens_cache_written, e.tokens_reasoning, e.cost, e.virtual_ms, e.wall_ms,
       cast((select sum(value) from json_each(e.latencies_ms)) as real) as latency_ms, e.latencies_ms, e.retries,
       e.replayed, e.dispatch, e.seed, cast(nullif(e.started, '') as text) as started, s.title, s.tags, s.world_hash, s.criteria_hash,
       cast(coalesce(c.treatment_hash, p.treatment_hash) as text) as treatment_hash, e.trajectory_hash, e.served,
       cast((select selected_from is not null from run) as integer) as selected, e.id as episode
from episodes e
join cells c on c.n = e.cell
join scenarios s on s.n = c.scenario
join endpoints p on p.n = c.endpoint;

-- k of n: how many of the trials that count were passed.
create view scenarios_by_endpoint as
select (select name from run) as run, s.id as scenario, s.variant, s.family, s.title, s.tags, p.name as endpoint,
       cast(coalesce(sum(e.passed), 0) as integer) as k, cast(count(e.passed) as integer) as n,
       cast(count(e.id) - count(e.passed) as integer) as excluded, c.trials as planned,
       cast(avg(e.score) as real) as score, cast(avg(e.turns) as real) as turns, cast(avg(e.cost) as real) as cost
from cells c
join scenarios s on s.n = c.scenario
join endpoints p on p.n = c.endpoint
left join episodes e on e.cell = c.n
group by c.n;

-- One row per event of every trajectory.
create view events as
select (select name from run) as run, s.id as scenario, s.variant, p.name as endpoint, e.trial,
       cast(v.value ->> '$.seq' as integer) as seq, cast(coalesce(v.value ->> '$.time_ms', 0) as integer) as time_ms,
       cast(v.value ->> '$.body.type' as text) as type, cast(v.value -> '$.body' as text) as body, e.id as episode
from episodes e
join trajectories t on t.episode = e.id
join cells c on c.n = e.cell
join scenarios s on s.n = c.scenario
join endpoints p on p.n = c.endpoint,
json_each(t.trajectory, '$.events') v;

-- One row per response of a model, with what was measured at it.
create view responses as
select r.run, r.scenario, r.variant, r.endpoint, r.trial, r.seq,
       cast((select group_concat(part.value ->> '$.text', '') from json_each(r.body, '$.content') part) as text) as text,
       cast(coalesce(r.body ->> '$.calls', 0) as integer) as calls, cast(r.body ->> '$.stop.type' as text) as stop,
       cast(r.body ->> '$.usage.input' as integer) as tokens_in, cast(r.body ->> '$.usage.output' as integer) as tokens_out,
       cast(m.value ->> '$.cost' as real) as cost, cast(m.value ->> '$.latency_ms' as real) as latency_ms,
       cast(m.value ->> '$.first_byte_ms' as real) as first_byte_ms, cast(m.value ->> '$.waited_ms' as real) as waited_ms,
       cast(m.value ->> '$.retries' as integer) as retries, cast(m.value ->> '$.replayed' as integer) as replayed,
       cast(m.value ->> '$.request_id' as text) as request_id, r.episode
from events r
join trajectories t on t.episode = r.episode
left join json_each(t.measurements, '$.events') m on m.value ->> '$.seq' = r.seq
where r.type = 'response';

-- One row per tool call, with what came of it.
create view tool_calls as
select c.run, c.scenario, c.variant, c.endpoint, c.trial, c.seq, cast(c.body ->> '$.tool' as text) as tool,
       cast(c.body ->> '$.arguments.text' as text) as arguments, cast(r.value -> '$.body.content' as text) as result,
       cast(r.value ->> '$.body.failure' as text) as failure,
       cast(exists (select 1 from json_each(t.trajectory, '$.events') w
                    where w.value ->> '$.body.type' = 'state' and w.value ->> '$.body.call' = c.seq) as integer) as changed,
       c.episode
from events c
join trajectories t on t.episode = c.episode
left join json_each(t.trajectory, '$.events') r
       on r.value ->> '$.body.type' = 'result' and r.value ->> '$.body.call' = c.seq
where c.type = 'call';

-- One row per grade.
create view judgements as
select (select name from run) as run, s.id as scenario, s.variant, p.name as endpoint, e.trial, g.criterion, g.grader,
       g.measure, g.weight, g.nullifies, g.outcome, g.cause, g.why, g.score, g.evidence, e.id as episode
from grades g
join episodes e on e.id = g.episode
join cells c on c.n = e.cell
join scenarios s on s.n = c.scenario
join endpoints p on p.n = c.endpoint;
