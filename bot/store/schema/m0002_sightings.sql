-- Messages known again, by fingerprint: none of these tables holds a word. `people`, `groups` and `hubs` count different
-- ones; they stand beside the sources so that asking costs the same for three people and for thirty thousand.
create table sightings (
    id integer primary key autoincrement,
    signature blob not null,
    level text not null,
    type text,
    entry text,
    asked integer not null default 0,
    people integer not null default 0,
    groups integer not null default 0,
    hubs integer not null default 0,
    first_seen text not null,
    last_seen text not null
);

create index sightings_last_seen on sightings (last_seen);

-- The key is the whole row and no other index stands beside it: a million messages have 24 million bands. They are
-- made from the signature, so what is deleted takes its bands with it by name, not by a foreign key.
create table sighting_bands (
    band integer not null,
    sighting integer not null,
    primary key (band, sighting)
) without rowid;

create table sighting_sources (
    sighting integer not null references sightings (id) on delete cascade,
    source text not null,
    kind text not null check (kind in ('person', 'group', 'hub')),
    day text not null,
    primary key (sighting, source)
) without rowid;

create index sighting_sources_source on sighting_sources (source);

create table sighting_days (
    sighting integer not null references sightings (id) on delete cascade,
    day text not null,
    asked integer not null,
    people integer not null,
    primary key (sighting, day)
) without rowid;

create index sighting_days_day on sighting_days (day);
