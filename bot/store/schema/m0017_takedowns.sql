-- Requests to those who can take a scam down: a platform, a registrar or host, a telecom, a bank. One row a request.
create table takedowns (
    id integer primary key autoincrement,
    case_id integer not null references cases (id),
    kind text not null check (kind in ('platform', 'registrar', 'telecom', 'bank')),
    -- Whom it goes to, and how they are reached: an office, as the content names it or as an official typed it.
    name text not null default '',
    way text not null default '',
    -- What is asked, as in "remove,preserve".
    asks text not null,
    state text not null check (state in ('prepared', 'sent', 'acknowledged', 'removed', 'refused', 'withdrawn')),
    -- Counts up with every change: whoever writes on top of an older one is shown the change first.
    version integer not null default 1,
    prepared_by text not null,
    prepared_at text not null,
    sent_by text,
    sent_at text,
    -- The number that the recipient gave it.
    reference text not null default '',
    acknowledged_at text,
    ended_at text,
    -- Why it was refused, or taken back.
    reason text not null default '',
    -- The request that this one repeats, because what it asked about was seen again.
    follows integer references takedowns (id)
);
create index takedowns_case on takedowns (case_id);
create index takedowns_waiting on takedowns (id) where state in ('prepared', 'sent', 'acknowledged');
create index takedowns_ended on takedowns (ended_at) where ended_at is not null;
create index takedowns_removed on takedowns (ended_at) where state = 'removed';
create index takedowns_sent on takedowns (sent_at) where sent_at is not null;
-- Of two clicks, or two officials, one makes the request; and what was seen again is asked for again once.
create unique index takedowns_once on takedowns (case_id, kind, name, way) where state in ('prepared', 'sent', 'acknowledged');
create unique index takedowns_follows on takedowns (follows) where follows is not null;

-- What is to be taken down: `key` as in `identifiers`. The value itself is sealed, and stands here only while somebody may
-- have to be asked for it.
create table takedown_targets (
    id integer primary key autoincrement,
    takedown integer not null references takedowns (id) on delete cascade,
    key text not null,
    kind text not null,
    value text not null,
    unique (takedown, key)
);
create index takedown_targets_key on takedown_targets (key);
create index takedown_targets_kept on takedown_targets (takedown) where value <> '' and kind <> 'domain';

-- Waves of letters are forgotten some weeks after they ended; how many were told stays, for the results of a quarter.
create table recalls_past (
    id integer primary key autoincrement,
    made_at text not null,
    told integer not null
);
create index recalls_past_made on recalls_past (made_at, told);
create index recalls_made on recalls (made_at, told);
create trigger recalls_counted after delete on recalls when old.told > 0
begin
    insert into recalls_past (made_at, told) values (old.made_at, old.told);
end;

-- Results of a quarter are counted from these indexes alone.
create index events_told on events (at, name, detail, platform)
where name in ('emergency_kind', 'follow_up', 'group_joined', 'group_left');
create index people_new on people (first_seen, platform) where kind = 'private';
create index bulletins_ended on bulletins (ended_at, kind) where ended_at is not null;
