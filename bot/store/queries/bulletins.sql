-- draft_bulletin --
-- A draft; a month that stands already gives no row back.
insert into bulletins (kind, month, state, made_at, corrects)
values (:kind, :month, 'draft', :now, :corrects)
on conflict do nothing
returning id;

-- save_version --
-- Versions are added, never changed.
insert into bulletin_versions (bulletin, version, body, made_by, made_at)
values (:bulletin, :version, :body, :made_by, :now);

-- new_version --
-- Another version: what was signed or scheduled is a draft again. Only on top of the version that its writer saw.
update bulletins set version = version + 1, state = 'draft', scheduled_for = null,
  edited = case when :edited = 1 then 1 else edited end
where id = :id and version = :version and state in ('draft', 'signed', 'scheduled');

-- bulletin --
-- One bulletin with the words that stand.
select bulletins.*, bulletin_versions.body
from bulletins
join bulletin_versions on bulletin_versions.bulletin = bulletins.id and bulletin_versions.version = bulletins.version
where bulletins.id = :id;

-- bulletins --
-- Newest first.
select bulletins.*, bulletin_versions.body
from bulletins
join bulletin_versions on bulletin_versions.bulletin = bulletins.id and bulletin_versions.version = bulletins.version
order by bulletins.id desc limit :limit;

-- bulletin_of_month --
-- The monthly bulletin that stands for a month.
select id from bulletins where month = :month and kind = 'monthly' and state <> 'cancelled';

-- ever_drafted --
-- A month that somebody drafted, and perhaps cancelled, is not drafted by itself again.
select count(*) as drafted from bulletins where month = :month and kind = 'monthly';

-- first_event --
-- When the house began: a month before that has nothing to tell.
select min(at) as at from events;

-- bulletin_version --
-- What an earlier version said.
select version, body, made_by, made_at from bulletin_versions where bulletin = :bulletin and version = :version;

-- bulletin_history --
-- Who wrote which version when.
select version, made_by, made_at from bulletin_versions where bulletin = :bulletin order by version;

-- signatures --
-- Those of the version that stands.
select official, role, at from bulletin_signatures
where bulletin = :bulletin and version = :version order by at, official;

-- sign --
-- Nobody signs twice.
insert into bulletin_signatures (bulletin, version, official, role, at)
values (:bulletin, :version, :official, :role, :now);

-- set_bulletin_state --
-- From one state to another, unless it has changed meanwhile.
update bulletins set state = :state, why = :why where id = :id and state = :was;

-- schedule_bulletin --
-- Ordered for a time, to a part. A sending process takes it when it is due.
update bulletins set state = 'scheduled', scheduled_for = :at, part = :part, planned = :planned, why = ''
where id = :id and version = :version and state in ('signed', 'scheduled');

-- scheduled_alerts --
-- Alerts are at least a week apart.
select scheduled_for from bulletins
where kind = 'alert' and id <> :id and state in ('scheduled', 'sending', 'paused', 'sent')
  and scheduled_for > :after and scheduled_for < :before;

-- end_bulletin --
-- Every recipient has ended, or somebody cancelled the rest.
update bulletins set state = :state, ended_at = :now, held_by = null, held_until = null
where id = :id and state in ('sending', 'paused', 'draft', 'signed', 'scheduled');

-- reopen_bulletin --
-- Some of those that failed are tried again.
update bulletins set state = 'sending', ended_at = null, why = '' where id = :id and state = 'sent';

-- signer_named --
-- Who signs, as the desk knows them. Whoever was switched off signs no more.
select id, name, role, language from officials where name = :name and disabled_at is null;

-- plan_subscribers --
-- How many would get a bulletin, by platform and language.
select platform, coalesce(language, 'th') as language, count(*) as count from people
where subscribed = 1 and unreachable_since is null and kind = 'private'
  and (:platform = '' or platform = :platform)
  and (:language = '' or coalesce(people.language, 'th') = :language)
  and (:hubs = 0 or exists (select 1 from hub_members where hub_members.person = people.key))
  and (:interest = '' or people.interests = '' or people.interests like '%' || :interest || ',%')
  and (:province = '' or people.province = :province or exists (
    select 1 from hub_members join hubs on hubs.id = hub_members.hub
    where hub_members.person = people.key and hubs.province = :province
  ))
group by platform, coalesce(language, 'th');

-- plan_correction --
-- How many got the wrong one, or may have.
select platform, language, count(*) as count from deliveries
where bulletin = :corrects and (state = 'sent' or (state = 'failed' and why = 'no_answer'))
group by platform, language;

