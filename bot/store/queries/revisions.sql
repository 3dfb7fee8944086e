-- newest_revision --
-- Every process asks this each second: has something become live?
select coalesce(max(live_order), 0) as newest from revisions;

-- live_revisions --
-- What is laid over the shipped content.
select * from revisions where state = 'live' order by live_order;

-- past_revisions --
-- What was live before, the newest first: to fall back on, and the history of one thing.
select * from revisions where kind = :kind and name = :name and live_order is not null order by live_order desc limit :page;

-- open_revisions --
-- Drafts and those that wait for approval, the one changed last first.
select * from revisions where state in ('draft', 'asked') order by changed_at desc, id desc limit :page;

-- refused_revisions --
-- Approved, and yet not in use.
select * from revisions where state = 'live' and refused <> '' order by id desc limit :page;

-- revision --
-- One of them.
select * from revisions where id = :id;

-- open_revision --
-- The draft of one thing, if there is one.
select * from revisions where kind = :kind and name = :name and state in ('draft', 'asked');

-- live_revision --
-- What is live of one thing, if it was ever revised.
select * from revisions where kind = :kind and name = :name and state = 'live';

-- begin_revision --
-- A new draft; nothing where somebody else has begun one.
insert into revisions (kind, name, body, state, note, writers, changed_by, made_at, changed_at, restores)
values (:kind, :name, :body, 'draft', :note, :official, :official, :now, :now, :restores)
on conflict do nothing returning id;

-- save_revision --
-- A change of a draft; nothing where somebody else has changed it since.
update revisions set body = :body, note = :note, state = 'draft', writers = :writers, changed_by = :official,
  changed_at = :now, version = version + 1, faults = null
where id = :id and version = :version and state in ('draft', 'asked');

-- checked_revision --
-- What the checks found in exactly this version.
update revisions set faults = :faults where id = :id and version = :version and state in ('draft', 'asked');

-- ask_revision --
-- It waits for a second person.
update revisions set state = 'asked', changed_at = :now, version = version + 1, remark = ''
where id = :id and version = :version and state = 'draft' and faults = '[]';

-- return_revision --
-- Back to its writers, with why.
update revisions set state = 'draft', remark = :remark, changed_at = :now, version = version + 1
where id = :id and version = :version and state = 'asked';

-- drop_revision --
-- Nobody wants it any more; its text stays in the log of revisions.
update revisions set state = 'dropped', changed_at = :now, version = version + 1, decided_by = :official, decided_at = :now
where id = :id and version = :version and state in ('draft', 'asked');

-- retire_live_revision --
-- Another one takes its place.
update revisions set state = 'past', refused = '' where kind = :kind and name = :name and state = 'live';

-- approve_revision --
-- Live from now on, in every process.
update revisions set state = 'live', before = :before, decided_by = :official, decided_at = :now, version = version + 1,
  live_order = :live_order
where id = :id and version = :version and state = 'asked';

-- refuse_revision --
-- It cannot be used after all; once, whichever process finds it out first.
update revisions set refused = :refused where id = :id and state = 'live' and refused = '';

-- accept_revision --
-- It can be used again: what stood in its way is gone.
update revisions set refused = '' where id = :id and refused <> '';

-- reports_to_try --
-- Masked words of the last days that are still kept: what would a draft have said to them?
select text from reports where reported_at >= :since and hidden = 0 and text <> '' order by reported_at desc limit :page;
