-- A run of mocktrial. Start with: select * from results;
-- Hashes are 32 hexadecimal digits; columns named after JSON things hold JSON text.

create table run (
    id integer primary key check (id = 1),
    name text not null,
    created text not null,                 -- RFC 3339, UTC
    harness text not null,                 -- the version of mocktrial
    seed text not null,                    -- unsigned 64-bit, in decimal digits
    suite_hash text not null,
    trials integer not null,               -- wanted of every cell
    selected_from text,                    -- a run whose outcomes decided what is here; null for a full run
    selected_why text,
    status text not null,                  -- open, complete, decided, interrupted, budget, failed
    status_reason text not null,
    notes text not null                    -- JSON object
) strict;

create table scenarios (
    n integer primary key,                 -- the order in which they are shown
    id text not null,
    variant text not null,                 -- '' for the scenario as written
    family text not null,
    title text not null,
    tags text not null,                    -- JSON array
    world_hash text not null,              -- user turns, tools, initial state, behaviour
    criteria_hash text not null,           -- criteria and references
    case_json text not null,               -- what grading needs
    unique (id, variant)
) strict;

create table endpoints (
    n integer primary key,
    name text not null unique,
    treatment_hash text not null,
    parts text not null,                   -- JSON object: part of the treatment -> hash
    configuration text not null,           -- JSON, without secrets
    price text                             -- JSON; null where none is known
) strict;

create table cells (                       -- the plan: one scenario for one endpoint
    n integer primary key,
    scenario integer not null references scenarios (n),
    endpoint integer not null references endpoints (n),
    trials integer not null,               -- wanted
    treatment_hash text,                   -- what the endpoint makes of this scenario, where that differs by scenario
    unique (scenario, endpoint)
) strict;

create table episodes (
    id integer primary key,
    cell integer not null references cells (n),
    trial integer not null,                -- from 1
    dispatch integer not null,             -- number in dispatch order, from 0
    seed text not null,                    -- unsigned 64-bit, in decimal digits
    started text not null,
    end_reason text not null,
    cause text,                            -- model, provider, harness, scenario; null when passed
    passed integer,                        -- 1, 0; null where it cannot be said
    score real,                            -- mean of the task grades, in [0, 1]
    failed_grader text,                    -- of the first task criterion that failed
    failed_criterion text,
    turns integer not null,
    calls integer not null,
    tokens_in integer,                     -- null where nothing was reported; so the other tokens
    tokens_out integer,
    tokens_cached integer,
    tokens_cache_written integer,
    tokens_reasoning integer,
    cost real,                             -- US dollars; null where unknown
    virtual_ms integer not null,
    wall_ms real not null,
    latencies_ms text not null,            -- JSON array: one number per model response
    retries integer not null,
    replayed integer not null,             -- 1 where a response came from a cassette
    trajectory_hash text not null,
    served text not null,                  -- JSON array: what the provider says it answered with, models and fingerprints
    unique (cell, trial)
) strict;

create table trajectories (
    episode integer primary key references episodes (id),
    trajectory text not null,              -- JSON
    measurements text not null             -- JSON
) strict;

create table grades (
    episode integer not null references episodes (id),
    n integer not null,
    criterion text not null,               -- where it stands, such as expect[0]
    grader text not null,
    measure text not null,
    weight real not null,                  -- in the episode's score
    nullifies integer not null,            -- 1: where it failed, the episode has failed
    outcome text not null,                 -- passed, failed, ungraded
    cause text,                            -- of ungraded
    why text,                              -- of ungraded
    score real,
    evidence text not null,                -- JSON array
    primary key (episode, n)
) strict, without rowid;

create table answers (                     -- what graders asked outside, and what came of it
    episode integer not null references episodes (id),
    n integer not null,
    question text not null,
    asked_of text not null,                -- judge, verifier
    asked text not null,                   -- JSON
    answer text,                           -- JSON; null where there is none
    error text,                            -- why there is none
    respondent text,                       -- the hash of all that belongs to the one who answered
    measurement text,                      -- JSON: what a judge's requests took and cost
    primary key (episode, n)
) strict, without rowid;

create table reservations (                -- of a budget; unsettled ones count in full
    id integer primary key,
    endpoint text not null,
    cost real not null,                    -- US dollars, upper bound
    tokens integer not null,
    actual_cost real,                      -- null until settled
    actual_tokens integer
) strict;

-- One row per episode.
create view results as
select s.id as scenario, s.variant, s.family, p.name as endpoint, e.trial, e.passed, e.score, e.end_reason, e.cause,
       e.failed_grader, e.failed_criterion, e.turns, e.calls, e.tokens_in, e.tokens_out, e.tokens_cached,
       e.tokens_cache_written, e.tokens_reasoning, e.cost, e.virtual_ms, e.wall_ms,
       (select sum(value) from json_each(e.latencies_ms)) as latency_ms, e.retries, e.replayed, e.dispatch, e.seed,
       e.started, s.title, s.tags, s.world_hash, s.criteria_hash,
       coalesce(c.treatment_hash, p.treatment_hash) as treatment_hash, e.trajectory_hash, e.served, e.id as episode,
       (select selected_from is not null from run) as selected
from episodes e
join cells c on c.n = e.cell
join scenarios s on s.n = c.scenario
join endpoints p on p.n = c.endpoint;

-- k of n: how many of the trials that count were passed.
create view scenarios_by_endpoint as
select s.id as scenario, s.variant, s.family, p.name as endpoint, coalesce(sum(e.passed), 0) as k, count(e.passed) as n,
       count(e.id) - count(e.passed) as excluded, c.trials as planned, avg(e.score) as score, avg(e.turns) as turns,
       avg(e.cost) as cost
from cells c
join scenarios s on s.n = c.scenario
join endpoints p on p.n = c.endpoint
left join episodes e on e.cell = c.n
group by c.n;

-- One row per event of every trajectory.
create view events as
select s.id as scenario, s.variant, p.name as endpoint, e.trial, v.value ->> '$.seq' as seq,
       coalesce(v.value ->> '$.time_ms', 0) as time_ms, v.value ->> '$.body.type' as type, v.value -> '$.body' as body,
       e.id as episode
from episodes e
join trajectories t on t.episode = e.id
join cells c on c.n = e.cell
join scenarios s on s.n = c.scenario
join endpoints p on p.n = c.endpoint,
json_each(t.trajectory, '$.events') v;

-- One row per grade.
create view judgements as
select s.id as scenario, s.variant, p.name as endpoint, e.trial, g.criterion, g.grader, g.measure, g.outcome, g.cause,
       g.why, g.score, g.evidence, e.id as episode
from grades g
join episodes e on e.id = g.episode
join cells c on c.n = e.cell
join scenarios s on s.n = c.scenario
join endpoints p on p.n = c.endpoint;