-- line_promised --
-- LINE messages that other bulletins on their way will still cost.
select coalesce(sum((
  select count(*) from deliveries
  where deliveries.bulletin = bulletins.id and deliveries.state = 'waiting' and deliveries.platform = 'line'
)), 0) as count
from bulletins where state = 'sending' and id <> :id;

-- due_bulletins --
-- What is to be delivered now and nobody else holds, oldest order first.
select id, scheduled_for from bulletins
where state in ('scheduled', 'sending') and scheduled_for <= :now
  and (held_by is null or held_until <= :now)
order by scheduled_for, id;

-- hold_bulletin --
-- The claim: of two processes only one finds it free. Its rows of an earlier holder are its own now.
update bulletins set held_by = :holder, held_until = :until, state = 'sending', started_at = coalesce(started_at, :now)
where id = :id and state in ('scheduled', 'sending') and scheduled_for <= :now
  and (held_by is null or held_until <= :now);

-- keep_bulletin --
-- Still here. No row: somebody paused or cancelled it, or another process took it over.
update bulletins set held_until = :until where id = :id and held_by = :holder and state = 'sending';

-- release_bulletin --
-- Another may go on at once.
update bulletins set held_by = null, held_until = null where id = :id and held_by = :holder;

-- take_back --
-- What was on its way one by one when its process died may have arrived or not: it goes again.
update deliveries set state = 'waiting' where bulletin = :bulletin and state = 'sending' and batch is null;

-- subscribers_page_end --
-- The last key of a page of subscribers; none where less than a page is left.
select key from people
where subscribed = 1 and unreachable_since is null and kind = 'private' and key > :after
order by key limit 1 offset :page;

-- gather_subscribers --
-- A page of recipients, in one statement: a million people never pass through this process.
insert into deliveries (bulletin, version, person, platform, language, state)
select :bulletin, :version, key, platform, coalesce(language, 'th'), 'waiting' from people
where subscribed = 1 and unreachable_since is null and kind = 'private' and key > :after and key <= :last
  and (:platform = '' or platform = :platform)
  and (:language = '' or coalesce(people.language, 'th') = :language)
  and (:hubs = 0 or exists (select 1 from hub_members where hub_members.person = people.key))
  and (:interest = '' or people.interests = '' or people.interests like '%' || :interest || ',%')
  and (:province = '' or people.province = :province or exists (
    select 1 from hub_members join hubs on hubs.id = hub_members.hub
    where hub_members.person = people.key and hubs.province = :province
  ))
order by key
on conflict do nothing;

-- gather_corrected --
-- Exactly those who got the wrong one or may have; whoever left since is named and skipped later. The plus keeps the
-- database from another index than the row's own.
insert into deliveries (bulletin, version, person, platform, language, state)
select :bulletin, :version, person, platform, language, 'waiting' from deliveries
where id > :after and id <= :last and +bulletin = :corrects and (state = 'sent' or (state = 'failed' and why = 'no_answer'))
order by id
on conflict do nothing;

-- gathered_to --
-- How far recipients are made.
update bulletins set gathered_to = :last, gathered = :whole where id = :id;

-- delivery_counts --
-- How many recipients are where, and why: one look, so that it adds up at every moment.
select state, platform, language, why, count(*) as count from deliveries
where bulletin = :bulletin group by state, platform, language, why;

-- delivery_span --
-- Between which rows those of a bulletin stand.
select min(id) as low, max(id) as high from deliveries where bulletin = :bulletin;

-- waiting_recipients --
-- The next of one platform and language, with what is known of each person now.
select deliveries.id, people.chat, people.subscribed, people.unreachable_since, people.key
from deliveries left join people on people.key = deliveries.person
where deliveries.bulletin = :bulletin and deliveries.state = 'waiting'
  and deliveries.platform = :platform and deliveries.language = :language and deliveries.why = ''
order by deliveries.id limit :page;

-- skip_delivery --
-- Not sent, and why.
update deliveries set state = 'skipped', why = :why, at = :now where id = :id and state in ('waiting', 'sending');

-- batch --
-- What a batch is of.
select bulletin, platform, language from bulletin_batches where id = :id;

-- abandon_sending --
-- Of a cancelled bulletin: what was on its way, nobody knows how far.
update deliveries set state = 'failed', why = :why, at = :now
where id in (select id from deliveries where bulletin = :bulletin and state = 'sending' limit :page);

-- skip_all_waiting --
-- Of a cancelled bulletin: whoever was not reached.
update deliveries set state = 'skipped', why = :why, at = :now
where id in (select id from deliveries where bulletin = :bulletin and state = 'waiting' limit :page);

-- fail_batches --
-- Of a cancelled bulletin: nobody tries these again.
update bulletin_batches set state = 'failed' where bulletin = :bulletin and state = 'open';

