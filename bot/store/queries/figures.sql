-- busy_hours --
-- Where there is anything to count, and how often it was changed.
select area, hour, cast(sum(abs(marks)) as integer) as marks from figures_hours where hour >= :start and hour < :end
group by area, hour;

-- stale_hours --
-- What has changed since it was counted; a day with such an hour is counted from the rows themselves.
select distinct area, hour from figures_hours where marks > 0 and hour >= :start and hour < :end;

-- all_stale_hours --
-- The same for whoever counts anew, oldest first.
select area, hour, writer, marks from figures_hours where marks > 0 and hour < :before order by hour, area, writer;

-- fresh_hour --
-- Counted, unless it changed again meanwhile.
update figures_hours set marks = -marks where area = :area and hour = :hour and writer = :writer and marks = :marks;

-- hour_marks --
-- How often an hour was changed, beside what the counter saw.
select marks from figures_hours where area = :area and hour = :hour and writer = :writer;

-- changes_between --
-- Different whenever anything of these hours was changed or counted: what was worked out from them holds while it is the same.
select coalesce(sum(marks), 0) as signed, coalesce(sum(abs(marks)), 0) as marks from figures_hours
where area = :area and hour >= :start and hour < :end;

-- kept_version --
-- How often days were counted: sums of them hold while it is the same.
select value from counters where name = 'figures kept';

-- drop_day --
-- Before a day's new figures are written.
delete from figures where day = :day and area = :area;

-- save_figure --
-- One figure of a day.
insert into figures (area, day, name, dimension, key, count) values (:area, :day, :name, :dimension, :key, :count);

-- figures_between --
-- Days as they were counted: a month from some thousand rows.
select area, day, name, dimension, key, count from figures where day >= :first and day < :next;

-- figures_by_day --
-- The course of a month: totals only.
select day, area, name, count from figures
where day >= :first and day < :next and dimension = '';

-- count_events --
-- A day of events, from the events themselves. What was said of our answers stands before the colon; whoever says no may
-- also say why, which is no second no.
select case
    when name <> 'useful' then name when detail like 'yes:%' then 'useful' when detail like 'no:%' then 'not_useful'
    else 'useful_why'
  end as name, level, type, entry, platform, language, count(*) as count
from events where at >= :start and at < :end
group by 1, 2, 3, 4, 5, 6;

-- count_reports --
-- A day of reports; those of a spammer and those taken back count for nothing.
select came_by, province, loss, hub, disputes, count(*) as count
from reports
where reported_at >= :start and reported_at < :end and hidden = 0 and state <> 'withdrawn'
group by came_by, province, loss, hub, disputes;

-- count_letters --
-- How long people waited for an answer, in milliseconds, rounded up: to 10, 100 or 1000 as it gets longer. One that never
-- left has no time. A page that was closed and a person who was erased took their answer with them.
select state, edge, count(*) as count from (
  select state, case
      when state <> 'sent' then 0
      when ms <= 1000 then (ms + 9) / 10 * 10
      when ms <= 10000 then (ms + 99) / 100 * 100
      else (ms + 999) / 1000 * 1000
    end as edge
  from (
    select state, 1
      + case when substr(sent_at, 1, 10) = substr(received_at, 1, 10) then 0 else 86400000 end
      + (cast(substr(sent_at, 12, 2) as integer) - cast(substr(received_at, 12, 2) as integer)) * 3600000
      + (cast(substr(sent_at, 15, 2) as integer) - cast(substr(received_at, 15, 2) as integer)) * 60000
      + (cast(substr(sent_at, 18, 2) as integer) - cast(substr(received_at, 18, 2) as integer)) * 1000
      + cast(substr(sent_at, 21, 3) as integer) - cast(substr(received_at, 21, 3) as integer) as ms
    from outbox
    where answers is not null and state in ('sent', 'failed') and reason not in ('erased', 'not collected')
      and received_at >= :start and received_at < :end
  ) as timed
) as edged
group by state, edge;

-- count_cases --
-- The cases that were decided on a day: what Rutan had said, what an official says, and how long it took.
select level, decision, disputed, opened_at, promised_at, decided_at from cases
where decided_at >= :start and decided_at < :end and state = 'answered';

