-- What subscribers would rather hear of, where they said so: interests as in "calls,jobs,", the id of a province.
alter table people add column interests text not null default '';
alter table people add column province text not null default '';
