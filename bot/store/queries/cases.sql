-- report --
-- A report as officials will read it.
insert into reports (number, person, platform, text, came_by, language, level, type, entry, state, reported_at,
  case_id, evidence, hub, disputes, hidden, promised_at)
values (:number, :person, :platform, :text, '', :language, :level, :type, :entry, :state, :reported_at,
  :case_id, :evidence, :hub, :disputes, :hidden, :promised_at)
returning id;

-- cases --
-- A person's own reports, newest first. What was decided shows on those that were answered.
select reports.number, reports.state, reports.reported_at, reports.promised_at,
  cases.decision, cases.decided_entry
from reports left join cases on cases.id = reports.case_id
where reports.person = :person order by reports.id desc;

-- case_of_sighting --
-- The case of a message known by its fingerprint; the newest where two were never merged.
select id, state, decision, promised_at, merged_into from cases where sighting = :sighting order by id desc limit 1;

-- case_of_text --
-- The case of a message too short for a fingerprint.
select id, state, decision, promised_at, merged_into from cases where text_key = :text_key order by id desc limit 1;

-- case_state --
-- Where a case stands, for a report that joins it.
select id, state, decision, promised_at, merged_into from cases where id = :id;

-- open_case --
-- Nobody reported this before.
insert into cases (state, sighting, text_key, level, type, entry, opened_at, last_report_at, promised_at)
values ('received', :sighting, :text_key, :level, :type, :entry, :now, :now, :promised_at)
returning id;

-- reopen_case --
-- Somebody brings what was not known, or says that the answer is wrong; what officials see is no longer what was decided on.
update cases set state = 'received', promised_at = :promised_at, version = version + 1 where id = :id;

-- own_in_case --
-- What of one person counts in a case already.
select evidence from reports where case_id = :case_id and person = :person and hidden = 0 and state <> 'withdrawn';

-- join_case --
-- One more report; different people count once.
update cases set reports = reports + 1, reporters = reporters + :reporters, weight = weight + :weight,
  disputed = case when :disputed = 1 then 1 else disputed end, guarded = case when :guarded = 1 then 1 else guarded end,
  text_key = coalesce(text_key, :text_key), last_report_at = :now
where id = :id;

-- tell_case --
-- Somebody is to be told where it stands.
update cases set telling = 1 where id = :id;

-- counted_reports --
-- All that counts in a case.
select person, evidence, platform, disputes from reports
where case_id = :case_id and hidden = 0 and state <> 'withdrawn';

-- recount_case --
-- After a report has left it or others have come to it. Who gave the words alone takes their hash along.
update cases set reports = :reports, reporters = :reporters, weight = :weight, disputed = :disputed,
  text_key = case when :reporters = 0 then null else text_key end
where id = :id;

-- details --
-- What its reporter tells of a report afterwards; what they do not say stays.
update reports set came_by = coalesce(:came_by, came_by), loss = coalesce(:loss, loss),
  province = coalesce(:province, province), note = coalesce(:note, note)
where number = :number and person = :person and state <> 'withdrawn' and text <> '';

-- own_report --
-- A report by its number, for the one who made it.
select id, case_id from reports where number = :number and person = :person and state <> 'withdrawn';

-- withdraw --
-- Its words go at once; that it was there, and by whom, stays, so that its reporter sees that it is withdrawn.
update reports set state = 'withdrawn', text = '', note = '', loss = '', province = '' where id = :id;

-- cases_of_person --
-- Where somebody's leaving is felt.
select distinct case_id from reports where person = :person and case_id is not null;

-- erase_reports --
-- That there was a report of this kind stays; its words and whose it was do not.
update reports set person = null, text = '', note = '', province = '' where person = :person;

-- erase_notices --
-- Nor what they were told.
delete from notices where person = :person;

-- erase_follow_ups --
-- Nor what we meant to ask them.
delete from follow_ups where person = :person;

-- open_by_promise --
-- The queue: what is overdue comes first by itself. The order is that of its index.
select cases.*, (
  select substr(reports.text, 1, 120) from reports
  where reports.case_id = cases.id and reports.hidden = 0 and reports.text <> '' order by reports.id desc limit 1
) as start
from cases
where state in ('received', 'in_review') and reporters > 0 and state in (:one, :other) and disputed >= :disputed
  and promised_at < :before
order by promised_at, state, disputed, reporters, id limit :size offset :skip;

-- open_by_weight --
-- The queue, by how much stands behind a case.
select cases.*, (
  select substr(reports.text, 1, 120) from reports
  where reports.case_id = cases.id and reports.hidden = 0 and reports.text <> '' order by reports.id desc limit 1
) as start
from cases
where state in ('received', 'in_review') and reporters > 0 and state in (:one, :other) and disputed >= :disputed
  and promised_at < :before
