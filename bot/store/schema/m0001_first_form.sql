-- Moments are text in UTC of one width (text order is time order); yes and no are 1 and 0.
create table meta (name text primary key, value text not null);

create table counters (name text primary key, value integer not null);

-- A person, or a group, as a keyed hash beside the address that is needed to answer.
create table people (
    key text primary key,
    platform text not null,
    chat text not null,
    kind text not null,
    language text,
    subscribed integer not null default 0,
    unreachable_since text,
    first_seen text not null,
    last_seen text not null
);

-- The two moments stand beside the sealed body so that what is old can be found without opening it.
create table sessions (
    key text primary key references people (key) on update cascade on delete cascade,
    body text not null,
    asked_at text,
    step_at text
);

create index sessions_asked on sessions (asked_at) where asked_at is not null;

create index sessions_step on sessions (step_at) where step_at is not null;

create table inbox (
    id integer primary key autoincrement,
    platform text not null,
    event_id text not null,
    person text,
    body text not null,
    received_at text not null,
    done_at text,
    unique (platform, event_id)
);

create index inbox_waiting on inbox (id) where done_at is null;

create index inbox_done on inbox (done_at) where done_at is not null;

-- `answers` is the inbox row: unique, so that even a fault of ours cannot answer one message twice.
create table outbox (
    id integer primary key autoincrement,
    answers integer unique,
    platform text not null,
    chat text not null,
    person text,
    body text not null,
    retry_key text not null unique,
    received_at text not null,
    due_at text not null,
    tries integer not null default 0,
    unknown integer not null default 0,
    state text not null check (state in ('waiting', 'sending', 'sent', 'failed')),
    held_by text,
    held_at text,
    reason text not null default '',
    message_id text not null default '',
    via text not null default '',
    sent_at text
);

create index outbox_unfinished on outbox (id) where state in ('waiting', 'sending');

create index outbox_chat on outbox (platform, chat) where state in ('waiting', 'sending');

create index outbox_ended on outbox (received_at) where state in ('sent', 'failed');

create index outbox_person on outbox (person) where person is not null;

-- What is counted. No words, no person.
create table events (
    id integer primary key autoincrement,
    at text not null,
    name text not null,
    detail text not null default '',
    level text,
    type text,
    entry text,
    question text,
    platform text not null,
    chat_kind text not null,
    language text,
    content_version text,
    hub text
);

create index events_at on events (at);

-- `text` is masked before it comes here: it is what officials read.
create table reports (
    id integer primary key autoincrement,
    number text not null unique,
    person text,
    platform text not null,
    text text not null,
    came_by text not null,
    language text not null,
    level text not null,
    type text,
    entry text,
    state text not null,
    reported_at text not null
);

create index reports_person on reports (person) where person is not null;

create index reports_texts on reports (reported_at) where text <> '';
