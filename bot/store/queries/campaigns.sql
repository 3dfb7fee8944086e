-- propose_campaign --
-- Proposed by one official; nothing where the case has one already.
insert into campaigns (uuid, case_id, type, entry, marking, state, valid_until, reports, reporters, first_on, last_on, came_by,
  counted_at, looked_at, proposed_by, proposed_at)
values (:uuid, :case_id, :type, :entry, :marking, 'proposed', :valid_until, :reports, :reporters, :first_on, :last_on, :came_by,
  :now, :now, :official, :now)
on conflict do nothing returning id;

-- name_in_campaign --
-- One thing that it uses.
insert into campaign_identifiers (campaign, number, kind, body) values (:campaign, :number, :kind, :body);

-- named_by_case --
-- Whether an official's decision convicted this thing in this case: what a single reporter slipped in is not.
select identifiers.id from identifiers
where identifiers.key = :key and identifiers.guarded = 0 and identifiers.confirmed_in in (
  select coalesce(cases.merged_into, cases.id) from cases where cases.id = :case_id
);

-- case_in_numbers --
-- How much stands behind a case, wherever it was merged to.
select whole.id, whole.reports, whole.reporters, whole.opened_at, whole.last_report_at
from cases join cases as whole on whole.id = coalesce(cases.merged_into, cases.id)
where cases.id = :case_id;

-- channels_of_case --
-- By which ways its message came.
select distinct came_by from reports
where case_id = :case_id and hidden = 0 and state <> 'withdrawn' and came_by <> '' order by came_by;

-- campaign --
-- One of them.
select * from campaigns where id = :id;

-- campaigns --
-- For officials: the newest first.
select * from campaigns order by id desc limit :page;

-- campaigns_proposed --
-- How many wait for a second person.
select count(*) as waiting from campaigns where state = 'proposed' and valid_until > :now;

-- campaigns_of_case --
-- What was made of a case, the newest first; also of those merged into it.
select * from campaigns where case_id in (select id from cases where id = :case_id or merged_into = :case_id)
order by id desc limit :page;

-- identifiers_of_campaign --
-- What it uses, in the order in which it was given.
select number, kind, body from campaign_identifiers where campaign = :campaign order by number;

-- confirm_campaign --
-- By somebody else than who proposed it, once.
update campaigns set state = 'confirmed', confirmed_by = :official, confirmed_at = :now
where id = :id and state = 'proposed' and proposed_by <> :official;

-- decline_campaign --
-- Not for the feed; nobody outside ever saw it.
update campaigns set state = 'declined', ended_by = :official, ended_at = :now, reason = :reason
where id = :id and state = 'proposed';

-- revoke_campaign --
-- Taken back: the feed says so to everybody who has it.
update campaigns set state = 'revoked', ended_by = :official, ended_at = :now, reason = :reason
where id = :id and state = 'confirmed';

-- open_campaigns_of_case --
-- What must end when a case, or the one it was merged into, is decided otherwise.
select id, state, type, entry from campaigns
where state in ('proposed', 'confirmed') and case_id in (select id from cases where id = :case_id or merged_into = :case_id);

-- published_campaigns --
-- What the feed holds: what is confirmed, and for some time what has ended.
select * from campaigns where state = 'confirmed' and valid_until >= :since
union all
select * from campaigns where state = 'revoked' and ended_at >= :since
order by id;

-- published_identifiers --
-- What those use.
select named.campaign, named.number, named.kind, named.body
from campaign_identifiers as named join campaigns on campaigns.id = named.campaign
where campaigns.state in ('confirmed', 'revoked') order by named.campaign, named.number;

-- campaigns_pulse --
-- Every reader asks this: has anything of the feed changed?
select count(*) as campaigns, coalesce(max(confirmed_at), '') as confirmed, coalesce(max(ended_at), '') as ended,
  coalesce(max(counted_at), '') as counted
from campaigns where state in ('confirmed', 'revoked');

-- campaigns_to_count --
-- Those in force whose cases nobody has looked at for a day.
select id, case_id, reports, reporters, first_on, last_on, came_by from campaigns
where state = 'confirmed' and looked_at < :before and valid_until >= :now order by looked_at limit :page;

-- count_campaign --
-- Its case has grown.
update campaigns set reports = :reports, reporters = :reporters, first_on = :first_on, last_on = :last_on, came_by = :came_by,
  counted_at = :now, looked_at = :now
where id = :id and state = 'confirmed';

-- look_at_campaign --
-- Its case has not.
update campaigns set looked_at = :now where id = :id;

-- forget_campaign_identifiers --
-- It ended so long ago that everybody has heard: somebody else may have the number by now.
delete from campaign_identifiers where campaign in (
  select id from campaigns where ended_at < :before union all
  select id from campaigns where state = 'confirmed' and valid_until < :before
);

-- feed_marks --
-- Since when things made of our knowledge are in the feed, and in these words.
select name, digest, since, changed from feed_marks;

-- mark_feed --
-- A new thing, or other words for one.
insert into feed_marks (name, digest, since, changed) values (:name, :digest, :now, :now)
on conflict (name) do update set digest = excluded.digest, changed = excluded.changed where feed_marks.digest <> excluded.digest;

-- sealed_campaign_identifiers --
-- The same as for all that is sealed, after SECRET_KEY has changed: what a campaign uses.
select id, body from campaign_identifiers where id > :after and body <> '' order by id limit :page;

-- reseal_campaign_identifiers --
-- One of them under the newest key.
update campaign_identifiers set body = :body where id = :id and body = :before;

-- warnings_pulse --
-- Whether a signed urgent warning has left, or was put right, since somebody looked.
select count(*) as sent, coalesce(max(id), 0) as newest, coalesce(sum(version), 0) as versions
from bulletins where kind in ('alert', 'correction') and state in ('sending', 'paused', 'sent');
