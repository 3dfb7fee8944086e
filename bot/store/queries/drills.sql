-- drill_theme --
-- What a month's drill is about.
select type from drill_themes where month = :month;

-- save_drill_theme --
-- The trend of a month may turn while it lasts.
insert into drill_themes (month, type, made_at) values (:month, :type, :now)
on conflict (month) do update set type = excluded.type, made_at = excluded.made_at
where drill_themes.type <> excluded.type;

-- drill_done --
-- The types that somebody has practised of late.
select type from drill_rounds where person = :person and at > :after;

-- drill_wanted --
-- Whether somebody wants one every month.
select since from drill_members where person = :person;

-- drill_shown --
-- The same drill twice in a month is one round.
insert into drill_rounds (person, month, type, at) values (:person, :month, :type, :now)
on conflict (person, type, month) do nothing;

-- drill_open_round --
-- The round that an answer belongs to; none where it was answered before, or was never shown.
select month from drill_rounds where person = :person and type = :type and answered = 0 order by month desc limit 1;

-- drill_close_round --
-- An answer counts once, however often it is tapped. An older round left open is no second chance.
update drill_rounds set answered = 1 where person = :person and type = :type and answered = 0;

-- drill_count --
-- A total, and nobody's answer.
insert into drill_totals (month, hub, type, answer, count) values (:month, :hub, :type, :answer, 1)
on conflict (month, hub, type, answer) do update set count = drill_totals.count + 1;

-- drill_totals --
-- The answers of a hub's people in a month, all drills together; hub 0: those of no hub.
select answer, sum(count) as count from drill_totals where month = :month and hub = :hub group by answer order by answer;

-- drill_join --
-- From the next month on: who says yes has just practised.
insert into drill_members (person, since, sent_month) values (:person, :now, :month)
on conflict (person) do nothing;

-- drill_leave --
-- By one word, at once.
delete from drill_members where person = :person;

-- drill_due --
-- Who has not had this month's drill, in an order that is the same for every process.
select drill_members.person, people.language
from drill_members join people on people.key = drill_members.person
where drill_members.sent_month < :month
order by drill_members.sent_month, drill_members.person limit :page;

-- drill_claim --
-- The claim on one person's drill of one month.
update drill_members set sent_month = :month where person = :person and sent_month < :month;

-- drill_old_rounds --
-- They are needed so that a drill comes back neither at once nor twice.
delete from drill_rounds where (person, type, month) in (
  select person, type, month from drill_rounds where at < :before order by at limit :page
);
