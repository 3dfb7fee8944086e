-- official_add --
-- A new account; who has no password yet cannot sign in.
insert into officials (name, name_key, role, language, made_at) values (:name, :name_key, :role, :language, :now)
on conflict do nothing returning id;

-- official_named --
-- By the name as people compare names: the command line and the door know officials by name.
select id, name, role, language, password, totp, totp_step, made_at, disabled_at, signed_in_at
from officials where name_key = :name_key;

-- official --
-- By its number.
select id, name, role, language, password, totp, totp_step, made_at, disabled_at, signed_in_at
from officials where id = :id;

-- officials --
-- Everybody, for the page and the list of people; with a link that is still open, and how many browsers are signed in.
select id, name, role, language, password, totp, totp_step, made_at, disabled_at, signed_in_at,
    (select until from official_links where official_links.official = officials.id) as link_until,
    (select count(*) from desk_sessions where desk_sessions.official = officials.id) as sessions
from officials order by disabled_at is not null, name_key;

-- official_role --
-- Another role.
update officials set role = :role where id = :id;

-- official_language --
-- The language of the desk for one official.
update officials set language = :language where id = :id;

-- official_disabled --
-- Shut an account, or (null) open it again; its history stays.
update officials set disabled_at = :at where id = :id;

-- official_password --
-- What was chosen at the end of a one-time link, or (empty) nothing after a reset.
update officials set password = :password, totp = :totp, totp_step = :totp_step where id = :id;

-- official_rehash --
-- The same password by today's rules.
update officials set password = :password where id = :id;

-- official_code_used --
-- Take a code of the second factor, unless it or a later one was taken before.
update officials set totp_step = :step where id = :id and totp_step < :step;

-- official_signed_in --
-- When somebody was last here.
update officials set signed_in_at = :now where id = :id;

-- official_code_add --
-- A recovery code.
insert into official_codes (official, hash) values (:official, :hash);

-- official_codes_clear --
-- The old recovery codes end with the old second factor.
delete from official_codes where official = :official;

-- official_code_spend --
-- A recovery code opens once.
delete from official_codes where official = :official and hash = :hash;

-- official_codes_left --
-- How many recovery codes there still are: the last ones are told.
select count(*) as codes from official_codes where official = :official;

-- official_link --
-- A new one-time link in place of an older one.
insert into official_links (official, hash, until) values (:official, :hash, :until)
on conflict (official) do update set hash = excluded.hash, until = excluded.until, password = '', totp = '';

-- official_linked --
-- Whose link it is, while it is open.
select officials.id, officials.name, officials.role, officials.language, official_links.password as chosen_password,
    official_links.totp as chosen_totp
from official_links join officials on officials.id = official_links.official
where official_links.hash = :hash and official_links.until > :now and officials.disabled_at is null;

-- official_link_chosen --
-- What was chosen on the way to the end of the link.
update official_links set password = :password, totp = :totp where hash = :hash;

-- official_link_end --
-- A link opens once.
delete from official_links where official = :official;

-- desk_session_begin --
-- A browser is signed in.
insert into desk_sessions (hash, official, device, began_at, seen_at) values (:hash, :official, :device, :now, :now)
returning id;

-- desk_session --
-- Who a browser is, while the session lives and the account is open.
select desk_sessions.id as session, desk_sessions.seen_at, officials.id, officials.name, officials.role, officials.language
from desk_sessions join officials on officials.id = desk_sessions.official
where desk_sessions.hash = :hash and desk_sessions.began_at > :began_after and desk_sessions.seen_at > :seen_after
    and officials.disabled_at is null;

-- desk_session_seen --
-- The session is in use.
update desk_sessions set seen_at = :now where id = :id;

-- desk_sessions_of --
-- The browsers in which an official is signed in.
select id, device, began_at, seen_at from desk_sessions
where official = :official and began_at > :began_after and seen_at > :seen_after order by seen_at desc;

-- desk_session_end --
-- One browser of this official is signed out.
delete from desk_sessions where id = :id and official = :official;

-- desk_sessions_end --
-- All of them.
delete from desk_sessions where official = :official;

-- desk_sessions_end_others --
-- All but the one in which a password was just changed.
delete from desk_sessions where official = :official and id <> :session;

-- desk_sessions_old --
-- What has ended by the clock is forgotten.
delete from desk_sessions where began_at <= :began_before;

-- desk_try --
-- Count a try as failed before it is looked at, in one step: a hundred at once must not all be the first.
insert into desk_tries (key, failures, last_at, free_at) values (:key, 1, :now, :now)
on conflict (key) do update set failures = desk_tries.failures + 1, last_at = excluded.last_at
returning failures, free_at;

-- desk_try_wait --
-- When the next try is looked at.
update desk_tries set free_at = :free_at where key = :key;

-- desk_try_right --
-- One try of this address was the right one: it counts no more, the others stay.
update desk_tries set failures = failures - 1, free_at = last_at where key = :key and failures > 0;

-- desk_try_forgiven --
-- It was the right one after all.
delete from desk_tries where key = :key;

-- desk_tries_old --
-- Tries of long ago count no more.
delete from desk_tries where last_at < :before;
