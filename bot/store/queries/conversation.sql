-- alive --
-- The cheapest question that still needs the file.
select count(*) as queries from meta where name = 'people_key';

-- meta --
-- What the house knows about itself.
select value from meta where name = :name;

-- save_meta --
-- Written at the first start, and again when SECRET_KEY changes.
insert into meta (name, value) values (:name, :value)
on conflict (name) do update set value = excluded.value;

-- receive --
-- The gate against doubles: an event that was seen before gives no row back. What a hub passes on in numbers is bulk, and so is
-- what the same person sends behind it: one person's order is kept. `before` is what waits of the same person.
insert into inbox (platform, event_id, person, body, received_at, shard, urgency)
values (:platform, :event_id, :person, :body, :received_at, :shard, case
  when :urgency = 0 then 0
  when exists (select 1 from inbox as mine where mine.person = :person and mine.urgency = 2 and mine.done_at is null) then 2
  when :urgency = 2 and exists (select 1 from hub_members where hub_members.person = :person) then 2
  else 1 end)
on conflict (platform, event_id) do nothing
returning id, urgency, (
  select max(earlier.id) from inbox as earlier
  where earlier.person = :person and earlier.done_at is null and earlier.id < inbox.id
) as before;

-- lift --
-- Somebody in need waits for nothing, not even for what they sent before it.
update inbox set urgency = 0 where person = :person and done_at is null and urgency > 0;

-- waiting --
-- What waits for its answer: who is in need first, then everybody's first before anybody's second, so that who sends
-- thousands holds up nobody else; those of the shards of one process, or all.
select id from (
  select id, urgency, row_number() over (partition by urgency, person order by id) as place from inbox
  where done_at is null and (:process = '' or shard in (select shard from shards where holder = :process))
) as waiting
order by urgency, place, id limit :most;

-- waiting_message --
-- One of them.
select id, body, urgency from inbox where id = :id and done_at is null;

-- done --
-- A message is answered once: whoever changes the row first has answered it. Its words and its person go.
update inbox set done_at = :now, body = '', person = null where id = :id and done_at is null;

-- session --
-- What the person's row says of subscribing wins: a blocked chat is unsubscribed without its session being opened. So does
-- what a group said of how it wants us: two of its people may write at once.
select sessions.body, people.subscribed, group_settings.mode, hubs.name as hub
from sessions join people on people.key = sessions.key
left join group_settings on group_settings.chat = sessions.key
left join hub_members on hub_members.person = sessions.key
left join hubs on hubs.id = hub_members.hub and hubs.closed_at is null
where sessions.key = :key;

-- save_person --
-- A person writes to us again and again; the newest language and address win, and who writes can be reached.
insert into people (key, platform, chat, kind, language, subscribed, interests, province, first_seen, last_seen)
values (:key, :platform, :chat, :kind, :language, :subscribed, :interests, :province, :now, :now)
on conflict (key) do update set
  chat = excluded.chat, language = excluded.language, subscribed = excluded.subscribed,
  interests = excluded.interests, province = excluded.province,
  unreachable_since = null, last_seen = excluded.last_seen;

-- lose_person --
-- Who blocked us or left is unsubscribed; the first moment of it stays. Somebody never seen leaves no row.
update people set unreachable_since = coalesce(unreachable_since, :now), subscribed = 0 where key = :key;

-- save_session --
-- The newest state of a conversation is the only one kept.
insert into sessions (key, body, asked_at, step_at) values (:key, :body, :asked_at, :step_at)
on conflict (key) do update set body = excluded.body, asked_at = excluded.asked_at, step_at = excluded.step_at;

-- event --
-- Counts without words and without a person.
insert into events (at, name, detail, level, type, entry, question, platform, chat_kind, language, content_version)
values (:at, :name, :detail, :level, :type, :entry, :question, :platform, :chat_kind, :language, :content_version);

-- next_counter --
-- Counts on and tells, in one statement, so that two can never be told the same.
insert into counters (name, value) values (:name, 1)
on conflict (name) do update set value = counters.value + 1
returning value;

-- post --
-- The row holds its retry key from the start, so that every attempt, by whatever process, goes out under the same one.
insert into outbox (answers, platform, chat, person, body, retry_key, received_at, due_at, state, shard)
values (:answers, :platform, :chat, :person, :body, :retry_key, :received_at, :due_at, 'waiting', :shard)
returning id;

-- letters --
-- Due and not finished, page by page, for the shards of one process or for all. What another process was sending when it ended,
-- or an attempt of ours that never told its end, may have arrived: it comes back as unknown.
select id, chat, body, retry_key, received_at, tries, via,
  case when state = 'sending' then 1 else unknown end as unknown
from outbox
where platform <> 'web' and state in ('waiting', 'sending')
  and ((state = 'waiting' and due_at <= :now) or (state = 'sending' and (held_by <> :holder or held_at < :stale)))
  and id > :after and (:process = '' or shard in (select shard from shards where holder = :process))