-- reporters_in_month --
-- Different people who reported; somebody who was erased is nobody.
select count(distinct person) as count from reports
where reported_at >= :start and reported_at < :end and hidden = 0 and state <> 'withdrawn' and person is not null;

-- late_in_month --
-- Those of them that were decided later, or that still wait although the day has come.
select count(*) as count from cases
where promised_at >= :start and promised_at < :end and (
  (state = 'answered' and decided_at > promised_at)
  or (state in ('received', 'in_review') and reporters > 0 and promised_at < :now)
);

-- promised_in_month --
-- Cases for which the promised day lay in the month, without those that nobody stands behind any more.
select count(*) as count from cases
where promised_at >= :start and promised_at < :end
  and (state = 'answered' or (state in ('received', 'in_review') and reporters > 0));

-- asked_in_month --
-- Messages that people asked about.
select count(*) as count from events
where at >= :start and at < :end and name = 'checked' and level <> 'not_a_check';

-- known_in_month --
-- Those that were a known scam.
select count(*) as count from events where at >= :start and at < :end and name = 'checked' and level = 'known_scam';

-- warned_in_month --
-- Those of which Rutan warned: known scams and messages with warning signs.
select count(*) as count from events
where at >= :start and at < :end and name = 'checked' and level in ('known_scam', 'warning_signs');

-- unknown_in_month --
-- Those in which Rutan knew nothing again.
select count(*) as count from events where at >= :start and at < :end and name = 'checked' and level = 'not_known';

-- useful_in_month --
-- Answers that somebody found useful.
select count(*) as count from events where at >= :start and at < :end and name = 'useful' and detail like 'yes:%';

-- not_useful_in_month --
-- Answers that somebody did not.
select count(*) as count from events where at >= :start and at < :end and name = 'useful' and detail like 'no:%';

-- emergencies_in_month --
-- How often somebody said that money or a code is gone, or that they are threatened.
select count(*) as count from events where at >= :start and at < :end and name = 'emergency';

-- subscribed_in_month --
-- How often bulletins were asked for.
select count(*) as count from events where at >= :start and at < :end and name = 'subscribed';

-- unsubscribed_in_month --
-- How often they were ended.
select count(*) as count from events where at >= :start and at < :end and name = 'unsubscribed';

-- reports_in_month --
-- Reports, without those of spammers and those taken back.
select count(*) as count from reports
where reported_at >= :start and reported_at < :end and hidden = 0 and state <> 'withdrawn';

-- disputed_in_month --
-- Reports in which somebody said that our answer was wrong.
select count(*) as count from reports
where reported_at >= :start and reported_at < :end and hidden = 0 and state <> 'withdrawn' and disputes = 1;

-- lost_money_in_month --
-- Reports by people who had lost money.
select count(*) as count from reports
where reported_at >= :start and reported_at < :end and hidden = 0 and state <> 'withdrawn' and loss not in ('', 'none');

-- answers_in_month --
-- Answers that left. Letters are kept for some weeks; older months are known from what was counted then.
select count(*) as count from outbox
where answers is not null and state in ('sent', 'failed') and received_at >= :start and received_at < :end and state = 'sent';

-- failed_answers_in_month --
-- Answers that never left.
select count(*) as count from outbox
where answers is not null and state in ('sent', 'failed') and reason not in ('erased', 'not collected')
  and received_at >= :start and received_at < :end and state = 'failed';

-- answered_cases_in_month --
-- Cases that an official decided.
select count(*) as count from cases where decided_at >= :start and decided_at < :end and state = 'answered';

-- overturned_in_month --
-- Cases in which the official said the opposite of Rutan.
select count(*) as count from cases
where decided_at >= :start and decided_at < :end and state = 'answered' and (
  (level in ('known_scam', 'warning_signs') and decision = 'not_a_scam')
  or (level = 'not_known' and decision in ('scam', 'new_entry'))
);

-- false_alarms_in_month --
-- Cases in which Rutan warned of something that was no scam.
select count(*) as count from cases
where decided_at >= :start and decided_at < :end and state = 'answered'
  and level in ('known_scam', 'warning_signs') and decision = 'not_a_scam';

