-- add_partner --
-- One name, one partner, however it is written.
insert into partners (name, name_key, scopes, rate, made_by, made_at)
values (:name, :name_key, :scopes, :rate, :made_by, :now)
on conflict (name_key) do nothing
returning id;

-- partner_named --
-- A partner by their name, revoked or not.
select id, name, scopes, rate, made_at, revoked_at from partners where name_key = :name_key;

-- partners --
-- Every partner; there are some dozen.
select id, name, scopes, rate, made_at, revoked_at from partners
order by case when revoked_at is null then 0 else 1 end, name;

-- change_partner --
-- What they may do, and how often.
update partners set scopes = :scopes, rate = :rate where id = :id;

-- revoke_partner --
-- None of their keys opens anything from now on.
update partners set revoked_at = :now where id = :id and revoked_at is null;

-- add_partner_key --
-- The hash alone: the key is shown once.
insert into partner_keys (partner, hash, hint, made_at, expires_at) values (:partner, :hash, :hint, :now, :expires_at)
returning id;

-- partner_keys --
-- A partner's keys, the newest first.
select id, hint, made_at, expires_at, revoked_at, used_at from partner_keys where partner = :partner order by id desc;

-- partner_of_key --
-- Whose a key is, and whether it still opens anything: asked at every request.
select partners.id, partners.name, partners.scopes, partners.rate, partners.revoked_at as left_at,
  partner_keys.id as key_id, partner_keys.expires_at, partner_keys.revoked_at
from partner_keys join partners on partners.id = partner_keys.partner
where partner_keys.hash = :hash;

-- end_partner_keys --
-- After a rotation the older keys open things for some time yet; none of them longer than before.
update partner_keys set expires_at = :until
where partner = :partner and id <> :but and revoked_at is null and (expires_at is null or expires_at > :until);

-- revoke_partner_key --
-- One key; or, by an empty hint, all of a partner's.
update partner_keys set revoked_at = :now
where partner = :partner and revoked_at is null and (:hint = '' or hint = :hint);

-- use_partner_key --
-- When a key was last used, to the minute: a write for each request would help nobody.
update partner_keys set used_at = :now where id = :id and (used_at is null or used_at < :before);

-- take_partner_rate --
-- Part of this minute's rate for one process; no row where so much is not left.
insert into partner_rates (partner, minute, taken) values (:partner, :minute, :cost)
on conflict (partner) do update set
  taken = case when partner_rates.minute < excluded.minute then excluded.taken else partner_rates.taken + excluded.taken end,
  minute = case when partner_rates.minute < excluded.minute then excluded.minute else partner_rates.minute end
where partner_rates.minute < excluded.minute or partner_rates.taken + excluded.taken <= :rate
returning taken;

-- confirmed_alerts --
-- Warnings that two officials signed as they stand, and corrections, the newest first.
select bulletins.*, bulletin_versions.body
from bulletins
join bulletin_versions on bulletin_versions.bulletin = bulletins.id and bulletin_versions.version = bulletins.version
where bulletins.kind in ('alert', 'correction') and bulletins.state in ('signed', 'scheduled', 'sending', 'paused', 'sent')
order by bulletins.id desc limit :page;

-- claim_partner_report --
-- The same request again finds its row and files nothing.
insert into partner_reports (partner, number, request, said, made_at) values (:partner, :number, :request, :said, :now);

-- partner_request --
-- What an earlier request of this name said, and the number that it got.
select number, said from partner_reports where partner = :partner and request = :request;

-- partner_report --
-- A partner's own report: where it stands, and what was decided once it is answered.
select reports.number, reports.state, reports.reported_at, reports.promised_at, reports.language,
  cases.decision, cases.decided_entry, cases.decided_type
from partner_reports
join reports on reports.number = partner_reports.number
left join cases on cases.id = reports.case_id
where partner_reports.partner = :partner and partner_reports.number = :number;

-- add_partner_webhook --
-- Where a partner wants to be told; the secret that signs is sealed.
insert into partner_webhooks (partner, url, secret, made_by, made_at) values (:partner, :url, :secret, :made_by, :now)
returning id;

-- partner_webhooks --
-- A partner's webhooks.
select id, partner, url, secret, made_at, failing_since, told_at, disabled_at, why,
  (select count(*) from partner_deliveries
   where partner_deliveries.webhook = partner_webhooks.id and partner_deliveries.state = 'waiting') as waiting,
  (select max(until) from partner_webhook_secrets where partner_webhook_secrets.webhook = partner_webhooks.id) as older_until
from partner_webhooks where partner = :partner order by id;

-- keep_webhook_secret --
-- The secret that is about to be an older one.
insert into partner_webhook_secrets (webhook, secret, until)
select id, secret, :until from partner_webhooks where id = :id and partner = :partner;

-- change_webhook_secret --
-- Signs from the next try on.
update partner_webhooks set secret = :secret where id = :id and partner = :partner;

-- end_webhook_secrets --
-- After a rotation none of the older ones signs for longer than the newest of them.
update partner_webhook_secrets set until = :until where webhook = :id and until > :until;

-- older_webhook_secrets --
-- What signs beside the newest secret, of all webhooks: mostly nothing.
select webhook, secret from partner_webhook_secrets where until > :now order by id desc;

-- remove_webhook_secrets --
-- What signs nothing any more.
delete from partner_webhook_secrets where until <= :now;

