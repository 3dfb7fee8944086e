-- Community hubs: those who pass on what others show them, and what they may do; and how groups want us.
create table hubs (
    id integer primary key autoincrement,
    -- As it stands in reports and figures: `name_key` is the name as people compare names, so that no two are mixed up.
    name text not null unique,
    name_key text not null unique,
    place text not null default '',
    -- The id of a province (content/provinces.yaml), '' where nothing was said.
    province text not null default '',
    hours text not null default '',
    -- Languages spoken there, as people write them.
    languages text not null default '',
    -- Whom to turn to first at this place, as officials wrote it.
    escalation text not null default '',
    made_by text not null,
    made_at text not null,
    closed_at text
);

-- Codes as keyed hashes: whoever reads the database cannot join. The code itself is shown once, when it is made.
create table hub_codes (
    hash text primary key,
    hub integer not null references hubs (id) on delete cascade,
    role text not null check (role in ('member', 'lead')),
    made_at text not null,
    until text not null
) without rowid;
create index hub_codes_hub on hub_codes (hub);
create index hub_codes_until on hub_codes (until);

-- A person is at one hub at a time. Whoever is forgotten is gone from here too.
create table hub_members (
    person text primary key references people (key) on update cascade on delete cascade,
    hub integer not null references hubs (id) on delete cascade,
    role text not null check (role in ('member', 'lead')),
    joined_at text not null,
    -- Wants the weekly sheet.
    sheet integer not null default 1
);
create index hub_members_hub on hub_members (hub, joined_at);

-- Wrong codes, by keyed hash of who typed them: nobody finds one by trying.
create table hub_tries (
    person text primary key,
    failures integer not null,
    last_at text not null
) without rowid;
create index hub_tries_last on hub_tries (last_at);

-- What came in from a hub, by day and without a word: `name` is 'asked', `key` the level and the type it was given.
create table hub_counts (
    hub integer not null references hubs (id) on delete cascade,
    day text not null,
    name text not null,
    key text not null,
    count integer not null,
    primary key (hub, day, name, key)
) without rowid;
create index hub_counts_day on hub_counts (day);

-- The tables given back, sealed, for as long as they can be had as a file or turned into cases.
create table hub_tables (
    id integer primary key autoincrement,
    person text not null references people (key) on update cascade on delete cascade,
    hub integer not null references hubs (id) on delete cascade,
    body text not null,
    messages integer not null,
    made_at text not null,
    until text not null,
    -- Its unknown messages were made cases already.
    opened integer not null default 0
);
create index hub_tables_person on hub_tables (person);
create index hub_tables_hub on hub_tables (hub);
create index hub_tables_until on hub_tables (until);

-- How a group wants us: 'quiet' says nothing unless a command names it, 'asked' answers when asked, 'on' also warns by itself.
create table group_settings (
    chat text primary key references people (key) on update cascade on delete cascade,
    mode text not null check (mode in ('quiet', 'asked', 'on')),
    changed_at text not null
);

-- What we said unasked in a group, by keyed fingerprint, so that the same message is not answered twice a day.
create table group_answers (
    id integer primary key autoincrement,
    chat text not null references people (key) on update cascade on delete cascade,
    day text not null,
    signature blob not null,
    at text not null
);
create index group_answers_chat on group_answers (chat, day);
create index group_answers_at on group_answers (at);

-- A hub's own cases are found by its reports.
create index reports_hub on reports (hub, case_id) where hub is not null;
