-- forget_backup --
-- What is served is no copy.
delete from meta where name = 'backup_taken_at';

-- drop_waiting_messages --
-- Taken in before the backup was made, and most likely answered since.
update inbox set body = '', person = null, done_at = :now where done_at is null;

-- drop_waiting_letters --
-- The same for letters: an answer that is said twice hours later frightens more than it helps.
update outbox set state = 'failed', reason = 'restored', body = '', chat = '', person = null
where state in ('waiting', 'sending');

-- hold_bulletins --
-- What was ordered may have been delivered since: an official looks before anything goes on.
update bulletins set state = 'paused', why = 'restored', held_by = null, held_until = null
where state in ('scheduled', 'sending');

-- drop_due_follow_ups --
-- Questions of mornings that are over.
update follow_ups set state = 'dropped' where state = 'waiting' and due_at <= :now;

-- skip_counter --
-- Numbers that may have been given out since the backup are never given to somebody else.
insert into counters (name, value) values (:name, :by)
on conflict (name) do update set value = counters.value + :by;