-- webhooks_to_tell --
-- Everybody who may hear of something new.
select partner_webhooks.id, partners.scopes
from partner_webhooks join partners on partners.id = partner_webhooks.partner
where partner_webhooks.disabled_at is null and partners.revoked_at is null;

-- remove_partner_webhook --
-- And what still waited to be told there.
delete from partner_webhooks where id = :id and partner = :partner;

-- enable_partner_webhook --
-- Tried again from now on; what was given up stays so.
update partner_webhooks set disabled_at = null, failing_since = null, why = '' where id = :id and partner = :partner;

-- disable_partner_webhook --
-- Nothing is sent there any more.
update partner_webhooks set disabled_at = :now, why = :why where id = :id and disabled_at is null;

-- reach_partner_webhook --
-- Something arrived.
update partner_webhooks set told_at = :now, failing_since = null, why = '' where id = :id;

-- miss_partner_webhook --
-- Something did not arrive, and why.
update partner_webhooks set failing_since = coalesce(failing_since, :now), why = :why where id = :id;

-- partner_webhook --
-- One webhook, and since when it fails.
select id, partner, failing_since, disabled_at from partner_webhooks where id = :id;

-- add_partner_event --
-- Once for each thing that happens, however many processes see it.
insert into partner_events (event, kind, subject, version, body, made_at)
values (:event, :kind, :subject, :version, :body, :now)
on conflict (kind, subject, version) do nothing
returning id;

-- add_partner_delivery --
-- One row for each webhook that is to be told.
insert into partner_deliveries (webhook, event, state, due_at) values (:webhook, :event, 'waiting', :due_at)
on conflict (webhook, event) do nothing
returning id;

-- unannounced_alerts --
-- Confirmed in this version, and no partner was told. What corrects a month is no alert.
select bulletins.id from bulletins
where bulletins.state in ('signed', 'scheduled', 'sending', 'paused', 'sent')
  and (bulletins.kind = 'alert' or (bulletins.kind = 'correction' and exists (
    select 1 from bulletins as wrong where wrong.id = bulletins.corrects and wrong.kind <> 'monthly'
  )))
  and not exists (
    select 1 from partner_events
    where partner_events.kind = 'alert.confirmed' and partner_events.subject = 'alert:' || bulletins.id
      and partner_events.version = bulletins.version
  )
order by bulletins.id desc limit :page;

-- unsaid_withdrawals --
-- Partners were told that it is confirmed, and it is no longer: a word was changed, or it was cancelled.
select told.subject, told.version from partner_events as told
where told.made_at > :since and told.kind = 'alert.confirmed'
  and not exists (
    select 1 from partner_events as taken
    where taken.kind = 'alert.withdrawn' and taken.subject = told.subject and taken.version = told.version
  )
  and not exists (
    select 1 from bulletins
    where 'alert:' || bulletins.id = told.subject and bulletins.version = told.version
      and bulletins.state in ('signed', 'scheduled', 'sending', 'paused', 'sent')
  );

-- due_partner_deliveries --
-- What is to be tried now, the longest due first.
select partner_deliveries.id, partner_deliveries.webhook, partner_deliveries.tries, partner_deliveries.due_at,
  partner_webhooks.url, partner_webhooks.secret, partner_events.event, partner_events.body
from partner_deliveries
join partner_webhooks on partner_webhooks.id = partner_deliveries.webhook
join partner_events on partner_events.id = partner_deliveries.event
where partner_deliveries.state = 'waiting' and partner_deliveries.due_at <= :now and partner_webhooks.disabled_at is null
  and (:webhook = 0 or partner_deliveries.webhook = :webhook)
order by partner_deliveries.due_at limit :page;

-- hold_partner_delivery --
-- The claim: whoever tries it moves its time first, so that it comes again by itself where they die.
update partner_deliveries set due_at = :until, tries = tries + 1
where id = :id and state = 'waiting' and due_at = :was;

-- settle_partner_delivery --
-- It arrived, or was given up.
update partner_deliveries set state = :state, why = :why, ended_at = :now where id = :id and state = 'waiting';

-- put_off_partner_delivery --
-- To be tried again.
update partner_deliveries set due_at = :due_at, why = :why where id = :id and state = 'waiting';

-- hasten_partner_deliveries --
-- The other end answers again: what waits there longer than any attempt lasts is tried now.
update partner_deliveries set due_at = :now where webhook = :webhook and state = 'waiting' and due_at > :beyond;

-- give_up_partner_deliveries --
-- Nothing is sent there any more.
update partner_deliveries set state = 'failed', why = :why, ended_at = :now where webhook = :webhook and state = 'waiting';

-- partner_delivery --
-- How one ended, or where it stands.
select state, tries, why from partner_deliveries where webhook = :webhook and event = :event;

-- remove_partner_events --
-- After a year nobody asks who was told.
delete from partner_events where id in (
  select id from partner_events where made_at < :before order by made_at limit :page
);

-- sealed_partner_webhooks --
-- Sealed anew after SECRET_KEY has changed.
select id, secret as body from partner_webhooks where id > :after order by id limit :page;

-- reseal_partner_webhooks --
-- One secret under the newest key.
update partner_webhooks set secret = :body where id = :id and secret = :before;

-- sealed_partner_webhook_secrets --
-- The same for the older secrets.
select id, secret as body from partner_webhook_secrets where id > :after order by id limit :page;

-- reseal_partner_webhook_secrets --
-- One of them under the newest key.
update partner_webhook_secrets set secret = :body where id = :id and secret = :before;
