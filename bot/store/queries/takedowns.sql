-- add_takedown --
-- A request is prepared; no row back where the same one is open already.
insert into takedowns (case_id, kind, name, way, asks, state, prepared_by, prepared_at, follows)
values (:case_id, :kind, :name, :way, :asks, 'prepared', :official, :now, :follows)
on conflict do nothing
returning id;

-- open_takedown --
-- The one that is open already.
select id from takedowns
where case_id = :case_id and kind = :kind and name = :name and way = :way
  and state in ('prepared', 'sent', 'acknowledged');

-- takedown_row --
-- One request, with what was decided on its case: of a case merged into another, on that one.
select takedowns.*, coalesce(cases.merged_into, cases.id) as now_case, decided.state as case_state, decided.decision
from takedowns join cases on cases.id = takedowns.case_id
join cases as decided on decided.id = coalesce(cases.merged_into, cases.id)
where takedowns.id = :id;

-- waiting_takedowns --
-- What is not over yet, oldest first.
select takedowns.*, coalesce(cases.merged_into, cases.id) as now_case, decided.state as case_state, decided.decision
from takedowns join cases on cases.id = takedowns.case_id
join cases as decided on decided.id = coalesce(cases.merged_into, cases.id)
where takedowns.state in ('prepared', 'sent', 'acknowledged') order by takedowns.id limit :page;

-- ended_takedowns --
-- What is over, the newest first.
select takedowns.*, coalesce(cases.merged_into, cases.id) as now_case, decided.state as case_state, decided.decision
from takedowns join cases on cases.id = takedowns.case_id
join cases as decided on decided.id = coalesce(cases.merged_into, cases.id)
where takedowns.ended_at is not null order by takedowns.ended_at desc, takedowns.id desc limit :page;

-- takedowns_of_case --
-- The requests of a case and of those merged into it, the newest first.
select takedowns.*, coalesce(cases.merged_into, cases.id) as now_case, decided.state as case_state, decided.decision
from takedowns join cases on cases.id = takedowns.case_id
join cases as decided on decided.id = coalesce(cases.merged_into, cases.id)
where cases.id = :case_id or cases.merged_into = :case_id order by takedowns.id desc limit :page;

-- change_takedown --
-- Another recipient or another wish, while it has not been sent. Whoever changes it has prepared it.
update takedowns set name = :name, way = :way, asks = :asks, prepared_by = :official, prepared_at = :now,
  version = version + 1
where id = :id and version = :version and state = 'prepared';

-- send_takedown --
-- It has left the house.
update takedowns set state = 'sent', sent_at = :at, sent_by = :official, reference = :reference, version = version + 1
where id = :id and version = :version and state = 'prepared';

-- acknowledge_takedown --
-- The recipient says that they have it.
update takedowns set state = 'acknowledged', acknowledged_at = :at,
  reference = case when :reference = '' then reference else :reference end, version = version + 1
where id = :id and version = :version and state = 'sent';

-- end_takedown --
-- They have done it, or will not; or we take it back.
update takedowns set state = :state, ended_at = :at, reason = :reason, version = version + 1
where id = :id and version = :version
  and (state in ('sent', 'acknowledged') or (state = 'prepared' and :state = 'withdrawn'));

-- add_target --
-- What is to be taken down.
insert into takedown_targets (takedown, key, kind, value) values (:takedown, :key, :kind, :value)
on conflict (takedown, key) do nothing;

-- drop_targets --
-- Before others take their place.
delete from takedown_targets where takedown = :takedown;

-- targets --
-- What a request is about, in the order in which it was named.
select key, kind, value from takedown_targets where takedown = :takedown order by id;

-- identifier_in_case --
-- Whether a case, or one merged into it, names a thing, and how often all reports together do.
select identifiers.kind, identifiers.guarded, min(reports.reported_at) as first_at, max(reports.reported_at) as last_at,
  count(*) as times, count(distinct coalesce(reports.hub, reports.person)) as reporters
from identifiers
join identifier_reports as named on named.identifier = identifiers.id
join reports on reports.id = named.report and reports.hidden = 0 and reports.state <> 'withdrawn'
where identifiers.key = :key and exists (
  select 1 from reports as mine join identifier_reports as also on also.report = mine.id
  where mine.case_id = :case_id and also.identifier = identifiers.id and mine.hidden = 0 and mine.state <> 'withdrawn'
)
group by identifiers.id, identifiers.kind, identifiers.guarded;

-- asked_of_case --
-- How often its message, and those of cases merged into it, were asked about, by how many, from when to when.
select coalesce(sum(sightings.asked), 0) as asked, coalesce(sum(sightings.people), 0) as people,
  min(sightings.first_seen) as first_seen, max(sightings.last_seen) as last_seen
from sightings
where sightings.id in (select sighting from cases where id = :case_id or merged_into = :case_id);

-- first_report_of_case --
-- When the first report came that counts.
select min(reported_at) as at from reports where case_id = :case_id and hidden = 0 and state <> 'withdrawn';

-- named_after_removal --
-- What was removed, and is reported again since: the newest of such reports, for requests that nobody has repeated yet.
select takedowns.id, max(reports.reported_at) as at
from takedowns
join takedown_targets on takedown_targets.takedown = takedowns.id
join identifiers on identifiers.key = takedown_targets.key
join identifier_reports as named on named.identifier = identifiers.id
join reports on reports.id = named.report and reports.hidden = 0 and reports.state <> 'withdrawn'
  and reports.reported_at > takedowns.ended_at
where takedowns.id in (select id from takedowns where state = 'removed' and ended_at >= :since)
  and not exists (select 1 from takedowns as later where later.follows = takedowns.id)
group by takedowns.id;

-- asked_after_removal --
-- The same where only its message was asked about again.
select takedowns.id, max(sightings.last_seen) as at
from takedowns
join cases on cases.id = takedowns.case_id
join sightings on sightings.id = cases.sighting and sightings.last_seen > takedowns.ended_at
where takedowns.id in (select id from takedowns where state = 'removed' and ended_at >= :since)
  and not exists (select 1 from takedowns as later where later.follows = takedowns.id)
group by takedowns.id;

-- repeated_by --
-- The request that repeats this one.
select id from takedowns where follows = :id;

-- takedown_history --
-- What was done with it.
select id, at, actor, act, subject, detail, hash from audit where subject = :subject order by id;

-- takedowns_between --
-- What was sent between two moments and what became of it, for times and results.
select kind, state, sent_at, acknowledged_at, ended_at from takedowns where sent_at >= :start and sent_at < :end;

-- empty_targets --
-- Long after the end nobody has to be asked again: numbers, accounts and ids go; the name of a website stays.
update takedown_targets set value = '' where id in (
  select takedown_targets.id
  from takedowns join takedown_targets on takedown_targets.takedown = takedowns.id
  where takedowns.ended_at is not null and takedowns.ended_at < :before
    and takedown_targets.value <> '' and takedown_targets.kind <> 'domain'
  limit :page
);

-- sealed_takedown_targets --
-- What requests are about, to be sealed anew after SECRET_KEY has changed.
select id, value as body from takedown_targets where id > :after and value <> '' order by id limit :page;

-- reseal_takedown_targets --
-- One of them under the newest key.
update takedown_targets set value = :body where id = :id and value = :before;