order by weight desc, disputed desc, state desc, id desc limit :size offset :skip;

-- open_by_growth --
-- The queue, by how many people asked about it in the last days.
select cases.*, (
  select substr(reports.text, 1, 120) from reports
  where reports.case_id = cases.id and reports.hidden = 0 and reports.text <> '' order by reports.id desc limit 1
) as start
from cases
where state in ('received', 'in_review') and reporters > 0 and state in (:one, :other) and disputed >= :disputed
  and promised_at < :before
order by growth desc, disputed desc, state desc, id desc limit :size offset :skip;

-- open_by_newest --
-- The queue, by the last report.
select cases.*, (
  select substr(reports.text, 1, 120) from reports
  where reports.case_id = cases.id and reports.hidden = 0 and reports.text <> '' order by reports.id desc limit 1
) as start
from cases
where state in ('received', 'in_review') and reporters > 0 and state in (:one, :other) and disputed >= :disputed
  and promised_at < :before
order by last_report_at desc, disputed desc, state desc, id desc limit :size offset :skip;

-- count_open --
-- How many stand in the queue, or how many are overdue: without another condition the index alone answers.
select count(*) as cases from cases
where state in ('received', 'in_review') and reporters > 0 and promised_at < :before;

-- count_state --
-- The same for those that wait, or those that are looked at.
select count(*) as cases from cases
where state in ('received', 'in_review') and reporters > 0 and state = :state and promised_at < :before;

-- count_disputed --
-- The same for those of which somebody says that our answer was wrong.
select count(*) as cases from cases
where state in ('received', 'in_review') and reporters > 0 and disputed = 1 and promised_at < :before;

-- answered_cases --
-- What was decided, the newest decision first.
select cases.*, (
  select substr(reports.text, 1, 120) from reports
  where reports.case_id = cases.id and reports.hidden = 0 and reports.text <> '' order by reports.id desc limit 1
) as start
from cases where state = 'answered'
order by decided_at desc, id desc limit :size offset :skip;

-- count_answered --
-- How many were decided.
select count(*) as cases from cases where state = 'answered';

-- all_cases --
-- Everything, the newest report first.
select cases.*, (
  select substr(reports.text, 1, 120) from reports
  where reports.case_id = cases.id and reports.hidden = 0 and reports.text <> '' order by reports.id desc limit 1
) as start
from cases where state <> 'merged'
order by last_report_at desc, id desc limit :size offset :skip;

-- count_all_cases --
-- How many there are. Of two indexes, for to look into each row would take ten times as long.
select (select count(*) from cases) - (select count(*) from cases where merged_into is not null) as cases;

-- case_row --
-- One case as the queue shows it.
select cases.*, (
  select substr(reports.text, 1, 120) from reports
  where reports.case_id = cases.id and reports.hidden = 0 and reports.text <> '' order by reports.id desc limit 1
) as start
from cases where id = :id;

-- case_reports --
-- What people reported, in the order they did; the newest of a case that thousands reported.
select reports.id, number, reports.person, text, note, came_by, loss, province, platform, language, evidence, reported_at,
  state, hidden, disputes, limits.kind as limited
from reports left join limits on limits.person = reports.person and (limits.until is null or limits.until > :now)
where case_id = :case_id order by reports.id desc limit :page;

-- case_days --
-- How many asked about its message, by day.
select day, asked, people from sighting_days where sighting = :sighting order by day desc limit :page;

-- case_near --
-- Cases whose message shares letters with this one's.
select id from cases where sighting = :sighting and state <> 'merged' and id <> :id;

-- sighting_signature --
-- By which near ones are looked for.
select id, signature from sightings where id = :id;

-- case_history --
-- What was done with it.
select id, at, actor, act, subject, detail, hash from audit where subject = :subject order by id;

-- count_decided --
-- What was decided since a moment.
select count(*) as decided from cases where decided_at >= :since;

-- count_reported --
-- What was reported since a moment.
select count(*) as reported from reports where reported_at >= :since;

-- take_case --
-- An official looks at it from now on.
update cases set state = 'in_review', version = version + 1, telling = 1 where id = :id and state = 'received';

-- reports_taken --
-- Their reporters see it.
update reports set state = 'in_review' where case_id = :case_id and state = 'received';

-- decide_case --
-- An official's decision; nothing where somebody else has changed the case since.
update cases set state = 'answered', decision = :decision, decided_type = :type, decided_entry = :entry,
  decided_by = :official, decided_at = :now, remark = :remark, version = version + 1, telling = 1
