-- near_pictures --
-- The same picture saved anew shares a piece of its look nearly always; those that share most come first.
select pictures.id, pictures.look, pictures.signature, pictures.people, pictures.first_seen
from pictures join (
  select picture, count(*) as shared from picture_bands
  where band in (:b0, :b1, :b2, :b3, :b4, :b5, :b6, :b7, :b8, :b9, :b10, :b11, :b12, :b13, :b14, :b15)
  group by picture order by shared desc, picture limit 64
) as near on near.picture = pictures.id;

-- picture_source --
-- Whether the one who asks is counted already.
select picture from picture_sources where picture = :picture and source = :source;

-- new_picture --
-- A picture that nobody asked about before.
insert into pictures (look, signature, level, first_seen, last_seen) values (:look, :signature, :level, :now, :now)
returning id;

-- new_picture_bands --
-- What it will be found by.
insert into picture_bands (band, picture) values
  (:b0, :picture), (:b1, :picture), (:b2, :picture), (:b3, :picture), (:b4, :picture), (:b5, :picture), (:b6, :picture), (:b7, :picture),
  (:b8, :picture), (:b9, :picture), (:b10, :picture), (:b11, :picture), (:b12, :picture), (:b13, :picture), (:b14, :picture), (:b15, :picture)
on conflict (band, picture) do nothing;

-- new_picture_source --
-- Each person counts once, however often they send it.
insert into picture_sources (picture, source) values (:picture, :source) on conflict (picture, source) do nothing;

-- count_picture --
-- The newest verdict wins, as with messages.
update pictures set asked = asked + 1, people = people + :people, last_seen = :now, level = :level, type = :type
where id = :id;

-- uncount_pictures --
-- Who is erased sent nothing.
update pictures set people = people - 1 where id in (select picture from picture_sources where source = :source);

-- lone_pictures --
-- What only they sent is forgotten with them.
select id, look from pictures
where people = 0 and id in (select picture from picture_sources where source = :source);

-- erase_picture --
-- Its sources go by the foreign key.
delete from pictures where id = :id;

-- erase_picture_band --
-- One of those that its look names.
delete from picture_bands where band = :band and picture = :picture;

-- erase_picture_sources --
-- Their keyed hash goes.
delete from picture_sources where source = :source;

-- old_pictures --
-- What nobody sent for so long is over.
select id, look from pictures where last_seen < :before order by last_seen limit :page;
