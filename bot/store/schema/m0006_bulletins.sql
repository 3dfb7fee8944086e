-- Bulletins: drafted, signed by two, delivered once each.
create table bulletins (
    id integer primary key autoincrement,
    kind text not null check (kind in ('monthly', 'alert', 'correction')),
    -- The month told of; of an alert or a correction the one in which it was made.
    month text not null,
    state text not null check (state in ('draft', 'signed', 'scheduled', 'sending', 'paused', 'sent', 'cancelled')),
    version integer not null default 1,
    made_at text not null,
    -- Somebody changed a word since it was drafted.
    edited integer not null default 0,
    -- The bulletin that this one puts right, and those of its versions that were wrong.
    corrects integer references bulletins (id),
    part text not null default 'all',
    scheduled_for text,
    -- How many recipients there were when it was ordered: until all rows are made, so many are waiting.
    planned integer not null default 0,
    started_at text,
    ended_at text,
    -- Nobody can be found any more by having got it.
    unlinked integer not null default 0,
    why text not null default '',
    -- Recipients are made in pages: the last key of the newest page, and whether there are no more.
    gathered_to text not null default '',
    gathered integer not null default 0,
    -- One process delivers a bulletin at a time, for as long as it says so again.
    held_by text,
    held_until text,
    -- The post to the Telegram channel, where there is one: '', 'trying', 'sent' or why it failed.
    channel text not null default '',
    channel_message text not null default ''
);
-- No month twice, whoever drafts.
create unique index bulletins_month on bulletins (month) where kind = 'monthly' and state <> 'cancelled';
create index bulletins_due on bulletins (scheduled_for) where state in ('scheduled', 'sending');

-- What each version says, and the figures that it was made of. These are words of the house, public once sent.
create table bulletin_versions (
    bulletin integer not null references bulletins (id),
    version integer not null,
    body text not null,
    made_by text not null,
    made_at text not null,
    primary key (bulletin, version)
) without rowid;

-- A signature is of one version: another version has none.
create table bulletin_signatures (
    bulletin integer not null,
    version integer not null,
    official text not null,
    role text not null,
    at text not null,
    primary key (bulletin, version, official),
    foreign key (bulletin, version) references bulletin_versions (bulletin, version)
) without rowid;

-- Many at once on LINE, under one retry key that is here before the first try.
create table bulletin_batches (
    id integer primary key autoincrement,
    bulletin integer not null references bulletins (id),
    platform text not null,
    language text not null,
    first_row integer not null,
    last_row integer not null,
    retry_key text not null unique,
    -- 'divided': refused as a whole and tried again in two parts.
    state text not null check (state in ('open', 'sent', 'failed', 'divided')),
    tries integer not null default 0,
    made_at text not null
);
create index bulletin_batches_open on bulletin_batches (bulletin) where state = 'open';

-- One row for each person a bulletin goes to: it ends in sent, failed (why) or skipped (why). Whoever asks to be forgotten
-- leaves the row, without themselves.
create table deliveries (
    id integer primary key autoincrement,
    bulletin integer not null references bulletins (id),
    version integer not null,
    person text references people (key) on update cascade on delete set null,
    platform text not null,
    language text not null,
    state text not null check (state in ('waiting', 'sending', 'sent', 'failed', 'skipped')),
    why text not null default '',
    at text,
    message_id text not null default '',
    batch integer
);
create unique index deliveries_person on deliveries (person, bulletin);
create index deliveries_state on deliveries (bulletin, state, platform, language, why);

-- Whoever gets bulletins, in the order in which recipients are made; counted and copied from here alone.
create index people_subscribed on people (key, platform, language, subscribed, unreachable_since, kind)
where subscribed = 1 and unreachable_since is null and kind = 'private';
