-- Reports that come back: near-duplicate reports fold into one case; identifiers are known by keyed hashes alone.
create table cases (
    id integer primary key autoincrement,
    state text not null check (state in ('received', 'in_review', 'answered', 'merged')),
    -- What it is known again by: the sighting of its message, or a keyed hash where the text is too short for a fingerprint.
    sighting integer references sightings (id) on delete set null,
    text_key text,
    -- What Rutan said when the first report came.
    level text not null,
    type text,
    entry text,
    -- Different people count, not reports; the weight says how much evidence they are.
    reports integer not null default 0,
    reporters integer not null default 0,
    weight real not null default 0,
    -- Somebody said that our answer was wrong; it names a number or domain of the directory.
    disputed integer not null default 0,
    guarded integer not null default 0,
    opened_at text not null,
    last_report_at text not null,
    promised_at text not null,
    -- What an official decided: scam, new_entry, not_a_scam, cant_tell; '' while nobody has.
    decision text not null default '',
    decided_type text,
    decided_entry text,
    decided_by text,
    decided_at text,
    remark text not null default '',
    merged_into integer references cases (id),
    -- People new to its sighting in the last days, and the day that this was counted on.
    growth integer not null default 0,
    grown_on text not null default '',
    -- Somebody is still to be told where it stands.
    telling integer not null default 0,
    -- Counts up with every change by an official: whoever decides on an older one is shown the change first.
    version integer not null default 1
);
-- The queue, once for each way of sorting it; what nobody vouches for any more (withdrawn, hidden) is not in it.
create index cases_open on cases (promised_at, state, disputed, reporters)
    where state in ('received', 'in_review') and reporters > 0;
create index cases_open_weight on cases (weight, disputed, state)
    where state in ('received', 'in_review') and reporters > 0;
create index cases_open_growth on cases (growth, disputed, state)
    where state in ('received', 'in_review') and reporters > 0;
create index cases_open_newest on cases (last_report_at, disputed, state)
    where state in ('received', 'in_review') and reporters > 0;
create index cases_growing on cases (grown_on) where growth > 0;
create index cases_telling on cases (id) where telling = 1;
create index cases_keyed on cases (last_report_at) where text_key is not null;
create index cases_sighting on cases (sighting) where sighting is not null;
create index cases_text_key on cases (text_key) where text_key is not null;
create index cases_last_report on cases (last_report_at);
create index cases_merged on cases (merged_into) where merged_into is not null;
create index cases_answered on cases (decided_at) where state = 'answered';
create index cases_decided on cases (decided_at) where decided_at is not null;

alter table reports add column case_id integer references cases (id);
-- 'none', 'under_1k', '1k_10k', '10k_100k', '100k_1m', 'over_1m', '' where nothing was said.
alter table reports add column loss text not null default '';
-- The id of a province (content/provinces.yaml), '' where nothing was said.
alter table reports add column province text not null default '';
-- What else the reporter told, masked.
alter table reports add column note text not null default '';
-- Who vouches: 'citizen', 'hub', 'partner', 'official'.
alter table reports add column evidence text not null default 'citizen';
alter table reports add column hub text;
alter table reports add column disputes integer not null default 0;
-- A spammer's report counts for nothing and is shown to nobody.
alter table reports add column hidden integer not null default 0;
alter table reports add column answered_at text;
-- By when its reporter was told that it will have been looked at.
alter table reports add column promised_at text;
create index reports_case on reports (case_id);
create index reports_case_person on reports (case_id, person);
create index reports_at on reports (reported_at);

-- Telephones, accounts, LINE ids, domains… that were reported, as keyed hashes. The value itself is kept nowhere.
create table identifiers (
    id integer primary key autoincrement,
    key text not null unique,
    kind text not null,
    first_seen text not null,
    last_seen text not null,
    -- It stands in the directory: reports go to review and never speak against it.
    guarded integer not null default 0,
    -- The case in which an official said that it belongs to a scam.
    confirmed_in integer references cases (id) on delete set null
);
create index identifiers_confirmed on identifiers (confirmed_in) where confirmed_in is not null;
create index identifiers_last_seen on identifiers (last_seen);
-- Which report names which. Who said it, who vouches, whether it is hidden or withdrawn stands in the report alone.
create table identifier_reports (
    identifier integer not null references identifiers (id) on delete cascade,
    report integer not null references reports (id) on delete cascade,
    primary key (identifier, report)
) without rowid;
create index identifier_reports_report on identifier_reports (report);

-- Who did what when. It only grows, and each row holds the hash of the one before.
create table audit (
    id integer primary key autoincrement,
    at text not null,
    actor text not null,
    act text not null,
    subject text not null,
    detail text not null default '',
    previous text not null,
    hash text not null unique
);
create index audit_subject on audit (subject);
create trigger audit_never_changes before update on audit
begin
    select raise(abort, 'the audit log only grows');
end;
create trigger audit_never_shrinks before delete on audit
begin
    select raise(abort, 'the audit log only grows');
end;

-- The last thing that a reporter was told of their case: one row each, so that nobody can be told it twice. `version` is
-- the case's at that moment: what is older is not told after what is newer.
create table notices (
    case_id integer not null references cases (id) on delete cascade,
    person text not null,
    said text not null,
    version integer not null,
    told_at text not null,
    primary key (case_id, person)
) without rowid;
create index notices_person on notices (person);

-- What was told to whom about a message, so that a changed verdict can be told to them too.
alter table sighting_sources add column given text not null default '';
alter table sighting_sources add column given_at text;
-- The wave of letters that reached them last.
alter table sighting_sources add column recalled integer;

-- Waves of letters to those who were given an old verdict; each goes on where it was left.
create table recalls (
    id integer primary key autoincrement,
    sighting integer not null references sightings (id) on delete cascade,
    case_id integer references cases (id),
    decision text not null,
    entry text,
    state text not null check (state in ('waiting', 'done')),
    told integer not null default 0,
    -- The last source that was looked at, in their order.
    after text not null default '',
    made_at text not null,
    done_at text
);
create index recalls_waiting on recalls (id) where state = 'waiting';
create index recalls_sighting on recalls (sighting);
create index recalls_case on recalls (case_id) where case_id is not null;
create index recalls_done on recalls (done_at) where state = 'done';

-- One gentle question, later: "did the bank give a case number?"
create table follow_ups (
    id integer primary key autoincrement,
    person text not null,
    kind text not null,
    language text not null,
    due_at text not null,
    state text not null check (state in ('waiting', 'sent', 'dropped')),
    answer text not null default ''
);
create index follow_ups_due on follow_ups (due_at) where state = 'waiting';
create index follow_ups_person on follow_ups (person);
create unique index follow_ups_one on follow_ups (person, kind) where state = 'waiting';
create index follow_ups_ended on follow_ups (due_at) where state <> 'waiting';

-- Somebody whose reports are hidden or who is slowed down, and why.
create table limits (
    person text primary key,
    kind text not null check (kind in ('slowed', 'blocked')),
    reason text not null,
    made_by text not null,
    made_at text not null,
    until text
);
