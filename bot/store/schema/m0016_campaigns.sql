-- The early-warning feed: campaigns that one official proposed from an answered case and another confirmed. Nothing of who reported.
create table campaigns (
    id integer primary key autoincrement,
    -- Its name for the world, for as long as anybody may ask.
    uuid text not null unique,
    case_id integer not null references cases (id),
    -- Which trick, as the case was decided.
    type text,
    entry text,
    -- TLP 2.0: who may be told.
    marking text not null check (marking in ('clear', 'green', 'amber')),
    state text not null check (state in ('proposed', 'confirmed', 'revoked', 'declined')),
    valid_until text not null,
    -- The case in numbers and days of the house's calendar, when it was counted last; channels as in "line,sms".
    reports integer not null,
    reporters integer not null,
    first_on text not null,
    last_on text not null,
    came_by text not null default '',
    counted_at text not null,
    -- When its case was last looked at, whether or not it had changed.
    looked_at text not null,
    proposed_by text not null,
    proposed_at text not null,
    confirmed_by text,
    confirmed_at text,
    -- Revoked or declined: by whom, when, and why.
    ended_by text,
    ended_at text,
    reason text not null default ''
);
-- A case has one campaign at a time.
create unique index campaigns_open on campaigns (case_id) where state in ('proposed', 'confirmed');
create index campaigns_case on campaigns (case_id);
create index campaigns_valid on campaigns (valid_until) where state = 'confirmed';
create index campaigns_ended on campaigns (ended_at) where ended_at is not null;
create index campaigns_looked on campaigns (looked_at) where state = 'confirmed';

-- What it uses, as the proposing official gave it and the case bears out: sealed, for a telephone or an account is somebody's.
create table campaign_identifiers (
    id integer primary key autoincrement,
    campaign integer not null references campaigns (id) on delete cascade,
    number integer not null,
    kind text not null,
    body text not null,
    unique (campaign, number)
);

-- Since when the feed holds a thing made of our knowledge, and since when in its present words (by their hash).
create table feed_marks (
    name text primary key,
    digest text not null,
    since text not null,
    changed text not null
);
