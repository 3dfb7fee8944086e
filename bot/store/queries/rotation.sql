-- sealed_sessions --
-- Everything sealed, page by page in the order of its key, to be sealed anew after SECRET_KEY has changed.
select key as id, body from sessions where key > :after and body <> '' order by key limit :page;

-- reseal_sessions --
-- One session under the newest key, unless somebody has written it meanwhile.
update sessions set body = :body where key = :id and body = :before;

-- sealed_inbox --
-- The same for messages that wait.
select id, body from inbox where id > :after and body <> '' order by id limit :page;

-- reseal_inbox --
-- One message under the newest key.
update inbox set body = :body where id = :id and body = :before;

-- sealed_outbox --
-- The same for letters on their way.
select id, body from outbox where id > :after and body <> '' order by id limit :page;

-- reseal_outbox --
-- One letter under the newest key.
update outbox set body = :body where id = :id and body = :before;

-- sealed_officials --
-- The same for second factors.
select id, totp as body from officials where id > :after and totp <> '' order by id limit :page;

-- reseal_officials --
-- One second factor under the newest key.
update officials set totp = :body where id = :id and totp = :before;

-- sealed_official_links --
-- The same for second factors on the way to the end of a one-time link.
select official as id, totp as body from official_links where official > :after and totp <> '' order by official limit :page;

-- reseal_official_links --
-- One of them under the newest key.
update official_links set totp = :body where official = :id and totp = :before;

-- sealed_hub_tables --
-- The same for the tables given back to hubs.
select id, body from hub_tables where id > :after and body <> '' order by id limit :page;

-- reseal_hub_tables --
-- One table under the newest key.
update hub_tables set body = :body where id = :id and body = :before;

-- sealed_trusted_news --
-- The same for what a relative is still to be told.
select id, quote as body from trusted_news where id > :after and quote <> '' order by id limit :page;

-- reseal_trusted_news --
-- One quote under the newest key.
update trusted_news set quote = :body where id = :id and quote = :before;
