-- One relative whom an older person trusts; practice drills; weekly sheets of hubs.

-- A code to be given to one relative, as a keyed hash. Who typed it may be asked who gave it.
create table trusted_codes (
    person text primary key references people (key) on update cascade on delete cascade,
    hash text not null unique,
    until text not null,
    relative text references people (key) on update cascade on delete set null
);
create index trusted_codes_until on trusted_codes (until);
create index trusted_codes_relative on trusted_codes (relative) where relative is not null;

-- An older person has one relative, a relative may have several. `words`: alerts may quote what was asked.
create table trusted_links (
    id integer primary key autoincrement,
    elder text not null unique references people (key) on update cascade on delete cascade,
    relative text not null references people (key) on update cascade on delete cascade,
    kin text not null,
    agreed integer not null default 0,
    words integer not null default 0,
    made_at text not null
);
create index trusted_links_relative on trusted_links (relative);
create index trusted_links_asked on trusted_links (made_at) where agreed = 0;

-- When a relative was alerted, so that it stays at a few a day.
create table trusted_alerts (
    id integer primary key autoincrement,
    link integer not null references trusted_links (id) on delete cascade,
    kind text not null check (kind in ('scam', 'paid')),
    at text not null
);
create index trusted_alerts_link on trusted_alerts (link, kind, at);
create index trusted_alerts_at on trusted_alerts (at);

-- What the other side of a link is still to be told; gone as soon as the letter is written. `quote` is sealed. What is
-- about a link that stands goes with it, the news of its end does not.
create table trusted_news (
    id integer primary key autoincrement,
    person text not null references people (key) on update cascade on delete cascade,
    link integer references trusted_links (id) on delete cascade,
    kind text not null,
    kin text not null,
    quote text not null default '',
    at text not null
);
create index trusted_news_person on trusted_news (person);
create index trusted_news_link on trusted_news (link) where link is not null;

-- Wrong codes: nobody finds one by trying.
create table trusted_tries (
    person text primary key references people (key) on update cascade on delete cascade,
    failures integer not null,
    first_at text not null
);
create index trusted_tries_first on trusted_tries (first_at);

-- Who wants to practise every month; `sent_month` is the claim on one month's letter.
create table drill_members (
    person text primary key references people (key) on update cascade on delete cascade,
    since text not null,
    sent_month text not null default ''
);

-- Who was shown which drill in which month, and whether they answered: never what.
create table drill_rounds (
    person text not null references people (key) on update cascade on delete cascade,
    month text not null,
    type text not null,
    answered integer not null default 0,
    at text not null,
    primary key (person, type, month)
);
create index drill_rounds_at on drill_rounds (at);
create index drill_members_due on drill_members (sent_month, person);

-- Answers as totals; `hub` 0 for people of none.
create table drill_totals (
    month text not null,
    hub integer not null default 0,
    type text not null,
    answer text not null,
    count integer not null,
    primary key (month, hub, type, answer)
) without rowid;

-- What a month's drill is about: the type that was warned of most.
create table drill_themes (
    month text primary key,
    type text not null,
    made_at text not null
) without rowid;

-- The claim on one hub's sheet of one week (its Monday).
create table hub_sheets (
    hub integer not null references hubs (id) on delete cascade,
    week text not null,
    letters integer not null,
    made_at text not null,
    primary key (hub, week)
) without rowid;
