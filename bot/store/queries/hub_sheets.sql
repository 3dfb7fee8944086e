-- sheet_hubs --
-- Open hubs whose sheet of this week nobody has written yet.
select hubs.id, hubs.name, hubs.province from hubs
where hubs.closed_at is null and hubs.made_at < :before
  and not exists (select 1 from hub_sheets where hub_sheets.hub = hubs.id and hub_sheets.week = :week)
order by hubs.id;

-- sheet_counts --
-- What came in from a hub, by level and type, from one day up to another.
select name, key, sum(count) as count from hub_counts where hub = :hub and day >= :first and day < :next
group by name, key order by name, key;

-- sheet_reports --
-- How many reports a hub passed on in these days.
select count(*) as count from reports
where hub = :hub and hidden = 0 and state <> 'withdrawn' and reported_at >= :start and reported_at < :end;

-- sheet_answered --
-- What became of a hub's reports in these days, the newest first.
select reports.number, cases.decision from reports join cases on cases.id = reports.case_id
where reports.hub = :hub and reports.state = 'answered' and reports.answered_at >= :start and reports.answered_at < :end
order by reports.answered_at desc, reports.id desc limit :page;

-- sheet_province --
-- What people of a province reported in these days, by type.
select type, count(*) as count from reports
where reported_at >= :start and reported_at < :end and province = :province and hidden = 0 and state <> 'withdrawn'
  and type is not null
group by type order by type;

-- sheet_claim --
-- The claim on one hub's sheet of one week: of two processes, one writes it.
insert into hub_sheets (hub, week, letters, made_at) values (:hub, :week, 0, :now) on conflict (hub, week) do nothing;

-- sheet_members --
-- Who wants the sheet and can be reached.
select people.key, people.platform, people.chat, people.language
from hub_members join people on people.key = hub_members.person
where hub_members.hub = :hub and hub_members.sheet = 1 and people.unreachable_since is null and people.kind = 'private'
order by people.key;

-- sheet_letters --
-- How many it reached, for who asks.
update hub_sheets set letters = :letters where hub = :hub and week = :week;

-- sheet_old --
-- A claim is needed for its own week alone.
delete from hub_sheets where week < :before;