order by id limit :most;

-- sending --
-- The claim on one attempt: of two who read the same letter, only one finds the row as it was; and only who holds its shard.
-- Who did not hear that the claim was written makes the same one again. An untried answer whose reply token is too old leaves by push,
-- and that stands before anything is sent: whoever tries again must not ask that token, which answers as a used one does.
update outbox set tries = :tries + 1, via = case when :push = 1 then 'push' else via end,
  unknown = case when state = 'sending' and (held_by <> :holder or held_at <> :now) then 1 else unknown end,
  state = 'sending', held_by = :holder, held_at = :now
where id = :id
  and ((tries = :tries and (state = 'waiting' or (state = 'sending' and (held_by <> :holder or held_at < :stale))))
    or (:again = 1 and tries = :tries + 1 and state = 'sending' and held_by = :holder and held_at = :now))
  and (:process = '' or shard in (select shard from shards where holder = :process));

-- pushing --
-- Before the first push of an answer whose reply token is dead: whoever tries again must not ask that token. Only who still has the
-- claim may: a process that slept for a minute hears of a used token because another has answered meanwhile.
update outbox set via = 'push' where id = :id and state = 'sending' and held_by = :holder and tries = :tries;

-- sent --
-- It left: time, way and the platform's name for it stay; words and address go.
update outbox set state = 'sent', message_id = :message_id, via = :via, sent_at = :now, reason = '',
  body = '', chat = '', held_by = null
where id = :id and state <> 'sent';

-- failed --
-- It will never leave: the reason stays; words and address go.
update outbox set state = 'failed', reason = :reason, body = '', chat = '', held_by = null
where id = :id and state in ('waiting', 'sending');

-- later --
-- Put back, to be tried when it is due again.
update outbox set state = 'waiting', due_at = :due_at, unknown = :unknown, held_by = null
where id = :id and state in ('waiting', 'sending');

-- collect --
-- What waits for one browser. The first condition is the one by which the database knows its index.
select id, chat, body, retry_key, received_at, tries, via, unknown
from outbox
where state in ('waiting', 'sending') and platform = :platform and chat = :chat and state = 'waiting' and due_at <= :now
order by id;

-- move_out_of_the_way --
-- A greeting may have made a row for the new address already; the conversation that moves is the older one.
delete from people where key = :new_key and exists (select 1 from people as old where old.key = :key);

-- move_person --
-- The conversation keeps its memory under its new address; its session follows by the foreign key.
update people set key = :new_key, chat = :new_chat where key = :key;

-- move_letters --
-- What still waits goes to the new address.
update outbox set chat = :new_chat, shard = :shard
where platform = :platform and chat = :chat and state in ('waiting', 'sending');

-- erase_person --
-- The session goes with the row.
delete from people where key = :key;

-- erase_letters --
-- Answers on their way to the person are dropped with their words.
update outbox set state = case when state = 'sent' then 'sent' else 'failed' end,
  reason = case when state = 'sent' then reason else 'erased' end, body = '', chat = '', person = null, held_by = null
where person = :person;

-- erase_messages --
-- Only when an operator erases somebody: what the person says after asking us is the beginning of something new.
update inbox set done_at = :now, body = '', person = null where person = :person and done_at is null;

-- depths --
-- What waits, for the watchers. The web's letters wait for a browser and are no backlog.
select
  (select count(*) from inbox where done_at is null and urgency = 0) as in_need,
  (select count(*) from inbox where done_at is null and urgency = 1) as ordinary,
  (select count(*) from inbox where done_at is null and urgency = 2) as bulk,
  (select min(received_at) from inbox where done_at is null) as oldest,
  (select count(*) from outbox where state in ('waiting', 'sending') and platform <> 'web') as outbox;

-- old_asked --
-- Sessions whose text was asked about too long ago to be reported by one tap.
select key, body from sessions where asked_at < :before order by asked_at limit :page;

-- old_steps --
-- Sessions whose dialogue was left in the midst.
select key, body from sessions where step_at < :before order by step_at limit :page;

-- remove_messages --
-- The gate against doubles needs no memory longer than any platform repeats itself.
delete from inbox where id in (select id from inbox where done_at < :before order by done_at limit :page);

-- remove_letters --
-- Where a letter ended is of no use after a while.
delete from outbox where id in (
  select id from outbox where state in ('sent', 'failed') and received_at < :before order by received_at limit :page
);

-- abandon_web_letters --
-- A browser that was closed never collects an answer; what answers no message waits longer for it to come back.
update outbox set state = 'failed', reason = 'not collected', body = '', chat = '', person = null
where id in (
  select id from outbox
  where state in ('waiting', 'sending') and platform = 'web' and state = 'waiting'
    and ((answers is not null and due_at < :before) or due_at < :news_before)
  order by id limit :page
);