where id = :id and version = :version and state <> 'merged';

-- reports_answered --
-- Every report of it is answered by that.
update reports set state = 'answered', answered_at = coalesce(answered_at, :now)
where case_id = :case_id and state <> 'withdrawn';

-- merge_case --
-- Two cases of one trick; what comes later goes to the other.
update cases set state = 'merged', merged_into = :into, version = version + 1, telling = 0, reports = 0, reporters = 0,
  weight = 0
where id = :id and version = :version and state <> 'merged';

-- merged_before --
-- What was merged into this one earlier goes along.
update cases set merged_into = :into where merged_into = :id;

-- merge_reports --
-- Its reports go along.
update reports set case_id = :into where case_id = :id;

-- merge_notices --
-- And what their reporters were told, where the other case has told them nothing.
insert into notices (case_id, person, said, version, told_at)
select :into, person, said, 0, told_at from notices where case_id = :id
on conflict (case_id, person) do nothing;

-- remove_notices --
-- A merged case tells nobody anything.
delete from notices where case_id = :id;

-- merge_into --
-- The other case has changed too, and was promised for the earlier of the two days.
update cases set version = version + 1, telling = 1,
  promised_at = case when promised_at > :promised_at then :promised_at else promised_at end,
  opened_at = case when opened_at > :opened_at then :opened_at else opened_at end,
  last_report_at = case when last_report_at < :last_report_at then :last_report_at else last_report_at end,
  guarded = case when :guarded = 1 then 1 else guarded end
where id = :id;

-- sightings_of_case --
-- Its message, and those of the cases merged into it.
select distinct sighting from cases where (id = :id or merged_into = :id) and sighting is not null;

-- report_of_case --
-- Who made a report: for one act of an official, never shown.
select id, person from reports where case_id = :case_id and number = :number;

-- hide_reports --
-- Everything of one spammer in one step.
update reports set hidden = 1 where person = :person and hidden = 0;

-- hide_report --
-- A report whose reporter is not known any more.
update reports set hidden = 1 where id = :id and hidden = 0;

-- show_reports --
-- It was a mistake: what counted before counts again. What came in while they were blocked was never in a case.
update reports set hidden = 0 where person = :person and hidden = 1 and case_id is not null;

-- show_report --
-- The same for a report whose reporter is not known any more.
update reports set hidden = 0 where id = :id and hidden = 1;

-- touch_case --
-- Its reports have changed by an official's act.
update cases set version = version + 1 where id = :id;

-- grow_cases --
-- A message was asked about again: how many were new to it in the last days. Indexed: mostly it has no case.
update cases set grown_on = :day, growth = (
  select coalesce(sum(days.people), 0) from sighting_days as days where days.sighting = :sighting and days.day >= :recent
)
where sighting = :sighting and state <> 'merged';

-- shrink_cases --
-- Yesterday's growth is no longer today's.
update cases set grown_on = :day, growth = (
  select coalesce(sum(days.people), 0) from sighting_days as days
  where days.sighting = cases.sighting and days.day >= :recent
)
where id in (select id from cases where growth > 0 and grown_on < :day order by grown_on limit :page);

-- remove_report_texts --
-- Past the days of retention only the count stays.
update reports set text = '', note = ''
where id in (select id from reports where reported_at < :before and text <> '' order by reported_at limit :page);

-- remove_text_keys --
-- By what short messages were known goes with their words.
update cases set text_key = null
where id in (
  select id from cases where text_key is not null and last_report_at < :before order by last_report_at limit :page
);

-- remove_follow_ups --
-- Asked, answered, over.
delete from follow_ups where id in (
  select id from follow_ups where state <> 'waiting' and due_at < :before order by due_at limit :page
);

-- remove_recalls --
-- Who was told stands with the sighting; the wave itself is over.
delete from recalls where id in (
  select id from recalls where state = 'done' and done_at < :before order by done_at limit :page
);

-- export_reports --
-- In pages, so that no read holds the log while a file is written.
select reports.id, reports.number, reports.reported_at, reports.state, reports.type, reports.entry, reports.level,
  reports.came_by, reports.language, reports.platform, reports.case_id, reports.loss, reports.province, reports.evidence,
  reports.disputes, reports.hidden, cases.decision, cases.decided_entry, reports.text, reports.note
from reports left join cases on cases.id = reports.case_id
where reports.id > :after order by reports.id limit :page;

-- telling_cases --
-- Cases of which somebody is still to be told.
select id, state, version, decision, decided_entry, remark from cases where telling = 1 order by id limit :page;

