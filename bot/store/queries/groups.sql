-- group_mode --
-- How a group wants us, where it has said so.
select mode from group_settings where chat = :chat;

-- set_group_mode --
-- The newest word of the group holds.
insert into group_settings (chat, mode, changed_at) values (:chat, :mode, :at)
on conflict (chat) do update set mode = excluded.mode, changed_at = excluded.changed_at;

-- group_answers --
-- What the group has heard from us unasked today; some rows at most.
select signature from group_answers where chat = :chat and day = :day;

-- add_group_answer --
-- So that the same message is not answered twice in a day.
insert into group_answers (chat, day, signature, at) values (:chat, :day, :signature, :at);

-- remove_group_answers --
-- Yesterday's are of no use any more.
delete from group_answers where id in (select id from group_answers where at < :before order by at limit :page);
