-- Partners (call desks, other bots, banks): what they may ask for, and where they are told of a confirmed warning.
create table partners (
    id integer primary key autoincrement,
    -- As people write it; `name_key` is the name as people compare names.
    name text not null unique,
    name_key text not null unique,
    -- What they may do, as in "check,entries".
    scopes text not null,
    -- Requests, and texts of a batch, in a minute, over all processes together.
    rate integer not null,
    made_by text not null,
    made_at text not null,
    revoked_at text
);

-- Keys as keyed hashes: whoever reads the database cannot ask in a partner's name. `hint` are a key's first letters.
create table partner_keys (
    id integer primary key autoincrement,
    partner integer not null references partners (id) on delete cascade,
    hash text not null unique,
    hint text not null,
    made_at text not null,
    expires_at text,
    revoked_at text,
    used_at text
);
create index partner_keys_partner on partner_keys (partner);

-- What of this minute's rate the processes have taken: one row a partner.
create table partner_rates (
    partner integer primary key references partners (id) on delete cascade,
    minute text not null,
    taken integer not null
);

-- Which report is whose, and by which request it came: the same request again files nothing.
create table partner_reports (
    id integer primary key autoincrement,
    partner integer not null references partners (id) on delete cascade,
    number text not null unique,
    request text not null,
    said text not null,
    made_at text not null,
    unique (partner, request)
);

-- Where a partner wants to be told. The secret that signs is sealed.
create table partner_webhooks (
    id integer primary key autoincrement,
    partner integer not null references partners (id) on delete cascade,
    url text not null,
    secret text not null,
    made_by text not null,
    made_at text not null,
    -- Since when nothing has arrived there, while something should have.
    failing_since text,
    told_at text,
    disabled_at text,
    why text not null default ''
);
create index partner_webhooks_partner on partner_webhooks (partner);

-- What happened, once: our own words, nobody's data.
create table partner_events (
    id integer primary key autoincrement,
    -- The name that stays the same however often it is told.
    event text not null unique,
    kind text not null,
    subject text not null,
    version integer not null,
    body text not null,
    made_at text not null,
    unique (kind, subject, version)
);
create index partner_events_subject on partner_events (subject);
create index partner_events_made on partner_events (made_at);

-- Who was told what. While it waits it is tried again at `due_at`; whoever tries it moves that first.
create table partner_deliveries (
    id integer primary key autoincrement,
    webhook integer not null references partner_webhooks (id) on delete cascade,
    event integer not null references partner_events (id) on delete cascade,
    state text not null check (state in ('waiting', 'delivered', 'failed')),
    tries integer not null default 0,
    due_at text not null,
    why text not null default '',
    ended_at text,
    unique (webhook, event)
);
create index partner_deliveries_due on partner_deliveries (due_at) where state = 'waiting';
create index partner_deliveries_waiting on partner_deliveries (webhook) where state = 'waiting';
create index partner_deliveries_event on partner_deliveries (event);