-- missed_in_month --
-- Cases in which Rutan did not know a scam.
select count(*) as count from cases
where decided_at >= :start and decided_at < :end and state = 'answered'
  and level = 'not_known' and decision in ('scam', 'new_entry');

-- in_time_in_month --
-- Cases decided by the day that was promised.
select count(*) as count from cases
where decided_at >= :start and decided_at < :end and state = 'answered' and decided_at <= promised_at;

-- types_in_month --
-- What Rutan warned of, by type.
select coalesce(type, '') as key, count(*) as count from events
where at >= :start and at < :end and name = 'checked' and level in ('known_scam', 'warning_signs')
group by coalesce(type, '');

-- entries_in_month --
-- The same by type and entry, where there is one.
select coalesce(type, '') as parent, entry as key, count(*) as count from events
where at >= :start and at < :end and name = 'checked' and level in ('known_scam', 'warning_signs') and entry is not null
group by coalesce(type, ''), entry;

-- platforms_in_month --
-- Where people asked.
select platform as key, count(*) as count from events
where at >= :start and at < :end and name = 'checked' and level <> 'not_a_check' group by platform;

-- languages_in_month --
-- In which language.
select coalesce(language, '') as key, count(*) as count from events
where at >= :start and at < :end and name = 'checked' and level <> 'not_a_check' group by coalesce(language, '');

-- came_by_in_month --
-- How what was reported had come.
select came_by as key, count(*) as count from reports
where reported_at >= :start and reported_at < :end and hidden = 0 and state <> 'withdrawn' group by came_by;

-- provinces_in_month --
-- Where it was reported from.
select province as key, count(*) as count from reports
where reported_at >= :start and reported_at < :end and hidden = 0 and state <> 'withdrawn' group by province;

-- losses_in_month --
-- What people had lost, in bands.
select loss as key, count(*) as count from reports
where reported_at >= :start and reported_at < :end and hidden = 0 and state <> 'withdrawn' group by loss;

-- hubs_in_month --
-- Which hub sent it; most reports come from nobody's.
select coalesce(hub, '') as key, count(*) as count from reports
where reported_at >= :start and reported_at < :end and hidden = 0 and state <> 'withdrawn' group by coalesce(hub, '');

-- rising_sightings --
-- Messages that no entry explains and that several new people asked about in the last days, with those of the days before
-- and the case of those that somebody reported. Three in two days are two on one of them: those few are looked at.
select * from (
  select sightings.id, sightings.level, sightings.type, sightings.entry, sightings.people, sightings.first_seen,
    fresh.recent,
    (select coalesce(sum(days.people), 0) from sighting_days as days
     where days.sighting = sightings.id and days.day >= :earlier and days.day < :recent) as earlier,
    (select max(cases.id) from cases where cases.sighting = sightings.id and cases.state <> 'merged') as case_id
  from (
    select sighting, sum(people) as recent from sighting_days
    where day >= :recent and sighting in (select sighting from sighting_days where day >= :recent and people >= 2)
    group by sighting having sum(people) >= :least
  ) as fresh join sightings on sightings.id = fresh.sighting
  where sightings.level <> 'known_scam'
) as counted
where recent * :earlier_days >= 2 * earlier * :recent_days
order by (recent + 1.0) / (earlier / 3.5 + 1.0) desc, recent desc, people desc, id limit :page;

-- waiting_letters --
-- Whether answers leave: what waits, by platform, and since when. The web's wait for a browser.
select platform, count(*) as count, min(received_at) as oldest
from outbox where state in ('waiting', 'sending') and platform <> 'web'
group by platform;

-- ended_letters --
-- What has ended since, by platform and end.
select platform, state, count(*) as count from outbox
where answers is not null and state in ('sent', 'failed') and reason not in ('erased', 'not collected')
  and received_at >= :since
group by platform, state;

-- failed_letters --
-- Why answers could not leave, the commonest first.
select platform, reason, count(*) as count from outbox
where answers is not null and state in ('sent', 'failed') and reason not in ('', 'erased', 'not collected')
  and received_at >= :since and state = 'failed'
group by platform, reason order by count(*) desc, platform, reason limit 10;
