-- Who works at the desk. `name_key` is the name as people compare names: nobody passes for another by a capital letter.
create table officials (
    id integer primary key autoincrement,
    name text not null unique,
    name_key text not null unique,
    role text not null check (role in ('reader', 'editor', 'approver', 'admin')),
    language text not null default 'th',
    -- An argon2 hash; '' until the one-time link was followed to its end.
    password text not null default '',
    -- The second factor's secret, sealed; and the last half minute whose code was taken, so that none is taken twice.
    totp text not null default '',
    totp_step integer not null default 0,
    made_at text not null,
    disabled_at text,
    signed_in_at text
);

-- Recovery codes as keyed hashes; each opens the desk once in place of the second factor.
create table official_codes (
    official integer not null references officials (id) on delete cascade,
    hash text not null,
    primary key (official, hash)
) without rowid;

-- One-time links. What is chosen on the way lies here until the end, so that a link half followed changes nothing.
create table official_links (
    official integer primary key references officials (id) on delete cascade,
    hash text not null unique,
    until text not null,
    password text not null default '',
    totp text not null default ''
);

-- Sessions by the keyed hash of their token; `device` says what kind of browser, in three words at most.
create table desk_sessions (
    id integer primary key autoincrement,
    hash text not null unique,
    official integer not null references officials (id) on delete cascade,
    device text not null,
    began_at text not null,
    seen_at text not null
);
create index desk_sessions_official on desk_sessions (official);
create index desk_sessions_began on desk_sessions (began_at);

-- Failed tries to sign in, by keyed hash of the account or of the address that they came from.
create table desk_tries (
    key text primary key,
    failures integer not null,
    last_at text not null,
    free_at text not null
) without rowid;
create index desk_tries_last on desk_tries (last_at);
