-- set_limit --
-- The newest word on a person wins.
insert into limits (person, kind, reason, made_by, made_at, until)
values (:person, :kind, :reason, :made_by, :now, :until)
on conflict (person) do update set kind = excluded.kind, reason = excluded.reason, made_by = excluded.made_by,
  made_at = excluded.made_at, until = excluded.until;

-- limit_of --
-- What holds for one who is about to be answered.
select kind, until from limits where person = :person and (until is null or until > :now);

-- limits --
-- For officials: whom they set a limit for. A few rows, each made by hand.
select person, kind, reason, made_by, made_at, until from limits
where until is null or until > :now order by made_at desc limit :page;

-- person_of_limit --
-- Officials name a row by the beginning of its key.
select person from limits where substr(person, 1, :length) = :label;

-- lift_limit --
-- They may again what everybody may.
delete from limits where person = :person;

-- strip_limit --
-- Who asks to be forgotten is, but a block cannot be shaken off that way: no word of why or who stays, and it ends.
update limits set reason = '', made_by = '', until = coalesce(until, :until)
where person = :person and (reason <> '' or made_by <> '' or until is null);

-- remove_limits --
-- What has ended is forgotten.
delete from limits where until <= :now;

-- reports_of_person --
-- How many somebody made since then; withdrawn ones count, or the door would turn for ever.
select count(*) as reports from reports where person = :person and reported_at >= :since;

-- reports_of_platform --
-- The same for everybody on a platform.
select count(*) as reports from reports where reported_at >= :since and platform = :platform;
