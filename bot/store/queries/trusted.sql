-- trusted_links_of --
-- One person's links, from either side; a question that was left too long is none any more.
select id, kin, agreed, words, case when elder = :person then 1 else 0 end as mine
from trusted_links where (elder = :person or relative = :person) and (agreed = 1 or made_at > :asked_after) order by id;

-- trusted_claim --
-- Whether they typed somebody's code and have not said yet who gave it.
select person from trusted_codes where relative = :person and until > :now order by until desc limit 1;

-- trusted_code --
-- Whose code it is, and whether somebody else has typed it before.
select person, relative from trusted_codes where hash = :hash and until > :now;

-- trusted_wrong --
-- How often they typed a wrong one of late.
select failures from trusted_tries where person = :person and first_at > :after;

-- trusted_new_code --
-- One at a time: an older one is dead. A number that somebody else holds is drawn again.
insert into trusted_codes (person, hash, until, relative) values (:person, :hash, :until, null)
on conflict (person) do update set hash = excluded.hash, until = excluded.until, relative = null;

-- trusted_drop_ask --
-- Whoever makes a new code has not said yes to the one who asked before.
delete from trusted_links where elder = :person and agreed = 0;

-- trusted_take_code --
-- From now on nobody else can use it; nobody takes their own, nor that of somebody who has a relative.
update trusted_codes set relative = :person
where hash = :hash and until > :now and person <> :person and (relative is null or relative = :person)
  and not exists (select 1 from trusted_links where elder = trusted_codes.person and agreed = 1);

-- trusted_count_wrong --
-- Counted within a day of the first; after that from the beginning.
insert into trusted_tries (person, failures, first_at) values (:person, 1, :now)
on conflict (person) do update set
  failures = case when trusted_tries.first_at > :after then trusted_tries.failures + 1 else 1 end,
  first_at = case when trusted_tries.first_at > :after then trusted_tries.first_at else excluded.first_at end;

-- trusted_release --
-- It was not meant for them: somebody else may type it.
update trusted_codes set relative = null where relative = :person;

-- trusted_spend --
-- The code has done its work.
delete from trusted_codes where person = :person returning hash;

-- trusted_ask --
-- The relative's yes; who has one already keeps that one.
insert into trusted_links (elder, relative, kin, made_at) values (:elder, :relative, :kin, :now)
on conflict (elder) do update set
  relative = excluded.relative, kin = excluded.kin, made_at = excluded.made_at, words = 0
where trusted_links.agreed = 0
returning id;

-- trusted_agree --
-- The older person's yes, once.
update trusted_links set agreed = 1 where id = :id and elder = :elder and agreed = 0 and made_at > :asked_after
returning relative, kin;

-- trusted_refuse --
-- Or no.
delete from trusted_links where id = :id and elder = :elder and agreed = 0 returning relative, kin;

-- trusted_set_words --
-- The second consent, or that it is taken back.
update trusted_links set words = :words where elder = :elder and agreed = 1;

-- trusted_end --
-- One side ends it; the other is told. Nobody ends what is not theirs.
delete from trusted_links where id = :id and (elder = :person or relative = :person) returning elder, relative, kin, agreed;

-- trusted_ends_of --
-- What ends with a person who goes.
select id from trusted_links where elder = :person or relative = :person;

-- trusted_watch --
-- The relative who may be told.
select trusted_links.id, trusted_links.words from trusted_links where elder = :person and agreed = 1;

-- trusted_alerted --
-- How often they were told of that kind since then, and when last.
select count(*) as times, coalesce(max(at), '') as last from trusted_alerts
where link = :link and kind = :kind and at > :after;

-- trusted_count_alert --
-- So that it stays at a few a day.
insert into trusted_alerts (link, kind, at) select id, :kind, :now from trusted_links
where id = :link and elder = :elder and agreed = 1
returning id;

-- trusted_relative --
-- To whom an alert goes, and what the older person is to them.
select relative, kin from trusted_links where id = :link;

-- trusted_tell --
-- A letter to the other side, in their language, is still to be written.
insert into trusted_news (person, link, kind, kin, quote, at) values (:person, :link, :kind, :kin, :quote, :now);

-- trusted_news --
-- Letters to be written, in the order in which things happened.
select trusted_news.id, trusted_news.person, trusted_news.link, trusted_news.kind, trusted_news.kin, trusted_news.quote,
  people.language, trusted_links.elder
from trusted_news join people on people.key = trusted_news.person
  left join trusted_links on trusted_links.id = trusted_news.link
where trusted_news.id > 0 order by trusted_news.id limit :page;

-- trusted_take_news --
-- The claim on one letter: of two who write it, one finds it here.
delete from trusted_news where id = :id;

-- trusted_old_codes --
-- Nobody can use them any more.
delete from trusted_codes where person in (select person from trusted_codes where until < :before order by until limit :page);

-- trusted_old_asks --
-- Nobody said yes.
delete from trusted_links where id in (
  select id from trusted_links where agreed = 0 and made_at < :before order by made_at limit :page
);

-- trusted_old_alerts --
-- They count for a day.
delete from trusted_alerts where id in (select id from trusted_alerts where at < :before order by at limit :page);

-- trusted_old_tries --
-- They too.
delete from trusted_tries where person in (
  select person from trusted_tries where first_at < :before order by first_at limit :page
);
