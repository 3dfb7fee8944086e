-- name_identifier --
-- Known again by its keyed hash; what the directory says today of whether reports may speak against it wins.
insert into identifiers (key, kind, guarded, first_seen, last_seen) values (:key, :kind, :guarded, :now, :now)
on conflict (key) do update set guarded = excluded.guarded, last_seen = excluded.last_seen
returning id;

-- name_in_report --
-- A report names a thing once, however often its text does.
insert into identifier_reports (identifier, report) values (:identifier, :report)
on conflict (identifier, report) do nothing;

-- unname_oldest --
-- One person takes up few places among the newest voices, or could crowd out all others.
delete from identifier_reports
where identifier = :identifier and report in (
  select mine.id from reports as mine
  join identifier_reports as named on named.report = mine.id and named.identifier = :identifier
  where mine.person = (select person from reports where id = :report)
  order by mine.id desc limit 100 offset :most
);

-- identifier --
-- What a question needs to know of a thing before the voices on it are heard.
select identifiers.id, identifiers.guarded, identifiers.confirmed_in, cases.decided_entry as entry, cases.decided_at
from identifiers left join cases on cases.id = identifiers.confirmed_in
where identifiers.key = :key;

-- voices --
-- Who reported it, the newest first; browsers apart, so that no number of them crowds out people. Not heard: what is hidden or withdrawn, what an official found to be no scam, and
-- whoever says that our alarm was wrong.
select coalesce(reports.hub, reports.person) as source, reports.evidence, reports.platform, reports.reported_at
from identifier_reports as named
join reports on reports.id = named.report
left join cases on cases.id = reports.case_id
where named.identifier = :identifier and reports.hidden = 0 and reports.state <> 'withdrawn'
  and coalesce(cases.decision, '') <> 'not_a_scam'
  and not (reports.disputes = 1 and reports.level in ('known_scam', 'warning_signs'))
  and coalesce(reports.hub, reports.person) is not null
  and case when reports.platform = 'web' and reports.evidence = 'citizen' then 1 else 0 end = :browsers
order by named.report desc limit :most;

-- identifiers_of_case --
-- For officials: what a case names, and how often all reports together do. Never the thing itself.
select identifiers.kind, identifiers.guarded, identifiers.confirmed_in, max(reports.reported_at) as last_at,
  count(*) as times, count(distinct coalesce(reports.hub, reports.person)) as reporters
from identifiers
join identifier_reports as named on named.identifier = identifiers.id
join reports on reports.id = named.report and reports.hidden = 0 and reports.state <> 'withdrawn'
where identifiers.id in (
  select mine.identifier from reports join identifier_reports as mine on mine.report = reports.id where reports.case_id = :case_id
)
group by identifiers.id order by reporters desc, identifiers.id limit :most;

-- confirm_identifiers --
-- What more than half of a case's reporters name belongs to it: one who slips another's number in convicts nobody.
update identifiers set confirmed_in = :case_id
where guarded = 0 and confirmed_in is null and id in (
  select mine.identifier from reports join identifier_reports as mine on mine.report = reports.id
  where reports.case_id = :case_id and reports.hidden = 0 and reports.state <> 'withdrawn'
  group by mine.identifier
  having 2 * count(distinct coalesce(reports.hub, reports.person)) > (
    select count(distinct coalesce(others.hub, others.person)) from reports as others
    where others.case_id = :case_id and others.hidden = 0 and others.state <> 'withdrawn'
  )
);

-- release_identifiers --
-- A decision was changed: what it convicted is free again.
update identifiers set confirmed_in = null where confirmed_in = :case_id;

-- move_confirmed --
-- A case that was merged into another takes along what was found in it.
update identifiers set confirmed_in = :into_case where confirmed_in = :case_id;

-- erase_lone_of_report --
-- What only this report named, and no official found in a scam.
delete from identifiers
where confirmed_in is null and id in (select identifier from identifier_reports where report = :report)
  and not exists (
    select 1 from identifier_reports as others where others.identifier = identifiers.id and others.report <> :report
  );

-- unname_report --
-- A withdrawn report names nothing.
delete from identifier_reports where report = :report;

-- erase_lone_of_person --
-- What only this person reported, and no official found in a scam.
delete from identifiers
where confirmed_in is null and id in (
  select mine.identifier from reports join identifier_reports as mine on mine.report = reports.id where reports.person = :person
) and not exists (
  select 1 from identifier_reports as named join reports as others on others.id = named.report
  where named.identifier = identifiers.id and (others.person is null or others.person <> :person)
);

-- unname_person --
-- Nothing that stays was said by them.
delete from identifier_reports where report in (select id from reports where person = :person);

-- forget_identifiers --
-- Nobody reported it for so long: numbers change hands.
delete from identifiers where id in (select id from identifiers where last_seen < :before order by last_seen limit :page);
