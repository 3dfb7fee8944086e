-- Figures by day of the house's calendar, so that a month is added up from some thousand rows instead of some million.
-- `area` is the table they were counted in. They stay when what was counted is gone.
create table figures (
    area text not null check (area in ('events', 'reports', 'letters', 'cases')),
    day text not null,
    name text not null,
    dimension text not null default '',
    key text not null default '',
    count integer not null,
    primary key (day, area, name, dimension, key)
) without rowid;

create index figures_totals on figures (day, area, name, count) where dimension = '';

-- Hours (in UTC, as in "2026-10-31T17") in which there is anything, and how often it was changed: `marks` counts up, so that
-- no change is overlooked while a day is being counted, and is negative while nothing has changed since then.
create table figures_hours (
    area text not null,
    hour text not null,
    marks integer not null default 1,
    primary key (hour, area)
) without rowid;
create index figures_hours_stale on figures_hours (hour, area, marks) where marks > 0;

-- A month's reports are counted from these indexes alone.
create index reports_figures on reports (
    reported_at, hidden, state, came_by, province, loss, platform, hub, disputes, person
);
create index outbox_answers on outbox (received_at, state, sent_at, reason, platform)
where answers is not null and state in ('sent', 'failed');
-- Most messages are new to one person a day; those that are new to more may be rising.
create index sighting_days_rising on sighting_days (day, sighting) where people >= 2;
create index cases_promised on cases (promised_at, state, decided_at, reporters);

create trigger events_counted after insert on events
begin
    insert into figures_hours (area, hour) values ('events', substr(new.at, 1, 13))
    on conflict (hour, area) do update set marks = abs(figures_hours.marks) + 1;
end;

create trigger reports_counted after insert on reports
begin
    insert into figures_hours (area, hour) values ('reports', substr(new.reported_at, 1, 13))
    on conflict (hour, area) do update set marks = abs(figures_hours.marks) + 1;
end;

create trigger reports_recounted
after update of hidden, state, came_by, province, loss, hub, disputes, reported_at, person on reports
when old.hidden <> new.hidden or (old.state = 'withdrawn') <> (new.state = 'withdrawn') or old.came_by <> new.came_by
    or old.province <> new.province or old.loss <> new.loss or coalesce(old.hub, '') <> coalesce(new.hub, '')
    or old.disputes <> new.disputes or old.reported_at <> new.reported_at
    or coalesce(old.person, '') <> coalesce(new.person, '')
begin
    insert into figures_hours (area, hour)
    select 'reports', hour
    from (select substr(old.reported_at, 1, 13) as hour union select substr(new.reported_at, 1, 13) as hour) as hours
    where hour <> ''
    on conflict (hour, area) do update set marks = abs(figures_hours.marks) + 1;
end;

create trigger reports_uncounted after delete on reports
begin
    insert into figures_hours (area, hour) values ('reports', substr(old.reported_at, 1, 13))
    on conflict (hour, area) do update set marks = abs(figures_hours.marks) + 1;
end;

-- Letters are removed some weeks after they ended: only their ending counts, never their removal.
create trigger letters_counted after update of state on outbox
when new.answers is not null and new.state <> old.state and new.state in ('sent', 'failed')
begin
    insert into figures_hours (area, hour) values ('letters', substr(new.received_at, 1, 13))
    on conflict (hour, area) do update set marks = abs(figures_hours.marks) + 1;
end;

create trigger letters_counted_at_once after insert on outbox
when new.answers is not null and new.state in ('sent', 'failed')
begin
    insert into figures_hours (area, hour) values ('letters', substr(new.received_at, 1, 13))
    on conflict (hour, area) do update set marks = abs(figures_hours.marks) + 1;
end;

create trigger cases_counted after insert on cases when new.decided_at is not null
begin
    insert into figures_hours (area, hour) values ('cases', substr(new.decided_at, 1, 13))
    on conflict (hour, area) do update set marks = abs(figures_hours.marks) + 1;
end;

create trigger cases_recounted after update of decided_at, decision, state, level, opened_at, promised_at, disputed on cases
when coalesce(old.decided_at, '') <> '' or coalesce(new.decided_at, '') <> ''
begin
    insert into figures_hours (area, hour)
    select 'cases', hour
    from (
      select substr(coalesce(old.decided_at, ''), 1, 13) as hour
      union select substr(coalesce(new.decided_at, ''), 1, 13) as hour
    ) as hours
    where hour <> ''
    on conflict (hour, area) do update set marks = abs(figures_hours.marks) + 1;
end;

-- What was there before the first counting.
insert into figures_hours (area, hour) select distinct 'events', substr(at, 1, 13) from events;
insert into figures_hours (area, hour) select distinct 'reports', substr(reported_at, 1, 13) from reports;
insert into figures_hours (area, hour)
select distinct 'letters', substr(received_at, 1, 13) from outbox where answers is not null and state in ('sent', 'failed');
insert into figures_hours (area, hour)
select distinct 'cases', substr(decided_at, 1, 13) from cases where decided_at is not null;
