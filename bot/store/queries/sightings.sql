-- near_sightings --
-- Copies of one message share a band nearly always; those that share most come first, and few are compared.
select sightings.id, sightings.signature, sightings.people, sightings.first_seen, sightings.said
from sightings join (
  select sighting, count(*) as shared from sighting_bands
  where band in (:b0, :b1, :b2, :b3, :b4, :b5, :b6, :b7, :b8, :b9, :b10, :b11, :b12, :b13, :b14, :b15, :b16, :b17,
    :b18, :b19, :b20, :b21, :b22, :b23)
  group by sighting order by shared desc, sighting limit 32
) as near on near.sighting = sightings.id;

-- sighting_source --
-- Whether the one who asks is counted already.
select day from sighting_sources where sighting = :sighting and source = :source;

-- only_one_makes --
-- Two processes that meet a new message at once must not make two sightings of it: where several write, one makes new ones at
-- a time, and looks once more.
select 0 /* on PostgreSQL: + 1 */ as again /* on PostgreSQL: from pg_advisory_xact_lock(7088481) */;

-- new_sighting --
-- A message that nobody asked about before.
insert into sightings (signature, level, first_seen, last_seen) values (:signature, :level, :now, :now)
returning id;

-- new_bands --
-- What it will be found by.
insert into sighting_bands (band, sighting) values
  (:b0, :sighting), (:b1, :sighting), (:b2, :sighting), (:b3, :sighting), (:b4, :sighting), (:b5, :sighting),
  (:b6, :sighting), (:b7, :sighting), (:b8, :sighting), (:b9, :sighting), (:b10, :sighting), (:b11, :sighting),
  (:b12, :sighting), (:b13, :sighting), (:b14, :sighting), (:b15, :sighting), (:b16, :sighting), (:b17, :sighting),
  (:b18, :sighting), (:b19, :sighting), (:b20, :sighting), (:b21, :sighting), (:b22, :sighting), (:b23, :sighting);

-- new_source --
-- Each person and group counts once, however often they ask.
insert into sighting_sources (sighting, source, kind, day) values (:sighting, :source, :kind, :day)
on conflict (sighting, source) do nothing;

-- note_given --
-- What somebody was told last, so that they can be told where it turns out otherwise.
update sighting_sources set given = :given, given_at = :now, words = :words where sighting = :sighting and source = :source;

-- count_sighting --
-- The newest verdict wins: what was unknown yesterday may have an entry today.
update sightings set asked = asked + 1, people = people + :people, groups = groups + :groups, hubs = hubs + :hubs, last_seen = :now,
  level = :level, type = :type, entry = :entry, said = :said
where id = :id;

-- keep_said --
-- What was said of some words stays as it was, so that whoever asks next finds the change still to be told.
update sightings set said = :said where id = :id;

-- count_sighting_day --
-- By day, so that what grows can be told from what is merely old.
insert into sighting_days (sighting, day, asked, people) values (:sighting, :day, 1, :people)
on conflict (sighting, day) do update set asked = sighting_days.asked + 1, people = sighting_days.people + excluded.people;

-- unknown_sightings --
-- What no entry explains and more and more people ask about: one that grows from two to six comes before one that stands.
select * from (
  select sightings.id, sightings.level, sightings.type, sightings.entry, sightings.asked, sightings.people,
    sightings.groups, sightings.hubs, sightings.first_seen, sightings.last_seen,
    coalesce(sum(case when days.day >= :recent then days.people end), 0) as recent,
    coalesce(sum(case when days.day < :recent then days.people end), 0) as earlier
  from sightings join sighting_days as days on days.sighting = sightings.id and days.day >= :earlier
  where sightings.id in (select id from sightings where last_seen >= :since) and sightings.level <> 'known_scam'
  group by sightings.id
) as counted
order by (recent + 1.0) / (earlier / 3.5 + 1.0) desc, recent desc, people desc, id limit :page;

-- uncount_sighting_days --
-- Who is erased asked about nothing, on no day.
update sighting_days set people = people - 1
where exists (
  select 1 from sighting_sources as mine
  where mine.source = :source and mine.kind = 'person' and mine.sighting = sighting_days.sighting and mine.day = sighting_days.day
) and sighting in (select sighting from sighting_sources where source = :source);

-- uncount_sightings --
-- Nor is counted among those who did. Perhaps nobody else asked in these very words: their hash goes too.
update sightings set said = '',
  people = people - (select count(*) from sighting_sources as mine
    where mine.sighting = sightings.id and mine.source = :source and mine.kind = 'person'),
  groups = groups - (select count(*) from sighting_sources as mine
    where mine.sighting = sightings.id and mine.source = :source and mine.kind = 'group')
where id in (select sighting from sighting_sources where source = :source);

-- lone_sightings --
-- What only they asked about is forgotten with them.
select id, signature from sightings
where people = 0 and groups = 0 and hubs = 0 and id in (select sighting from sighting_sources where source = :source);

-- erase_sighting --
-- Its days and sources go by the foreign key.
delete from sightings where id = :id;

-- erase_band --
-- One of those that its signature names.
delete from sighting_bands where band = :band and sighting = :sighting;

-- erase_sources --
-- Their keyed hash goes.
delete from sighting_sources where source = :source;

-- move_sources --
-- A group that got another address stays one group.
update sighting_sources set source = :new_key
where source = :key and not exists (
  select 1 from sighting_sources as known where known.sighting = sighting_sources.sighting and known.source = :new_key
);

-- old_sightings --
-- What nobody asked about for so long is over.
select id, signature from sightings where last_seen < :before order by last_seen limit :page;
