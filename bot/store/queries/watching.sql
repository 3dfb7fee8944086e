-- watched --
-- For whoever watches the house: since when the oldest letter that should have left waits, what waits for an official and
-- what of it is late, and when the house was last backed up. The web's letters wait for a browser and are no backlog.
select
  (select min(received_at) from outbox
    where state in ('waiting', 'sending') and platform <> 'web' and (tries > 0 or due_at <= :now)) as letter,
  (select count(*) from cases where state in ('received', 'in_review') and reporters > 0) as open,
  (select count(*) from cases where state in ('received', 'in_review') and reporters > 0 and promised_at < :now) as overdue,
  (select value from meta where name = 'backed_up_at') as backed_up;

-- stuck --
-- What waits for its answer, who is in need first, then the oldest, without its words.
select id, platform, received_at, length(body) as size from inbox where done_at is null order by urgency, id limit :page;
