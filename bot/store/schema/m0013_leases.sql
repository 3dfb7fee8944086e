-- Several processes may answer from one database. Everybody who writes belongs to one of 64 shards, by their chat; one
-- process at a time holds a shard and answers its people in order. `epoch` counts how often a shard changed hands: whoever
-- held it before and does not know writes nothing any more.
create table shards (
    shard integer primary key,
    holder text not null default '',
    epoch integer not null default 0
);

with recursive numbers (number) as (select 0 union all select number + 1 from numbers where number < 63)
insert into shards (shard) select number from numbers;

-- Who answers. `seen_at` is in seconds of the database's own clock, so that a machine whose clock jumps harms nobody;
-- `connection` is by what number the server knows it, so that one that has ended is known sooner than one that is silent.
create table processes (
    id text primary key,
    name text not null,
    started_at text not null,
    seen_at real not null,
    connection integer not null
);

-- `urgency`: 0 somebody in need, 1 as ever, 2 the many forwards of a hub.
alter table inbox add column shard integer not null default 0;
alter table inbox add column urgency integer not null default 1;
alter table outbox add column shard integer not null default 0;

drop index inbox_waiting;
create index inbox_waiting on inbox (urgency, id, shard, received_at) where done_at is null;
create index inbox_waiting_person on inbox (person, urgency, id) where done_at is null;

-- An hour's marks in as many rows as there are writers at once: two processes that count in the same hour never wait for
-- one another.
drop trigger events_counted;
drop trigger reports_counted;
drop trigger reports_recounted;
drop trigger reports_uncounted;
drop trigger letters_counted;
drop trigger letters_counted_at_once;
drop trigger cases_counted;
drop trigger cases_recounted;

drop index figures_hours_stale;
alter table figures_hours rename to figures_hours_of_one;
create table figures_hours (
    area text not null,
    hour text not null,
    writer integer not null default 0,
    marks integer not null default 1,
    primary key (hour, area, writer)
) without rowid;
insert into figures_hours (area, hour, marks) select area, hour, marks from figures_hours_of_one;
drop table figures_hours_of_one;
create index figures_hours_stale on figures_hours (hour, area, writer, marks) where marks > 0;

create trigger events_counted after insert on events
begin
    insert into figures_hours (area, hour, writer)
    values ('events', substr(new.at, 1, 13), 0 /* on PostgreSQL: + pg_backend_pid() % 16 */)
    on conflict (hour, area, writer) do update set marks = abs(figures_hours.marks) + 1;
end;

create trigger reports_counted after insert on reports
begin
    insert into figures_hours (area, hour, writer)
    values ('reports', substr(new.reported_at, 1, 13), 0 /* on PostgreSQL: + pg_backend_pid() % 16 */)
    on conflict (hour, area, writer) do update set marks = abs(figures_hours.marks) + 1;
end;

create trigger reports_recounted
after update of hidden, state, came_by, province, loss, hub, disputes, reported_at, person on reports
when old.hidden <> new.hidden or (old.state = 'withdrawn') <> (new.state = 'withdrawn') or old.came_by <> new.came_by
    or old.province <> new.province or old.loss <> new.loss or coalesce(old.hub, '') <> coalesce(new.hub, '')
    or old.disputes <> new.disputes or old.reported_at <> new.reported_at
    or coalesce(old.person, '') <> coalesce(new.person, '')
begin
    insert into figures_hours (area, hour, writer)
    select 'reports', hour, 0 /* on PostgreSQL: + pg_backend_pid() % 16 */
    from (select substr(old.reported_at, 1, 13) as hour union select substr(new.reported_at, 1, 13) as hour) as hours
    where hour <> ''
    on conflict (hour, area, writer) do update set marks = abs(figures_hours.marks) + 1;
end;

create trigger reports_uncounted after delete on reports
begin
    insert into figures_hours (area, hour, writer)
    values ('reports', substr(old.reported_at, 1, 13), 0 /* on PostgreSQL: + pg_backend_pid() % 16 */)
    on conflict (hour, area, writer) do update set marks = abs(figures_hours.marks) + 1;
end;

create trigger letters_counted after update of state on outbox
when new.answers is not null and new.state <> old.state and new.state in ('sent', 'failed')
begin
    insert into figures_hours (area, hour, writer)
    values ('letters', substr(new.received_at, 1, 13), 0 /* on PostgreSQL: + pg_backend_pid() % 16 */)
    on conflict (hour, area, writer) do update set marks = abs(figures_hours.marks) + 1;
end;

create trigger letters_counted_at_once after insert on outbox
when new.answers is not null and new.state in ('sent', 'failed')
begin
    insert into figures_hours (area, hour, writer)
    values ('letters', substr(new.received_at, 1, 13), 0 /* on PostgreSQL: + pg_backend_pid() % 16 */)
    on conflict (hour, area, writer) do update set marks = abs(figures_hours.marks) + 1;
end;

create trigger cases_counted after insert on cases when new.decided_at is not null
begin
    insert into figures_hours (area, hour, writer)
    values ('cases', substr(new.decided_at, 1, 13), 0 /* on PostgreSQL: + pg_backend_pid() % 16 */)
    on conflict (hour, area, writer) do update set marks = abs(figures_hours.marks) + 1;
end;

create trigger cases_recounted after update of decided_at, decision, state, level, opened_at, promised_at, disputed on cases
when coalesce(old.decided_at, '') <> '' or coalesce(new.decided_at, '') <> ''
begin
    insert into figures_hours (area, hour, writer)
    select 'cases', hour, 0 /* on PostgreSQL: + pg_backend_pid() % 16 */
    from (
      select substr(coalesce(old.decided_at, ''), 1, 13) as hour
      union select substr(coalesce(new.decided_at, ''), 1, 13) as hour
    ) as hours
    where hour <> ''
    on conflict (hour, area, writer) do update set marks = abs(figures_hours.marks) + 1;
end;
