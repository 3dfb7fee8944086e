-- Pictures known again, by look: 256 bits as text. No picture, and no word of one, is here. `signature` is the keyed
-- fingerprint of the words in it, where there were enough for one.
create table pictures (
    id integer primary key autoincrement,
    look text not null,
    signature blob,
    level text not null,
    type text,
    asked integer not null default 0,
    people integer not null default 0,
    first_seen text not null,
    last_seen text not null
);

create index pictures_last_seen on pictures (last_seen);

-- A look cut into sixteen pieces of 16 bits: the same picture, saved anew, shares at least one of them with the first.
create table picture_bands (
    band integer not null,
    picture integer not null,
    primary key (band, picture)
) without rowid;

create table picture_sources (
    picture integer not null references pictures (id) on delete cascade,
    source text not null,
    primary key (picture, source)
) without rowid;

create index picture_sources_source on picture_sources (source);