-- untold_reporters --
-- Who has not heard the newest of a case. Where one person reported twice, their newest number is named.
select newest.person, newest.number, newest.reported_at, coalesce(people.language, newest.language) as language
from (
  select max(mine.id) as id from reports as mine
  left join notices on notices.case_id = mine.case_id and notices.person = mine.person
  where mine.case_id = :case_id and mine.person is not null and mine.hidden = 0 and mine.state = :state
    and (notices.said is null or (notices.said <> :said and notices.version < :version))
  group by mine.person
) as untold join reports as newest on newest.id = untold.id left join people on people.key = newest.person
order by newest.id limit :page;

-- told_all --
-- Nobody is left to be told of this case.
update cases set telling = 0 where id = :id;

-- tell_reporter --
-- The claim on one letter: whoever has been told the same, or something newer, is not told.
insert into notices (case_id, person, said, version, told_at) values (:case_id, :person, :said, :version, :now)
on conflict (case_id, person) do update
set said = excluded.said, version = excluded.version, told_at = excluded.told_at
where notices.said <> excluded.said and notices.version < excluded.version;

-- reachable --
-- Where to write to somebody alone; nobody for whom we have no chat of their own, or who blocked us.
select platform, chat, language from people where key = :key and kind = 'private' and unreachable_since is null;

-- begin_recall --
-- Those who were told otherwise about this message are to be told.
insert into recalls (sighting, case_id, decision, entry, state, words, made_at)
values (:sighting, :case_id, :decision, :entry, 'waiting', :words, :now);

-- recent_recall --
-- Whether a wave about this message began since then, whoever began it.
select id from recalls where sighting = :sighting and made_at >= :since limit 1;

-- end_recalls --
-- A newer decision takes the place of what is still going out.
update recalls set state = 'done', done_at = :now, words = '' where case_id = :case_id and state = 'waiting';

-- end_recalls_of_sighting --
-- An official's word takes the place of what our own verdict began.
update recalls set state = 'done', done_at = :now, words = ''
where sighting = :sighting and case_id is null and state = 'waiting';

-- waiting_recall --
-- The wave that is going out.
select id, sighting, case_id, decision, entry, after, words, made_at from recalls where state = 'waiting' order by id limit 1;

-- recall_page --
-- The next who asked about it, in the order of their keys; those who reported it hear of their case instead, and who
-- asked about two messages of one case hears once.
select sources.source, sources.given, sources.given_at, people.language
from sighting_sources as sources join people on people.key = sources.source
where sources.sighting = :sighting and sources.source > :after and sources.kind = 'person'
  and sources.given_at >= :since and (sources.recalled is null or sources.recalled <> :id)
  and (:words = '' or sources.words = :words)
  and people.unreachable_since is null and not exists (
    select 1 from reports
    where reports.case_id = :case_id and reports.person = sources.source and reports.state <> 'withdrawn'
  ) and not exists (
    select 1 from sighting_sources as other join recalls as told on told.id = other.recalled
    where other.source = sources.source and told.case_id = :case_id and told.made_at = :made_at
  )
order by sources.source limit :page;

-- advance_recall --
-- The claim on a page: of two processes only one finds the wave where it was.
update recalls set after = :last, told = told + :told where id = :id and state = 'waiting' and after = :after;

-- recall_source --
-- The claim on one letter. From now on this is what they were told.
update sighting_sources set recalled = :id, given = :given, given_at = :now
where sighting = :sighting and source = :source and (recalled is null or recalled <> :id);

-- finish_recall --
-- Everybody has been looked at, and the hash of their words is needed no more.
update recalls set state = 'done', done_at = :now, words = '' where id = :id and state = 'waiting' and after = :after;

-- plan_follow_up --
-- A gentle question for later; a newer one of its kind takes its place.
insert into follow_ups (person, kind, language, due_at, state) values (:person, :kind, :language, :due_at, 'waiting')
on conflict (person, kind) where state = 'waiting' do update set language = excluded.language, due_at = excluded.due_at;

-- due_follow_ups --
-- What is to be asked now.
select id, person, kind, language, due_at from follow_ups where state = 'waiting' and due_at <= :now order by due_at, id
limit :page;

-- claim_follow_up --
-- The claim on one question: it is asked once, whoever looks.
update follow_ups set state = 'sent' where id = :id and state = 'waiting';

-- drop_follow_up --
-- Nobody to ask, or too late to ask.
update follow_ups set state = 'dropped' where id = :id and state = 'waiting';

-- answer_follow_up --
-- What was said to the newest question.
update follow_ups set answer = :answer
where id = (
  select max(asked.id) from follow_ups as asked where asked.person = :person and asked.kind = :kind and asked.state = 'sent'
);
