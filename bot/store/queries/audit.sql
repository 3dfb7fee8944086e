-- last_audit --
-- What the next row is chained to.
select hash from audit where id = (select max(id) from audit);

-- audit --
-- One more act; nothing ever changes or removes it.
insert into audit (at, actor, act, subject, detail, previous, hash)
values (:at, :actor, :act, :subject, :detail, :previous, :hash);

-- audit_page --
-- The log in the order it was written: to verify it, to export it.
select id, at, actor, act, subject, detail, previous, hash from audit where id > :after order by id limit :page;
