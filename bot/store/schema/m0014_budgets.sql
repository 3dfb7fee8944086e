-- How much may leave, or be asked, in a second, over all processes that serve from this database: when the next is free, in
-- seconds of the server's clock. Empty where one process serves. An address that asks is here as a keyed hash, for some minutes.
create table budgets (
    name text primary key,
    free_at real not null
);
create index budgets_free on budgets (free_at);
