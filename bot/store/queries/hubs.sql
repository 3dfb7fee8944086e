-- add_hub --
-- One name, one hub, however it is written.
insert into hubs (name, name_key, place, province, hours, languages, escalation, made_by, made_at)
values (:name, :name_key, :place, :province, :hours, :languages, :escalation, :made_by, :now)
on conflict (name_key) do nothing
returning id;

-- hub_named --
-- A hub by its name, open or closed.
select id, name, place, province, hours, languages, escalation, closed_at from hubs where name_key = :name_key;

-- hub --
-- A hub by its number.
select id, name, place, province, hours, languages, escalation, closed_at from hubs where id = :id;

-- hubs --
-- Every hub with its members, the open ones first; there are some hundred.
select hubs.id, hubs.name, hubs.place, hubs.province, hubs.hours, hubs.languages, hubs.escalation, hubs.made_at, hubs.closed_at,
  (select count(*) from hub_members where hub_members.hub = hubs.id) as members
from hubs order by case when hubs.closed_at is null then 0 else 1 end, hubs.name;

-- edit_hub --
-- What officials know better now.
update hubs set place = :place, province = :province, hours = :hours, languages = :languages, escalation = :escalation
where id = :id;

-- close_hub --
-- Its reports and figures stay under its name.
update hubs set closed_at = :now where id = :id and closed_at is null;

-- part_from_hub --
-- A closed hub has no members.
delete from hub_members where hub = :hub;

-- end_hub_codes --
-- And nobody joins it any more.
delete from hub_codes where hub = :hub;

-- add_hub_code --
-- The hash alone: the code is shown once.
insert into hub_codes (hash, hub, role, made_at, until) values (:hash, :hub, :role, :now, :until);

-- hub_of_code --
-- What a code opens, while it holds.
select hubs.id, hubs.name, hubs.place, hubs.province, hubs.hours, hubs.languages, hubs.escalation, hub_codes.role
from hub_codes join hubs on hubs.id = hub_codes.hub
where hub_codes.hash = :hash and hub_codes.until > :now and hubs.closed_at is null;

-- join_hub --
-- One hub a person: the newest wins, and who was at another leaves it.
insert into hub_members (person, hub, role, joined_at) values (:person, :hub, :role, :now)
on conflict (person) do update set hub = excluded.hub, role = excluded.role, joined_at = excluded.joined_at;

-- leave_hub --
-- At once, by the person's own word.
delete from hub_members where person = :person;

-- want_sheet --
-- The weekly sheet on or off.
update hub_members set sheet = :sheet where person = :person;

-- hub_of_person --
-- Where somebody belongs, and as what.
select hubs.id, hubs.name, hubs.place, hubs.province, hubs.hours, hubs.languages, hubs.escalation, hub_members.role,
  hub_members.sheet
from hub_members join hubs on hubs.id = hub_members.hub
where hub_members.person = :person and hubs.closed_at is null;

-- hub_tries --
-- Wrong codes typed by one person.
select failures, last_at from hub_tries where person = :person;

-- note_hub_try --
-- One more; yesterday's do not count.
insert into hub_tries (person, failures, last_at) values (:person, 1, :now)
on conflict (person) do update set last_at = excluded.last_at,
  failures = case when hub_tries.last_at < :since then 1 else hub_tries.failures + 1 end;

-- forget_hub_tries --
-- Whoever is forgotten is forgotten here too.
delete from hub_tries where person = :person;

-- remove_hub_tries --
-- After a day they count for nothing.
delete from hub_tries where person in (select person from hub_tries where last_at < :before order by last_at limit :page);

-- remove_hub_codes --
-- A code that has ended opens nothing.
delete from hub_codes where hash in (select hash from hub_codes where until < :before order by until limit :page);

-- count_hub --
-- What came in from a hub, without a word and without a person.
insert into hub_counts (hub, day, name, key, count) values (:hub, :day, :name, :key, 1)
on conflict (hub, day, name, key) do update set count = hub_counts.count + 1;

-- hub_week --
-- A hub's figures since a day.
select name, key, sum(count) as count from hub_counts where hub = :hub and day >= :since group by name, key order by name, key;

-- add_hub_table --
-- Kept for a day, so that it can be had as a file.
insert into hub_tables (person, hub, body, messages, made_at, until) values (:person, :hub, :body, :messages, :now, :until)
returning id;

-- hub_table --
-- One table, while it is kept.
select id, person, hub, body, opened from hub_tables where id = :id and until > :now;

-- open_hub_table --
-- The claim on making cases of it: a second tap finds nothing to do.
update hub_tables set opened = 1 where id = :id and person = :person and until > :now and opened = 0;

-- remove_hub_tables --
-- After a day nobody needs them any more.
delete from hub_tables where id in (select id from hub_tables where until < :before order by until limit :page);

-- post_progress --
-- The one line that many messages are being looked at: by the row of the first of them, so that whoever takes them up again
-- does not say it a second time.
insert into outbox (answers, platform, chat, person, body, retry_key, received_at, due_at, state, shard)
values (:answers, :platform, :chat, :person, :body, :retry_key, :received_at, :due_at, 'waiting', :shard)
on conflict (answers) do nothing
returning id;

-- hub_open_cases --
-- The cases that a hub's own reports are in and that nobody has answered yet, the most urgent first.
select cases.id, cases.state, cases.promised_at, cases.type, cases.reporters, count(reports.id) as reports
from reports join cases on cases.id = reports.case_id
where reports.hub = :hub and reports.state <> 'withdrawn' and cases.state in ('received', 'in_review')
group by cases.id, cases.state, cases.promised_at, cases.type, cases.reporters
order by cases.promised_at limit :page;
