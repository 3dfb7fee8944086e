-- new_people_between --
-- People who wrote to us for the first time, by platform. Who asked to be forgotten is not among them.
select platform as key, count(*) as count from people
where kind = 'private' and first_seen >= :start and first_seen < :end group by platform;

-- told_between --
-- What people told of themselves in the emergency lane and afterwards, and groups that took us in or sent us away.
select name, detail, count(*) as count from events
where name in ('emergency_kind', 'follow_up', 'group_joined', 'group_left') and at >= :start and at < :end
group by name, detail;

-- recalled_between --
-- Letters that took an older verdict back, by the day of the decision behind them.
select (select coalesce(sum(told), 0) from recalls where made_at >= :start and made_at < :end)
  + (select coalesce(sum(told), 0) from recalls_past where made_at >= :start and made_at < :end) as count;

-- hubs_open_at --
-- Hubs that had been made and not closed by a moment.
select count(*) as count from hubs where made_at < :end and (closed_at is null or closed_at >= :end);

-- hub_asked_between --
-- Messages that hubs passed on to be checked, by days of the house's calendar.
select coalesce(sum(count), 0) as count from hub_counts where name = 'level' and day >= :first and day < :next;

-- drilled_between --
-- Answers to practice messages, by months.
select answer as key, sum(count) as count from drill_totals where month >= :first and month <= :last group by answer;

-- bulletins_between --
-- Bulletins whose last letter left, by kind, with how their letters ended.
select bulletins.kind, count(distinct bulletins.id) as bulletins,
  coalesce(sum(ended.sent), 0) as sent, coalesce(sum(ended.failed), 0) as failed
from bulletins left join (
  select bulletin, sum(case when state = 'sent' then 1 else 0 end) as sent,
    sum(case when state = 'failed' then 1 else 0 end) as failed
  from deliveries
  where bulletin in (select id from bulletins where ended_at >= :start and ended_at < :end)
  group by bulletin
) as ended on ended.bulletin = bulletins.id
where bulletins.ended_at >= :start and bulletins.ended_at < :end and bulletins.state = 'sent'
group by bulletins.kind;

-- first_person --
-- Who wrote first: results of a quarter before that have nothing to tell.
select min(first_seen) as at from people where kind = 'private';
