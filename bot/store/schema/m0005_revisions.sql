-- What officials wrote of the knowledge: one object each, whole, as a draft, live, or once live. What was live stays for ever.
create table revisions (
    id integer primary key autoincrement,
    -- 'entry' or 'organisation', and its id in the content.
    kind text not null,
    name text not null,
    -- The object's fields as JSON; and those of what it took the place of, '' for something new.
    body text not null,
    before text not null default '',
    state text not null check (state in ('draft', 'asked', 'live', 'past', 'dropped')),
    -- Counts up with every change: whoever saves or approves an older one is shown the change first.
    version integer not null default 1,
    note text not null default '',
    -- What an approver wrote when they sent it back.
    remark text not null default '',
    -- The names of all who wrote it, one a line: none of them may approve it.
    writers text not null,
    changed_by text not null,
    made_at text not null,
    changed_at text not null,
    decided_by text,
    decided_at text,
    -- The order in which revisions became live: every process looks for the highest.
    live_order integer unique,
    -- The revision whose text this one brings back.
    restores integer references revisions (id),
    -- What the checks found in this version, as JSON; null while nobody has looked.
    faults text,
    -- Why it could not be used although it was approved.
    refused text not null default ''
);
-- One draft of a thing at a time: a second person meets the first one's.
create unique index revisions_open on revisions (kind, name) where state in ('draft', 'asked');
create unique index revisions_live on revisions (kind, name) where state = 'live';
create index revisions_state on revisions (state, changed_at);
create index revisions_name on revisions (kind, name, live_order);
