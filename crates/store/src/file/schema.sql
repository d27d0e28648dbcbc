-- A run of mocktrial: its tables. What is promised to those who ask it in SQL are the views, in views.sql.
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
