-- Older secrets of partners' webhooks, sealed: after a rotation they sign beside the new one for as long as the partner was given.
create table partner_webhook_secrets (
    id integer primary key autoincrement,
    webhook integer not null references partner_webhooks (id) on delete cascade,
    secret text not null,
    until text not null
);
create index partner_webhook_secrets_webhook on partner_webhook_secrets (webhook);