-- linked_bulletins --
-- Bulletins that ended so long ago that nobody needs to be corrected by them any more.
select id from bulletins where ended_at < :before and unlinked = 0;

-- unlink_deliveries --
-- After the days of retention nobody can be found by what they were sent. In pages, by the row's own index.
update deliveries set person = null where id > :after and id <= :last and +bulletin = :bulletin and person is not null;

-- unlinked --
-- All of its rows are done.
update bulletins set unlinked = 1 where id = :id;

-- skip_waiting --
-- A page of those that will not be sent any more.
update deliveries set state = 'skipped', why = :why, at = :now where id in (
  select id from deliveries where bulletin = :bulletin and state = 'waiting' and platform = :platform limit :page
);

-- fail_waiting --
-- A page of those that cannot be sent any more.
update deliveries set state = 'failed', why = :why, at = :now where id in (
  select id from deliveries where bulletin = :bulletin and state = 'waiting' and platform = :platform limit :page
);

-- open_batch --
-- The retry key is on the disk before LINE hears of it.
insert into bulletin_batches (bulletin, platform, language, first_row, last_row, retry_key, state, made_at)
values (:bulletin, :platform, :language, :first_row, :last_row, :retry_key, 'open', :now)
returning id;

-- join_batch --
-- The waiting rows of a page become a batch.
update deliveries set state = 'sending', batch = :batch
where bulletin = :bulletin and state = 'waiting' and platform = :platform and language = :language and why = ''
  and id between :first_row and :last_row;

-- rejoin_batch --
-- Half of a batch that was refused as a whole.
update deliveries set batch = :batch where id between :first_row and :last_row and batch = :was and state = 'sending';

-- open_batches --
-- What was not settled, to be tried again under the same key.
select id, platform, language, first_row, last_row, retry_key, tries, made_at from bulletin_batches
where bulletin = :bulletin and state = 'open' order by id;

-- batch_people --
-- The people of a batch, always in the same order.
select deliveries.id, people.chat, people.subscribed, people.unreachable_since, people.key
from deliveries join people on people.key = deliveries.person
where deliveries.id between :first_row and :last_row and deliveries.batch = :batch and deliveries.state = 'sending'
order by deliveries.id;

-- try_batch --
-- One more try.
update bulletin_batches set tries = tries + 1 where id = :id;

-- settle_batch --
-- It ended; also where it was given up for cancelled while LINE's answer was on its way.
update bulletin_batches set state = :state where id = :id and state in ('open', 'failed');

-- settle_batch_rows --
-- And with it everybody in it.
update deliveries set state = :state, why = :why, at = :now, message_id = :message_id
where id between :first_row and :last_row and batch = :batch and (state = 'sending' or why = 'no_answer');

-- start_delivery --
-- On its way by itself: who counts as sending may have got it when the process dies.
update deliveries set state = 'sending' where id = :id and state = 'waiting';

-- settle_delivery --
-- It ended; also where it was given up for cancelled while the answer was on its way.
update deliveries set state = :state, why = :why, at = :now, message_id = :message_id
where id = :id and (state = 'sending' or why = 'no_answer');

-- put_back_delivery --
-- Not sent for certain, and to be tried later.
update deliveries set state = 'waiting' where id = :id and state = 'sending';

-- lose_recipient --
-- Who blocked us or is gone gets no further bulletin.
update people set unreachable_since = coalesce(unreachable_since, :now), subscribed = 0 where key = :key;

-- try_channel --
-- Before the post: a process that dies now leaves it at that, for a channel would show a double to everybody.
update bulletins set channel = 'trying' where id = :id and channel = '';

-- settle_channel --
-- How the post ended.
update bulletins set channel = :channel, channel_message = :message_id where id = :id;

-- retry_failed --
-- Those that certainly did not get it, once the reason is gone (a spent quota, a platform that was down).
update deliveries set state = 'waiting', why = '', at = null, batch = null where id in (
  select id from deliveries where bulletin = :bulletin and state = 'failed' and why in ('quota_spent', 'given_up') limit :page
);

-- export_deliveries --
-- In pages. The person's hash never leaves: the exporter makes a label of it that is of one bulletin only.
select id, bulletin, version, person, platform, language, state, why, at, message_id, batch
from deliveries where id > :after order by id limit :page;

-- export_bulletins --
-- In pages, with the words that stand.
select bulletins.*, bulletin_versions.body
from bulletins
join bulletin_versions on bulletin_versions.bulletin = bulletins.id and bulletin_versions.version = bulletins.version
where bulletins.id > :after order by bulletins.id limit :page;
