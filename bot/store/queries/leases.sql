-- note_process --
-- Still here, by the database's clock. Whoever was forgotten meanwhile is known again.
insert into processes (id, name, started_at, seen_at, connection)
values (:process, :name, :now, julianday('now') * 86400.0, 0 /* on PostgreSQL: + pg_backend_pid() */)
on conflict (id) do update set seen_at = excluded.seen_at, connection = excluded.connection;

-- supersede_processes --
-- Two cannot listen at one address: whoever did so before us has ended.
update processes set seen_at = 0 where name = :name and id <> :process;

-- living_processes --
-- How many share the work: heard of within the lease, and connected, or just heard of.
select count(*) as living from processes
where seen_at > julianday('now') * 86400.0 - :lease
  and (seen_at > julianday('now') * 86400.0 - :gone
    /* on PostgreSQL: or exists (select 1 from pg_stat_activity where pid = processes.connection) */);

-- my_shards --
-- Whose answers are ours, and since which change of hands.
select shard, epoch from shards where holder = :process order by shard;

-- free_shards --
-- Nobody's, or those of a process that is not among the living. What another is taking at this moment is left to it.
select shard from shards
where holder = '' or holder not in (
  select id from processes
  where seen_at > julianday('now') * 86400.0 - :lease
    and (seen_at > julianday('now') * 86400.0 - :gone
      /* on PostgreSQL: or exists (select 1 from pg_stat_activity where pid = processes.connection) */)
)
order by shard limit :most /* on PostgreSQL: for update skip locked */;

-- take_shard --
-- From now on nobody else writes for its people.
update shards set holder = :process, epoch = epoch + 1 where shard = :shard returning epoch;

-- let_go_of_shard --
-- Free for whoever has fewer.
update shards set holder = '' where shard = :shard and holder = :process;

-- let_go_of_all --
-- At the end of a process.
update shards set holder = '' where holder = :process;

-- hold_shard --
-- The fence: whoever lost a shard finds nothing here. Who finds it keeps others from taking it until the unit is written.
select shard from shards
where shard = :shard and holder = :process and epoch = :epoch /* on PostgreSQL: for share */;

-- leave_processes --
-- At the end of a process.
delete from processes where id = :process;

-- forget_processes --
-- Who has been silent for so long was switched off, not slow.
delete from processes where seen_at < julianday('now') * 86400.0 - :long;
